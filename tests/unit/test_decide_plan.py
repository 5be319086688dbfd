"""The plan: one canonical text, counts and steps by class, its cost, its limits, and nobody's key in it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.samples.maps import LATELY, LONG_AGO, NOW, Data, Rows, fate, mapped, of, policy, rule, table, world

from kept.decide.draft import RETENTION, Draft, Trigger, draft
from kept.decide.fill import Fill
from kept.decide.flags import Case, Flag, Speaks
from kept.decide.outcome import Ceiling
from kept.decide.plan import (
    IN_PLACE,
    LIFE,
    REWRITE,
    SMALL,
    ClassCount,
    Cost,
    Measured,
    Named,
    Plan,
    Reason,
    Step,
    TablePlan,
    acts,
    canonical,
    cases_digest,
    over_limit,
    parse,
    seal,
)
from kept.decide.select import All, Always, IsNull
from kept.law.terms import Event, Fate, Ground, Outcome
from kept.map.bound import Map

USER = mapped(table("user", "id integer!", "made timestamp", "email text!"), "account", person="customer")
BILL = mapped(
    table("bill", "id integer!", "user_id integer", "made timestamp", "address text", "sum text", indexes=[("sum",)]),
    "invoice",
    of("user", "user_id"),
    on={Event.COLLECTED: "made"},
    columns={"address": fate(Fate.EMPTY, "account")},
)
VISIT = mapped(
    table("visit", "id integer!", "user_id integer", "made timestamp", "page text", indexes=[("made",), ("user_id",)]),
    "usage",
    of("user", "user_id"),
    on={Event.COLLECTED: "made"},
)
SHOP = world(USER, BILL, VISIT)
POLICY = policy(
    rule("usage", "at most 30 days"),
    rule("invoice", "at least 10 years", grounds=[Ground.LEGAL_OBLIGATION], law="§ 147 AO"),
)
ERASURE = Trigger(kind="erasure", people=frozenset({"customer"}))
DATA: Data = {
    "user": [{"id": n, "made": LONG_AGO, "email": "x"} for n in (1, 2)],
    "bill": [
        {"id": 1, "user_id": 1, "made": LONG_AGO, "address": "x", "sum": "x"},
        {"id": 2, "user_id": 1, "made": LATELY, "address": "x", "sum": "x"},
        {"id": 3, "user_id": 1, "made": LATELY, "address": None, "sum": "x"},
    ],
    "visit": [{"id": n, "user_id": 1, "made": LONG_AGO if n < 3 else LATELY, "page": "x"} for n in range(5)],
}


def measured(made: Draft, bound: Map, data: Data, keys: Mapping[str, list[object]]) -> dict[tuple[str, str], Measured]:
    """What a system would count of these rows."""
    found = Rows(bound=bound, rows=data, cuts=made.cuts, keys=keys)
    return {
        (made.system, case.table): Measured(
            system=made.system,
            table=case.table,
            counts=found.counts(case),
            total=len(data[case.table]),
            until={
                number: date(2036, 6, 1)
                for number in found.counts(case)
                if any(decision.withheld for _, decision in case.classes[number].cells)
            },
        )
        for case in made.cases
    }


def sealed(trigger: Trigger = RETENTION, *, named: Named | None = None, people: tuple[object, ...] = (1,)) -> Plan:
    made = draft(POLICY, SHOP, trigger, NOW)
    assert made.objections == ()
    return seal(
        (made,), {"shop": SHOP}, measured(made, SHOP, DATA, {"user": list(people)}), policy=POLICY.digest, named=named
    )


NAMED = Named(reference="sealed-7", people=1, digest="d" * 64)
CLOCK, ERASED = sealed(), sealed(ERASURE, named=NAMED)
PLANS = pytest.mark.parametrize("plan", [CLOCK, ERASED], ids=["clock", "erasure"])


# The canonical text.


@PLANS
def test_a_plan_is_read_back_as_it_was(plan: Plan) -> None:
    assert parse(canonical(plan)) == plan
    assert canonical(parse(canonical(plan))) == canonical(plan)


@pytest.mark.parametrize(("plan", "stride"), [(CLOCK, 1), (ERASED, 5)], ids=["clock", "erasure"])
def test_any_single_byte_changed_is_no_plan_or_another_plan(plan: Plan, stride: int) -> None:
    """The digest is the name under which a plan was reviewed: a changed byte never keeps it."""
    text = canonical(plan).encode()
    for at in range(0, len(text), stride):
        _is_refused_or_another(text[:at] + bytes([text[at] ^ 1 + at % 2]) + text[at + 1 :], plan)
    for at in range(0, len(text), 5 * stride):
        _is_refused_or_another(text[:at] + text[at + 1 :], plan)


def _is_refused_or_another(changed: bytes, plan: Plan) -> None:
    try:
        found = parse(changed.decode())
    except ValueError:
        return
    assert found.digest != plan.digest
    assert found != plan


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text.replace(":", ": ", 1),
        lambda text: json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False),
        lambda text: json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=True, sort_keys=True),
        lambda text: json.dumps(
            dict(reversed(json.loads(text).items())), separators=(",", ":"), ensure_ascii=False
        ),
        lambda text: text.replace('"people":', '"people":0,"people":', 1),
        lambda text: text.replace('"kept-plan":1', '"kept-plan":2'),
        lambda text: text.replace('"kept-plan":1,', ""),
        lambda text: text.replace('"policy":', '"extra":1,"policy":'),
        lambda text: text.replace('"steps":[', '"steps":[{},'),
        lambda text: text.replace('[["address","null"]]', '[["address"]]'),
        lambda text: text.replace('"tables":[', '"tables":["user",'),
    ],
    ids=[
        "newline at the end", "space in front", "space after a colon", "spaces everywhere", "escaped letters",
        "other order", "a key twice", "another version", "no version", "an unknown key",
        "an empty step", "half a fill", "a word for a table",
    ],
)  # fmt: skip
def test_whatever_is_not_the_canonical_text_is_refused(change: Callable[[str], str]) -> None:
    text = canonical(ERASED)
    changed = change(text)
    if changed == text:
        pytest.fail("the change changed nothing")
    with pytest.raises(ValueError, match=r"plan|canonical|unpack"):
        parse(changed)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", '"plan"', "{}", '{"kept-plan":1}', '{"kept-plan":true}'])
def test_what_is_no_plan_at_all_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


def test_a_plan_is_named_by_the_digest_of_its_text() -> None:
    assert re.fullmatch("[0-9a-f]{64}", CLOCK.digest)
    assert CLOCK.digest == parse(canonical(CLOCK)).digest
    assert CLOCK.digest != ERASED.digest != replace(ERASED, people=2).digest


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
COUNTS = st.integers(0, 10**12)
MAYBE = st.none() | WORDS
MANY = st.lists(WORDS, max_size=3).map(tuple)
REASONS = st.builds(Reason, kind=WORDS, outcome=WORDS, because=MANY, grounds=MANY, law=MAYBE, withheld=MAYBE)
CLASSES = st.builds(
    ClassCount,
    number=COUNTS,
    flags=MANY,
    rows=COUNTS,
    action=WORDS,
    until=MAYBE,
    reasons=st.lists(REASONS, max_size=2).map(tuple),
)
STEPS = st.builds(
    Step,
    seq=COUNTS,
    system=WORDS,
    table=WORDS,
    action=WORDS,
    classes=st.lists(COUNTS, max_size=3).map(tuple),
    fills=st.lists(st.tuples(WORDS, WORDS), max_size=2).map(tuple),
    rows=COUNTS,
    effect=WORDS,
    cost=st.builds(Cost, shape=WORDS, relative=st.floats(0, 100), indexes=COUNTS),
)
TABLES = st.builds(
    TablePlan,
    system=WORDS,
    table=WORDS,
    total=COUNTS,
    exact=st.booleans(),
    classes=st.lists(CLASSES, max_size=2).map(tuple),
)
ANY_PLAN = st.builds(
    Plan,
    trigger=WORDS,
    reference=MAYBE,
    people=COUNTS,
    key_digest=MAYBE,
    as_of=WORDS,
    expires=WORDS,
    policy=WORDS,
    schemas=st.dictionaries(WORDS, WORDS, max_size=3),
    cuts=st.dictionaries(WORDS, WORDS, max_size=3),
    cases=WORDS,
    epochs=st.dictionaries(WORDS, COUNTS, max_size=2),
    tables=st.lists(TABLES, max_size=2).map(tuple),
    steps=st.lists(STEPS, max_size=2).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(ANY_PLAN)
def test_every_plan_survives_its_text_whatever_letters_stand_in_it(plan: Plan) -> None:
    assert parse(canonical(plan)) == plan


@settings(max_examples=50, deadline=None)
@given(ANY_PLAN, st.randoms(use_true_random=False))
def test_the_order_of_a_mapping_never_shows(plan: Plan, random: Any) -> None:
    def shuffled(mapping: Mapping[str, Any]) -> dict[str, Any]:
        items = list(mapping.items())
        random.shuffle(items)
        return dict(items)

    other = replace(plan, schemas=shuffled(plan.schemas), cuts=shuffled(plan.cuts), epochs=shuffled(plan.epochs))
    assert other.digest == plan.digest


def test_the_digest_does_not_depend_on_how_a_process_orders_its_sets() -> None:
    program = "from tests.unit.test_decide_plan import CLOCK, ERASED; print(CLOCK.digest, ERASED.digest)"
    here = f"{CLOCK.digest} {ERASED.digest}\n"
    for seed in ("0", "4711"):
        found = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout == here


# Nobody's key.


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.sampled_from("§ÄZQXäzqx@"), min_size=6, max_size=12), min_size=1, max_size=4, unique=True))
def test_no_key_of_a_named_person_stands_in_the_text(keys: list[str]) -> None:
    people = mapped(table("user", "id text!", "email text!"), "account", person="customer")
    bill = mapped(
        table("bill", "id text!", "user_id text", "made timestamp", "address text", "sum text"),
        *("invoice", of("user", "user_id")),
        on={Event.COLLECTED: "made"},
    )
    bound = world(people, bill)
    data: Data = {
        "user": [{"id": key, "email": key} for key in keys],
        "bill": [{"id": key, "user_id": key, "made": LATELY, "address": key, "sum": key} for key in keys[1:]],
    }
    made = draft(POLICY, bound, ERASURE, NOW)
    counted = measured(made, bound, data, {"user": list(keys)})
    named = Named(reference="sealed-7", people=len(keys), digest="d" * 64)
    plan = seal((made,), {"shop": bound}, counted, policy=POLICY.digest, named=named)
    assert plan.rows == len(keys)
    assert not [key for key in keys if key in canonical(plan)]


def test_two_people_whose_rows_count_alike_have_the_same_plan_but_for_what_names_them() -> None:
    twins: Data = {
        "user": [{"id": n, "made": LONG_AGO, "email": f"{n}"} for n in (1, 2)],
        "bill": [],
        "visit": [{"id": n, "user_id": n, "made": LATELY, "page": "x"} for n in (1, 2)],
    }
    made = draft(POLICY, SHOP, ERASURE, NOW)
    texts = {
        canonical(seal((made,), {"shop": SHOP}, measured(made, SHOP, twins, {"user": [n]}), policy="p", named=NAMED))
        for n in (1, 2)
    }
    assert len(texts) == 1


# What a plan says.


def test_a_plan_carries_what_it_was_made_from() -> None:
    assert (CLOCK.trigger, CLOCK.policy) == ("retention", POLICY.digest)
    assert CLOCK.schemas == {"shop": SHOP.schema.fingerprint}
    assert CLOCK.as_of == "2026-06-15T12:00:00.000000+00:00"
    assert CLOCK.expires == "2026-06-16T12:00:00.000000+00:00"
    assert timedelta(hours=24) == LIFE
    assert set(CLOCK.cuts) == {"usage.due", "usage.overdue", "invoice.over"}


def test_a_plan_of_the_clock_names_nobody() -> None:
    assert (CLOCK.reference, CLOCK.people, CLOCK.key_digest) == (None, 0, None)
    assert (ERASED.reference, ERASED.people, ERASED.key_digest) == ("sealed-7", 1, "d" * 64)


def test_every_class_that_has_rows_is_told_with_its_reason() -> None:
    bill = next(each for each in ERASED.tables if each.table == "bill")
    told = [(each.flags, each.rows, each.action, each.until) for each in bill.classes]
    assert told == [
        (("invoice", "left.invoice"), 1, "keep", "2036-06-01"),
        (("left.invoice", "left.account"), 1, "delete", None),
        (("invoice", "left.invoice", "left.account"), 1, "change", "2036-06-01"),
    ]
    held = [each for row in bill.classes for each in row.reasons if each.withheld]
    assert {(each.kind, each.outcome, each.because, each.grounds, each.law, each.withheld) for each in held} == {
        ("invoice", "keep", ("invoice",), ("legal-obligation",), "§ 147 AO", "delete")
    }


def test_steps_are_numbered_children_before_parents_and_only_where_rows_are() -> None:
    steps = [(step.seq, step.table, step.action, step.rows) for step in ERASED.steps]
    assert steps == [
        (1, "bill", "delete", 1),
        (2, "bill", "change", 1),
        (3, "visit", "delete", 5),
        (4, "user", "change", 1),
    ]
    assert ERASED.rows == 8
    assert [(step.table, step.rows) for step in CLOCK.steps] == [("visit", 3)]


def test_a_change_names_each_column_and_what_will_stand_in_it() -> None:
    fills = {step.table: step.fills for step in ERASED.steps if step.action == "change"}
    assert fills == {"bill": (("address", "null"),), "user": (("made", "null"), ("email", "text"))}
    assert {step.fills for step in ERASED.steps if step.action == "delete"} == {()}


def test_steps_of_several_systems_are_numbered_through() -> None:
    other = world(USER, BILL, VISIT, name="crm")
    drafts = tuple(draft(POLICY, bound, RETENTION, NOW) for bound in (SHOP, other))
    counted: dict[tuple[str, str], Measured] = {}
    for made, bound in zip(drafts, (SHOP, other), strict=True):
        counted |= measured(made, bound, DATA, {})
    plan = seal(drafts, {"shop": SHOP, "crm": other}, counted, policy="p")
    assert [(step.seq, step.system) for step in plan.steps] == [(1, "shop"), (2, "crm")]
    assert set(plan.schemas) == {"shop", "crm"}


def test_an_estimated_size_is_told_as_one() -> None:
    made = draft(POLICY, SHOP, RETENTION, NOW)
    guess = Measured(system="shop", table="visit", counts={1: 3}, total=1_000_000, exact=False)
    plan = seal((made,), {"shop": SHOP}, {("shop", "visit"): guess}, policy="p")
    assert [(each.total, each.exact) for each in plan.tables] == [(1_000_000, False)]


# The digest of the cases.


def test_the_cases_of_a_plan_have_a_digest_that_changes_with_every_rule() -> None:
    def digest(*rules: Any, bound: Map = SHOP, trigger: Trigger = RETENTION, days: int = 0) -> str:
        return cases_digest((draft(policy(*rules), bound, trigger, NOW + timedelta(days=days)),))

    base = digest(rule("usage", "at most 30 days"))
    assert digest(rule("usage", "at most 30 days")) == base
    assert digest(rule("usage", "at most 30 days"), days=3) == base, "cut-offs stand in the plan itself"
    others = {
        digest(rule("usage", "at most 30 days", then=Outcome.ANONYMISE)),
        digest(rule("other", "at most 30 days", data=["usage"])),
        digest(rule("usage", "at most 30 days"), rule("books", "at least 7 years", data=["usage"])),
        digest(rule("usage", "at most 30 days"), trigger=ERASURE),
        digest(rule("usage", "at most 30 days"), bound=world(USER, BILL, VISIT, name="crm")),
        digest(
            rule("usage", "at most 30 days"),
            bound=world(USER, VISIT, BILL, mapped(table("u"), "usage", of("visit", "id"))),
        ),
    }
    assert base not in others
    assert len(others) == 6


# Acts.


def masked(*, indexes: tuple[tuple[str, ...], ...] = (), stays: bool = False) -> tuple[Case, Map]:
    stored = table("t", "id integer!", "made timestamp", "a text", "b text!", "c text", indexes=indexes)
    columns = {"c": fate(Fate.KEEP)} | ({"a": fate(Fate.KEEP), "b": fate(Fate.KEEP)} if stays else {})
    bound = world(mapped(stored, "x", on={Event.COLLECTED: "made"}, columns=columns))
    made = draft(policy(rule("x", "at most 30 days", then=Outcome.ANONYMISE)), bound, RETENTION, NOW)
    return made.cases[0], bound


def test_a_change_empties_every_cell_of_its_kind_but_those_the_policy_keeps() -> None:
    case, bound = masked()
    (act,) = acts(case, bound.tables["t"])
    assert (act.action, act.fills) == ("change", (("a", Fill.NULL), ("b", Fill.TEXT)))


def test_a_change_asks_again_whether_anything_is_left_so_that_the_second_run_does_nothing() -> None:
    case, bound = masked()
    (act,) = acts(case, bound.tables["t"])
    assert isinstance(act.selection, All)
    found = Rows(
        bound=bound,
        rows={
            "t": [
                {"id": 1, "made": LONG_AGO, "a": "x", "b": "removed", "c": "x"},
                {"id": 2, "made": LONG_AGO, "a": None, "b": "removed", "c": "x"},
                {"id": 3, "made": LONG_AGO, "a": None, "b": "x", "c": None},
                {"id": 4, "made": LATELY, "a": "x", "b": "x", "c": "x"},
            ]
        },
        cuts=draft(policy(rule("x", "at most 30 days")), bound, RETENTION, NOW).cuts,
    )
    assert found.ids(act.selection, "t") == [1, 3]


def test_a_change_never_takes_an_emptied_row_again_even_where_no_flag_asks_what_is_left() -> None:
    case, bound = masked()
    bare = replace(case, flags=case.flags[:1])
    (act,) = acts(bare, bound.tables["t"])
    rows = [{"id": n, "made": LONG_AGO, "a": text, "b": "removed", "c": "x"} for n, text in ((1, "x"), (2, None))]
    cuts = draft(policy(rule("x", "at most 30 days")), bound, RETENTION, NOW).cuts
    assert Rows(bound=bound, rows={"t": rows}, cuts=cuts).ids(act.selection, "t") == [1]


def test_a_kind_whose_columns_all_stay_is_no_act() -> None:
    case, bound = masked(stays=True)
    assert acts(case, bound.tables["t"]) == ()


def two_kinds() -> tuple[Case, Map]:
    stored = table("t", "id integer!", "a text", "b text", "c text")
    bound = world(mapped(stored, "one", columns={"b": fate(Fate.EMPTY, "two"), "c": fate(Fate.EMPTY, "three")}))
    flags = tuple(
        Flag(
            name=f"{kind}.due",
            speaks=Speaks.CEILING,
            kinds=(kind,),
            selection=IsNull(column=column),
            ceiling=Ceiling(rule=kind, then=Outcome.DELETE),
        )
        for kind, column in (("one", "a"), ("two", "b"), ("three", "c"))
    )
    case = Case(system="s", table="t", kinds=("one", "two", "three"), scope=Always(), flags=flags, granted=False)
    return case, bound


def test_there_is_one_deletion_and_one_change_per_set_of_columns() -> None:
    case, bound = two_kinds()
    found = acts(case, bound.tables["t"])
    assert [(act.action, [column for column, _ in act.fills], act.classes) for act in found] == [
        ("change", ["a"], (1,)),
        ("change", ["b"], (2,)),
        ("change", ["a", "b"], (3,)),
        ("change", ["c"], (4,)),
        ("change", ["a", "c"], (5,)),
        ("change", ["b", "c"], (6,)),
        ("delete", [], (7,)),
    ]


def test_the_acts_of_a_case_never_meet_in_one_row() -> None:
    case, bound = two_kinds()
    selections = [act.selection for act in acts(case, bound.tables["t"])]
    for number in range(8):
        row = {"id": 1} | {name: None if number >> bit & 1 else "x" for bit, name in enumerate("abc")}
        found = Rows(bound=bound, rows={"t": [row]})
        assert sum(found.holds(selection, "t", row) for selection in selections) <= 1


def test_classes_that_become_the_same_are_one_act() -> None:
    case, bound = masked()
    floor = Flag(name="f", speaks=Speaks.FLOOR, kinds=(), selection=IsNull(column="c"))
    doubled = replace(case, flags=(*case.flags, floor))
    (act,) = acts(doubled, bound.tables["t"])
    assert act.classes == (3, 7)


def test_a_deletion_selects_its_classes_and_asks_nothing_of_the_cells() -> None:
    case, bound = two_kinds()
    (gone,) = (act for act in acts(case, bound.tables["t"]) if act.action == "delete")
    assert gone.selection == All(parts=(IsNull(column="a"), IsNull(column="b"), IsNull(column="c")))


# Cost.


def cost(case: Case, bound: Map) -> Cost:
    made = Draft(system="shop", trigger=RETENTION, as_of=NOW, cuts={}, cases=(case,))
    counted = Measured(system="shop", table="t", counts=dict.fromkeys(range(len(case.classes)), 1), total=9)
    (step,) = seal((made,), {"shop": bound}, {("shop", "t"): counted}, policy="p").steps
    return step.cost


def test_a_deletion_is_the_measure_of_all_cost_and_tells_how_many_indexes_it_meets() -> None:
    (step,) = CLOCK.steps
    assert step.cost == Cost(shape="delete", relative=1.0, indexes=2)


def test_a_change_in_place_is_dearer_and_with_an_index_on_a_changed_column_much_dearer() -> None:
    assert cost(*masked()) == Cost(shape="rewrite", relative=IN_PLACE, indexes=0)
    assert cost(*masked(indexes=(("made",), ("c",)))) == Cost(shape="rewrite", relative=IN_PLACE, indexes=0)
    assert cost(*masked(indexes=(("made", "a"), ("b",), ("c",)))) == Cost(shape="rewrite", relative=REWRITE, indexes=2)
    assert 1.0 < IN_PLACE < REWRITE


# The last net.


def limited(total: int, *rows: int, tables: int = 1) -> Plan:
    """A plan whose steps touch so many rows of a table of `total`, spread over so many tables."""
    named = [f"t{number}" for number in range(tables)]
    step = CLOCK.steps[0]
    return replace(
        CLOCK,
        tables=tuple(TablePlan(system="shop", table=name, total=total, exact=True, classes=()) for name in named),
        steps=tuple(replace(step, seq=seq, table=named[seq % tables], rows=count) for seq, count in enumerate(rows)),
    )


def test_a_plan_above_the_share_trips_the_limit_and_one_at_the_share_does_not() -> None:
    assert over_limit(limited(1000, 50), 0.05) == ()
    above = limited(1000, 51)
    assert over_limit(above, 0.05) == above.steps


def test_shares_of_tiny_numbers_say_nothing() -> None:
    assert SMALL == 20
    assert over_limit(limited(20, 20), 0.05) == ()
    assert len(over_limit(limited(21, 21), 0.05)) == 1


def test_the_steps_of_one_table_count_together() -> None:
    assert [step.seq for step in over_limit(limited(1000, 30, 30), 0.05)] == [0, 1]
    assert over_limit(limited(1000, 30, 30, tables=2), 0.05) == ()


def test_only_the_steps_of_the_table_above_the_limit_are_named() -> None:
    assert [step.seq for step in over_limit(limited(1000, 60, 40, 1, tables=2), 0.05)] == [0, 2]


def test_a_table_said_to_be_empty_does_not_lift_the_limit() -> None:
    assert len(over_limit(limited(0, 21), 1.0)) == 1
