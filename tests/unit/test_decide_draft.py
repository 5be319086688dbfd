"""A draft: which tables a trigger touches, in which order, under which flags, and what forbids it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.samples.maps import (
    LATELY,
    LONG_AGO,
    NOW,
    Data,
    Rows,
    fate,
    foreign,
    mapped,
    of,
    policy,
    rule,
    table,
    world,
)

from kept.decide.cuts import OVERDUE
from kept.decide.draft import RETENTION, Draft, Trigger, draft
from kept.decide.flags import Case
from kept.decide.reach import own
from kept.decide.select import Before, Some
from kept.law.terms import Edge, Event, Fate, Ground, Outcome
from kept.map.bound import Map
from kept.policy.model import Rule

CUSTOMER = frozenset({"customer"})
ERASURE = Trigger(kind="erasure", people=CUSTOMER)
ACCOUNT = mapped(
    table("account", "id integer!", "closed timestamp", "name text"),
    "account",
    on={Event.ACCOUNT_CLOSED: "closed"},
)
USER = mapped(
    table("user", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="customer",
)
EVENT = mapped(
    table("event", "id integer!", "user_id integer", "at timestamp", "page text"),
    "usage",
    of("user", "user_id"),
    on={Event.COLLECTED: "at"},
)
BILL = mapped(
    table("bill", "id integer!", "user_id integer", "made timestamp", "address text", "sum text"),
    "invoice",
    of("user", "user_id"),
    on={Event.COLLECTED: "made"},
    columns={"address": fate(Fate.EMPTY, "account")},
)
SHOP = world(ACCOUNT, USER, EVENT, BILL)
BOOKS = rule("invoice", "at least 10 years", grounds=[Ground.LEGAL_OBLIGATION], law="§ 147 AO")
CLOSED = rule("account", "at most 60 days", Event.ACCOUNT_CLOSED)
USAGE = rule("usage", "at most 30 days")


def drafted(*rules: Rule, bound: Map = SHOP, trigger: Trigger = RETENTION) -> Draft:
    made = draft(policy(*rules), bound, trigger, NOW)
    assert made.objections == ()
    return made


def case(made: Draft, name: str) -> Case:
    return next(each for each in made.cases if each.table == name)


def fates(made: Draft, name: str, data: Data, bound: Map = SHOP, **keys: list[object]) -> dict[object, str]:
    found = Rows(bound=bound, rows=data, cuts=made.cuts, keys={each: keys.get(each, []) for each in bound.tables})
    return found.fates(case(made, name))


DATA: Data = {
    "account": [
        {"id": 1, "closed": LONG_AGO, "name": "x"},
        {"id": 2, "closed": None, "name": "x"},
        {"id": 3, "closed": LATELY, "name": "x"},
    ],
    "user": [{"id": n, "account_id": n, "email": "x"} for n in (1, 2, 3)],
    "event": [
        {"id": 1, "user_id": 2, "at": LONG_AGO, "page": "x"},
        {"id": 2, "user_id": 2, "at": LATELY, "page": "x"},
        {"id": 3, "user_id": 2, "at": None, "page": "x"},
    ],
    "bill": [
        {"id": 1, "user_id": 1, "made": LONG_AGO, "address": "x", "sum": "x"},
        {"id": 2, "user_id": 1, "made": LATELY, "address": "x", "sum": "x"},
        {"id": 3, "user_id": 2, "made": LATELY, "address": None, "sum": "x"},
    ],
}


# The clock.


def test_the_clock_touches_only_tables_in_which_a_promise_can_come_due() -> None:
    assert [each.table for each in drafted(USAGE).cases] == ["event"]
    assert drafted(BOOKS).cases == ()
    assert drafted().cases == ()


def test_children_come_before_parents() -> None:
    assert [each.table for each in drafted(USAGE, CLOSED).cases] == ["bill", "event", "user", "account"]


def test_the_clock_looks_at_the_rows_that_are_due_and_no_others() -> None:
    assert fates(drafted(USAGE), "event", DATA) == {1: "gone"}
    assert fates(drafted(CLOSED), "user", {**DATA, "bill": []}) == {1: "gone"}
    assert fates(drafted(CLOSED), "user", DATA) == {1: "shell"}, "bills are not due, and one points here"


def test_with_two_promises_a_row_is_looked_at_when_either_is_due() -> None:
    made = drafted(rule("short", "at most 30 days", data=["usage"]), rule("long", "at most 9 years", data=["usage"]))
    assert case(made, "event").scope == Some(
        parts=(Before(column="at", cut="short.due"), Before(column="at", cut="long.due"))
    )


def test_the_strongest_of_two_due_promises_wins() -> None:
    mask = rule("mask", "at most 30 days", data=["usage"], then=Outcome.ANONYMISE)
    gone = rule("gone", "at most 9 years", data=["usage"])
    data: Data = {
        "event": [
            {"id": 1, "user_id": 1, "at": LONG_AGO, "page": "x"},
            {"id": 2, "user_id": 1, "at": datetime(2024, 1, 1, tzinfo=UTC), "page": "x"},
            {"id": 3, "user_id": 1, "at": datetime(2024, 1, 1, tzinfo=UTC), "page": None},
        ]
    }
    assert fates(drafted(mask, gone), "event", data) == {1: "gone", 2: "changed", 3: "kept"}


def test_an_open_account_bars_the_clock_and_not_a_granted_erasure() -> None:
    active = rule("active", "while account-open", data=["usage"])
    assert fates(drafted(USAGE, active), "event", DATA) == {1: "kept"}
    assert fates(drafted(USAGE, active, trigger=ERASURE), "event", DATA, user=[2]) == {1: "gone", 2: "gone", 3: "gone"}


def test_a_proof_asks_by_the_overdue_cut() -> None:
    made = draft(policy(USAGE), SHOP, RETENTION, NOW, edge=OVERDUE)
    assert case(made, "event").scope == Before(column="at", cut="usage.overdue")
    assert [flag.name for flag in case(made, "event").flags] == ["usage.overdue"]


def test_a_table_that_holds_no_kind_has_no_case() -> None:
    bare = mapped(table("seat", "id integer!", "user_id integer"), None, of("user", "user_id"))
    made = drafted(CLOSED, bound=world(ACCOUNT, USER, bare), trigger=ERASURE)
    assert [each.table for each in made.cases] == ["user", "account"]


# A granted erasure.


def test_an_erasure_touches_every_table_in_reach_and_no_promise_is_asked() -> None:
    made = drafted(USAGE, CLOSED, trigger=ERASURE)
    assert [each.table for each in made.cases] == ["bill", "event", "user", "account"]
    assert [flag.name for each in made.cases for flag in each.flags if flag.ceiling] == []
    assert all(each.granted for each in made.cases)
    assert {each.table: each.scope for each in made.cases} == own(SHOP, CUSTOMER)


def test_an_erasure_deletes_a_persons_rows_whatever_their_age() -> None:
    made = drafted(USAGE, trigger=ERASURE)
    assert fates(made, "event", DATA, user=[2]) == {1: "gone", 2: "gone", 3: "gone"}
    assert fates(made, "event", DATA, user=[1]) == {}


def test_a_duty_with_a_ground_keeps_its_cells_and_the_rest_is_emptied_in_place() -> None:
    made = drafted(BOOKS, trigger=ERASURE)
    assert fates(made, "bill", DATA, user=[1, 2]) == {1: "gone", 2: "changed", 3: "kept"}
    held = [decision for row in case(made, "bill").classes for _, decision in row.cells if decision.withheld]
    assert {(decision.grounds, decision.law) for decision in held} == {((Ground.LEGAL_OBLIGATION,), "§ 147 AO")}


def test_a_person_whose_invoice_stays_remains_as_a_shell() -> None:
    made = drafted(BOOKS, trigger=ERASURE)
    assert fates(made, "user", DATA, user=[1, 2]) == {1: "shell", 2: "shell"}
    old: Data = {**DATA, "bill": DATA["bill"][:1]}
    assert fates(made, "user", old, user=[1, 2]) == {1: "gone", 2: "gone"}


def test_the_shell_is_told_from_the_same_row_emptied_already() -> None:
    emptied: Data = {**DATA, "user": [{"id": 1, "account_id": 1, "email": None}]}
    found = Rows(bound=SHOP, rows=emptied, cuts=drafted(BOOKS).cuts, keys={"user": [1], "account": []})
    made = case(drafted(BOOKS, trigger=ERASURE), "user")
    ((_, number),) = found.sorted_into(made)
    assert (made.classes[number].shell, made.classes[number].destroys) == (True, False)


def test_a_table_in_which_nothing_is_changed_in_place_does_not_ask_what_is_left() -> None:
    assert [flag.name for flag in case(drafted(USAGE), "event").flags] == ["usage.due"]
    masked = rule("usage", "at most 30 days", then=Outcome.ANONYMISE)
    assert [flag.name for flag in case(drafted(masked), "event").flags] == ["usage.due", "left.usage"]


# Whatever forbids it.


def test_a_gap_forbids_the_whole_system_and_is_told_alone() -> None:
    stranger = mapped(table("log", "id integer!", triggers=["copy"]), "usage", of("nowhere", "x"))
    made = draft(policy(USAGE), world(ACCOUNT, USER, EVENT, stranger), RETENTION, NOW)
    assert made.cases == ()
    assert {finding.code for finding in made.objections} == {"S305"}


def test_objections_do_not_hide_the_cases() -> None:
    event = (table("event", "id integer!", "user_id integer", "at timestamp", triggers=["copy"]), EVENT[1])
    made = draft(policy(USAGE), world(ACCOUNT, USER, event), RETENTION, NOW)
    assert [each.table for each in made.cases] == ["event"]
    assert [finding.code for finding in made.objections] == ["S304"]


def test_a_mention_that_is_handled_later_is_still_guarded() -> None:
    """`a_topic` comes first by name; the note that mentions it stays, so the topic remains as a shell."""
    topic = mapped(table("a_topic", "id integer!", "at timestamp", "name text"), "usage", on={Event.COLLECTED: "at"})
    note = mapped(
        table("b_note", "id integer!", "topic integer", "at timestamp"),
        "usage",
        of("a_topic", "topic", edge=Edge.MENTION),
        on={Event.COLLECTED: "at"},
    )
    bound = world(topic, note)
    made = drafted(USAGE, bound=bound)
    assert [each.table for each in made.cases] == ["a_topic", "b_note"]
    data: Data = {
        "a_topic": [{"id": n, "at": LONG_AGO, "name": "x"} for n in (1, 2, 3)],
        "b_note": [{"id": 1, "topic": 1, "at": LATELY}, {"id": 2, "topic": 2, "at": LONG_AGO}],
    }
    assert fates(made, "a_topic", data, bound) == {1: "shell", 2: "gone", 3: "gone"}


def test_the_same_inputs_give_the_same_draft() -> None:
    rules = (USAGE, CLOSED, BOOKS)
    for trigger in (RETENTION, ERASURE):
        one, other = drafted(*rules, trigger=trigger), drafted(*rules, trigger=trigger)
        assert one == other


@pytest.mark.parametrize(("trigger", "granted"), [(RETENTION, False), (ERASURE, True)])
def test_only_a_persons_right_is_granted(trigger: Trigger, granted: bool) -> None:
    assert trigger.granted is granted
    made = drafted(USAGE, trigger=trigger)
    assert (made.trigger, made.as_of, made.system) == (trigger, NOW, "shop")


def test_a_foreign_key_of_a_mapped_table_that_gives_no_ownership_guards_like_a_mention() -> None:
    stored = table("pin", "id integer!", "event_id integer", foreign=[foreign("event_id", "event")])
    bound = world(ACCOUNT, USER, EVENT, mapped(stored, "pin"))
    made = drafted(USAGE, bound=bound)
    data: Data = {**DATA, "pin": [{"id": 1, "event_id": 1}]}
    assert fates(made, "event", data, bound) == {1: "shell"}
    assert fates(made, "event", {**DATA, "pin": []}, bound) == {1: "gone"}
