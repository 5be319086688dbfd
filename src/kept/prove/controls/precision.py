"""`data.precision`: a place no finer than a country or a city, an address without its host part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from kept.decide.select import IsNull
from kept.map.bound import BoundTable
from kept.policy.model import Citation, DataKind
from kept.policy.words import COUNTRIES
from kept.ports import CountQuery
from kept.prove.controls.answer import Fault, Look, over_systems, unproven
from kept.prove.controls.kinds import is_what
from kept.prove.controls.places import columns_of, exempt, field_of, holds, tokens
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.verdict import Count, Evidence

PRECISION: Final = "precision"

_POINT: Final = frozenset({"lat", "lon", "lng", "latitude", "longitude", "geo", "coordinates", "coords", "street"})
_BELOW_COUNTRY: Final = _POINT | frozenset(
    {"city", "town", "zip", "postcode", "postal", "plz", "ort", "address", "region"}
)
_CODES: Final = tuple(sorted(COUNTRIES | {code.lower() for code in COUNTRIES}))
_LOCATION: Final = frozenset({"country", "location", "land"})

Found = Iterator[tuple[Fault | None, Count]]


def precision(citation: Citation, inspection: Inspection) -> Evidence:
    """Every declared precision of the kind holds."""
    kind = inspection.policy.data[citation.element]
    unknown = [f"{what}: {how}" for what, how in kind.precision.items() if (what, how) not in _CHECKS]
    if unknown or not kind.precision:
        return unproven(PRECISION, "reason.no-such-precision", inspection.as_of, ("word", ", ".join(unknown)))
    return over_systems(PRECISION, "reason.precision-holds", inspection, partial(_look, kind))


def _look(kind: DataKind, witness: Witness) -> Look:
    tables = [bound for bound in witness.map.tables.values() if holds(bound, kind.name)]
    found = [
        one
        for bound in tables
        for what_how in kind.precision.items()
        for one in _CHECKS[what_how](kind, bound, witness)
    ]
    counts = tuple(count for _, count in found)
    return Look(
        faults=tuple(fault for fault, _ in found if fault),
        counts=counts,
        tables=tuple(bound.name for bound in tables),
        sampled=True,
        queries=tuple(witness.asked(bound.name) for bound in tables),
        sums={"n": sum(c.total for c in counts), "rows": sum(witness.sampled(bound.name) for bound in tables)},
    )


def _no_finer_than_country(kind: DataKind, bound: BoundTable, witness: Witness) -> Found:
    yield from _no_finer(_BELOW_COUNTRY, kind, bound, witness)
    for column in columns_of(bound, kind.name):
        said = bound.entry.columns.get(column)
        if _LOCATION & set(tokens(field_of(bound, column))) or (said and said.category == "location"):
            yield _countries(witness, bound.name, column)


def _no_finer_than_city(kind: DataKind, bound: BoundTable, witness: Witness) -> Found:
    yield from _no_finer(_POINT, kind, bound, witness)


def _no_finer(words: frozenset[str], kind: DataKind, bound: BoundTable, witness: Witness) -> Found:
    """No column whose name says more, no value that is a point on the map."""
    for column in columns_of(bound, kind.name):
        place, seen = witness.place(bound.name, column), witness.seen(bound.name, column)
        points = seen.inside.get("coordinates", 0)
        if words & set(tokens(column)) and not _is_address(bound, column, witness):
            yield (
                Fault(reason="reason.finer-column", facts=(("place", place),)),
                _count(place, seen.values or 1, seen.values),
            )
        elif points:
            facts = (("place", place), ("n", str(points)), ("total", str(seen.values)))
            fault = Fault(reason="reason.values.coordinates", facts=facts, weight=points)
            yield fault, _count(place, points, seen.values)


def _truncated(kind: DataKind, bound: BoundTable, witness: Witness) -> Found:
    for column in columns_of(bound, kind.name):
        if not exempt(bound, column) and _is_address(bound, column, witness):
            yield _cut_short(witness, bound.name, column)


def _is_address(bound: BoundTable, column: str, witness: Witness) -> bool:
    names = set(tokens(column)) | set(tokens(field_of(bound, column)))
    return "ip" in names or "ip" in is_what(witness.seen(bound.name, column))


def _countries(witness: Witness, table: str, column: str) -> tuple[Fault | None, Count]:
    """Every row of the column, not only a sample: a country code or nothing."""
    place = witness.place(table, column)
    outside, rows = witness.port.count_outside(table, column, _CODES)
    empty = sum(witness.port.count(CountQuery(table=table, flags=(), where=IsNull(column=column))).values())
    return _judged(place, "reason.not-country", outside - empty, rows - empty)


def _cut_short(witness: Witness, table: str, column: str) -> tuple[Fault | None, Count]:
    """Every address of the sample has lost its host part."""
    seen = witness.seen(table, column)
    return _judged(
        witness.place(table, column),
        "reason.not-truncated-ip",
        seen.values - seen.whole.get("truncated-ip", 0),
        seen.values,
    )


def _judged(place: str, reason: str, hits: int, values: int) -> tuple[Fault | None, Count]:
    facts = (("place", place), ("n", str(hits)), ("total", str(values)))
    return Fault(reason=reason, facts=facts, weight=hits) if hits else None, _count(place, hits, values)


def _count(place: str, hits: int, values: int) -> Count:
    return Count(place=place, violations=hits, total=max(hits, values))


_CHECKS: Final[dict[tuple[str, str], Callable[[DataKind, BoundTable, Witness], Found]]] = {
    ("location", "country"): _no_finer_than_country,
    ("location", "city"): _no_finer_than_city,
    ("ip", "truncated"): _truncated,
}
