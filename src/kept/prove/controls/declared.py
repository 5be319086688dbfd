"""`data.fields` and `data.categories`: what is stored is what is declared, by the schema and by the values.

A name in a catalogue proves little: so values are looked at too, and a column full of mail addresses is one
whatever it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from kept.map.bound import BoundTable
from kept.policy.model import Citation, DataKind
from kept.prove.controls.answer import Fault, Look, over_systems, values_fault
from kept.prove.controls.kinds import (
    is_what,
    looks_like,
    may_hold_in_categories,
    may_hold_in_fields,
    speaks_of,
)
from kept.prove.controls.places import Place, columns_of, declared_places, exempt, holds, unmapped_columns
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

FIELDS: Final = "declared-fields"
CATEGORIES: Final = "declared-categories"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A table (no column) or a column that no entry covers, and what most of its recognised values look like."""

    table: str
    column: str = ""
    looks: str = ""
    hits: int = 0
    values: int = 0


def fields(citation: Citation, inspection: Inspection) -> Evidence:
    """The closed list of fields holds: no column and no value beside it."""
    if citation.element == "all":
        return over_systems(FIELDS, "reason.all-declared", inspection, _everything)
    kind = inspection.policy.data[citation.element]
    return over_systems(FIELDS, "reason.fields-hold", inspection, partial(_fields, kind))


def categories(citation: Citation, inspection: Inspection) -> Evidence:
    """No column and no value of a category that is not declared."""
    kind = inspection.policy.data.get(citation.element)
    if kind is None:
        return over_systems(CATEGORIES, "reason.all-declared", inspection, _everything)
    return over_systems(CATEGORIES, "reason.categories-hold", inspection, partial(_categories, kind))


def _fields(kind: DataKind, witness: Witness) -> Look:
    tables = [bound for bound in witness.map.tables.values() if holds(bound, kind.name)]
    counts, faults = [], []
    for bound in tables:
        places = declared_places(bound, kind.name)
        outside = [place for place in places if kind.fields is not None and place.field not in kind.fields]
        strays = [*_faults_of(outside, witness), *_disguised(kind, bound, witness)]
        faults += strays
        counts.append(Count(place=witness.place(bound.name), violations=len(strays), total=len(places)))
    return _with_undeclared(kind, witness, tables, faults, counts)


def _categories(kind: DataKind, witness: Witness) -> Look:
    tables = [bound for bound in witness.map.tables.values() if holds(bound, kind.name)]
    counts, faults = [], []
    for bound in tables:
        places = declared_places(bound, kind.name)
        outside = [place for place in places if place.category and place.category not in kind.categories]
        strays = [*_faults_of(outside, witness), *_foreign_values(kind, bound, witness)]
        faults += strays
        counts.append(Count(place=witness.place(bound.name), violations=len(strays), total=len(places)))
    return _with_undeclared(kind, witness, tables, faults, counts)


def _with_undeclared(
    kind: DataKind, witness: Witness, tables: list[BoundTable], faults: list[Fault], counts: list[Count]
) -> Look:
    """Add what no entry covers: a fault where its values are of this kind, a doubt where they say nothing."""
    loose = list(_loose(witness))
    names = {bound.name for bound in tables}
    ours = [stray for stray in loose if stray.table in names or (stray.looks and speaks_of(kind, stray.looks))]
    counts = [*counts, *(_count(witness, stray) for stray in ours)]
    return Look(
        faults=(*faults, *(_undeclared(witness, stray) for stray in ours)),
        doubts=tuple(_doubt(witness, stray) for stray in loose if stray not in ours),
        counts=tuple(counts),
        tables=tuple(names),
        sampled=True,
        queries=tuple(witness.asked(bound.name) for bound in tables),
        sums=_sums(witness, tables, counts),
    )


def _everything(witness: Witness) -> Look:
    """`data.all`: no table and no column without a kind (that every kind has a purpose, the loader has checked)."""
    loose = list(_loose(witness))
    tables = list(witness.map.tables.values())
    counts = [Count(place=witness.place(b.name), violations=0, total=len(b.table.columns)) for b in tables]
    counts += [_count(witness, stray) for stray in loose]
    return Look(
        faults=tuple(_undeclared(witness, stray) for stray in loose),
        counts=tuple(counts),
        tables=tuple(bound.name for bound in tables),
        sampled=True,
        queries=tuple(witness.asked(bound.name) for bound in tables),
        sums=_sums(witness, tables, counts),
    )


def _loose(witness: Witness) -> Iterator[Stray]:
    """Tables and columns that no entry covers, and what their values look like."""
    for table in witness.undeclared:
        found = [_stray(witness, table, column) for column in witness.readable(table)]
        heaviest = max(found, key=lambda stray: stray.hits, default=Stray(table=table))
        yield replace(heaviest, column="")
    for bound in witness.map.tables.values():
        for column in unmapped_columns(bound):
            yield _stray(witness, bound.name, column)


def _stray(witness: Witness, table: str, column: str) -> Stray:
    seen = witness.seen(table, column)
    looks, hits = looks_like(seen) or ("", 0)
    return Stray(table=table, column=column, looks=looks, hits=hits, values=seen.values)


def _undeclared(witness: Witness, stray: Stray) -> Fault:
    what = "column" if stray.column else "table"
    facts = (
        ("place", witness.place(stray.table, stray.column)),
        ("n", str(stray.hits)),
        ("total", str(stray.values)),
    )
    return Fault(reason=f"reason.undeclared-{what}.{stray.looks or 'plain'}", facts=facts, weight=stray.hits + 1)


def _doubt(witness: Witness, stray: Stray) -> Doubt:
    what = "column" if stray.column else "table"
    place = witness.place(stray.table, stray.column)
    return Doubt(reason=f"reason.undeclared-{what}.unread", facts=(("place", place),))


def _count(witness: Witness, stray: Stray) -> Count:
    return Count(place=witness.place(stray.table, stray.column), violations=1, total=1)


def _faults_of(places: list[Place], witness: Witness) -> Iterator[Fault]:
    for place in places:
        seen = witness.seen(place.table, place.column)
        looks, hits = looks_like(seen) or ("plain", 0)
        facts = (("place", witness.place(place.table, place.name)), ("n", str(hits)), ("total", str(seen.values)))
        yield Fault(reason=f"reason.undeclared-column.{looks}", facts=facts, weight=hits + 1)


def _disguised(kind: DataKind, bound: BoundTable, witness: Witness) -> Iterator[Fault]:
    """Declared columns whose values are something the closed list has no field for."""
    if kind.fields is None:
        return
    for place in declared_places(bound, kind.name):
        if place.field in kind.fields:
            yield from _out_of_place(witness, (place.table, place.column), partial(may_hold_in_fields, kind.fields))


def _foreign_values(kind: DataKind, bound: BoundTable, witness: Witness) -> Iterator[Fault]:
    """Columns whose values are of a category that the kind does not have."""
    for column in columns_of(bound, kind.name):
        if not exempt(bound, column):
            yield from _out_of_place(witness, (bound.name, column), partial(may_hold_in_categories, kind.categories))


def _out_of_place(witness: Witness, where: tuple[str, str], may: Callable[[str], bool]) -> Iterator[Fault]:
    """What the values of a column are and may not be."""
    seen = witness.seen(*where)
    return (values_fault(witness, where, name, seen) for name in is_what(seen) if not may(name))


def _sums(witness: Witness, tables: list[BoundTable], counts: list[Count]) -> dict[str, int]:
    return {
        "n": sum(count.total for count in counts),
        "tables": len(tables),
        "rows": sum(witness.sampled(bound.name) for bound in tables),
    }
