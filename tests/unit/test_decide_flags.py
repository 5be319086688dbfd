"""Flags of a table: which promises have come due, which duties bind, and what each class of rows becomes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.samples.maps import LATELY, LONG_AGO, NOW, Data, Row, Rows, fate, mapped, of, policy, rule, table, world

from kept.decide.cuts import DUE, OVERDUE, cutoffs
from kept.decide.flags import Case, Flag, Speaks, along, ceilings, clock_event, floors, left
from kept.decide.outcome import Ceiling, Floor
from kept.decide.select import All, Always, Before, Equals, IsNull, Up
from kept.law.periods import Period, Unit
from kept.law.terms import Edge, Event, Fate, Ground, Outcome
from kept.map.bound import Map
from kept.policy.model import Policy, Rule

ON = {Event.COLLECTED: "made", Event.ACCOUNT_CLOSED: "closed"}
ACCOUNT = mapped(table("account", "id integer!", "made timestamp", "closed timestamp", "name text"), "account", on=ON)
USER = mapped(
    table("user", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="customer",
)
SHOP = world(ACCOUNT, USER)
BOOKS = rule("books", "at least 10 years", data=["account"], grounds=[Ground.LEGAL_OBLIGATION], law="§ 147 AO")


def due(promise: Rule, rows: Data, name: str, *, bound: Map = SHOP, edge: str = DUE) -> list[Any] | None:
    """Ids of the rows in which the promise has come due; None when it cannot come due in this table."""
    said = policy(promise)
    flags = ceilings(said, bound, bound.tables[name], edge)
    return _ids(flags, said, bound, rows, name)


def bound_by(promise: Rule, rows: Data, name: str, *, bound: Map = SHOP) -> list[Any] | None:
    """Ids of the rows the duty binds; None when it binds nothing in this table."""
    said = policy(promise)
    return _ids(floors(said, bound, bound.tables[name], grounded=False), said, bound, rows, name)


def _ids(flags: tuple[Flag, ...], said: Policy, bound: Map, rows: Data, name: str) -> list[Any] | None:
    assert len(flags) < 2
    cuts = cutoffs(said, NOW)
    return Rows(bound=bound, rows=rows, cuts=cuts).ids(flags[0].selection, name) if flags else None


def account(number: int, *, made: object = None, closed: object = None) -> Row:
    return {"id": number, "made": made, "closed": closed}


# Ceilings.


def test_an_event_before_the_cut_is_due_and_a_late_one_is_not() -> None:
    rows = {"account": [account(1, made=LONG_AGO), account(2, made=LATELY)]}
    assert due(rule("account", "at most 60 days"), rows, "account") == [1]


def test_an_event_that_has_not_happened_makes_nothing_due() -> None:
    rows = {"account": [account(1), account(2, made=NOW + timedelta(days=1))]}
    for keep in ("at most 60 days", "no longer"):
        assert due(rule("account", keep), rows, "account") == []


def test_an_event_that_no_table_maps_destroys_nothing() -> None:
    assert due(rule("account", "at most 60 days", Event.CASE_CLOSED), {}, "account") is None


def test_a_promise_for_another_kind_says_nothing_of_this_table() -> None:
    assert due(rule("invoice", "at most 60 days"), {}, "account") is None


def test_a_promise_speaks_of_its_own_kinds_alone() -> None:
    both = mapped(
        table("t", "id integer!", "made timestamp", "a text", "b text", "c text"),
        "one",
        on={Event.COLLECTED: "made"},
        columns={"b": fate(Fate.EMPTY, "two"), "c": fate(Fate.EMPTY, "three")},
    )
    bound = world(both)
    promise = rule("some", "at most 1 days", data=["three", "one"])
    (flag,) = ceilings(policy(promise), bound, bound.tables["t"])
    assert (flag.kinds, flag.name, flag.speaks) == (("one", "three"), "some.due", Speaks.CEILING)


@pytest.mark.parametrize("key", ["keep", "from"])
def test_a_promise_that_is_undecided_never_comes_due(key: str) -> None:
    assert due(rule("account", "at most 60 days", undecided=[key]), {}, "account") is None


def test_a_period_that_the_customer_sets_is_not_run_by_the_rule_alone() -> None:
    assert due(rule("account", "at most customer-set"), {}, "account") is None


def test_a_plan_takes_what_is_due_and_a_proof_what_is_overdue() -> None:
    last_day = NOW - timedelta(days=60)
    rows = {"account": [account(1, made=last_day), account(2, made=last_day - timedelta(days=1))]}
    promise = rule("account", "at most 60 days")
    assert due(promise, rows, "account") == [1, 2]
    assert due(promise, rows, "account", edge=OVERDUE) == [2]


@pytest.mark.parametrize("edge", [DUE, OVERDUE])
def test_at_least_then_is_a_floor_and_its_end(edge: str) -> None:
    rows = {"account": [account(1, made=LONG_AGO), account(2, made=LATELY), account(3)]}
    promise = rule("account", "at least 10 years", then=Outcome.ANONYMISE)
    assert due(promise, rows, "account", edge=edge) == [1]
    assert bound_by(promise, rows, "account") == [2, 3]
    (flag,) = ceilings(policy(promise), SHOP, SHOP.tables["account"], edge)
    assert (flag.name, flag.ceiling) == ("account.over", Ceiling(rule="account", then=Outcome.ANONYMISE))


def test_at_least_without_then_never_asks_for_anything() -> None:
    assert due(rule("account", "at least 10 years"), {}, "account") is None


def test_a_ceiling_that_names_no_outcome_deletes() -> None:
    (flag,) = ceilings(policy(replace(rule("account", "no longer"), then=None)), SHOP, SHOP.tables["account"])
    assert flag.ceiling == Ceiling(rule="account", then=Outcome.DELETE)


def test_a_ceiling_asks_for_its_own_outcome() -> None:
    (flag,) = ceilings(policy(rule("account", "no longer", then=Outcome.ANONYMISE)), SHOP, SHOP.tables["account"])
    assert flag.ceiling == Ceiling(rule="account", then=Outcome.ANONYMISE)


def test_the_years_end_is_read_from_the_day_of_collection() -> None:
    rows = {"account": [account(1, made=LONG_AGO), account(2, made=LATELY)]}
    promise = rule("account", "at most 6 years", Event.END_OF_CALENDAR_YEAR)
    assert clock_event(promise) is Event.COLLECTED
    assert due(promise, rows, "account") == [1]
    assert clock_event(rule("account", "no longer", Event.ACCOUNT_CLOSED)) is Event.ACCOUNT_CLOSED


# Clocks up the path.


def test_a_row_ages_with_the_nearest_owner_that_has_the_clock() -> None:
    rows: Data = {
        "account": [account(1, closed=LONG_AGO), account(2, closed=LATELY), account(3)],
        "user": [{"id": n, "account_id": n} for n in (1, 2, 3)] + [{"id": 4, "account_id": None}],
    }
    assert due(rule("account", "at most 60 days", Event.ACCOUNT_CLOSED), rows, "user") == [1]


DEAL = mapped(
    table("deal", "id integer!", "seller integer", "buyer integer"),
    "account",
    of("account", "seller"),
    of("account", "buyer"),
)
TWO_PATHS = world(ACCOUNT, DEAL)
DEALS: Data = {
    "account": [account(1, made=LONG_AGO), account(2, made=LATELY)],
    "deal": [
        {"id": "old", "seller": 1, "buyer": 1},
        {"id": "mixed", "seller": 1, "buyer": 2},
        {"id": "new", "seller": 2, "buyer": 2},
        {"id": "nobody's", "seller": None, "buyer": None},
    ],
}


def test_of_several_paths_the_earliest_ceiling_wins() -> None:
    assert due(rule("account", "at most 60 days"), DEALS, "deal", bound=TWO_PATHS) == ["old", "mixed"]


def test_of_several_paths_the_latest_floor_wins() -> None:
    assert bound_by(rule("account", "at least 60 days"), DEALS, "deal", bound=TWO_PATHS) == ["mixed", "new", "nobody's"]


NOTE = mapped(
    table("note", "id integer!", "on_id integer", "on_type text", "body text"),
    "account",
    of("account", "on_id", when={"on_type": "Account"}),
)
NOTES: Data = {
    "account": [account(1, made=LONG_AGO, closed=LONG_AGO), account(2, made=LATELY)],
    "note": [
        {"id": "old", "on_id": 1, "on_type": "Account"},
        {"id": "open", "on_id": 2, "on_type": "Account"},
        {"id": "other", "on_id": 1, "on_type": "Invoice"},
    ],
}


def test_a_polymorphic_link_lends_its_clock_only_where_its_condition_holds() -> None:
    bound = world(ACCOUNT, NOTE)
    assert due(rule("account", "at most 60 days"), NOTES, "note", bound=bound) == ["old"]
    assert bound_by(rule("account", "at least 60 days"), NOTES, "note", bound=bound) == ["open", "other"]
    assert bound_by(rule("account", "while account-open"), NOTES, "note", bound=bound) == ["open"]


def test_a_selection_is_carried_down_the_path_link_by_link() -> None:
    event = mapped(
        table("event", "id integer!", "user_id integer", "kind text"),
        "usage",
        of("user", "user_id", when={"kind": "x"}),
    )
    bound = world(ACCOUNT, USER, event)
    (hop,) = bound.hops("event", Event.COLLECTED)
    made = Before(column="made", cut="c")
    at_user = Up(via=("account_id",), table="account", to=("id",), where=made)
    at_event = Up(via=("user_id",), table="user", to=("id",), where=at_user)
    assert along(hop, made) == All(parts=(Equals(column="kind", value="x"), at_event))
    (own,) = bound.hops("account", Event.COLLECTED)
    assert along(own, made) == made


# Floors.


def test_a_floor_binds_until_it_is_known_to_be_over() -> None:
    rows = {"account": [account(1, made=LONG_AGO), account(2, made=LATELY), account(3)]}
    assert bound_by(BOOKS, rows, "account") == [2, 3]


def test_a_floor_whose_clock_is_lost_with_the_parent_binds() -> None:
    rows: Data = {
        "account": [account(1, made=LONG_AGO)],
        "user": [{"id": 1, "account_id": 1}, {"id": 2, "account_id": 9}, {"id": 3, "account_id": None}],
    }
    assert bound_by(BOOKS, rows, "user") == [2, 3]


@pytest.mark.parametrize(
    "duty",
    [
        rule("account", "at least undecided", undecided=["keep"]),
        rule("account", "at least customer-set"),
        rule("account", "at least 6 years", Event.CASE_CLOSED),
        rule("account", "at least 6 years", None, undecided=["from"]),
    ],
    ids=["no number", "the customer's number", "no clock", "no event"],
)
def test_a_floor_without_a_number_or_a_clock_binds_until_somebody_decides_it(duty: Rule) -> None:
    (flag,) = floors(policy(duty), SHOP, SHOP.tables["account"], grounded=False)
    assert flag.selection == Always()


@pytest.mark.parametrize("state", ["hold", "needed", "in-backup"])
def test_a_state_is_false_until_it_is_recorded(state: str) -> None:
    assert bound_by(rule("account", f"while {state}"), {}, "account") is None


@pytest.mark.parametrize("keep", ["at most 60 days", "no longer"])
def test_a_ceiling_is_no_floor(keep: str) -> None:
    assert bound_by(rule("account", keep), {}, "account") is None


def test_a_floor_for_another_kind_does_not_bind() -> None:
    assert bound_by(rule("invoice", "at least 6 years"), {}, "account") is None


def test_an_open_account_binds_its_rows_and_a_closed_one_does_not() -> None:
    rows: Data = {
        "account": [account(1), account(2, closed=LONG_AGO)],
        "user": [{"id": 1, "account_id": 1}, {"id": 2, "account_id": 2}, {"id": 3, "account_id": None}],
    }
    open_ = rule("account", "while account-open")
    assert bound_by(open_, rows, "account") == [1]
    assert bound_by(open_, rows, "user") == [1]


def test_rows_that_hang_on_no_account_have_none_that_could_be_open() -> None:
    lead = mapped(table("lead", "id integer!", "name text"), "account", person="lead")
    assert bound_by(rule("account", "while account-open"), {}, "lead", bound=world(ACCOUNT, lead)) is None


def test_a_state_is_false_until_it_is_recorded_so_an_account_nobody_maps_is_not_open() -> None:
    lead = mapped(table("lead", "id integer!", "name text"), "account", person="lead")
    rows: Data = {"lead": [{"id": 1}]}
    assert bound_by(rule("account", "while account-open"), rows, "lead", bound=world(lead)) is None


def test_an_account_is_open_if_one_of_several_is() -> None:
    rows: Data = {
        "account": [account(1), account(2, closed=LONG_AGO)],
        "deal": [{"id": 1, "seller": 2, "buyer": 1}, {"id": 2, "seller": 2, "buyer": 2}],
    }
    assert bound_by(rule("account", "while account-open"), rows, "deal", bound=TWO_PATHS) == [1]


def test_only_a_floor_with_a_ground_stands_against_a_granted_erasure() -> None:
    said = policy(rule("active", "while account-open", data=["account"]), BOOKS)
    table_ = SHOP.tables["account"]
    assert [flag.name for flag in floors(said, SHOP, table_, grounded=False)] == ["active", "books"]
    (flag,) = floors(said, SHOP, table_, grounded=True)
    assert flag.floor == Floor(rule="books", grounds=(Ground.LEGAL_OBLIGATION,), law="§ 147 AO")
    assert (flag.speaks, flag.kinds) == (Speaks.FLOOR, ("account",))


def test_a_dated_floor_says_how_long_it_lasts_and_by_which_clock() -> None:
    said = policy(BOOKS, rule("vat", "at least 8 years", Event.END_OF_CALENDAR_YEAR, data=["account"]))
    books, vat = floors(said, SHOP, SHOP.tables["user"], grounded=False)
    assert books.lasting is not None
    assert vat.lasting is not None
    assert (books.lasting.period, books.lasting.year_end) == (Period(count=10, unit=Unit.YEARS), False)
    assert (vat.lasting.period, vat.lasting.year_end) == (Period(count=8, unit=Unit.YEARS), True)
    assert books.lasting.hops == vat.lasting.hops == SHOP.hops("user", Event.COLLECTED)


@pytest.mark.parametrize(
    "duty", [rule("account", "while account-open"), rule("account", "at least undecided", undecided=["keep"])]
)
def test_a_floor_without_a_date_has_no_end_to_tell(duty: Rule) -> None:
    (flag,) = floors(policy(duty), SHOP, SHOP.tables["account"], grounded=False)
    assert flag.lasting is None


# What is left.


def test_a_kind_is_left_while_one_of_its_cells_holds_data() -> None:
    stored = table("t", "id integer!", "a text", "b text!", "c text", "d text")
    bound = world(mapped(stored, "one", columns={"c": fate(Fate.KEEP), "d": fate(Fate.EMPTY, "two")}))
    one, two = left(bound.tables["t"])
    rows: Data = {
        "t": [
            {"id": 1, "a": None, "b": "removed", "c": "stays", "d": "x"},
            {"id": 2, "a": "x", "b": "removed", "c": None, "d": None},
            {"id": 3, "a": None, "b": "x", "c": None, "d": None},
        ]
    }
    found = Rows(bound=bound, rows=rows)
    assert (one.name, one.kinds, one.speaks) == ("left.one", ("one",), Speaks.LEFT)
    assert found.ids(one.selection, "t") == [2, 3]
    assert found.ids(two.selection, "t") == [1]


def test_a_kind_of_which_no_cell_can_be_emptied_has_nothing_left() -> None:
    bound = world(mapped(table("t", "id integer!", "a text"), "one", columns={"a": fate(Fate.KEEP)}))
    (flag,) = left(bound.tables["t"])
    assert flag.selection == Always(value=False)


# Classes.

PASSED = Flag(
    name="crm.due",
    speaks=Speaks.CEILING,
    kinds=("crm",),
    selection=IsNull(column="a"),
    ceiling=Ceiling(rule="crm", then=Outcome.DELETE),
)
BINDING = Flag(
    name="books", speaks=Speaks.FLOOR, kinds=("invoice",), selection=IsNull(column="b"), floor=Floor(rule="books")
)
NEEDED = Flag(name="needed", speaks=Speaks.NEEDED, kinds=(), selection=IsNull(column="c"))
LEFT = Flag(name="left.crm", speaks=Speaks.LEFT, kinds=("crm",), selection=IsNull(column="d"))


def case(*flags: Flag, kinds: tuple[str, ...] = ("crm",), granted: bool = False) -> Case:
    return Case(system="s", table="t", kinds=kinds, scope=Always(), flags=flags, granted=granted)


def test_there_is_a_decision_for_every_combination_of_flags() -> None:
    made = case(PASSED, BINDING, NEEDED)
    assert len(made.classes) == 8
    assert [flag.name for flag in made.set_in(5)] == ["crm.due", "needed"]
    assert made.selections == (PASSED.selection, BINDING.selection, NEEDED.selection)


def test_a_row_that_a_staying_row_points_at_remains_as_an_emptied_shell() -> None:
    free, needed = case(PASSED, NEEDED).classes[1], case(PASSED, NEEDED).classes[3]
    assert (free.whole, free.shell) == (True, False)
    assert (needed.whole, needed.shell, needed.destroys) == (False, True, True)


def test_a_shell_that_holds_nothing_more_is_done() -> None:
    made = case(PASSED, NEEDED, LEFT)
    full, empty = made.classes[0b111], made.classes[0b011]
    assert (full.destroys, full.shell) == (True, True)
    assert (empty.destroys, empty.shell) == (False, True)
    assert [(decision.outcome, decision.because) for _, decision in empty.cells] == [(Outcome.KEEP, ("done",))]


def test_an_emptied_row_that_nobody_needs_any_more_still_goes_whole() -> None:
    assert case(PASSED, NEEDED, LEFT).classes[0b001].whole


def test_what_a_duty_keeps_is_not_told_as_done() -> None:
    row = case(PASSED, BINDING, LEFT, kinds=("crm", "invoice")).classes[0b011]
    assert (dict(row.cells)["crm"].because, dict(row.cells)["invoice"].because) == (("done",), ("books",))


def test_a_kind_is_settled_by_its_own_flag_alone() -> None:
    other = Flag(name="left.invoice", speaks=Speaks.LEFT, kinds=("invoice",), selection=IsNull(column="e"))
    made = case(PASSED, BINDING, LEFT, other, kinds=("crm", "invoice"))
    cells = dict(made.classes[0b0111].cells)  # crm is left, invoice is not
    assert cells["crm"].outcome is Outcome.DELETE
    assert cells["invoice"].because == ("books",)


def test_a_duty_for_one_kind_keeps_the_row_and_not_the_other_kinds_cells() -> None:
    grounded = Flag(
        name="books",
        speaks=Speaks.FLOOR,
        kinds=("invoice",),
        selection=IsNull(column="b"),
        floor=Floor(rule="books", grounds=(Ground.LEGAL_OBLIGATION,)),
    )
    row = case(grounded, kinds=("crm", "invoice"), granted=True).classes[1]
    cells = dict(row.cells)
    assert (row.whole, row.shell) == (False, False)
    assert cells["crm"].outcome is Outcome.DELETE
    assert (cells["invoice"].outcome, cells["invoice"].withheld) == (Outcome.KEEP, Outcome.DELETE)


def test_every_row_lies_in_the_selection_of_its_own_class_and_in_no_other() -> None:
    made = case(PASSED, BINDING, NEEDED, LEFT)
    rows: list[Row] = [
        {"id": n, **{name: None if n >> bit & 1 else "x" for bit, name in enumerate("abcd")}} for n in range(16)
    ]
    found = Rows(bound=SHOP, rows={"t": rows})
    for number in range(16):
        assert found.ids(made.rows_in([number]), "t") == [number]
    assert found.ids(made.rows_in([1, 4, 5, 15]), "t") == [1, 4, 5, 15]
    assert found.ids(made.rows_in([]), "t") == []


def test_a_mentioned_owner_lends_no_floor() -> None:
    child = mapped(table("c", "id integer!", "a integer"), "account", of("account", "a", edge=Edge.MENTION))
    bound = world(ACCOUNT, child)
    assert bound_by(rule("account", "while account-open"), {}, "c", bound=bound) is None


def test_of_two_polymorphic_owners_only_the_one_that_applies_says_whether_a_floor_is_over() -> None:
    stored = table("note", "id integer!", "on_id integer", "on_type text", "body text")
    note = mapped(
        stored,
        "account",
        of("account", "on_id", when={"on_type": "Account"}),
        of("user", "on_id", when={"on_type": "User"}),
    )
    rows: Data = {
        "account": [account(1, made=LONG_AGO)],
        "user": [],
        "note": [{"id": "over", "on_id": 1, "on_type": "Account"}, {"id": "lost", "on_id": 9, "on_type": "Account"}],
    }
    assert bound_by(BOOKS, rows, "note", bound=world(ACCOUNT, USER, note)) == ["lost"]
