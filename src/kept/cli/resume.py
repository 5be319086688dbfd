"""`kept resume`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile, working
from kept.cli.runs import carried

RunId = Annotated[str, Parameter(help="A run, as `kept status` lists it.")]


def resume(run: RunId, *, policy: PolicyFile = DEFAULT_POLICY, json: Json = False) -> int:
    """Take up a run that was paused or interrupted."""
    with working(policy) as context:
        made = applying.plan_of(context, run)
        return carried(made, lambda seen: applying.resume(context, run, seen), json=json)
