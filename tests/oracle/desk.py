"""The product behind its command line: a database and a policy file in, the database after `plan` and `apply` out."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import kept
from kept.cli.main import main

PENDING = 4


class _Seen(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, datetime)


class Clock(datetime, metaclass=_Seen):
    """The product's clock: it stands where the case puts it."""

    at: datetime

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        """Return the instant of the case."""
        return cls.at.astimezone(tz)


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and all it said."""

    code: int
    text: str


@contextmanager
def clock() -> Iterator[type[Clock]]:
    """Every module of the product reads this clock."""
    for found in pkgutil.walk_packages(kept.__path__, "kept."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    there = [m for name, m in sys.modules.items() if name.startswith("kept.") and getattr(m, "datetime", 0) is datetime]
    for module in there:
        vars(module)["datetime"] = Clock
    try:
        yield Clock
    finally:
        for module in there:
            vars(module)["datetime"] = datetime


def said(*words: str) -> Said:
    """Run the command in this process."""
    heard, code = io.StringIO(), 0
    with redirect_stdout(heard), redirect_stderr(heard):
        try:
            main(list(words))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
    return Said(code=code, text=heard.getvalue())


def carried_out(folder: Path, url: str, *trigger: str) -> Said:
    """Plan and apply; return the first refusal, or how the last command ended."""
    os.environ["SHOP"] = url
    policy, plan = str(folder / "kept.yaml"), str(folder / "plan.json")
    planned = said("plan", *trigger, "--out", plan, "--policy", policy)
    if planned.code != PENDING:
        return planned
    return said("apply", plan, "--policy", policy)
