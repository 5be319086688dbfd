"""Erase 10,000 of 100,000 people from `users` and three million `events`.

Floor: a key table and two set-based deletions in one commit. Peer: one transaction per person.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psycopg
from bench import data, ours, policies
from bench.harness import Contender, Ground, Notes, Options, Row, Trial, clock, interleaved, medians, ratios, report
from bench.servers import PostgreSQL, SQLite, path_of, postgresql

EVENTS = "DELETE FROM events WHERE user_id IN (SELECT k FROM keys)"
USERS = "DELETE FROM users WHERE id IN (SELECT k FROM keys)"


def run(options: Options) -> None:
    """Both databases."""
    size = size_of(options)
    with postgresql() as url:
        data.postgresql_shop(url, size)
        _compare("erase on PostgreSQL", options, PostgreSQL(url=url, sums=data.SHOP_SUMS), size, _PG)
    with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
        template = data.sqlite_shop(Path(folder), size)
        _compare("erase on SQLite", options, SQLite(template=template, sums=data.SHOP_SUMS), size, _LITE)


def size_of(options: Options) -> data.Size:
    sized = options.sized
    return data.Size(users=sized(100_000), events=sized(3_000_000), expired=sized(1_000_000))


def postgresql_floor(keys: Sequence[int]) -> Callable[[str], tuple[float, Notes]]:
    """Key table, two deletions, one commit; connecting is outside the clock."""

    def run(url: str) -> tuple[float, Notes]:
        with psycopg.connect(url) as connection, clock() as spent:
            connection.execute("CREATE TEMPORARY TABLE keys (k bigint PRIMARY KEY) ON COMMIT DROP")
            connection.execute("INSERT INTO keys SELECT unnest(%s::bigint[])", (list(keys),))
            connection.execute("ANALYZE keys")
            connection.execute(EVENTS)
            connection.execute(USERS)
            connection.commit()
            return spent(), {}

    return run


def postgresql_peer(keys: Sequence[int]) -> Callable[[str], tuple[float, Notes]]:
    """One transaction per person, statements prepared."""

    def run(url: str) -> tuple[float, Notes]:
        with psycopg.connect(url) as connection, clock() as spent:
            for key in keys:
                connection.execute("DELETE FROM events WHERE user_id = %s", (key,), prepare=True)
                connection.execute("DELETE FROM users WHERE id = %s", (key,), prepare=True)
                connection.commit()
            return spent(), {}

    return run


def sqlite_opened(url: str) -> sqlite3.Connection:
    """A connection as a careful hand would set it: WAL, every commit synced, a large cache, foreign keys checked."""
    connection = sqlite3.connect(path_of(url), isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -2000000", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def sqlite_floor(keys: Sequence[int]) -> Callable[[str], tuple[float, Notes]]:
    """Key table, two deletions, one commit; connecting is outside the clock, closing (the checkpoint) inside."""

    def run(url: str) -> tuple[float, Notes]:
        connection = sqlite_opened(url)
        with clock() as spent:
            connection.execute("CREATE TEMPORARY TABLE keys (k INTEGER PRIMARY KEY)")
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO keys VALUES (?)", [(key,) for key in keys])
            connection.execute(EVENTS)
            connection.execute(USERS)
            connection.execute("COMMIT")
            connection.close()
            return spent(), {}

    return run


def sqlite_peer(keys: Sequence[int]) -> Callable[[str], tuple[float, Notes]]:
    """One transaction per person."""

    def run(url: str) -> tuple[float, Notes]:
        connection = sqlite_opened(url)
        with clock() as spent:
            for key in keys:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DELETE FROM events WHERE user_id = ?", (key,))
                connection.execute("DELETE FROM users WHERE id = ?", (key,))
                connection.execute("COMMIT")
            connection.close()
            return spent(), {}

    return run


Sides = tuple[
    Callable[[Sequence[int]], Callable[[str], tuple[float, Notes]]],
    Callable[[Sequence[int]], Callable[[str], tuple[float, Notes]]],
]
_PG: Sides = (postgresql_floor, postgresql_peer)
_LITE: Sides = (sqlite_floor, sqlite_peer)


def _compare(name: str, options: Options, ground: Ground, size: data.Size, sides: Sides) -> None:
    keys = data.erased(size)
    floor, peer = sides
    with ours.installed(policies.shop) as kept:
        planner = ours.erasure(tuple(data.email(key) for key in keys))
        ours.warm()
        print(f"{name}: {len(keys):,} of {size.users:,} people, {size.events:,} events", flush=True)
        contenders = (
            Contender(name="floor", run=floor(keys)),
            Contender(name="ours", run=lambda url: kept.carried_out(url, planner)),
            Contender(name="peer", run=peer(keys)),
        )
        trials = interleaved(ground, contenders, options.pairs)
    report(name, options, _rows(trials, len(keys)), [ground.engine, *ours.remarks(trials["ours"])], trials)


def _rows(trials: Mapping[str, Sequence[Trial]], people: int) -> list[Row]:
    floor, peer = ratios(trials["ours"], trials["floor"]), ratios(trials["peer"], trials["ours"])
    mine = f"{seconds(trials['ours']):.2f} s"
    return [
        Row(
            what=f"{people:,} people in one plan, over one set-based commit",
            ours=mine,
            floor=f"{seconds(trials['floor']):.2f} s",
            ratio=floor.shown(),
            target="≤ 1.5",
            met=floor.median <= 1.5,
        ),
        Row(
            what="how much faster than one transaction per person",
            ours=mine,
            floor=f"{seconds(trials['peer']):.2f} s",
            ratio=peer.shown(1),
            target="≥ 4",
            met=peer.median >= 4,
        ),
    ]


def seconds(trials: Sequence[Trial]) -> float:
    return medians([Trial(seconds=0, state=(), notes={"s": trial.seconds}) for trial in trials])["s"]
