"""The real command as a process, in the folder of a small shop."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

KEPT = Path(sys.executable).with_name("kept")


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and all it said."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err


def kept(folder: Path, url: str, *words: str) -> Said:
    """Run the installed command with the database's address in SHOP."""
    env = {**os.environ, "SHOP": url, "COLUMNS": "160"}
    done = subprocess.run([KEPT, *words], cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


def refused_well(said: Said, *secrets: str) -> None:
    """One clear answer: a code and a next step, no traceback, no fault of the program, nothing secret."""
    assert said.code not in {0, 4}, said.all
    assert "Traceback" not in said.all
    assert "KEPT_DEBUG" not in said.all, said.all
    assert said.err.strip()
    assert [secret for secret in secrets if secret in said.all] == []
