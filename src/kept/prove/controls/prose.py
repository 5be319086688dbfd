"""Sentences that cannot run as written (defects: broken until amended) and those that bind nobody (noted)."""

from __future__ import annotations

from typing import Final

from kept.law.terms import Verdict
from kept.policy.model import Citation
from kept.prove.controls.answer import broken, unproven
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Count, Evidence

DEFECT: Final = "text-defect"
STATEMENT: Final = "statement"


def defect(citation: Citation, inspection: Inspection) -> Evidence:
    """Broken, with the reason the policy gives, until the text is amended and the entry goes."""
    why = inspection.policy.text.defects.get(citation.promise)
    if why is None:
        return unproven(DEFECT, "reason.no-defect", inspection.as_of)
    count = Count(place=inspection.policy.text.file or "text", violations=1, total=1)
    return broken(DEFECT, f"reason.defect.{why}", inspection.as_of, counts=[count])


def statement(_: Citation, inspection: Inspection) -> Evidence:
    """Noted: outside the count."""
    return Evidence(control=STATEMENT, verdict=Verdict.NOTED, reason="reason.binds-nobody", at=inspection.as_of)
