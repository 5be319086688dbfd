"""`data.never`: fields that must not occur, neither as a column of the kind nor as values in one, prose included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

from kept.map.bound import BoundTable
from kept.policy.model import Citation, DataKind
from kept.prove.controls.answer import Fault, Look, over_systems, values_fault
from kept.prove.controls.places import (
    columns_of,
    exempt,
    field_of,
    holds,
    kebab,
    names_person,
    tokens,
    unmapped_columns,
)
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

NEVER: Final = "never-fields"

RECOGNISED: Final = {"email": "email", "phone": "phone", "ip": "ip", "iban": "iban", "card": "card"}
"""Fields whose values show of themselves what they are, and their recogniser."""

_MAIL_LIKE: Final = "%_@_%.__%"

_WORDS: Final = {
    "email": frozenset({"email", "mail"}),
    "phone": frozenset({"phone", "telephone", "mobile", "telefon", "tel"}),
    "religion": frozenset({"religion", "religious", "confession", "konfession", "faith"}),
    "politics": frozenset({"politics", "political", "party", "partei"}),
    "gender": frozenset({"gender", "sex", "geschlecht"}),
    "age": frozenset({"age", "alter", "born", "birthday", "birthdate", "birth", "geburtsdatum"}),
}
"""Words of a column's name that give a field away, whatever the policy calls the column."""


def never(citation: Citation, inspection: Inspection) -> Evidence:
    """No forbidden field in the tables of the kind; under `all`, in any kind's."""
    kinds = inspection.policy.data
    chosen = [kinds[citation.element]] if citation.element in kinds else list(kinds.values())
    return over_systems(NEVER, "reason.never-holds", inspection, partial(_look, chosen))


def _look(kinds: Iterable[DataKind], witness: Witness) -> Look:
    pairs = [(k, b) for k in kinds if k.never for b in witness.map.tables.values() if holds(b, k.name)]
    tables = dict.fromkeys(bound.name for _, bound in pairs)
    found = [one for kind, bound in pairs for one in _in_table(kind, bound, witness)]
    faults = tuple(fault for fault, _ in found if fault)
    counts = tuple(count for _, count in found)
    return Look(
        faults=faults,
        doubts=() if faults else tuple(d for kind, bound in pairs for d in _unsampled_mail(kind, bound, witness)),
        counts=counts,
        tables=tuple(tables),
        sampled=True,
        queries=tuple(witness.asked(table) for table in tables),
        sums={"n": sum(c.total for c in counts), "rows": sum(witness.sampled(table) for table in tables)},
    )


def _in_table(kind: DataKind, bound: BoundTable, witness: Witness) -> Iterator[tuple[Fault | None, Count]]:
    for column in (*columns_of(bound, kind.name), *unmapped_columns(bound)):
        place = witness.place(bound.name, column)
        named = _named(kind, bound, column)
        seen = witness.seen(bound.name, column)
        if named:
            fault = Fault(reason="reason.never-column", facts=(("place", place), ("field", named)), weight=seen.values)
            yield fault, Count(place=place, violations=seen.values or 1, total=seen.values or 1)
            continue
        yield from _forbidden_values(kind, (bound.name, column), witness)


def _forbidden_values(kind: DataKind, at: tuple[str, str], witness: Witness) -> Iterator[tuple[Fault | None, Count]]:
    seen = witness.seen(*at)
    names = [name for name in _values(kind) if seen.inside.get(name)]
    worst = max(names, key=lambda name: seen.inside[name], default=None)
    if seen.values:
        fault = values_fault(witness, at, worst, seen) if worst else None
        yield fault, Count(place=witness.place(*at), violations=seen.hits(names), total=seen.values)


def _unsampled_mail(kind: DataKind, bound: BoundTable, witness: Witness) -> Iterator[Doubt]:
    """Where the sample left rows out, one count over all of them tells whether any could hold a mail address."""
    if "email" not in kind.never or witness.sampled(bound.name) >= witness.rows(bound.name):
        return
    for column in columns_of(bound, kind.name):
        if column in witness.readable(bound.name):
            hits, rows = witness.port.count_like(bound.name, column, _MAIL_LIKE)
            if hits:
                place = witness.place(bound.name, column)
                yield Doubt(
                    reason="reason.perhaps-mail", facts=(("place", place), ("n", str(hits)), ("total", str(rows)))
                )


def _values(kind: DataKind) -> list[str]:
    return [RECOGNISED[word] for word in kind.never if word in RECOGNISED]


def _named(kind: DataKind, bound: BoundTable, column: str) -> str | None:
    """The forbidden field a column stands for, by declaration or by its name; a link to another row names nobody."""
    if exempt(bound, column) and column not in dict(bound.entry.find_by).values():
        return None
    names = {field_of(bound, column), kebab(column)}
    words = set(tokens(column)) | set(tokens(field_of(bound, column)))
    for field in kind.never:
        if field in names or words & _WORDS.get(field, frozenset()):
            return field
        if field == "name" and names_person(bound.name, column):
            return field
    return None
