"""What a plan must pass before a run: its age, its policy, its schema, its cases, and who said yes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.samples.maps import NOW, mapped, policy, rule, table, world

from kept.decide.draft import RETENTION, draft
from kept.decide.plan import Measured, Plan, seal
from kept.law.terms import Event
from kept.policy.findings import Finding
from kept.policy.model import Policy
from kept.work.gate import SKEW, age, changed, needed_approvals, objections, schemas

VISIT = mapped(table("visit", "id integer!", "made timestamp", "page text"), "usage", on={Event.COLLECTED: "made"})
SHOP = world(VISIT)
GROWN = world((table("visit", "id integer!", "made timestamp", "page text", "mail text"), VISIT[1]))
POLICY = policy(rule("usage", "at most 30 days"))


def plan(*, rows: int = 3, total: int = 1000) -> Plan:
    made = draft(POLICY, SHOP, RETENTION, NOW)
    counted = Measured(system="shop", table="visit", counts={1: rows}, total=total)
    return seal((made,), {"shop": SHOP}, {("shop", "visit"): counted}, policy=POLICY.digest)


PLAN = plan()
LARGE = plan(rows=51)


def found(
    made: Plan = PLAN,
    *,
    said: Policy = POLICY,
    cases: str | None = None,
    roles: frozenset[str] = frozenset(),
    now: datetime = NOW,
) -> tuple[Finding, ...]:
    return objections(
        made, policy=said, maps={"shop": SHOP}, cases=made.cases if cases is None else cases, roles=roles, now=now
    )


def codes(findings: tuple[Finding, ...] | list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def test_a_fresh_plan_of_this_policy_and_this_schema_may_run() -> None:
    assert found() == ()


# Age.


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(0), []),
        (timedelta(hours=24), []),
        (timedelta(hours=24, microseconds=1), ["S309"]),
        (timedelta(days=400), ["S309"]),
    ],
)
def test_a_plan_lives_for_24_hours(later: timedelta, expected: list[str]) -> None:
    assert codes(age(PLAN, NOW + later)) == expected


@pytest.mark.parametrize(
    ("ahead", "expected"), [(SKEW, []), (SKEW + timedelta(microseconds=1), ["S321"]), (timedelta(days=9), ["S321"])]
)
def test_a_plan_for_an_instant_to_come_is_refused_beyond_what_clocks_differ(
    ahead: timedelta, expected: list[str]
) -> None:
    assert timedelta(minutes=5) == SKEW
    assert codes(age(PLAN, NOW - ahead)) == expected


# What changed.


def test_a_changed_policy_file_refuses_the_plan() -> None:
    assert codes(found(said=replace(POLICY, digest="q" * 64))) == ["S313"]


def test_cases_that_do_not_follow_from_policy_and_map_refuse_the_plan() -> None:
    assert codes(found(cases="other")) == ["S312"]


def test_a_changed_policy_is_the_reason_told_when_its_cases_differ_as_well() -> None:
    assert codes(found(said=replace(POLICY, digest="q" * 64), cases="other")) == ["S313"]


def test_a_changed_schema_refuses_the_plan_and_is_the_reason_told() -> None:
    assert codes(schemas(PLAN, {"shop": SHOP})) == []
    assert [(each.code, each.where) for each in schemas(PLAN, {"shop": GROWN})] == [("S308", "shop")]
    other = replace(POLICY, digest="q" * 64)
    assert codes(changed(PLAN, policy=other, maps={"shop": GROWN}, cases="other")) == ["S308"]


def test_a_system_that_is_gone_counts_as_changed() -> None:
    assert codes(schemas(PLAN, {})) == ["S308"]


def test_every_changed_system_is_told() -> None:
    both = replace(PLAN, schemas={"shop": "x", "crm": "y"})
    assert [each.where for each in schemas(both, {"shop": SHOP})] == ["shop", "crm"]


# Who said yes.


@pytest.mark.parametrize(
    ("approve", "rows", "expected"),
    [((), 3, 0), (("erasure",), 3, 0), (("retention",), 3, 1), ((), 51, 1), (("retention", "erasure"), 51, 2)],
)
def test_one_yes_for_a_kind_of_plan_and_one_more_above_the_limit(
    approve: tuple[str, ...], rows: int, expected: int
) -> None:
    assert needed_approvals(plan(rows=rows), policy(approve=approve)) == expected


def test_a_plan_that_needs_a_yes_waits_for_it() -> None:
    said = replace(POLICY, safety=policy(approve=["retention"]).safety)
    missing = found(said=said)
    assert [(each.code, each.message) for each in missing] == [("S311", "1 approval is missing")]
    assert found(said=said, roles=frozenset({"privacy-officer"})) == ()


def test_a_plan_above_the_limit_says_which_step_and_by_how_much() -> None:
    told = found(LARGE)
    assert codes(told) == ["S310", "S311"]
    assert told[0].where == "shop.visit"
    assert told[0].message == "step 1 touches 51 of 1000 rows, above the limit of 5%"
    assert found(LARGE, roles=frozenset({"cto"})) == ()


def test_above_the_limit_a_second_role_must_agree() -> None:
    said = replace(POLICY, safety=policy(approve=["retention"]).safety)
    assert [each.message for each in found(LARGE, said=said) if each.code == "S311"] == ["2 approvals are missing"]
    assert codes(found(LARGE, said=said, roles=frozenset({"cto"}))) == ["S310", "S311"]
    assert found(LARGE, said=said, roles=frozenset({"cto", "privacy-officer"})) == ()


def test_everything_that_stands_against_a_plan_is_told_at_once() -> None:
    other = replace(POLICY, digest="q" * 64)
    told = objections(
        LARGE, policy=other, maps={"shop": SHOP}, cases="x", roles=frozenset(), now=NOW + timedelta(days=2)
    )
    assert codes(told) == ["S309", "S313", "S310", "S311"]
    assert all(finding.where and finding.help for finding in told)
