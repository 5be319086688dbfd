"""The plan as a value: deterministic, content-addressed, without a key or a person (design §1, §6).

It carries the trigger's reference, cut-off instants, fingerprints, counts per class, steps and their cost shape.
`apply` derives the same cases again from policy, map and trigger; `Plan.cases` is the digest both must share.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from kept.decide.draft import Draft
from kept.decide.fill import Fill, fill_of, stays
from kept.decide.flags import Case
from kept.decide.outcome import Decision, RowDecision
from kept.decide.select import Holds, Selection, every, some
from kept.map.bound import BoundTable, Map

FORMAT = 1
LIFE = timedelta(hours=24)
SMALL = 20
"""Fewer rows than this never trip `stop-above`: shares of tiny tables say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the cells of one kind get their outcome."""

    kind: str
    outcome: str
    because: tuple[str, ...] = ()
    grounds: tuple[str, ...] = ()
    law: str | None = None
    withheld: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """Rows that share all flags, and what becomes of them."""

    number: int
    flags: tuple[str, ...]
    rows: int
    action: str
    """`delete`, `change` or `keep`."""
    until: str | None = None
    """Last day on which a dated duty holds back the last of these rows; None where no date does."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost shape of a step: what the database does per row, relative to deleting it."""

    shape: str
    """`delete` or `rewrite`."""
    relative: float
    indexes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action on one table."""

    seq: int
    system: str
    table: str
    action: str
    """`delete` or `change`."""
    classes: tuple[int, ...]
    fills: tuple[tuple[str, str], ...] = ()
    """Column and its replacement, for a change."""
    rows: int
    effect: str = "transactional"
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """Counts of one table."""

    system: str
    table: str
    total: int
    exact: bool
    """False where `total` is the catalogue's estimate."""
    classes: tuple[ClassCount, ...]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A sealed plan."""

    trigger: str
    reference: str | None
    """Where the sealed identifiers lie; None for the clock."""
    people: int
    """How many people are named."""
    key_digest: str | None
    as_of: str
    expires: str
    policy: str
    schemas: Mapping[str, str]
    """Schema fingerprint per system."""
    cuts: Mapping[str, str]
    cases: str
    """Digest of the cases the steps were derived from."""
    epochs: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[TablePlan, ...]
    steps: tuple[Step, ...]

    @property
    def rows(self) -> int:
        """Rows all steps together expect to touch."""
        return sum(step.rows for step in self.steps)

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical text: the plan's name."""
        return hashlib.sha256(canonical(self).encode()).hexdigest()


def canonical(plan: Plan) -> str:
    """The one text of a plan: sorted keys, no spaces, so the same inputs give the same bytes (V13)."""
    return json.dumps({"kept-plan": FORMAT, **asdict(plan)}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parse(text: str) -> Plan:
    """Read a plan back; raises ValueError unless the text is byte for byte what `canonical` writes (T1)."""
    try:
        fields = json.loads(text)
        if fields.pop("kept-plan") != FORMAT:
            raise ValueError("another version of the plan format")
        tables = tuple(_table_of(table) for table in fields.pop("tables"))
        steps = tuple(_step_of(step) for step in fields.pop("steps"))
        plan = Plan(tables=tables, steps=steps, **fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a plan") from error
    if canonical(plan) != text:
        raise ValueError("not the canonical text")
    return plan


def _table_of(fields: dict[str, Any]) -> TablePlan:
    classes = fields.pop("classes")
    return TablePlan(classes=tuple(_class_of(each) for each in classes), **fields)


def _class_of(fields: dict[str, Any]) -> ClassCount:
    reasons = tuple(_reason_of(reason) for reason in fields.pop("reasons"))
    return ClassCount(flags=tuple(fields.pop("flags")), reasons=reasons, **fields)


def _reason_of(fields: dict[str, Any]) -> Reason:
    return Reason(because=tuple(fields.pop("because")), grounds=tuple(fields.pop("grounds")), **fields)


def _step_of(fields: dict[str, Any]) -> Step:
    fills = tuple((column, fill) for column, fill in fields.pop("fills"))
    return Step(classes=tuple(fields.pop("classes")), fills=fills, cost=Cost(**fields.pop("cost")), **fields)


def cases_digest(drafts: tuple[Draft, ...]) -> str:
    """Digest of everything selections are made of, cut-offs aside (they stand in the plan)."""
    text = "\n".join(repr((draft.system, draft.trigger.kind, draft.cases)) for draft in drafts)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A step with its selection: what the evaluators walk."""

    action: str
    classes: tuple[int, ...]
    fills: tuple[tuple[str, Fill], ...]
    selection: Selection


def acts(case: Case, table: BoundTable) -> tuple[Act, ...]:
    """The distinct actions of a case: one deletion, and one change per set of columns. Selections are disjoint."""
    groups: dict[tuple[str, tuple[tuple[str, Fill], ...]], list[int]] = {}
    for number, row in enumerate(case.classes):
        if row.destroys:
            fills = () if row.whole else _fills(row, table)
            if row.whole or fills:
                groups.setdefault((_action(row), fills), []).append(number)
    return tuple(
        Act(
            action=action,
            classes=tuple(numbers),
            fills=fills,
            selection=_selection(case, numbers, fills),
        )
        for (action, fills), numbers in sorted(groups.items(), key=lambda item: item[1])
    )


def _selection(case: Case, numbers: list[int], fills: tuple[tuple[str, Fill], ...]) -> Selection:
    chosen = case.rows_in(numbers)
    return every(chosen, some(*(Holds(column=column) for column, _ in fills))) if fills else chosen


def _action(row: RowDecision) -> str:
    return "delete" if row.whole else "change" if row.destroys else "keep"


def _fills(row: RowDecision, table: BoundTable) -> tuple[tuple[str, Fill], ...]:
    due = {kind for kind, decision in row.cells if decision.destroys}
    chosen = [(cell.column.name, fill_of(cell)) for cell in table.cells if cell.kind in due and not stays(cell)]
    return tuple((name, fill) for name, fill in chosen if fill is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a system counted for one case: rows per class, and the table's size."""

    system: str
    table: str
    counts: Mapping[int, int]
    total: int
    exact: bool = True
    until: Mapping[int, date] = field(default_factory=dict)
    """Per class held back by a dated floor: its last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The named people of a plan, as far as a plan may know them."""

    reference: str
    people: int
    digest: str


def seal(
    drafts: tuple[Draft, ...],
    maps: Mapping[str, Map],
    measured: Mapping[tuple[str, str], Measured],
    *,
    policy: str,
    named: Named | None = None,
) -> Plan:
    """Draft and counts become a plan. Pure and deterministic."""
    first = drafts[0]
    tables, steps = [], []
    for draft in drafts:
        for case in draft.cases:
            counted = measured[draft.system, case.table]
            tables.append(_table_plan(case, counted))
            steps.extend(_steps(case, maps[draft.system].tables[case.table], counted))
    return Plan(
        trigger=first.trigger.kind,
        reference=named.reference if named else None,
        people=named.people if named else 0,
        key_digest=named.digest if named else None,
        as_of=_stamp(first.as_of),
        expires=_stamp(first.as_of + LIFE),
        policy=policy,
        schemas={draft.system: maps[draft.system].schema.fingerprint for draft in drafts},
        cuts={name: _stamp(instant) for name, instant in first.cuts.items()},
        cases=cases_digest(drafts),
        tables=tuple(tables),
        steps=tuple(_numbered(steps)),
    )


def _numbered(steps: list[Step]) -> list[Step]:
    return [replace(step, seq=number) for number, step in enumerate(steps, start=1)]


def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")


def _table_plan(case: Case, counted: Measured) -> TablePlan:
    classes = tuple(
        ClassCount(
            number=number,
            flags=tuple(flag.name for flag in case.set_in(number)),
            rows=rows,
            action=_action(case.classes[number]),
            until=counted.until[number].isoformat() if number in counted.until else None,
            reasons=tuple(reason(kind, decision) for kind, decision in case.classes[number].cells),
        )
        for number, rows in sorted(counted.counts.items())
    )
    return TablePlan(system=case.system, table=case.table, total=counted.total, exact=counted.exact, classes=classes)


def reason(kind: str, decision: Decision) -> Reason:
    """A decision in the words of a plan."""
    return Reason(
        kind=kind,
        outcome=decision.outcome,
        because=decision.because,
        grounds=tuple(decision.grounds),
        law=decision.law,
        withheld=decision.withheld,
    )


def _steps(case: Case, table: BoundTable, counted: Measured) -> list[Step]:
    steps = []
    for act in acts(case, table):
        rows = sum(counted.counts.get(number, 0) for number in act.classes)
        if rows:
            steps.append(
                Step(
                    seq=0,
                    system=case.system,
                    table=case.table,
                    action=act.action,
                    classes=tuple(number for number in act.classes if counted.counts.get(number)),
                    fills=tuple((column, str(fill)) for column, fill in act.fills),
                    rows=rows,
                    cost=_cost(act, table),
                )
            )
    return steps


REWRITE = 9.0
"""Measured: masking event rows is about nine times dearer than deleting them where the update cannot stay in place."""
IN_PLACE = 2.0
"""Measured: with no index on a changed column and free space in the page."""


def _cost(act: Act, table: BoundTable) -> Cost:
    indexes = table.table.indexes
    if act.action == "delete":
        return Cost(shape="delete", relative=1.0, indexes=len(indexes))
    changed = {column for column, _ in act.fills}
    touched = sum(bool(changed & set(index)) for index in indexes)
    return Cost(shape="rewrite", relative=REWRITE if touched else IN_PLACE, indexes=touched)


def over_limit(plan: Plan, limit: float) -> tuple[Step, ...]:
    """Steps of tables of which the plan touches more than the share that `safety.stop-above` allows."""
    totals = {(table.system, table.table): table.total for table in plan.tables}
    touched: dict[tuple[str, str], int] = {}
    for step in plan.steps:
        touched[step.system, step.table] = touched.get((step.system, step.table), 0) + step.rows
    above = {place for place, rows in touched.items() if rows > SMALL and rows > limit * max(totals[place], 1)}
    return tuple(step for step in plan.steps if (step.system, step.table) in above)
