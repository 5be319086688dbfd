"""Receipts and prefix proofs from the stored ledger."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, update

from kept.records.ledger import Draft, Head, Kind, Witness, entry_of, head_holds
from kept.records.tree import leaf_hash
from kept.store import ledger, proofs, tables
from kept.store.open import Store, open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GROUPS = (3, 1024, 1024, 1, 2048, 500)


@pytest.fixture(scope="module")
def heads() -> list[Head]:
    """Heads after each group of the module's ledger."""
    return []


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, heads: list[Head]) -> Iterator[Store]:
    """A ledger of 4,600 entries in groups whose ends do not fall on powers of two."""
    place: Path = tmp_path_factory.mktemp("proofs") / "store.db"
    found = open_store(place, environ={"KEPT_KEY": base64.b64encode(b"m" * 32).decode()})
    for size in GROUPS:
        with found.write() as tx:
            drafts = (Draft(kind=Kind.DRILL, actor="clock", counts={"n": number}) for number in range(size))
            heads.append(ledger.append(tx, drafts, at=NOW).head)
    yield found
    found.close()


@pytest.mark.parametrize("seq", [0, 1, 2, 3, 1023, 1024, 2050, 2051, 2052, 4095, 4096, 4599])
def test_the_receipt_of_an_entry_can_be_checked_without_the_store(store: Store, seq: int) -> None:
    with store.read() as tx:
        receipt = proofs.inclusion(tx, seq)
        key = Ed25519PublicKey.from_public_bytes(ledger.public_key(tx))
    assert receipt is not None
    assert receipt.holds
    assert head_holds(receipt.head, key)
    assert entry_of(receipt.leaf).seq == seq
    assert not replace(receipt, leaf=receipt.leaf + b" ").holds
    assert not replace(receipt, seq=(seq + 1) % 4600).holds


@pytest.mark.parametrize("seq", [-1, 4600])
def test_there_is_no_receipt_for_what_is_not_in_the_ledger(store: Store, seq: int) -> None:
    with store.read() as tx:
        assert proofs.inclusion(tx, seq) is None


def test_every_earlier_head_is_shown_to_be_a_prefix(store: Store, heads: list[Head]) -> None:
    with store.read() as tx:
        for old in heads:
            shown = proofs.consistency(tx, Witness(size=old.size, root=old.root))
            assert shown is not None
            assert shown.holds, old.size
            assert not replace(shown, old=Witness(size=old.size, root=leaf_hash(b"x"))).holds
        assert proofs.consistency(tx, Witness(size=4601, root=leaf_hash(b"x"))) is None


def test_an_edited_entry_has_no_receipt_that_holds(store: Store) -> None:
    changed = update(tables.ledger_entry).where(tables.ledger_entry.c.seq == 7)
    with store.write() as tx, tx.connection.begin_nested() as undo:
        tx.connection.execute(changed.values(leaf=func.replace(tables.ledger_entry.c.leaf, b"clock", b"cloak")))
        receipts = [proofs.inclusion(tx, seq) for seq in (7, 8)]
        undo.rollback()
    assert [receipt.holds if receipt else None for receipt in receipts] == [False, False]


def test_an_empty_ledger_has_nothing_to_show(tmp_path: Path) -> None:
    with open_store(tmp_path / "store.db", environ={}).read() as tx:
        assert proofs.inclusion(tx, 0) is None
        assert proofs.consistency(tx, Witness(size=0, root=leaf_hash(b"x"))) is None
