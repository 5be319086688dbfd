"""Since when rows are overdue: the day after the last one on which the oldest of them was allowed to stay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from kept.decide.flags import clock_event
from kept.law.periods import Edge, Period, Unit, midnight, until
from kept.law.terms import Event
from kept.map.bound import Hop
from kept.policy.model import Rule
from kept.ports import CountQuery
from kept.prove.controls.witness import Witness


@runtime_checkable
class TellsEarliest(Protocol):
    """A port that can read the oldest instant of a clock."""

    def earliest(self, query: CountQuery, hop: Hop) -> datetime | None:
        """The earliest instant (aware) of the clock `hop` leads to, over the rows a query selects. One statement."""


def overdue_since(rule: Rule, query: CountQuery, witness: Witness, zone: str) -> datetime | None:
    """When the oldest of these overdue rows became overdue; None where the system cannot tell."""
    port, event = witness.port, clock_event(rule)
    if not isinstance(port, TellsEarliest) or event is None or rule.ceiling is None:
        return None
    read = (port.earliest(query, hop) for hop in witness.map.hops(query.table, event))
    oldest = min((at for at in read if at is not None), default=None)
    year_end = rule.event is Event.END_OF_CALENDAR_YEAR
    return None if oldest is None else _over(oldest, rule.ceiling, zone, year_end=year_end)


def _over(event: datetime, period: Period, zone: str, *, year_end: bool) -> datetime:
    if period.unit is Unit.HOURS and not year_end:
        return event + timedelta(hours=period.count)
    return midnight(until(event, period, zone, Edge.CEILING, year_end=year_end) + timedelta(days=1), zone)
