"""Cut-off instants: one per promise and edge, in the controller's zone, rounded to the safe side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.samples.maps import NOW, policy, rule

from kept.decide.cuts import DUE, OVER, OVERDUE, cut_name, cutoffs
from kept.law.terms import Event, Outcome

LEAP = datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_a_ceiling_has_a_cut_for_what_may_go_and_one_for_what_should_be_gone() -> None:
    cuts = cutoffs(policy(rule("crm", "at most 60 days")), NOW)
    assert set(cuts) == {"crm.due", "crm.overdue"}
    assert cuts["crm.due"] - cuts["crm.overdue"] == timedelta(days=1)


def test_a_floor_has_one_cut_before_which_it_is_over() -> None:
    assert set(cutoffs(policy(rule("books", "at least 10 years")), NOW)) == {"books.over"}


@pytest.mark.parametrize("state", ["account-open", "hold", "needed", "in-backup"])
def test_a_state_has_no_date(state: str) -> None:
    assert cutoffs(policy(rule("active", f"while {state}")), NOW) == {}


@pytest.mark.parametrize("key", ["keep", "from"])
def test_a_promise_whose_number_or_event_is_undecided_has_no_cut(key: str) -> None:
    assert cutoffs(policy(rule("crm", "at most 60 days", undecided=[key])), NOW) == {}


def test_a_promise_that_leaves_something_else_undecided_runs() -> None:
    assert set(cutoffs(policy(rule("books", "at least 10 years", undecided=["law"])), NOW)) == {"books.over"}


def test_a_period_that_the_customer_sets_has_no_cut_of_its_own() -> None:
    assert cutoffs(policy(rule("crm", "at most customer-set"), rule("deal", "at least customer-set")), NOW) == {}


def test_every_rule_has_its_own_cuts_under_its_own_name() -> None:
    cuts = cutoffs(policy(rule("crm", "at most 60 days"), rule("lead", "at most 3 years")), NOW)
    assert cuts["crm.due"] > cuts["lead.due"]
    assert cut_name(rule("crm", "no longer"), DUE) == "crm.due"


def test_no_longer_is_due_at_once() -> None:
    due = cutoffs(policy(rule("crm", "no longer")), NOW)["crm.due"]
    assert NOW < due <= NOW + timedelta(days=1)


def test_a_day_begins_in_the_controllers_zone() -> None:
    late = datetime(2026, 6, 15, 22, 30, tzinfo=UTC)  # 16 June in Oslo
    promise = rule("crm", "at most 10 days")
    assert cutoffs(policy(promise), late)["crm.due"] == datetime(2026, 6, 6, tzinfo=UTC)
    oslo = cutoffs(policy(promise, zone="Europe/Oslo"), late)["crm.due"]
    assert oslo == datetime(2026, 6, 6, 22, tzinfo=UTC)


def test_ceilings_end_earlier_and_floors_later_where_the_day_does_not_exist() -> None:
    """29 February 2024 plus seven years: 28 February 2031 as a ceiling, 1 March 2031 as a floor."""
    promises = policy(rule("crm", "at most 7 years"), rule("books", "at least 7 years"))
    on = {day: cutoffs(promises, datetime(2031, *day, 12, tzinfo=UTC)) for day in ((2, 27), (2, 28), (3, 1), (3, 2))}
    assert [on[day]["crm.due"] > LEAP for day in on] == [False, True, True, True]
    assert [on[day]["crm.overdue"] > LEAP for day in on] == [False, False, True, True]
    assert [on[day]["books.over"] > LEAP for day in on] == [False, False, False, True]


def test_a_period_from_the_years_end_counts_from_31_december_of_the_events_year() -> None:
    promises = policy(
        rule("voucher", "at least 8 years", Event.END_OF_CALENDAR_YEAR),
        rule("letter", "at most 6 years", Event.END_OF_CALENDAR_YEAR, then=Outcome.DELETE),
    )
    first, last = datetime(2025, 1, 2, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    before = cutoffs(promises, datetime(2033, 12, 31, 12, tzinfo=UTC))["voucher.over"]
    after = cutoffs(promises, datetime(2034, 1, 1, 12, tzinfo=UTC))["voucher.over"]
    assert before <= first < last < after
    letter = cutoffs(promises, datetime(2031, 12, 31, 12, tzinfo=UTC))
    assert letter["letter.overdue"] <= first < last < letter["letter.due"]


def test_the_three_edges_have_names_of_their_own() -> None:
    assert len({DUE, OVERDUE, OVER}) == 3
