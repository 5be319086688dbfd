"""`retention`: count the rows past their date, and the rows under a duty to stay that a plan would still destroy.

The count walks the same cases as a plan, with the overdue cut-offs in place of the due ones (design law 11).
"""

from __future__ import annotations

from functools import partial
from typing import Final

from kept.decide.cuts import OVERDUE, cut_name
from kept.decide.draft import RETENTION, Draft, draft
from kept.decide.flags import Case, Flag
from kept.decide.plan import acts
from kept.law.terms import COLUMN_EVENTS, DERIVED_EVENTS, State
from kept.map.bound import BoundTable
from kept.policy.model import Citation, Rule
from kept.ports import CountQuery
from kept.prove.controls.answer import Fault, Look, over_systems, unproven
from kept.prove.controls.since import overdue_since
from kept.prove.controls.witness import Doubt, Inspection, Witness
from kept.prove.verdict import Count, Evidence

RETENTION_COUNT: Final = "retention-count"
FLOOR_COUNT: Final = "floor-count"
_RUNS: Final = COLUMN_EVENTS | DERIVED_EVENTS


def retention(citation: Citation, inspection: Inspection) -> Evidence:
    """Whether a rule is obeyed by the data as it stands."""
    rule = next((rule for rule in inspection.policy.retention if rule.name == citation.element), None)
    if rule is None or not _runs(rule):
        return unproven(RETENTION_COUNT, "reason.not-executed-yet", inspection.as_of, ("section", "retention"))
    if rule.ceiling is not None:
        look = partial(_past_date, rule, inspection)
        return over_systems(RETENTION_COUNT, "reason.nothing-past-date", inspection, look)
    return over_systems(FLOOR_COUNT, "reason.floor-holds", inspection, partial(_under_floor, rule, inspection))


def _runs(rule: Rule) -> bool:
    if rule.state is not None:
        return rule.state is State.ACCOUNT_OPEN  # hold, needed and in-backup wait for their facts
    return rule.runs and not rule.customer_set and rule.event in _RUNS


def _past_date(rule: Rule, inspection: Inspection, witness: Witness) -> Look:
    drafted = draft(inspection.policy, witness.map, RETENTION, inspection.as_of, edge=OVERDUE)
    parts = [_overdue(rule, bound, drafted, witness, inspection.zone) for bound in _tables(rule, witness)]
    return _together(parts, _objections(drafted, rule, witness))


def _under_floor(rule: Rule, inspection: Inspection, witness: Witness) -> Look:
    drafted = draft(inspection.policy, witness.map, RETENTION, inspection.as_of)
    parts = [_protected(rule, bound, drafted, witness) for bound in _tables(rule, witness)]
    return _together([part for part in parts if part is not None], ())


def _tables(rule: Rule, witness: Witness) -> list[BoundTable]:
    return [bound for bound in witness.map.tables.values() if set(bound.kinds) & set(rule.data)]


def _overdue(rule: Rule, bound: BoundTable, drafted: Draft, witness: Witness, zone: str) -> Look:
    place = witness.place(bound.name)
    found = _flag(drafted, bound.name, cut_name(rule, OVERDUE))
    if found is None:
        event = str(rule.event)
        return Look(doubts=(Doubt(reason="reason.no-clock", facts=(("place", place), ("event", event))),))
    case, bit, flag = found
    numbers = [number for number in range(len(case.classes)) if _violates(case, number, bit, flag)]
    query = CountQuery(table=bound.name, flags=(), where=case.rows_in(numbers), cuts=drafted.cuts)
    rows = sum(witness.port.count(query).values())
    since = overdue_since(rule, query, witness, zone) if rows else None
    total = witness.rows(bound.name)
    facts = (("place", place), ("hits", str(rows)), ("n", str(total)))
    return Look(
        faults=(Fault(reason="reason.rows-past-date", facts=facts, weight=rows),) if rows else (),
        counts=(Count(place=place, violations=rows, total=total, since=since),),
        tables=(bound.name,),
        queries=(f"count {place} past {cut_name(rule, OVERDUE)} = {_cut(rule, drafted)} UTC",),
        sums={"n": total},
    )


def _cut(rule: Rule, drafted: Draft) -> str:
    return f"{drafted.cuts[cut_name(rule, OVERDUE)]:%Y-%m-%d %H:%M}"


def _violates(case: Case, number: int, bit: int, flag: Flag) -> bool:
    """The rule's date is over in this class, and what it speaks of is still there without a duty that keeps it."""
    return bool(number >> bit & 1) and any(
        decision.destroys for kind, decision in case.classes[number].cells if kind in flag.kinds
    )


def _protected(rule: Rule, bound: BoundTable, drafted: Draft, witness: Witness) -> Look | None:
    found = _flag(drafted, bound.name, rule.name)
    if found is None:
        return None
    case, _, flag = found
    condemned = case.rows_in([number for act in acts(case, bound) for number in act.classes])
    query = CountQuery(table=bound.name, flags=(condemned,), where=flag.selection, cuts=drafted.cuts)
    counts = witness.port.count(query)
    rows, total = counts.get(1, 0), sum(counts.values())
    place = witness.place(bound.name)
    facts = (("place", place), ("hits", str(rows)), ("n", str(total)))
    return Look(
        faults=(Fault(reason="reason.floor-breached", facts=facts, weight=rows),) if rows else (),
        counts=(Count(place=place, violations=rows, total=total),),
        tables=(bound.name,),
        queries=(f"count {place} condemned by a plan of today and under `{rule.name}`",),
        sums={"n": total},
    )


def _flag(drafted: Draft, table: str, name: str) -> tuple[Case, int, Flag] | None:
    case = next((case for case in drafted.cases if case.table == table), None)
    if case is None:
        return None
    return next(((case, bit, flag) for bit, flag in enumerate(case.flags) if flag.name == name), None)


def _objections(drafted: Draft, rule: Rule, witness: Witness) -> tuple[Doubt, ...]:
    """What forbids the plan forbids the proof: a trigger nobody read may copy what was deleted."""
    mine = {witness.place(bound.name) for bound in _tables(rule, witness)}
    return tuple(
        Doubt(reason="reason.plan-forbidden", facts=(("code", finding.code), ("place", finding.where)))
        for finding in drafted.objections
        if finding.where in mine or any(finding.where.startswith(f"{place}.") for place in mine)
    )


def _together(parts: list[Look], doubts: tuple[Doubt, ...]) -> Look:
    sums = {"n": sum(part.sums.get("n", 0) for part in parts)}
    return Look(
        faults=tuple(fault for part in parts for fault in part.faults),
        doubts=(*doubts, *(doubt for part in parts for doubt in part.doubts)),
        counts=tuple(count for part in parts for count in part.counts),
        tables=tuple(table for part in parts for table in part.tables),
        queries=tuple(query for part in parts for query in part.queries),
        sums=sums,
    )
