"""Seeded data, made by the databases themselves: users and events, and people with 32 rows in eight tables.

Events lie in the order of their time (a log is written that way); whose they are is scattered over the table.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from bench.servers import TEMPLATE, Column, at

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
GAP = timedelta(days=5)
"""Nothing happens this close to a cut-off, so that zones and month lengths change no count."""
FILLER = "opened the page of the product and left again after a while, as people do"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much of everything."""

    users: int = 100_000
    events: int = 3_000_000
    expired: int = 1_000_000
    """Events older than two years: the first ones."""
    owner: int | None = None
    """The one user all events belong to; None: they are scattered over all users."""

    @property
    def erased(self) -> int:
        """A tenth of the people ask to be erased."""
        return self.users // 10


SHOP_SUMS = (
    Column(table="users", sums="sum(id), sum(length(email)), sum(length(name))"),
    Column(table="events", sums="sum(id), sum(user_id), sum(id % 9973 * (user_id % 9967)), sum(length(body))"),
)


def erased(size: Size) -> list[int]:
    """Who asks to be erased: a seeded sample; the first user is the canary and stays."""
    return sorted(random.Random(7).sample(range(2, size.users + 1), size.erased))  # noqa: S311 - a seeded sample


def email(user: int) -> str:
    """The address of a user."""
    return f"person{user}@shop.example"


_SHOP = """
CREATE TABLE users (id BIGINT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, country TEXT,
  created_at {instant} NOT NULL, closed_at {instant});
CREATE TABLE events (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id),
  created_at {instant} NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX events_user ON events (user_id);
CREATE INDEX events_created ON events (created_at);
"""
# Numbers mixed so that neighbours part (both databases read this SQL; neither has a seeded hash in common).
_STEP = "((({n}) * 1103515245 + 12345) & 2147483647)"
_MIXED = "((({n}) | (({n}) >> 13)) - (({n}) & (({n}) >> 13)))"


def _mixed(number: str) -> str:
    step = _STEP.format(n=number)
    return _STEP.format(n=_MIXED.format(n=step))


def postgresql_shop(url: str, size: Size) -> None:
    """Make the template of users and events."""
    with psycopg.connect(_template(url), autocommit=True) as connection:
        connection.execute(_SHOP.format(instant="TIMESTAMPTZ"))
        connection.execute(_users(f"generate_series(1, {size.users}) n", "to_timestamp({})"))
        connection.execute(_events(size, f"generate_series(1::bigint, {size.events}) n", "to_timestamp({})"))
        connection.execute(_INDEXES)
        connection.execute("VACUUM (FREEZE, ANALYZE)")


def sqlite_shop(folder: Path, size: Size) -> Path:
    """Make the template file of users and events, in WAL mode."""
    file = folder / "template.db"
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -2000000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_SHOP.format(instant="TIMESTAMP"))
    for statement in (
        _users(_series(size.users), "strftime('%Y-%m-%d %H:%M:%S', {}, 'unixepoch')"),
        _events(size, _series(size.events), "strftime('%Y-%m-%d %H:%M:%S', {}, 'unixepoch')"),
    ):
        connection.execute(statement)
    connection.executescript(_INDEXES)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


def _series(rows: int) -> str:
    return f"(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows}) SELECT n FROM s)"


def _users(source: str, instant: str) -> str:
    """A fifth of the accounts is closed, half of those for more than sixty days."""
    opened = instant.format(_seconds(TODAY - timedelta(days=3 * 365)))
    old, new = (instant.format(_seconds(TODAY - timedelta(days=days))) for days in (200, 10))
    closed = f"CASE WHEN n % 10 = 3 THEN {old} WHEN n % 10 = 7 THEN {new} END"
    return (
        "INSERT INTO users SELECT n, 'person' || n || '@shop.example', 'Person Number ' || n, 'NO',"
        f" {opened}, {closed} FROM {source}"
    )


def _events(size: Size, source: str, instant: str) -> str:
    """`expired` events in the third year back, the others in the last two."""
    cut = _two_years_ago()
    old = _between(TODAY - timedelta(days=3 * 365), cut - GAP, "n", size.expired)
    new = _between(cut + GAP, TODAY - GAP, f"(n - {size.expired})", max(1, size.events - size.expired))
    at = instant.format(f"CASE WHEN n <= {size.expired} THEN {old} ELSE {new} END")
    owner = f"1 + {_mixed('n')} % {size.users}" if size.owner is None else str(size.owner)
    return f"INSERT INTO events SELECT n, {owner}, {at}, 'view', 'event ' || n || ' {FILLER}' FROM {source}"


def _two_years_ago() -> datetime:
    return TODAY.replace(year=TODAY.year - 2, day=min(TODAY.day, 28))


def _between(first: datetime, last: datetime, number: str, of: int) -> str:
    return f"({_seconds(first)} + {number} * {_seconds(last) - _seconds(first)} / {of})"


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _template(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    return at(url, TEMPLATE)


CHILDREN: Sequence[tuple[str, int]] = (
    ("address", 1),
    ("consent", 2),
    ("session", 3),
    ("ticket", 5),
    ("invoice", 5),
    ("message", 7),
    ("visit", 8),
)
"""Tables below `person` and their rows per person: with the person itself 32."""
PEOPLE_SUMS = (
    Column(table="person", sums="sum(id)"),
    *(Column(table=name, sums="sum(id), sum(person_id)") for name, _ in CHILDREN),
)


def postgresql_people(url: str, people: int) -> None:
    """Make the template of people with 32 rows each: 3.25 million rows for 101,562 people."""
    with psycopg.connect(_template(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE person (id BIGINT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT)")
        connection.execute(
            "INSERT INTO person SELECT n, 'person' || n || '@shop.example', 'Person Number ' || n"
            f" FROM generate_series(1, {people}) n"
        )
        for name, rows in CHILDREN:
            connection.execute(
                f"CREATE TABLE {name} (id BIGINT PRIMARY KEY, person_id BIGINT NOT NULL REFERENCES person (id),"
                " at TIMESTAMPTZ NOT NULL, body TEXT NOT NULL)"
            )
            connection.execute(
                f"INSERT INTO {name} SELECT n, 1 + n % {people}, now(), 'row ' || n || ' {FILLER}'"
                f" FROM generate_series(1::bigint, {rows * people}) n"
            )
            connection.execute(f"CREATE INDEX {name}_person ON {name} (person_id)")
        connection.execute("VACUUM (FREEZE, ANALYZE)")
