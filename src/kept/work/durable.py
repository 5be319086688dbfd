"""Durable work by one mechanism: a dbos workflow whose steps are the pieces of a walk.

The guard rails of its known traps: a fixed application version, JSON instead of pickle, ids only as inputs, an own
engine with WAL, one executor per run so that no process recovers another's work, finished workflows deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

VERSION = "kept-2"
"""Raised by hand when a recorded walk can no longer be replayed by this code."""

Body = Callable[[str, int, Callable[..., dict[str, Any]]], dict[str, Any]]
"""(run, attempt, once) → result of the walk."""


@contextmanager
def workshop(journal: str, run: str, body: Body) -> Iterator[Callable[[], dict[str, Any]]]:
    """Open the durable engine for one run; the value carries the run out, or takes it up where it stopped.

    `journal` is a SQLite path or a PostgreSQL URL; it holds ids and counts, never a person.
    """
    from dbos import DBOS  # noqa: PLC0415 - 1.6 s to import, so only where work is done

    logging.getLogger("dbos").setLevel(logging.ERROR)

    @DBOS.workflow(name="carry-out")
    def carry_out(run_id: str, attempt: int) -> dict[str, Any]:
        def once(name: str, piece: Callable[[], dict[str, Any]]) -> dict[str, Any]:
            return DBOS.run_step({"name": name}, piece)

        return body(run_id, attempt, once)

    DBOS(config=_config(journal, run))
    try:
        DBOS.launch()
        yield lambda: _carried(run, carry_out)
    finally:
        DBOS.destroy(destroy_registry=True)


def _carried(run: str, workflow: Callable[[str, int], dict[str, Any]]) -> dict[str, Any]:
    """Take up a run that a dead process left pending; otherwise begin the next attempt."""
    from dbos import DBOS, SetWorkflowID  # noqa: PLC0415

    attempt = _attempts(run)
    if attempt and _left_behind(run, attempt):
        result: dict[str, Any] = DBOS.retrieve_workflow(_id(run, attempt)).get_result()
    else:
        attempt += 1
        with SetWorkflowID(_id(run, attempt)):
            result = DBOS.start_workflow(workflow, run, attempt).get_result()
    if result.get("state") == "verified":
        for number in range(1, attempt + 1):
            DBOS.delete_workflow(_id(run, number))
    return result


def _left_behind(run: str, attempt: int) -> bool:
    """Whether an attempt can be replayed; one that other code recorded is fenced off by the next instead."""
    from dbos import DBOS  # noqa: PLC0415

    status = DBOS.get_workflow_status(_id(run, attempt))
    return status is not None and status.status in {"PENDING", "ENQUEUED"} and status.app_version == VERSION


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
        "log_level": "ERROR",
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
