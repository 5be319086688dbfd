"""Measure a draft: one count per case and the sizes of the tables, nothing per person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from kept.decide.draft import Draft
from kept.decide.flags import Case, Lasting
from kept.decide.plan import Measured
from kept.law.periods import Edge, until
from kept.ports import CountQuery, Keys, TargetPort

Counted = dict[tuple[str, str], Measured]


def measure(target: TargetPort, draft: Draft, keys: Keys) -> Counted:
    """Count every case of a draft by class, under its scope."""
    counted: Counted = {}
    for case in draft.cases:
        query = CountQuery(table=case.table, flags=case.selections, where=case.scope, cuts=draft.cuts, keys=keys)
        total, exact = target.size(case.table)
        counts = target.count(query)
        counted[draft.system, case.table] = Measured(
            system=draft.system,
            table=case.table,
            counts=counts,
            total=max(total, sum(counts.values())),  # an estimate may lag behind what was counted
            exact=exact,
            until=_until(target, case, query, counts),
        )
    return counted


def _until(target: TargetPort, case: Case, query: CountQuery, counts: Mapping[int, int]) -> dict[int, date]:
    """The end date of every class that a dated floor holds back: one statement per such class, none otherwise."""
    days: dict[int, date] = {}
    for number in counts:
        held = {name for _, decision in case.classes[number].cells if decision.withheld for name in decision.because}
        lasting = [flag.lasting for flag in case.set_in(number) if flag.lasting and flag.name in held]
        ends = [_end(target, case, query, number, each) for each in lasting]
        if dated := [end for end in ends if end is not None]:
            days[number] = max(dated)
    return days


def _end(target: TargetPort, case: Case, query: CountQuery, number: int, lasting: Lasting) -> date | None:
    mine = replace(query, where=case.rows_in([number]))
    latest = [target.latest(mine, hop) for hop in lasting.hops]
    zone = target.zone
    return max(
        (until(at, lasting.period, zone, Edge.FLOOR, year_end=lasting.year_end) for at in latest if at is not None),
        default=None,
    )


def grown(
    planned: Mapping[tuple[str, str], Mapping[int, int]], counted: Counted, drafts: tuple[Draft, ...]
) -> list[str]:
    """Places where more rows would be destroyed than the plan says. Fewer is recorded; more means plan again."""
    more = []
    for draft in drafts:
        for case in draft.cases:
            before = planned.get((draft.system, case.table), {})
            now = counted[draft.system, case.table].counts
            more += [
                f"{draft.system}.{case.table}: {rows} where {before.get(number, 0)} were planned"
                for number, rows in now.items()
                if case.classes[number].destroys and rows > before.get(number, 0)
            ]
    return more
