"""The promise board as one HTML file that reads like the policy: it loads nothing and sends nothing.

Style and script stand inside the file and are allowed by their digests alone, so nothing that came in with the
policy's own words can run, even if escaping failed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kept.law.terms import Verdict
from kept.prove.judge import COUNTED
from kept.prove.verdict import Board
from kept.prove.view import BoardView, view_of
from kept.texts import Lang, say
from kept.texts.forms import number, span

_TEMPLATES: Final = Path(__file__).parent / "templates"
_PRINTED: Final = (Verdict.BROKEN, Verdict.UNPROVEN)
_TAIL: Final = 18
"""Longest last word, in characters, that is kept on one line with its mark."""


def render_page(board: Board, lang: Lang) -> str:
    """One self-contained HTML document."""
    view = view_of(board, lang)
    style, script = _asset("board.css"), _asset("board.js")
    return (
        _environment()
        .get_template("board.html.j2")
        .render(
            view=view,
            text_lang=board.language,
            say=lambda key, **facts: say(key, lang, **facts),
            number=lambda n: number(n, lang),
            bar=_bar(view),
            verdicts=COUNTED,
            noted=Verdict.NOTED,
            printed=_PRINTED,
            style=Markup(style),  # noqa: S704 - a file of this package, never user text
            script=Markup(script),  # noqa: S704
            policy=_content_policy(style, script),
            fresh_seconds=int(board.fresh_within / timedelta(seconds=1)),
            window=span(board.fresh_within, lang),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["tail"] = _tail
    environment.filters["breakable"] = _breakable
    return environment


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text("utf-8")


def _content_policy(style: str, script: str) -> str:
    allowed = f"style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _tail(text: str) -> tuple[str, str]:
    """The sentence and its last word, which is set on one line with the mark."""
    body, space, last = text.rpartition(" ")
    return (body + space, last) if len(last) <= _TAIL else (text, "")


def _breakable(name: str) -> Markup:
    """A technical name that may break behind its dots, dashes, slashes and underscores, and nowhere else."""
    return Markup("<wbr>").join(re.split(r"(?<=[._/-])(?=.)", name))


def _bar(view: BoardView) -> list[tuple[Verdict, float, float]]:
    """Start and width, in per mille of all counted promises, of each verdict's stretch of the header's line."""
    stretches, start = [], 0.0
    for verdict in COUNTED:
        width = 1000 * view.counts[verdict] / view.total if view.total else 0.0
        stretches.append((verdict, round(start, 2), round(width, 2)))
        start += width
    return stretches
