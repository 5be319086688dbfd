"""Prove every retention promise over three million rows.

Floor: one bare count per rule, by the cut-offs the rules have, without any control of whether a count can be believed.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import psycopg
from bench import data, ours, policies
from bench.erase import seconds, size_of
from bench.harness import Contender, Ground, Notes, Options, Row, clock, interleaved, ratios, report
from bench.ours import Kept
from bench.servers import PostgreSQL, SQLite, Standing, path_of, postgresql
from bench.stages import watched

from kept.app.context import opened
from kept.app.proving import prove
from kept.decide.cuts import cutoffs

COUNTS = {
    "B-1": ("SELECT count(*) FROM events WHERE created_at < {}", "activity.overdue"),
    "B-2": (
        "SELECT count(*) FROM events WHERE user_id IN (SELECT id FROM users WHERE closed_at < {})",
        "activity-closed.overdue",
    ),
    "B-3": ("SELECT count(*) FROM users WHERE closed_at < {}", "account.overdue"),
    "B-4": ("SELECT count(*) FROM users WHERE closed_at IS NULL", None),
}
"""Promise, its bare count, and the cut-off it is asked with."""


def run(options: Options) -> None:
    """Both databases."""
    size = size_of(options)
    with ours.installed(policies.promises) as kept:
        with postgresql() as url:
            data.postgresql_shop(url, size)
            _on("prove on PostgreSQL", options, PostgreSQL(url=url, sums=()), size, kept, _postgresql)
        with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
            template = data.sqlite_shop(Path(folder), size)
            _on("prove on SQLite", options, SQLite(template=template, sums=()), size, kept, _sqlite)


Asker = Callable[[str, Mapping[str, datetime]], tuple[float, Notes]]


def _on(  # noqa: PLR0917
    name: str, options: Options, ground: Ground, size: data.Size, kept: Kept, ask: Asker
) -> None:
    print(f"{name}: {len(COUNTS)} promises, {size.events:,} events", flush=True)
    with ground.fresh() as url:
        standing = Standing(engine=ground.engine, url=url)
        sides = (
            Contender(name="floor", run=lambda url: ask(url, _cuts(kept, url))),
            Contender(name="ours", run=lambda url: _ours(kept, url)),
        )
        interleaved(standing, sides, 1)  # once for the caches
        trials = interleaved(standing, sides, options.pairs)
    for promise in ("B-1", "B-2", "B-3"):  # a floor counts what it protects, not what breaks it
        counted = {trial.notes[promise] for each in trials.values() for trial in each}
        if len(counted) != 1:
            raise RuntimeError(f"{promise}: counts differ: {counted}")
    ratio = ratios(trials["ours"], trials["floor"])
    row = Row(
        what=f"{len(COUNTS)} retention promises over {size.events:,} rows",
        ours=f"{seconds(trials['ours']) * 1000:.0f} ms",
        floor=f"{seconds(trials['floor']) * 1000:.0f} ms",
        ratio=ratio.shown(),
        target="≤ 1.5",
        met=ratio.median <= 1.5,
    )
    report(name, options, [row], [ground.engine, *ours.stages_of(trials["ours"])], trials)


def _cuts(kept: Kept, url: str) -> Mapping[str, datetime]:
    with opened(kept.policy, env=kept.env(url)) as context:
        return cutoffs(context.policy, context.as_of)


def _ours(kept: Kept, url: str) -> tuple[float, Notes]:
    """As `kept prove` does it: read the policy, open store and system, run every control, save evidence and entry."""
    with watched() as stages, clock() as spent, opened(kept.policy, env=kept.env(url)) as context:
        board = prove(context, "en").board
        taken = spent()
    counted = {
        proof.promise.id: float(sum(count.violations for each in proof.evidence for count in each.counts))
        for proof in board.proofs
    }
    return taken, {**counted, **ours.stage_notes(stages)}


def _postgresql(url: str, cuts: Mapping[str, datetime]) -> tuple[float, Notes]:
    with psycopg.connect(url) as connection, clock() as spent:
        found = {}
        for promise, (text, cut) in COUNTS.items():
            values = (cuts[cut],) if cut else ()
            row = connection.execute(text.format("%s"), values).fetchone()
            found[promise] = float(row[0]) if row else 0.0
        return spent(), found


def _sqlite(url: str, cuts: Mapping[str, datetime]) -> tuple[float, Notes]:
    connection = sqlite3.connect(path_of(url))
    with clock() as spent:
        found = {}
        for promise, (text, cut) in COUNTS.items():
            values: Sequence[str] = (f"{cuts[cut]:%Y-%m-%d %H:%M:%S}",) if cut else ()
            found[promise] = float(connection.execute(text.format("?"), values).fetchone()[0])
        taken = spent()
    connection.close()
    return taken, found
