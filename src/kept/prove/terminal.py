"""The promise board on a terminal: the counts, what is broken, what is unproven and why, and the next step.

Every verdict has its glyph, so nothing is lost without colour; nothing that came from outside reaches the
terminal as a control character (the view made it visible).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kept.law.terms import Verdict
from kept.prove.judge import COUNTED
from kept.prove.verdict import Board
from kept.prove.view import GLYPHS, BoardView, ProofView, view_of
from kept.texts import Lang, known, say
from kept.texts.forms import number

STYLES: Final = {
    Verdict.KEPT: "green",
    Verdict.BROKEN: "bold red",
    Verdict.UNPROVEN: "yellow",
    Verdict.VOUCHED: "blue",
    Verdict.UNCOVERED: "dim",
    Verdict.NOTED: "dim",
}
NEXT_STEPS: Final = (
    (Verdict.BROKEN, "retention.", "kept plan retention", "next.retention"),
    (Verdict.BROKEN, "reason.undeclared", "kept doctor", "next.map"),
    (Verdict.UNPROVEN, "reason.undecided", "kept check", "next.check"),
    (Verdict.UNPROVEN, "reason.unreachable", "kept doctor", "next.doctor"),
    (Verdict.UNPROVEN, "reason.canary-lost", "kept doctor", "next.doctor"),
    (Verdict.UNPROVEN, "reason.no-canary", "kept doctor", "next.doctor"),
    (Verdict.UNPROVEN, "reason.concealed", "kept doctor", "next.doctor"),
    (Verdict.UNPROVEN, "reason.stale", "kept prove", "next.prove"),
    (Verdict.UNPROVEN, "reason.never-ran", "kept prove", "next.prove"),
)
"""Verdict, what the binding or the reason begins with, the command that helps, and the text that says how."""

SHOWN: Final = 6
"""Promises of one reason that are listed before the rest is only counted."""

WAITING: Final = frozenset({"reason.not-executed-yet", "reason.no-control-yet"})
"""Reasons that a later version of Kept takes away, and nothing a reader can do."""

TOLD: Final = 2
"""Different reasons of one group that are told in full; more than these differ by promise."""


def render_terminal(board: Board, lang: Lang, *, width: int, colour: bool, show_all: bool = False) -> str:
    """The board as lines of at most `width` columns; `show_all` also lists what is kept, vouched or uncovered."""
    view = view_of(board, lang)
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    for part in _parts(view, width, show_all=show_all):
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")) + "\n"


def _parts(view: BoardView, width: int, *, show_all: bool) -> Iterator[RenderableType]:
    yield from _header(view, width)
    yield from _broken(view)
    yield from _unproven(view, show_all=show_all)
    if show_all:
        for verdict in (Verdict.KEPT, Verdict.VOUCHED, Verdict.UNCOVERED, Verdict.NOTED):
            yield from _listed(view, verdict)
    yield from _next_steps(view)


def _header(view: BoardView, width: int) -> Iterator[RenderableType]:
    yield Text(view.title, style="bold")
    yield Text(" · ".join(part for part in (view.version, view.as_of) if part), style="dim")
    yield Text()
    yield from _packed([_count(view, verdict) for verdict in COUNTED], width)
    total = say("board.total", view.lang, n=view.total)
    noted = view.counts[Verdict.NOTED]
    yield Text(f"{total}, {_noted(view, noted)}" if noted else total, style="dim")
    for finding in view.findings:
        yield Padding(Text(f"! {finding}", style="yellow"), (1, 0, 0, 0))


def _noted(view: BoardView, n: int) -> str:
    return f"{number(n, view.lang)} {say('verdict.noted', view.lang)} ({say('board.outside', view.lang)})"


def _count(view: BoardView, verdict: Verdict) -> Text:
    word = say(f"verdict.{verdict.value}", view.lang)
    return Text(f"{GLYPHS[verdict]} {number(view.counts[verdict], view.lang)} {word}", style=STYLES[verdict])


def _packed(parts: Iterable[Text], width: int) -> Iterator[Text]:
    """Parts side by side, as many on a line as fit; none is broken."""
    line = Text()
    for part in parts:
        if line and line.cell_len + 2 + part.cell_len > width:
            yield line
            line = Text()
        line = Text("  ").join((line, part)) if line else part
    yield line


def _title(text: str, n: int | None = None) -> RenderableType:
    return Padding(Text(text if n is None else f"{text} ({n})", style="bold"), (1, 0, 0, 0))


def _of(view: BoardView, verdict: Verdict) -> list[ProofView]:
    return [proof for proof in view.proofs if proof.verdict is verdict]


def _broken(view: BoardView) -> Iterator[RenderableType]:
    """One entry per violation, under all promises it breaks."""
    broken = _of(view, Verdict.BROKEN)
    if not view.total:
        yield Padding(Text(say("terminal.no-promise", view.lang)), (1, 0, 0, 0))
        return
    if not broken:
        yield _title(say("terminal.none-broken", view.lang))
        return
    yield _title(_heading(view, Verdict.BROKEN), len(broken))
    for _, group in groupby(sorted(broken, key=_first_of(broken)), key=_shared):
        same = list(group)
        told = [[Text(p.obligation)] for p in same]
        told[-1] += [Text(same[0].why, style="red"), *_behind(same[0])]
        yield Padding(_list(broken, same, told), (1, 0, 0, 0))


def _shared(proof: ProofView) -> tuple[str, ...]:
    """What promises have in common that one violation breaks."""
    return (*proof.bound, proof.why, proof.since)


def _first_of(proofs: Sequence[ProofView]) -> Callable[[ProofView], int]:
    """Where the first promise of the same violation stands: groups keep the order of the text."""
    first: dict[tuple[str, ...], int] = {}
    for place, proof in enumerate(proofs):
        first.setdefault(_shared(proof), place)
    return lambda proof: first[_shared(proof)]


def _heading(view: BoardView, verdict: Verdict) -> str:
    word = say(f"verdict.{verdict.value}", view.lang)
    return word[0].upper() + word[1:]


def _list(group: Iterable[ProofView], shown: Sequence[ProofView], told: Iterable[Iterable[Text]]) -> RenderableType:
    """Glyph and id hang to the left, as wide as the group's; what is told of a promise stands beside them."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=max(len(proof.id) for proof in group) + 2)
    grid.add_column(ratio=1)
    for proof, lines in zip(shown, told, strict=True):
        head = Text(f"{GLYPHS[proof.verdict]} {proof.id}", style=STYLES[proof.verdict])
        grid.add_row(head, Group(*(line for line in lines if line)))
    return Padding(grid, (0, 0, 0, 2))


def _figure(proof: ProofView) -> str:
    return ", ".join(part for part in (proof.figure, proof.since) if part)


def _behind(proof: ProofView) -> Iterator[Text]:
    """The places when there are several, since when, and where the policy says it."""
    places = [f"{p.place} {p.violations}" for e in proof.evidence for p in e.places if p.bad]
    if len(places) > 1:
        yield Text(" · ".join(places[:SHOWN]))
    yield Text(" · ".join((*filter(None, [proof.since]), *proof.bound[:1])), style="dim")


def _unproven(view: BoardView, *, show_all: bool) -> Iterator[RenderableType]:
    """Grouped by reason, the commonest first: one repair often proves a whole group. What nobody can mend is last."""
    unproven = _of(view, Verdict.UNPROVEN)
    if not unproven:
        return
    yield _title(_heading(view, Verdict.UNPROVEN), len(unproven))
    for title, group in _by_reason(view, unproven):
        yield Padding(Text(f"{title} ({len(group)})", style="yellow"), (1, 0, 0, 2))
        yield from _group(view, group, len(group) if show_all else SHOWN, title)


def _group(view: BoardView, group: list[ProofView], shown: int, title: str) -> Iterator[RenderableType]:
    """One line each; a reason the whole group shares is told in full, once."""
    whys = dict.fromkeys(p.why for p in group if p.why.casefold() != title.casefold())
    if len(whys) <= TOLD:
        yield from (Padding(Text(why, style="dim"), (0, 0, 0, 2)) for why in whys)
    told = ([_cut(p.obligation), Text("" if p.figure == title else p.figure, style="dim")] for p in group[:shown])
    yield _list(group[:shown], group[:shown], told)
    if group[shown:]:
        more = say("terminal.more", view.lang, n=len(group) - shown)
        yield Padding(Text(more, style="dim"), (0, 0, 0, 2))
        yield from _sections(view, group)


def _sections(view: BoardView, group: list[ProofView]) -> Iterator[RenderableType]:
    """Where a long group comes from, section by section of the policy file."""
    found = Counter(proof.section for proof in group if proof.section)
    if len(found) > 1:
        parts = " · ".join(f"{section} {number(n, view.lang)}" for section, n in found.most_common())
        yield Padding(Text(say("terminal.sections", view.lang, list=parts), style="dim"), (0, 0, 0, 2))


def _cut(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _by_reason(view: BoardView, proofs: Iterable[ProofView]) -> list[tuple[str, list[ProofView]]]:
    groups: dict[str, list[ProofView]] = {}
    for proof in proofs:
        short = f"{proof.reason}.short"
        title = say(short, view.lang) if known(short) else say("terminal.other-reasons", view.lang)
        groups.setdefault(title, []).append(proof)
    return sorted(groups.items(), key=lambda group: (group[1][0].reason in WAITING, -len(group[1])))


def _listed(view: BoardView, verdict: Verdict) -> Iterator[RenderableType]:
    proofs = _of(view, verdict)
    if proofs:
        yield _title(_heading(view, verdict), len(proofs))
        yield _list(proofs, proofs, ([_cut(p.obligation), Text(_figure(p), style="dim")] for p in proofs))


def _next_steps(view: BoardView) -> Iterator[RenderableType]:
    helps = (step for step in NEXT_STEPS if _any_in(view, step[0], step[1]))
    steps = dict.fromkeys((command, key) for _, _, command, key in helps)
    if not steps:
        return
    yield _title(say("terminal.next", view.lang))
    grid = Table.grid(padding=(0, 2, 0, 0))
    before = ""
    for command, key in steps:
        grid.add_row(Text("" if command == before else command, style="bold", no_wrap=True), Text(say(key, view.lang)))
        before = command
    yield Padding(grid, (0, 0, 0, 2))


def _any_in(view: BoardView, verdict: Verdict, start: str) -> bool:
    found = (place for proof in _of(view, verdict) for place in (proof.reason, *proof.bound))
    return any(place.startswith(start) for place in found)
