"""Fixed vectors: periods, last days, cut-off instants and response dues."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kept.law.periods import (
    AT_ONCE,
    Edge,
    Period,
    Unit,
    ceiling,
    floor_over,
    last_day,
    midnight,
    parse_period,
    response_due,
    until,
)

BERLIN = "Europe/Berlin"
GERMAN_HOLIDAYS_2025 = {date(2025, 4, 18), date(2025, 4, 21), date(2025, 5, 1)}


def local(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone))  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("60 days", Period(count=60, unit=Unit.DAYS)),
        ("1 month", Period(count=1, unit=Unit.MONTHS)),
        ("7 years", Period(count=7, unit=Unit.YEARS)),
        ("72 hours", Period(count=72, unit=Unit.HOURS)),
        ("at once", AT_ONCE),
    ],
)
def test_a_period_prints_as_it_is_written(text: str, period: Period) -> None:
    assert parse_period(text) == period
    assert str(period) == text


def test_singular_and_plural_are_the_same_period() -> None:
    assert parse_period("1 years") == parse_period("1 year")


@pytest.mark.parametrize("text", ["", "sixty days", "60", "60 weeks", "-1 days", "1.5 years", "60  days", "6٠ days"])
def test_what_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="60 days"):
        parse_period(text)


@pytest.mark.parametrize("text", ["201 years", "2401 months", "73051 days", "9999999 hours"])
def test_a_period_beyond_two_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 200 years"):
        parse_period(text)


@pytest.mark.parametrize(
    ("day", "period", "edge", "end"),
    [
        (date(2025, 1, 31), "60 days", Edge.CEILING, date(2025, 4, 1)),
        (date(2025, 1, 31), "30 days", Edge.CEILING, date(2025, 3, 2)),
        (date(2024, 2, 29), "7 years", Edge.CEILING, date(2031, 2, 28)),
        (date(2024, 2, 29), "7 years", Edge.FLOOR, date(2031, 3, 1)),
        (date(2024, 2, 29), "3 years", Edge.CEILING, date(2027, 2, 28)),
        (date(2025, 1, 31), "2 months", Edge.CEILING, date(2025, 3, 31)),
        (date(2025, 12, 31), "2 months", Edge.FLOOR, date(2026, 3, 1)),
        (date(2024, 2, 29), "4 years", Edge.FLOOR, date(2028, 2, 29)),
        (date(2025, 5, 10), "at once", Edge.CEILING, date(2025, 5, 10)),
    ],
)
def test_the_last_day_counts_from_the_original_day(day: date, period: str, edge: Edge, end: date) -> None:
    assert last_day(day, parse_period(period), edge) == end


def test_hours_have_no_last_day() -> None:
    with pytest.raises(ValueError, match="instant"):
        last_day(date(2025, 1, 1), parse_period("72 hours"), Edge.CEILING)


@pytest.mark.parametrize(
    ("received", "months", "due"),
    [
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2025, 8, 31), 1, date(2025, 9, 30)),
        (date(2025, 3, 5), 1, date(2025, 4, 5)),
        (date(2025, 1, 31), 3, date(2025, 4, 30)),
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
    ],
)
def test_an_answer_is_due_on_the_same_day_of_the_month_or_its_last(received: date, months: int, due: date) -> None:
    assert response_due(local(BERLIN, received.year, received.month, received.day, 9), months, BERLIN) == due


@pytest.mark.parametrize(
    ("received", "months", "due"),
    [
        (date(2025, 3, 5), 1, date(2025, 4, 7)),
        (date(2025, 3, 18), 1, date(2025, 4, 22)),
        (date(2025, 11, 30), 3, date(2026, 3, 2)),
    ],
)
def test_with_a_calendar_an_answer_rolls_over_weekend_and_holiday(received: date, months: int, due: date) -> None:
    at = local(BERLIN, received.year, received.month, received.day, 9)
    assert response_due(at, months, BERLIN, GERMAN_HOLIDAYS_2025.__contains__) == due


def test_the_receipt_day_is_the_civil_day_of_the_zone() -> None:
    received = datetime(2025, 6, 14, 22, 30, tzinfo=UTC)
    assert response_due(received, 1, BERLIN) == date(2025, 7, 15)
    assert response_due(received, 1, "UTC") == date(2025, 7, 14)


def test_forty_five_days_from_receipt_depend_on_the_zone() -> None:
    received = datetime(2025, 3, 30, 22, 30, tzinfo=UTC)
    days = parse_period("45 days")
    assert until(received, days, "America/Los_Angeles", Edge.CEILING) == date(2025, 5, 14)
    assert until(received, days, BERLIN, Edge.CEILING) == date(2025, 5, 15)


def test_at_once_ends_on_the_day_of_the_event() -> None:
    # Obtained 10 May, first export 20 May: the notice is due before that export, on the very day.
    assert until(local(BERLIN, 2025, 5, 20, 8), AT_ONCE, BERLIN, Edge.CEILING) == date(2025, 5, 20)


@pytest.mark.parametrize("voucher", [date(2025, 1, 2), date(2025, 12, 31)])
def test_a_german_voucher_may_go_from_the_first_of_january_2034(voucher: date) -> None:
    dated = local(BERLIN, voucher.year, voucher.month, voucher.day, 12)
    eight = parse_period("8 years")
    before = floor_over(eight, local(BERLIN, 2033, 12, 31, 23, 59), BERLIN, year_end=True)
    after = floor_over(eight, local(BERLIN, 2034, 1, 1), BERLIN, year_end=True)
    assert not dated < before
    assert dated < after
    assert after == local(BERLIN, 2026, 1, 1)
    assert until(dated, eight, BERLIN, Edge.FLOOR, year_end=True) == date(2033, 12, 31)


def test_sixty_days_after_closing_a_row_is_due_and_on_the_next_day_overdue() -> None:
    closed = local(BERLIN, 2025, 1, 31, 23, 30)
    sixty = parse_period("60 days")
    assert not closed < ceiling(sixty, local(BERLIN, 2025, 3, 31, 23, 59), BERLIN).due
    on_the_day = ceiling(sixty, local(BERLIN, 2025, 4, 1), BERLIN)
    assert closed < on_the_day.due
    assert not closed < on_the_day.overdue
    assert closed < ceiling(sixty, local(BERLIN, 2025, 4, 2), BERLIN).overdue


def test_a_leap_day_closing_is_overdue_after_the_28th_while_its_floor_still_stands() -> None:
    closed = local(BERLIN, 2024, 2, 29, 10)
    seven = parse_period("7 years")
    first_of_march = local(BERLIN, 2031, 3, 1, 10)
    assert closed < ceiling(seven, first_of_march, BERLIN).overdue
    assert not closed < floor_over(seven, first_of_march, BERLIN)
    assert closed < floor_over(seven, first_of_march + timedelta(days=1), BERLIN)


def test_hours_are_counted_to_the_instant() -> None:
    as_of = datetime(2025, 6, 1, 12, tzinfo=UTC)
    cuts = ceiling(parse_period("72 hours"), as_of, BERLIN)
    event = as_of - timedelta(hours=72)
    assert event < cuts.due
    assert not event < cuts.overdue
    assert not event < floor_over(parse_period("72 hours"), as_of, BERLIN)


def test_an_event_in_the_future_makes_nothing_due() -> None:
    as_of = local(BERLIN, 2025, 6, 1, 12)
    cuts = ceiling(AT_ONCE, as_of, BERLIN)
    assert as_of < cuts.due
    assert not as_of + timedelta(microseconds=1) < cuts.due
    assert not as_of < cuts.overdue


def test_a_ceiling_from_the_years_end_counts_from_31_december() -> None:
    collected = local(BERLIN, 2020, 3, 5, 12)
    cuts = ceiling(parse_period("3 years"), local(BERLIN, 2023, 12, 31, 12), BERLIN, year_end=True)
    assert collected < cuts.due
    assert not collected < cuts.overdue
    assert ceiling(parse_period("3 years"), local(BERLIN, 2024, 1, 1), BERLIN, year_end=True).overdue == local(
        BERLIN, 2021, 1, 1
    )


def test_midnight_is_the_first_instant_even_where_the_clocks_jumped_over_it() -> None:
    # Toronto 1919: 23:30 became 00:30. Apia 2011: the whole 30 December is missing.
    assert midnight(date(1919, 3, 31), "America/Toronto") == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)
    assert midnight(date(2011, 12, 30), "Pacific/Apia") == datetime(2011, 12, 30, 10, tzinfo=UTC)
    assert midnight(date(2011, 12, 31), "Pacific/Apia") == datetime(2011, 12, 30, 10, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2025, 1, 1)  # noqa: DTZ001 - the fault under test
    for use in (
        lambda: ceiling(AT_ONCE, naive, "UTC"),
        lambda: floor_over(AT_ONCE, naive, "UTC"),
        lambda: until(naive, AT_ONCE, "UTC", Edge.FLOOR),
    ):
        with pytest.raises(ValueError, match="zone"):
            use()


def test_the_calendars_end_is_not_passed() -> None:
    assert last_day(date(9999, 1, 1), parse_period("200 years"), Edge.FLOOR) == date.max
    assert last_day(date(9999, 12, 31), parse_period("1 day"), Edge.CEILING) == date.max
