"""Floor 3: what the middle asks of the edges. Edges implement these protocols; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kept.decide.select import Always, Selection
from kept.map.schema import Schema
from kept.map.system import Canary



@dataclass(frozen=True, kw_only=True)
class CountQuery:
    """Count the rows of one table by class: bit i of a class number is set where `flags[i]` holds."""

    table: str
    flags: tuple[Selection, ...]
    where: Selection = field(default_factory=Always)
    cuts: Mapping[str, datetime] = field(default_factory=dict)
    """Cut-off instants (aware, UTC) by the name a `Before` carries."""
    keys: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """Key sets of named people by the name a `Named` carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concealment:
    """A reason why a count may be lying: a view in place of a table, row-level security, a lost table."""

    table: str
    reason: str
    """view, row-security, missing, unreadable, empty-where-estimate-says-rows."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Values of some rows of one table, column by column, as text; held in memory only, never shown."""

    table: str
    columns: Mapping[str, tuple[str, ...]]
    """Non-NULL values per column."""
    rows: int


class SystemPort(Protocol):
    """A system as the controls and evaluators see it: it describes itself, counts, and gives samples."""

    @property
    def name(self) -> str:
        """The system's name in the policy."""

    @property
    def dialect(self) -> str:
        """postgresql, mariadb or sqlite."""

    def describe(self) -> Schema:
        """Read the catalogue afresh. Raises Refused when the system cannot be reached."""

    def found(self, canary: Canary) -> bool:
        """Positive control: is the canary row found with the credential in use?"""

    def concealed(self, tables: Sequence[str]) -> tuple[Concealment, ...]:
        """Reasons not to believe counts over these tables; empty when there is none."""

    def count(self, query: CountQuery) -> dict[int, int]:
        """Rows per class, zero classes left out. One statement."""

    def count_outside(self, table: str, column: str, allowed: Sequence[str]) -> tuple[int, int]:
        """(rows whose value is NULL or not among `allowed`, all rows). One statement."""

    def count_like(self, table: str, column: str, pattern: str) -> tuple[int, int]:
        """(rows whose text matches the regular-expression-free LIKE `pattern`, all rows). One statement."""

    def sample(self, table: str, columns: Sequence[str], rows: int) -> Sample:
        """At most `rows` rows, spread over the table without a full scan; values cut at 2,000 characters."""
