"""The map of one system: what the policy says of it joined with what the database says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kept.law.terms import Edge, Event, Fate
from kept.map.schema import Column, Schema, Shape, Table
from kept.map.system import Clock, ColumnEntry, System, TableEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Where policy and database do not meet; `what` is a word of a closed list, see `bind`."""

    what: str
    table: str
    column: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Rows of `child` belong to the row of `parent` that `via` points at."""

    child: str
    via: tuple[str, ...]
    parent: str
    to: tuple[str, ...]
    when: tuple[tuple[str, str], ...] = ()
    edge: Edge = Edge.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A column that holds data of a kind, and what becomes of it."""

    column: Column
    kind: str
    fate: Fate | None = None
    unique: bool = False
    """True when masking must give every row its own value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A clock found `links` further up the `of` path."""

    links: tuple[Link, ...]
    table: str
    clock: Clock


@dataclass(frozen=True, kw_only=True)
class BoundTable:
    """A mapped table with its key, its cells by kind and its links upwards."""

    entry: TableEntry
    table: Table
    key: tuple[str, ...]
    links: tuple[Link, ...]
    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """The table's name in the database."""
        return self.table.name

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of data a row holds: the table's own first, then those of single columns."""
        own = (self.entry.kind,) if self.entry.kind else ()
        return tuple(dict.fromkeys((*own, *(cell.kind for cell in self.cells))))

    def cells_of(self, kind: str) -> tuple[Cell, ...]:
        """The columns that hold this kind."""
        return tuple(cell for cell in self.cells if cell.kind == kind)


@dataclass(frozen=True, kw_only=True)
class Map:
    """All mapped tables of one system, its links in both directions, and the gaps found on the way."""

    system: System
    schema: Schema
    tables: dict[str, BoundTable]
    gaps: tuple[Gap, ...] = ()

    @cached_property
    def links(self) -> tuple[Link, ...]:
        """Every link of every mapped table."""
        return tuple(link for table in self.tables.values() for link in table.links)

    def children(self, table: str) -> tuple[Link, ...]:
        """Links whose parent is this table."""
        return tuple(link for link in self.links if link.parent == table)

    def hops(self, table: str, event: Event) -> tuple[Hop, ...]:
        """The nearest clocks for an event: the table's own, else those nearest up its `of` path, never a child's."""
        return _hops(self.tables, table, event)

    @cached_property
    def bottom_up(self) -> tuple[str, ...]:
        """Tables, children before parents. Empty names mean a cycle was cut; see `cycle`."""
        return _bottom_up(self)[0]

    @cached_property
    def cycle(self) -> tuple[str, ...]:
        """Tables that point at each other in a circle; no order exists for them."""
        return _bottom_up(self)[1]


THEIRS = frozenset({Edge.OWN, Edge.DERIVE})
"""Edges by which a row is its parent's and ages with it: what was derived goes with its source (semantics 2.15)."""
JOINING = THEIRS | {Edge.SHARE}
"""Edges by which a person belongs to a shared row; whoever only mentions it does not hold it."""
FORBIDDING = frozenset({"table-missing", "column-missing", "parent-missing", "link-uneven", "person-key-missing"})
"""Gaps that forbid any plan: what the policy says is not there cannot be searched or destroyed."""


def bind(system: System, schema: Schema) -> Map:
    """Join a declared system with its schema.

    Gaps are `table-missing`, `column-missing`, `parent-missing`, `link-uneven`, `person-key-missing`, `key-missing`
    and `unmapped-table`; the first five forbid any plan.
    """
    gaps: list[Gap] = []
    tables: dict[str, BoundTable] = {}
    for entry in system.tables:
        table = schema.by_name.get(entry.name)
        if table is None:
            gaps.append(Gap(what="table-missing", table=entry.name))
            continue
        gaps.extend(_missing_columns(entry, table))
        tables[entry.name] = _bound(entry, table, system, schema, gaps)
    gaps.extend(_unmapped(system, schema))
    return Map(system=system, schema=schema, tables=tables, gaps=tuple(gaps))


def key_of(entry: TableEntry, table: Table) -> tuple[str, ...]:
    """The declared key, else the primary key, else the first unique constraint without a nullable column."""
    if entry.key:
        return entry.key
    if table.key:
        return table.key
    whole = (cols for cols in table.unique if not any(table.by_name[c].nullable for c in cols))
    return next(whole, ())


def _bound(entry: TableEntry, table: Table, system: System, schema: Schema, gaps: list[Gap]) -> BoundTable:
    key = key_of(entry, table)
    if not key:
        what = "person-key-missing" if entry.person or entry.shared else "key-missing"
        gaps.append(Gap(what=what, table=entry.name))
    links = tuple(_links(entry, system, schema, gaps))
    plumbing = _plumbing(entry, key, table) | _pointed_at(entry, system, schema)
    cells = tuple(_cells(entry, table, plumbing))
    return BoundTable(entry=entry, table=table, key=key, links=links, cells=cells)


def _links(entry: TableEntry, system: System, schema: Schema, gaps: list[Gap]) -> list[Link]:
    links = []
    for parent in entry.parents:
        declared, stored = system.by_name.get(parent.table), schema.by_name.get(parent.table)
        if declared is None or stored is None:
            gaps.append(Gap(what="parent-missing", table=entry.name, detail=parent.table))
            continue
        to = parent.to or key_of(declared, stored)
        if len(to) != len(parent.via):
            gaps.append(Gap(what="link-uneven", table=entry.name, detail=parent.table))
            continue
        gaps.extend(
            Gap(what="column-missing", table=parent.table, column=column)
            for column in to
            if column not in stored.by_name
        )
        links.append(
            Link(child=entry.name, via=parent.via, parent=parent.table, to=to, when=parent.when, edge=parent.edge)
        )
    return links


def _plumbing(entry: TableEntry, key: tuple[str, ...], table: Table) -> frozenset[str]:
    """Columns used as key, link or clock: they belong to the longest rule, so they go only with their row."""
    used = set(key) | {clock.column for clock in entry.on.values()}
    for parent in entry.parents:
        used.update(parent.via)
        used.update(column for column, _ in parent.when)
    used.update(column for foreign in table.foreign_keys for column in foreign.columns)
    return frozenset(used)


def _pointed_at(entry: TableEntry, system: System, schema: Schema) -> frozenset[str]:
    """Columns other rows find this one by. An identifier of a person goes with the rest all the same."""
    keys = (key for other in schema.tables for key in other.foreign_keys if key.table == entry.name)
    links = (parent for other in system.tables for parent in other.parents if parent.table == entry.name)
    declared, said = {c for key in keys for c in key.referred}, {c for link in links for c in link.to or ()}
    return frozenset(declared | said) - {column for _, column in entry.find_by}


def _cells(entry: TableEntry, table: Table, plumbing: frozenset[str]) -> list[Cell]:
    alone = {cols[0] for cols in (*table.unique, table.key) if len(cols) == 1}
    shared = {column for cols in (*table.unique, table.key) if len(cols) > 1 for column in cols}
    cells = []
    for column in table.columns:
        said = entry.columns.get(column.name, ColumnEntry())
        kind = said.kind or entry.kind
        if kind is None or column.generated or (column.name in plumbing and said.fate is None):
            continue
        cells.append(Cell(column=column, kind=kind, fate=said.fate, unique=column.name in alone | shared))
    return cells


def _missing_columns(entry: TableEntry, table: Table) -> list[Gap]:
    named = [*entry.key, *entry.columns, *(column for _, column in entry.find_by), *entry.about.values()]
    named += [clock.column for clock in entry.on.values()]
    named += [column for parent in entry.parents for column in parent.via]
    named += [column for parent in entry.parents for column, _ in parent.when]
    if entry.source and entry.source.column:
        named.append(entry.source.column)
    lost = [column for column in dict.fromkeys(named) if column not in table.by_name]
    return [Gap(what="column-missing", table=entry.name, column=column) for column in lost]


def _unmapped(system: System, schema: Schema) -> list[Gap]:
    known = {*system.by_name, *system.ignored}
    if system.generation:
        known.add(system.generation)
    own = {"kept_marker"}
    return [
        Gap(what="unmapped-table", table=table.name)
        for table in schema.tables
        if table.name not in known | own and table.shape is not Shape.PARTITION
    ]


def _hops(tables: dict[str, BoundTable], name: str, event: Event, path: tuple[Link, ...] = ()) -> tuple[Hop, ...]:
    """Along every path of ownership its own nearest clock: a row ages with its owner, not with what it mentions."""
    if event in tables[name].entry.on:
        return (Hop(links=path, table=name, clock=tables[name].entry.on[event]),)
    passed = {name, *(link.child for link in path)}
    return tuple(
        hop
        for link in tables[name].links
        if link.edge in THEIRS and link.parent in tables and link.parent not in passed
        for hop in _hops(tables, link.parent, event, (*path, link))
    )


def _bottom_up(bound: Map) -> tuple[tuple[str, ...], tuple[str, ...]]:
    waits = {name: _children_of(bound, name) for name in bound.tables}
    order: list[str] = []
    while waits:
        free = sorted(name for name, children in waits.items() if not children)
        if not free:
            return tuple(order), tuple(sorted(waits))
        order.extend(free)
        waits = {name: children - set(free) for name, children in waits.items() if name not in free}
    return tuple(order), ()


def _children_of(bound: Map, name: str) -> set[str]:
    """Tables that must be handled before this one: by link of the policy or by declared foreign key."""
    linked = {link.child for link in bound.children(name) if link.edge is not Edge.MENTION}
    keyed = {
        other.name
        for other in bound.tables.values()
        if any(foreign.table == name for foreign in other.table.foreign_keys)
    }
    return (linked | keyed) - {name}
