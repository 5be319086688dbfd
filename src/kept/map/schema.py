"""What a database says of itself: tables, columns, keys, constraints, triggers, as values with a fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import cached_property


class Family(StrEnum):
    """Type families on which every database agrees; a fill value and a clock depend on them."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    REAL = "real"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without a zone
    INSTANT = "instant"  # timestamp with time zone
    TIME = "time"
    BINARY = "binary"
    JSON = "json"
    UUID = "uuid"
    ENUM = "enum"
    OTHER = "other"


class Shape(StrEnum):
    """What stands behind a table's name."""

    TABLE = "table"
    VIEW = "view"
    PARTITIONED = "partitioned"
    PARTITION = "partition"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column as the catalogue describes it."""

    name: str
    type: str
    """The database's own spelling, for fingerprints and messages."""
    family: Family
    nullable: bool
    length: int | None = None
    """Longest text in characters; None when unbounded."""
    generated: bool = False
    default: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A declared reference; `on_delete` is NO ACTION, RESTRICT, CASCADE, SET NULL or SET DEFAULT."""

    columns: tuple[str, ...]
    table: str
    referred: tuple[str, ...]
    on_delete: str = "NO ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A trigger and a digest of its body, so a changed body is another trigger."""

    name: str
    digest: str
    event: str = ""
    """INSERT, UPDATE and DELETE, comma separated where there are several."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table or view as the catalogue describes it."""

    name: str
    shape: Shape
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """Primary-key columns; empty when there is none."""
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    row_security: bool = False
    """True when the database may filter rows for the role in use."""
    rows: int | None = None
    """The catalogue's estimate; None when it has none. Not part of the fingerprint."""

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """Columns by name."""
        return {column.name: column for column in self.columns}


@dataclass(frozen=True, kw_only=True)
class Schema:
    """All tables of one system."""

    dialect: str
    """postgresql, mariadb or sqlite."""
    tables: tuple[Table, ...]

    @cached_property
    def by_name(self) -> dict[str, Table]:
        """Tables by name."""
        return {table.name: table for table in self.tables}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything but row estimates and comments: any other change invalidates a plan."""
        described = [_described(table) for table in sorted(self.tables, key=lambda t: t.name)]
        text = json.dumps([self.dialect, described], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _described(table: Table) -> dict[str, object]:
    facts = asdict(table)
    facts.pop("rows")
    for column in facts["columns"]:
        column.pop("comment")
    for unordered in ("unique", "indexes", "foreign_keys", "triggers"):
        facts[unordered] = sorted(facts[unordered], key=repr)
    return facts
