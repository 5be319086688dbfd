"""The latest instant this store has seen: when the clock goes back, nothing is destroyed until a person looks (2.44).

Only a step back freezes. A step forward cannot be told from a Kept that nobody used for two days, so it is left to the
comparison of two clocks, which asks a system for its time; the mark reports how far the clock moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, update

from kept.store.open import Tx
from kept.store.tables import clock_mark

TOLERANCE: Final = timedelta(seconds=5)
_ROW: Final = clock_mark.c.name == "latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """How the clock moved since the store last looked at it."""

    now: datetime
    mark: datetime | None
    """The latest instant seen before; None the first time."""

    @property
    def moved(self) -> timedelta:
        """Forward when positive."""
        return timedelta(0) if self.mark is None else self.now - self.mark

    @property
    def frozen(self) -> bool:
        """Whether destruction must wait: the clock went back further than a server's ordinary correction."""
        return self.moved < -TOLERANCE


def look(tx: Tx, now: datetime) -> ClockStep:
    """Compare the clock with the mark, changing nothing."""
    return ClockStep(now=now, mark=tx.connection.execute(select(clock_mark.c.at).where(_ROW)).scalar())


def advance(tx: Tx, now: datetime) -> ClockStep:
    """Compare, and move the mark forward, never back."""
    step = look(tx, now)
    if step.mark is None:
        tx.connection.execute(insert(clock_mark).values(name="latest", at=now))
    elif step.mark < now:
        tx.connection.execute(update(clock_mark).where(_ROW).values(at=now))
    return step


def accept(tx: Tx, now: datetime) -> None:
    """Take the present clock as right, after a person has looked; the caller records who in the ledger."""
    tx.connection.execute(delete(clock_mark).where(_ROW))
    tx.connection.execute(insert(clock_mark).values(name="latest", at=now))
