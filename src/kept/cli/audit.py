"""`kept audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from kept.app import auditing
from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile, working
from kept.cli.output import as_json, complain, say
from kept.policy.findings import Exit
from kept.records.audit import Audit

Copy = Annotated[Path | None, Parameter(help="An exported copy; without one, this store's own ledger.")]
Key = Annotated[str | None, Parameter(help="The public key (hex), known from elsewhere; beats the one in the file.")]
Witness = Annotated[str | None, Parameter(help="A head written down elsewhere, SIZE:ROOT; shows a roll-back.")]


def audit(
    act: Annotated[Literal["verify", "export"], Parameter(help="`verify` or `export`.")],
    copy: Copy = None,
    *,
    key: Key = None,
    witness: Witness = None,
    policy: PolicyFile = DEFAULT_POLICY,
    json: Json = False,
) -> int:
    """Export the ledger, or verify it: an exported copy needs neither policy nor database.

    Exit code 1 when an entry was altered, removed, moved or added; the first bad one is named.
    """
    if act == "export":
        with working(policy) as context:
            entries = auditing.export(context, auditing.target(copy))
        say(f"{entries} entries written to {copy}")
        return 0
    if copy is not None:
        return _told(auditing.verify_copy(copy, key, witness), json=json)
    with working(policy) as context:
        return _told(auditing.verify_own(context, witness), json=json)


def _told(found: Audit, *, json: bool) -> int:
    head = f"{found.head.size}:{found.head.root.hex()}" if found.head else None
    if json:
        values = {"holds": found.holds, "proven": found.proven, "heads": found.heads, "head": head, "key": found.key}
        as_json("audit", {**values, "first-bad": found.first_bad, "problems": [p.message for p in found.problems]})
    elif found.holds:
        say(f"{found.proven} entries hold under {found.heads} signed heads; head {head}; key {found.key}")
    if not found.holds:
        complain(found.problems)
    return int(Exit.FINE if found.holds else Exit.BROKEN)
