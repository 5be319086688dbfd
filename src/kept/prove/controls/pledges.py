"""Pledges: binding, but only a role can vouch for them, again and again."""

from __future__ import annotations

from typing import Final

from kept.law.periods import Edge, Period, civil_day, until
from kept.law.terms import Verdict
from kept.policy.model import Citation
from kept.prove.controls.answer import unproven
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Evidence

PLEDGE: Final = "pledge"


def pledge(citation: Citation, inspection: Inspection) -> Evidence:
    """Vouched while the owner's latest affirmation is within its review period; otherwise nobody stands for it."""
    entry = inspection.policy.entry("pledges", citation.element)
    owner = entry.items("owner")[0] if entry and entry.items("owner") else ""
    review = entry.values.get("review") if entry else None
    if not owner or not isinstance(review, Period):
        return unproven(PLEDGE, "reason.no-owner", inspection.as_of)
    past = [v for v in inspection.vouches if v.promise == citation.promise and v.at <= inspection.as_of]
    ours = [v for v in past if v.role == owner]
    if not ours:
        return unproven(PLEDGE, "reason.nobody-vouched", inspection.as_of, ("role", owner))
    latest = max(ours, key=lambda vouch: vouch.at)
    ends = until(latest.at, review, inspection.zone, Edge.CEILING)
    if civil_day(inspection.as_of, inspection.zone) > ends:
        return unproven(PLEDGE, "reason.vouch-expired", inspection.as_of, ("role", owner), ("until", ends.isoformat()))
    return Evidence(
        control=PLEDGE,
        verdict=Verdict.VOUCHED,
        reason="reason.vouched",
        facts=(("role", owner), ("since", latest.at.isoformat()), ("until", ends.isoformat())),
        at=inspection.as_of,
    )
