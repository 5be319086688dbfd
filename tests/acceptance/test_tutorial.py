"""The tutorial does what it says: every command is run, its exit code and the lines it shows are compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
ELLIPSIS = "…"


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command of the page, what it should print, and how it should end."""

    command: str
    lines: tuple[str, ...]
    code: int


def told(page: str) -> Iterator[Told]:
    for block in re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *rest = part.splitlines()
            codes = [int(code) for line in rest for code in re.findall(r"^\(exit code (\d)\)$", line)]
            lines = tuple(line for line in rest if line != ELLIPSIS and not line.startswith("(exit code"))
            yield Told(command=command, lines=lines, code=codes[0] if codes else 0)


def missing(expected: tuple[str, ...], output: str) -> list[str]:
    """Expected lines that do not follow one another in the output; `…` at an end stands for any rest of the line."""
    printed = iter(output.splitlines())
    return [line for line in expected if not any(_same(line, each) for each in printed)]


def _same(expected: str, printed: str) -> bool:
    if expected.endswith(ELLIPSIS):
        return printed.startswith(expected.removesuffix(ELLIPSIS).rstrip())
    return printed.rstrip() == expected.rstrip()


class Shell:
    """A folder and an environment that `cd` and `export` change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        own = str(Path(sys.executable).parent)
        self.env = {**os.environ, "COLUMNS": "100", "PATH": own + os.pathsep + os.environ["PATH"]}

    def run(self, command: str) -> tuple[int, str]:
        verb, _, rest = command.partition(" ")
        if verb == "cd":
            self.folder /= rest
        elif verb == "export":
            name, _, value = rest.partition("=")
            self.env[name] = value
        else:
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=self.folder,
                env=self.env,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=300,
            )
            return done.returncode, done.stdout
        return 0, ""


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    shell = Shell(tmp_path)
    commands = list(told(TUTORIAL.read_text(encoding="utf-8")))
    assert len(commands) > 15
    for each in commands:
        code, output = shell.run(each.command)
        assert code == each.code, f"{each.command}\n{output}"
        assert not missing(each.lines, output), f"{each.command}\n{output}"


def test_a_line_that_is_not_printed_is_noticed() -> None:
    assert missing(("one", "three"), "one\ntwo\n") == ["three"]
    assert missing(("two", "one"), "one\ntwo\n") == ["one"]
    assert missing(("verified: …",), "verified: 3 of 3\n") == []
