"""`kept demo`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from kept.app import demo as play
from kept.app.demo import Change, Cheat, Stage
from kept.cli.explain import show_found
from kept.cli.options import Language
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


def demo(
    name: Annotated[str, Parameter(help="The example company.")] = "video",
    *,
    folder: Annotated[Path, Parameter(help="Where it plays.")] = Path("kept-demo"),
    url: Annotated[str | None, Parameter(help="A PostgreSQL or MariaDB URL instead of a SQLite file.")] = None,
    people: Annotated[int, Parameter(help="How many people.")] = 2000,
    seed: Annotated[int, Parameter(help="The same seed gives the same rows.")] = 1,
    lang: Language = "en",
) -> int:
    """Build an example company, prove its policy, repair what is overdue, prove again, then cheat three times.

    Exit code 1 when a sabotage goes unnoticed.
    """
    at = play.stage(name, folder / name, url, os.environ)
    counts = play.build(at, people, seed)
    _head(text("demo.build", lang, people=people, rows=sum(counts.values()), tables=len(counts), seed=seed))
    first = _proven(at, lang, "demo.prove", "board-before")
    _head(text("demo.plan", lang))
    planned, path = play.plan(at)
    show_plan(planned.plan)
    _head(text("demo.person", lang))
    show_found(play.explain(at))
    _head(text("demo.apply", lang))
    outcome = play.apply(at, path)
    say(f"{outcome.state.value}: {sum(outcome.rows.values()):,} / {planned.plan.rows:,}; run {outcome.run}")
    second = _proven(at, lang, "demo.again", "board")
    _repaired(play.changes(first, second), second, lang)
    _head(text("demo.sabotage", lang))
    missed = [cheat for cheat in play.cheats(at) if not _caught(at, cheat, second, lang)]
    _farewell(at, lang)
    return int(Exit.BROKEN if missed else Exit.FINE)


def _proven(at: Stage, lang: play.Lang, title: str, name: str) -> Board:
    from kept.prove.page import render_page

    board = play.prove(at, lang)
    page = at.folder / f"{name}.{lang}.html"
    page.write_text(render_page(board, lang), encoding="utf-8")
    _head(text(title, lang))
    counts = tally(board.proofs)
    say("   ".join(f"{GLYPHS[v]} {n} {text(f'verdict.{v.value}', lang)}" for v, n in counts.items() if n))
    say(text("demo.board", lang, path=page))
    return board


def _repaired(moved: Sequence[Change], after: Board, lang: play.Lang) -> None:
    good = [change for change in moved if change.proof.verdict is Verdict.KEPT]
    say(text("demo.kept_now", lang, n=len(good)))
    _list(good, lang)
    say(text("demo.stays", lang, n=tally(after.proofs)[Verdict.BROKEN]))


def _caught(at: Stage, cheat: Cheat, honest: Board, lang: play.Lang) -> bool:
    say("")
    say(f"— {text(f'demo.{cheat.name}', lang)}")
    cheat.do(at.url)
    try:
        moved = [change for change in play.changes(honest, play.prove(at, lang)) if change.proof.verdict in _WORSE]
    finally:
        cheat.undo(at.url)
    say(text("demo.caught", lang, n=len(moved)) if moved else text("demo.missed", lang))
    _list(moved, lang)
    differing = play.changes(honest, play.prove(at, lang))
    say("  " + (text("demo.not_restored", lang, n=len(differing)) if differing else text("demo.restored", lang)))
    return bool(moved) and not differing


_WORSE = frozenset({Verdict.BROKEN, Verdict.UNPROVEN})


def _list(moved: Sequence[Change], lang: play.Lang) -> None:
    """One line per reason, with every promise it holds for; the clock's promises first."""
    groups: dict[str, list[Change]] = {}
    for change in sorted(moved, key=lambda change: not change.proof.bound[0].startswith("retention")):
        groups.setdefault(_why(change, lang), []).append(change)
    for why, changes in groups.items():
        moves = sorted({f"{GLYPHS[change.before]}→{GLYPHS[change.proof.verdict]}" for change in changes})
        say(f"  {' '.join(moves)} {', '.join(change.proof.promise.id for change in changes)}")
        if len(changes) == 1:
            say(f"      {changes[0].proof.promise.obligation}")
        say(f"      {why}")


def _why(change: Change, lang: play.Lang) -> str:
    proof = change.proof
    worst = next((e for e in proof.evidence if e.verdict is proof.verdict), proof.evidence[0])
    return text(worst.reason, lang, **dict(worst.facts))


def _farewell(at: Stage, lang: play.Lang) -> None:
    say("")
    say(text("demo.board", lang, path=(at.folder / f"board.{lang}.html").resolve()))
    variable = f"{at.name.upper()}_SHOP_URL"
    called = Path(sys.argv[0])
    command = called.resolve() if called.name == "kept" and called.exists() else "kept"
    say(text("demo.yours", lang, folder=at.folder, variable=variable, url=at.url, kept=command))


def _head(line: str) -> None:
    say("")
    say(line)
