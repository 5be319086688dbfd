"""The exported copy of a ledger, line by line, so that an auditor needs nothing but the file and the key.

    {"kept-ledger":1,"key":"…"}                                the public key, in hex
    {"actor":…,"at":…,…,"seq":0}                               entries: each line is its leaf, byte for byte
    {"marks":{"first":0,"marks":"…","signature":"…"}}          before the head of a large group
    {"head":{"at":"…","root":"…","signature":"…","size":1}}    after the entries it is the head of
    {"end":{"at":"…","heads":1,"root":"…","signature":"…","size":1}}

Every line is canonical JSON (sorted keys, no space) and ends with a line feed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from kept.records.ledger import End, Head, Marks, instant_of, instant_text

FORMAT: Final = 1
CONTROL: Final = (b'{"head":', b'{"marks":', b'{"end":')
"""How a line begins that is no entry."""

Control: TypeAlias = Head | Marks | End


def header_line(key: bytes) -> bytes:
    """The first line: format and public key."""
    return _line({"kept-ledger": FORMAT, "key": key.hex()})


def key_of(line: bytes) -> bytes:
    """The public key of a first line. Raises ValueError when it is something else."""
    facts = _read(line)
    if facts.get("kept-ledger") != FORMAT or header_line(key := _bytes(facts, "key")) != line:
        raise ValueError("not the first line of an exported ledger")
    return key


def control_line(value: Control) -> bytes:
    """The line of a head, of marks or of the end."""
    match value:
        case Head():
            return _line({"head": {**_place(value), "signature": value.signature.hex()}})
        case End():
            return _line({"end": {**_place(value), "heads": value.heads, "signature": value.signature.hex()}})
        case Marks():
            facts = {"first": value.first, "marks": value.marks.hex(), "signature": value.signature.hex()}
            return _line({"marks": facts})


def control_of(line: bytes) -> Control:
    """Read such a line. Raises ValueError unless it is, byte for byte, what `control_line` writes."""
    facts = _read(line)
    name, inner = next(iter(facts.items()), ("", None))
    if not isinstance(inner, dict):
        raise ValueError("not a head")  # noqa: TRY004 - one error for every unreadable line
    value = _control(name, inner)
    if control_line(value) != line:
        raise ValueError("not canonical")
    return value


def _control(name: str, facts: Mapping[str, Any]) -> Control:
    signature = _bytes(facts, "signature")
    if name == "marks":
        return Marks(first=_whole(facts, "first"), marks=_bytes(facts, "marks"), signature=signature)
    size, root, at = _whole(facts, "size"), _bytes(facts, "root", 32), instant_of(str(facts.get("at")))
    if name == "head":
        return Head(size=size, root=root, at=at, signature=signature)
    return End(size=size, root=root, at=at, heads=_whole(facts, "heads"), signature=signature)


def _place(value: Head | End) -> dict[str, object]:
    return {"at": instant_text(value.at), "root": value.root.hex(), "size": value.size}


def _line(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _read(line: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except RecursionError:
        raise ValueError("not a line of an exported ledger") from None
    if not isinstance(facts, dict):
        raise ValueError("not a line of an exported ledger")  # noqa: TRY004
    return facts


def _bytes(facts: Mapping[str, Any], name: str, size: int | None = None) -> bytes:
    value = facts.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is missing")  # noqa: TRY004
    read = bytes.fromhex(value)
    if size is not None and len(read) != size:
        raise ValueError(f"{name} has the wrong length")
    return read


def _whole(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    if type(value) is not int or value < 0:
        raise ValueError(f"{name} is missing")
    return value
