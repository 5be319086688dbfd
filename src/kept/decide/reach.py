"""Reach: which rows of which tables are a person's, as selections over bound key sets (design §6).

A person's rows hang on tables that are a kind of people; a shared table (a company account) goes with the last
of its people. Several paths union. Key sets are named after the table whose keys they hold.
"""

from __future__ import annotations

from collections.abc import Mapping

from kept.decide.select import All, Down, Equals, Named, Not, Selection, Up, every, some
from kept.map.bound import JOINING, THEIRS, BoundTable, Link, Map


def roots(bound: Map, people: frozenset[str]) -> tuple[str, ...]:
    """Tables whose rows are people of these kinds."""
    return tuple(name for name, table in bound.tables.items() if table.entry.person in people)


def shared(bound: Map, people: frozenset[str]) -> tuple[str, ...]:
    """Shared tables that have people of these kinds below them, at whatever depth."""
    there = {name: every() for name in roots(bound, people)}
    return tuple(name for name, table in bound.tables.items() if table.entry.shared and _below(bound, name, there))


def last_of(bound: Map, name: str, people: frozenset[str]) -> Selection:
    """Rows of a shared table all of whose people are in the key sets: at least one is, and no other remains."""
    everybody = {child: _outside(bound, child, people) for child, table in bound.tables.items() if table.entry.person}
    others = _below(bound, name, everybody)
    return All(parts=(some(*_below(bound, name, _all_named(bound, people))), *(Not(part=other) for other in others)))


def staying(bound: Map, name: str, people: frozenset[str]) -> Selection:
    """Rows of a shared table that some of the named people belong to and that stay, for others remain."""
    named = some(*_below(bound, name, _all_named(bound, people)))
    return All(parts=(named, Not(part=_named(bound, name))))


def own(bound: Map, people: frozenset[str], held: Mapping[str, Selection] | None = None) -> dict[str, Selection]:
    """For every table with rows of the named people: which rows they are. Tables out of reach are left out.

    `held` says, by table of people, which of them stay in spite of it: a shared row stays with them.
    """
    reach: dict[str, Selection] = {}
    for name in reversed(bound.bottom_up):
        parts = _parts(bound, bound.tables[name], people, reach, held or {})
        if parts:
            reach[name] = some(*dict.fromkeys(parts))
    return reach


def lent(bound: Map, link: Link) -> bool:
    """A person under a shared account is not the account's: it decides when the account goes, not the reverse."""
    return bound.tables[link.parent].entry.shared and bound.tables[link.child].entry.person is not None


def through(link: Link, parent_key: tuple[str, ...], where: Selection) -> Selection:
    """The selection of a child by what holds of its parent; keys of the parent are used without a join."""
    direct = isinstance(where, Named) and where.columns == parent_key == link.to
    if direct and isinstance(where, Named):
        up: Selection = Named(columns=link.via, keys=where.keys)
    else:
        up = Up(via=link.via, table=link.parent, to=link.to, where=where)
    return every(*(Equals(column=column, value=value) for column, value in link.when), up)


def _parts(
    bound: Map, table: BoundTable, people: frozenset[str], reach: dict[str, Selection], held: Mapping[str, Selection]
) -> list[Selection]:
    parts: list[Selection] = []
    if _is(bound, table.name, people):
        parts.append(_named(bound, table.name))
    elif table.name in shared(bound, people):
        stay = _below(bound, table.name, held)
        parts.append(every(_named(bound, table.name), *(Not(part=each) for each in stay)))
    parts.extend(
        through(link, bound.tables[link.parent].key, reach[link.parent])
        for link in table.links
        if link.edge in THEIRS and link.parent in reach and not lent(bound, link)
    )
    return parts


def _below(
    bound: Map, name: str, people: Mapping[str, Selection], seen: frozenset[str] = frozenset()
) -> list[Selection]:
    """Per path down to a table of people: rows of `name` that have one below them who satisfies its selection."""
    found: list[Selection] = []
    for link in bound.children(name):
        if link.edge not in JOINING or link.child in seen:
            continue
        if bound.tables[link.child].entry.person is None:
            further = _below(bound, link.child, people, seen | {name, link.child})
            found.extend(_down(link, each) for each in further)
        elif link.child in people:
            found.append(_down(link, people[link.child]))
    return found


def _all_named(bound: Map, people: frozenset[str]) -> dict[str, Selection]:
    return {name: _named(bound, name) for name in roots(bound, people)}


def _is(bound: Map, name: str, people: frozenset[str]) -> bool:
    return bound.tables[name].entry.person in people


def _named(bound: Map, name: str) -> Named:
    return Named(columns=bound.tables[name].key, keys=name)


def _outside(bound: Map, name: str, people: frozenset[str]) -> Selection:
    """People below the shared row who are not named; a kind that was not asked about counts as remaining."""
    return Not(part=_named(bound, name)) if _is(bound, name, people) else every()


def _down(link: Link, where: Selection) -> Down:
    guard = every(*(Equals(column=column, value=value) for column, value in link.when), where)
    return Down(to=link.to, table=link.child, via=link.via, where=guard)
