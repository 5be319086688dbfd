"""From checked entries to systems and their tables: whose rows, which kind, which clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kept.law.periods import Period
from kept.law.terms import Edge, Event, Fate
from kept.map.system import (
    Backup,
    Canary,
    Clock,
    ColumnEntry,
    Controllers,
    Parent,
    Source,
    System,
    TableEntry,
)
from kept.policy.build import one, pairs
from kept.policy.model import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as the parent's table declares it: rows of `target` belong to it."""

    target: str
    parent: Parent
    entry: Entry


def systems(section: dict[str, Entry]) -> tuple[System, ...]:
    """Every system; its tables stand in the section as `shop.tables.account`."""
    return tuple(system(entry, section) for name, entry in section.items() if name and ".tables." not in name)


def system(entry: Entry, section: dict[str, Entry]) -> System:
    """One system with its tables."""
    tables = dict(tables_of(entry, section))
    links = tuple(link for name, table in tables.items() for link in links_of(name, table))
    return System(
        name=entry.name,
        url=one(entry, "url") or "",
        tables=tuple(table_entry(name, table, links) for name, table in tables.items()),
        canary=_canary(pairs(entry, "canary")),
        clock=one(entry, "clock") or "UTC",
        controllers=_controllers(pairs(entry, "controllers")),
        backups=tuple(_backup(item) for item in maps(entry.values.get("backups"))),
        generation=_text(pairs(entry, "generation"), "table"),
        ignored=entry.items("nothing-personal"),
    )


def tables_of(entry: Entry, section: dict[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """The table entries of a system by their names."""
    prefix = f"{entry.name}.tables."
    return ((name.removeprefix(prefix), table) for name, table in section.items() if name.startswith(prefix))


def table_entry(name: str, entry: Entry, links: tuple[Link, ...]) -> TableEntry:
    """One table; links declared on a parent become parents of their target."""
    linked = tuple(link.parent for link in links if link.target == name)
    return TableEntry(
        name=name,
        person=one(entry, "is"),
        parents=(*parents_of(entry), *linked),
        key=entry.items("key"),
        find_by=tuple((kind, str(column)) for kind, column in pairs(entry, "find-by").items()),
        kind=one(entry, "kind"),
        columns={column: _column(what) for column, what in pairs(entry, "columns").items()},
        on={Event(event): _clock(where) for event, where in pairs(entry, "on").items()},
        triggers=entry.items("triggers"),
        source=_source(entry.values.get("source")),
        about={what: str(column) for what, column in pairs(entry, "about").items()},
    )


def parents_of(entry: Entry) -> tuple[Parent, ...]:
    """The paths of `of`: one in short form, or a list."""
    of = entry.values.get("of")
    if isinstance(of, str):
        return (Parent(table=of, via=entry.items("via")),)
    return tuple(_parent(item, "table") for item in maps(of))


def links_of(name: str, entry: Entry) -> tuple[Link, ...]:
    """The links a table declares for rows of other tables that point at it."""
    return tuple(
        Link(target=str(item.get("to", "")), parent=replace(_parent(item, "to"), table=name, to=None), entry=entry)
        for item in maps(entry.values.get("links"))
    )


def _parent(item: dict[str, object], table: str) -> Parent:
    when = item.get("when")
    to = item.get("to") if table == "table" else None
    return Parent(
        table=str(item.get(table, "")),
        via=texts(item.get("via")),
        when=tuple((column, str(value)) for column, value in when.items()) if isinstance(when, dict) else (),
        edge=Edge(str(item.get("edge", Edge.OWN))),
        to=texts(to) or None,
    )


def _column(what: object) -> ColumnEntry:
    entry = what if isinstance(what, dict) else {}
    fate, inner = entry.get("fate"), entry.get("json")
    return ColumnEntry(
        kind=_text(entry, "kind"),
        category=_text(entry, "category"),
        field=_text(entry, "field"),
        fate=Fate(fate) if fate else None,
        reason=_text(entry, "reason"),
        json=tuple((path, _column(part)) for path, part in inner.items()) if isinstance(inner, dict) else (),
    )


def _clock(where: object) -> Clock:
    if not isinstance(where, dict):
        return Clock(column=str(where))
    return Clock(column=str(where.get("column", "")), zone=_text(where, "zone"), format=_text(where, "format"))


def _source(value: object) -> Source | None:
    if isinstance(value, dict):
        return Source(column=_text(value, "column"))
    return Source(constant=texts(value)) if value else None


def _canary(value: dict[str, object]) -> Canary | None:
    return Canary(table=str(value["table"]), key=str(value["key"])) if {"table", "key"} <= value.keys() else None


def _controllers(value: dict[str, object]) -> Controllers | None:
    if not {"table", "key"} <= value.keys():
        return None
    return Controllers(
        table=str(value["table"]),
        key=str(value["key"]),
        name=_text(value, "name"),
        contact=_text(value, "contact"),
        keep_days=_text(value, "keep-days"),
    )


def _backup(item: dict[str, object]) -> Backup:
    keeps = item.get("keeps")
    return Backup(name=str(item.get("name", "")), keeps=str(keeps) if isinstance(keeps, Period) else "")


def _text(value: dict[str, object], key: str) -> str | None:
    found = value.get(key)
    return None if found is None else str(found)


def texts(value: object) -> tuple[str, ...]:
    """One text or many, as a tuple."""
    if isinstance(value, tuple):
        return tuple(str(item) for item in value)
    return () if value is None else (str(value),)


def maps(value: object) -> tuple[dict[str, object], ...]:
    """The records of a list."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, tuple) else ()
