"""From what a control saw in each system to one piece of evidence.

Violations win over doubts, for a violation seen is a violation; doubts win over «nothing found».
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kept.law.terms import Verdict
from kept.policy.findings import Refused
from kept.prove.controls import recognise
from kept.prove.controls.witness import Doubt, Facts, Inspection, Seen, Witness
from kept.prove.verdict import Count, Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A violation: what, where, and how much it weighs against the others."""

    reason: str
    facts: Facts = ()
    weight: int = 1


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a control saw in one system."""

    faults: tuple[Fault, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    counts: tuple[Count, ...] = ()
    tables: tuple[str, ...] = ()
    """Tables whose silence must be believable."""
    sampled: bool = False
    """Whether values were looked at, so that a table with rows must have given some."""
    queries: tuple[str, ...] = ()
    sums: dict[str, int] = field(default_factory=dict)
    """Figures for the sentence that says all is well, added up over systems."""


Examine = Callable[[Witness], Look]


def over_systems(control: str, kept: str, inspection: Inspection, examine: Examine) -> Evidence:
    """Look into every system and answer once; `kept` is the reason when nothing was found."""
    looks = [(witness, _looked(witness, examine)) for witness in inspection.witnesses]
    faults = [fault for _, look in looks for fault in look.faults]
    counts = tuple(count for _, look in looks for count in look.counts)
    query = "; ".join(dict.fromkeys(text for _, look in looks for text in look.queries if text))
    if faults:
        heaviest = max(faults, key=lambda fault: fault.weight)
        return _evidence(
            control, Verdict.BROKEN, heaviest.reason, inspection.as_of, facts=heaviest.facts, counts=counts, query=query
        )
    doubts = [doubt for witness, look in looks for doubt in (look.doubts or _doubts(witness, look))]
    if not any(look.tables for _, look in looks):
        doubts.append(Doubt(reason="reason.no-table"))
    if any(look.sampled for _, look in looks) and not all(one.sound for one in recognise.EVERY):
        doubts.append(Doubt(reason="reason.recogniser-blind"))
    if doubts:
        first = doubts[0]
        return _evidence(
            control, Verdict.UNPROVEN, first.reason, inspection.as_of, facts=first.facts, counts=counts, query=query
        )
    positive = "; ".join(witness.positive() for witness, look in looks if look.tables)
    facts = _sums(look for _, look in looks)
    return _evidence(
        control, Verdict.KEPT, kept, inspection.as_of, facts=facts, counts=counts, query=query, positive=positive
    )


def values_fault(witness: Witness, at: tuple[str, str], name: str, seen: Seen) -> Fault:
    """A column (`at`: table, column) that holds values it should not."""
    hits = seen.inside.get(name, 0)
    facts = (("place", witness.place(*at)), ("n", str(hits)), ("total", str(seen.values)))
    return Fault(reason=f"reason.values.{name}", facts=facts, weight=hits)


def unproven(control: str, reason: str, at: datetime, *facts: tuple[str, str]) -> Evidence:
    """Nothing was shown, and why."""
    return _evidence(control, Verdict.UNPROVEN, reason, at, facts=facts)


def broken(control: str, reason: str, at: datetime, *facts: tuple[str, str], counts: Sequence[Count] = ()) -> Evidence:
    """A violation that needs no system to be seen."""
    return _evidence(control, Verdict.BROKEN, reason, at, facts=facts, counts=tuple(counts))


def kept(
    control: str, reason: str, at: datetime, *facts: tuple[str, str], counts: Sequence[Count] = (), positive: str
) -> Evidence:
    """No violation, and the positive control that makes this mean something."""
    return _evidence(control, Verdict.KEPT, reason, at, facts=facts, counts=tuple(counts), positive=positive)


def unreachable(witness: Witness, refused: Refused) -> Doubt:
    """The system did not answer; the code says why, never the address."""
    code = refused.findings[0].code if refused.findings else ""
    return Doubt(reason="reason.unreachable", facts=(("system", witness.name), ("code", code)))


def _looked(witness: Witness, examine: Examine) -> Look:
    try:
        return examine(witness)
    except Refused as refused:
        return Look(doubts=(unreachable(witness, refused),))


def _doubts(witness: Witness, look: Look) -> tuple[Doubt, ...]:
    if not look.tables:
        return ()
    try:
        return witness.doubts(look.tables, sample=look.sampled)
    except Refused as refused:
        return (unreachable(witness, refused),)


def _sums(looks: Iterable[Look]) -> Facts:
    total: dict[str, int] = {}
    for look in looks:
        for name, figure in look.sums.items():
            total[name] = total.get(name, 0) + figure
    return tuple((name, str(figure)) for name, figure in total.items())


def _evidence(
    control: str,
    verdict: Verdict,
    reason: str,
    at: datetime,
    *,
    facts: Facts = (),
    counts: tuple[Count, ...] = (),
    query: str = "",
    positive: str = "",
) -> Evidence:
    return Evidence(
        control=control,
        verdict=verdict,
        reason=reason,
        facts=facts,
        counts=counts,
        query=query,
        positive=positive,
        at=at,
    )
