"""The Merkle tree of RFC 6962: roots, an incremental frontier, inclusion and consistency proofs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

Nodes: TypeAlias = Callable[[int, int], bytes]
"""The hash of the complete subtree at (level, index): it covers the leaves index·2^level to (index+1)·2^level − 1."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_SIZE: Final = 32


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf; its prefix keeps it apart from an inner node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All that must be known of a tree to append to it: the roots of its complete subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError("a frontier has one peak per set bit of its size")

    @property
    def root(self) -> bytes:
        """The tree's root (the hash of nothing when it is empty)."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def extended(self, hashes: Iterable[bytes]) -> Frontier:
        """Append leaf hashes, level by level: one node per leaf on average, log2(size) steps for a single one."""
        nodes = list(hashes)
        size, rest = self.size + len(nodes), self.size
        peaks, fresh, sha256 = list(self.peaks), [], hashlib.sha256
        while nodes or rest:
            if rest & 1:
                nodes.insert(0, peaks.pop())
            if len(nodes) & 1:
                fresh.append(nodes.pop())
            nodes = [
                sha256(b"\x01" + left + right).digest() for left, right in zip(nodes[::2], nodes[1::2], strict=True)
            ]
            rest >>= 1
        return Frontier(size=size, peaks=tuple(reversed(fresh)))


def nodes_of(hashes: Sequence[bytes]) -> Nodes:
    """Subtree hashes of a tree whose leaf hashes are all at hand."""

    @cache
    def node(level: int, index: int) -> bytes:
        if level == 0:
            return hashes[index]
        return node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def range_hash(start: int, stop: int, nodes: Nodes) -> bytes:
    """Merkle tree hash of leaves start … stop − 1, where start is aligned as RFC 6962 splits align it."""
    width = stop - start
    if width == 0:
        return EMPTY_ROOT
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(width)
    return node_hash(range_hash(start, middle, nodes), range_hash(middle, stop, nodes))


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Show that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(range_hash(middle, stop, nodes))
            stop = middle
        else:
            proof.append(range_hash(start, middle, nodes))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Show that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962, 2.1.2)."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} is no prefix of a tree of {new}")
    if old in (0, new):
        return ()
    proof: list[bytes] = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(range_hash(middle, stop, nodes))
            stop = middle
        else:
            proof.append(range_hash(start, middle, nodes))
            start = middle
    if start > 0:  # otherwise the old root is itself the subtree, and the verifier knows it
        proof.append(range_hash(start, stop, nodes))
    return tuple(reversed(proof))


def includes(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Check an inclusion proof of a leaf hash against a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            node = node_hash(sibling, node)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and node == root


def extends(*, old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Check a consistency proof: nothing of the old tree was changed in the new one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    return bool(path) and _replayed(old - 1, new - 1, path) == (old_root, new_root)


def _replayed(position: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Both roots as the path gives them, or None when it is too long or too short."""
    while position & 1:
        position, last = position >> 1, last >> 1
    older = newer = path[0]
    for node in path[1:]:
        if last == 0:
            return None
        if position & 1 or position == last:
            older, newer = node_hash(node, older), node_hash(node, newer)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            newer = node_hash(newer, node)
        position, last = position >> 1, last >> 1
    return (older, newer) if last == 0 else None


def _split(width: int) -> int:
    """The largest power of two below `width`."""
    return 1 << ((width - 1).bit_length() - 1)
