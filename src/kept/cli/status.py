"""`kept status`."""

from __future__ import annotations

from dataclasses import asdict

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile, working
from kept.cli.output import as_json, say, table


def status(*, policy: PolicyFile = DEFAULT_POLICY, json: Json = False) -> int:
    """Show runs, latest first."""
    with working(policy) as context:
        found = applying.history(context)
    if json:
        as_json("status", {"runs": [asdict(run) for run in found]})
    elif not found:
        say("no run yet")
    else:
        rows = [
            (run.id, run.state.value, run.reason, f"{run.started_at:%Y-%m-%d %H:%M}", run.plan[:12]) for run in found
        ]
        table("Runs", ("run", "state", "reason", "started (UTC)", "plan"), rows)
    return 0
