"""Floor 3: what the middle asks of the edges. Edges implement these protocols; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kept.decide.plan import Act
from kept.decide.select import Always, Selection
from kept.map.bound import Hop, Map
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


Keys = Mapping[str, Sequence[object]]
"""Key sets of named people, by the table whose keys they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of named people from one table; held in memory only until the next page is asked for."""

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]] = field(repr=False)


Reader = Callable[[Keys], Iterator[Page]]
"""Reads the rows of the people these keys name, table by table and page by page."""


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

    def size(self, table: str) -> tuple[int, bool]:
        """(rows, exact): the catalogue's estimate for large tables."""

    def earliest(self, query: CountQuery, hop: Hop) -> datetime | None:
        """The earliest instant (aware) of the clock `hop` leads to; None where a large table would be read for it."""

    def encrypted_in_transit(self) -> bool | None:
        """Whether what travels to this system is encrypted; None where nothing travels."""

    def count_outside(self, table: str, column: str, allowed: Sequence[str]) -> tuple[int, int]:
        """(rows whose value is NULL or not among `allowed`, all rows). One statement."""

    def count_like(self, table: str, column: str, pattern: str) -> tuple[int, int]:
        """(rows whose text matches the regular-expression-free LIKE `pattern`, all rows). One statement."""

    def sample(self, table: str, columns: Sequence[str], rows: int) -> Sample:
        """At most `rows` rows, spread over the table without a full scan; values cut at 2,000 characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a step goes on: a mode and plain numbers, never a key value that could be personal."""

    mode: str
    """whole, blocks, rowids, ids, people or limit."""
    at: int = 0
    end: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Task:
    """One step as a system carries it out: the act, the values it is bound to, and how much it may touch."""

    table: str
    act: Act
    cuts: Mapping[str, datetime]
    keys: Keys = field(default_factory=dict)
    rows: int
    """Rows the plan expects; a batch that would touch more is rolled back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Which batch of which run: unique in the target, fenced by the attempt (law 6)."""

    run: str
    attempt: int
    step: int
    batch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A committed batch."""

    rows: int
    next: Cursor | None
    ms: float = 0.0


class TargetPort(SystemPort, Protocol):
    """A system that can be changed. Every change and its marker share one transaction."""

    @property
    def bound(self) -> Map:
        """The map this target works with, bound to the schema as it was described on opening."""

    @property
    def zone(self) -> str:
        """The controller's zone, in which days are counted."""

    def latest(self, query: CountQuery, hop: Hop) -> datetime | None:
        """The latest instant (aware) of the clock `hop` leads to, over the rows a query selects."""

    def resolve(self, people: frozenset[str], identifiers: Mapping[str, Sequence[str]]) -> Keys:
        """Key sets of the people these identifiers name, shared tables they are the last of included."""

    def reading(self, reach: Mapping[str, Selection]) -> AbstractContextManager[Reader]:
        """Stand ready to read people one after another, as they were at one moment. One statement per table each."""

    def open_run(self, run: str, attempt: int) -> None:
        """Make sure the marker table exists and fence off every earlier attempt of this run."""

    def progress(self, run: str) -> Mapping[int, tuple[int, int]]:
        """Per step of this run: rows touched and the last batch number, as the markers have it."""

    def close_run(self, run: str) -> None:
        """Remove the markers of a run that is over."""

    def rehearse(self, tasks: Sequence[Task]) -> None:
        """Carry out a first slice of every task and roll it back: what would fail in the end fails now."""

    def whole(self, mark: Mark, tasks: Sequence[Task]) -> Done:
        """All tasks in one transaction, each checked empty behind itself, one marker."""

    def start(self, task: Task) -> Cursor:
        """How the task is cut into batches."""

    def batch(self, mark: Mark, task: Task, cursor: Cursor, budget: int) -> Done:
        """One batch and its marker, or what the marker says when it was done before."""

    def residual(self, task: Task) -> int:
        """Rows that still match, read on a new connection."""
