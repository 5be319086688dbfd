"""Walk the steps of a run: each durable piece goes through `once`, so a crash resumes behind the last one.

A system with few rows is changed in one transaction: nothing half-applied is possible. A larger one is changed batch
by batch, each step re-read behind itself before the rows it hangs on go too. Before the first change everything that
one transaction does not hold together is rehearsed; a refusal that still comes later says what is done and what is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kept.decide.formula import dear
from kept.policy.findings import Finding, Refused
from kept.ports import Cursor, Done, Mark, TargetPort, Task
from kept.work.orders import Orders

Once = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
"""Carry a named piece out once, durably; its result must be JSON."""

ATOMIC = 10_000
"""Up to this many rows a system's steps share one transaction."""
WHOLE = 0
"""The batch number under which one marker stands for all steps of a small system; batches count from 1."""


class Halt(Exception):  # noqa: N818 - a pause is no error
    """The walk ends here: paused, or refused for a reason."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__(result.get("state", ""))
        self.result = result


def walk(orders: Orders, once: Once, paused: Callable[[], bool], seen: Callable[[int, Done], None]) -> dict[str, Any]:
    """Carry the plan out. Returns `{"state": verified|paused|refused, "rows": {step: n}, …}`, never raises Refused."""
    pieces = _Pieces(once=once, paused=paused, seen=seen)
    tally = _Tally()
    try:
        systems = list(dict.fromkeys(step.system for step in orders.plan.steps))
        before = {system: _opening(orders, system, pieces, tally, alone=len(systems) == 1) for system in systems}
        for system in systems:
            _system(orders, system, pieces, before[system], tally)
    except Halt as halt:
        return {**_honest(halt.result, orders, tally), "rows": tally.rows}
    return {"state": "verified", "rows": tally.rows}


class _Tally:
    """How far a run came: rows by step, or by system where one transaction holds all its steps; steps that are over."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.over: set[int] = set()


class _Pieces:
    """The three callbacks of a walk."""

    def __init__(self, *, once: Once, paused: Callable[[], bool], seen: Callable[[int, Done], None]) -> None:
        self._once, self.paused, self.seen = once, paused, seen

    def once(self, name: str, piece: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """A durable piece whose refusal is a result like any other."""
        result = self._once(name, lambda: _answered(piece))
        if "state" in result:
            raise Halt(result)
        return result


def _answered(piece: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return piece()
    except Refused as refused:
        return {
            "state": "refused",
            "exit": int(refused.exit_code),
            "findings": [_written(finding) for finding in refused.findings],
        }


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What earlier attempts left of a system, and how it is gone about."""

    steps: Mapping[int, tuple[int, int]]
    """Rows touched and the last batch, by step."""
    whole: bool
    """One transaction for all steps."""


def _opening(orders: Orders, system: str, pieces: _Pieces, tally: _Tally, *, alone: bool) -> _Before:
    """Read what is done, and try the rest: no system is changed while another would refuse."""
    target, steps = orders.targets[system], orders.of(system)
    opened = pieces.once(f"open {system}", lambda: _opened(target, orders))
    before = {int(step): (touched, last) for step, (touched, last) in opened["progress"].items()}
    whole = bool(opened["whole"] or (not before and sum(task.rows for _, task in steps) <= ATOMIC))
    if opened["whole"]:
        tally.over.update(seq for seq, _ in steps)
    elif not whole:
        tally.rows.update({f"{system}.{seq}": touched for seq, (touched, _) in before.items()})
        tally.over.update(seq for seq, task in steps if before.get(seq, (0, 0))[0] >= task.rows)
    if not opened["whole"] and not (whole and alone):
        pieces.once(f"rehearse {system}", lambda: _rehearsed(target, [task for _, task in steps]))
    return _Before(steps=before, whole=whole)


def _system(orders: Orders, system: str, pieces: _Pieces, before: _Before, tally: _Tally) -> None:
    target, steps = orders.targets[system], orders.of(system)
    if before.whole:
        first = steps[0][0]
        mark = Mark(run=orders.run, attempt=orders.attempt, step=first, batch=WHOLE)
        done = pieces.once(f"whole {system}", lambda: _whole(target, mark, [task for _, task in steps], pieces))
        tally.rows[system] = done["rows"]
        tally.over.update(seq for seq, _ in steps)
        pieces.seen(first, Done(rows=done["rows"], next=None, ms=done["ms"]))
    else:
        for seq, task in steps:
            _step(orders, target, seq, task, pieces, before.steps.get(seq, (0, 0)), tally)
        if dear(steps[-1][1].act.selection):
            steps = steps[:-1]  # it was re-read when everything had been done
    if steps:
        pieces.once(f"verify {system}", lambda: _verified(target, [task for _, task in steps]))


def _step(  # noqa: PLR0917
    orders: Orders,
    target: TargetPort,
    seq: int,
    task: Task,
    pieces: _Pieces,
    before: tuple[int, int],
    tally: _Tally,
) -> None:
    touched, number = before
    tally.rows[f"{target.name}.{seq}"] = touched
    tally.over.discard(seq)  # until it is verified
    begun = pieces.once(f"start {seq}", lambda: {"cursor": asdict(target.start(task))})
    cursor: Cursor | None = Cursor(**begun["cursor"])
    # The planned rows are done: the rest of the table is left to the verification, which reads all of it.
    while cursor is not None and touched < task.rows:
        number += 1
        mark = Mark(run=orders.run, attempt=orders.attempt, step=seq, batch=number)
        at, left = cursor, task.rows - touched
        result = pieces.once(
            f"batch {seq}.{number}",
            lambda: _batch(target, mark, task, at, left, pieces),  # noqa: B023 - run at once
        )
        done = Done(rows=result["rows"], next=Cursor(**result["next"]) if result["next"] else None, ms=result["ms"])
        touched += done.rows
        tally.rows[f"{target.name}.{seq}"] = touched
        cursor = done.next
        pieces.seen(seq, done)
    if dear(task.act.selection):  # the rows it hangs on may go next: later nothing would tell what was left
        pieces.once(f"verify {seq}", lambda: _verified(target, [task]))
    tally.over.add(seq)


def _opened(target: TargetPort, orders: Orders) -> dict[str, Any]:
    target.open_run(orders.run, orders.attempt)
    progress = target.progress(orders.run)
    whole = any(last == WHOLE for _, last in progress.values())
    return {"progress": {str(step): list(done) for step, done in progress.items()}, "whole": whole}


def _rehearsed(target: TargetPort, tasks: list[Task]) -> dict[str, Any]:
    target.rehearse(tasks)
    return {}


def _whole(target: TargetPort, mark: Mark, tasks: list[Task], pieces: _Pieces) -> dict[str, Any]:
    if pieces.paused():
        return {"state": "paused"}
    done = target.whole(mark, tasks)
    return {"rows": done.rows, "ms": done.ms}


def _batch(  # noqa: PLR0917
    target: TargetPort, mark: Mark, task: Task, cursor: Cursor, left: int, pieces: _Pieces
) -> dict[str, Any]:
    if pieces.paused():
        return {"state": "paused"}
    done = target.batch(mark, task, cursor, left)
    return {"rows": done.rows, "next": asdict(done.next) if done.next else None, "ms": done.ms}


def _verified(target: TargetPort, tasks: list[Task]) -> dict[str, Any]:
    """An independent re-read. The positive control is the canary: the same credential must still find a known row."""
    canary = target.bound.system.canary
    if canary is not None and not target.found(canary):
        return _failed(target, "S315", "the canary row is not found: «nothing left» cannot be believed")
    for task in tasks:
        if left := target.residual(task):
            return _failed(target, "S316", f"{left} rows still match in `{task.table}` after the step")
    return {}


def _failed(target: TargetPort, code: str, message: str) -> dict[str, Any]:
    finding = Finding(code=code, message=message, where=target.name, help="kept plan …, after looking at the table")
    return {"state": "refused", "exit": 1, "findings": [_written(finding)]}


def _honest(result: dict[str, Any], orders: Orders, tally: _Tally) -> dict[str, Any]:
    """A refusal that comes when something is committed says what is done and what is not."""
    if not result.get("findings") or not (tally.over or any(tally.rows.values())):
        return result
    first, *others = result["findings"]
    why = f"{first['why']}; " if first["why"] else ""
    why += f"what is committed stays, in whole batches: {_how_far(orders, tally)}"
    return {**result, "findings": [{**first, "why": why}, *others]}


def _how_far(orders: Orders, tally: _Tally) -> str:
    stands: dict[str, list[str]] = {"done": [], "in part": [], "not begun": []}
    for step in orders.plan.steps:
        name, rows = f"{step.system}.{step.table}", tally.rows.get(f"{step.system}.{step.seq}", 0)
        if step.seq in tally.over or not rows:
            stands["done" if step.seq in tally.over else "not begun"].append(name)
        else:
            stands["in part"].append(f"{name} ({rows:,} of {step.rows:,} rows)")
    return "; ".join(f"{word} {', '.join(dict.fromkeys(names))}" for word, names in stands.items() if names)


def _written(finding: Finding) -> dict[str, str]:
    """What a durable record keeps of a finding; it holds no personal value by law of the house."""
    names = ("code", "message", "where", "why", "help")
    return {name: getattr(finding, name) for name in names}


def findings_of(result: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a refused walk."""
    return tuple(Finding(**finding) for finding in result.get("findings", ()))
