"""Laws of the ledger: whatever is done to a copy is found, and the first bad entry is named (T2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.records.audit import UNPROVEN_LIMIT, Audit, verify
from kept.records.export import CONTROL, control_line, header_line
from kept.records.ledger import (
    Draft,
    Kind,
    Witness,
    instant_text,
    leaf,
    sign_end,
    sign_head,
    sign_marks,
    witness_of,
)
from kept.records.tree import Frontier, consistency_proof, extends, includes, inclusion_proof, leaf_hash, nodes_of

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
THIEF = Ed25519PrivateKey.from_private_bytes(b"t" * 32)
SMALL = 3
"""In these copies a group up to this size has one head per entry, a larger one has marks and one head."""


@dataclass(frozen=True, kw_only=True)
class Copy:
    """An exported ledger, and where its entries are among its lines."""

    lines: tuple[bytes, ...]
    heads: tuple[str, ...]

    @property
    def places(self) -> list[int]:
        return [at for at, line in enumerate(self.lines) if line.startswith(b'{"actor":')]


def copy_of(groups: Sequence[int], key: Ed25519PrivateKey = KEY, salt: int = 0) -> Copy:
    """Export a ledger appended in groups of these sizes, written without the store."""
    lines, heads, frontier = [header_line(key.public_key().public_bytes_raw())], [], Frontier()
    for number, size in enumerate(groups):
        at = START + timedelta(hours=number)
        leaves = [_leaf(frontier.size + place, at, salt) for place in range(size)]
        hashes = [leaf_hash(line) for line in leaves]
        if size > SMALL:
            marks = control_line(sign_marks(hashes, first=frontier.size, key=key))
        for step in [[each] for each in range(size)] if size <= SMALL else [range(size)]:
            frontier = frontier.extended(hashes[each] for each in step)
            lines.extend(leaves[each] + b"\n" for each in step)
            head = sign_head(frontier, at=at, key=key)
            lines.extend([marks, control_line(head)] if size > SMALL else [control_line(head)])
            heads.append(head.short)
    end = sign_end(size=frontier.size, root=frontier.root, heads=len(heads), at=START, key=key)
    return Copy(lines=(*lines, control_line(end)), heads=tuple(heads))


def _leaf(seq: int, at: datetime, salt: int) -> bytes:
    draft = Draft(kind=Kind.BATCH_APPLIED, actor="clock", run="r", counts={"shop.t": seq % 5})
    return leaf(draft, seq=seq, at=instant_text(at), salt=bytes([salt]) * 32)


law = settings(deadline=None)
groups = st.lists(st.integers(1, 9), min_size=1, max_size=6)


@law
@given(groups)
def test_an_untouched_copy_holds_and_every_entry_is_proven(sizes: list[int]) -> None:
    copy = copy_of(sizes)
    found = verify(copy.lines, key=KEY.public_key().public_bytes_raw(), witnesses=[witness_of(h) for h in copy.heads])
    assert found.problems == ()
    assert (found.proven, found.heads, found.first_bad) == (sum(sizes), len(copy.heads), None)


@law
@given(groups, st.data())
def test_an_altered_entry_is_named(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    index = data.draw(st.integers(0, sum(sizes) - 1))
    lines = list(copy.lines)
    place = copy.places[index]
    at = data.draw(st.integers(0, len(lines[place]) - 2))
    flip = 1 << data.draw(st.integers(0, 7))
    changed = bytes([*lines[place][:at], lines[place][at] ^ flip, *lines[place][at + 1 :]])
    lines[place] = changed
    assert named(verify(_as_lines(lines))) == index


@law
@given(groups, st.data())
def test_a_deleted_entry_is_named(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    index = data.draw(st.integers(0, sum(sizes) - 1))
    lines = list(copy.lines)
    del lines[copy.places[index]]
    assert named(verify(lines)) == index


@law
@given(groups, st.data())
def test_an_inserted_entry_is_named(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    index = data.draw(st.integers(0, sum(sizes) - 1))
    lines = list(copy.lines)
    lines.insert(copy.places[index], _leaf(index, START, 9) + b"\n")
    assert named(verify(lines)) == index


@law
@given(groups, st.data())
def test_an_entry_inserted_behind_another_is_named(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    index = data.draw(st.integers(0, sum(sizes) - 1))
    lines = list(copy.lines)
    lines.insert(copy.places[index] + 1, _leaf(index + 1, START, 9) + b"\n")
    assert named(verify(lines)) == index + 1


@law
@given(groups, st.integers(-1, 0))
def test_an_entry_added_at_the_end_is_named(sizes: list[int], from_end: int) -> None:
    lines = list(copy_of(sizes).lines)
    lines.insert(len(lines) + from_end, _leaf(sum(sizes), START, 9) + b"\n")
    found = verify(lines)
    assert (named(found), found.proven) == (sum(sizes), sum(sizes))


@law
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.data())
def test_the_first_of_two_entries_that_changed_places_is_named(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    first, second = sorted(data.draw(st.lists(st.integers(0, sum(sizes) - 1), min_size=2, max_size=2, unique=True)))
    lines = list(copy.lines)
    one, other = copy.places[first], copy.places[second]
    lines[one], lines[other] = lines[other], lines[one]
    assert named(verify(lines)) == first


@law
@given(groups, st.data())
def test_a_copy_cut_short_names_the_first_entry_it_no_longer_proves(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    cut = data.draw(st.integers(1, len(copy.lines) - 1))
    kept = copy.lines[:cut]
    found = verify(kept)
    proven = max((int(h.partition(":")[0]) for h, at in _heads_at(copy) if at < cut), default=0)
    assert not found.holds
    assert named(found) == proven


@law
@given(groups, st.data())
def test_whatever_bit_of_a_copy_is_flipped_something_is_found(sizes: list[int], data: st.DataObject) -> None:
    whole = b"".join(copy_of(sizes).lines)
    at = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([*whole[:at], whole[at] ^ (1 << data.draw(st.integers(0, 7))), *whole[at + 1 :]])
    assert not verify(flipped.splitlines(keepends=True)).holds
    assert not verify(_as_lines([flipped])).holds


@law
@given(groups, st.data())
def test_an_altered_entry_whose_heads_are_altered_too_is_still_found(sizes: list[int], data: st.DataObject) -> None:
    copy, forged = copy_of(sizes), copy_of(sizes, THIEF, salt=7)
    index = data.draw(st.integers(0, sum(sizes) - 1))
    place = copy.places[index]
    found = verify([*copy.lines[:place], *forged.lines[place:]], key=KEY.public_key().public_bytes_raw())
    assert found.first_bad is not None
    assert found.first_bad <= index
    assert found.last_bad is not None


@law
@given(groups, st.data())
def test_removed_signed_lines_are_found(sizes: list[int], data: st.DataObject) -> None:
    copy = copy_of(sizes)
    signed = [at for at, line in enumerate(copy.lines) if line.startswith((CONTROL[0], CONTROL[2]))]
    lines = list(copy.lines)
    del lines[data.draw(st.sampled_from(signed))]
    assert not verify(lines).holds


@law
@given(groups, st.data())
def test_a_ledger_written_anew_with_the_true_key_is_found_by_a_witness(sizes: list[int], data: st.DataObject) -> None:
    true, anew = copy_of(sizes), copy_of(sizes, salt=7)
    witness = witness_of(data.draw(st.sampled_from(true.heads)))
    assert verify(anew.lines).holds
    found = verify(anew.lines, witnesses=[witness])
    assert named_range(found) == (0, witness.size - 1)


@law
@given(st.lists(st.integers(1, 9), min_size=2, max_size=6), st.data())
def test_a_ledger_rolled_back_is_found_by_a_witness(sizes: list[int], data: st.DataObject) -> None:
    kept = data.draw(st.integers(1, len(sizes) - 1))
    earlier, later = copy_of(sizes[:kept]), copy_of(sizes)
    assert verify(earlier.lines).holds
    found = verify(earlier.lines, witnesses=[witness_of(h) for h in later.heads])
    assert [problem.code for problem in found.problems] == ["L106"]
    assert found.first_bad == sum(sizes[:kept])


@law
@given(st.integers(1, 60), st.data())
def test_a_forged_inclusion_proof_does_not_verify(size: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([at])) for at in range(size)]
    root, index = Frontier().extended(hashes).root, data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(index, size, nodes_of(hashes)))
    assert includes(leaf=hashes[index], index=index, size=size, proof=proof, root=root)
    for step in range(len(proof)):
        forged = [*proof[:step], leaf_hash(proof[step]), *proof[step + 1 :]]
        assert not includes(leaf=hashes[index], index=index, size=size, proof=forged, root=root)
    assert not includes(leaf=hashes[index], index=index, size=size, proof=proof, root=leaf_hash(root))


@law
@given(st.integers(2, 60), st.data())
def test_a_forged_consistency_proof_does_not_verify(new: int, data: st.DataObject) -> None:
    hashes = [leaf_hash(bytes([at])) for at in range(new)]
    old = data.draw(st.integers(1, new - 1))
    proof = list(consistency_proof(old, new, nodes_of(hashes)))
    roots = {"old_root": Frontier().extended(hashes[:old]).root, "new_root": Frontier().extended(hashes).root}
    assert extends(old=old, new=new, proof=proof, **roots)
    for step in range(len(proof)):
        forged = [*proof[:step], leaf_hash(proof[step]), *proof[step + 1 :]]
        assert not extends(old=old, new=new, proof=forged, **roots)
    for name in roots:
        assert not extends(old=old, new=new, proof=proof, **{**roots, name: leaf_hash(b"x")})


def test_every_single_entry_of_a_large_group_is_named_exactly() -> None:
    copy = copy_of([2, 40, 1])
    for index, place in enumerate(copy.places):
        lines = list(copy.lines)
        lines[place] = lines[place].replace(b"clock", b"cloak")
        assert named(verify(lines)) == index


def test_without_marks_the_entries_that_one_head_answers_for_are_named() -> None:
    copy = copy_of([2, 8, 2])
    lines = [line for line in copy.lines if not line.startswith(CONTROL[1])]
    place = [at for at, line in enumerate(lines) if line.startswith(b'{"actor":')][5]
    lines[place] = lines[place].replace(b"clock", b"cloak")
    assert named_range(verify(lines)) == (2, 9)


def test_marks_of_another_key_do_not_mislead() -> None:
    copy, forged = copy_of([8]), copy_of([8], THIEF, salt=3)
    lines = [f if line.startswith(CONTROL[1]) else line for line, f in zip(copy.lines, forged.lines, strict=True)]
    lines[copy.places[4]] = forged.lines[copy.places[4]]
    found = verify(lines)
    assert named_range(found) == (0, 7)
    assert {problem.code for problem in found.problems} == {"L101", "L104"}


def test_two_witnesses_narrow_down_what_was_written_anew() -> None:
    copy = copy_of([1, 1, 1, 1])
    wrong = Witness(size=3, root=leaf_hash(b"x"))
    found = verify(copy.lines, witnesses=[wrong, witness_of(copy.heads[1])])
    assert named_range(found) == (2, 2)


def test_a_witness_inside_a_group_is_compared_too() -> None:
    copy = copy_of([8])
    hashes = [leaf_hash(copy.lines[at][:-1]) for at in copy.places]
    inside = Witness(size=5, root=Frontier().extended(hashes[:5]).root)
    assert verify(copy.lines, witnesses=[inside]).holds
    assert not verify(copy.lines, witnesses=[Witness(size=5, root=hashes[0])]).holds


def test_a_copy_signed_throughout_with_another_key_is_refused_when_the_key_is_known() -> None:
    forged = copy_of([3, 5], THIEF)
    assert verify(forged.lines).holds
    found = verify(forged.lines, key=KEY.public_key().public_bytes_raw())
    assert {"L104", "L108", "L110"} == {problem.code for problem in found.problems}
    assert (found.proven, found.first_bad) == (0, 0)


def test_a_repeated_head_makes_no_entry_bad() -> None:
    copy = copy_of([2, 5])
    at = next(place for place, line in enumerate(copy.lines) if line.startswith(CONTROL[0]))
    found = verify([*copy.lines[: at + 1], copy.lines[at], *copy.lines[at + 1 :]])
    assert (found.first_bad, found.proven) == (None, 7)
    assert [problem.code for problem in found.problems] == ["L104", "L105"]


def test_a_head_spelled_another_way_counts_as_altered() -> None:
    copy = copy_of([1])
    lines = [line.upper().replace(b"HEAD", b"head") if line.startswith(CONTROL[0]) else line for line in copy.lines]
    spaced = [line.replace(b":", b": ") if line.startswith(CONTROL[0]) else line for line in copy.lines]
    root = verify(copy.lines).head
    assert root is not None
    digits = root.root.hex().encode()
    capital = [line.replace(digits, digits.upper()) for line in copy.lines]
    assert not any(verify(each).holds for each in (lines, spaced, capital))


def test_reading_stops_when_no_head_proves_anything_for_long() -> None:
    lines = iter([copy_of([1]).lines[0], *[b"x\n"] * (2 * UNPROVEN_LIMIT)])
    found = verify(lines)
    assert len(list(lines)) == UNPROVEN_LIMIT - 1
    assert [problem.code for problem in found.problems] == ["L105"]
    assert named_range(found) == (0, UNPROVEN_LIMIT)


def test_an_empty_ledger_holds_and_proves_nothing() -> None:
    found = verify(copy_of([]).lines)
    assert found.holds
    assert (found.proven, found.head) == (0, None)


@pytest.mark.parametrize(
    "junk", [[], [b""], [b"\n"], [b"PK\x03\x04"], [b'{"kept-ledger":2,"key":"00"}\n'], [b"[" * 10_000]]
)
def test_what_is_no_ledger_gets_one_clear_answer(junk: list[bytes]) -> None:
    found = verify(junk)
    assert [problem.code for problem in found.problems] == ["L109"]
    assert found.proven == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30))
def test_random_lines_after_a_true_first_line_prove_nothing(junk: list[bytes]) -> None:
    found = verify([copy_of([1]).lines[0], *junk])
    assert not found.holds
    assert found.proven == 0


def named(found: Audit) -> int | None:
    """The first bad entry, when it is named exactly."""
    assert not found.holds
    return found.first_bad if found.first_bad == found.last_bad else None


def named_range(found: Audit) -> tuple[int | None, int | None]:
    assert not found.holds
    return found.first_bad, found.last_bad


def _heads_at(copy: Copy) -> list[tuple[str, int]]:
    at = [place for place, line in enumerate(copy.lines) if line.startswith(CONTROL[0])]
    return list(zip(copy.heads, at, strict=True))


def _as_lines(lines: Sequence[bytes]) -> list[bytes]:
    """Read them as a file would give them: cut after each line feed and nowhere else."""
    whole = b"".join(lines)
    ends = [0, *(at + 1 for at, byte in enumerate(whole) if byte == 0x0A), len(whole)]
    return [whole[start:stop] for start, stop in pairwise(ends) if stop > start]
