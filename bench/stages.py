"""Where our time goes: a stopwatch around named functions of the product, put there from outside for one run."""

from __future__ import annotations

import importlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

WATCHED = {
    "policy": ("kept.app.context", "require"),
    "store": ("kept.app.context", "open_store"),
    "system": ("kept.app.context", "open_system"),
    "drafted": ("kept.app.planning", "drafted"),
    "sealed": ("kept.app.people", "sealed"),
    "unsealed": ("kept.app.people", "unsealed"),
    "digest": ("kept.app.people", "digest"),
    "measured": ("kept.app.planning", "measured"),
    "gate": ("kept.app.applying", "_may_run"),
    "derived": ("kept.app.applying", "_derived"),
    "pause_asked": ("kept.app.applying", "_pause_asked"),
    "ended": ("kept.app.applying", "_ended"),
    "log": ("kept.store.ledger", "append"),
    "resolve": ("kept.systems.sql.system", "SqlSystem.resolve"),
    "concealed": ("kept.systems.sql.system", "SqlSystem.concealed"),
    "count": ("kept.systems.sql.system", "SqlSystem.count"),
    "size": ("kept.systems.sql.system", "SqlSystem.size"),
    "found": ("kept.systems.sql.system", "SqlSystem.found"),
    "open_run": ("kept.systems.sql.system", "SqlSystem.open_run"),
    "rehearse": ("kept.systems.sql.system", "SqlSystem.rehearse"),
    "whole": ("kept.systems.sql.system", "SqlSystem.whole"),
    "start": ("kept.systems.sql.system", "SqlSystem.start"),
    "batch": ("kept.systems.sql.system", "SqlSystem.batch"),
    "residual": ("kept.systems.sql.system", "SqlSystem.residual"),
    "close_run": ("kept.systems.sql.system", "SqlSystem.close_run"),
    "dbos_launch": ("dbos", "DBOS.launch"),
    "dbos_step": ("dbos", "DBOS.run_step"),
    "dbos_delete": ("dbos", "DBOS.delete_workflow"),
    "dbos_destroy": ("dbos", "DBOS.destroy"),
}
"""Stage and the function it stands for. Times are inclusive: a dbos step holds the piece it runs."""


class Stages:
    """Calls of every stage, in seconds."""

    def __init__(self) -> None:
        self.calls: dict[str, list[float]] = defaultdict(list)

    def totals(self) -> list[tuple[str, int, float]]:
        """(stage, calls, seconds), dearest first."""
        found = [(name, len(spent), sum(spent)) for name, spent in self.calls.items()]
        return sorted(found, key=lambda each: -each[2])

    def longest(self, *names: str) -> float:
        """The longest call of these stages."""
        return max((seconds for name in names for seconds in self.calls.get(name, ())), default=0.0)


@contextmanager
def watched() -> Iterator[Stages]:
    """Time the watched functions; a name the product no longer has is left out."""
    stages, undo = Stages(), []
    for name, (module, path) in WATCHED.items():
        owner: Any = importlib.import_module(module)
        *parents, last = path.split(".")
        for parent in parents:
            owner = getattr(owner, parent)
        original = vars(owner).get(last)
        if original is not None:
            setattr(owner, last, _timed(original, stages.calls[name]))
            undo.append((owner, last, original))
    try:
        yield stages
    finally:
        for owner, last, original in undo:
            setattr(owner, last, original)


def _timed(original: Any, spent: list[float]) -> Any:
    function: Callable[..., Any] = original.__func__ if isinstance(original, classmethod | staticmethod) else original

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            spent.append(time.perf_counter() - began)

    return type(original)(timed) if isinstance(original, classmethod | staticmethod) else timed
