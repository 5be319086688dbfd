"""`kept explain`."""

from __future__ import annotations

import re
from dataclasses import asdict

from kept.app import looking
from kept.app.codes import page
from kept.app.looking import Found, Rows
from kept.app.people import parse
from kept.cli.find import Who
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, PolicyFile, working
from kept.cli.output import as_json, say, table
from kept.cli.plan import people_words
from kept.cli.words import classes_of, reason_of
from kept.policy.findings import Finding, could_not_run

_CODE = re.compile(r"[A-Z][0-9]{3}")


def explain(*who: Who, policy: PolicyFile = DEFAULT_POLICY, as_of: AsOf = None, json: Json = False) -> int:
    """Say what an erasure would do with a person's rows and why some would stay; or print a finding code's page."""
    if len(who) == 1 and _CODE.fullmatch(who[0]):
        return _page(who[0])
    with working(policy, as_of) as context:
        found = looking.explained(context, parse(people_words(who)))
    if json:
        as_json("explain", {"people": found.people, "rows": [asdict(each) for each in found.rows]})
    elif not found.people:
        say(f"Nobody found by these identifiers in {found.tables_searched} tables; every canary was found.")
    else:
        show_found(found)
    return 0


def show_found(found: Found) -> None:
    """Print what would become of a person's rows, and why some would stay."""
    rows = [
        (f"{each.system}.{each.table}", f"{each.rows:,}", classes_of(each.action), _why(each)) for each in found.rows
    ]
    table("If an erasure were granted", ("table", "rows", "outcome", "why"), rows, right=(1,))


def _why(rows: Rows) -> str:
    return "shared with other people, who remain" if rows.shared else reason_of(rows.reasons, rows.until)


def _page(code: str) -> int:
    text = page(code)
    if text is None:
        raise could_not_run(
            Finding(
                code="P001", message=f"there is no finding code {code}", where="kept explain", help="see docs/reference"
            )
        )
    say(text)
    return 0
