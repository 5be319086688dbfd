"""From a cited key to the control that proves it; what nothing runs yet is unproven and says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from kept.policy.findings import Refused
from kept.policy.model import Citation
from kept.prove.controls import (
    addresses,
    ages,
    declared,
    documents,
    measures,
    never,
    optional,
    pledges,
    precision,
    prose,
    sources,
)
from kept.prove.controls.answer import unproven
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Evidence

Control = Callable[[Citation, Inspection], Evidence]
Key = tuple[str, str]

CONTROLS: Final[Mapping[Key, Control]] = {
    ("data", "fields"): declared.fields,
    ("data", "categories"): declared.categories,
    ("data", "never"): never.never,
    ("data", "sources"): sources.sources,
    ("data", "precision"): precision.precision,
    ("data", "optional"): optional.optional,
    ("people", "minimum-age"): ages.ages,
    ("text", "version"): documents.version,
    ("text", "defects"): prose.defect,
    ("text", "statements"): prose.statement,
    ("purposes", "basis"): documents.basis,
    ("purposes", "interest"): documents.interest,
    ("recipients", "assurance"): documents.assurance,
    ("recipients", "contract"): documents.contract,
    ("recipients", "safeguard"): documents.safeguard,
    ("requests", "address"): addresses.address,
    ("measures", "check"): measures.check,
    ("pledges", "owner"): pledges.pledge,
    ("pledges", "review"): pledges.pledge,
}
"""Controls that run, by section and key."""

PARTLY: Final = frozenset({("requests", "address")})
"""Controls that can only find a fault, and never that all is well; they are not counted as running."""


def evidence(citation: Citation, inspection: Inspection, more: Mapping[Key, Control] | None = None) -> Evidence:
    """Run the one control of a citation; `more` adds controls of other groups, such as the retention count."""
    if citation.undecided:
        return unproven("none", "reason.undecided", inspection.as_of, ("place", citation.place))
    key = (citation.section, citation.key)
    control = (more or {}).get(key) or CONTROLS.get(key)
    if control is None:
        return unproven("none", "reason.not-executed-yet", inspection.as_of, ("section", citation.section))
    try:
        return control(citation, inspection)
    except Refused as refused:
        code = refused.findings[0].code if refused.findings else ""
        return unproven("none", "reason.refused", inspection.as_of, ("place", citation.place), ("code", code))


def runs(citation: Citation, more: Mapping[Key, Control] | None = None) -> bool:
    """Whether a control exists that can run for this citation."""
    key = (citation.section, citation.key)
    return not citation.undecided and key not in PARTLY and (key in CONTROLS or key in (more or {}))
