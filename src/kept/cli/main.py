"""The command `kept`: verbs by name, each imported only when it is used, so that help costs no time."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cyclopts import App

VERBS: Final = (
    ("demo", "Build an example company, prove, plan, apply, prove again, then sabotage it."),
    ("init", "Write a reviewable first policy file for a database nobody has mapped."),
    ("doctor", "Examine connections, grants, canaries and triggers; print the minimal grants."),
    ("schema", "Print the JSON Schema of the policy file for editors."),
    ("check", "Check a policy file, its register and its prose; all findings at once."),
    ("find", "Count the rows of a person in every mapped table."),
    ("explain", "Say what an erasure would do with a person's rows and why, or what a finding code means."),
    ("plan", "Make a plan: `retention`, or `erasure email=…`."),
    ("approve", "Approve exactly one plan, as a role."),
    ("apply", "Carry out exactly one plan, durably, and verify it."),
    ("pause", "Ask a run to stop before its next batch."),
    ("resume", "Take up a run that was paused or interrupted."),
    ("status", "Show runs and how far they came."),
    ("prove", "Prove every promise on live data; write the promise board."),
    ("vouch", "Vouch for promises no program can check, as a role."),
    ("audit", "Export the ledger, or verify it or a copy of it offline."),
)
"""Verb and its one line; a test holds this list against the modules and the reference."""


_HELP: Final = frozenset({"-h", "--help"})


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] == "--version" or _HELP & set(words):
        raise SystemExit(_help(words))
    raise SystemExit(_run(words) if words[0] in dict(VERBS) else _unknown(words[0]))


def _run(words: list[str]) -> int:
    from kept.cli.output import answered

    return answered(lambda: _app()(_piped(words), exit_on_error=False, print_error=False), words)


def _piped(words: list[str]) -> list[str]:
    """A lone `-` (read it from standard input) is no option: it goes to the end, where nothing is taken for one."""
    return [*(word for word in words if word != "-"), "--", "-"] if "-" in words else words


def _unknown(word: str) -> int:
    from kept.cli.output import no_verb

    return no_verb(word, [name for name, _ in VERBS])


def _help(words: list[str]) -> int:
    from cyclopts import CycloptsError

    try:
        _app(words[0] if words else "")(words, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        return 2
    return 0


def _app(explained: str = "") -> App:
    """The verbs; the one that is `explained` speaks with its own docstring instead of its one line."""
    from cyclopts import App

    from kept import __version__

    app = App(name="kept", help="Kept runs a privacy policy.", version=__version__, result_action="return_value")
    for name, line in VERBS:
        words = {} if name == explained else {"help": line}
        app.command(f"kept.cli.{name}:{name}", name=name, **words)
    return app


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
