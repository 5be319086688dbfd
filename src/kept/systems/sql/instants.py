"""A cut-off instant in the words of the column it meets: zone, date, epoch or text (grammar: plumbing keys)."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kept.map.bound import Map
from kept.map.schema import Family
from kept.map.system import Clock

_MICROSECOND = timedelta(microseconds=1)
_EPOCHS = {"epoch": 1, "epoch-ms": 1000}
_LAST_YEAR = 9000
"""9999 and the like say «never»."""


def bound_instant(bound: Map, table: str, column: str, instant: datetime, zone: str) -> object:
    """The value that makes `column < value` mean «before the instant».

    `zone` is the controller's: a column of plain dates holds its civil days.
    """
    clock = clock_of(bound, table, column)
    family = bound.schema.by_name[table].by_name[column].family
    local = instant.astimezone(ZoneInfo(clock.zone or bound.system.clock))
    match clock.format or _format(family):
        case "epoch":
            return math.ceil(instant.timestamp())
        case "epoch-ms":
            return math.ceil(instant.timestamp() * 1000)
        case "date":
            return _day(instant, zone, as_text=_stored_as_text(bound, family))
        case "iso":
            return _text(local, "T")
        case _ if _stored_as_text(bound, family):
            return _text(local, " ")
    if family is Family.INSTANT and bound.schema.dialect == "postgresql":
        return instant.astimezone(UTC)
    if family is Family.INSTANT and bound.schema.dialect == "mariadb":
        return instant.astimezone(UTC).replace(tzinfo=None)  # the session shows it in UTC
    return local.replace(tzinfo=None)


def zone_of(bound: Map, table: str, column: str) -> str:
    """The zone in which the column is written."""
    return clock_of(bound, table, column).zone or bound.system.clock


def read_instant(bound: Map, table: str, column: str, value: object, zone: str) -> datetime | None:
    """What a clock's column holds, as an aware instant: the reverse of `bound_instant`, for explanations.

    None where nobody can read it, or where no duty counted from it would end in a year there is: the duty is not known
    to be over, so it binds and no day is named.
    """
    try:
        at = _read(bound, table, column, value, zone)
    except (TypeError, ValueError, OverflowError, OSError, ArithmeticError):
        return None
    return at if at is not None and 1 < at.year < _LAST_YEAR else None


def _read(bound: Map, table: str, column: str, value: object, zone: str) -> datetime | None:
    clock = clock_of(bound, table, column)
    family = bound.schema.by_name[table].by_name[column].family
    form = clock.format or _format(family)
    if form in _EPOCHS and isinstance(value, str):
        value = Decimal(value)
    if isinstance(value, int | float | Decimal):
        return datetime.fromtimestamp(float(value) / _EPOCHS.get(form, 1), UTC)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        own = ZoneInfo("UTC" if family is Family.INSTANT else clock.zone or bound.system.clock)
        return value if value.tzinfo else value.replace(tzinfo=ZoneInfo(zone) if form == "date" else own)
    return datetime.combine(value, time(), ZoneInfo(zone)) if isinstance(value, date) else None


def clock_of(bound: Map, table: str, column: str) -> Clock:
    """How the policy says the column is written; by its type when it says nothing."""
    entry = bound.system.by_name.get(table)
    clocks = entry.on.values() if entry else ()
    return next((clock for clock in clocks if clock.column == column), Clock(column=column))


def _format(family: Family) -> str:
    return {Family.DATE: "date", Family.INTEGER: "epoch", Family.DECIMAL: "epoch", Family.REAL: "epoch"}.get(
        family, "timestamp"
    )


def _stored_as_text(bound: Map, family: Family) -> bool:
    return bound.schema.dialect == "sqlite" or family is Family.TEXT


def _day(instant: datetime, zone: str, *, as_text: bool) -> date | str:
    local = instant.astimezone(ZoneInfo(zone))
    # A cut inside a day lets the whole day pass: a date says no more than its day.
    whole = local.date() if local.time() == time() else (local - _MICROSECOND).date() + timedelta(days=1)
    return whole.isoformat() if as_text else whole


def _text(local: datetime, between: str) -> str:
    """Without what is zero: text compares byte by byte, and the shorter of two equals is less.

    At midnight the day alone: a text that names only this day is not before it.
    """
    if local.time() == time():
        return local.date().isoformat()
    return local.replace(tzinfo=None).isoformat(
        sep=between, timespec="microseconds" if local.microsecond else "seconds"
    )
