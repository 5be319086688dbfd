"""Verify an exported ledger offline: which entries are proven, and which is the first that is not (T2).

An entry is proven when a head that carries the ledger's signature gives the same root as the entries read so far. The
copy is read once, line by line; memory stays bounded whatever its size. Roll-back of the whole ledger, or a history
written anew with the stolen key, shows only against a head that somebody outside wrote down: a witness.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kept.policy.findings import Finding
from kept.records.codes import finding
from kept.records.export import CONTROL, control_of, key_of
from kept.records.ledger import MARK_SIZE, End, Head, Marks, Witness, end_holds, head_holds, marks_hold
from kept.records.tree import Frontier

UNPROVEN_LIMIT: Final = 65_536
"""Entries read without a head that proves them, before the reader gives up; an honest copy has one each 1,024."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What the reader of a copy may say."""

    proven: int
    """Entries 0 … proven − 1 are as they were signed."""
    heads: int
    head: Head | None
    """The last head that holds."""
    key: str
    """The public key the heads were checked with, in hex."""
    first_bad: int | None = None
    """The first entry that is altered, missing, moved, or no longer shown to be genuine."""
    last_bad: int | None = None
    """Equal to `first_bad` when the entry is known exactly; otherwise the first bad entry is between both."""
    problems: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing at all was found."""
        return not self.problems


def verify(lines: Iterable[bytes], *, key: bytes | None = None, witnesses: Sequence[Witness] = ()) -> Audit:
    """Verify a copy. A `key` known from elsewhere beats the one in the file; witnesses are heads kept elsewhere."""
    source = iter(lines)
    try:
        named = key_of(next(source, b""))
        reading = _Reading(key=_public(named if key is None else key), witnesses=sorted(witnesses, key=_size))
    except ValueError:
        return _unreadable(key)
    if key is not None and key != named:
        reading.problem("L110")
    _read(reading, source)
    _close(reading)
    return reading.audit(named if key is None else key)


@dataclass(kw_only=True)
class _Reading:
    """Where the reader is. `pending` are the leaf hashes that no head has proven yet."""

    key: Ed25519PublicKey
    witnesses: list[Witness]
    frontier: Frontier = field(default_factory=Frontier)
    pending: list[bytes] = field(default_factory=list)
    marks: Marks | None = None
    head: Head | None = None
    heads: int = 0
    end: End | None = None
    bad: tuple[int, int] | None = None
    forged: int = 0
    witnessed: int = 0
    problems: list[Finding] = field(default_factory=list)

    def problem(self, code: str, detail: str = "", *, bad: tuple[int, int] | None = None) -> None:
        """Note what is wrong; the first named entries stand."""
        if bad is not None and self.bad is None:
            self.bad = bad
        self.problems.append(finding(code, detail=detail, where=_entries(bad) if bad else ""))

    def audit(self, key: bytes) -> Audit:
        """The result as a value."""
        first, last = self.bad or (None, None)
        return Audit(
            proven=self.frontier.size if first is None else min(first, self.frontier.size),
            heads=self.heads,
            head=self.head,
            key=key.hex(),
            first_bad=first,
            last_bad=last,
            problems=tuple(self.problems),
        )


def _read(reading: _Reading, source: Iterable[bytes]) -> None:
    """The hot loop: hash each entry, and stop at each line that is none."""
    sha256, pending = hashlib.sha256, reading.pending
    for line in source:
        if not line.startswith(CONTROL):
            pending.append(sha256(b"\x00" + line[:-1]).digest())
            if len(pending) > UNPROVEN_LIMIT or reading.end:
                break
            continue
        _control(reading, line)
        if reading.bad is not None:
            break


def _control(reading: _Reading, line: bytes) -> None:
    try:
        value = control_of(line)
    except ValueError:
        reading.forged += 1
        reading.heads += line.startswith(CONTROL[0])
        return
    if reading.end is not None:
        reading.forged += 1
        return
    match value:
        case Head():
            reading.heads += 1
            _take_head(reading, value)
        case Marks():
            _take_marks(reading, value)
        case End():
            reading.end = value


def _take_marks(reading: _Reading, marks: Marks) -> None:
    if marks_hold(marks, reading.key) and marks.first == reading.frontier.size:
        reading.marks = marks
    else:
        reading.forged += 1


def _take_head(reading: _Reading, head: Head) -> None:
    """Prove the pending entries by this head, or find the first that it does not prove."""
    if not head_holds(head, reading.key) or head.size <= reading.frontier.size:
        reading.forged += 1  # a forged or misplaced head proves nothing; a later one still may
        return
    proven = reading.frontier.extended(reading.pending)
    if proven.size != head.size or proven.root != head.root:
        _name_first(reading, head)
        return
    _compare_witnesses(reading, proven.size)
    reading.frontier, reading.head = proven, head
    reading.pending.clear()
    reading.marks = None


def _name_first(reading: _Reading, head: Head) -> None:
    shown, due = len(reading.pending), head.size - reading.frontier.size
    what = "deleted" if shown < due else "inserted" if shown > due else "altered or moved"
    detail = f"{what}, the head signed at {head.size} entries has another root"
    reading.problem("L101", detail, bad=_first_bad(reading, head))


def _first_bad(reading: _Reading, head: Head) -> tuple[int, int]:
    """The first bad entry: by the marks, by a surplus, or else the entries this head alone answers for."""
    start, due = reading.frontier.size, head.size - reading.frontier.size
    marked = _first_unmarked(reading, head)
    if marked is not None and marked < start + max(due, len(reading.pending)):
        return marked, marked
    if reading.frontier.extended(reading.pending[:due]).root == head.root:
        return head.size, head.size
    return start, head.size - 1


def _first_unmarked(reading: _Reading, head: Head) -> int | None:
    """The first entry whose mark differs; None without marks for exactly the entries of this head."""
    start, marks = reading.frontier.size, reading.marks.marks if reading.marks else b""
    if len(marks) != (head.size - start) * MARK_SIZE:
        return None
    for place, leaf in enumerate(reading.pending):
        if marks[place * MARK_SIZE : (place + 1) * MARK_SIZE] != leaf[:MARK_SIZE]:
            return start + place  # a surplus entry has no mark at all
    return start + len(reading.pending)


def _compare_witnesses(reading: _Reading, size: int) -> None:
    """Compare the witnesses up to this size with the tree as it was at theirs."""
    while reading.witnesses and reading.witnesses[0].size <= size:
        witness = reading.witnesses.pop(0)
        then = reading.frontier.extended(reading.pending[: witness.size - reading.frontier.size])
        if then.root == witness.root:
            reading.witnessed = witness.size
            continue
        span = (reading.witnessed, max(reading.witnessed, witness.size - 1))
        reading.problem("L107", f"another root at {witness.size} entries than the head kept elsewhere", bad=span)
        return


def _close(reading: _Reading) -> None:
    """What only the end of the copy can show."""
    if reading.forged:
        reading.problem("L104", f"{reading.forged} of them")
    if reading.bad is not None:
        return
    size, shown = reading.frontier.size, len(reading.pending)
    end = reading.end
    if shown > UNPROVEN_LIMIT:
        reading.problem("L105", f"no head proves {shown} entries", bad=(size, size + shown - 1))
    elif end is None or not end_holds(end, reading.key):
        reading.problem("L108", bad=(size, size))
    elif shown:
        reading.problem("L101", "no head speaks of them", bad=(size, size))
    elif end.size != size or end.root != reading.frontier.root:
        reading.problem("L102", f"the last line was signed over {end.size}, the copy has {size}", bad=(size, size))
    elif end.heads != reading.heads:
        reading.problem("L105", f"{reading.heads} of {end.heads}")
    _miss_witnesses(reading)


def _miss_witnesses(reading: _Reading) -> None:
    if reading.witnesses:
        size, most = reading.frontier.size, reading.witnesses[-1].size
        reading.problem("L106", f"a head kept elsewhere shows {most} entries, this copy has {size}", bad=(size, size))


def _public(key: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(key)


def _size(witness: Witness) -> int:
    return witness.size


def _entries(bad: tuple[int, int]) -> str:
    first, last = bad
    return f"entry {first}" if first == last else f"entries {first} to {last}"


def _unreadable(key: bytes | None) -> Audit:
    return Audit(
        proven=0,
        heads=0,
        head=None,
        key=(key or b"").hex(),
        first_bad=0,
        last_bad=0,
        problems=(finding("L109"),),
    )
