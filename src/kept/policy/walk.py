"""From nodes to checked entries: every key and word against the registry, every fault with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final

from kept.law.periods import parse_period
from kept.law.terms import UNDECIDED
from kept.policy.codes import finding
from kept.policy.findings import Finding, Span
from kept.policy.keys import SET_BY
from kept.policy.model import Entry
from kept.policy.nodes import List, Map, Node, Word
from kept.policy.shapes import (
    Either,
    Key,
    Kind,
    Listed,
    Many,
    Named,
    Pairs,
    Record,
    Reserved,
    Shape,
    Value,
)
from kept.policy.words import (
    COUNTRIES,
    is_language,
    is_name,
    is_promise,
    is_residence,
    is_zone,
    nearest,
    read_day,
    read_keep,
    read_share,
)

_ARTICLE: Final = re.compile(r"\((Art\. .*GDPR)\)")

_SUGGESTED: Final = 50
"""Findings after which misspelt words are no longer compared with others."""

_NUMBER: Final = 200
"""No number of the grammar is larger: they are ages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a walk knows and gathers."""

    names: dict[str, frozenset[str]]
    """Names that may be referred to, by section or by another word for where they are declared."""
    findings: list[Finding] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    says: list[tuple[Entry, Record, Node]] = field(default_factory=list)
    """Elements and the promises bound to them, still unread."""
    statements: list[tuple[Entry, Word]] = field(default_factory=list)
    """Promises that bind nobody."""

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        help: str = "",  # noqa: A002 - the finding's field
        note: str = "",
        beside: Span | None = None,
        fix: str = "",
    ) -> None:
        """Add a finding; `note` is what its carets say, `beside` the other place of a disagreement."""
        spot = replace(span, note=note) if note else span
        spans = (spot,) if beside is None else (spot, beside)
        self.findings.append(finding(code, message, *spans, help=help, fix=fix))

    def explain(self, since: int, key: Key) -> None:
        """Give findings about a key the article that its description names."""
        article = _ARTICLE.search(key.doc)
        if article is None:
            return
        what = _ARTICLE.sub("", key.doc).rstrip(".").strip()
        why = f"{article[1]}: {what[0].lower()}{what[1:]}"
        self.findings[since:] = [replace(f, why=f.why or why) for f in self.findings[since:]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which element is being read."""

    section: str
    element: str = ""

    def inner(self, name: str) -> Place:
        """An element inside this one."""
        return replace(self, element=f"{self.element}.{name}".lstrip("."))


def read_record(reading: Reading, node: Map, record: Record, place: Place, span: Span) -> Entry:
    """Read the keys of one element; elements that may be cited are gathered with what they cite."""
    values: dict[str, object] = {}
    spans: dict[str, Span] = {}
    for key_word, value in node.pairs:
        key = _key(record, key_word.text)
        if key is None:
            if key_word.text != "says" or not record.main:
                _unknown_key(reading, key_word, record)
            continue
        before = len(reading.findings)
        found = read(reading, value, key.shape, place.inner(key.name))
        reading.explain(before, key)
        spans[key.name] = value.span
        if found is not None:
            values[key.name] = found
    entry = Entry(
        section=place.section, name=place.element, values=values, spans=spans, span=span, words=in_words(node)
    )
    if record.main:
        reading.entries.append(entry)
        if (said := node.get("says")) is not None:
            reading.says.append((entry, record, said))
    return entry


def require_keys(reading: Reading, node: Map, record: Record, span: Span) -> None:
    """Report the keys that must not be missing."""
    for key in record.keys:
        if key.required and node.get(key.name) is None:
            before = len(reading.findings)
            reading.report("P012", f"the key `{key.name}` is missing", span, help=f"`{key.name}`: {key.doc}")
            reading.explain(before, key)


def _key(record: Record, name: str) -> Key | None:
    if name == SET_BY.name and record.main:
        return SET_BY
    return record.key(name)


def _unknown_key(reading: Reading, word: Word, record: Record) -> None:
    allowed = [key.name for key in record.keys] + (["says", SET_BY.name] if record.main else [])
    unknown(reading, "P011", f"there is no key `{word.text[:40]}` here", word, allowed)


def unknown(reading: Reading, code: str, message: str, word: Word, allowed: Iterable[str]) -> None:
    """Report a word that is not among those allowed, and the one most likely meant."""
    # A file with so many faults is not one that suggestions repair.
    known = list(dict.fromkeys(allowed)) if len(reading.findings) < _SUGGESTED else []
    close = nearest(word.text, known)
    listed = f"one of {', '.join(known[:30])}" if known else ""
    note = f"did you mean `{close}`?" if close else ""
    reading.report(code, message, word.span, note=note, help=listed, fix=close or "")


def read(reading: Reading, node: Node, shape: Shape, place: Place) -> object | None:
    """Read a node as its shape says; None when it was at fault."""
    match shape:
        case Value():
            return _value(reading, node, shape)
        case Pairs():
            return _pairs(reading, node, shape, place)
        case Record():
            return _record(reading, node, shape, place)
        case Named():
            return _named(reading, node, shape, place)
        case Listed():
            return _listed(reading, node, shape, place)
        case Either():
            return read(reading, node, shape.short if _short(node, shape) else shape.long, place)
        case Reserved():
            reading.report("S103", "this word is reserved", node.span)
            return None


def _short(node: Node, shape: Either) -> bool:
    if isinstance(shape.long, Listed):
        return isinstance(node, Word)
    return not isinstance(node, Map)


def expect(reading: Reading, node: Node, wanted: type[Map | List | Word]) -> bool:
    """Whether the node is a map, a list or a word as wanted; a finding when it is not."""
    if isinstance(node, Word) and node.empty:
        reading.report("P013", "no value stands here", node.span)
        return False
    if isinstance(node, wanted):
        return True
    called = {Map: "a map", List: "a list", Word: "a word"}
    reading.report("P010", f"{called[type(node)]} stands where {called[wanted]} belongs", node.span)
    return False


def _record(reading: Reading, node: Node, shape: Record, place: Place) -> object | None:
    if not expect(reading, node, Map) or not isinstance(node, Map):
        return None
    require_keys(reading, node, shape, node.span)
    return read_record(reading, node, shape, place, node.span).values


def _named(reading: Reading, node: Node, shape: Named, place: Place) -> object | None:
    if not expect(reading, node, Map) or not isinstance(node, Map):
        return None
    found: dict[str, object] = {}
    for word, value in node.pairs:
        if not shape.free and not is_name(word.text):
            bad_name(reading, word)
        elif expect(reading, value, Map) and isinstance(value, Map):
            require_keys(reading, value, shape.record, word.span)
            inner = place.inner(word.text)
            found[word.text] = read_record(reading, value, shape.record, inner, word.span).values
    return found


def bad_name(reading: Reading, word: Word) -> None:
    """Report a name that is not a kebab-case noun."""
    reading.report("P106", f"`{word.text[:40]}` is not a name", word.span)


def _listed(reading: Reading, node: Node, shape: Listed, place: Place) -> object | None:
    if not expect(reading, node, List) or not isinstance(node, List):
        return None
    found: list[object] = []
    for item in node.items:
        if expect(reading, item, Map) and isinstance(item, Map):
            require_keys(reading, item, shape.record, item.span)
            found.append(read_record(reading, item, shape.record, place, item.span).values)
    return tuple(found)


def _pairs(reading: Reading, node: Node, shape: Pairs, place: Place) -> object | None:
    if not expect(reading, node, Map) or not isinstance(node, Map):
        return None
    found: dict[str, object] = {}
    for word, value in node.pairs:
        key = _word(reading, word, shape.key)
        content = read(reading, value, shape.value, place.inner(word.text))
        if key is not None and content is not None:
            found[str(key)] = content
    return found


def _value(reading: Reading, node: Node, shape: Value) -> object | None:
    if isinstance(node, List) and shape.many is not Many.ONE:
        return _items(reading, node, shape)
    if isinstance(node, Word) and shape.many is Many.LIST and not node.empty:
        if node.text in shape.also or (node.text == UNDECIDED and shape.undecided):
            return node.text
        what = "`undecided` is not allowed" if node.text == UNDECIDED else "a word stands where a list belongs"
        reading.report("P010", what, node.span, help=_listing(node, shape))
        return None
    if not expect(reading, node, Word) or not isinstance(node, Word):
        return None
    read_word = _word(reading, node, shape)
    if shape.many is Many.EITHER and read_word not in {None, UNDECIDED, *shape.also}:
        return (read_word,)
    return read_word


def _listing(node: Word, shape: Value) -> str:
    also = f", or {' or '.join(shape.also)}" if shape.also else ""
    return f"write `[{node.text[:40]}]`{also}"


def _items(reading: Reading, node: List, shape: Value) -> tuple[object, ...]:
    found: dict[object, Word] = {}
    for item in node.items:
        if not expect(reading, item, Word) or not isinstance(item, Word):
            continue
        word = _word(reading, item, replace(shape, undecided=False, also=_listable(shape)))
        if word in found:
            reading.report("P108", f"`{item.text[:40]}` is listed twice", item.span, note="again")
        elif word is not None:
            found[word] = item
    return tuple(found)


def _listable(shape: Value) -> tuple[str, ...]:
    """Literals that may also stand inside a list: `to: [all]` and `to: all` say the same."""
    return tuple(word for word in shape.also if word in {"all", "any", "other", "person", "requester"})


def _word(reading: Reading, word: Word, shape: Value) -> object | None:
    if word.empty:
        reading.report("P013", "no value stands here", word.span)
        return None
    if word.text in shape.also and not word.quoted:
        return word.text
    if word.text == UNDECIDED and not word.quoted and shape.kind is not Kind.KEEP:
        if shape.undecided:
            return UNDECIDED
        reading.report("P015", "`undecided` is not allowed here", word.span)
        return None
    return _READERS[shape.kind](reading, word, shape)


def _vocabulary(reading: Reading, word: Word, shape: Value) -> object | None:
    if word.text in shape.words:
        return word.text
    unknown(reading, "P102", f"unknown word `{word.text[:40]}`", word, (*shape.words, *shape.also))
    return None


def _reference(reading: Reading, word: Word, shape: Value) -> object | None:
    if any(word.text in reading.names.get(where, frozenset()) for where in shape.refers):
        return word.text
    if "residences" in shape.refers and is_residence(word.text):
        return word.text
    if "controllers" in shape.refers:  # where people are referred to is checked with the systems
        return _READERS[Kind.NAME](reading, word, shape)
    known = (declared for where in shape.refers for declared in sorted(reading.names.get(where, frozenset())))
    if shape.refers == ("residences",):
        reading.report("P107", f"`{word.text[:40]}` is not a country or region", word.span)
        return None
    what = "requests.channels" if shape.refers[0] == "channels" else shape.refers[0]
    unknown(reading, "P101", f"`{word.text[:40]}` is not declared under {what}", word, chain(known, shape.also))
    return None


def _parsed(code: str, parse: Callable[[str], object]) -> Callable[[Reading, Word, Value], object | None]:
    def reader(reading: Reading, word: Word, shape: Value) -> object | None:
        try:
            return parse(word.text)
        except ValueError as error:
            also = f"; or {', '.join(shape.also)}" if shape.also else ""
            reading.report(
                code, f"`{word.text[:40]}` cannot be read as a {shape.kind}", word.span, help=f"{error}{also}"
            )
            return None

    return reader


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= _NUMBER):  # noqa: PLR2004
        raise ValueError("a number is written in digits")
    return int(text)


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("write `true` or `false`")
    return text == "true"


def _fits(code: str, what: str, test: Callable[[str], bool]) -> Callable[[Reading, Word, Value], object | None]:
    def reader(reading: Reading, word: Word, shape: Value) -> object | None:
        del shape
        if test(word.text):
            return word.text
        reading.report(code, f"`{word.text[:40]}` is not {what}", word.span)
        return None

    return reader


_READERS: Final[dict[Kind, Callable[[Reading, Word, Value], object | None]]] = {
    Kind.TEXT: lambda _reading, word, _shape: word.text,
    Kind.NAME: _fits("P106", "a name", is_name),
    Kind.WORD: _vocabulary,
    Kind.REFERENCE: _reference,
    Kind.PERIOD: _parsed("P103", parse_period),
    Kind.KEEP: _parsed("P103", read_keep),
    Kind.DAY: _parsed("P104", read_day),
    Kind.NUMBER: _parsed("P105", _number),
    Kind.SHARE: _parsed("P105", read_share),
    Kind.FLAG: _parsed("P105", _flag),
    Kind.COUNTRY: _fits("P107", "a country of ISO 3166", COUNTRIES.__contains__),
    Kind.ZONE: _fits("P107", "a time zone", is_zone),
    Kind.LANGUAGE: _fits("P107", "a language", is_language),
    Kind.PROMISE: _fits("P106", "a promise id", is_promise),
}


def in_words(node: Node, *, said: bool = False) -> str:
    """A node on one line as the file has it, without `says`."""
    if isinstance(node, Word):
        return f'"{node.text}"' if node.quoted else node.text
    if isinstance(node, List):
        return f"[{', '.join(in_words(item, said=said) for item in node.items)}]"
    pairs = (f"{key.text}: {in_words(value, said=said)}" for key, value in node.pairs if said or key.text != "says")
    return f"{{{', '.join(pairs)}}}"
