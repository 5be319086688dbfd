"""Plans, approvals, runs and the progress of their batches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from kept.policy.findings import could_not_run, stopped
from kept.store.codes import finding
from kept.store.open import Tx
from kept.store.tables import approval, batch, plan, run


class State(StrEnum):
    """Where a run stands."""

    STARTED = "started"
    PAUSED = "paused"
    STOPPED = "stopped"
    FAILED = "failed"
    VERIFIED = "verified"


_MOVES: Final[Mapping[State, frozenset[State]]] = {
    State.STARTED: frozenset({State.STARTED, State.PAUSED, State.STOPPED, State.FAILED, State.VERIFIED}),
    State.PAUSED: frozenset({State.STARTED, State.PAUSED, State.STOPPED, State.FAILED}),
    State.STOPPED: frozenset({State.STOPPED, State.STARTED}),
    State.FAILED: frozenset({State.FAILED, State.STARTED}),
    State.VERIFIED: frozenset({State.VERIFIED}),
}
"""A verified run is over for good; a stopped or failed one may be taken up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as saved: its digest is SHA-256 of `text`, byte for byte (T1)."""

    digest: str
    kind: str
    text: str
    trigger_id: str | None = None
    """Sealed item that names the people, when the plan is about named people."""
    at: datetime
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A role said yes to exactly this plan."""

    plan: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a plan."""

    id: str
    plan: str
    state: State
    reason: str
    started_at: datetime
    changed_at: datetime
    pause_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One committed batch of one step."""

    run: str
    step: int
    batch: int
    rows: int
    at: datetime
    ms: int


def save_plan(tx: Tx, saved: StoredPlan) -> bool:
    """Save a plan; False when the very same plan is there already. Plans are content-addressed, so that is no error."""
    if hashlib.sha256(saved.text.encode()).hexdigest() != saved.digest:
        raise ValueError("a plan's digest is SHA-256 of its text")
    values = {
        "digest": saved.digest,
        "kind": saved.kind,
        "text": saved.text,
        "trigger_id": saved.trigger_id,
        "at": saved.at,
        "expires_at": saved.expires_at,
    }
    return _added(tx, plan, values)


def load_plan(tx: Tx, digest: str) -> StoredPlan:
    """Load a plan by its digest. Refuses one that is missing or whose stored text was changed."""
    row = tx.connection.execute(select(plan).where(plan.c.digest == digest)).first()
    if row is None:
        raise could_not_run(finding("K140", where=f"plan {digest[:12]}"))
    if hashlib.sha256(row.text.encode()).hexdigest() != digest:
        raise stopped(finding("K141", where=f"plan {digest[:12]}"))
    return StoredPlan(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping


def approve(tx: Tx, given: Approval) -> bool:
    """Record an approval; False when this role has already approved this plan."""
    values = {"plan": given.plan, "role": given.role, "at": given.at}
    return _added(tx, approval, values)


def approvals(tx: Tx, digest: str) -> tuple[Approval, ...]:
    """Who approved a plan, in the order of time."""
    rows = tx.connection.execute(select(approval).where(approval.c.plan == digest).order_by(approval.c.at))
    return tuple(Approval(**row._mapping) for row in rows)  # noqa: SLF001


def start_run(tx: Tx, run_id: str, digest: str, *, at: datetime) -> Run:
    """Open a run, or take up the one of this id."""
    values: dict[str, Any] = {
        "id": run_id,
        "plan": digest,
        "state": State.STARTED.value,
        "reason": "",
        "started_at": at,
        "changed_at": at,
        "pause_asked": False,
    }
    _added(tx, run, values)
    found = find_run(tx, run_id)
    if found is None or found.plan != digest:
        raise ValueError("a run belongs to one plan")
    return found


def find_run(tx: Tx, run_id: str) -> Run | None:
    """The run of this id."""
    row = tx.connection.execute(select(run).where(run.c.id == run_id)).first()
    return None if row is None else _run(row)


def runs(tx: Tx, *, digest: str | None = None, limit: int = 100) -> tuple[Run, ...]:
    """Runs, latest first; of one plan or of all."""
    query = select(run).order_by(run.c.started_at.desc(), run.c.id).limit(limit)
    if digest is not None:
        query = query.where(run.c.plan == digest)
    return tuple(_run(row) for row in tx.connection.execute(query))


def move(tx: Tx, run_id: str, to: State, *, at: datetime, reason: str = "") -> Run:
    """Change a run's state. Refuses a move that makes no sense, such as taking up a verified run."""
    found = find_run(tx, run_id)
    if found is None or to not in _MOVES[found.state]:
        state = found.state.value if found else "unknown"
        raise stopped(finding("K142", where=f"run {run_id}", detail=f"from {state} to {to.value}"))
    values: dict[str, Any] = {"state": to.value, "reason": reason, "changed_at": at}
    if to is not State.PAUSED:
        values["pause_asked"] = False
    tx.connection.execute(update(run).where(run.c.id == run_id).values(values))
    return _run(tx.connection.execute(select(run).where(run.c.id == run_id)).one())


def ask_pause(tx: Tx, run_id: str) -> bool:
    """Ask a run to pause before its next batch; False when there is no such run at work."""
    running = (run.c.id == run_id) & (run.c.state == State.STARTED.value)
    return tx.connection.execute(update(run).where(running).values(pause_asked=True)).rowcount > 0


def pause_asked(tx: Tx, run_id: str) -> bool:
    """Whether somebody asked this run to pause."""
    return bool(tx.connection.execute(select(run.c.pause_asked).where(run.c.id == run_id)).scalar())


def record_batch(tx: Tx, done: Batch) -> bool:
    """Record a batch once; False when it is on record already (a batch resumed after a crash)."""
    values = {
        "run": done.run,
        "step": done.step,
        "batch": done.batch,
        "rows": done.rows,
        "at": done.at,
        "ms": done.ms,
    }
    return _added(tx, batch, values)


def batches(tx: Tx, run_id: str) -> tuple[Batch, ...]:
    """Every recorded batch of a run, in order."""
    rows = tx.connection.execute(select(batch).where(batch.c.run == run_id).order_by(batch.c.step, batch.c.batch))
    return tuple(Batch(**row._mapping) for row in rows)  # noqa: SLF001


def rows_done(tx: Tx, run_id: str) -> dict[int, int]:
    """Rows done per step."""
    query = select(batch.c.step, func.sum(batch.c.rows)).where(batch.c.run == run_id).group_by(batch.c.step)
    return {step: int(rows) for step, rows in tx.connection.execute(query)}


def _run(row: Row[Any]) -> Run:
    return Run(**{**row._mapping, "state": State(row.state)})  # noqa: SLF001


def _added(tx: Tx, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with its key is there; whether it was added."""
    dialect = postgresql if tx.store.dialect == "postgresql" else sqlite
    statement = dialect.insert(table).values(values).on_conflict_do_nothing()
    return tx.connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount > 0
