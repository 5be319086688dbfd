"""Append groups of entries and their signed heads in one transaction; nothing is signed that was not read back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Row, bindparam, func, insert, select

from kept.policy.findings import Refused, could_not_run
from kept.records.ledger import (
    SALT_SIZE,
    Draft,
    Head,
    Marks,
    head_holds,
    instant_text,
    leaf,
    sign_head,
    sign_marks,
)
from kept.records.tree import HASH_SIZE, Frontier, leaf_hash
from kept.store.codes import finding
from kept.store.keys import encrypt
from kept.store.open import Tx
from kept.store.tables import about, ledger_entry, ledger_head, ledger_payload

SMALL: Final = 16
"""A group up to this size gets one head per entry, so a verifier names each entry exactly."""
GROUP: Final = 1024
"""A larger append is cut into groups of this size, each with one head and marks."""
PURPOSE: Final = "ledger"

# Statements are built once: a single durable append is otherwise mostly their construction.
_LOCK: Final = select(about.c.value).where(about.c.name == "ledger").with_for_update()
_TOP: Final = select(func.max(ledger_entry.c.seq))
_LAST: Final = select(ledger_head, _TOP.scalar_subquery().label("top")).order_by(ledger_head.c.size.desc()).limit(1)
_WRITTEN: Final = (
    select(ledger_entry.c.leaf)
    .where(ledger_entry.c.seq.between(bindparam("first"), bindparam("last")))
    .order_by(ledger_entry.c.seq)
)
_ENTRIES: Final = insert(ledger_entry)
_PAYLOADS: Final = insert(ledger_payload)
_HEADS: Final = insert(ledger_head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where a group came to stand: entries first … head.size − 1."""

    first: int
    head: Head


def append(tx: Tx, drafts: Iterable[Draft], *, at: datetime) -> Appended:
    """Append entries in the caller's transaction: entries and heads are published together with what they record."""
    if tx.store.dialect != "sqlite":  # a writing transaction on SQLite is alone from its first statement
        tx.connection.execute(_LOCK)
    frontier, head = _last(tx, tx.signing.public_key())
    first, queue = frontier.size, iter(drafts)
    while group := list(islice(queue, GROUP)):
        frontier, head = _append_group(tx, frontier, group, at=at)
    if head is None or frontier.size == first:
        raise ValueError("an append needs at least one entry")
    return Appended(first=first, head=head)


def head_of(row: Row[Any]) -> Head:
    """Read the head of a stored row."""
    return Head(size=row.size, root=raw(row.root), at=row.at, signature=raw(row.signature))


def raw(value: object) -> bytes:
    """Bytes as stored. Whoever edits SQLite by hand may leave text in their place; that is an altered value."""
    return value if isinstance(value, bytes) else str(value).encode()


def about_entry(seq: int) -> str:
    """What a sealed payload is bound to."""
    return f"{PURPOSE} entry {seq}"


def _last(tx: Tx, key: Ed25519PublicKey) -> tuple[Frontier, Head | None]:
    """Where the ledger stands; refuses to build on a head that does not hold."""
    row = tx.connection.execute(_LAST).first()
    if row is None and tx.connection.execute(_TOP).scalar() is None:
        return Frontier(), None
    if row is None or row.top != row.size - 1:
        raise _damaged("the last head and the last entry do not belong together")
    head, packed = head_of(row), raw(row.peaks)
    peaks = tuple(packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE))
    if len(peaks) != head.size.bit_count() or Frontier(size=head.size, peaks=peaks).root != head.root:
        raise _damaged("the frontier does not give the root of the last head")
    if tx.store.kept.get("head") != head and not head_holds(head, key):
        raise _damaged("the last head's signature does not hold")
    return Frontier(size=head.size, peaks=peaks), head


def _append_group(tx: Tx, frontier: Frontier, group: Sequence[Draft], *, at: datetime) -> tuple[Frontier, Head]:
    hashes = _write_entries(tx, frontier.size, group, at)
    single = len(group) <= SMALL
    marks = None if single else sign_marks(hashes, first=frontier.size, key=tx.signing)
    rows = []
    for step in [[each] for each in hashes] if single else [hashes]:
        frontier = frontier.extended(step)
        head = sign_head(frontier, at=at, key=tx.signing)
        rows.append(_head_row(head, frontier, marks))
    tx.connection.execute(_HEADS, rows)
    tx.store.kept["head"] = head
    return frontier, head


def _write_entries(tx: Tx, first: int, group: Sequence[Draft], at: datetime) -> list[bytes]:
    """Write leaves and sealed payloads; the hashes come from the bytes as they are stored (T3)."""
    drawn = tx.store.entropy(SALT_SIZE * len(group))
    salts = [drawn[at : at + SALT_SIZE] for at in range(0, len(drawn), SALT_SIZE)]
    instant = instant_text(at)
    leaves = [
        leaf(draft, seq=seq, at=instant, salt=salt)
        for seq, (draft, salt) in enumerate(zip(group, salts, strict=True), start=first)
    ]
    tx.connection.execute(_ENTRIES, [{"seq": seq, "leaf": line} for seq, line in enumerate(leaves, start=first)])
    _write_payloads(tx, first, group, salts)
    return _checked(tx, first, leaves)


def _write_payloads(tx: Tx, first: int, group: Sequence[Draft], salts: Sequence[bytes]) -> None:
    keys: dict[str, bytes] = {}
    rows = []
    for seq, (draft, salt) in enumerate(zip(group, salts, strict=True), start=first):
        if not draft.payload:
            continue
        key_id = f"{PURPOSE}:{draft.key or draft.run or draft.kind.value}"
        if key_id not in keys:
            keys[key_id] = tx.keys.data(key_id, PURPOSE)
        ciphertext = encrypt(keys[key_id], salt + draft.payload, about_entry(seq), tx.store.entropy)
        rows.append({"seq": seq, "key_id": key_id, "ciphertext": ciphertext})
    if rows:
        tx.connection.execute(_PAYLOADS, rows)


def _checked(tx: Tx, first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Hash what the database gives back, and refuse when it is not what was written."""
    rows = tx.connection.execute(_WRITTEN, {"first": first, "last": first + len(leaves) - 1}).scalars()
    stored = [raw(line) for line in rows]
    if stored != list(leaves):
        raise _damaged("what the database stored is not what was written")
    return [leaf_hash(line) for line in stored]


def _head_row(head: Head, frontier: Frontier, marks: Marks | None) -> dict[str, object]:
    return {
        "size": head.size,
        "root": head.root,
        "at": head.at,
        "signature": head.signature,
        "peaks": b"".join(frontier.peaks),
        "marks": marks.marks if marks else None,
        "marks_signature": marks.signature if marks else None,
    }


def _damaged(what: str) -> Refused:
    return could_not_run(finding("K150", detail=what))
