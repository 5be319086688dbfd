"""The ledger on disk: groups of entries and their signed heads, appended in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Row, Select, delete, func, insert, select

from kept.policy.findings import Refused, could_not_run
from kept.records import audit
from kept.records import codes as records
from kept.records.audit import Audit
from kept.records.export import control_line, header_line
from kept.records.ledger import (
    SALT_SIZE,
    Draft,
    Entry,
    Head,
    Marks,
    Witness,
    entry_of,
    head_holds,
    instant_text,
    leaf,
    sign_end,
    sign_head,
    sign_marks,
)
from kept.records.tree import EMPTY_ROOT, HASH_SIZE, Frontier, leaf_hash
from kept.store.codes import finding
from kept.store.keys import decrypt, encrypt
from kept.store.open import Tx
from kept.store.tables import about, ledger_entry, ledger_head, ledger_payload

SMALL: Final = 16
"""A group up to this size gets one head per entry, so a verifier names each entry exactly."""
GROUP: Final = 1024
"""A larger append is cut into groups of this size, each with one head and marks."""
AT_ONCE: Final = 5_000
"""Rows read at a time when the whole ledger is read."""
PURPOSE: Final = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """Where a group came to stand: entries first … head.size − 1."""

    first: int
    head: Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An entry's payload and the salt that opens its commitment."""

    salt: bytes
    payload: bytes


def append(tx: Tx, drafts: Iterable[Draft], *, at: datetime) -> Appended:
    """Append entries in the caller's transaction: entries and heads are published together with what they record."""
    tx.connection.execute(select(about.c.value).where(about.c.name == "ledger").with_for_update())
    signing = tx.keys.signing
    frontier, head = _last(tx, signing.public_key())
    first, queue = frontier.size, iter(drafts)
    while group := list(islice(queue, GROUP)):
        frontier, head = _append_group(tx, frontier, group, at=at, signing=signing)
    if head is None or frontier.size == first:
        raise ValueError("an append needs at least one entry")
    return Appended(first=first, head=head)


def head(tx: Tx) -> Head | None:
    """The latest signed head; None while the ledger is empty."""
    row = tx.connection.execute(select(ledger_head).order_by(ledger_head.c.size.desc()).limit(1)).first()
    return None if row is None else _head(row)


def public_key(tx: Tx) -> bytes:
    """The key that heads are signed with; an auditor should learn it from elsewhere than the export."""
    return tx.keys.signing.public_key().public_bytes_raw()


def entries(tx: Tx, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
    """Entries start … stop − 1, read as they are needed."""
    return (entry_of(bytes(line)) for _, line in _leaves(tx, start, stop))


def export_lines(tx: Tx, *, at: datetime) -> Iterator[bytes]:
    """The whole ledger as an auditor's copy, line by line (see `records.export`)."""
    signing = tx.keys.signing
    yield header_line(signing.public_key().public_bytes_raw())
    leaves = _leaves(tx)
    waiting = next(leaves, None)
    size, root, heads = 0, EMPTY_ROOT, 0
    for row in _stream(tx, select(ledger_head).order_by(ledger_head.c.size)):
        while waiting is not None and waiting[0] < row.size:
            yield waiting[1] + b"\n"
            waiting = next(leaves, None)
        if row.marks is not None:
            yield control_line(Marks(first=size, marks=_raw(row.marks), signature=_raw(row.marks_signature)))
        yield control_line(_head(row))
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
    if root is not None and _raw(root) == found.head.root:
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
        plain = decrypt(key, row.ciphertext, _about_entry(seq))
    except InvalidTag:
        raise could_not_run(finding("K151", where=f"entry {seq}")) from None
    return Opened(salt=plain[:SALT_SIZE], payload=plain[SALT_SIZE:])


def destroy_payloads(tx: Tx, key: str) -> int:
    """Destroy the payloads sealed under a key (a run's, a case's) and the key; the tree stays as it is. How many."""
    key_id = f"{PURPOSE}:{key}"
    gone = tx.connection.execute(delete(ledger_payload).where(ledger_payload.c.key_id == key_id)).rowcount
    tx.keys.destroy(key_id)
    return gone


def _leaves(tx: Tx, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
    query = select(ledger_entry.c.seq, ledger_entry.c.leaf).where(ledger_entry.c.seq >= start)
    if stop is not None:
        query = query.where(ledger_entry.c.seq < stop)
    return ((row.seq, _raw(row.leaf)) for row in _stream(tx, query.order_by(ledger_entry.c.seq)))


def _stream(tx: Tx, query: Select[Any]) -> Iterator[Row[Any]]:
    return iter(tx.connection.execute(query, execution_options={"yield_per": AT_ONCE}))


def _head(row: Row[Any]) -> Head:
    return Head(size=row.size, root=_raw(row.root), at=row.at, signature=_raw(row.signature))


def _raw(value: object) -> bytes:
    """Bytes as stored. Whoever edits SQLite by hand may leave text in their place; that is an altered value."""
    return value if isinstance(value, bytes) else str(value).encode()


def _last(tx: Tx, key: Ed25519PublicKey) -> tuple[Frontier, Head | None]:
    """Where the ledger stands; refuses to build on a head that does not hold."""
    row = tx.connection.execute(select(ledger_head).order_by(ledger_head.c.size.desc()).limit(1)).first()
    top = tx.connection.execute(select(func.max(ledger_entry.c.seq))).scalar()
    if row is None and top is None:
        return Frontier(), None
    if row is None or top != row.size - 1:
        raise _damaged("the last head and the last entry do not belong together")
    found, packed = _head(row), _raw(row.peaks)
    peaks = tuple(packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE))
    if len(peaks) != found.size.bit_count() or Frontier(size=found.size, peaks=peaks).root != found.root:
        raise _damaged("the frontier does not give the root of the last head")
    if tx.store.kept.get("head") != found and not head_holds(found, key):
        raise _damaged("the last head's signature does not hold")
    return Frontier(size=found.size, peaks=peaks), found


def _append_group(
    tx: Tx, frontier: Frontier, group: Sequence[Draft], *, at: datetime, signing: Ed25519PrivateKey
) -> tuple[Frontier, Head]:
    hashes = _write_entries(tx, frontier.size, group, at)
    single = len(group) <= SMALL
    marks = None if single else sign_marks(hashes, first=frontier.size, key=signing)
    rows = []
    for step in [[each] for each in hashes] if single else [hashes]:
        frontier = frontier.extended(step)
        signed = sign_head(frontier, at=at, key=signing)
        rows.append(_head_row(signed, frontier, marks))
    tx.connection.execute(insert(ledger_head), rows)
    tx.store.kept["head"] = signed
    return frontier, signed


def _write_entries(tx: Tx, first: int, group: Sequence[Draft], at: datetime) -> list[bytes]:
    """Write leaves and sealed payloads; the hashes come from the bytes as they are stored (T3)."""
    salts = tx.store.entropy(SALT_SIZE * len(group))
    instant, leaves, payloads = instant_text(at), [], []
    for place, draft in enumerate(group):
        salt = salts[place * SALT_SIZE : (place + 1) * SALT_SIZE]
        leaves.append(leaf(draft, seq=first + place, at=instant, salt=salt))
        if draft.payload:
            payloads.append(_sealed_payload(tx, first + place, draft, salt))
    tx.connection.execute(
        insert(ledger_entry), [{"seq": first + place, "leaf": line} for place, line in enumerate(leaves)]
    )
    if payloads:
        tx.connection.execute(insert(ledger_payload), payloads)
    return _checked(tx, first, leaves)


def _checked(tx: Tx, first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Hash what the database gives back, and refuse when it is not what was written."""
    written = ledger_entry.c.seq.between(first, first + len(leaves) - 1)
    rows = tx.connection.execute(select(ledger_entry.c.leaf).where(written).order_by(ledger_entry.c.seq))
    stored = [_raw(line) for (line,) in rows]
    if stored != list(leaves):
        raise _damaged("what the database stored is not what was written")
    return [leaf_hash(line) for line in stored]


def _sealed_payload(tx: Tx, seq: int, draft: Draft, salt: bytes) -> dict[str, object]:
    key_id = f"{PURPOSE}:{draft.key or draft.run or draft.kind.value}"
    key = tx.keys.data(key_id, PURPOSE)
    ciphertext = encrypt(key, salt + draft.payload, _about_entry(seq), tx.store.entropy)
    return {"seq": seq, "key_id": key_id, "ciphertext": ciphertext}


def _about_entry(seq: int) -> str:
    return f"{PURPOSE} entry {seq}"


def _head_row(signed: Head, frontier: Frontier, marks: Marks | None) -> dict[str, object]:
    return {
        "size": signed.size,
        "root": signed.root,
        "at": signed.at,
        "signature": signed.signature,
        "peaks": b"".join(frontier.peaks),
        "marks": marks.marks if marks else None,
        "marks_signature": marks.signature if marks else None,
    }


def _damaged(what: str) -> Refused:
    return could_not_run(finding("K150", detail=what))
