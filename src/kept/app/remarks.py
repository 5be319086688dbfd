"""What a reader of the board must know that touches no single promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kept.app.context import Context
from kept.policy.findings import Refused
from kept.policy.text import read_prose
from kept.prove.controls.witness import Inspection, Witness
from kept.texts import Lang, say

_NAMED: Final = 5
"""Tables that are named before the rest is only counted."""


def remarks(context: Context, inspection: Inspection, lang: Lang, shown: Path | None) -> tuple[str, ...]:
    """In the reader's language; `shown` is the text the board is laid over."""
    return (
        *_day(context, lang),
        *(remark for witness in inspection.witnesses for remark in _system(witness, lang)),
        *_translation(context, lang, shown),
    )


def _day(context: Context, lang: Lang) -> Iterator[str]:
    if context.as_of != context.now:
        yield say("remark.as-of", lang, day=context.as_of, zone=context.policy.controller.timezone)


def _system(witness: Witness, lang: Lang) -> Iterator[str]:
    """Out of reach, without a positive control, or with tables nobody has looked at."""
    try:
        loose = witness.undeclared
    except Refused as refused:
        code = refused.findings[0].code if refused.findings else ""
        yield say("remark.unreachable", lang, system=witness.name, code=code)
        return
    if witness.system.canary is None:
        yield say("remark.no-canary", lang, system=witness.name)
    if loose:
        named = ", ".join(witness.place(table) for table in loose[:_NAMED]) + (" …" if loose[_NAMED:] else "")
        yield say("remark.undeclared", lang, n=len(loose), tables=named)


def _translation(context: Context, lang: Lang, shown: Path | None) -> Iterator[str]:
    """The text in the reader's language must carry the promises of the text the policy names."""
    named = context.policy.text.file
    if shown is None or named is None or shown.name == Path(named).name:
        return
    missing = sorted(_carried(context.folder / named) - _carried(shown))
    if missing:
        yield say("remark.translation", lang, n=len(missing), file=shown.name, promises=", ".join(missing[:_NAMED]))


def _carried(path: Path) -> set[str]:
    return {promise for sentence in read_prose(path)[0] for promise in sentence.promises}
