"""`kept find`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from kept.app import looking
from kept.app.people import parse
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, PolicyFile, working
from kept.cli.output import as_json, say, table
from kept.cli.plan import people_words

Who = Annotated[str, Parameter(help="`email=…` and the like; `-` reads them from standard input.")]


def find(*who: Who, policy: PolicyFile = DEFAULT_POLICY, as_of: AsOf = None, json: Json = False) -> int:
    """Count the rows of a person in every mapped table. Values are never shown."""
    with working(policy, as_of) as context:
        found = looking.explained(context, parse(people_words(who)))
    rows: dict[tuple[str, tuple[str, ...]], int] = {}
    for each in found.rows:
        key = (f"{each.system}.{each.table}", each.kinds)
        rows[key] = rows.get(key, 0) + each.rows
    if json:
        as_json("find", {"people": found.people, "rows": [asdict(each) for each in found.rows]})
    elif not found.people:
        say(f"Nobody found by these identifiers in {found.tables_searched} tables; every canary was found.")
    else:
        lines = [(place, ", ".join(kinds), f"{count:,}") for (place, kinds), count in rows.items()]
        table(f"{found.people} records of people", ("table", "kinds of data", "rows"), lines, right=(2,))
    return 0
