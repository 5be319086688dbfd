"""Measure a draft: one count per case and the sizes of the tables, nothing per person."""

from __future__ import annotations

from collections.abc import Mapping

from kept.decide.draft import Draft
from kept.decide.plan import Measured
from kept.ports import CountQuery, Keys, TargetPort

Counted = dict[tuple[str, str], Measured]


def measure(target: TargetPort, draft: Draft, keys: Keys) -> Counted:
    """Count every case of a draft by class, under its scope."""
    counted: Counted = {}
    for case in draft.cases:
        query = CountQuery(table=case.table, flags=case.selections, where=case.scope, cuts=draft.cuts, keys=keys)
        total, exact = target.size(case.table)
        counted[draft.system, case.table] = Measured(
            system=draft.system, table=case.table, counts=target.count(query), total=total, exact=exact
        )
    return counted


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
