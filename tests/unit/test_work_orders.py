"""Orders: every step of a plan meets exactly one act of the cases derived again, or the plan is not ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import pytest
from tests.samples.maps import NOW, fate, mapped, of, policy, rule, table, world

from kept.decide.draft import Draft, Trigger, draft
from kept.decide.fill import Fill
from kept.decide.plan import Measured, Plan, Step, seal
from kept.law.terms import Event, Fate, Ground
from kept.map.bound import Map
from kept.policy.findings import Exit, Refused
from kept.ports import TargetPort
from kept.work.orders import Orders, tasks_of

USER = mapped(table("user", "id integer!", "email text!"), "account", person="customer")
BILL = mapped(
    table("bill", "id integer!", "user_id integer", "made timestamp", "address text", "sum text"),
    "invoice",
    of("user", "user_id"),
    on={Event.COLLECTED: "made"},
    columns={"address": fate(Fate.EMPTY, "account")},
)
SHOP = world(USER, BILL)
POLICY = policy(rule("invoice", "at least 10 years", grounds=[Ground.LEGAL_OBLIGATION]))
DRAFT = draft(POLICY, SHOP, Trigger(kind="erasure", people=frozenset({"customer"})), NOW)


@dataclass(frozen=True)
class Target:
    """Nothing but a map: orders are derived without a database."""

    bound: Map = SHOP


TARGETS = cast("Mapping[str, TargetPort]", {"shop": Target()})
KEYS = {"shop": {"user": [1, 2]}}


def _counts(made: Draft) -> dict[tuple[str, str], Measured]:
    return {
        ("shop", case.table): Measured(
            system="shop", table=case.table, counts=dict.fromkeys(range(len(case.classes)), 2), total=99
        )
        for case in made.cases
    }


PLAN = seal((DRAFT,), {"shop": SHOP}, _counts(DRAFT), policy=POLICY.digest)


def derived(plan: Plan = PLAN, made: Draft = DRAFT) -> dict[int, Any]:
    return dict(tasks_of(plan, {"shop": made}, TARGETS, KEYS))


def with_step(seq: int, **changes: Any) -> Plan:
    def changed(step: Step) -> Step:
        return replace(step, **changes) if step.seq == seq else step

    return replace(PLAN, steps=tuple(changed(step) for step in PLAN.steps))


def test_every_step_becomes_the_task_of_its_act() -> None:
    told = [(step.table, step.action, step.rows) for step in PLAN.steps]
    assert [(task.table, task.act.action, task.rows) for task in derived().values()] == told
    assert list(derived()) == [step.seq for step in PLAN.steps]
    assert {action for _, action, _ in told} == {"delete", "change"}


def test_a_task_carries_the_plans_cuts_as_instants_and_the_keys_of_its_system() -> None:
    task = derived()[1]
    assert task.cuts == DRAFT.cuts
    assert all(isinstance(instant, datetime) and instant.tzinfo for instant in task.cuts.values())
    assert task.keys == {"user": [1, 2]}
    assert tasks_of(PLAN, {"shop": DRAFT}, TARGETS, {})[1].keys == {}


def test_a_plan_that_counted_only_some_classes_of_an_act_is_still_ours() -> None:
    (step,) = (each for each in PLAN.steps if each.table == "bill" and each.action == "delete")
    assert len(step.classes) > 1
    fewer = with_step(step.seq, classes=step.classes[:1])
    assert derived(fewer)[step.seq].act == derived()[step.seq].act


def test_of_several_changes_of_one_table_each_step_meets_its_own() -> None:
    changes = [step for step in PLAN.steps if step.table == "bill" and step.action == "change"]
    for step in changes:
        act = derived()[step.seq].act
        assert tuple((column, str(fill)) for column, fill in act.fills) == step.fills


@pytest.mark.parametrize(
    "changes",
    [
        {"table": "nowhere"},
        {"table": "user"},
        {"action": "change"},
        {"classes": (0, 99)},
        {"fills": (("email", str(Fill.TEXT)),)},
    ],
    ids=["no such table", "another table", "another action", "other classes", "other fills"],
)
def test_a_step_that_follows_from_nothing_stops_the_run(changes: dict[str, Any]) -> None:
    (step,) = (each for each in PLAN.steps if each.table == "bill" and each.action == "delete")
    with pytest.raises(Refused) as caught:
        derived(with_step(step.seq, **changes))
    assert [(finding.code, finding.where) for finding in caught.value.findings] == [
        ("S312", f"shop.{changes.get('table', 'bill')}")
    ]
    assert caught.value.exit_code is Exit.STOPPED


def test_a_fill_other_than_the_one_derived_stops_the_run() -> None:
    (step,) = (each for each in PLAN.steps if each.table == "user" and each.action == "change")
    assert step.fills == (("email", "text"),)
    with pytest.raises(Refused):
        derived(with_step(step.seq, fills=(("email", "token"),)))


def test_a_draft_that_no_longer_has_the_case_stops_the_run() -> None:
    with pytest.raises(Refused):
        derived(made=replace(DRAFT, cases=DRAFT.cases[:1]))


def test_orders_give_the_steps_of_one_system_in_their_order() -> None:
    orders = Orders(run="r", attempt=1, plan=PLAN, targets=TARGETS, tasks=derived())
    assert [seq for seq, _ in orders.of("shop")] == [step.seq for step in PLAN.steps]
    assert orders.of("elsewhere") == []
