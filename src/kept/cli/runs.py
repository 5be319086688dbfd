"""Show a run at work and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable

from kept.app.applying import Outcome, Seen
from kept.cli.output import as_json, complain, say
from kept.decide.plan import Plan
from kept.policy.findings import Exit
from kept.ports import Done
from kept.store.runs import State


def carried(plan: Plan, run: Callable[[Seen], Outcome], *, json: bool) -> int:
    """Run it with a progress bar, then say how it ended."""
    outcome = _with_bar(plan, run)
    if json:
        values = {"run": outcome.run, "state": outcome.state.value, "rows": dict(outcome.rows)}
        as_json("apply", {**values, "findings": [finding.code for finding in outcome.findings]})
    elif outcome.state is State.VERIFIED:
        say(f"verified: {sum(outcome.rows.values()):,} of {plan.rows:,} planned rows; run {outcome.run}")
    elif outcome.state is State.PAUSED:
        say(f"paused after {sum(outcome.rows.values()):,} rows; next: kept resume {outcome.run}")
    if outcome.findings:
        complain(outcome.findings)
        touched = sum(outcome.rows.values())
        far = f"after {touched:,} of {plan.rows:,} rows, in whole batches" if touched else "before the first row"
        say(f"stopped {far}; next: mend it, then kept resume {outcome.run}")
    return int(outcome.exit if outcome.state is not State.VERIFIED else Exit.FINE)


def _with_bar(plan: Plan, run: Callable[[Seen], Outcome]) -> Outcome:
    if not sys.stderr.isatty():
        return run(lambda _step, _done: None)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("rows", total=plan.rows)
        tables = {step.seq: f"{step.system}.{step.table}" for step in plan.steps}

        def seen(step: int, done: Done) -> None:
            progress.update(bar, advance=done.rows, description=tables.get(step, "rows"))

        return run(seen)
