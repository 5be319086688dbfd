"""A draft: one case per table a trigger can touch, children before parents, and whatever forbids it.

Two triggers exist so far: the clock (retention) and a granted erasure of named people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from kept.decide.closure import gap_findings, needed, objections
from kept.decide.cuts import DUE, cutoffs
from kept.decide.fill import stays
from kept.decide.flags import Case, Flag, ceilings, floors, left
from kept.decide.outcome import RowDecision
from kept.decide.reach import own, roots
from kept.decide.select import Selection, some
from kept.law.terms import Outcome
from kept.map.bound import BoundTable, Map
from kept.policy.findings import Finding
from kept.policy.model import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why something is to be done: the clock, or a granted erasure of named people of some kinds."""

    kind: str
    """`retention` or `erasure`."""
    people: frozenset[str] = frozenset()
    """Kinds of people an erasure names; empty for the clock."""

    @property
    def granted(self) -> bool:
        """Whether a person's right asks for it, not a clock."""
        return self.kind == "erasure"


RETENTION = Trigger(kind="retention")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The cases of one system under one trigger at one instant."""

    system: str
    trigger: Trigger
    as_of: datetime
    cuts: Mapping[str, datetime]
    cases: tuple[Case, ...]
    objections: tuple[Finding, ...] = field(default=())


def draft(policy: Policy, bound: Map, trigger: Trigger, as_of: datetime, *, edge: str = DUE) -> Draft:
    """Derive the cases of one system. Pure: same inputs, same draft.

    `edge` is `due` for a plan and `overdue` for a proof, which asks what should be gone already.
    """
    cuts = cutoffs(policy, as_of)
    if gaps := gap_findings(bound):
        return Draft(system=bound.system.name, trigger=trigger, as_of=as_of, cuts=cuts, cases=(), objections=gaps)
    scopes = _scopes(policy, bound, trigger, edge) if trigger.granted else {}
    bare = {name: _case(policy, bound, bound.tables[name], trigger, scopes, edge) for name in bound.bottom_up}
    # A row that is only mentioned may come before its mentioner: what the mentioner becomes is then not yet guarded.
    cases = {name: case for name, case in bare.items() if case is not None}
    for name, case in cases.items():
        guarded = _with(case, needed(bound, case, cases, cuts))
        cases[name] = _with(guarded, left(bound.tables[name])) if _in_place(guarded) else guarded
    return Draft(
        system=bound.system.name,
        trigger=trigger,
        as_of=as_of,
        cuts=cuts,
        cases=tuple(cases.values()),
        objections=objections(bound, tuple(cases.values())),
    )


def _scopes(policy: Policy, bound: Map, trigger: Trigger, edge: str) -> dict[str, Selection]:
    """Whose rows an erasure looks at. An account stays while one of its people is held back by a duty."""
    scopes = own(bound, trigger.people)
    held = {}
    for name in roots(bound, trigger.people):
        case = _case(policy, bound, bound.tables[name], trigger, scopes, edge)
        if case is not None and (numbers := [n for n, row in enumerate(case.classes) if not _goes(row)]):
            held[name] = case.rows_in(numbers)
    return own(bound, trigger.people, held) if held else scopes


def _goes(row: RowDecision) -> bool:
    """Whether nothing of a person is left in the row, be it as an emptied shell."""
    return all(decision.outcome is Outcome.DELETE for _, decision in row.cells)


def _case(  # noqa: PLR0917
    policy: Policy,
    bound: Map,
    table: BoundTable,
    trigger: Trigger,
    scopes: Mapping[str, Selection],
    edge: str,
) -> Case | None:
    flags = _flags(policy, bound, table, trigger, edge)
    if trigger.granted:
        scope = scopes.get(table.name)
    else:
        due = [flag.selection for flag in flags if flag.ceiling is not None]
        scope = some(*due) if due else None
    if scope is None or not table.kinds:
        return None
    return Case(
        system=bound.system.name,
        table=table.name,
        kinds=table.kinds,
        scope=scope,
        flags=flags,
        granted=trigger.granted,
        keeps=any(stays(cell) for cell in table.cells),
    )


def _with(case: Case, more: tuple[Flag, ...]) -> Case:
    return replace(case, flags=(*case.flags, *more)) if more else case


def _flags(policy: Policy, bound: Map, table: BoundTable, trigger: Trigger, edge: str) -> tuple[Flag, ...]:
    binding = floors(policy, bound, table, grounded=trigger.granted)
    return binding if trigger.granted else (*ceilings(policy, bound, table, edge), *binding)


def _in_place(case: Case) -> bool:
    """Whether some class changes cells of a row that stays."""
    return any(row.destroys and not row.whole for row in case.classes)
