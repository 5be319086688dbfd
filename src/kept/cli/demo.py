"""`kept demo`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Final

from cyclopts import Parameter

from kept.app import demo as play
from kept.app.demo import Change, Cheat, Stage
from kept.cli.explain import show_found
from kept.cli.options import AsOf, Language
from kept.cli.output import say
from kept.cli.plan import show_plan
from kept.law.terms import Verdict
from kept.policy.findings import Exit
from kept.prove.judge import tally
from kept.prove.verdict import Board
from kept.texts import say as text

GLYPHS = {
    Verdict.KEPT: "●",
    Verdict.BROKEN: "▲",
    Verdict.UNPROVEN: "◇",
    Verdict.VOUCHED: "■",
    Verdict.UNCOVERED: "○",
    Verdict.NOTED: "·",
}
_LEAST: Final = 40


def demo(
    name: Annotated[str, Parameter(help="The example company.")] = "video",
    *,
    folder: Annotated[Path, Parameter(help="Where it plays.")] = Path("kept-demo"),
    url: Annotated[str | None, Parameter(help="A PostgreSQL or MariaDB URL instead of a SQLite file.")] = None,
    people: Annotated[int, Parameter(help="How many people.")] = 2000,
    seed: Annotated[int, Parameter(help="The same seed gives the same rows.")] = 1,
    lang: Language = "en",
    as_of: AsOf = None,
) -> int:
    """Build an example company, prove its policy, repair what is overdue, prove again, then cheat three times.

    Exit code 1 when a sabotage goes unnoticed.
    """
    at = play.stage(name, folder / name, url, os.environ, as_of=as_of)
    counts = play.build(at, people, seed)
    _head("demo.build", lang)
    facts = {"people": people, "rows": sum(counts.values()), "tables": len(counts), "seed": seed}
    _tell(text("demo.built", lang, **facts, day=play.day(at)))
    first = _proven(at, lang, "demo.prove", "board-before")
    _worst(first, lang)
    _head("demo.plan", lang)
    planned, path = play.plan(at)
    show_plan(planned.plan, lang)
    _head("demo.person", lang)
    show_found(play.explain(at), lang)
    _head("demo.apply", lang)
    outcome = play.apply(at, path)
    _tell(text("demo.applied", lang, n=sum(outcome.rows.values()), planned=planned.plan.rows, run=outcome.run))
    second = _proven(at, lang, "demo.again", "board")
    _repaired(play.changes(first, second), second, lang)
    _head("demo.sabotage", lang)
    missed = [cheat for cheat in play.cheats(at) if not _caught(at, cheat, second, lang)]
    _farewell(at, lang)
    return int(Exit.BROKEN if missed else Exit.FINE)


def _proven(at: Stage, lang: play.Lang, title: str, name: str) -> Board:
    from kept.prove.page import render_page

    board = play.prove(at, lang)
    page = at.folder / f"{name}.{lang}.html"
    page.write_text(render_page(board, lang), encoding="utf-8")
    _head(title, lang)
    counts = tally(board.proofs)
    say("  " + "  ".join(f"{GLYPHS[v]} {n} {text(f'verdict.{v.value}', lang)}" for v, n in counts.items() if n))
    _tell(text("demo.board", lang, path=page))
    return board


def _worst(board: Board, lang: play.Lang) -> None:
    """Promises whose dates have passed: the plan is about them."""
    overdue = [p for p in board.proofs if p.verdict is Verdict.BROKEN and p.bound[0].startswith("retention")]
    say("")
    _tell(text("demo.overdue", lang, n=len(overdue)))
    for proof in overdue:
        _tell(f"{GLYPHS[proof.verdict]} {proof.promise.id}  {proof.promise.obligation}", hang=12)


def _repaired(moved: Sequence[Change], after: Board, lang: play.Lang) -> None:
    good = [change for change in moved if change.proof.verdict is Verdict.KEPT]
    say("")
    _tell(text("demo.kept_now", lang, n=len(good)))
    _list(good, lang)
    say("")
    _tell(text("demo.stays", lang, n=tally(after.proofs)[Verdict.BROKEN]))


def _caught(at: Stage, cheat: Cheat, honest: Board, lang: play.Lang) -> bool:
    say("")
    _tell(f"— {text(f'demo.{cheat.name}', lang)}", hang=2)
    cheat.do(at.url)
    try:
        moved = [change for change in play.changes(honest, play.prove(at, lang)) if change.proof.verdict in _WORSE]
    finally:
        cheat.undo(at.url)
    _tell(text("demo.caught", lang, n=len(moved)) if moved else text("demo.missed", lang), indent=4)
    _list(moved, lang)
    differing = play.changes(honest, play.prove(at, lang))
    _tell(text("demo.not_restored", lang, n=len(differing)) if differing else text("demo.restored", lang), indent=4)
    return bool(moved) and not differing


_WORSE = frozenset({Verdict.BROKEN, Verdict.UNPROVEN})


def _list(moved: Sequence[Change], lang: play.Lang) -> None:
    """One line per reason, with every promise it holds for; the clock's promises first."""
    groups: dict[str, list[Change]] = {}
    for change in sorted(moved, key=lambda change: not change.proof.bound[0].startswith("retention")):
        groups.setdefault(_why(change, lang), []).append(change)
    for why, changes in groups.items():
        moves = sorted({f"{GLYPHS[change.before]}→{GLYPHS[change.proof.verdict]}" for change in changes})
        ids = ", ".join(change.proof.promise.id for change in changes)
        _tell(f"{' '.join(moves)} {ids}", indent=4, hang=4)
        _tell(why, indent=8)


def _why(change: Change, lang: play.Lang) -> str:
    proof = change.proof
    worst = next((e for e in proof.evidence if e.verdict is proof.verdict), proof.evidence[0])
    return text(worst.reason, lang, **dict(worst.facts))


def _farewell(at: Stage, lang: play.Lang) -> None:
    called = Path(sys.argv[0])
    command = called.resolve() if called.name == "kept" and called.exists() else "kept"
    _head("demo.yours", lang)
    for line in (f"cd {at.folder}", f"export {at.name.upper()}_SHOP_URL={at.url}", f"{command} prove --lang {lang}"):
        say(f"    {line}")
    say("")
    _tell(text("demo.board", lang, path=(at.folder / f"board.{lang}.html").resolve()))


def _head(key: str, lang: play.Lang) -> None:
    """A heading with air above; underlined, so that it is one without colour too."""
    line = text(key, lang)
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    say(f"\n{bold}{line}{plain}\n{'─' * min(len(line), _width())}")


def _tell(words: str, *, indent: int = 2, hang: int = 0) -> None:
    """A paragraph; a path or an address is never broken."""
    start = " " * indent
    for line in wrap(
        words,
        max(_width(), _LEAST),
        initial_indent=start,
        subsequent_indent=start + " " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        say(line)


def _width() -> int:
    return shutil.get_terminal_size((80, 24)).columns
