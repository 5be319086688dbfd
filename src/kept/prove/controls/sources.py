"""`data.sources`: every row says where it came from, and names a way in that the policy declares."""

from __future__ import annotations

from functools import partial
from typing import Final

from kept.map.bound import BoundTable
from kept.policy.model import Citation, DataKind
from kept.prove.controls.answer import Fault, Look, over_systems
from kept.prove.controls.places import holds
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

SOURCES: Final = "sources"


def sources(citation: Citation, inspection: Inspection) -> Evidence:
    """Count the rows of the kind whose source is missing or not declared."""
    kind = inspection.policy.data[citation.element]
    return over_systems(SOURCES, "reason.sources-hold", inspection, partial(_look, kind))


def _look(kind: DataKind, witness: Witness) -> Look:
    parts = [_in_table(kind, bound, witness) for bound in _tables(kind, witness)]
    counts = tuple(count for part in parts for count in part.counts)
    return Look(
        faults=tuple(fault for part in parts for fault in part.faults),
        doubts=tuple(doubt for part in parts for doubt in part.doubts),
        counts=counts,
        tables=tuple(table for part in parts for table in part.tables),
        queries=tuple(query for part in parts for query in part.queries),
        sums={"n": sum(count.total for count in counts), "tables": len(parts)},
    )


def _tables(kind: DataKind, witness: Witness) -> list[BoundTable]:
    """Tables of this kind; where there is none, those with single columns of it."""
    tables = list(witness.map.tables.values())
    own = [bound for bound in tables if bound.entry.kind == kind.name]
    return own or [bound for bound in tables if holds(bound, kind.name)]


def _in_table(kind: DataKind, bound: BoundTable, witness: Witness) -> Look:
    source, place = bound.entry.source, witness.place(bound.name)
    if source is None:
        return Look(doubts=(Doubt(reason="reason.no-source-mapped", facts=(("place", place),)),), tables=(bound.name,))
    if source.column:
        return _by_column(kind, bound, source.column, witness)
    strange = [word for word in source.constant if word not in (kind.sources or ())]
    rows = witness.rows(bound.name)
    count = Count(place=place, violations=rows if strange else 0, total=rows)
    faults = [
        Fault(reason="reason.strange-source", facts=(("place", place), ("source", word)), weight=rows + 1)
        for word in strange
    ]
    return Look(faults=tuple(faults), counts=(count,), tables=(bound.name,), queries=(f"count {place}",))


def _by_column(kind: DataKind, bound: BoundTable, column: str, witness: Witness) -> Look:
    place = witness.place(bound.name, column)
    outside, total = witness.port.count_outside(bound.name, column, kind.sources or ())
    facts = (("place", place), ("n", str(outside)), ("total", str(total)))
    return Look(
        faults=(Fault(reason="reason.rows-without-source", facts=facts, weight=outside),) if outside else (),
        counts=(Count(place=place, violations=outside, total=total),),
        tables=(bound.name,),
        queries=(f"count {place} IS NULL OR NOT IN ({', '.join(kind.sources or ())})",),
    )
