"""What a run needs, derived again from policy, map and trigger: the tasks of a plan, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kept.decide.draft import Draft
from kept.decide.plan import Plan, Step, acts
from kept.policy.findings import Finding, stopped
from kept.ports import Keys, TargetPort, Task


@dataclass(frozen=True, kw_only=True)
class Orders:
    """A run: its plan, its systems, and the task of every step."""

    run: str
    attempt: int
    plan: Plan
    targets: Mapping[str, TargetPort]
    tasks: Mapping[int, Task]

    def of(self, system: str) -> list[tuple[int, Task]]:
        """The steps of one system, in order."""
        return [(step.seq, self.tasks[step.seq]) for step in self.plan.steps if step.system == system]


def tasks_of(
    plan: Plan, drafts: Mapping[str, Draft], targets: Mapping[str, TargetPort], keys: Mapping[str, Keys]
) -> dict[int, Task]:
    """Match every step of the plan with its act. A step without its act means the plan is not ours."""
    return {step.seq: _task(step, plan, drafts[step.system], targets[step.system], keys) for step in plan.steps}


def _task(step: Step, plan: Plan, draft: Draft, target: TargetPort, keys: Mapping[str, Keys]) -> Task:
    case = next((case for case in draft.cases if case.table == step.table), None)
    fills = tuple(step.fills)
    found = [
        act
        for act in (acts(case, target.bound.tables[step.table]) if case else ())
        if act.action == step.action and set(step.classes) <= set(act.classes) and _written(act.fills) == fills
    ]
    if len(found) != 1:
        raise stopped(
            Finding(
                code="S312",
                message=f"step {step.seq} of the plan does not follow from this policy and this database",
                where=f"{step.system}.{step.table}",
                help="plan again",
            )
        )
    cuts = {name: datetime.fromisoformat(text) for name, text in plan.cuts.items()}
    return Task(table=step.table, act=found[0], cuts=cuts, keys=keys.get(step.system, {}), rows=step.rows)


def _written(fills: tuple[tuple[str, object], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((column, str(fill)) for column, fill in fills)
