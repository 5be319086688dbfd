"""Finding codes of the ledger: one table that the audit and the reference share."""

from __future__ import annotations

from typing import Final

from kept.policy.codes import Code
from kept.policy.findings import Finding

_COMPARE: Final = "keep this copy as it is, and compare with an earlier copy and with a head kept elsewhere"
_TABLE: Final = (
    Code(
        code="L101",
        title="entries are not what was signed",
        page="A head that carries the ledger's signature gives another root than the entries in the copy. The first "
        "entry that differs is named; where only one head speaks for several entries, they are named together.",
        why="Art. 5(2) GDPR: accountability rests on records that cannot be edited unnoticed",
        help=_COMPARE,
    ),
    Code(
        code="L102",
        title="entries were deleted from the end",
        page="The signed last line speaks of more entries than the copy has.",
        why="Art. 5(2) GDPR: accountability rests on records that cannot be edited unnoticed",
        help=_COMPARE,
    ),
    Code(
        code="L104",
        title="signed lines are altered or out of place",
        page="Heads, marks and the last line carry a signature; one or more do not hold, or stand where they were not "
        "written. Entries that a later head proves are proven all the same.",
        help=_COMPARE,
    ),
    Code(
        code="L105",
        title="heads were removed or added",
        page="The signed last line counts the heads, and the copy has another number of them.",
        help=_COMPARE,
    ),
    Code(
        code="L106",
        title="the ledger was rolled back",
        page="Somebody outside wrote down a head with more entries than this copy has. A restored backup of Kept's own "
        "store looks like this, and so does a deliberate deletion with the signing key.",
        why="nothing inside a ledger can show that its end was taken away; only a head kept elsewhere can",
        help="stop destroying data, find out what was restored, and record it",
    ),
    Code(
        code="L107",
        title="history was written anew",
        page="At the size that somebody outside wrote down, this ledger has another root. All its signatures hold, so "
        "whoever did it had the signing key.",
        why="nothing inside a ledger can show this; only a head kept elsewhere can",
        help="treat the signing key as stolen; keep this copy as it is",
    ),
    Code(
        code="L108",
        title="the copy was cut short or added to",
        page="An exported copy ends with one signed line. It is missing, altered, or not the last one.",
        help="export again with `kept audit export`; if that fails too, the store itself was changed",
    ),
    Code(
        code="L109",
        title="this is not an exported ledger",
        page="The first line names the format and the public key; this file has no such line.",
        help="give a file that `kept audit export` wrote",
    ),
    Code(
        code="L110",
        title="the copy names another key than the one expected",
        page="Heads are checked with the key you gave, not with the one in the copy.",
        help="learn the ledger's public key from where it was first published",
    ),
    Code(
        code="L111",
        title="the copy and the store hold different histories",
        page="Both carry this ledger's signature, and neither contains the other.",
        why="one of them was rolled back or written anew",
        help="compare both with a head kept elsewhere",
    ),
)

CODES: Final = {code.code: code for code in _TABLE}


def finding(code: str, *, detail: str = "", where: str = "") -> Finding:
    """The finding of a code, with what was seen in this case."""
    known = CODES[code]
    message = f"{known.title}: {detail}" if detail else known.title
    return Finding(code=code, message=message, severity=known.severity, where=where, why=known.why, help=known.help)
