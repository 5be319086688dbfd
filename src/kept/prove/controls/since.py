"""Since when rows are overdue: the day after the last one on which the oldest of them was allowed to stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from kept.decide.flags import clock_event
from kept.law.periods import Edge, Period, Unit, midnight, until
from kept.law.terms import Event
from kept.policy.model import Rule
from kept.ports import CountQuery
from kept.prove.controls.witness import Witness


def overdue_since(rule: Rule, query: CountQuery, witness: Witness, zone: str) -> datetime | None:
    """When the oldest of these overdue rows became overdue; None where the system cannot tell."""
    event = clock_event(rule)
    if event is None or rule.ceiling is None:
        return None
    read = (witness.port.earliest(query, hop) for hop in witness.map.hops(query.table, event))
    oldest = min((at for at in read if at is not None), default=None)
    year_end = rule.event is Event.END_OF_CALENDAR_YEAR
    return None if oldest is None else _over(oldest, rule.ceiling, zone, year_end=year_end)


def _over(event: datetime, period: Period, zone: str, *, year_end: bool) -> datetime:
    if period.unit is Unit.HOURS and not year_end:
        return event + timedelta(hours=period.count)
    return midnight(until(event, period, zone, Edge.CEILING, year_end=year_end) + timedelta(days=1), zone)
