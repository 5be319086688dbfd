"""Erase 200 people with 32 rows each in eight tables of 3.25 million rows, in one plan.

Floor: a key table and the same eight deletions, set-based, in one commit. The figure is absolute: a second, plan to
verified, in a warm process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import psycopg
from bench import data, ours, policies
from bench.erase import seconds
from bench.harness import Contender, Notes, Options, Row, Trial, clock, interleaved, ratios, report, spread
from bench.servers import PostgreSQL, postgresql
from psycopg import sql

PEOPLE = 101_562
"""With 32 rows each: 3.25 million."""
ASKING = 200
_MOST = 1.0


def run(options: Options) -> None:
    """PostgreSQL."""
    people = max(options.sized(PEOPLE), 2 * ASKING)
    keys = sorted(random.Random(11).sample(range(2, people + 1), ASKING))  # noqa: S311 - a seeded sample
    with postgresql() as url, ours.installed(policies.people) as kept:
        data.postgresql_people(url, people)
        ours.warm()
        ground = PostgreSQL(url=url, sums=data.PEOPLE_SUMS)
        planner = ours.erasure(tuple(data.email(key) for key in keys))
        print(f"people on PostgreSQL: {ASKING} of {people:,} people with 32 rows each", flush=True)
        sides = (
            Contender(name="floor", run=floor(keys)),
            Contender(name="ours", run=lambda url: kept.carried_out(url, planner)),
        )
        trials = interleaved(ground, sides, options.pairs)
        remarks = [ground.engine, *ours.remarks(trials["ours"])]
    report("people on PostgreSQL", options, _rows(trials, people), remarks, trials)


def floor(keys: Sequence[int]) -> Callable[[str], tuple[float, Notes]]:
    """Key table, eight deletions, one commit; connecting is outside the clock."""

    def run(url: str) -> tuple[float, Notes]:
        with psycopg.connect(url) as connection, clock() as spent:
            connection.execute("CREATE TEMPORARY TABLE keys (k bigint PRIMARY KEY) ON COMMIT DROP")
            connection.execute("INSERT INTO keys SELECT unnest(%s::bigint[])", (list(keys),))
            connection.execute("ANALYZE keys")
            for name, _ in data.CHILDREN:
                statement = "DELETE FROM {} WHERE person_id IN (SELECT k FROM keys)"
                connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
            connection.execute("DELETE FROM person WHERE id IN (SELECT k FROM keys)")
            connection.commit()
            return spent(), {}

    return run


def _rows(trials: Mapping[str, Sequence[Trial]], people: int) -> list[Row]:
    taken = spread([trial.seconds for trial in trials["ours"]])
    return [
        Row(
            what=f"{ASKING} people, 32 rows each, of {32 * people:,} rows; plan to verified",
            ours=f"{taken.shown()} s",
            floor=f"{seconds(trials['floor']):.3f} s",
            ratio=ratios(trials["ours"], trials["floor"]).shown(1),
            target=f"≤ {_MOST:.0f} s",
            met=taken.median <= _MOST,
        )
    ]
