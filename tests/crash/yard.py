"""A yard of `kept` processes: everything is imported once, each command is a fork that can be killed at any moment.

Reads one JSON command a line, kills it when told to, answers `end CODE` (negative: the signal). Batches are made small
and slow, so that a kill lands inside them. `python tests/crash/yard.py SEED`
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
import sqlalchemy  # noqa: F401

import kept.app.applying
import kept.cli.apply
import kept.work.durable  # noqa: F401 - before the fork too
from kept.cli.main import main
from kept.systems.sql import ranges
from kept.work import walk

PIECE = 40
"""Rows of a batch that is cut by row ids or keys."""


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


def child(command: dict[str, Any], rng: Random) -> None:
    """Become `kept`, with its output in files of its folder."""
    folder = Path(command["folder"])
    os.chdir(folder)
    os.environ.update(command["env"])
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    slow(rng, os.open(folder / "batches", os.O_WRONLY | os.O_CREAT | os.O_TRUNC))
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


def serve(seed: int) -> None:
    """Fork one process per line."""
    for number, line in enumerate(sys.stdin):
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(command, Random(seed + number))  # noqa: S311 - a wait, no secret
        if (moment := command["kill_after"]) is not None:
            time.sleep(moment)
            os.kill(pid, signal.SIGKILL)  # not yet reaped, so the number is still its own
        print(f"end {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}", flush=True)  # noqa: T201


if __name__ == "__main__":
    serve(int(sys.argv[1]))
