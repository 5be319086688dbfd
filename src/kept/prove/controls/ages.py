"""`people.minimum-age`: nobody on record is younger than the age promised for the place where they live.

An unknown residence means the strictest age; 29 February birthdays count from 1 March (decided semantics 2.33).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from kept.decide.select import All, Always, Before, IsNull, Named, Not, Selection
from kept.law.periods import civil_day, midnight
from kept.map.bound import BoundTable
from kept.policy.model import Citation, KindOfPeople
from kept.policy.words import COUNTRIES
from kept.ports import CountQuery
from kept.prove.controls.answer import Fault, Look, over_systems
from kept.prove.controls.recognise import EEA
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

AGES: Final = "minimum-age"

_REGIONS: Final = {"EEA": EEA, "EU": EEA - {"IS", "LI", "NO"}, "UK": frozenset({"GB"}), "any": COUNTRIES}
_UNKNOWN: Final = "?"
"""Where it is not known where people live."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Who counts as too young on one day: cut-off instants and the residences they hold for."""

    cuts: Mapping[str, datetime]
    places: Mapping[str, tuple[str, ...]]


def ages(citation: Citation, inspection: Inspection) -> Evidence:
    """Count people younger than the limit on the day of the proof."""
    people = inspection.policy.people
    chosen = [people[citation.element]] if citation.element in people else list(people.values())
    return over_systems(AGES, "reason.ages-hold", inspection, partial(_look, chosen, inspection))


def limits(ages_: tuple[tuple[str, int], ...], today: date, zone: str) -> Limits:
    """Someone is old enough who was born before the cut of their residence; a longer-known place wins over `any`."""
    cuts = {place: midnight(_born(today, years) + timedelta(days=1), zone) for place, years in ages_}
    named = frozenset().union(*(_members(place) for place, _ in ages_ if place != "any"))
    places = {place: _members(place) - (named if place == "any" else frozenset()) for place, _ in ages_}
    return Limits(cuts=cuts, places={place: _spelt(codes) for place, codes in places.items()})


def _born(today: date, years: int) -> date:
    """The latest birth date that reaches the age today: born on 29 February, one is older on 1 March."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return date(today.year - years, 2, 28)


def _members(place: str) -> frozenset[str]:
    return _REGIONS.get(place, frozenset({place}))


def _spelt(codes: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(codes | {code.lower() for code in codes}))


def _look(kinds: list[KindOfPeople], inspection: Inspection, witness: Witness) -> Look:
    parts = [
        _in_table(kind, bound, inspection, witness)
        for kind in kinds
        if kind.minimum_age
        for bound in witness.map.tables.values()
        if bound.entry.person == kind.name and "birth-date" in bound.entry.about
    ]
    if not parts and any(bound.entry.person in {kind.name for kind in kinds} for bound in witness.map.tables.values()):
        return Look(doubts=(Doubt(reason="reason.no-birth-date", facts=(("system", witness.name),)),))
    counts = tuple(count for part in parts for count in part.counts)
    return Look(
        faults=tuple(fault for part in parts for fault in part.faults),
        doubts=tuple(doubt for part in parts for doubt in part.doubts),
        counts=counts,
        tables=tuple(table for part in parts for table in part.tables),
        queries=tuple(query for part in parts for query in part.queries),
        sums={"n": sum(part.sums.get("n", 0) for part in parts)},
    )


def _in_table(kind: KindOfPeople, bound: BoundTable, inspection: Inspection, witness: Witness) -> Look:
    born = bound.entry.about["birth-date"]
    today = civil_day(inspection.as_of, inspection.zone)
    limit = limits(kind.minimum_age, today, inspection.zone)
    groups = _groups(born, bound.entry.about.get("residence"), limit)
    flags = (IsNull(column=born), *(flag for lives, young in groups.values() for flag in (lives, young)))
    keys = {**limit.places, "countries": _spelt(COUNTRIES)}
    classes = witness.port.count(CountQuery(table=bound.name, flags=flags, cuts=limit.cuts, keys=keys))
    place, total, unknown = witness.place(bound.name, born), sum(classes.values()), _with(classes, 1)
    counts = tuple(
        Count(
            place=f"{place} {group} <{_limit(kind, group)}",
            violations=_with(classes, 6 << 2 * n),
            total=_with(classes, 2 << 2 * n),
        )
        for n, group in enumerate(groups)
    )
    hits = sum(count.violations for count in counts)
    facts = (("place", place), ("n", str(hits)), ("total", str(total)), ("day", today.isoformat()))
    blind = Doubt(reason="reason.births-unknown", facts=(("place", place), ("n", str(unknown)), ("total", str(total))))
    return Look(
        faults=(Fault(reason="reason.too-young", facts=facts, weight=hits),) if hits else (),
        doubts=(blind,) if total and unknown == total else (),
        counts=counts,
        tables=(bound.name,),
        queries=(f"count {place} >= " + " | ".join(f"{p}: {c.date()}" for p, c in limit.cuts.items()),),
        sums={"n": total},
    )


def _groups(born: str, residence: str | None, limit: Limits) -> dict[str, tuple[Selection, Selection]]:
    """By place of residence: who lives there, and who was born too late for it; the strictest where it is unknown."""
    strictest = min(limit.cuts, key=lambda place: limit.cuts[place])
    if residence is None:
        return {_UNKNOWN: (Always(), _born_after(born, strictest))}
    named = {
        place: (Named(columns=(residence,), keys=place), _born_after(born, place))
        for place in limit.cuts
        if limit.places[place]
    }
    elsewhere = Not(part=Named(columns=(residence,), keys="countries"))
    return {**named, _UNKNOWN: (elsewhere, _born_after(born, strictest))}


def _limit(kind: KindOfPeople, group: str) -> int:
    ages_ = dict(kind.minimum_age)
    return ages_.get(group, max(ages_.values()))


def _born_after(born: str, cut: str) -> Selection:
    return All(parts=(Not(part=IsNull(column=born)), Not(part=Before(column=born, cut=cut))))


def _with(classes: Mapping[int, int], bits: int) -> int:
    """Rows of the classes that have all these bits."""
    return sum(rows for number, rows in classes.items() if number & bits == bits)
