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
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, Language, PolicyFile, working
from kept.cli.output import as_json, columns, say
from kept.cli.words import cost_of, outcome_of, reason_of
from kept.decide.plan import Plan, over_limit
from kept.policy.findings import Exit, Finding, could_not_run
from kept.texts import Lang
from kept.texts import say as text
from kept.texts.forms import number, visible


def plan(
    trigger: Annotated[str, Parameter(help="`retention`, or `erasure` with the person's identifiers.")],
    *who: Annotated[str, Parameter(help="`email=…` and the like; `-` reads them from standard input.")],
    out: Annotated[Path | None, Parameter(help="Write the plan here.")] = None,
    lang: Language = "en",
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
            return _nobody(context, lang, json=json)
        if out is not None:
            planning.write(planned, out)
        _show(context, planned, out, lang, json=json)
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


def _nobody(context: Context, lang: Lang, *, json: bool) -> int:
    searched = sum(len(table.entry.find_by) > 0 for bound in context.maps.values() for table in bound.tables.values())
    if json:
        as_json("plan", {"found": 0, "tables": searched, "plan": None})
    else:
        say(text("plan.nobody", lang, tables=searched))
    return int(Exit.FINE)


def _show(context: Context, planned: planning.Planned, out: Path | None, lang: Lang, *, json: bool) -> None:
    if json:
        as_json("plan", {"digest": planned.plan.digest, "plan": jsonlib.loads(planned.text)})
        return
    show_plan(planned.plan, lang)
    for name, bound in context.maps.items():
        if not planned.plan.steps and bound.system.canary is None:
            say(text("plan.no-canary", lang, system=visible(name)))
    _closing(context, planned.plan, out, lang)


def show_plan(made: Plan, lang: Lang = "en") -> None:
    """Print steps with their cost shape, then every class of rows with its outcome and reason."""
    if not made.steps:
        say(text("plan.nothing", lang))
    else:
        say(text("plan.steps", lang))
        say("")
        columns([_titles(lang), *_steps(made, lang)], right=(0, 2, 3))
        say("")
        say(f"  {text('plan.cost-note', lang)}")
    if classes := _classes(made, lang):
        say("")
        say(text("plan.why", lang))
        say("")
        columns(classes, right=(1,))


def _titles(lang: Lang) -> tuple[str, ...]:
    return ("", "", text("plan.rows", lang), text("plan.cost", lang), "")


def _steps(made: Plan, lang: Lang) -> list[tuple[str, ...]]:
    return [
        (
            str(step.seq),
            visible(f"{step.system}.{step.table}"),
            number(step.rows, lang),
            cost_of(step.cost, lang),
            _action(step.action, step.fills, lang),
        )
        for step in made.steps
    ]


def _action(action: str, fills: tuple[tuple[str, str], ...], lang: Lang) -> str:
    if action == "delete":
        return text("plan.delete", lang)
    return text("plan.empty", lang, columns=visible(", ".join(column for column, _ in fills)))


def _classes(made: Plan, lang: Lang) -> list[tuple[str, ...]]:
    return [
        (
            visible(f"{each.system}.{each.table}"),
            number(one.rows, lang),
            outcome_of(one.action, lang),
            reason_of(one.reasons, one.until, lang),
        )
        for each in made.tables
        for one in each.classes
    ]


def _closing(context: Context, made: Plan, out: Path | None, lang: Lang) -> None:
    share = f"{context.policy.safety.stop_above:.0%}"
    say("")
    for step in over_limit(made, context.policy.safety.stop_above):
        say(text("plan.above", lang, place=visible(f"{step.system}.{step.table}"), share=share))
    if made.steps:
        zone = context.policy.controller.timezone
        say(text("plan.closing", lang, n=made.rows, digest=made.digest[:12], expires=made.expires, zone=zone))
        say(text("plan.next", lang, file=out) if out else text("plan.unwritten", lang))
