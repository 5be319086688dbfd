"""`requests.channels.*.address`: where people are told to write must be the company's own.

Whether a message becomes a case needs a mailbox to send it to; that an address lies on somebody else's domain needs
none, and such a message can never arrive.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from kept.policy.model import Citation, Policy
from kept.prove.controls.answer import broken, unproven
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Count, Evidence

ADDRESS: Final = "address"
_LABELS: Final = 2
"""Labels of a registered domain, as far as can be told without a list: `klarsyn.example`."""


def address(citation: Citation, inspection: Inspection) -> Evidence:
    """Broken where the address lies on another domain than the controller's contact and site; else not shown yet."""
    theirs, ours = _domain(_said(citation, inspection.policy)), _own(inspection.policy)
    if not theirs or not ours or theirs in ours:
        return unproven("none", "reason.not-executed-yet", inspection.as_of, ("section", citation.section))
    count = Count(place=citation.place, violations=1, total=1)
    facts = (("domain", theirs), ("own", ", ".join(sorted(ours))))
    return broken(ADDRESS, "reason.foreign-domain", inspection.as_of, *facts, counts=[count])


def _said(citation: Citation, policy: Policy) -> str:
    entry = policy.entry(citation.section, citation.element)
    return str(entry.values.get("address", "")) if entry else ""


def _own(policy: Policy) -> set[str]:
    site = urlsplit(policy.text.address or "").hostname or ""
    return {domain for domain in (_domain(policy.controller.contact or ""), _registered(site)) if domain}


def _domain(said: str) -> str:
    _, at, host = said.rpartition("@")
    return _registered(host) if at else ""


def _registered(host: str) -> str:
    return ".".join(host.strip().lower().rstrip(".").split(".")[-_LABELS:])
