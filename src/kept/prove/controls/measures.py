"""`measures.check`: what a program can see of a technical measure; what it cannot see stays unproven, by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from kept.law.terms import Check
from kept.policy.model import Citation
from kept.prove.controls.answer import Fault, Look, over_systems, unproven, values_fault
from kept.prove.controls.places import columns_of, holds
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

SENSITIVE: Final = ("card", "iban", "secret")
"""Values nobody needs to tell support; a health condition or a belief has no pattern and is not found."""

SECRETS: Final = ("secret",)


def check(citation: Citation, inspection: Inspection) -> Evidence:
    """Run the check that the measure names."""
    entry = inspection.policy.entry("measures", citation.element)
    word = entry.items("check")[0] if entry and entry.items("check") else ""
    kinds = entry.items("of") if entry else ()
    kinds = tuple(inspection.policy.data) if "all" in kinds else kinds
    if word in {Check.SENSITIVE_VALUES, Check.SECRET_SCAN}:
        names = SENSITIVE if word == Check.SENSITIVE_VALUES else SECRETS
        return over_systems(word, f"reason.{word}-hold", inspection, partial(_values, kinds, names))
    if word == Check.ENCRYPTED_IN_TRANSIT:
        return over_systems(word, "reason.transport-encrypted", inspection, partial(_transport, kinds))
    if word == Check.ANONYMITY:
        return unproven(word, "reason.anonymity-unmeasured", inspection.as_of)
    return unproven(word, "reason.no-control-yet", inspection.as_of, ("check", word))


def _values(kinds: Iterable[str], names: tuple[str, ...], witness: Witness) -> Look:
    """No value of these in the readable columns of the kinds."""
    columns = [
        (bound.name, column)
        for bound in witness.map.tables.values()
        for column in dict.fromkeys(c for kind in kinds for c in columns_of(bound, kind))
    ]
    tables = tuple(b.name for b in witness.map.tables.values() if any(holds(b, kind) for kind in kinds))
    faults, counts = [], []
    for table, column in columns:
        seen = witness.seen(table, column)
        if seen.values:
            place = witness.place(table, column)
            counts.append(Count(place=place, violations=seen.hits(names), total=seen.values))
        faults += [values_fault(witness, (table, column), name, seen) for name in names if seen.inside.get(name)]
    return Look(
        faults=tuple(faults),
        counts=tuple(counts),
        tables=tables,
        sampled=True,
        queries=tuple(witness.asked(table) for table in tables),
        sums={"n": sum(c.total for c in counts), "rows": sum(witness.sampled(table) for table in tables)},
    )


def _transport(kinds: Iterable[str], witness: Witness) -> Look:
    """The connection to every system that holds the kinds is encrypted."""
    tables = tuple(b.name for b in witness.map.tables.values() if any(holds(b, kind) for kind in kinds))
    if not tables:
        return Look()
    answer = witness.port.encrypted_in_transit()
    facts = (("system", witness.name),)
    if answer is None:
        return Look(doubts=(Doubt(reason="reason.transport-unknown", facts=facts),), tables=tables)
    fault = Fault(reason="reason.transport-open", facts=facts)
    count = Count(place=witness.name, violations=int(not answer), total=1)
    return Look(faults=() if answer else (fault,), counts=(count,), tables=tables, sums={"n": 1})
