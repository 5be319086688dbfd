"""The ledger on disk: its heads, entries and payloads, its exported copy and its verification."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from sqlalchemy import Row, Select, delete, select

from kept.policy.findings import could_not_run
from kept.records import audit
from kept.records import codes as records
from kept.records.audit import Audit
from kept.records.export import control_line, header_line
from kept.records.ledger import SALT_SIZE, Entry, Head, Marks, Witness, entry_of, sign_end
from kept.records.tree import EMPTY_ROOT
from kept.store.append import PURPOSE, Appended, about_entry, append, head_of, raw
from kept.store.codes import finding
from kept.store.keys import decrypt
from kept.store.open import Tx
from kept.store.tables import ledger_entry, ledger_head, ledger_payload

__all__ = [
    "Appended",
    "Opened",
    "append",
    "destroy_payloads",
    "entries",
    "export_lines",
    "head",
    "open_payload",
    "public_key",
    "verify",
    "verify_copy",
]

AT_ONCE: Final = 5_000
"""Rows read at a time when the whole ledger is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An entry's payload and the salt that opens its commitment."""

    salt: bytes
    payload: bytes


def head(tx: Tx) -> Head | None:
    """The latest signed head; None while the ledger is empty."""
    row = tx.connection.execute(select(ledger_head).order_by(ledger_head.c.size.desc()).limit(1)).first()
    return None if row is None else head_of(row)


def public_key(tx: Tx) -> bytes:
    """The key that heads are signed with; an auditor should learn it from elsewhere than the export."""
    return tx.signing.public_key().public_bytes_raw()


def entries(tx: Tx, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
    """Entries start … stop − 1, read as they are needed."""
    return (entry_of(bytes(line)) for _, line in _leaves(tx, start, stop))


def export_lines(tx: Tx, *, at: datetime) -> Iterator[bytes]:
    """The whole ledger as an auditor's copy, line by line (see `records.export`)."""
    signing = tx.signing
    yield header_line(signing.public_key().public_bytes_raw())
    leaves = _leaves(tx)
    waiting = next(leaves, None)
    size, root, heads = 0, EMPTY_ROOT, 0
    for row in _stream(tx, select(ledger_head).order_by(ledger_head.c.size)):
        while waiting is not None and waiting[0] < row.size:
            yield waiting[1] + b"\n"
            waiting = next(leaves, None)
        if row.marks is not None:
            yield control_line(Marks(first=size, marks=raw(row.marks), signature=raw(row.marks_signature)))
        yield control_line(head_of(row))
        size, root, heads = row.size, row.root, heads + 1
    if waiting is not None:  # no head speaks of these, and the copy must show that
        yield waiting[1] + b"\n"
        yield from (line + b"\n" for _, line in leaves)
    yield control_line(sign_end(size=size, root=root, heads=heads, at=at, key=signing))


def verify(tx: Tx, *, at: datetime, witnesses: Sequence[Witness] = ()) -> Audit:
    """Verify the store's own ledger, by the same reader that checks an exported copy."""
    return audit.verify(export_lines(tx, at=at), key=public_key(tx), witnesses=witnesses)


def verify_copy(tx: Tx, lines: Iterable[bytes]) -> Audit:
    """Verify an exported copy with this store's key, and that the copy's last head is one of the store's."""
    found = audit.verify(lines, key=public_key(tx))
    if found.head is None:
        return found
    root = tx.connection.execute(select(ledger_head.c.root).where(ledger_head.c.size == found.head.size)).scalar()
    if root is not None and raw(root) == found.head.root:
        return found
    split = records.finding("L111", where=f"head at {found.head.size} entries")
    return replace(found, problems=(*found.problems, split))


def open_payload(tx: Tx, seq: int) -> Opened | None:
    """Salt and payload of an entry; None when it had none or its key is destroyed."""
    row = tx.connection.execute(select(ledger_payload).where(ledger_payload.c.seq == seq)).first()
    key = tx.keys.find(row.key_id) if row else None
    if row is None or key is None:
        return None
    try:
        plain = decrypt(key, row.ciphertext, about_entry(seq))
    except InvalidTag:
        raise could_not_run(finding("K151", where=f"entry {seq}")) from None
    return Opened(salt=plain[:SALT_SIZE], payload=plain[SALT_SIZE:])


def destroy_payloads(tx: Tx, key: str) -> int:
    """Destroy the payloads sealed under a key (a run's, a case's) and the key; the tree stays as it is. How many."""
    key_id = f"{PURPOSE}:{key}"
    gone = tx.connection.execute(delete(ledger_payload).where(ledger_payload.c.key_id == key_id)).rowcount
    tx.keys.destroy(key_id)
    tx.destroyed()
    return gone


def _leaves(tx: Tx, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
    query = select(ledger_entry.c.seq, ledger_entry.c.leaf).where(ledger_entry.c.seq >= start)
    if stop is not None:
        query = query.where(ledger_entry.c.seq < stop)
    return ((row.seq, raw(row.leaf)) for row in _stream(tx, query.order_by(ledger_entry.c.seq)))


def _stream(tx: Tx, query: Select[Any]) -> Iterator[Row[Any]]:
    return iter(tx.connection.execute(query, execution_options={"yield_per": AT_ONCE}))
