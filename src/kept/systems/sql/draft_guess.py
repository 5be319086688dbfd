"""Guess a map from a schema alone: who the people are, whose row each row is, which column is which event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from kept.law.terms import Event
from kept.map.schema import Column, Family, Schema, Shape, Table
from kept.systems.sql.draft_words import (
    CASES,
    DOCUMENTS,
    MENTIONS,
    PEOPLE,
    SHARED,
    category,
    event_of,
    identifier,
    kebab,
    kind_of,
    names_person,
    parts,
    singular,
    snake,
    subject,
)

_DATES: Final = frozenset({Family.DATE, Family.TIMESTAMP, Family.INSTANT})
_WRITTEN: Final = frozenset({Family.INTEGER, Family.TEXT})
_STORED: Final = frozenset({Shape.TABLE, Shape.PARTITIONED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A row of the table belongs to, or only mentions, a row of `to`."""

    to: str
    via: tuple[str, ...]
    referred: tuple[str, ...]
    declared: bool
    """True for a foreign key, False for a guess by name."""
    mention: bool = False


@dataclass(frozen=True, kw_only=True)
class Guess:
    """One table of the draft."""

    table: Table
    kind: str
    person: str | None = None
    shared: bool = False
    find_by: tuple[tuple[str, str], ...] = ()
    on: tuple[tuple[Event, Column], ...] = ()
    parents: tuple[Link, ...] = ()
    left_out: tuple[Link, ...] = ()
    """Links to tables that do not stand above this one."""


@dataclass(frozen=True, kw_only=True)
class Map:
    """The guessed tables, parents before children, and the tables nothing speaks for."""

    tables: tuple[Guess, ...]
    others: tuple[str, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Kinds of people, each once."""
        return tuple(dict.fromkeys(guess.person for guess in self.tables if guess.person))


def guess(schema: Schema) -> Map:
    """Guess the whole map. Pure: the same schema gives the same draft."""
    stored = {table.name: table for table in schema.tables if table.shape in _STORED and "." not in table.name}
    links = {name: tuple(_links(table, stored)) for name, table in stored.items()}
    people = {name: kind for name, table in stored.items() if (kind := _person(table))}
    shared = _shared(stored, links, people)
    order = _order(stored, links, people, shared)
    guesses = tuple(_guess(stored[name], links[name], order, people, shared) for name in order)
    return Map(tables=guesses, others=tuple(name for name in stored if name not in order))


def _person(table: Table) -> str | None:
    """The kind of people a row of this table is, if it is a person."""
    word = subject(table.name)
    found = [type_ for column in table.columns if (type_ := identifier(column.name))]
    named = any(names_person(column.name) for column in table.columns)
    if word in PEOPLE and (found or named):
        return word
    if not found or DOCUMENTS & {singular(part) for part in parts(table.name)}:
        return None
    return "visitor" if set(found) == {"cookie"} else "contact"


def _links(table: Table, stored: Mapping[str, Table]) -> Iterable[Link]:
    """Declared references first, then columns whose name says which table they mean."""
    taken: set[str] = set()
    for key in table.foreign_keys:
        if key.table in stored and key.table != table.name:
            taken.update(key.columns)
            mention = any(MENTIONS.search(snake(column)) for column in key.columns)
            yield Link(to=key.table, via=key.columns, referred=key.referred, declared=True, mention=mention)
    for column in table.columns:
        target = None if column.name in taken else _named(column.name, table, stored)
        if target is not None and _alike(column, stored[target]):
            mention = MENTIONS.search(snake(column.name)) is not None
            yield Link(to=target, via=(column.name,), referred=stored[target].key, declared=False, mention=mention)


def _named(column: str, table: Table, stored: Mapping[str, Table]) -> str | None:
    """The table a column like `user_id` means: `user`, `users`, or the only one that ends so (`account_user`)."""
    words = parts(column)
    if len(words) < 2 or words[-1] not in {"id", "uuid", "fk", "key", "ref"}:  # noqa: PLR2004
        return None
    stem = "_".join((*words[:-2], singular(words[-2])))
    names = {name: "_".join((*parts(name)[:-1], subject(name))) for name in stored if name != table.name}
    exact = [name for name, spelt in names.items() if spelt == stem]
    endings = [name for name, spelt in names.items() if spelt.endswith("_" + stem)]
    return exact[0] if len(exact) == 1 else endings[0] if not exact and len(endings) == 1 else None


def _alike(column: Column, target: Table) -> bool:
    return len(target.key) == 1 and target.by_name[target.key[0]].family is column.family


def _shared(
    stored: Mapping[str, Table], links: Mapping[str, tuple[Link, ...]], people: Mapping[str, str]
) -> frozenset[str]:
    """Company accounts: what a person's row points at, and is named like one or can be closed."""
    above = {link.to for name in people for link in links[name] if not link.mention and link.to not in people}
    return frozenset(name for name in above if subject(name) in SHARED or _closes(stored[name]))


def _closes(table: Table) -> bool:
    return any(event is Event.ACCOUNT_CLOSED for event, _ in _clocks(table, closes=Event.ACCOUNT_CLOSED))


def _order(
    stored: Mapping[str, Table],
    links: Mapping[str, tuple[Link, ...]],
    people: Mapping[str, str],
    shared: frozenset[str],
) -> tuple[str, ...]:
    """Shared tables, people, then whatever belongs to them, level by level."""
    order = [*(name for name in stored if name in shared), *(name for name in stored if name in people)]
    while True:
        owned = set(order)
        found = [
            name
            for name in stored
            if name not in owned and any(link.to in owned and not link.mention for link in links[name])
        ]
        if not found:
            return tuple(order)
        order.extend(found)


def _guess(
    table: Table,
    links: tuple[Link, ...],
    order: tuple[str, ...],
    people: Mapping[str, str],
    shared: frozenset[str],
) -> Guess:
    kind = "account" if table.name in shared or subject(table.name) in PEOPLE else kind_of(table.name)
    before = frozenset(order[: order.index(table.name)])
    known = [link for link in links if link.to in order]
    parents = () if table.name in shared else tuple(link for link in known if link.to in before)
    return Guess(
        table=table,
        kind=kebab(kind),
        person=people.get(table.name),
        shared=table.name in shared,
        find_by=_find_by(table) if table.name in people else (),
        on=_clocks(table, closes=_closing(table, kind, shared)),
        parents=_narrowed(parents),
        left_out=tuple(link for link in known if link not in parents),
    )


def _closing(table: Table, kind: str, shared: frozenset[str]) -> Event | None:
    """What «closed at» closes here: an account, a case, or nothing the policy knows."""
    if table.name in shared or subject(table.name) in PEOPLE:
        return Event.ACCOUNT_CLOSED
    return Event.CASE_CLOSED if kind in CASES else None


def _narrowed(parents: tuple[Link, ...]) -> tuple[Link, ...]:
    """A second own link to the same table (sender and receiver) only mentions it, until a person says otherwise."""
    seen: set[str] = set()
    kept = []
    for link in sorted(parents, key=lambda link: link.mention):
        kept.append(replace(link, mention=link.mention or link.to in seen))
        seen.add(link.to)
    return tuple(kept)


def _find_by(table: Table) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for column in table.columns:
        if (type_ := identifier(column.name)) and column.family in (Family.TEXT, Family.UUID, Family.INTEGER):
            found.setdefault(type_, column.name)
    return tuple(found.items())


def _clocks(table: Table, *, closes: Event | None) -> tuple[tuple[Event, Column], ...]:
    """The first column for each event; dates, and numbers or texts that are named as one."""
    found: dict[Event, Column] = {}
    for column in sorted(table.columns, key=lambda column: column.family not in _DATES):
        timely = column.family in _DATES or (column.family in _WRITTEN and _like_a_time(column.name))
        if timely and (event := event_of(column.name, closes=closes)):
            found.setdefault(event, column)
    return tuple(found.items())


def _like_a_time(column: str) -> bool:
    return parts(column)[-1:] in {("at",), ("on",), ("date",), ("am",)} and len(parts(column)) > 1


def categories(guesses: Iterable[Guess]) -> tuple[str, ...]:
    """Categories of personal data in the columns of these tables."""
    found = (category(column.name) for guess in guesses for column in guess.table.columns)
    return tuple(sorted({word for word in found if word}))
