"""The Merkle tree of RFC 9162 section 2.1 (the same tree as RFC 6962) over SHA-256, appended to leaf by leaf.

A node is named by (level, position): the root of the perfect subtree over the leaves from `position << level` up to
`(position + 1) << level`. Perfect subtrees never change: a ledger stores them (`tiles` says which), and every proof is
made from them. What is appended to is a *compact range*: the tree's size and the roots of its perfect subtrees from
left to right, at most one per bit of the size.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]  # (level, position) to hash


class ProofInvalid(Exception):
    """A proof that does not prove. `code`: `index`, `sizes`, `hash_length`, `path_length`, `root`, `old_root`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Node(NamedTuple):
    """The root of one perfect subtree."""

    level: int
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class CompactRange:
    """All that appending needs of a tree. Raises ValueError unless there is one peak for each set bit of `size`."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or self.size.bit_count() != len(self.peaks):
            raise ValueError(f"{len(self.peaks)} peaks for {self.size} leaves")


def leaf_hash(content: bytes) -> bytes:
    """The hash of a leaf with this content: SHA-256(0x00 || content)."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the parent of two nodes: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(tree: CompactRange, leaf: bytes) -> tuple[CompactRange, list[Node]]:
    """The tree with one more leaf hash, and the perfect subtrees that it completed, the leaf's own first."""
    return extend(tree, (leaf,))


def extend(tree: CompactRange, leaves: Iterable[bytes]) -> tuple[CompactRange, list[Node]]:
    """As `append`, leaf after leaf."""
    size, peaks, completed = tree.size, list(tree.peaks), []
    for leaf in leaves:
        node = Node(0, size, leaf)
        completed.append(node)
        while node.position & 1:
            node = Node(node.level + 1, node.position >> 1, node_hash(peaks.pop(), node.hash))
            completed.append(node)
        peaks.append(node.hash)
        size += 1
    return CompactRange(size, tuple(peaks)), completed


def root(tree: CompactRange) -> bytes:
    """The tree's root hash; SHA-256 of nothing for the empty tree."""
    return _fold(tree.peaks) if tree.peaks else EMPTY_ROOT


def compact_range(size: int, get_node: NodeReader) -> CompactRange:
    """The compact range of the first `size` leaves, from stored nodes."""
    return CompactRange(size, tuple(_peaks(0, size, get_node)))


def inclusion_path(index: int, size: int, get_node: NodeReader) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves (RFC 9162 section 2.1.3.1), from the leaf upward.

    `get_node(level, position)` gives a perfect subtree's hash. Raises ValueError where there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    path = []
    level, last = 0, size - 1
    while last:
        if index & 1:
            path.append(get_node(level, index - 1))
        elif index < last:
            path.append(_fold(_peaks((index + 1) << level, min((index + 2) << level, size), get_node)))
        index, last, level = index >> 1, last >> 1, level + 1
    return path


def consistency_path(old: int, new: int, get_node: NodeReader) -> list[bytes]:
    """The proof that the first `old` of `new` leaves are the old tree (RFC 9162 section 2.1.4.1).

    Empty where `old` is 0 or `new`. Raises ValueError where `old` is larger.
    """
    if not 0 <= old <= new:
        raise ValueError(f"{old} leaves do not come before {new}")
    if old in (0, new):
        return []
    path = []  # from the root downward
    start, end = 0, new
    while old != end:
        split = start + (1 << (end - start - 1).bit_length() - 1)
        if old <= split:
            path.append(_fold(_peaks(split, end, get_node)))
            end = split
        else:
            path.append(_fold(_peaks(start, split, get_node)))
            start = split
    if start:  # else what is left is the old tree itself, which the verifier knows
        path.append(_fold(_peaks(start, end, get_node)))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Return if `path` proves the leaf hash at `index` under `root` (RFC 9162 section 2.1.3.2); else `ProofInvalid`."""
    _check_hashes(leaf, *path, root)
    if not 0 <= index < size:
        raise ProofInvalid("index")
    node, last, computed = index, size - 1, leaf
    for sibling in path:
        if not last:
            raise ProofInvalid("path_length")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while not node & 1:  # the right edge rises past levels where it has no sibling
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid("path_length")
    if computed != root:
        raise ProofInvalid("root")


def verify_consistency(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Return if `path` proves that the new tree extends the old one (RFC 9162 section 2.1.4.2); else `ProofInvalid`.

    Every tree extends the empty one, whose root is `EMPTY_ROOT`, and itself, both by an empty path.
    """
    _check_hashes(*path, old_root, new_root)
    if not 0 <= old <= new:
        raise ProofInvalid("sizes")
    if old in (0, new):
        if path:
            raise ProofInvalid("path_length")
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ProofInvalid("old_root")
        if new == 0 and new_root != EMPTY_ROOT:
            raise ProofInvalid("root")
        return
    _verify_extension(old, new, path, old_root, new_root)


def _verify_extension(old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    steps = [old_root, *path] if old & (old - 1) == 0 else list(path)
    if not steps:
        raise ProofInvalid("path_length")
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = new_computed = steps[0]
    for step in steps[1:]:
        if not last:
            raise ProofInvalid("path_length")
        if node & 1 or node == last:
            old_computed = node_hash(step, old_computed)
            new_computed = node_hash(step, new_computed)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_computed = node_hash(new_computed, step)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid("path_length")
    if old_computed != old_root:
        raise ProofInvalid("old_root")
    if new_computed != new_root:
        raise ProofInvalid("root")


def _peaks(start: int, end: int, get_node: NodeReader) -> list[bytes]:
    """The perfect subtrees over the leaves from `start` to `end`, from left to right; `start` is aligned to them."""
    hashes = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(get_node(level, start >> level))
        start += 1 << level
    return hashes


def _fold(peaks: Sequence[bytes]) -> bytes:
    folded = peaks[-1]
    for peak in reversed(peaks[:-1]):
        folded = node_hash(peak, folded)
    return folded


def _check_hashes(*hashes: bytes) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise ProofInvalid("hash_length")
