"""YAML 1.2 as frozen nodes with places: maps, lists and words; everything YAML adds beyond them is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from kept.policy.codes import finding
from kept.policy.findings import Finding, Span
from kept.policy.source import Source

DEEPEST: Final = 24
"""Levels of nesting; the grammar needs ten."""

_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A scalar as written; the shape of its key decides what it means."""

    text: str
    quoted: bool
    span: Span

    @property
    def empty(self) -> bool:
        """Whether no value stands here."""
        return not self.quoted and self.text in _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class List:
    """A list and its items."""

    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """A map; keys are words and stand in the order of the file, each once."""

    pairs: tuple[tuple[Word, Node], ...]
    span: Span

    def get(self, key: str) -> Node | None:
        """The value of a key."""
        return next((node for word, node in self.pairs if word.text == key), None)


Node: TypeAlias = Word | List | Map


@dataclass(slots=True, kw_only=True)
class _Open:
    """A map or list that has begun and not ended."""

    is_map: bool
    span: Span
    items: list[Node] = field(default_factory=list)


class _Stop(Exception):  # noqa: N818 - ends the reading with one finding
    def __init__(self, found: Finding) -> None:
        super().__init__(found.message)
        self.found = found


def parse(source: Source) -> tuple[Node | None, tuple[Finding, ...]]:
    """Turn the text into nodes; broken YAML ends at its first fault, duplicate keys are all reported."""
    findings: list[Finding] = []
    try:
        return _assembled(source, findings), tuple(findings)
    except _Stop as stop:
        return None, (*findings, stop.found)


def _assembled(source: Source, findings: list[Finding]) -> Node | None:
    root: Node | None = None
    stack: list[_Open] = []
    for event in _events(source):
        node = _taken(source, event, stack, findings)
        if node is None:
            continue
        if stack:
            stack[-1].items.append(node)
        elif root is None:
            root = node
        else:
            raise _Stop(finding("P007", "the file holds a second document", node.span))
    return root


def _taken(source: Source, event: Any, stack: list[_Open], findings: list[Finding]) -> Node | None:
    """The node an event completes, if it completes one."""
    kind = type(event).__name__
    if kind == "DocumentStartEvent":
        _plain_document(source, event)
    elif kind in {"MappingStartEvent", "SequenceStartEvent", "ScalarEvent", "AliasEvent"}:
        _plain(source, event, kind)
    if kind in {"MappingStartEvent", "SequenceStartEvent"}:
        if len(stack) >= DEEPEST:
            raise _Stop(finding("P008", f"nested deeper than {DEEPEST} levels", _span(source, event)))
        stack.append(_Open(is_map=kind == "MappingStartEvent", span=_span(source, event)))
    elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
        opened = stack.pop()
        return _closed(replace(opened, span=_reaching(opened.span, event)), findings)
    elif kind == "ScalarEvent":
        return Word(text=event.value, quoted=event.style is not None, span=_span(source, event))
    return None


def _closed(opened: _Open, findings: list[Finding]) -> Node:
    if not opened.is_map:
        return List(items=tuple(opened.items), span=opened.span)
    seen: dict[str, Word] = {}
    pairs: list[tuple[Word, Node]] = []
    for key, value in zip(opened.items[::2], opened.items[1::2], strict=True):
        if not isinstance(key, Word):
            raise _Stop(finding("P010", "a map or a list stands where a key belongs", key.span))
        if key.text in seen:
            first = replace(seen[key.text].span, note="stands here first")
            findings.append(
                finding("P009", f"the key `{key.text}` stands twice", replace(key.span, note="again"), first)
            )
            continue
        seen[key.text] = key
        pairs.append((key, _at_its_key(key, value)))
    return Map(pairs=tuple(pairs), span=opened.span)


def _at_its_key(key: Word, value: Node) -> Node:
    """A value that does not stand anywhere is missed where its key stands."""
    return replace(value, span=key.span) if isinstance(value, Word) and value.empty and not value.text else value


def _plain_document(source: Source, event: Any) -> None:
    if event.version not in {None, (1, 2)} or event.tags:
        raise _Stop(finding("P007", "the file names another YAML version or tags of its own", _span(source, event)))


def _plain(source: Source, event: Any, kind: str) -> None:
    beyond = {
        "an alias (`*name`)": kind == "AliasEvent",
        "an anchor (`&name`)": getattr(event, "anchor", None) is not None,
        "a tag (`!name`)": getattr(event, "tag", None) is not None,
    }
    for what, present in beyond.items():
        if present:
            raise _Stop(finding("P007", f"the file uses {what}", _span(source, event)))


def _events(source: Source) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - the parser is loaded when a file is read, not at start
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415

    reader = YAML(typ="safe", pure=True)
    try:
        yield from reader.parse(source.text)
    except YAMLError as error:
        raise _Stop(_broken(source, error)) from None
    except (ValueError, OverflowError, IndexError, AttributeError, AssertionError, NotImplementedError, TypeError):
        # The parser's own slips on malformed escapes and indents: the file is at fault, the place is unknown.
        raise _Stop(finding("P006", "the file is not YAML", Span(file=source.name, line=1, column=1))) from None


def _broken(source: Source, error: Any) -> Finding:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
    problem = " ".join(str(getattr(error, "problem", "") or "the text breaks off").split())
    context = getattr(error, "context_mark", None)
    spans = [Span(file=source.name, line=line, column=column)]
    if context is not None and context.line + 1 != line:
        note = str(getattr(error, "context", "") or "begun here")
        spans.append(Span(file=source.name, line=context.line + 1, column=context.column + 1, note=note))
    return finding("P006", f"the file is not YAML: {problem}", *spans)


def _reaching(span: Span, event: Any) -> Span:
    """A map or list in brackets on one line is as wide as its brackets; any other is marked where it begins."""
    end = event.end_mark
    return replace(span, width=max(1, end.column + 1 - span.column)) if end.line + 1 == span.line else span


def _span(source: Source, event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    if end.line == start.line:
        width = end.column - start.column
    else:
        width = len(source.lines[start.line]) - start.column if start.line < len(source.lines) else 1
    return Span(file=source.name, line=start.line + 1, column=start.column + 1, width=max(width, 1))
