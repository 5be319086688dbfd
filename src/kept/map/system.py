"""What the policy says of a system: whose row it is, what kind of data, which column is which event."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from kept.law.terms import Edge, Event, Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A column that says when an event happened; NULL means it has not."""

    column: str
    zone: str | None = None
    """IANA zone of a column without one; None: the system's clock zone."""
    format: str | None = None
    """timestamp, date, epoch, epoch-ms or iso; None: by the column's type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """`of` and `via`: the row belongs to the parent row that `via` names."""

    table: str
    via: tuple[str, ...]
    when: tuple[tuple[str, str], ...] = ()
    """Column values that must hold (a polymorphic link)."""
    edge: Edge = Edge.OWN
    to: tuple[str, ...] | None = None
    """Referred columns; None: the parent's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnEntry:
    """What the policy says of one column; None falls back to the table."""

    kind: str | None = None
    category: str | None = None
    field: str | None = None
    fate: Fate | None = None
    reason: str | None = None
    json: tuple[tuple[str, ColumnEntry], ...] = ()
    """JSON paths and what stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the rows came from: a column, or one of a constant list."""

    column: str | None = None
    constant: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TableEntry:
    """One mapped table. With neither `person` nor `parents` it is shared (grammar: plumbing keys)."""

    name: str
    person: str | None = None
    """`is`: the kind of people whose rows these are."""
    parents: tuple[Parent, ...] = ()
    key: tuple[str, ...] = ()
    """Declared key; empty: the database's own."""
    find_by: tuple[tuple[str, str], ...] = ()
    """Identifier type and its column, identifying values only."""
    kind: str | None = None
    columns: dict[str, ColumnEntry] = field(default_factory=dict)
    on: dict[Event, Clock] = field(default_factory=dict)
    triggers: tuple[str, ...] = ()
    source: Source | None = None
    about: dict[str, str] = field(default_factory=dict)
    """residence and birth-date columns."""

    @property
    def shared(self) -> bool:
        """A company account: neither a person nor a person's."""
        return self.person is None and not self.parents


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A row that must be found before «nothing found» is believed."""

    table: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A registered backup and how long its copies live (a period in words)."""

    name: str
    keeps: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Controllers:
    """Where the controllers we process for are listed."""

    table: str
    key: str
    name: str | None = None
    contact: str | None = None
    keep_days: str | None = None


@dataclass(frozen=True, kw_only=True)
class System:
    """One system of the policy file."""

    name: str
    url: str
    """As written: `env:NAME` or a URL without a secret."""
    tables: tuple[TableEntry, ...]
    canary: Canary | None = None
    clock: str = "UTC"
    controllers: Controllers | None = None
    backups: tuple[Backup, ...] = ()
    generation: str | None = None
    ignored: tuple[str, ...] = ()
    """Tables the policy says hold nothing personal."""

    @cached_property
    def by_name(self) -> dict[str, TableEntry]:
        """Entries by table name."""
        return {table.name: table for table in self.tables}
