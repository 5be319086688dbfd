"""Findings as text for a terminal and as values for JSON: the same object, told twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from kept.policy.findings import Finding, Severity, Span

VERSION: Final = 1
"""Of the JSON form; a field may be added within a version, none renamed or removed."""

_WIDEST: Final = 160
"""Characters of a source line that are shown; longer lines are cut around the place."""

Lines = Mapping[str, Sequence[str]]
"""The lines of each file by its name."""


def as_text(findings: Sequence[Finding], lines: Lines, name: str) -> str:
    """All findings with their places, and a last line that counts them."""
    told = [f"{_told(found, lines)}\n" for found in findings]
    return "\n".join([*told, f"{count(findings)} in {name}"]) + "\n"


def count(findings: Sequence[Finding]) -> str:
    """`3 errors, 1 warning`, or `no findings`."""
    errors = sum(found.severity is Severity.ERROR for found in findings)
    parts = [_number(errors, "error"), _number(len(findings) - errors, "warning")]
    return ", ".join(part for part in parts if part) or "no findings"


def _number(many: int, noun: str) -> str:
    return f"{many} {noun}{'' if many == 1 else 's'}" if many else ""


def _told(found: Finding, lines: Lines) -> str:
    return "\n".join(_parts(found, lines))


def _parts(found: Finding, lines: Lines) -> Iterator[str]:
    place = _place(found.spans[0]) if found.spans else found.where
    yield f"{f'{place}: ' if place else ''}{found.severity}[{found.code}]: {_visible(found.message)}"
    for number, span in enumerate(found.spans):
        source = lines.get(span.file, ())
        if number and span.file != found.spans[0].file:
            yield f"  {_place(span)}"
        if 0 < span.line <= len(source):
            yield from _pointed(source[span.line - 1], span)
    if found.why:
        yield f"     = why:  {found.why}"
    if found.help:
        yield f"     = help: {_visible(found.help)}"


_PASSWORD: Final = re.compile(r"(://[^\s:/@]*:)([^\s]*)(?=@)")
"""The password of an address, hidden star by star so that carets still stand under their word."""


def _place(span: Span) -> str:
    return f"{_visible(span.file)}:{span.line}:{span.column}"


def _pointed(secret: str, span: Span) -> Iterator[str]:
    line = _PASSWORD.sub(lambda found: found[1] + "*" * len(found[2]), secret)
    start = max(0, span.column - 1)
    cut = max(0, start - _WIDEST * 3 // 4) if len(line) > _WIDEST else 0
    shown = line[cut : cut + _WIDEST]
    before = "…" if cut else ""
    after = "…" if cut + _WIDEST < len(line) else ""
    yield f"{span.line:4} | {before}{_visible(shown)}{after}"
    width = max(1, min(span.width, len(shown) - (start - cut)))
    blank = " " * (len(before) + _columns(shown[: start - cut]))
    carets = "^" * max(1, _columns(shown[start - cut : start - cut + width]))
    yield f"     | {blank}{carets} {_visible(span.note)}".rstrip()


def _columns(text: str) -> int:
    """Terminal columns a text takes: none for a combining mark, two for a wide character."""
    return sum(_column(character) for character in _visible(text))


def _column(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _visible(text: str) -> str:
    """The text without tabs and without anything that moves the cursor or turns the writing direction."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return " "
    return "\ufffd" if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else character


def as_values(findings: Sequence[Finding]) -> dict[str, object]:
    """The findings for `--json`: versioned, in the order of the text."""
    errors = sum(found.severity is Severity.ERROR for found in findings)
    return {
        "version": VERSION,
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [as_value(found) for found in findings],
    }


def as_value(found: Finding) -> dict[str, object]:
    """One finding as plain values; `pointer` is its place, `fix` what to write there."""
    pointer = _place(found.spans[0]) if found.spans else found.where
    return {
        "code": found.code,
        "severity": str(found.severity),
        "message": found.message,
        "pointer": pointer,
        "spans": [_span(span) for span in found.spans],
        "why": found.why,
        "help": found.help,
        "fix": found.fix or None,
    }


def _span(span: Span) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "width": span.width,
        "note": span.note,
    }
