"""`kept approve`, `apply`, `pause`, `resume`, `status`: exactly the reviewed plan, once, durably."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kept.app import people as named_people
from kept.app.context import Context
from kept.app.planning import drafted, measured
from kept.decide.draft import RETENTION, Draft, Trigger
from kept.decide.plan import Plan, cases_digest, parse
from kept.policy.findings import Exit, Finding, Refused, could_not_run, stopped
from kept.ports import Done, Keys
from kept.records.ledger import Draft as Entry
from kept.records.ledger import Kind
from kept.store import clockmark, ledger, runs
from kept.store.sealed import destroy, destroy_expired, hold
from kept.work import gate
from kept.work.measure import grown
from kept.work.orders import Orders, tasks_of
from kept.work.walk import findings_of, walk

_ROLE = re.compile(r"[a-z][a-z0-9-]{0,63}")
Seen = Callable[[int, Done], None]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended."""

    run: str
    state: runs.State
    rows: Mapping[str, int]
    plan: Plan
    findings: tuple[Finding, ...] = ()
    exit: Exit = Exit.FINE


def read_plan(path: Path) -> tuple[Plan, str]:
    """A plan file and its digest. Refuses a file that differs from what was made in a single byte."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = "cannot be read" if isinstance(error, OSError) else "is no text"
        raise could_not_run(
            Finding(code="S318", message=f"the plan file {reason}", where=str(path), help="kept plan … --out FILE")
        ) from None
    try:
        return parse(text), hashlib.sha256(text.encode()).hexdigest()
    except (ValueError, RecursionError):
        raise stopped(_altered(str(path))) from None


def approve(context: Context, path: Path, role: str) -> bool:
    """Record that a role said yes to exactly this plan; False when it had already."""
    if not _ROLE.fullmatch(role):
        raise could_not_run(
            Finding(
                code="S326",
                message="a role is a short word of small letters, digits and hyphens",
                where="--as",
                help="kept approve PLAN --as privacy-officer",
            )
        )
    plan, digest = read_plan(path)
    with context.store.write() as tx:
        _known(tx, digest)
        new = runs.approve(tx, runs.Approval(plan=digest, role=role, at=context.now))
        if new:
            entry = Entry(kind=Kind.PLAN_APPROVED, actor=role, counts={"rows": plan.rows}, links={"plan": digest})
            ledger.append(tx, [entry], at=context.now)
    return new


def apply(context: Context, path: Path, seen: Seen) -> Outcome:
    """Carry out a plan. A run that a dead process left behind is taken up instead of begun again."""
    _, digest = read_plan(path)
    with context.store.read() as tx:
        _known(tx, digest)
        earlier = runs.runs(tx, digest=digest, limit=1)
    if earlier and earlier[0].state is runs.State.VERIFIED:
        raise _over(context, earlier[0], "this plan has been carried out")
    if earlier:
        return resume(context, earlier[0].id, seen)
    return _begun(context, digest, seen)


def resume(context: Context, run: str, seen: Seen) -> Outcome:
    """Take up a run that was paused, stopped or left behind: its markers say how far it came."""
    found = _run(context, run)
    if found.state is runs.State.VERIFIED:
        raise _over(context, found, "this run is over and verified")
    plan = _stored(context, found.plan)
    derived = _unchanged(context, plan)
    with context.store.write() as tx:
        runs.move(tx, run, runs.State.STARTED, at=context.now)
        _log(tx, Kind.RUN_RESUMED, run, found.plan, {}, context.now)
    return _carried(context, run, (plan, found.plan), derived, seen)


def _over(context: Context, run: runs.Run, message: str) -> Refused:
    """A verified run is not run again; the markers it may have died before removing go now."""
    for name in _stored(context, run.plan).schemas:
        with suppress(Refused):  # a tidying that is not had changes nothing of what was asked
            context.systems[name].close_run(run.id)
    return stopped(Finding(code="S319", message=message, where=f"run {run.id}", help="kept status"))


def pause(context: Context, run: str) -> bool:
    """Ask a run to stop before its next batch; False when it is not at work."""
    _run(context, run)
    with context.store.write() as tx:
        return runs.ask_pause(tx, run)


def plan_of(context: Context, run: str) -> Plan:
    """The plan a run carries out."""
    return _stored(context, _run(context, run).plan)


def history(context: Context) -> tuple[runs.Run, ...]:
    """All runs, latest first."""
    with context.store.read() as tx:
        return runs.runs(tx)


def _begun(context: Context, digest: str, seen: Seen) -> Outcome:
    _clock_forward(context)
    plan = _stored(context, digest)
    if expired := gate.age(plan, context.now):  # its identifiers may be destroyed, so this comes first
        raise stopped(*expired)
    drafts, keys = _derived(context, plan, fresh=True)
    _may_run(context, plan, digest, drafts, keys)
    if not plan.steps:
        return _nothing(plan)
    run = str(uuid.uuid4())
    with context.store.write() as tx:
        runs.start_run(tx, run, digest, at=context.now)
        if plan.reference:
            hold(tx, plan.reference)
        _log(tx, Kind.RUN_STARTED, run, digest, {"rows": plan.rows}, context.now)
    return _carried(context, run, (plan, digest), (drafts, keys), seen)


def _nothing(plan: Plan) -> Outcome:
    """A plan without a step is carried out by doing nothing; no run, no marker."""
    return Outcome(run="none", state=runs.State.VERIFIED, rows={}, plan=plan)


def _clock_forward(context: Context) -> None:
    """Nothing is destroyed while the clock stands earlier than it once did (decided semantics 2.44)."""
    with context.store.write() as tx:
        step = clockmark.advance(tx, context.now)
    if step.frozen:
        raise stopped(
            Finding(
                code="S322",
                message=f"the clock went back by {abs(step.moved.total_seconds()):,.0f} seconds",
                where="clock",
                why="one wrong clock must not age data by years, or bring a deadline back",
                help="set the clock right; Kept goes on once it is past the latest instant it has seen",
            )
        )


def _may_run(context: Context, plan: Plan, digest: str, drafts: tuple[Draft, ...], keys: Mapping[str, Keys]) -> None:
    with context.store.read() as tx:
        roles = frozenset(approval.role for approval in runs.approvals(tx, digest))
        secret = tx.keys.digest
    objections = list(
        gate.objections(
            plan, policy=context.policy, maps=context.maps, cases=cases_digest(drafts), roles=roles, now=context.now
        )
    )
    if plan.key_digest is not None and named_people.digest(secret, keys) != plan.key_digest:
        objections.append(
            Finding(code="S314", message="the identifiers now name other rows", where="plan", help="plan again")
        )
    if not objections:
        planned = {(t.system, t.table): {c.number: c.rows for c in t.classes} for t in plan.tables}
        objections = [
            Finding(
                code="S307", message=f"more rows match than the plan counted: {place}", where="plan", help="plan again"
            )
            for place in grown(planned, measured(context, drafts, keys), drafts)
        ]
    if objections:
        raise stopped(*objections)


Derived = tuple[tuple[Draft, ...], dict[str, Keys]]


def _derived(context: Context, plan: Plan, *, fresh: bool) -> Derived:
    """Cases and key sets again: from the identifiers for a first attempt, as sealed when rows may be gone already."""
    if plan.reference is None:
        return drafted(context, RETENTION, datetime.fromisoformat(plan.as_of)), {}
    people, wanted, keys = named_people.unsealed(context, plan.reference)
    if fresh:
        keys = named_people.resolve(context, people, wanted)
    trigger = Trigger(kind=plan.trigger, people=wanted)
    return drafted(context, trigger, datetime.fromisoformat(plan.as_of)), keys


def _unchanged(context: Context, plan: Plan) -> Derived:
    """A run is taken up only under the policy and the schema it was begun under."""
    if other := gate.schemas(plan, context.maps):
        raise stopped(*other)
    drafts, keys = _derived(context, plan, fresh=False)
    if changed := gate.changed(plan, policy=context.policy, maps=context.maps, cases=cases_digest(drafts)):
        raise stopped(*changed)
    return drafts, keys


def _carried(context: Context, run: str, stored: tuple[Plan, str], derived: Derived, seen: Seen) -> Outcome:
    from kept.work.durable import workshop  # noqa: PLC0415 - brings dbos, 1.6 s

    (plan, digest), (drafts, keys) = stored, derived
    by_system = {each.system: each for each in drafts}
    tasks = tasks_of(plan, by_system, context.systems, keys)

    def body(run_id: str, attempt: int, once: Callable[..., dict[str, Any]]) -> dict[str, Any]:
        orders = Orders(run=run_id, attempt=attempt, plan=plan, targets=context.systems, tasks=tasks)
        return walk(orders, once, lambda: _pause_asked(context, run_id), seen)

    with workshop(context.journal, run, body) as job:
        outcome = _ended(context, run, digest, plan, job.carry_out())
        if outcome.state is runs.State.VERIFIED:
            job.forget()
    return outcome


def _ended(context: Context, run: str, digest: str, plan: Plan, result: Mapping[str, Any]) -> Outcome:
    at = datetime.now(UTC)
    findings = findings_of(result)
    state, kind, code = _END[result["state"]]
    reason = findings[0].code if findings else ""
    with context.store.write() as tx:
        runs.move(tx, run, state, at=at, reason=reason)
        _log(tx, kind, run, digest, result["rows"], at)
        destroy_expired(tx, at)
        if state is runs.State.VERIFIED and plan.reference:
            destroy(tx, plan.reference)
            _log(tx, Kind.SEALED_DESTROYED, run, digest, {}, at)
    if state is runs.State.VERIFIED:
        for name in plan.schemas:
            context.systems[name].close_run(run)
    exit_code = Exit(result["exit"]) if "exit" in result else code
    return Outcome(run=run, state=state, rows=result["rows"], plan=plan, findings=findings, exit=exit_code)


_END = {
    "verified": (runs.State.VERIFIED, Kind.RUN_VERIFIED, Exit.FINE),
    "paused": (runs.State.PAUSED, Kind.RUN_PAUSED, Exit.STOPPED),
    "refused": (runs.State.STOPPED, Kind.RUN_STOPPED, Exit.BROKEN),
}


def _pause_asked(context: Context, run: str) -> bool:
    with context.store.read() as tx:
        return runs.pause_asked(tx, run)


def _stored(context: Context, digest: str) -> Plan:
    with context.store.read() as tx:
        return parse(runs.load_plan(tx, digest).text)


def _known(tx: Any, digest: str) -> None:
    try:
        runs.load_plan(tx, digest)
    except Refused:
        raise stopped(_altered("plan")) from None


def _altered(where: str) -> Finding:
    return Finding(
        code="S312",
        message="this is not a plan that was made here, or it was changed since",
        where=where,
        why="only exactly the plan that was reviewed may be applied",
        help="plan again",
    )


def _run(context: Context, run: str) -> runs.Run:
    with context.store.read() as tx:
        found = runs.find_run(tx, run)
    if found is None:
        raise could_not_run(
            Finding(code="S320", message="there is no such run", where=f"run {run[:40]}", help="kept status")
        )
    return found


def _log(tx: Any, kind: Kind, run: str, digest: str, counts: Mapping[str, int], at: datetime) -> None:  # noqa: PLR0917
    ledger.append(tx, [Entry(kind=kind, actor="engineer", run=run, counts=dict(counts), links={"plan": digest})], at=at)
