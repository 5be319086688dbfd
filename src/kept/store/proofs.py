"""Proofs from the stored ledger: this entry is in it, and this older head is a prefix of it (RFC 6962, 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from kept.records.ledger import Head, Witness
from kept.records.tree import (
    HASH_SIZE,
    Frontier,
    Nodes,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
)
from kept.store.append import head_of, raw
from kept.store.open import Tx
from kept.store.tables import ledger_entry, ledger_head

_LEAVES_UP_TO: Final = 10
"""Subtrees up to this level are hashed from their leaves, larger ones put together from stored frontiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """A receipt that can be checked offline: leaf, place, path and signed head."""

    seq: int
    leaf: bytes
    path: tuple[bytes, ...]
    head: Head

    @property
    def holds(self) -> bool:
        """Whether the path leads from the leaf to the head's root; the head's signature is checked apart."""
        return includes(
            leaf=leaf_hash(self.leaf), index=self.seq, size=self.head.size, proof=self.path, root=self.head.root
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consistency:
    """Shows that nothing before an older head was changed since."""

    old: Witness
    path: tuple[bytes, ...]
    head: Head

    @property
    def holds(self) -> bool:
        """Whether the older root is a prefix of the head's."""
        new = self.head
        return extends(old=self.old.size, old_root=self.old.root, new=new.size, new_root=new.root, proof=self.path)


def inclusion(tx: Tx, seq: int) -> Inclusion | None:
    """The receipt of an entry under the latest head; None when there is no such entry."""
    head = _latest(tx)
    line = tx.connection.execute(select(ledger_entry.c.leaf).where(ledger_entry.c.seq == seq)).scalar()
    if head is None or line is None or not 0 <= seq < head.size:
        return None
    return Inclusion(seq=seq, leaf=raw(line), path=inclusion_proof(seq, head.size, _nodes(tx)), head=head)


def consistency(tx: Tx, old: Witness) -> Consistency | None:
    """Compare a head kept elsewhere with the latest; None when the ledger is shorter than that head."""
    head = _latest(tx)
    if head is None or old.size > head.size:
        return None
    return Consistency(old=old, path=consistency_proof(old.size, head.size, _nodes(tx)), head=head)


def _latest(tx: Tx) -> Head | None:
    row = tx.connection.execute(select(ledger_head).order_by(ledger_head.c.size.desc()).limit(1)).first()
    return None if row is None else head_of(row)


def _nodes(tx: Tx) -> Nodes:
    """Subtree hashes: a head's frontier ends with the subtree that was complete at its size."""

    def node(level: int, index: int) -> bytes:
        end = (index + 1) << level
        if level <= _LEAVES_UP_TO:
            return _root_of(tx, index << level, end)
        if index % 2 == 0:
            peaks = tx.connection.execute(select(ledger_head.c.peaks).where(ledger_head.c.size == end)).scalar()
            if peaks is not None:
                return raw(peaks)[-HASH_SIZE:]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def _root_of(tx: Tx, start: int, stop: int) -> bytes:
    rows = select(ledger_entry.c.leaf).where(ledger_entry.c.seq >= start, ledger_entry.c.seq < stop)
    leaves = tx.connection.execute(rows.order_by(ledger_entry.c.seq)).scalars()
    return Frontier().extended(leaf_hash(raw(line)) for line in leaves).root
