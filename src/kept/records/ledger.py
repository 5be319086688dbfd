"""The ledger as values: envelopes, salted commitments, signed heads (Art. 5(2)). Pure: salt and clock are arguments.

A leaf is a canonical JSON envelope that carries no personal value. What happened to whom stays in a payload sealed
elsewhere; the envelope holds SHA-256(salt ‖ payload), so destroying salt and payload leaves the tree as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kept.records.tree import HASH_SIZE, Frontier

SALT_SIZE: Final = 32
MARK_SIZE: Final = 4
_HEAD_CONTEXT: Final = b"kept ledger head v1\n"
_END_CONTEXT: Final = b"kept ledger export v1\n"
_MARKS_CONTEXT: Final = b"kept ledger marks v1\n"
_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
_REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    """What an entry may say happened."""

    LEDGER_OPENED = "ledger-opened"
    POLICY_CHECKED = "policy-checked"
    MAP_SCANNED = "map-scanned"
    PERSON_FOUND = "person-found"
    PLAN_MADE = "plan-made"
    PLAN_APPROVED = "plan-approved"
    PLAN_REFUSED = "plan-refused"
    RUN_STARTED = "run-started"
    BATCH_APPLIED = "batch-applied"
    RUN_PAUSED = "run-paused"
    RUN_RESUMED = "run-resumed"
    RUN_STOPPED = "run-stopped"
    RUN_FAILED = "run-failed"
    RUN_VERIFIED = "run-verified"
    PROOF_MADE = "proof-made"
    DRILL = "drill"
    VOUCHED = "vouched"
    REVEALED = "revealed"
    EVENT_REPORTED = "event-reported"
    HOLD_PLACED = "hold-placed"
    HOLD_RELEASED = "hold-released"
    SEALED_DESTROYED = "sealed-destroyed"
    KEYS_ROTATED = "keys-rotated"
    CLOCK_ACCEPTED = "clock-accepted"
    LEDGER_EXPORTED = "ledger-exported"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be recorded, before it has a place in the ledger."""

    kind: Kind
    actor: str
    """A role, never a name: `privacy-officer`, `clock`, `engineer`."""
    run: str | None = None
    """Opaque reference of a run, plan or case."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Figures by name (`shop.tickets`); a name outside the safe letters is percent-encoded."""
    links: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 digests in hex by name: the plan, the policy, the board it was about."""
    payload: bytes = b""
    """Sealed under a key that can be destroyed; never in the envelope."""
    key: str | None = None
    """Which key seals the payload; None: the run's, else the kind's."""

    def __post_init__(self) -> None:
        _must(_is(_ROLE, self.actor), "an actor is a role in kebab-case")
        _must(self.run is None or _is(_REFERENCE, self.run), "a run reference is opaque: letters, digits, . _ : -")
        for name, digest in self.links.items():
            _must(_is(_ROLE, name), "a link's name is a word in kebab-case")
            _must(_DIGEST.fullmatch(digest), "a link is a SHA-256 digest in hex")
        for count in self.counts.values():
            _must(type(count) is int, "a count is a whole number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as read back from its leaf."""

    seq: int
    at: datetime
    kind: Kind
    actor: str
    run: str | None
    counts: Mapping[str, int]
    links: Mapping[str, str]
    commitment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A signed statement: at this instant the ledger had this many entries and this root."""

    size: int
    root: bytes
    at: datetime
    signature: bytes

    @property
    def short(self) -> str:
        """`size:root`, what an outside witness writes down."""
        return f"{self.size}:{self.root.hex()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The signed last line of an exported copy: without it the copy was cut short."""

    size: int
    root: bytes
    heads: int
    at: datetime
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A head that somebody outside wrote down: at least this much history existed, and it had this root."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The first bytes of each leaf hash of one group, signed: they name the one altered entry of a large group."""

    first: int
    marks: bytes
    signature: bytes


def instant_text(at: datetime) -> str:
    """Write an instant in UTC with a fixed width, so text order is time order."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """Read an instant written by `instant_text`."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def commit(salt: bytes, payload: bytes) -> str:
    """SHA-256(salt ‖ payload) in hex; without the salt nobody can try out guesses."""
    if len(salt) != SALT_SIZE:
        raise ValueError("a salt has 32 bytes")
    return hashlib.sha256(salt + payload).hexdigest()


def opens(entry: Entry, *, salt: bytes, payload: bytes) -> bool:
    """Whether this payload is the one the entry was committed to."""
    return commit(salt, payload) == entry.commitment


def leaf(draft: Draft, *, seq: int, at: str, salt: bytes) -> bytes:
    """The envelope in canonical form (sorted keys, no space, ASCII): the same JSON any RFC 8785 tool writes."""
    run = f'"{draft.run}"' if draft.run else "null"
    links = _words(draft.links) if draft.links else "{}"
    start = f'{{"actor":"{draft.actor}","at":"{at}","commitment":"{commit(salt, draft.payload)}"'
    # Kind is joined, not formatted: formatting an enum costs more than the rest of the line.
    line = (
        start
        + f',"counts":{_figures(draft.counts)},"kind":"'
        + draft.kind
        + f'","links":{links},"run":{run},"seq":{seq}}}'
    )
    return line.encode("ascii")


def entry_of(line: bytes) -> Entry:
    """Read a leaf. Raises ValueError when it is not the canonical envelope of an entry."""
    facts = json.loads(line)
    if json.dumps(facts, sort_keys=True, separators=(",", ":")).encode() != line:
        raise ValueError("not canonical")
    try:
        return Entry(
            seq=facts["seq"],
            at=instant_of(facts["at"]),
            kind=Kind(facts["kind"]),
            actor=facts["actor"],
            run=facts["run"],
            counts=facts["counts"],
            links=facts["links"],
            commitment=facts["commitment"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not an entry") from error


def sign_head(frontier: Frontier, *, at: datetime, key: Ed25519PrivateKey) -> Head:
    """Sign size, root and instant; the signature is checked before it leaves (a faulty one could betray the key)."""
    message = _head_message(frontier.size, frontier.root, at)
    signature = key.sign(message)
    key.public_key().verify(signature, message)
    return Head(size=frontier.size, root=frontier.root, at=at, signature=signature)


def head_holds(head: Head, key: Ed25519PublicKey) -> bool:
    """Whether the head's signature is this key's."""
    return signed(_head_message(head.size, head.root, head.at), head.signature, key)


def sign_marks(hashes: Sequence[bytes], *, first: int, key: Ed25519PrivateKey) -> Marks:
    """Mark a group's leaf hashes, the first of which has the sequence number `first`."""
    marks = b"".join([leaf[:MARK_SIZE] for leaf in hashes])
    return Marks(first=first, marks=marks, signature=key.sign(_marks_message(first, marks)))


def marks_hold(marks: Marks, key: Ed25519PublicKey) -> bool:
    """Whether the marks' signature is this key's."""
    return signed(_marks_message(marks.first, marks.marks), marks.signature, key)


def sign_end(*, size: int, root: bytes, heads: int, at: datetime, key: Ed25519PrivateKey) -> End:
    """Close an export of all entries and so many heads."""
    return End(size=size, root=root, heads=heads, at=at, signature=key.sign(_end_message(size, root, heads, at)))


def end_holds(end: End, key: Ed25519PublicKey) -> bool:
    """Whether the closing line's signature is this key's."""
    return signed(_end_message(end.size, end.root, end.heads, end.at), end.signature, key)


def witness_of(text: str) -> Witness:
    """Read `size:root` as a witness wrote it down. Raises ValueError when it is something else."""
    size, _, root = text.strip().partition(":")
    _must(size.isdecimal() and _DIGEST.fullmatch(root), "a witnessed head reads size:root, the root in 64 hex digits")
    return Witness(size=int(size), root=bytes.fromhex(root))


def signed(message: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Whether the signature over the message is this key's."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _head_message(size: int, root: bytes, at: datetime) -> bytes:
    _must(len(root) == HASH_SIZE, "a root has 32 bytes")
    return _HEAD_CONTEXT + f"{size}\n{root.hex()}\n{instant_text(at)}\n".encode()


def _end_message(size: int, root: bytes, heads: int, at: datetime) -> bytes:
    return _END_CONTEXT + f"{size}\n{root.hex()}\n{heads}\n{instant_text(at)}\n".encode()


def _marks_message(first: int, marks: bytes) -> bytes:
    return _MARKS_CONTEXT + f"{first}\n{hashlib.sha256(marks).hexdigest()}\n".encode()


def _figures(counts: Mapping[str, int]) -> str:
    if len(counts) == 1:
        ((name, count),) = counts.items()
        return f'{{"{_safe(name)}":{count}}}'
    return (
        "{" + ",".join([f'"{name}":{count}' for name, count in sorted((_safe(n), c) for n, c in counts.items())]) + "}"
    )


@lru_cache(maxsize=4096)
def _safe(name: str) -> str:
    return quote(name, safe=" :/")


def _words(links: Mapping[str, str]) -> str:
    return "{" + ",".join([f'"{name}":"{links[name]}"' for name in sorted(links)]) + "}"


@lru_cache(maxsize=1024)
def _is(pattern: re.Pattern[str], word: str) -> bool:
    return pattern.fullmatch(word) is not None


def _must(holds: object, message: str) -> None:
    if not holds:
        raise ValueError(message)
