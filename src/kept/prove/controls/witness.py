"""What a control may look at: each system through its port, asked every question once; the policy; the papers.

Values seen in samples are counted by recogniser and dropped at once: no personal value outlives `Witness.seen`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import Final

from kept.map.bound import Map, bind
from kept.map.schema import Family, Table
from kept.map.system import System
from kept.policy.findings import Refused
from kept.policy.model import Policy
from kept.ports import Concealment, Sample, SystemPort
from kept.prove.controls import recognise
from kept.prove.controls.papers import Shelf, Vouch

SAMPLE_ROWS: Final = 2000
"""Rows looked at per table."""

READABLE: Final = frozenset({Family.TEXT, Family.JSON, Family.OTHER})
"""Families whose values are worth reading; numbers and dates say nothing of themselves."""

_FACTOR: Final = 2
_SLACK: Final = 10

Facts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How many values of one column were looked at, and how many hold or are what a recogniser knows."""

    values: int = 0
    inside: Mapping[str, int] = field(default_factory=dict)
    """Values that hold one somewhere, by recogniser."""
    whole: Mapping[str, int] = field(default_factory=dict)
    """Values that are one and nothing else; also `country` and `truncated-ip`."""

    def share(self, name: str) -> float:
        """Share of values that are such a value and nothing else."""
        return self.whole.get(name, 0) / self.values if self.values else 0.0

    def hits(self, names: Iterable[str]) -> int:
        """Values that hold one of these; a value that holds two counts twice, but never more than all values."""
        return min(self.values, sum(self.inside.get(name, 0) for name in names))


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A reason not to believe «nothing found»."""

    reason: str
    facts: Facts = ()


class Witness:
    """One system during one proof. `port` is the refusal itself where the system could not be opened.

    `bound` is the map as it was bound on opening; without it the catalogue is read once more.
    """

    def __init__(
        self, system: System, port: SystemPort | Refused, *, bound: Map | None = None, sample_rows: int = SAMPLE_ROWS
    ) -> None:
        self.system = system
        self._bound = bound
        self.sample_rows = sample_rows
        self._port = port
        self._concealed: dict[str, tuple[Concealment, ...]] = {}
        self._seen: dict[str, tuple[int, dict[str, Seen]]] = {}
        self._rows: dict[str, int] = {}
        self._lock = RLock()  # controls run side by side, and each question is asked once

    @property
    def name(self) -> str:
        """The system's name in the policy."""
        return self.system.name

    @property
    def port(self) -> SystemPort:
        """The way in; raises Refused where there is none."""
        if isinstance(self._port, Refused):
            raise self._port
        return self._port

    @cached_property
    def map(self) -> Map:
        """The system's map, from its catalogue as it is during this proof."""
        return self._bound or bind(self.system, self.port.describe())

    @cached_property
    def undeclared(self) -> tuple[str, ...]:
        """Tables that the policy neither maps nor calls free of personal data."""
        return tuple(gap.table for gap in self.map.gaps if gap.what == "unmapped-table")

    def place(self, table: str, column: str = "") -> str:
        """`shop.account_user.email`."""
        return ".".join(part for part in (self.name, table, column) if part)

    def rows(self, table: str) -> int:
        """All rows of a table; of a large one the catalogue's estimate, for it is context and never a verdict."""
        with self._lock:
            if table not in self._rows:
                self._rows[table] = self.port.size(table)[0]
            return self._rows[table]

    def sampled(self, table: str) -> int:
        """How many rows of the table were looked at."""
        return self._look(table)[0]

    def seen(self, table: str, column: str) -> Seen:
        """What the sample of one column holds."""
        return self._look(table)[1].get(column, Seen())

    def readable(self, table: str) -> tuple[str, ...]:
        """Columns whose values can be looked at."""
        described = self.map.schema.by_name.get(table)
        return readable(described) if described else ()

    def asked(self, table: str) -> str:
        """What a sample of the table ran, for the evidence."""
        columns = ", ".join(self.readable(table))
        return f"sample {self.place(table)} ({columns}), {self.sample_rows} rows" if columns else ""

    def doubts(self, tables: Iterable[str], *, sample: bool = False) -> tuple[Doubt, ...]:
        """Positive control over these tables; empty when their counts can be believed."""
        tables = tuple(dict.fromkeys(tables))
        watched = dict.fromkeys([*tables, *([self.system.canary.table] if self.system.canary else [])])
        # What hides rows may also hide the canary: it is the better reason, so it comes first.
        found = [doubt for table in watched for doubt in self._hidden(table)] or self._canary(tables)
        if sample and not found:
            found = [doubt for table in tables for doubt in self._unsampled(table)]
        return tuple(found)

    def positive(self) -> str:
        """The positive control that passed, for the evidence."""
        canary = self.system.canary
        return f"canary {self.place(canary.table)}" if canary else f"estimate {self.name}"

    def _look(self, table: str) -> tuple[int, dict[str, Seen]]:
        with self._lock:
            if table not in self._seen:
                sample = self._sample(table)
                self._seen[table] = (sample.rows, tally(sample)) if sample else (0, {})
            return self._seen[table]

    def _sample(self, table: str) -> Sample | None:
        columns = self.readable(table)
        try:
            return self.port.sample(table, columns, self.sample_rows) if columns else None
        except Refused:
            # An unread table must not hide what others show; its positive control will name it.
            return None

    def _canary(self, tables: tuple[str, ...]) -> list[Doubt]:
        canary = self.system.canary
        if canary is None:
            return [doubt for table in tables for doubt in self._unlike_estimate(table)]
        if self._canary_found:
            return []
        return [Doubt(reason="reason.canary-lost", facts=(("place", self.place(canary.table)),))]

    @cached_property
    def _canary_found(self) -> bool:
        canary = self.system.canary
        return canary is not None and self.port.found(canary)

    def _unlike_estimate(self, table: str) -> list[Doubt]:
        """Without a canary: the count must be within a factor of what the catalogue believes (grammar: plumbing)."""
        described = self.map.schema.by_name.get(table)
        estimate, rows = described.rows if described else None, self.rows(table)
        if estimate and rows and estimate <= rows * _FACTOR + _SLACK and rows <= estimate * _FACTOR + _SLACK:
            return []
        return [Doubt(reason="reason.no-canary", facts=(("system", self.name),))]

    def _hidden(self, table: str) -> list[Doubt]:
        with self._lock:
            if table not in self._concealed:
                self._concealed[table] = self.port.concealed((table,))
        place = self.place(table)
        return [
            Doubt(reason=f"reason.concealed.{one.reason}", facts=(("place", place),)) for one in self._concealed[table]
        ]

    def _unsampled(self, table: str) -> list[Doubt]:
        if not self.readable(table) or self.sampled(table) or not self.rows(table):
            return []
        return [Doubt(reason="reason.nothing-sampled", facts=(("place", self.place(table)),))]


def readable(table: Table) -> tuple[str, ...]:
    """Columns of a table whose values can be looked at."""
    return tuple(column.name for column in table.columns if column.family in READABLE)


def tally(sample: Sample) -> dict[str, Seen]:
    """Count by recogniser, column by column, and keep no value."""
    return {column: _tally(values) for column, values in sample.columns.items()}


def _tally(values: tuple[str, ...]) -> Seen:
    inside: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for text, times in Counter(value[: recognise.LONGEST] for value in values).items():
        inside.update(dict.fromkeys(_inside(text), times))
        whole.update(dict.fromkeys(_whole(text), times))
    return Seen(values=len(values), inside=inside, whole=whole)


def _inside(text: str) -> set[str]:
    found = {one.name for one in recognise.EVERY if one.inside(text)}
    return found | {"phone"} if recognise.also_nordic(text) else found


def _whole(text: str) -> set[str]:
    found = {one.name for one in recognise.EVERY if one.whole(text)}
    tests = {"phone": recognise.also_nordic, "country": recognise.country, "truncated-ip": recognise.truncated}
    return found | {name for name, test in tests.items() if test(text)}


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Everything a control may look at; the instant is an argument, and nothing here is written to."""

    policy: Policy
    as_of: datetime
    witnesses: tuple[Witness, ...] = ()
    shelf: Shelf = field(default_factory=Shelf)
    """Documents beside the policy."""
    prose: str | None = None
    """The published text; None when its file cannot be read."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Digest on record per version of the text: what earlier proofs saw."""
    vouches: tuple[Vouch, ...] = ()

    @property
    def zone(self) -> str:
        """The controller's zone, in which days are counted."""
        return self.policy.controller.timezone
