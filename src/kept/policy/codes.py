"""Every finding code of the policy file: one table that `kept explain`, the reference and the findings share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kept.policy.findings import Finding, Severity, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a code means, why it matters (the article), and what to do."""

    title: str
    page: str
    why: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR


CODES: Final[dict[str, Code]] = {}


def finding(code: str, message: str, *spans: Span, help: str = "", where: str = "") -> Finding:  # noqa: A002 - the field's name
    """A finding with the severity, the article and the next step of its code."""
    known = CODES.get(code)
    if known is None:
        return Finding(code=code, message=message, spans=spans, where=where, help=help)
    return Finding(
        code=code,
        message=message,
        severity=known.severity,
        spans=spans,
        where=where,
        why=known.why,
        help=help or known.help,
    )
