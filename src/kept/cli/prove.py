"""`kept prove`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from kept.app import proving
from kept.app.context import Context
from kept.cli.options import DEFAULT_POLICY, AsOf, Json, Language, PolicyFile, working
from kept.cli.output import as_json, say
from kept.prove.judge import exit_code


def prove(
    *,
    html: Annotated[Path | None, Parameter(help="Write the promise board here: one self-contained page.")] = None,
    every: Annotated[bool, Parameter(name=["--all"], negative=(), help="List kept promises too.")] = False,
    lang: Language = "en",
    policy: PolicyFile = DEFAULT_POLICY,
    as_of: AsOf = None,
    json: Json = False,
) -> int:
    """Prove every promise on live data.

    Exit code 0 when all that can be proven is kept, 1 when something is broken, 4 when something is unproven.
    """
    with working(policy, as_of) as context:
        proven = _with_bar(context, lang)
    board = proven.board
    if html is not None:
        from kept.prove.page import render_page

        html.write_text(render_page(board, lang), encoding="utf-8")
    if json:
        from kept.prove.export import board_json

        as_json("prove", {"board": board_json(board)})
    else:
        from kept.prove.terminal import render_terminal

        width = shutil.get_terminal_size((80, 24)).columns
        say(render_terminal(board, lang, width=width, colour=sys.stdout.isatty(), show_all=every))
        if html is not None:
            say(f"board: {html}")
    return int(exit_code(board.proofs))


def _with_bar(context: Context, lang: str) -> proving.Proven:
    if not sys.stderr.isatty():
        return proving.prove(context, lang)
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("proving", total=None)
        return proving.prove(context, lang, lambda done, total: progress.update(bar, completed=done, total=total))
