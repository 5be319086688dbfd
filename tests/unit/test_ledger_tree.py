"""RFC 6962: the known roots, and proofs against the recursive definition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from kept.records.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    extends,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_of,
    range_hash,
)

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 200


def root_by_definition(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word and without the product's code."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    left, right = root_by_definition(hashes[:split]), root_by_definition(hashes[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def hashes_of(size: int) -> list[bytes]:
    return [leaf_hash(str(place).encode()) for place in range(size)]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root == EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_eight_classic_leaves_give_the_known_roots(size: int) -> None:
    assert Frontier().extended(leaf_hash(leaf) for leaf in LEAVES[:size]).root.hex() == ROOTS[size - 1]


def test_a_leaf_that_spells_out_a_node_is_not_that_node() -> None:
    left, right = hashes_of(2)
    assert leaf_hash(left + right) != node_hash(left, right)


def test_appending_one_by_one_and_in_groups_gives_the_defined_root_at_every_size() -> None:
    hashes, single = hashes_of(MOST), Frontier()
    for size in range(1, MOST + 1):
        single = single.extended([hashes[size - 1]])
        assert single.root == root_by_definition(hashes[:size])
        for start in (0, size // 3, size - 1):
            assert Frontier().extended(hashes[:start]).extended(hashes[start:size]) == single


def test_a_frontier_with_a_peak_too_few_is_refused() -> None:
    with pytest.raises(ValueError, match="one peak per set bit"):
        Frontier(size=3, peaks=(leaf_hash(b""),))


def test_every_inclusion_proof_up_to_200_leaves_verifies_and_no_other_leaf_does() -> None:
    hashes = hashes_of(MOST)
    for size in range(1, MOST + 1):
        nodes, root = nodes_of(hashes[:size]), root_by_definition(hashes[:size])
        for index in {0, size // 2, size - 1, (size * 7) % size, max(0, size - 2)}:
            proof = inclusion_proof(index, size, nodes)
            assert includes(leaf=hashes[index], index=index, size=size, proof=proof, root=root)
            assert not includes(leaf=leaf_hash(b"other"), index=index, size=size, proof=proof, root=root)
            other = (index + 1) % size
            assert other == index or not includes(leaf=hashes[index], index=other, size=size, proof=proof, root=root)


def test_consistency_holds_for_every_pair_of_sizes_up_to_200() -> None:
    hashes = hashes_of(MOST)
    roots = [root_by_definition(hashes[:size]) for size in range(MOST + 1)]
    nodes = nodes_of(hashes)
    for new in range(MOST + 1):
        for old in range(new + 1):
            proof = consistency_proof(old, new, nodes)
            assert extends(old=old, old_root=roots[old], new=new, new_root=roots[new], proof=proof)
            assert len(proof) <= new.bit_length() + 1


def test_a_history_that_was_changed_is_not_consistent() -> None:
    hashes = hashes_of(40)
    for old in range(1, 40):
        changed = [leaf_hash(b"forged"), *hashes[1:]]
        proof = consistency_proof(old, 40, nodes_of(changed))
        old_root, new_root = root_by_definition(hashes[:old]), root_by_definition(changed)
        assert not extends(old=old, old_root=old_root, new=40, new_root=new_root, proof=proof)


def test_a_range_hash_is_the_root_of_its_leaves() -> None:
    hashes = hashes_of(21)
    assert range_hash(16, 21, nodes_of(hashes)) == root_by_definition(hashes[16:21])
    assert range_hash(0, 0, nodes_of(hashes)) == EMPTY_ROOT


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(index, size, nodes_of(hashes_of(3)))
    assert not includes(leaf=leaf_hash(b""), index=index, size=size, proof=(), root=EMPTY_ROOT)


def test_a_larger_tree_is_no_prefix_of_a_smaller_one() -> None:
    with pytest.raises(ValueError, match="no prefix"):
        consistency_proof(4, 3, nodes_of(hashes_of(4)))
    assert not extends(old=4, old_root=EMPTY_ROOT, new=3, new_root=EMPTY_ROOT, proof=())


def test_an_inner_node_is_not_taken_for_the_root() -> None:
    hashes = hashes_of(4)
    inner = node_hash(hashes[0], hashes[1])
    assert not includes(leaf=hashes[0], index=0, size=4, proof=hashes[1:2], root=inner)
    assert not extends(old=1, old_root=hashes[0], new=4, new_root=inner, proof=hashes[1:2])


def test_proofs_that_are_too_long_or_too_short_are_refused() -> None:
    hashes = hashes_of(13)
    nodes, root = nodes_of(hashes), root_by_definition(hashes)
    proof = inclusion_proof(5, 13, nodes)
    assert not includes(leaf=hashes[5], index=5, size=13, proof=proof[:-1], root=root)
    assert not includes(leaf=hashes[5], index=5, size=13, proof=(*proof, EMPTY_ROOT), root=root)
    older = root_by_definition(hashes[:6])
    path = consistency_proof(6, 13, nodes)
    assert not extends(old=6, old_root=older, new=13, new_root=root, proof=path[:-1])
    assert not extends(old=6, old_root=older, new=13, new_root=root, proof=(*path, EMPTY_ROOT))
    assert not extends(old=6, old_root=older, new=13, new_root=root, proof=())
