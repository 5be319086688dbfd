"""`data.optional`: what a person may leave out has been left out, and the database does not insist on it.

A column that must not be empty breaks the promise; a field that nobody ever left empty proves nothing.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from kept.decide.select import Equals, IsNull, Selection, Some
from kept.map.bound import BoundTable
from kept.map.schema import Family
from kept.policy.model import Citation, DataKind
from kept.ports import CountQuery
from kept.prove.controls.answer import Fault, Look, over_systems
from kept.prove.controls.places import Place, declared_places, holds
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

OPTIONAL: Final = "optional"
ANONYMOUS: Final = "anonymous-use"
EVERYTHING: Final = "all"
_NAMED: Final = frozenset({"name", "email", "phone", "login", "username", "user", "customer-id", "account-id"})
"""Identifiers that only somebody who gave them can have."""


def optional(citation: Citation, inspection: Inspection) -> Evidence:
    """Fields that may be left out; `all` is anonymous use: people are on record who gave no name and no address."""
    kind = inspection.policy.data[citation.element]
    said = inspection.policy.entry("data", kind.name)
    if said is not None and said.values.get("optional") == EVERYTHING:
        return over_systems(ANONYMOUS, "reason.anonymous-use", inspection, partial(_anonymous, kind))
    return over_systems(OPTIONAL, "reason.left-out", inspection, partial(_fields, kind))


def _fields(kind: DataKind, witness: Witness) -> Look:
    places = [
        (bound, place)
        for bound in witness.map.tables.values()
        for place in declared_places(bound, kind.name)
        if place.field in (kind.optional or ()) and not place.path
    ]
    found = [_field(bound, place, witness) for bound, place in places]
    missing = sorted(set(kind.optional or ()) - {place.field for _, place in places})
    doubts = [Doubt(reason="reason.optional-unmapped", facts=(("field", field),)) for field in missing]
    return Look(
        faults=tuple(fault for fault, _, _ in found if fault),
        doubts=(*doubts, *(doubt for _, doubt, _ in found if doubt)),
        counts=tuple(count for _, _, count in found),
        tables=tuple(dict.fromkeys(bound.name for bound, _ in places)),
        queries=tuple(f"count {witness.place(bound.name, place.column)} empty" for bound, place in places),
        sums={"n": len(places)},
    )


def _field(bound: BoundTable, place: Place, witness: Witness) -> tuple[Fault | None, Doubt | None, Count]:
    column = bound.table.by_name[place.column]
    where, total = witness.place(bound.name, column.name), witness.rows(bound.name)
    facts = (("place", where), ("total", str(total)))
    if not column.nullable:
        return Fault(reason="reason.must-be-given", facts=facts), None, Count(place=where, violations=1, total=1)
    empty: Selection = IsNull(column=column.name)
    if column.family is Family.TEXT:
        empty = Some(parts=(empty, Equals(column=column.name, value="")))
    left = sum(witness.port.count(CountQuery(table=bound.name, flags=(), where=empty)).values())
    doubt = None if left else Doubt(reason="reason.never-left-out", facts=facts)
    return None, doubt, Count(place=where, violations=0, total=1)


def _anonymous(kind: DataKind, witness: Witness) -> Look:
    """Tables of these people: what finds them, and whose rows theirs hang on."""
    tables = [b for b in witness.map.tables.values() if holds(b, kind.name) and b.entry.person in kind.people]
    faults = tuple(fault for bound in tables for fault in _tied(kind, bound, witness))
    rows = {bound.name: witness.rows(bound.name) for bound in tables}
    doubts = [
        Doubt(reason="reason.nobody-anonymous", facts=(("place", witness.place(t)),)) for t, n in rows.items() if not n
    ]
    return Look(
        faults=faults,
        doubts=tuple(doubts),
        counts=tuple(
            Count(place=witness.place(bound.name), violations=sum(_at(f, bound, witness) for f in faults), total=1)
            for bound in tables
        ),
        tables=tuple(rows),
        queries=tuple(f"describe {witness.place(table)}; count {witness.place(table)}" for table in rows),
        sums={"n": sum(rows.values())},
    )


def _tied(kind: DataKind, bound: BoundTable, witness: Witness) -> list[Fault]:
    """What ties a row to somebody who signed in: an identifier that was given, or a named person above it."""
    words = [word for word, _ in bound.entry.find_by if word in _NAMED]
    above = {link.parent for link in bound.links} | {foreign.table for foreign in bound.table.foreign_keys}
    people = [
        parent
        for parent in sorted(above)
        if (known := witness.map.tables.get(parent)) and known.entry.person and known.entry.person not in kind.people
    ]
    place = witness.place(bound.name)
    return [
        Fault(reason="reason.sign-in-needed", facts=(("place", place), ("what", what))) for what in (*words, *people)
    ]


def _at(fault: Fault, bound: BoundTable, witness: Witness) -> bool:
    return dict(fault.facts)["place"] == witness.place(bound.name)
