"""Where a kind of data is stored, column by column, and what each column is called in the policy. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kept.law.terms import Fate
from kept.map.bound import BoundTable
from kept.map.schema import Table
from kept.map.system import ColumnEntry

_HUMP: Final = re.compile(r"(?<=[^\W_A-Z])(?=[A-Z])")
_GAP: Final = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A column, or a JSON path in one, that holds data of a kind."""

    table: str
    column: str
    path: str = ""
    field: str
    """Its field in the words of the policy: declared, or its name in kebab-case."""
    category: str | None = None

    @property
    def name(self) -> str:
        """The column, with the path where there is one."""
        return f"{self.column}{self.path.removeprefix('$')}" if self.path else self.column


def kebab(name: str) -> str:
    """A column's name as the policy would write it: `billing_address`, `billingAddress` → `billing-address`."""
    return "-".join(tokens(name))


def tokens(name: str) -> tuple[str, ...]:
    """The words a name is made of, in lower case."""
    words = _GAP.split(_HUMP.sub(" ", name).strip())
    return tuple(word.lower() for word in words if word) or (name.lower(),)


def holds(bound: BoundTable, kind: str) -> bool:
    """Whether the table, one of its columns or a path in one holds this kind."""
    said = (bound.entry.kind, *(entry.kind for entry in _entries(bound)))
    return kind in said


def declared_places(bound: BoundTable, kind: str) -> tuple[Place, ...]:
    """Columns and paths of this kind that a closed list must name: plumbing and `keep` with a reason are exempt."""
    return tuple(_declared(bound, kind))


def columns_of(bound: BoundTable, kind: str) -> tuple[str, ...]:
    """Every column whose values belong to this kind, keys and clocks included."""
    columns = bound.entry.columns
    said = {name: entry.kind or bound.entry.kind for name, entry in columns.items()}
    return tuple(c.name for c in bound.table.columns if said.get(c.name, bound.entry.kind) == kind)


def unmapped_columns(bound: BoundTable) -> tuple[str, ...]:
    """Columns of a mapped table that neither the table's kind nor an entry of their own covers."""
    if bound.entry.kind:
        return ()
    covered = {name for name, entry in bound.entry.columns.items() if entry.kind or entry.json or _kept(entry)}
    plumbing = covered | _plumbing(bound) | _context(bound)
    return tuple(column.name for column in bound.table.columns if column.name not in plumbing)


def field_of(bound: BoundTable, column: str) -> str:
    """The field a column stands for."""
    entry = bound.entry.columns.get(column)
    return entry.field if entry and entry.field else kebab(column)


def exempt(bound: BoundTable, column: str) -> bool:
    """Whether a closed list need not name the column: key, link, clock, source, `about`, or kept with a reason."""
    entry = bound.entry.columns.get(column)
    return column in _plumbing(bound) | _context(bound) or bool(entry and _kept(entry))


def names_person(table: str, column: str) -> bool:
    """Whether a column's name says that it holds the name of a person; a company's, file's or product's does not."""
    words = tokens(column)
    if words[-1] in _PERSON_NAMES:
        return True
    return words[-1] == "name" and not _THINGS.intersection(
        (*words[:-1], *(tokens(table) if words == ("name",) else ()))
    )


_PERSON_NAMES: Final = frozenset(
    "firstname lastname surname forename fullname vorname nachname familienname givenname etternavn fornavn".split()  # noqa: SIM905
)
_THINGS: Final = frozenset(
    "company organisation organization firm file path host domain product feature event table column country city "  # noqa: SIM905
    "campaign plan tag type class model service subprocessor provider tenant source signal metric status".split()
)


def _declared(bound: BoundTable, kind: str) -> Iterator[Place]:
    for column in bound.table.columns:
        entry = bound.entry.columns.get(column.name, ColumnEntry())
        if entry.json:
            yield from _paths(bound, column.name, entry, kind)
        elif (entry.kind or bound.entry.kind) == kind and not (exempt(bound, column.name) and not entry.field):
            field = entry.field or kebab(column.name)
            yield Place(table=bound.name, column=column.name, field=field, category=entry.category)


def _paths(bound: BoundTable, column: str, entry: ColumnEntry, kind: str) -> Iterator[Place]:
    for path, said in entry.json:
        if (said.kind or entry.kind or bound.entry.kind) == kind and not _kept(said):
            field = said.field or kebab(path.rpartition(".")[2])
            yield Place(table=bound.name, column=column, path=path, field=field, category=said.category)


def _entries(bound: BoundTable) -> Iterator[ColumnEntry]:
    for entry in bound.entry.columns.values():
        yield entry
        yield from (said for _, said in entry.json)


def _kept(entry: ColumnEntry) -> bool:
    return entry.fate is Fate.KEEP and entry.reason is not None


def _plumbing(bound: BoundTable) -> frozenset[str]:
    """Key, link and clock columns."""
    entry = bound.entry
    return frozenset(
        [
            *bound.key,
            *(clock.column for clock in entry.on.values()),
            *(column for parent in entry.parents for column in parent.via),
            *(column for parent in entry.parents for column, _ in parent.when),
            *_foreign(bound.table),
        ]
    )


def _foreign(table: Table) -> Iterable[str]:
    return (column for foreign in table.foreign_keys for column in foreign.columns)


def _context(bound: BoundTable) -> frozenset[str]:
    """The source column and those that ages and residence rules read."""
    source = bound.entry.source.column if bound.entry.source else None
    return frozenset([*bound.entry.about.values(), *([source] if source else [])])
