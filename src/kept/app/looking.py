"""`kept find` and `kept explain`: the same cases as a plan, only counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kept.app import people as named_people
from kept.app.context import Context
from kept.app.people import People
from kept.app.planning import drafted, measured
from kept.decide.draft import Draft, Trigger
from kept.decide.flags import Case
from kept.decide.plan import Reason, reason
from kept.decide.reach import shared, staying
from kept.ports import CountQuery, Keys
from kept.work.measure import Counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a person in one table that share an outcome, were an erasure granted."""

    system: str
    table: str
    kinds: tuple[str, ...]
    rows: int
    action: str
    reasons: tuple[Reason, ...] = ()
    until: str | None = None
    shared: bool = False
    """A shared row that stays because other people remain with it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is stored about the named people."""

    people: int
    rows: tuple[Rows, ...]
    tables_searched: int


def explained(context: Context, people: People) -> Found:
    """Every row of a person by table and outcome. Nothing is changed and no value leaves the database."""
    wanted = frozenset(context.policy.people)
    keys = named_people.resolve(context, people, wanted)
    drafts = drafted(context, Trigger(kind="erasure", people=wanted))
    counted = measured(context, drafts, keys)
    searched = sum(bool(table.entry.find_by) for bound in context.maps.values() for table in bound.tables.values())
    rows = (*_rows(drafts, counted), *_remaining(context, wanted, keys))
    return Found(people=named_people.heads(context, keys), rows=rows, tables_searched=searched)


def _rows(drafts: tuple[Draft, ...], counted: Counted) -> tuple[Rows, ...]:
    return tuple(
        Rows(
            system=draft.system,
            table=case.table,
            kinds=case.kinds,
            rows=rows,
            action=_action(case, number),
            reasons=tuple(reason(kind, decision) for kind, decision in case.classes[number].cells),
            until=str(day) if (day := counted[draft.system, case.table].until.get(number)) else None,
        )
        for draft in drafts
        for case in draft.cases
        for number, rows in sorted(counted[draft.system, case.table].counts.items())
    )


def _remaining(context: Context, wanted: frozenset[str], keys: Mapping[str, Keys]) -> list[Rows]:
    """Shared rows of the named people that stay with their other people."""
    found = []
    for name, system in context.systems.items():
        for table in shared(system.bound, wanted):
            query = CountQuery(table=table, flags=(), where=staying(system.bound, table, wanted), keys=keys[name])
            if rows := sum(system.count(query).values()):
                kinds = system.bound.tables[table].kinds
                found.append(Rows(system=name, table=table, kinds=kinds, rows=rows, action="keep", shared=True))
    return found


def _action(case: Case, number: int) -> str:
    row = case.classes[number]
    return "delete" if row.whole else "change" if row.destroys else "keep"
