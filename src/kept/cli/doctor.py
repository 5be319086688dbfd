"""`kept doctor`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from kept.app import examining
from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile, working
from kept.cli.output import as_json, columns, complain, say
from kept.policy.findings import Exit, Severity


def doctor(
    *,
    grants: Annotated[
        bool, Parameter(negative=(), help="Print the minimal grants as SQL, for a person to run.")
    ] = False,
    role: Annotated[str, Parameter(help="The database role the grants are for.")] = "kept",
    superuser: Annotated[bool, Parameter(negative=(), help="Accept an all-powerful role (a laptop, a test).")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
    json: Json = False,
) -> int:
    """Examine connections, roles, canaries, triggers and grants of every system, and Kept's own store.

    Exit code 0 when everything is fit for plan and apply, 1 otherwise.
    """
    with working(policy) as context:
        if grants:
            for text in examining.grants(context, role):
                say(text)
            return 0
        examined = examining.examine(context, superuser=superuser)
    findings = tuple(finding for each in examined for finding in each.findings)
    if json:
        as_json("doctor", {"systems": [asdict(each) for each in examined]})
    else:
        for each in examined:
            say(each.name)
            columns([(what, fact) for what, fact in each.facts])
            say("")
        complain(findings) if findings else say("fit for plan and apply")
    return int(Exit.BROKEN if any(f.severity is Severity.ERROR for f in findings) else Exit.FINE)
