"""The real command as a process, in the folder of a small shop."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from kept.app.codes import every
from kept.cli.main import main

KEPT = Path(sys.executable).with_name("kept")
REFUSALS = frozenset({1, 2, 3})
"""Exit codes that are no yes: broken, could not run, stopped."""
_FINDING = re.compile(r"(?:error|warning)\[([A-Z][0-9]{3})\]: .")
_PASSWORD = re.compile(r"://[^:/@]*:([^@]+)@")


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a command ended and all it said; `secrets` are what it was given and must not say."""

    code: int
    out: str
    err: str
    secrets: tuple[str, ...] = ()

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all findings."""
        return frozenset(_FINDING.findall(self.err))


def kept(
    folder: Path, url: str | None, *words: str, before: Sequence[str] = (), given: str | None = None, **extra: str
) -> Said:
    """Run the installed command with the address in SHOP (None: unset); `before` is a command that runs it."""
    env = {**os.environ, **({} if url is None else {"SHOP": url}), "COLUMNS": "160", **extra}
    command = [*before, str(KEPT), *words]
    done = subprocess.run(
        command, cwd=folder, env=env, input=given, capture_output=True, text=True, check=False, timeout=120
    )
    secrets = tuple(secret for place in (url or "", *extra.values()) for secret in _passwords(place))
    return Said(code=done.returncode, out=done.stdout, err=done.stderr, secrets=secrets)


def kept_here(
    monkeypatch: pytest.MonkeyPatch, folder: Path, url: str, *words: str, given: bytes = b"", **extra: str
) -> Said:
    """The same command without a process of its own, where many short ones are tried."""
    monkeypatch.chdir(folder)
    for name, value in {"SHOP": url, "COLUMNS": "160", **extra}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        main(words)
    code = left.value.code if isinstance(left.value.code, int) else 0
    return Said(code=code, out=out.getvalue(), err=err.getvalue(), secrets=tuple(_passwords(url)))


def _passwords(url: str) -> set[str]:
    """The password of an address, as it is written there and as it is meant."""
    written = set(_PASSWORD.findall(url))
    try:
        meant = sa.make_url(url).password
    except (sa.exc.ArgumentError, ValueError):
        meant = None
    return written | ({str(meant)} if meant else set())


def refused_well(said: Said, *secrets: str, codes: Sequence[str] = ()) -> None:
    """A clear answer: findings with a code that has a page and a next step each; no traceback, nothing secret."""
    assert said.code in REFUSALS, said.all
    assert "Traceback" not in said.all
    assert "KEPT_DEBUG" not in said.all, said.all
    assert "Warning:" not in said.all, said.all
    assert [secret for secret in (*said.secrets, *secrets) if secret in said.all] == []
    assert said.codes, said.all
    assert said.codes <= every().keys()
    assert [lines for lines in findings(said) if not any(line.startswith("     = help: ") for line in lines)] == []
    assert set(codes) <= said.codes, said.all


def findings(said: Said) -> list[list[str]]:
    """The lines of every finding."""
    told: list[list[str]] = []
    for line in said.err.splitlines():
        if _FINDING.search(line):
            told.append([])
        if told:
            told[-1].append(line)
    return told


def bound_by_permissions() -> tuple[str, ...]:
    """What to run a command with so that permissions of files hold for it, even for root."""
    if os.geteuid() != 0:
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("root, and no setpriv to give its powers up: not run")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--")
