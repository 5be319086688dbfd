"""What else a deletion would touch: rows that stay and point here, and the database's own cascades.

Decided semantics 2.3 and 2.4: the closure is computed, constraints are never switched off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kept.decide.fill import fill_of, stays
from kept.decide.flags import Case, Flag, Speaks
from kept.decide.reach import lent
from kept.decide.select import All, Before, Down, Equals, Not, Selection, Some, Up, every, some
from kept.law.terms import Edge
from kept.map.bound import FORBIDDING, THEIRS, BoundTable, Link, Map
from kept.map.schema import ForeignKey
from kept.policy.findings import Finding

CASCADES = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def needed(bound: Map, case: Case, below: Mapping[str, Case], cuts: Mapping[str, datetime]) -> tuple[Flag, ...]:
    """The flag «a row that stays points here», when the plan itself does not already rule that out."""
    if not any(row.whole for row in case.classes):
        return ()
    links = _pointing(bound, case.table)
    open_links = [link for link in links if lent(bound, link) or not _entailed(link, case, below.get(link.child), cuts)]
    if not open_links:
        return ()
    pointing = some(*(_remaining(link, below.get(link.child)) for link in open_links))
    return (Flag(name="needed", speaks=Speaks.NEEDED, kinds=(), selection=pointing),)


def gone(case: Case) -> Selection:
    """Rows of a case that the plan deletes whole."""
    numbers = [number for number, row in enumerate(case.classes) if row.whole]
    return case.rows_in(numbers)


def objections(bound: Map, cases: tuple[Case, ...]) -> tuple[Finding, ...]:
    """Everything that forbids these cases, all at once."""
    found = [*gap_findings(bound), *_circles(bound), *([_circle(bound)] if bound.cycle else [])]
    for case in cases:
        table = bound.tables[case.table]
        found += _unfillable(bound, table, case) + _triggers(bound, table)
        if any(row.whole for row in case.classes):
            found += _cascades(bound, table) + _own_cascades(bound, table)
    return tuple(found)


def _pointing(bound: Map, name: str) -> list[Link]:
    """Links of the policy and declared foreign keys of mapped tables that point at this table."""
    links = list(bound.children(name))
    known = {(link.child, link.via, link.to) for link in links if not link.when}
    for other in bound.tables.values():
        # INVARIANT: a bare foreign key gives no ownership, so its rows are never taken for the person's.
        links.extend(
            Link(child=other.name, via=key.columns, parent=name, to=key.referred, edge=Edge.MENTION)
            for key in other.table.foreign_keys
            if key.table == name and (other.name, key.columns, key.referred) not in known
        )
    return [link for link in links if link.child != name]


def _remaining(link: Link, child: Case | None) -> Selection:
    stay = every() if child is None else Not(part=gone(child))
    guard = every(*(Equals(column=column, value=value) for column, value in link.when), stay)
    return Down(to=link.to, table=link.child, via=link.via, where=guard)


def _entailed(link: Link, case: Case, child: Case | None, cuts: Mapping[str, datetime]) -> bool:
    """Whether every child row that points at a deleted row is deleted by the plan itself.

    INVARIANT: only a certain yes skips the guard; anything else costs a NOT EXISTS and is safe.
    """
    if child is None or link.edge not in THEIRS:
        return False
    if case.granted:
        return all(row.whole for row in child.classes)
    due = [flag for flag in case.flags if flag.ceiling is not None]
    return bool(due) and all(_follows(flag, link, child, cuts) for flag in due)


def _follows(flag: Flag, link: Link, child: Case, cuts: Mapping[str, datetime]) -> bool:
    up: Selection = Up(via=link.via, table=link.parent, to=link.to, where=flag.selection)
    inherited = every(*(Equals(column=column, value=value) for column, value in link.when), up)
    for bit, other in enumerate(child.flags):
        if other.ceiling is None or not _no_earlier(flag, other, cuts):
            continue
        same = _timeless(other.selection) == _timeless(inherited)
        if same and all(row.whole for number, row in enumerate(child.classes) if number >> bit & 1):
            return True
    return False


def _no_earlier(flag: Flag, other: Flag, cuts: Mapping[str, datetime]) -> bool:
    return cuts[other.name] >= cuts[flag.name]


def _timeless(selection: Selection) -> Selection:
    """The same selection with every cut-off named alike, to compare two clocks of one column."""
    match selection:
        case Before(column=column):
            return Before(column=column, cut="")
        case Up() | Down():
            return replace(selection, where=_timeless(selection.where))
        case All() | Some():
            return replace(selection, parts=tuple(_timeless(part) for part in selection.parts))
        case Not(part=part):
            return Not(part=_timeless(part))
        case _:
            return selection


def _circle(bound: Map) -> Finding:
    return Finding(
        code="S301",
        message=f"tables point at each other in a circle: {', '.join(bound.cycle)}",
        where=bound.system.name,
        help="leave one link out of `of` and give it `edge: mention`, or break the circle at a nullable column",
    )


def gap_findings(bound: Map) -> tuple[Finding, ...]:
    """What the policy says of this system and the database does not have; a plan around it would miss rows."""
    words = {
        "table-missing": "the table is not in the database",
        "column-missing": "the column is not in the database",
        "parent-missing": "the parent is not in the database",
        "link-uneven": "`via` has not as many columns as the key it points at",
        "person-key-missing": "rows that are people, or shared by people, need a key",
    }
    return tuple(
        Finding(
            code="S305",
            message=words[gap.what],
            where=".".join(part for part in (bound.system.name, gap.table, gap.column or gap.detail) if part),
            help="mend the `systems` section; `kept doctor` lists every gap",
        )
        for gap in bound.gaps
        if gap.what in FORBIDDING
    )


def _circles(bound: Map) -> list[Finding]:
    """Rows that own rows of their own table would need a fixpoint; until then such a map is refused."""
    return [
        Finding(
            code="S301",
            message=f"rows of `{link.child}` belong to other rows of `{link.child}`",
            where=f"{bound.system.name}.{link.child}",
            help="give the link `edge: mention`, or leave it out",
        )
        for link in bound.links
        if link.child == link.parent and link.edge is Edge.OWN
    ]


def _unfillable(bound: Map, table: BoundTable, case: Case) -> list[Finding]:
    """A type that takes no replacement stops the plan: a field skipped with a log line is not erased."""
    changed = {kind for row in case.classes if not row.whole for kind, decision in row.cells if decision.destroys}
    return [
        Finding(
            code="S302",
            message=f"`{cell.column.name}` ({cell.column.type}, NOT NULL) cannot be emptied in place",
            where=f"{bound.system.name}.{table.name}.{cell.column.name}",
            why="Art. 17(1) GDPR: a cell that stays readable is not erased",
            help="make the column nullable, give it `fate: keep` with a reason, or choose `then: delete`",
        )
        for cell in table.cells
        if cell.kind in changed and not stays(cell) and fill_of(cell) is None
    ]


def _triggers(bound: Map, table: BoundTable) -> list[Finding]:
    return [
        Finding(
            code="S304",
            message=f"trigger `{trigger.name}` runs on a change of `{table.name}` and is not reviewed",
            where=f"{bound.system.name}.{table.name}",
            why="a trigger can copy what a plan deletes (Art. 17(1), 5(1)(e) GDPR)",
            help=f"read it; if it copies nothing personal, add `triggers: [{trigger.name}]` to the table",
        )
        for trigger in table.table.triggers
        if trigger.name not in table.entry.triggers
    ]


def _cascades(bound: Map, table: BoundTable) -> list[Finding]:
    """Foreign keys of tables outside the map: the database would touch, or refuse for, rows no plan knows."""
    return [
        Finding(
            code="S303",
            message=f"deleting from `{table.name}` would touch `{other.name}`, which is not in the map ({_words(key)})",
            where=f"{bound.system.name}.{other.name}",
            why="a plan names every row it touches; constraints are never switched off",
            help=f"map `{other.name}` with `of: {table.name}, via: {', '.join(key.columns)}`",
        )
        for other in bound.schema.tables
        if other.name not in bound.tables
        for key in other.foreign_keys
        if key.table == table.name
    ]


def _own_cascades(bound: Map, table: BoundTable) -> list[Finding]:
    """A table that points at itself and cascades: the database would take or change replies of other people."""
    return [
        Finding(
            code="S303",
            message=f"deleting from `{table.name}` would touch other rows of `{table.name}` ({_words(key)})",
            where=f"{bound.system.name}.{table.name}",
            why="a plan names every row it touches; constraints are never switched off",
            help="make the key ON DELETE NO ACTION, or choose `then: anonymise` for this kind",
        )
        for key in table.table.foreign_keys
        if key.table == table.name and key.on_delete in CASCADES
    ]


def _words(key: ForeignKey) -> str:
    return f"ON DELETE {key.on_delete}" if key.on_delete in CASCADES else "foreign key"
