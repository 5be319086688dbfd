"""What a plan must pass before a run begins: age, policy, schema, approvals, limit. Pure; all faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from kept.decide.plan import Plan, over_limit
from kept.map.bound import Map
from kept.policy.findings import Finding
from kept.policy.model import Policy

SKEW = timedelta(minutes=5)
"""How far the clock of whoever made a plan may be ahead."""


def objections(
    plan: Plan, *, policy: Policy, maps: Mapping[str, Map], cases: str, roles: frozenset[str], now: datetime
) -> tuple[Finding, ...]:
    """Reasons not to carry out this plan now; empty when it may run."""
    return (
        *age(plan, now),
        *changed(plan, policy=policy, maps=maps, cases=cases),
        *_approval(plan, policy, roles),
    )


def changed(plan: Plan, *, policy: Policy, maps: Mapping[str, Map], cases: str) -> tuple[Finding, ...]:
    """What must not have changed while a run rests: the policy and the schema it was begun under."""
    # Other cases follow from another schema by themselves: the schema is the reason worth telling.
    return tuple(schemas(plan, maps) or _policy(plan, policy, cases))


def age(plan: Plan, now: datetime) -> list[Finding]:
    """A plan of the past or for a day to come."""
    if datetime.fromisoformat(plan.as_of) > now + SKEW:
        return [
            Finding(code="S321", message="the plan is made for an instant to come", where="plan", help="plan for now")
        ]
    if now <= datetime.fromisoformat(plan.expires):
        return []
    help_ = "plan again; a plan is good for 24 hours"
    return [Finding(code="S309", message=f"the plan expired at {plan.expires[:16]}", where="plan", help=help_)]


def _policy(plan: Plan, policy: Policy, cases: str) -> list[Finding]:
    if plan.policy != policy.digest:
        return [
            Finding(
                code="S313", message="the policy file changed since the plan was made", where="plan", help="plan again"
            )
        ]
    if plan.cases != cases:
        return [
            Finding(
                code="S312",
                message="the plan does not follow from this policy and map",
                where="plan",
                help="plan again",
            )
        ]
    return []


def schemas(plan: Plan, maps: Mapping[str, Map]) -> list[Finding]:
    """Systems whose schema is no longer the one the plan was made for."""
    return [
        Finding(
            code="S308",
            message="the schema changed since the plan was made",
            where=name,
            why="a new column, key or trigger can make a plan delete too little or too much",
            help="look at the change (`kept doctor`), then plan again",
        )
        for name, fingerprint in plan.schemas.items()
        if name not in maps or maps[name].schema.fingerprint != fingerprint
    ]


def needed_approvals(plan: Plan, policy: Policy) -> int:
    """One for a kind of plan that needs approval, one more above the limit; by different roles."""
    return int(plan.trigger in policy.safety.approve) + int(bool(over_limit(plan, policy.safety.stop_above)))


def _approval(plan: Plan, policy: Policy, roles: frozenset[str]) -> list[Finding]:
    if len(roles) >= needed_approvals(plan, policy):
        return []
    above = over_limit(plan, policy.safety.stop_above)
    totals = {(table.system, table.table): table.total for table in plan.tables}
    found = [
        Finding(
            code="S310",
            message=f"step {step.seq} touches {step.rows} of {totals[step.system, step.table]} rows,"
            f" above the limit of {policy.safety.stop_above:.0%}",
            where=f"{step.system}.{step.table}",
            why="the last net under a wrong rule: `safety.stop-above`",
            help="look at `kept explain`, then approve with one role more than usual",
        )
        for step in above
    ]
    missing = needed_approvals(plan, policy) - len(roles)
    found.append(
        Finding(
            code="S311",
            message=f"{missing} approval{'s are' if missing > 1 else ' is'} missing",
            where="plan",
            help="kept approve PLAN --as ROLE (a role of its own for each)",
        )
    )
    return found
