"""Civil dates of periods: from the original anchor, ceilings earlier, floors later."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def instant(value: Any, clock: str, zone: str) -> tuple[datetime, date] | None:
    """Return what a clock's cell says: the instant and the civil day in the controller's zone; None: not yet."""
    if value is None:
        return None
    if isinstance(value, int):
        moment = datetime.fromtimestamp(value, UTC)
    elif isinstance(value, datetime):
        moment = value.replace(tzinfo=ZoneInfo(clock)).astimezone(UTC)
    else:
        # A date has no zone: it is the civil day it names.
        midnight = datetime(value.year, value.month, value.day, tzinfo=ZoneInfo(zone))
        return midnight.astimezone(UTC), value
    return moment, moment.astimezone(ZoneInfo(zone)).date()


def later(day: date, count: int, unit: str, *, floor: bool) -> date:
    """Return the day `count` units after `day`; a day the month lacks is its last, or for a floor the next first."""
    if unit == "days":
        return day + timedelta(days=count)
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    last = monthrange(year, month + 1)[1]
    if day.day <= last:
        return date(year, month + 1, day.day)
    return date(year, month + 1, last) + timedelta(days=1 if floor else 0)


def passed(event: tuple[datetime, date], now: datetime, zone: str, count: int, unit: str) -> bool:
    """Whether a ceiling is reached: from the first moment of its last day."""
    moment, day = event
    if unit == "hours" or count == 0:
        return moment + timedelta(hours=count) <= now
    return now.astimezone(ZoneInfo(zone)).date() >= later(day, count, unit, floor=False)


def lasts(event: tuple[datetime, date], now: datetime, zone: str, count: int, unit: str) -> bool:
    """Whether a floor still holds: to the last moment of its last day."""
    moment, day = event
    if unit == "hours":
        return now < moment + timedelta(hours=count)
    return now.astimezone(ZoneInfo(zone)).date() <= later(day, count, unit, floor=True)


def year_end(event: tuple[datetime, date]) -> tuple[datetime, date]:
    """Return the last day of the event's calendar year."""
    return event[0], date(event[1].year, 12, 31)
