"""One SQL system as the ports see it: described on opening, counted, read and changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import sqlalchemy as sa

from kept.decide.select import Selection
from kept.map.bound import Hop, Map, bind
from kept.map.schema import Schema
from kept.map.system import Canary, System
from kept.ports import Concealment, CountQuery, Cursor, Done, Keys, Mark, Reader, Sample, Task
from kept.systems.sql import change, count, find, marker, probe, ranges, read, reflect, rehearse, sample
from kept.systems.sql.compile import Compiler
from kept.systems.sql.connect import connect
from kept.systems.sql.faults import translated

_CACHE = "PRAGMA cache_size = -131072"
"""128 MiB of pages for the writer of a run."""


@dataclass(frozen=True, kw_only=True)
class SqlSystem:
    """A database of the policy: its engine, its map, the controller's zone."""

    engine: sa.Engine
    bound: Map
    zone: str

    @property
    def name(self) -> str:
        """The system's name in the policy."""
        return self.bound.system.name

    @property
    def dialect(self) -> str:
        """postgresql, mariadb or sqlite."""
        return self.bound.schema.dialect

    @cached_property
    def _tables(self) -> tuple[str, ...]:
        return tuple(self.bound.tables)

    def describe(self) -> Schema:
        """The catalogue, read afresh."""
        return reflect.describe(self.engine)

    def found(self, canary: Canary) -> bool:
        """Whether the canary row is found with the credential in use."""
        table = self.bound.tables.get(canary.table)
        return probe.found(self.engine, self.bound.schema, canary, key=table.entry.key or () if table else ())

    def concealed(self, tables: Sequence[str]) -> tuple[Concealment, ...]:
        """Reasons not to believe counts over these tables."""
        return probe.concealed(self.engine, self.bound.schema, tables)

    def count(self, query: CountQuery) -> dict[int, int]:
        """Rows per class."""
        with self._reading("counting") as connection:
            return count.by_class(connection, self._compiler(query), query)

    def query_text(self, query: CountQuery) -> str:
        """The SQL a count runs, parameters named: evidence a reader can repeat."""
        statement = count.class_query(self._compiler(query), query)
        return str(statement.compile(dialect=self.engine.dialect))

    def count_outside(self, table: str, column: str, allowed: Sequence[str]) -> tuple[int, int]:
        """(rows whose value is NULL or not among `allowed`, all rows)."""
        with self._reading("counting") as connection:
            return count.outside(connection, self.bound.schema, table, column, allowed)

    def count_like(self, table: str, column: str, pattern: str) -> tuple[int, int]:
        """(rows whose text matches the LIKE pattern, all rows)."""
        with self._reading("counting") as connection:
            return count.like(connection, self.bound.schema, table, column, pattern)

    def sample(self, table: str, columns: Sequence[str], rows: int) -> Sample:
        """Some rows, spread over the table."""
        return sample.sample(self.engine, self.bound.schema, table, columns, rows)

    @contextmanager
    def reading(self, reach: Mapping[str, Selection]) -> Iterator[Reader]:
        """Read people one after another, page by page."""
        doing = "reading a person's rows"
        with self._reading(doing) as connection, read.reading(connection, self.bound, self.zone, reach) as reader:
            yield reader

    def size(self, table: str) -> tuple[int, bool]:
        """(rows, exact)."""
        with self._reading("counting") as connection:
            return count.size(connection, self.bound.schema, table)

    def latest(self, query: CountQuery, hop: Hop) -> datetime | None:
        """The latest instant of a clock over the rows a query selects."""
        with self._reading("reading a clock") as connection:
            return count.latest(connection, self._compiler(query), query, hop)

    def earliest(self, query: CountQuery, hop: Hop) -> datetime | None:
        """The earliest instant of a clock over the rows a query selects."""
        with self._reading("reading a clock") as connection:
            return count.earliest(connection, self._compiler(query), query, hop)

    def encrypted_in_transit(self) -> bool | None:
        """Whether this connection is encrypted; None for a file or a socket of this machine, where nothing travels."""
        with self._reading("asking for the encryption") as connection:
            return probe.encrypted(connection, self.dialect)

    def resolve(self, people: frozenset[str], identifiers: Mapping[str, Sequence[str]]) -> Keys:
        """Key sets of the people these identifiers name."""
        with self._reading("looking for a person") as connection:
            return find.keys_of(connection, self.bound, self.zone, people, identifiers)

    def open_run(self, run: str, attempt: int) -> None:
        """Make sure the marker table exists; fence off earlier attempts."""
        self._hold()
        with self._changing("preparing the marker table") as connection:
            marker.ensure(connection)
            marker.fence(connection, run, attempt)

    def progress(self, run: str) -> Mapping[int, tuple[int, int]]:
        """Per step: rows touched and the last batch number."""
        with self._reading("reading markers") as connection:
            return marker.progress(connection, run)

    def close_run(self, run: str) -> None:
        """Remove the markers of a run that is over."""
        with self._changing("removing markers") as connection:
            marker.clear(connection, run)
        for connection in self._held:
            connection.close()
        self._held.clear()

    def rehearse(self, tasks: Sequence[Task]) -> None:
        """A first slice of every task, rolled back."""
        with translated(system=self.name, doing="rehearsing the plan"), self._writer.connect() as connection:
            rehearse.rehearse(connection, self.bound, self.zone, tasks)

    def whole(self, mark: Mark, tasks: Sequence[Task]) -> Done:
        """All tasks in one transaction."""
        with self._changing("applying the plan") as connection:
            return change.whole(connection, self.bound, self.zone, mark, tasks)

    def start(self, task: Task) -> Cursor:
        """Where a step begins."""
        with self._reading("measuring a table") as connection:
            return ranges.first(connection, self.bound, task)

    def batch(self, mark: Mark, task: Task, cursor: Cursor, budget: int) -> Done:
        """One batch and its marker."""
        began = time.perf_counter()
        with self._changing("applying a batch") as connection:
            done = change.batch(connection, self.bound, self.zone, mark, task, cursor, budget)
        ms = (time.perf_counter() - began) * 1000
        return replace(done, ms=ms, next=ranges.resized(done.next, ms) if done.next else None)

    def residual(self, task: Task) -> int:
        """Rows that still match, on a connection of its own."""
        with self._reading("verifying") as connection:
            return change.residual(connection, self.bound, self.zone, task)

    @cached_property
    def _writer(self) -> sa.Engine:
        return self.engine.execution_options(sqlite_begin="IMMEDIATE")

    def _compiler(self, query: CountQuery) -> Compiler:
        return Compiler(bound=self.bound, zone=self.zone, cuts=query.cuts, keys=query.keys)

    @contextmanager
    def _reading(self, doing: str) -> Iterator[sa.Connection]:
        with translated(system=self.name, doing=doing), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def _changing(self, doing: str) -> Iterator[sa.Connection]:
        if not self._held:
            with translated(system=self.name, doing=doing), self._writer.begin() as connection:
                yield connection
            return
        with translated(system=self.name, doing=doing), self._held[0].begin():
            yield self._held[0]

    @cached_property
    def _held(self) -> list[sa.Connection]:
        """The writer of a run on SQLite: closing one after each batch would empty its cache and the log each time."""
        return []

    def _hold(self) -> None:
        if self.dialect != "sqlite" or self._held:
            return
        with translated(system=self.name, doing="opening a run"):
            connection = self._writer.connect()
            connection.connection.execute(_CACHE)
        self._held.append(connection)


def open_system(system: System, *, zone: str, env: Mapping[str, str], readonly: bool = False) -> SqlSystem:
    """Connect, describe and bind. Raises Refused with the reason and the next step."""
    engine = connect(system.url, name=system.name, env=env, readonly=readonly)
    return SqlSystem(engine=engine, bound=bind(system, reflect.describe(engine)), zone=zone)
