"""`kept approve`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, PlanFile, PolicyFile, working
from kept.cli.output import say

Role = Annotated[str, Parameter(name=["--as"], help="The role that approves, e.g. privacy-officer.")]


def approve(plan: PlanFile, *, role: Role, policy: PolicyFile = DEFAULT_POLICY) -> int:
    """Approve exactly this plan, as a role. Any later change of the plan makes the approval void."""
    with working(policy) as context:
        new = applying.approve(context, plan, role)
    say(f"approved as {role}" if new else f"{role} had approved this plan already")
    return 0
