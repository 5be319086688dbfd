"""`kept find`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from kept.app import looking
from kept.app.looking import Found
from kept.app.people import parse
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, Language, PolicyFile, working
from kept.cli.output import as_json, columns, say
from kept.cli.plan import people_words
from kept.texts import Lang
from kept.texts import say as text
from kept.texts.forms import number, visible

Who = Annotated[str, Parameter(help="`email=…` and the like; `-` reads them from standard input.")]


def find(
    *who: Who, lang: Language = "en", policy: PolicyFile = DEFAULT_POLICY, as_of: AsOf = None, json: Json = False
) -> int:
    """Count the rows of a person in every mapped table. Values are never shown."""
    with working(policy, as_of) as context:
        found = looking.explained(context, parse(people_words(who)))
    if json:
        as_json("find", {"people": found.people, "rows": [asdict(each) for each in found.rows]})
    elif not found.people:
        nobody(found, lang)
    else:
        _show(found, lang)
    return 0


def nobody(found: Found, lang: Lang) -> None:
    """Say that nobody was found, and why that may be believed."""
    say(text("people.nobody", lang, tables=found.tables_searched))


def _show(found: Found, lang: Lang) -> None:
    rows: dict[tuple[str, tuple[str, ...]], int] = {}
    for each in found.rows:
        key = (visible(f"{each.system}.{each.table}"), each.kinds)
        rows[key] = rows.get(key, 0) + each.rows
    say(text("people.found", lang, n=found.people, rows=sum(rows.values()), tables=len(rows)))
    say("")
    columns([(place, number(count, lang), ", ".join(kinds)) for (place, kinds), count in rows.items()], right=(1,))
