"""`kept explain`."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Final

from kept.app import looking
from kept.app.codes import page
from kept.app.looking import Found, Rows
from kept.app.people import parse
from kept.cli.find import Who, nobody
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, Language, PolicyFile, working
from kept.cli.output import as_json, columns, say
from kept.cli.plan import people_words
from kept.cli.words import kept_because
from kept.policy.findings import Finding, could_not_run
from kept.texts import Lang
from kept.texts import say as text
from kept.texts.forms import number, visible

_CODE = re.compile(r"[A-Z][0-9]{3}")
_OUTCOMES: Final = ("delete", "change", "keep")


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
    for outcome in _OUTCOMES:
        rows = [each for each in found.rows if each.action == outcome]
        if rows:
            say("")
            say(f"  {text(f'people.{outcome}', lang, n=sum(each.rows for each in rows))}")
            columns([(_place(each), number(each.rows, lang), _why(each, lang)) for each in rows], right=(1,), indent=4)


def _place(rows: Rows) -> str:
    return visible(f"{rows.system}.{rows.table}")


def _why(rows: Rows, lang: Lang) -> str:
    if rows.shared:
        return text("people.shared", lang)
    if rows.action != "keep":
        return ", ".join(rows.kinds)
    return kept_because(rows.reasons, rows.until, lang)


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
