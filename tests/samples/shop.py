"""A small shop of one test: tables the test makes, a policy it writes, and Kept's verbs on both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import sqlalchemy as sa

from kept.app import applying, looking, people, planning
from kept.app.context import Context, opened
from kept.app.planning import Planned
from kept.policy.findings import Refused
from kept.ports import Done
from kept.systems.sql import reflect
from kept.testing import Database

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
LONG_AGO = "2020-01-01 00:00:00"
LATELY = "2026-06-01 00:00:00"

_POLICY = """\
kept: 1
controller: {{name: Test AS, country: "NO", timezone: {zone}, languages: [de], contact: privacy@test.example}}
people:
{people}
data:
{data}
purposes:
  service: {{basis: contract, data: [{kinds}]}}
retention:
{retention}
requests:
{requests}
systems:
  shop:
    url: env:SHOP
    clock: {clock}
    canary: {canary}
    tables:
{tables}
{safety}
"""


def policy(
    tables: str,
    *,
    retention: str = "",
    kinds: Sequence[str] = ("account",),
    canary: str = "{table: canary, key: 1}",
    zone: str = "UTC",
    clock: str = "UTC",
    safety: str = "safety: {stop-above: 100 %}",
    requests: str = "erasure: {for: [customer]}",
    people: str = "customer: {role: controller}",
) -> str:
    """A whole policy file around the lines a test cares about."""
    return _POLICY.format(
        zone=zone,
        clock=clock,
        people=indent(people, "  "),
        data="\n".join(f"  {kind}: {{people: [customer], categories: [contact]}}" for kind in kinds),
        kinds=", ".join(kinds),
        retention=indent(retention.strip() or "other: {from: collected, keep: at most 90 years, then: delete}", "  "),
        requests=indent(requests, "  "),
        canary=canary,
        tables=indent(tables.strip("\n") + "\ncanary: {key: id, kind: " + kinds[0] + "}", "      "),
        safety=safety,
    )


@dataclass(kw_only=True)
class Shop:
    """A database, a folder with a policy, and what Kept does with both."""

    database: Database
    folder: Path
    now: datetime = NOW
    _stack: ExitStack = field(default_factory=ExitStack)
    _files: Iterator[int] = field(default_factory=count)

    @property
    def file(self) -> Path:
        """The policy file."""
        return self.folder / "kept.yaml"

    def write(self, text: str) -> None:
        """Write the policy."""
        self.file.write_text(text, encoding="utf-8")

    def make(self, *statements: str) -> None:
        """Create tables and rows, the canary included; `TIMESTAMP`, `AUTO` and quotes in the words of the database."""
        self.database.run("CREATE TABLE canary (id INTEGER PRIMARY KEY)", "INSERT INTO canary VALUES (1)")
        self.run(*statements)

    def run(self, *statements: str) -> None:
        """Carry out statements written for PostgreSQL, in the words of the database."""
        self.database.run(*(self.said(statement) for statement in statements))

    def said(self, statement: str) -> str:
        """A statement in the words of this database: quotes and the names of types."""
        if self.database.dialect != "mariadb":
            return statement
        return statement.replace('"', "`").replace("TIMESTAMP ", "DATETIME(6) ").replace("BYTEA", "LONGBLOB")

    @contextmanager
    def context(self, *, now: datetime | None = None, as_of: str | None = None) -> Iterator[Context]:
        """A verb's world on this shop."""
        at = now or self.now
        with opened(self.file, env={"SHOP": self.database.url}, now=at, as_of=as_of) as context:
            yield context

    def plan(self, *, now: datetime | None = None, as_of: str | None = None) -> Planned:
        """`kept plan retention`."""
        with self.context(now=now, as_of=as_of) as context:
            return planning.retention(context)

    def erasure(self, *words: str, now: datetime | None = None) -> Planned | None:
        """`kept plan erasure email=…`."""
        with self.context(now=now) as context:
            return planning.erasure(context, people.parse(words))

    def explain(self, *words: str) -> looking.Found:
        """`kept explain email=…`."""
        with self.context() as context:
            return looking.explained(context, people.parse(words))

    def written(self, planned: Planned) -> Path:
        """The plan as a file."""
        path = self.folder / f"plan-{next(self._files)}.json"
        planning.write(planned, path)
        return path

    def apply(
        self, planned: Planned | Path, *, now: datetime | None = None, seen: Callable[[int, Done], None] | None = None
    ) -> applying.Outcome:
        """`kept apply PLAN`."""
        path = planned if isinstance(planned, Path) else self.written(planned)
        with self.context(now=now) as context:
            return applying.apply(context, path, seen or (lambda _step, _done: None))

    def resume(self, run: str, *, now: datetime | None = None) -> applying.Outcome:
        """`kept resume RUN`."""
        with self.context(now=now) as context:
            return applying.resume(context, run, lambda _step, _done: None)

    def erase(self, *words: str) -> applying.Outcome:
        """Plan an erasure and carry it out."""
        planned = self.erasure(*words)
        assert planned is not None, "nobody was found"
        return self.apply(planned)

    def rows(self, table: str, columns: str = "*", order: str = "1") -> list[tuple[Any, ...]]:
        """Rows of a table as tuples."""
        query = self.said(f"SELECT {columns} FROM {table} ORDER BY {order}")
        with self.database.engine().connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query.replace("%", "%%"))]

    def ids(self, table: str, column: str = "id") -> list[Any]:
        """One column of a table, in order."""
        return [row[0] for row in self.rows(table, f'"{column}"' if not column.startswith('"') else column)]

    def picture(self) -> dict[str, str]:
        """A digest per table over every cell of every row: two equal pictures mean nothing changed."""
        engine = self.database.engine()
        prints = {}
        with engine.connect() as connection:
            for table in reflect.describe(engine).tables:
                source = sa.table(table.name, *(sa.column(column.name) for column in table.columns))
                found = sorted(repr(tuple(row)) for row in connection.execute(sa.select(*source.c)))
                prints[table.name] = hashlib.sha256("\n".join(found).encode()).hexdigest()
        return prints


def days_ago(days: float, *, at: datetime = NOW) -> str:
    """An instant as the databases write it, in UTC."""
    return (at - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def refused(*codes: str) -> Iterator[None]:
    """The block ends in a refusal with exactly these codes."""
    with pytest.raises(Refused) as caught:
        yield
    assert sorted({finding.code for finding in caught.value.findings}) == sorted(codes)
