"""Read all rows of 1,000 people, one after another.

Floor: two prepared SELECTs per person. On both sides connecting stands outside the clock, and whose keys they are is
known: finding 1,000 people by their address is timed apart, once.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psycopg
from bench import data, ours, policies
from bench.erase import seconds, size_of
from bench.harness import Contender, Ground, Notes, Options, Row, Trial, clock, interleaved, ratios, report
from bench.ours import Kept
from bench.servers import PostgreSQL, SQLite, Standing, path_of, postgresql

from kept.app import people, reading
from kept.app.context import opened

EVENTS = "SELECT id, user_id, created_at, kind, body FROM events WHERE user_id = {}"
USERS = "SELECT id, email, name, country, created_at, closed_at FROM users WHERE id = {}"
ASKING = 1_000
WHO = frozenset({"customer"})

Rows = Callable[[str, Sequence[int]], tuple[float, Notes]]


def run(options: Options) -> None:
    """Both databases."""
    size = size_of(options)
    with ours.installed(policies.shop) as kept:
        with postgresql() as url:
            data.postgresql_shop(url, size)
            _on("access on PostgreSQL", options, PostgreSQL(url=url, sums=()), size, kept, _postgresql)
        with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
            template = data.sqlite_shop(Path(folder), size)
            _on("access on SQLite", options, SQLite(template=template, sums=()), size, kept, _sqlite)


def _on(  # noqa: PLR0917
    name: str, options: Options, ground: Ground, size: data.Size, kept: Kept, floor: Rows
) -> None:
    keys = random.Random(13).sample(range(2, size.users + 1), min(ASKING, size.erased))  # noqa: S311 - a seeded sample
    print(f"{name}: {len(keys):,} of {size.users:,} people, {size.events:,} events", flush=True)
    with ground.fresh() as url:
        standing = Standing(engine=ground.engine, url=url)
        sides = (
            Contender(name="floor", run=lambda url: floor(url, keys)),
            Contender(name="ours", run=lambda url: _ours(kept, url, keys)),
        )
        interleaved(standing, sides, 1)  # once for the caches
        trials = interleaved(standing, sides, options.pairs)
        _checked(trials, _sums(url, keys), _read_sums(kept, url, keys))
        found = _found(kept, url, keys)
    ratio = ratios(trials["ours"], trials["floor"])
    row = Row(
        what=f"all rows of {len(keys):,} people, one after another",
        ours=f"{seconds(trials['ours']) * 1000:.0f} ms",
        floor=f"{seconds(trials['floor']) * 1000:.0f} ms",
        ratio=ratio.shown(),
        target="≤ 2.5",
        met=ratio.median <= 2.5,
    )
    rows = int(trials["ours"][0].notes["rows"])
    spent = seconds(trials["ours"])
    remarks = [
        ground.engine,
        f"{rows:,} rows: {rows / spent / 1000:.0f} thousand a second, {spent / len(keys) * 1e3:.2f} ms a person",
        f"outside the clock: finding the {len(keys):,} people by address in one statement {found * 1000:.0f} ms",
    ]
    report(name, options, [row], remarks, trials)


def _ours(kept: Kept, url: str, keys: Sequence[int]) -> tuple[float, Notes]:
    """As reading goes: look for filters before the tables, prepare, then person after person, page by page."""
    with opened(kept.policy, env=kept.env(url)) as context:
        _ = context.systems
        with clock() as spent, reading.reading(context, WHO) as read:
            rows = 0
            for key in keys:
                for part in read({"shop": {"users": [key]}}):
                    rows += len(part.page.rows)
            return spent(), {"rows": float(rows)}


def _postgresql(url: str, keys: Sequence[int]) -> tuple[float, Notes]:
    users, events = USERS.format("%s"), EVENTS.format("%s")
    with psycopg.connect(url) as connection, clock() as spent:
        rows = 0
        for key in keys:
            rows += len(connection.execute(users, (key,), prepare=True).fetchall())
            rows += len(connection.execute(events, (key,), prepare=True).fetchall())
        return spent(), {"rows": float(rows)}


def _sqlite(url: str, keys: Sequence[int]) -> tuple[float, Notes]:
    users, events = USERS.format("?"), EVENTS.format("?")
    connection = sqlite3.connect(path_of(url))  # the driver keeps prepared statements
    with clock() as spent:
        rows = 0
        for key in keys:
            rows += len(connection.execute(users, (key,)).fetchall())
            rows += len(connection.execute(events, (key,)).fetchall())
        taken = spent()
    connection.close()
    return taken, {"rows": float(rows)}


def _found(kept: Kept, url: str, keys: Sequence[int]) -> float:
    """Seconds to find everybody by address, the positive control included."""
    asking = people.People(identifiers={"email": tuple(data.email(key) for key in keys)})
    with opened(kept.policy, env=kept.env(url)) as context:
        _ = context.systems
        with clock() as spent:
            found = people.resolve(context, asking, WHO)
            taken = spent()
    if found["shop"]["users"] != sorted(keys):
        raise RuntimeError("other people were found than asked")
    return taken


Sums = tuple[int, int, int]
"""Rows, sum of the events' ids, characters of their bodies and of the users' addresses."""


def _read_sums(kept: Kept, url: str, keys: Sequence[int]) -> Sums:
    rows = ids = characters = 0
    with opened(kept.policy, env=kept.env(url)) as context, reading.reading(context, WHO) as read:
        for key in keys:
            for part in read({"shop": {"users": [key]}}):
                number, text = (part.page.columns.index(name) for name in _SUMMED[part.page.table])
                rows += len(part.page.rows)
                ids += sum(int(str(row[number])) for row in part.page.rows)
                characters += sum(len(str(row[text])) for row in part.page.rows)
    return rows, ids, characters


_SUMMED = {"users": ("id", "email"), "events": ("id", "body")}


def _sums(url: str, keys: Sequence[int]) -> Sums:
    """The same by a query of the bench's own."""
    among = ", ".join(map(str, keys))
    queries = (
        f"SELECT count(*), sum(id), sum(length(email)) FROM users WHERE id IN ({among})",
        f"SELECT count(*), sum(id), sum(length(body)) FROM events WHERE user_id IN ({among})",
    )
    if url.startswith("sqlite"):
        lite = sqlite3.connect(path_of(url))
        found = [lite.execute(query).fetchone() for query in queries]
        lite.close()
    else:
        with psycopg.connect(url) as connection:
            found = [connection.execute(query.encode()).fetchone() or () for query in queries]
    first, second = ([int(value) for value in row] for row in found)
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]


def _checked(trials: Mapping[str, Sequence[Trial]], expected: Sums, read: Sums) -> None:
    """Every side read every row, and ours read what is there."""
    counted = {int(trial.notes["rows"]) for each in trials.values() for trial in each}
    if counted != {expected[0]} or read != expected:
        raise RuntimeError(f"rows differ: {counted} read, {read} summed, {expected} expected")
