"""Laws of periods, against a definition written day by day that shares no code with the product."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from kept.law.periods import Cuts, Edge, Period, Unit, ceiling, floor_over, last_day, midnight, parse_period, until

ZONES = st.sampled_from(
    ["Europe/Oslo", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "Europe/Dublin", "America/Sao_Paulo", "UTC"]
)
INSTANTS = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DAYS = st.dates(date(1900, 1, 1), date(2190, 1, 1))
CIVIL = st.one_of(
    st.builds(Period, count=st.integers(0, 800), unit=st.just(Unit.DAYS)),
    st.builds(Period, count=st.integers(0, 130), unit=st.just(Unit.MONTHS)),
    st.builds(Period, count=st.integers(0, 40), unit=st.just(Unit.YEARS)),
)
HOURS = st.builds(Period, count=st.integers(0, 5000), unit=st.just(Unit.HOURS))
PERIODS = st.one_of(CIVIL, HOURS)
EDGES = st.sampled_from(Edge)


def ends(day: date, period: Period, edge: Edge, *, year_end: bool) -> date:
    """The last day by walking the calendar forward one month or day at a time."""
    day = date(day.year, 12, 31) if year_end else day
    if period.unit is Unit.DAYS:
        return day + timedelta(days=period.count)
    year, month = day.year, day.month
    for _ in range(period.count * (12 if period.unit is Unit.YEARS else 1)):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    if day.day <= calendar.monthrange(year, month)[1]:
        return date(year, month, day.day)
    if edge is Edge.CEILING:
        return date(year, month, calendar.monthrange(year, month)[1])
    return date(year, month, calendar.monthrange(year, month)[1]) + timedelta(days=1)


@st.composite
def near_the_cut(draw: st.DrawFn) -> tuple[Period, datetime, datetime, str, bool]:
    """A period, an event, and a moment of looking within days of the period's end."""
    period, event, zone = draw(CIVIL), draw(INSTANTS), draw(ZONES)
    year_end = draw(st.booleans())
    end = ends(event.astimezone(ZoneInfo(zone)).date(), period, draw(EDGES), year_end=year_end)
    offset = timedelta(hours=draw(st.integers(-60, 60)), minutes=draw(st.integers(0, 59)))
    return period, event, datetime(end.year, end.month, end.day, tzinfo=UTC) + offset, zone, year_end


@given(near_the_cut())
def test_the_cuts_say_of_every_event_what_its_own_last_day_says(
    case: tuple[Period, datetime, datetime, str, bool],
) -> None:
    period, event, as_of, zone, year_end = case
    today, day = (x.astimezone(ZoneInfo(zone)).date() for x in (as_of, event))
    ceil, floor = (ends(day, period, edge, year_end=year_end) for edge in (Edge.CEILING, Edge.FLOOR))
    cuts = ceiling(period, as_of, zone, year_end=year_end)
    assert (event < cuts.due) == (today >= ceil and event <= as_of)
    assert (event < cuts.overdue) == (today > ceil)
    assert (event < floor_over(period, as_of, zone, year_end=year_end)) == (today > floor)


@given(HOURS, INSTANTS, st.integers(-3, 3), ZONES)
def test_hours_are_due_at_their_instant_and_overdue_after_it(
    period: Period, event: datetime, off: int, zone: str
) -> None:
    as_of = event + timedelta(hours=period.count, microseconds=off)
    cuts = ceiling(period, as_of, zone)
    assert (event < cuts.due) == (off >= 0)
    assert (event < cuts.overdue) == (off > 0)


@given(DAYS, CIVIL, EDGES)
def test_the_last_day_is_what_the_calendar_says(day: date, period: Period, edge: Edge) -> None:
    assert last_day(day, period, edge) == ends(day, period, edge, year_end=False)


@given(DAYS, DAYS, CIVIL, EDGES)
def test_a_later_event_never_ends_earlier(one: date, two: date, period: Period, edge: Edge) -> None:
    first, second = sorted((one, two))
    assert last_day(first, period, edge) <= last_day(second, period, edge)


@given(DAYS, CIVIL)
def test_a_floor_never_ends_before_a_ceiling(day: date, period: Period) -> None:
    assert day <= last_day(day, period, Edge.CEILING) <= last_day(day, period, Edge.FLOOR)


@given(PERIODS, INSTANTS, INSTANTS, ZONES, st.booleans())
def test_cuts_never_move_back_as_time_goes_on(
    period: Period, one: datetime, two: datetime, zone: str, year_end: bool
) -> None:
    early, late = (ceiling(period, at, zone, year_end=year_end) for at in sorted((one, two)))
    assert early.due <= late.due
    assert early.overdue <= late.overdue
    floors = [floor_over(period, at, zone, year_end=year_end) for at in sorted((one, two))]
    assert floors == sorted(floors)


@given(PERIODS, INSTANTS, ZONES, st.booleans())
def test_what_is_overdue_is_due_and_nothing_in_the_future_is(
    period: Period, as_of: datetime, zone: str, year_end: bool
) -> None:
    cuts = ceiling(period, as_of, zone, year_end=year_end)
    assert cuts.overdue <= cuts.due <= as_of + timedelta(microseconds=1)


@given(PERIODS, INSTANTS, ZONES, st.booleans())
def test_when_a_floor_is_over_the_ceiling_of_the_same_period_is_too(
    period: Period, as_of: datetime, zone: str, year_end: bool
) -> None:
    assert floor_over(period, as_of, zone, year_end=year_end) <= ceiling(period, as_of, zone, year_end=year_end).overdue


@given(CIVIL, INSTANTS, ZONES, EDGES)
def test_until_names_the_day_the_cuts_turn(period: Period, event: datetime, zone: str, edge: Edge) -> None:
    end = until(event, period, zone, edge)
    noon_after = midnight(end + timedelta(days=1), zone) + timedelta(hours=12)
    cut = ceiling(period, noon_after, zone).overdue if edge is Edge.CEILING else floor_over(period, noon_after, zone)
    assert event < cut


@given(CIVIL, INSTANTS, EDGES, st.booleans())
def test_four_hundred_years_later_everything_is_the_same(
    period: Period, as_of: datetime, edge: Edge, year_end: bool
) -> None:
    # The Gregorian calendar repeats after 146,097 days.
    cycle = timedelta(days=146_097)
    day = as_of.date()
    assert last_day(day + cycle, period, edge) == last_day(day, period, edge) + cycle
    cuts = ceiling(period, as_of, "UTC", year_end=year_end)
    later = ceiling(period, as_of + cycle, "UTC", year_end=year_end)
    assert later == Cuts(due=cuts.due + cycle, overdue=cuts.overdue + cycle)


@given(st.dates(date(1900, 1, 1), date(2090, 1, 1)), ZONES)
def test_midnight_is_the_first_instant_of_its_day(day: date, zone: str) -> None:
    first = midnight(day, zone)
    assert first.astimezone(ZoneInfo(zone)).date() >= day
    assert (first - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < day


@given(PERIODS)
def test_a_period_survives_being_written_and_read(period: Period) -> None:
    assert parse_period(str(period)) == period
