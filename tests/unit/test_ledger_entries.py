"""Envelopes, commitments and signed heads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kept.records.ledger import (
    Draft,
    Kind,
    commit,
    entry_of,
    head_holds,
    instant_of,
    instant_text,
    leaf,
    opens,
    sign_head,
    witness_of,
)
from kept.records.tree import Frontier, leaf_hash

AT = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
SALT = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
DRAFT = Draft(
    kind=Kind.BATCH_APPLIED,
    actor="privacy-officer",
    run="run-1",
    counts={"shop.tickets": 3, "shop.accounts": 1},
    links={"plan": "ab" * 32},
    payload=b"anna@example.org",
)


def test_a_leaf_is_canonical_json_and_reads_back_as_its_entry() -> None:
    line = leaf(DRAFT, seq=7, at=instant_text(AT), salt=SALT)
    assert json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode() == line
    entry = entry_of(line)
    assert (entry.seq, entry.at, entry.kind, entry.actor, entry.run) == (7, AT, DRAFT.kind, DRAFT.actor, "run-1")
    assert entry.counts == DRAFT.counts
    assert entry.links == DRAFT.links


def test_the_payload_is_committed_to_and_stands_nowhere_in_the_leaf() -> None:
    line = leaf(DRAFT, seq=0, at=instant_text(AT), salt=SALT)
    assert b"anna" not in line
    assert opens(entry_of(line), salt=SALT, payload=DRAFT.payload)
    assert not opens(entry_of(line), salt=SALT, payload=b"bert@example.org")
    assert not opens(entry_of(line), salt=bytes(32), payload=DRAFT.payload)


def test_equal_payloads_under_other_salts_cannot_be_told_to_be_equal() -> None:
    assert commit(SALT, b"x") != commit(bytes(32), b"x")
    with pytest.raises(ValueError, match="32 bytes"):
        commit(b"short", b"x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"actor": "Anna Berg"},
        {"actor": "anna@example.org"},
        {"run": 'r"1'},
        {"run": "anna@example.org"},
        {"links": {"plan": "not a digest"}},
        {"links": {"Plan X": "ab" * 32}},
        {"counts": {"shop.tickets": 1.5}},
        {"counts": {"shop.tickets": True}},
    ],
)
def test_the_envelope_refuses_what_could_carry_a_personal_value(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"role|opaque|link|whole"):
        replace(DRAFT, **wrong)  # type: ignore[arg-type]


def test_a_table_with_a_strange_name_still_gives_a_canonical_leaf() -> None:
    odd = Draft(kind=Kind.DRILL, actor="clock", counts={'my "t\u202e\\\n@': 2, "zä": 1})
    line = leaf(odd, seq=0, at=instant_text(AT), salt=SALT)
    assert sorted(entry_of(line).counts.values()) == [1, 2]


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"seq": 1}', b"\xff", b"null"])
def test_what_is_not_an_envelope_is_not_read_as_one(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        entry_of(line)


def test_instants_are_utc_text_whose_order_is_the_order_of_time() -> None:
    oslo = timezone(timedelta(hours=2))
    assert instant_text(datetime(2026, 1, 1, 1, tzinfo=oslo)) == "2025-12-31T23:00:00.000000Z"
    assert instant_of(instant_text(AT)) == AT
    assert instant_text(datetime(900, 1, 1, tzinfo=UTC)) < instant_text(AT)
    with pytest.raises(ValueError, match="zone"):
        instant_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test


def test_a_head_is_signed_over_size_root_and_instant() -> None:
    frontier = Frontier().extended([leaf_hash(b"a"), leaf_hash(b"b")])
    head = sign_head(frontier, at=AT, key=KEY)
    public = KEY.public_key()
    assert head_holds(head, public)
    assert not head_holds(replace(head, size=3), public)
    assert not head_holds(replace(head, root=leaf_hash(b"c")), public)
    assert not head_holds(replace(head, at=AT + timedelta(microseconds=1)), public)
    assert not head_holds(head, Ed25519PrivateKey.from_private_bytes(b"x" * 32).public_key())


def test_a_witness_reads_what_a_head_gives_out() -> None:
    head = sign_head(Frontier().extended([leaf_hash(b"a")]), at=AT, key=KEY)
    assert witness_of(f" {head.short}\n") == witness_of(head.short)
    assert witness_of(head.short).root == head.root
    for wrong in ("", "1", "x:" + "ab" * 32, "1:abc"):
        with pytest.raises(ValueError, match="size:root"):
            witness_of(wrong)
