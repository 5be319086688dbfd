"""`kept plan retention`, `kept plan erasure email=…`."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from kept.app import planning
from kept.app.context import Context
from kept.app.people import parse
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, PolicyFile, working
from kept.cli.output import as_json, say, table
from kept.cli.words import classes_of, cost_of, reason_of
from kept.decide.plan import Plan, over_limit
from kept.policy.findings import Exit, Finding, could_not_run


def plan(
    trigger: Annotated[str, Parameter(help="`retention`, or `erasure` with the person's identifiers.")],
    *who: Annotated[str, Parameter(help="`email=…` and the like; `-` reads them from standard input.")],
    out: Annotated[Path | None, Parameter(help="Write the plan here.")] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """Make a plan: what would be done, why, and why the rest stays. Nothing is changed.

    Exit code 0 when there is nothing to do, 4 when there is a plan to carry out.
    """
    with working(policy, as_of) as context:
        planned = _planned(context, trigger, who)
        if planned is None:
            return _nobody(context, json=json)
        if out is not None:
            planning.write(planned, out)
        _show(context, planned.plan, planned.text, out, json=json)
        return int(Exit.PENDING if planned.plan.steps else Exit.FINE)


def _planned(context: Context, trigger: str, who: tuple[str, ...]) -> planning.Planned | None:
    if trigger == "retention" and not who:
        return planning.retention(context)
    if trigger == "erasure":
        return planning.erasure(context, parse(people_words(who)))
    raise could_not_run(
        Finding(
            code="P001",
            message="a plan is for `retention` or for `erasure` of a person",
            where="kept plan",
            help="kept plan retention, or kept plan erasure email=…",
        )
    )


def people_words(who: tuple[str, ...]) -> list[str]:
    """Identifiers as typed, or one per line from standard input (so that they stay out of the shell's history)."""
    if who != ("-",):
        return list(who)
    try:
        return [line.strip() for line in sys.stdin if line.strip()]
    except UnicodeDecodeError:
        raise could_not_run(
            Finding(
                code="R101",
                message="standard input is no UTF-8 text",
                where="who the request is about",
                help="write one identifier per line, e.g. email=…, in UTF-8",
            )
        ) from None


def _nobody(context: Context, *, json: bool) -> int:
    searched = sum(len(table.entry.find_by) > 0 for bound in context.maps.values() for table in bound.tables.values())
    if json:
        as_json("plan", {"found": 0, "tables": searched, "plan": None})
    else:
        say(f"Nobody found by these identifiers in {searched} tables; every canary was found. No plan was made.")
    return int(Exit.FINE)


def _show(context: Context, made: Plan, text: str, out: Path | None, *, json: bool) -> None:
    if json:
        as_json("plan", {"digest": made.digest, "plan": jsonlib.loads(text)})
        return
    show_plan(made)
    _closing(context, made, out)


def show_plan(made: Plan) -> None:
    """Print steps with their cost shape, then every class of rows with its outcome and reason."""
    if not made.steps:
        say("Nothing to do: no row is due.")
    else:
        table("Steps", ("", "table", "action", "rows", "cost"), _steps(made), right=(3,))
    table("Classes", ("table", "rows", "outcome", "why"), _classes(made), right=(1,))


def _steps(made: Plan) -> list[tuple[object, ...]]:
    return [
        (
            step.seq,
            f"{step.system}.{step.table}",
            _action(step.action, step.fills),
            f"{step.rows:,}",
            cost_of(step.cost),
        )
        for step in made.steps
    ]


def _action(action: str, fills: tuple[tuple[str, str], ...]) -> str:
    return "delete rows" if action == "delete" else "empty " + ", ".join(column for column, _ in fills)


def _classes(made: Plan) -> list[tuple[object, ...]]:
    return [
        (f"{each.system}.{each.table}", f"{one.rows:,}", classes_of(one.action), reason_of(one.reasons, one.until))
        for each in made.tables
        for one in each.classes
    ]


def _closing(context: Context, made: Plan, out: Path | None) -> None:
    for step in over_limit(made, context.policy.safety.stop_above):
        say(f"! {step.system}.{step.table}: above stop-above {context.policy.safety.stop_above:.0%}; one more approval")
    where = str(out) if out else "PLAN (write it with --out PLAN)"
    if made.steps:
        say(f"{made.rows:,} rows; digest {made.digest[:12]}; expires {made.expires[:16]} UTC; next: kept apply {where}")
