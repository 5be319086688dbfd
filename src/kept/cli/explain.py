"""`kept explain`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import date
from textwrap import wrap
from typing import Final

from kept.app import looking
from kept.app.codes import page
from kept.app.looking import Found, Rows
from kept.app.people import parse
from kept.cli.find import Who, nobody
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, Language, PolicyFile, working
from kept.cli.output import as_json, say
from kept.cli.plan import people_words
from kept.decide.plan import Reason
from kept.policy.findings import Finding, could_not_run
from kept.texts import Lang
from kept.texts import say as text
from kept.texts.forms import day, number, visible

_CODE = re.compile(r"[A-Z][0-9]{3}")
_OUTCOMES: Final = ("delete", "change", "keep")
_LEAST: Final = 20
"""Columns that are left for the reason, however narrow the terminal is."""


def explain(
    *who: Who, lang: Language = "en", policy: PolicyFile = DEFAULT_POLICY, as_of: AsOf = None, json: Json = False
) -> int:
    """Say what an erasure would do with a person's rows and why some would stay; or print a finding code's page."""
    if len(who) == 1 and _CODE.fullmatch(who[0]):
        return _page(who[0])
    with working(policy, as_of) as context:
        found = looking.explained(context, parse(people_words(who)))
    if json:
        as_json("explain", {"people": found.people, "rows": [asdict(each) for each in found.rows]})
    elif not found.people:
        nobody(found, lang)
    else:
        show_found(found, lang)
    return 0


def show_found(found: Found, lang: Lang = "en") -> None:
    """Print what would become of a person's rows, outcome by outcome, and why some would stay."""
    say(text("people.granted", lang))
    width = shutil.get_terminal_size((80, 24)).columns
    for outcome in _OUTCOMES:
        rows = [each for each in found.rows if each.action == outcome]
        if rows:
            say("")
            say(f"  {text(f'people.{outcome}', lang, n=sum(each.rows for each in rows))}")
            for line in _aligned([(_place(each), number(each.rows, lang), _why(each, lang)) for each in rows], width):
                say(line)


def _aligned(rows: Sequence[tuple[str, str, str]], width: int) -> Iterator[str]:
    """Place, figure and reason in columns; a long reason goes on under itself."""
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    room = max(_LEAST, width - first - second - 8)
    for place, figure, why in rows:
        told, *more = wrap(why, room) or [""]
        yield f"    {place:<{first}}  {figure:>{second}}  {told}".rstrip()
        yield from (" " * (first + second + 8) + line for line in more)


def _place(rows: Rows) -> str:
    return visible(f"{rows.system}.{rows.table}")


def _why(rows: Rows, lang: Lang) -> str:
    if rows.shared:
        return text("people.shared", lang)
    if rows.action != "keep":
        return ", ".join(rows.kinds)
    until = [text("people.until", lang, day=day(date.fromisoformat(rows.until), lang))] if rows.until else []
    return "; ".join((*_kept(rows.reasons, lang), *until))


def _kept(reasons: Iterable[Reason], lang: Lang) -> Iterator[str]:
    for reason in reasons:
        if reason.withheld:
            grounds = ", ".join(text(f"ground.{ground}", lang) for ground in reason.grounds or ("none",))
            law = f", {reason.law}" if reason.law else ""
            rule = ", ".join(reason.because)
            yield text("people.withheld", lang, kind=reason.kind, rule=rule, ground=grounds + law)
        else:
            yield text("people.done" if "done" in reason.because else "people.not-due", lang, kind=reason.kind)


def _page(code: str) -> int:
    found = page(code)
    if found is None:
        raise could_not_run(
            Finding(
                code="P001", message=f"there is no finding code {code}", where="kept explain", help="see docs/reference"
            )
        )
    say(found)
    return 0
