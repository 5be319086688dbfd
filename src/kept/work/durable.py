"""Durable work by one mechanism: a dbos workflow whose steps are the pieces of a walk.

The guard rails of its known traps: a fixed application version, JSON instead of pickle, ids only as inputs, an own
engine with WAL, one executor per run so that no process recovers another's work, finished workflows deleted.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from kept.policy.findings import Finding, could_not_run

VERSION = "kept-3"
"""Raised by hand when a recorded walk can no longer be replayed by this code."""

Body = Callable[[str, int, Callable[..., dict[str, Any]]], dict[str, Any]]
"""(run, attempt, once) → result of the walk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run in the hands of the durable engine."""

    carry_out: Callable[[], dict[str, Any]]
    """Carries the run out, or takes it up where it stopped."""
    forget: Callable[[], None]
    """Deletes its journal. INVARIANT: only when the run counts as verified, or its attempts are counted anew."""


@contextmanager
def workshop(journal: str, run: str, body: Body) -> Iterator[Job]:
    """Open the durable engine for one run.

    `journal` is a SQLite path or a PostgreSQL URL; it holds ids and counts, never a person.
    """
    from dbos import DBOS  # noqa: PLC0415 - 1.6 s to import, so only where work is done

    logging.getLogger("dbos").setLevel(logging.CRITICAL)  # it writes tracebacks; what it raises is answered below

    @DBOS.workflow(name="carry-out")
    def carry_out(run_id: str, attempt: int) -> dict[str, Any]:
        def once(name: str, piece: Callable[[], dict[str, Any]]) -> dict[str, Any]:
            return DBOS.run_step({"name": name}, piece)

        return body(run_id, attempt, once)

    try:
        with _answered(journal):
            DBOS(config=_config(journal, run))
            DBOS.launch()
        yield Job(carry_out=lambda: _carried(journal, run, carry_out), forget=lambda: _forgotten(journal, run))
    finally:
        DBOS.destroy(destroy_registry=True)


_REASONS: Final = (
    ("SQLITE_FULL", "K110", "the disk of Kept's own journal is full", "free some space"),
    ("SQLITE_READONLY", "K111", "Kept may not write its own journal", "give this account write access to it"),
    ("SQLITE_BUSY", "K113", "another process holds Kept's own journal", "wait until the other command has ended"),
    ("SQLITE_CANTOPEN", "K114", "Kept's own journal cannot be opened", "check its folder"),
    ("SQLITE_IOERR", "K117", "the disk of Kept's own journal reports an error", "check the disk and its free space"),
    ("", "K119", "Kept's own journal reported an error", "see that its disk or its server is well"),
)


@contextmanager
def _answered(journal: str) -> Iterator[None]:
    """A journal that cannot be read or written ends in one message; what was committed stands in the markers."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        name = str(getattr(getattr(error, "orig", None) or error, "sqlite_errorname", ""))
        _, code, message, help_ = next(reason for reason in _REASONS if name.startswith(reason[0]))
        where = "the store's database" if "://" in journal else journal
        again = f"{help_}, then start the same command again: it goes on behind the last batch"
        raise could_not_run(Finding(code=code, message=message, where=where, help=again)) from None


def _carried(journal: str, run: str, workflow: Callable[[str, int], dict[str, Any]]) -> dict[str, Any]:
    """Take up a run that a dead process left pending; unless that brings it to its end, begin the next attempt."""
    with _answered(journal):
        return _result(run, workflow)


def _result(run: str, workflow: Callable[[str, int], dict[str, Any]]) -> dict[str, Any]:
    from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

    attempt = _attempts(run)
    result: dict[str, Any] = {}
    if attempt and _left_behind(run, attempt):
        result = DBOS.retrieve_workflow(_id(run, attempt)).get_result()
    if result.get("state") != "verified":  # a refusal or a pause may be a recorded one of the dead process
        attempt += 1
        with SetWorkflowID(_id(run, attempt)):
            result = DBOS.start_workflow(workflow, run, attempt).get_result()
    return result


def _left_behind(run: str, attempt: int) -> bool:
    """Whether an attempt can be replayed; one that other code recorded is fenced off by the next instead."""
    from dbos import DBOS  # noqa: PLC0415

    status = DBOS.get_workflow_status(_id(run, attempt))
    return status is not None and status.status in {"PENDING", "ENQUEUED"} and status.app_version == VERSION


def _forgotten(journal: str, run: str) -> None:
    from dbos import DBOS  # noqa: PLC0415

    with _answered(journal):
        for number in range(1, _attempts(run) + 1):
            DBOS.delete_workflow(_id(run, number))


def _attempts(run: str) -> int:
    from dbos import DBOS  # noqa: PLC0415

    number = 0
    while DBOS.get_workflow_status(_id(run, number + 1)) is not None:
        number += 1
    return number


def _id(run: str, attempt: int) -> str:
    return f"{run}.{attempt}"


def _config(journal: str, run: str) -> Any:
    from dbos import DBOSConfig, DBOSPortableJSONSerializer  # noqa: PLC0415

    common = {
        "name": "kept-work",
        "application_version": VERSION,
        "executor_id": f"run-{run}",
        "serializer": DBOSPortableJSONSerializer(),
        "log_level": "CRITICAL",
        "notification_listener_polling_interval_sec": 0.05,
    }
    if "://" in journal:
        return DBOSConfig(**common, system_database_url=journal)  # type: ignore[typeddict-item]
    return DBOSConfig(**common, system_database_url=f"sqlite:///{journal}", system_database_engine=_engine(journal))  # type: ignore[typeddict-item]


def _engine(path: str) -> sa.Engine:
    Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def _wal(connection: Any, _record: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
