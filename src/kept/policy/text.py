"""The published prose and its register: sentences with their promise ids, promises with kind and obligation."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kept.policy.codes import finding
from kept.policy.findings import Finding, Span
from kept.policy.source import Source, read_source
from kept.policy.words import is_promise

_IDS: Final = re.compile(r"\s*\{[ \t]*([^\s{},]+(?:[ \t]*,[ \t]*[^\s{},]+)*)[ \t]*\}[ \t]*")
_HEADING: Final = re.compile(r"(#{1,6}) +(.*)")
_ITEM: Final = re.compile(r"[-*] +(.*)")
_COLUMNS: Final = ("id", "kind", "obligation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """One promise of the register `text.promises`."""

    id: str
    kind: str
    obligation: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence of the published text and the promises it carries."""

    text: str
    promises: tuple[str, ...] = ()
    heading: int = 0
    """1 to 6 for a heading, 0 for running text."""
    paragraph: int = 0
    """Sentences with the same number stand in one paragraph."""
    item: bool = False
    """A list item."""
    span: Span
    """Where the sentence stands in the prose file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading, a paragraph or a list item, its lines joined, with the offset where each began."""

    heading: int
    item: bool
    text: str
    starts: tuple[tuple[int, int, int], ...]
    """Offset in `text`, line, column: where each line of the file landed."""


def read_prose(path: Path) -> tuple[tuple[Sentence, ...], tuple[Finding, ...]]:
    """The sentences of a prose file, or why it cannot be read."""
    source, findings = read_source(path)
    return (sentences(source), ()) if source else ((), findings)


def sentences(source: Source) -> tuple[Sentence, ...]:
    """Every sentence in order: it ends with its ids in braces, or with its block."""
    found: list[Sentence] = []
    for number, block in enumerate(_blocks(source), start=1):
        found.extend(_cut(source, block, number))
    return tuple(found)


def as_text(prose: tuple[Sentence, ...]) -> str:
    """The prose file that reads as these sentences."""
    blocks: dict[int, list[Sentence]] = {}
    for sentence in prose:
        blocks.setdefault(sentence.paragraph, []).append(sentence)
    return "".join(_written(block) for block in blocks.values())


def _written(block: list[Sentence]) -> str:
    first = block[0]
    opening = "#" * first.heading + " " if first.heading else "- " if first.item else ""
    ended = (f"{s.text} {{{', '.join(s.promises)}}}" if s.promises else s.text for s in block)
    return f"{opening}{' '.join(ended)}\n\n"


def _blocks(source: Source) -> Iterator[Block]:
    gathered: list[tuple[int, str]] = []
    for number, line in enumerate((*source.lines, ""), start=1):
        stripped = line.strip()
        begins = not stripped or _HEADING.fullmatch(stripped) or _ITEM.fullmatch(stripped)
        if gathered and (begins or gathered[-1][1].startswith("#")):
            yield _block(gathered)
            gathered = []
        if stripped:
            gathered.append((number, line))


def _block(gathered: list[tuple[int, str]]) -> Block:
    heading = _HEADING.fullmatch(gathered[0][1].strip())
    item = None if heading else _ITEM.fullmatch(gathered[0][1].strip())
    opening = heading or item
    text = ""
    starts: list[tuple[int, int, int]] = []
    for number, line in gathered:
        words = line.strip()
        if opening and not starts:
            words = opening[opening.lastindex or 0].strip()
        text += " " if text else ""
        starts.append((len(text), number, line.index(words) + 1))
        text += words
    level = len(heading[1]) if heading else 0
    return Block(heading=level, item=item is not None, text=text, starts=tuple(starts))


def _cut(source: Source, block: Block, number: int) -> Iterator[Sentence]:
    begin = 0
    for match in (*_IDS.finditer(block.text), None):
        end = match.start() if match else len(block.text)
        words = block.text[begin:end].strip()
        ids = tuple(part.strip() for part in match[1].split(",") if part.strip()) if match else ()
        if words or ids:
            at = begin + len(block.text[begin:end]) - len(block.text[begin:end].lstrip())
            yield Sentence(
                text=words,
                promises=ids,
                heading=block.heading,
                paragraph=number,
                item=block.item,
                span=_place(source, block, at, len(words)),
            )
        begin = match.end() if match else end


def _place(source: Source, block: Block, at: int, width: int) -> Span:
    offset, line, column = max(start for start in block.starts if start[0] <= at)
    return Span(file=source.name, line=line, column=column + at - offset, width=max(width, 1))


def read_promises(path: Path) -> tuple[tuple[Registered, ...], tuple[Finding, ...]]:
    """The register of promises, or every row that is at fault."""
    source, findings = read_source(path)
    if source is None:
        return (), findings
    rows = csv.reader(source.text.splitlines(keepends=True), strict=False)
    try:
        return _register(source, rows)
    except csv.Error:
        return (), (
            finding("P126", "the register is not CSV", Span(file=source.name, line=rows.line_num or 1, column=1)),
        )


def _register(source: Source, rows: Iterator[list[str]]) -> tuple[tuple[Registered, ...], tuple[Finding, ...]]:
    head = [cell.strip() for cell in next(rows, [])]
    missing = [column for column in _COLUMNS if column not in head]
    if missing:
        message = f"the register has no column {', '.join(f'`{column}`' for column in missing)}"
        return (), (finding("P126", message, Span(file=source.name, line=1, column=1)),)
    found: dict[str, Registered] = {}
    findings: list[Finding] = []
    for row in rows:
        if any(cell.strip() for cell in row):
            _take(source, dict(zip(head, row, strict=False)), rows, found, findings)
    return tuple(found.values()), tuple(findings)


def _take(
    source: Source,
    row: dict[str, str],
    rows: Iterator[list[str]],
    found: dict[str, Registered],
    findings: list[Finding],
) -> None:
    line = int(getattr(rows, "line_num", 1))
    promise = Registered(
        id=row.get("id", "").strip(),
        kind=row.get("kind", "").strip(),
        obligation=row.get("obligation", "").strip(),
        line=line,
    )
    here = Span(file=source.name, line=line, column=1, width=max(len(promise.id), 1))
    if not is_promise(promise.id):
        findings.append(finding("P126", "a row of the register has no promise id", here))
    elif promise.id in found:
        first = Span(file=source.name, line=found[promise.id].line, column=1, note="stands here first")
        findings.append(finding("P127", f"the register holds promise {promise.id} twice", here, first))
    else:
        found[promise.id] = promise
