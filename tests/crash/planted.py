"""Faults planted in Kept to see the crash ring report them. A ring that never saw one proves nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final

import dbos
import sqlalchemy as sa

from kept.app import applying
from kept.policy.findings import Refused
from kept.ports import Cursor, Done, Mark, Task
from kept.store import runs
from kept.systems.sql import marker
from kept.systems.sql.codes import finding
from kept.systems.sql.system import SqlSystem
from kept.work import durable


@contextmanager
def _put(where: object, **planted: object) -> Iterator[None]:
    """Put something else in place of attributes while the block lasts."""
    before = {name: getattr(where, name) for name in planted}
    _put_for_good(where, **planted)
    try:
        yield
    finally:
        _put_for_good(where, **before)


def _put_for_good(where: object, **planted: object) -> None:
    for name, value in planted.items():
        setattr(where, name, value)


def weak_point() -> None:
    """Called by every fault where a death would show it."""


def marker_after_the_change() -> None:
    """The marker is written in a transaction of its own, after the batch's."""
    batch, write = SqlSystem.batch, marker.write

    def parted(self: SqlSystem, mark: Mark, task: Task, cursor: Cursor, budget: int) -> Done:
        held: list[Done] = []
        with _put(marker, write=lambda _connection, _mark, done: held.append(done)):
            done = batch(self, mark, task, cursor, budget)
        weak_point()
        for each in held:
            with self._changing("marking") as connection:
                write(connection, mark, each)
        return done

    _put_for_good(SqlSystem, batch=parted)


def marker_before_the_change() -> None:
    """The marker is committed first: a batch that dies on its way counts as done."""
    batch, check, write = SqlSystem.batch, marker.check, marker.write

    def promised(self: SqlSystem, mark: Mark, task: Task, cursor: Cursor, budget: int) -> Done:
        with self._changing("marking") as connection:
            if (known := check(connection, mark)) is not None:
                return known
            write(connection, mark, Done(rows=min(cursor.size, budget), next=None))
        weak_point()
        nothing = lambda *_: None  # noqa: E731
        with _put(marker, check=nothing, write=nothing):
            return batch(self, mark, task, cursor, budget)

    _put_for_good(SqlSystem, batch=promised)


def batch_again() -> None:
    """A batch that is taken up does not look whether it was carried out already."""
    batch, write, column = SqlSystem.batch, marker.write, marker.MARKER.c

    def replaced(connection: sa.Connection, mark: Mark, done: Done) -> None:
        same = sa.and_(column.run == mark.run, column.step == mark.step, column.batch == mark.batch)
        connection.execute(sa.delete(marker.MARKER).where(same))
        write(connection, mark, done)

    def unrecorded(self: SqlSystem, *words: Any) -> Done:
        done = batch(self, *words)
        weak_point()
        return done

    _put_for_good(marker, check=lambda _connection, _mark: None, write=replaced)
    _put_for_good(SqlSystem, batch=unrecorded)


def complete_too_early() -> None:
    """The run counts as verified before its last batch, indeed before its first."""
    carried = applying._carried

    def early(context: Any, run: str, *words: Any) -> Any:
        with context.store.write() as tx:
            runs.move(tx, run, runs.State.VERIFIED, at=datetime.now(UTC))
        weak_point()
        return carried(context, run, *words)

    _put_for_good(applying, _carried=early)


def no_lock() -> None:
    """No fault of Kept: the third batch does not get its lock, so the run stops and can be taken up."""
    batch, seen = SqlSystem.batch, count(1)

    def waiting(self: SqlSystem, *words: Any) -> Done:
        if next(seen) == THIRD:
            raise Refused(finding("S215", where=self.name))
        return batch(self, *words)

    _put_for_good(SqlSystem, batch=waiting)


def _deadly(where: object, name: str, *, after: bool) -> None:
    """A call of this name kills the process, before it does anything or when it has done it."""
    call = getattr(where, name)

    def dying(*words: Any, **named: Any) -> Any:
        if after:
            call(*words, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    _put_for_good(where, **{name: dying})


SEAMS: Final[dict[str, tuple[object, str]]] = {
    "a run is entered": (runs, "start_run"),
    "the durable engine opens": (durable, "_config"),
    "the marker table is there": (SqlSystem, "open_run"),
    "the plan is rehearsed": (SqlSystem, "rehearse"),
    "a step begins": (SqlSystem, "start"),
    "a batch": (SqlSystem, "batch"),
    "a step is read again": (SqlSystem, "residual"),
    "a run counts as verified": (applying, "_ended"),
    "markers go": (SqlSystem, "close_run"),
    "the journal is deleted": (dbos.DBOS, "delete_workflow"),
    "the durable engine closes": (dbos.DBOS, "destroy"),
}
"""Places where one database knows of a run what another does not know yet."""
WEAK_POINT: Final = "the weak point of a planted fault"


def die_at(seam: str, edge: str) -> None:
    """Die at a seam."""
    places = {**SEAMS, WEAK_POINT: (sys.modules[__name__], weak_point.__name__)}
    _deadly(*places[seam], after=edge == "after")


THIRD: Final = 3
DISTURBANCES: Final[dict[str, Callable[[], None]]] = {"a lock that is not had": no_lock}
FAULTS: Final[dict[str, Callable[[], None]]] = {
    "a marker written after its change": marker_after_the_change,
    "a marker written before its change": marker_before_the_change,
    "a batch carried out again": batch_again,
    "a run complete too early": complete_too_early,
}
