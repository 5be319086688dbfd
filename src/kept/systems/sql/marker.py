"""The marker in the target: written in the transaction of its change, unique per run, step and batch (law 6).

Row (run, 0, 0) holds the attempt in force; a writer of an earlier attempt finds another number and rolls back.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from kept.policy.findings import Finding, Refused, stopped
from kept.ports import Cursor, Done, Mark

METADATA = sa.MetaData()
MARKER = sa.Table(
    "kept_marker",
    METADATA,
    sa.Column("run", sa.String(36), primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("touched", sa.BigInteger, nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("written", sa.DateTime, nullable=False),
)


def ensure(connection: sa.Connection) -> None:
    """Create the marker table where it is missing."""
    METADATA.create_all(connection, checkfirst=True)


def fence(connection: sa.Connection, run: str, attempt: int) -> None:
    """Put an attempt in force; earlier ones are shut out from their next transaction on."""
    mine = (MARKER.c.run == run) & (MARKER.c.step == 0)
    raised = connection.execute(sa.update(MARKER).where(mine, MARKER.c.attempt <= attempt).values(attempt=attempt))
    if raised.rowcount == 0:
        mark = Mark(run=run, attempt=attempt, step=0, batch=0)
        if connection.execute(sa.select(MARKER.c.attempt).where(mine)).first() is not None:
            raise overtaken(mark)
        connection.execute(sa.insert(MARKER).values(_values(mark, Done(rows=0, next=None))))


def check(connection: sa.Connection, mark: Mark) -> Done | None:
    """Refuse a shut-out attempt; return what was done already under this mark, None when nothing was."""
    fenced = sa.select(MARKER.c.attempt).where(MARKER.c.run == mark.run, MARKER.c.step == 0)
    if connection.execute(fenced.with_for_update(read=True)).scalar() != mark.attempt:
        raise overtaken(mark)
    row = connection.execute(
        sa.select(MARKER).where(MARKER.c.run == mark.run, MARKER.c.step == mark.step, MARKER.c.batch == mark.batch)
    ).first()
    return None if row is None else _done(row)


def write(connection: sa.Connection, mark: Mark, done: Done) -> None:
    """Record a batch; a second writer of the same batch fails here and its change goes with it."""
    connection.execute(sa.insert(MARKER).values(_values(mark, done)))


def progress(connection: sa.Connection, run: str) -> dict[int, tuple[int, int]]:
    """Rows touched and the last batch number per step."""
    summed = sa.select(MARKER.c.step, sa.func.sum(MARKER.c.touched), sa.func.max(MARKER.c.batch))
    rows = connection.execute(summed.where(MARKER.c.run == run, MARKER.c.step > 0).group_by(MARKER.c.step)).all()
    return {int(step): (int(touched), int(last)) for step, touched, last in rows}


def clear(connection: sa.Connection, run: str) -> None:
    """Forget a run that is over; its history stands in the ledger."""
    connection.execute(sa.delete(MARKER).where(MARKER.c.run == run))


def overtaken(mark: Mark) -> Refused:
    """Another worker has taken the run over."""
    return stopped(
        Finding(
            code="S317",
            message="another worker has taken this run over; this one rolled back",
            where=f"run {mark.run}",
            help="kept status",
        )
    )


def _values(mark: Mark, done: Done) -> dict[str, object]:
    cursor = done.next or Cursor(mode="end")
    return {
        "run": mark.run,
        "step": mark.step,
        "batch": mark.batch,
        "attempt": mark.attempt,
        "touched": done.rows,
        "mode": cursor.mode,
        "at": cursor.at,
        "until": cursor.end,
        "size": cursor.size,
        "written": datetime.now(UTC).replace(tzinfo=None),
    }


def _done(row: sa.Row[tuple[object, ...]]) -> Done:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    if fields["mode"] == "end":
        return Done(rows=fields["touched"], next=None)
    cursor = Cursor(mode=fields["mode"], at=fields["at"], end=fields["until"], size=fields["size"])
    return Done(rows=fields["touched"], next=cursor)
