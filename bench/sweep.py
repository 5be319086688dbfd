"""Sweep a million expired rows out of three million, resumable.

Floors: one DELETE on PostgreSQL; on SQLite the best of several sizes of hand-written row-id ranges.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import psycopg
from bench import data, ours, policies
from bench.erase import seconds, size_of, sqlite_opened
from bench.harness import Contender, Ground, Notes, Options, Row, Trial, clock, interleaved, ratios, report, spread
from bench.ours import Kept
from bench.servers import PostgreSQL, SQLite, postgresql

from kept.app.context import opened
from kept.app.planning import drafted
from kept.decide.draft import RETENTION

SIZES = (20_000, 50_000, 100_000, 250_000)
"""Row-id ranges a hand would try."""
_LONGEST = 100


def run(options: Options) -> None:
    """Both databases."""
    size = size_of(options)
    with ours.installed(policies.shop) as kept:
        ours.warm()
        with postgresql() as url:
            data.postgresql_shop(url, size)
            _postgresql(options, PostgreSQL(url=url, sums=data.SHOP_SUMS), size, kept)
        with tempfile.TemporaryDirectory(prefix="kept-bench-") as folder:
            template = data.sqlite_shop(Path(folder), size)
            _sqlite(options, SQLite(template=template, sums=data.SHOP_SUMS), size, kept)


def cut(kept: Kept, url: str) -> datetime:
    """The instant before which an event is due, as the plan has it."""
    with opened(kept.policy, env=kept.env(url)) as context:
        return drafted(context, RETENTION)[0].cuts["activity.due"]


def _postgresql(options: Options, ground: PostgreSQL, size: data.Size, kept: Kept) -> None:
    def floor(url: str) -> tuple[float, Notes]:
        before = cut(kept, url)
        with psycopg.connect(url) as connection, clock() as spent:
            connection.execute("DELETE FROM events WHERE created_at < %s", (before,))
            connection.commit()
            return spent(), {}

    trials = _against(ground, "sweep on PostgreSQL", size, options, kept, Contender(name="floor", run=floor))
    longest = spread([trial.notes["longest_batch_ms"] for trial in trials["ours"]])
    rows = [
        _row(trials, size, "over one DELETE", 1.7),
        Row(
            what="longest batch, commit included",
            ours=f"{longest.shown(0)} ms",
            floor="–",
            ratio="–",
            target=f"≤ {_LONGEST} ms",
            met=longest.median <= _LONGEST,
        ),
    ]
    report("sweep on PostgreSQL", options, rows, [ground.engine, *ours.remarks(trials["ours"])], trials)


def _sqlite(options: Options, ground: SQLite, size: data.Size, kept: Kept) -> None:
    tried = {each: _tried(ground, kept, each) for each in (options.sized(width) for width in SIZES)}
    best = min(tried, key=lambda each: tried[each])
    shown = ", ".join(f"{each:,} rows {spent:.2f} s" for each, spent in tried.items())
    floor = Contender(name="floor", run=_ranges(kept, best))
    trials = _against(ground, "sweep on SQLite", size, options, kept, floor)
    remarks = [ground.engine, f"floor: row-id ranges of {best:,}, the best of {shown}", *ours.remarks(trials["ours"])]
    report("sweep on SQLite", options, [_row(trials, size, "over row-id ranges", 1.2)], remarks, trials)


def _tried(ground: SQLite, kept: Kept, width: int) -> float:
    with ground.fresh() as url:
        return _ranges(kept, width)(url)[0]


def _ranges(kept: Kept, width: int) -> Callable[[str], tuple[float, Notes]]:
    """Walk the table by row id, one commit per range; closing (the last checkpoint) is inside the clock."""

    def run(url: str) -> tuple[float, Notes]:
        before = f"{cut(kept, url):%Y-%m-%d %H:%M:%S}"
        connection = sqlite_opened(url)
        with clock() as spent:
            low, high = connection.execute("SELECT min(rowid), max(rowid) FROM events").fetchone()
            for first in range(low, high + 1, width):
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(
                    "DELETE FROM events WHERE rowid >= ? AND rowid < ? AND created_at < ?",
                    (first, first + width, before),
                )
                connection.execute("COMMIT")
            connection.close()
            return spent(), {}

    return run


def _against(  # noqa: PLR0917
    ground: Ground, name: str, size: data.Size, options: Options, kept: Kept, floor: Contender
) -> Mapping[str, Sequence[Trial]]:
    print(f"{name}: {size.expired:,} expired of {size.events:,} events", flush=True)
    mine = Contender(name="ours", run=lambda url: kept.carried_out(url, ours.retention))
    return interleaved(ground, (floor, mine), options.pairs)


def _row(trials: Mapping[str, Sequence[Trial]], size: data.Size, floor: str, target: float) -> Row:
    ratio = ratios(trials["ours"], trials["floor"])
    return Row(
        what=f"{size.expired:,} of {size.events:,} rows, {floor}",
        ours=f"{seconds(trials['ours']):.2f} s",
        floor=f"{seconds(trials['floor']):.2f} s",
        ratio=ratio.shown(),
        target=f"≤ {target}",
        met=ratio.median <= target,
    )
