"""What a case is made of: tables, links, rules, rows, an instant and a trigger, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column; `type` is int, text, instant, date or epoch."""

    name: str
    type: str
    null: bool = True
    unique: bool = False
    kind: str | None = None
    """A kind of its own; without one it holds the table's kind."""
    fate: str | None = None


@dataclass(frozen=True, kw_only=True)
class Link:
    """Rows of `child` name rows of `parent`; `declared` as a foreign key of the database or not."""

    child: str
    via: tuple[str, ...]
    parent: str
    to: tuple[str, ...]
    edge: str = "own"
    when: tuple[tuple[str, str], ...] = ()
    declared: bool = True
    told_by_parent: bool = False
    """Written under `links` of the parent instead of `of` of the child."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A mapped table."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    kind: str
    person: bool = False
    find_by: str | None = None
    on: dict[str, str] = field(default_factory=dict)

    def column(self, name: str) -> Column:
        """Return the column of this name."""
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A retention rule. `mode` is most, none (no longer), least or while; `count` None stands for `undecided`."""

    name: str
    data: tuple[str, ...]
    """Kinds, or the reserved `all` or `other`."""
    mode: str
    event: str | None = None
    count: int | None = None
    unit: str = "days"
    state: str | None = None
    then: str | None = None
    grounds: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """Everything the end depends on."""

    number: int
    zone: str
    """The controller's zone, in which days are counted."""
    clock: str
    """The zone of the columns."""
    now: datetime
    kinds: tuple[str, ...]
    tables: tuple[Table, ...]
    links: tuple[Link, ...]
    rules: tuple[Rule, ...]
    rows: Rows
    erase: str | None = None
    """The address of the person to erase; None: the trigger is the clock."""

    def table(self, name: str) -> Table:
        """Return the table of this name."""
        return next(table for table in self.tables if table.name == name)
