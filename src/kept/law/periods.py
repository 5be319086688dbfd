"""Civil-date arithmetic: periods in words, the day on which they end, and cut-off instants for comparisons.

Days are civil days in a zone; the day of the event is not counted (Reg. (EEC) 1182/71, Art. 3(1)).
Months and years count from the original day and are clamped to the month's end. Where the target day
does not exist, a ceiling ends earlier and a floor later, so that both errors fall on the safe side.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Unit(StrEnum):
    """What a period is counted in."""

    HOURS = "hours"
    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


class Edge(StrEnum):
    """Which side is safe when a day does not exist: a ceiling ends earlier, a floor ends later."""

    CEILING = "ceiling"
    FLOOR = "floor"


MOST: Final = {Unit.HOURS: 200 * 8766, Unit.DAYS: 200 * 365 + 50, Unit.MONTHS: 2400, Unit.YEARS: 200}
"""Longest period per unit: about 200 years."""

_WRITTEN: Final = re.compile(r"([0-9]{1,7}) (hour|day|month|year)s?", re.ASCII)
_DAYS_OF: Final = {Unit.DAYS: 1.0, Unit.MONTHS: 30.436875, Unit.YEARS: 365.2425}
_SLACK: Final = 800  # days around the estimate: more than a year's end and a month's end can move it
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A length of time as a promise gives it; prints as it is written in the policy."""

    count: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 <= self.count <= MOST[self.unit]:
            raise ValueError(f"a period is at most 200 years, got {self.count} {self.unit}")

    def __str__(self) -> str:
        if self == AT_ONCE:
            return "at once"
        return f"{self.count} {self.unit if self.count != 1 else self.unit[:-1]}"


AT_ONCE: Final = Period(count=0, unit=Unit.DAYS)


def parse_period(text: str) -> Period:
    """Read `60 days`, `1 month`, `7 years`, `72 hours` or `at once`."""
    if text == "at once":
        return AT_ONCE
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise ValueError("a period is a whole number of hours, days, months or years, or `at once`: write `60 days`")
    return Period(count=int(written[1]), unit=Unit(written[2] + "s"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Cut-off instants of a ceiling: an event before `due` may go, an event before `overdue` should be gone."""

    due: datetime
    overdue: datetime


def last_day(day: date, period: Period, edge: Edge) -> date:
    """The civil day on which the period ends, counted from the event's civil day."""
    if period.unit is Unit.HOURS:
        raise ValueError("a period in hours ends at an instant, not on a day")
    if period.unit is Unit.DAYS:
        return _shifted(day, period.count)
    return _months_later(day, period.count * (12 if period.unit is Unit.YEARS else 1), edge)


def ceiling(period: Period, as_of: datetime, zone: str, *, year_end: bool = False) -> Cuts:
    """Cut-offs of a ceiling: due from its last day on, overdue after it."""
    _aware(as_of)
    if period.unit is Unit.HOURS and not year_end:
        start = as_of.astimezone(UTC) - timedelta(hours=period.count)
        return Cuts(due=start + _MICROSECOND, overdue=start)
    today = civil_day(as_of, zone)
    due = _cut(period, today, zone, Edge.CEILING, year_end)
    overdue = _cut(period, _shifted(today, -1), zone, Edge.CEILING, year_end)
    # INVARIANT: an event in the future makes nothing due, whatever the rest of its civil day says.
    latest = as_of.astimezone(UTC) + _MICROSECOND
    return Cuts(due=min(due, latest), overdue=min(overdue, latest))


def floor_over(period: Period, as_of: datetime, zone: str, *, year_end: bool = False) -> datetime:
    """The instant before which an event's floor is over: its last day lies before today."""
    _aware(as_of)
    if period.unit is Unit.HOURS and not year_end:
        return as_of.astimezone(UTC) - timedelta(hours=period.count)
    return _cut(period, _shifted(civil_day(as_of, zone), -1), zone, Edge.FLOOR, year_end)


def until(event: datetime, period: Period, zone: str, edge: Edge, *, year_end: bool = False) -> date:
    """The last civil day of the period that starts with `event`, for explanations and letters."""
    _aware(event)
    if period.unit is Unit.HOURS and not year_end:
        return civil_day(event + timedelta(hours=period.count), zone)
    return _ends(civil_day(event, zone), period, edge, year_end)


def response_due(received: datetime, months: int, zone: str, holidays: Callable[[date], bool] | None = None) -> date:
    """The day an answer is due (Art. 12(3)); rolls over weekends and holidays only with a calendar (1182/71)."""
    due = until(received, Period(count=months, unit=Unit.MONTHS), zone, Edge.CEILING)
    while holidays is not None and (due.isoweekday() > 5 or holidays(due)):  # noqa: PLR2004 - Saturday is 6
        due = _shifted(due, 1)
    return due


def civil_day(instant: datetime, zone: str) -> date:
    """The calendar day an instant falls on in a zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def midnight(day: date, zone: str) -> datetime:
    """The first instant (UTC) of a civil day; for a day the zone skipped, the first instant after it."""
    local = datetime.combine(day, time(), ZoneInfo(zone))
    first = local.astimezone(UTC)
    if first.astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(tzinfo=None):
        return first
    # 00:00 does not exist (clocks jumped over it): search the jump, which lies between the two readings.
    earliest = local.replace(fold=1).astimezone(UTC)
    seconds = range(int((first - earliest).total_seconds()))
    steps = bisect_left(seconds, day, key=lambda s: civil_day(earliest + timedelta(seconds=s), zone))
    return earliest + timedelta(seconds=steps)


def _cut(period: Period, latest: date, zone: str, edge: Edge, year_end: bool) -> datetime:
    """Midnight after the latest event day whose period ends on `latest` or before."""
    guess = latest.toordinal() - round(period.count * _DAYS_OF.get(period.unit, 1 / 24))
    days = range(max(2, guess - _SLACK), min(guess + _SLACK, date.max.toordinal()))
    found = bisect_right(days, latest, key=lambda n: _ends(date.fromordinal(n), period, edge, year_end))
    return midnight(date.fromordinal(days.start + found), zone)


def _ends(day: date, period: Period, edge: Edge, year_end: bool) -> date:
    start = date(day.year, 12, 31) if year_end else day
    if period.unit is Unit.HOURS:
        # A year's end has no hour: whole days, rounded to the safe side.
        spare = 23 if edge is Edge.FLOOR else 0
        return _shifted(start, (period.count + spare) // 24)
    return last_day(start, period, edge)


def _months_later(day: date, months: int, edge: Edge) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    length = monthrange(year, month + 1)[1]
    if day.day <= length:
        return date(year, month + 1, day.day)
    end = date(year, month + 1, length)
    return end if edge is Edge.CEILING else _shifted(end, 1)


def _shifted(day: date, days: int) -> date:
    """The day so many days away, kept inside the calendar."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _aware(instant: datetime) -> None:
    if instant.tzinfo is None:
        raise ValueError("an instant needs its zone")
