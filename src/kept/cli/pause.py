"""`kept pause`."""

from __future__ import annotations

from kept.app import applying
from kept.cli.options import DEFAULT_POLICY, PolicyFile, working
from kept.cli.output import say
from kept.cli.resume import RunId
from kept.policy.findings import Exit


def pause(run: RunId, *, policy: PolicyFile = DEFAULT_POLICY) -> int:
    """Ask a run to stop before its next batch."""
    with working(policy) as context:
        asked = applying.pause(context, run)
    say(f"{run} stops before its next batch; next: kept resume {run}" if asked else f"{run} is not at work")
    return int(Exit.FINE if asked else Exit.STOPPED)
