"""`kept status`."""

from __future__ import annotations

from dataclasses import asdict

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile, working
from kept.cli.output import as_json, columns, say


def status(*, policy: PolicyFile = DEFAULT_POLICY, json: Json = False) -> int:
    """Show runs, latest first."""
    with working(policy) as context:
        found = applying.history(context)
    if json:
        as_json("status", {"runs": [asdict(run) for run in found]})
    elif not found:
        say("no run yet")
    else:
        titles = ("state", "reason", "started (UTC)", "plan", "run")
        rows = [
            (run.state.value, run.reason, f"{run.started_at:%Y-%m-%d %H:%M}", run.plan[:12], run.id) for run in found
        ]
        columns([titles, *rows])
    return 0
