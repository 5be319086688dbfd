"""Binding promises to keys: what each `says` cites, once each, and only what exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kept.law.terms import UNDECIDED
from kept.policy.keys import control_of
from kept.policy.model import Citation, Entry, lacks
from kept.policy.nodes import List, Map, Node, Word
from kept.policy.shapes import Record
from kept.policy.walk import Reading, expect, unknown
from kept.policy.words import is_promise


def citations(reading: Reading) -> tuple[Citation, ...]:
    """Every promise bound to a key, in the order of the file; an id cited twice is reported once per repetition."""
    found: dict[str, Citation] = {}
    for citation in sorted(_all(reading), key=lambda c: (c.span.line, c.span.column)):
        first = found.setdefault(citation.promise, citation)
        if first is not citation:
            spans = citation.span, replace(first.span, note=f"cited here first, at `{first.place}`")
            reading.report(
                "P121", f"promise {citation.promise} is cited twice", spans[0], note="again", beside=spans[1]
            )
    return tuple(found.values())


def _all(reading: Reading) -> Iterator[Citation]:
    for entry, record, node in reading.says:
        for key, word in _cited(reading, entry, record, node):
            yield _citation(entry, key, word)
    for entry, word in reading.statements:
        yield _citation(entry, "statements", word)


def _cited(reading: Reading, entry: Entry, record: Record, node: Node) -> Iterator[tuple[str, Word]]:
    if isinstance(node, List):
        yield from ((record.main, word) for word in _ids(reading, node))
    elif isinstance(node, Map):
        for key, ids in node.pairs:
            if _may_cite(reading, entry, record, key) and expect(reading, ids, List) and isinstance(ids, List):
                yield from ((key.text, word) for word in _ids(reading, ids))
    else:
        reading.report("P010", "a word stands where a list of promise ids belongs", node.span, help="write `[ID]`")


def _ids(reading: Reading, node: List) -> Iterator[Word]:
    for item in node.items:
        if not expect(reading, item, Word) or not isinstance(item, Word):
            continue
        if is_promise(item.text):
            yield item
        else:
            reading.report("P106", f"`{item.text[:40]}` is not a promise id", item.span)


def _may_cite(reading: Reading, entry: Entry, record: Record, word: Word) -> bool:
    key = record.key(word.text)
    if key is None and word.text != record.main:
        unknown(reading, "P122", f"there is no key `{word.text[:40]}` to cite", word, (k.name for k in record.keys))
        return False
    general = entry.name.rpartition(".")[2] in {"", "all"}
    if key is not None and not (key.name in entry.spans or key.default or general):
        reading.report("P123", f"a promise is bound to `{key.name}`, which is missing here", word.span)
        return False
    return True


def _citation(entry: Entry, key: str, word: Word) -> Citation:
    value = entry.values.get("file" if key == "documents" else key)
    set_by = entry.values.get("set-by")
    return Citation(
        promise=word.text,
        section=entry.section,
        element=entry.name,
        key=key,
        span=word.span,
        undecided=_missing(entry, key, value),
        set_by=str(set_by) if set_by else None,
        control=control_of(entry.section, key, value),
        at=entry.spans.get(key, entry.span),
        rule=entry.words,
    )


def _missing(entry: Entry, key: str, value: object) -> bool:
    # A period is nothing without the event it is counted from: the two are one value.
    no_event = entry.section == "retention" and key == "keep" and entry.values.get("from") == UNDECIDED
    return lacks(value) or no_event
