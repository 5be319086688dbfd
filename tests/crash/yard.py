"""A yard of `kept` processes: everything is imported once, each command is a fork that can be killed at any moment.

Reads one JSON command a line, kills it when told to, answers `end CODE` (negative: the signal). Batches are made small
and slow, so that a kill lands inside them; what each one did is witnessed in the database by a row of its own.
`python -m tests.crash.yard SEED`
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

import dbos  # noqa: F401 - imported before the fork, it costs more than all the rest
import psycopg  # noqa: F401
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect
from tests.crash import planted

import kept.app.applying
import kept.cli.apply
import kept.work.durable  # noqa: F401 - before the fork too
from kept.cli.main import main
from kept.systems.sql import ranges
from kept.work import walk

PIECE = 40
"""Rows of a batch that is cut by row ids or keys."""
WITNESS = "kept_yard"
"""Table of the shop: a row for every statement that changed rows, in the transaction of the change."""
GLANCE = 0.0004
"""Seconds between two looks at how far a command is."""


def slow(rng: Random, tally: int) -> None:
    """Cut the work into many batches; each waits up to 4 ms and leaves a byte behind."""
    walk.ATOMIC = 0
    ranges.SMALL, ranges.BLOCKS, ranges.ROWS, ranges.ROWIDS, ranges.MOST = 0, 1, PIECE, PIECE, PIECE
    ranges.resized = lambda cursor, ms: cursor  # noqa: ARG005 - every batch as small as the first
    batch = walk._batch

    def waiting(*words: Any) -> dict[str, Any]:
        time.sleep(rng.uniform(0, 0.004))
        os.write(tally, b".")
        return batch(*words)

    setattr(walk, "_batch", waiting)  # noqa: B010 - a wrapper of any signature


def witnessed(tables: frozenset[str]) -> None:
    """Make every change of these tables one that shows when it is made twice, or not at all.

    Deleting or emptying the same rows again leaves no trace; one more row of witness does.
    """

    def note(connection: sa.Connection, cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split(maxsplit=3)
        verb, name = words[0], words[2 if words[0] == "DELETE" else 1] if len(words) > 2 else ""
        if verb in {"DELETE", "UPDATE"} and name.strip('"`') in tables:
            connection.exec_driver_sql(f"INSERT INTO {WITNESS} VALUES ('{verb} {name}', {cursor.rowcount:d})")

    sa.event.listen(sa.Engine, "after_cursor_execute", note)


def at_commit(number: int, edge: str, tally: int) -> None:
    """Die right before or right after the commit of this number, of whatever database; count them all."""
    commit: Any = DefaultDialect.do_commit
    seen = [0]

    def dying(self: DefaultDialect, connection: Any) -> None:
        seen[0] += 1
        os.write(tally, b".")
        if seen[0] == number and edge == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        commit(self, connection)
        if seen[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(DefaultDialect, "do_commit", dying)  # noqa: B010 - a wrapper of any signature


def child(command: dict[str, Any], rng: Random) -> None:
    """Become `kept`, with its output in files of its folder."""
    folder = Path(command["folder"])
    os.chdir(folder)
    os.environ.update(command["env"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(_emptied(folder / name), number)
    slow(rng, _emptied(folder / "batches"))
    witnessed(frozenset(command["tables"]))
    at_commit(command["commit"], command["edge"], _emptied(folder / "commits"))
    if command["fault"]:
        {**planted.FAULTS, **planted.DISTURBANCES}[command["fault"]]()
    if command["seam"]:
        planted.die_at(command["seam"], command["edge"])
    code = 70
    try:
        main(command["words"])
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:  # noqa: BLE001 - the parent reads it
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _emptied(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)


def watched(pid: int, tally: Path, command: dict[str, Any]) -> int:
    """Kill the child so many batches and then so many seconds after it began; how it ended."""
    begun = time.monotonic()
    while command["batches"] and (not tally.exists() or tally.stat().st_size < command["batches"]):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(GLANCE)
        begun = time.monotonic()
    time.sleep(max(0, command["seconds"] - (time.monotonic() - begun)))
    os.kill(pid, signal.SIGKILL)  # not yet reaped, so the number is still its own
    return os.waitpid(pid, 0)[1]


def serve(seed: int) -> None:
    """Fork one process per line."""
    for number, line in enumerate(sys.stdin):
        command = json.loads(line)
        tally = Path(command["folder"]) / "batches"
        tally.unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            child(command, Random(seed + number))  # noqa: S311 - a wait, no secret
        status = os.waitpid(pid, 0)[1] if command["seconds"] is None else watched(pid, tally, command)
        print(f"end {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    serve(int(sys.argv[1]))
