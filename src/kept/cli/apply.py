"""`kept apply`."""

from __future__ import annotations

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, Json, PlanFile, PolicyFile, working
from kept.cli.runs import carried


def apply(plan: PlanFile, *, policy: PolicyFile = DEFAULT_POLICY, json: Json = False) -> int:
    """Carry out exactly this plan, durably, and verify it by an independent re-read.

    An interrupted run is taken up where its markers say it stopped. Exit code 3 when a limit, a missing approval or a
    pause stopped it.
    """
    made, _ = applying.read_plan(plan)
    with working(policy) as context:
        return carried(made, lambda seen: applying.apply(context, plan, seen), json=json)
