"""merkle: the published vectors, an independent implementation, and every proof against every change of it."""

import hashlib
import random

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.logic import merkle
from jiwar.audit.logic.merkle import CompactRange, Node, ProofInvalid

# The eight leaves of certificate-transparency's merkle_tree_test.cc, their roots and some of their proofs.
VECTOR_LEAVES = [
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
VECTOR_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# (leaf counting from 0, size, path)
VECTOR_INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
# (old size, new size, path)
VECTOR_CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


class Tree:
    """A grown tree with its stored nodes."""

    def __init__(self, contents: list[bytes]) -> None:
        self.contents = contents
        self.ranges = [CompactRange()]
        self.nodes: dict[tuple[int, int], bytes] = {}
        for content in contents:
            grown, completed = merkle.append(self.ranges[-1], merkle.leaf_hash(content))
            for level, index, value in completed:
                assert (level, index) not in self.nodes
                self.nodes[level, index] = value
            self.ranges.append(grown)

    def get(self, level: int, index: int) -> bytes:
        return self.nodes[level, index]

    def root(self, size: int) -> bytes:
        return merkle.root(self.ranges[size])


def grown(size: int) -> Tree:
    return Tree([index.to_bytes(4, "big") for index in range(size)])


BIG = grown(200)
sizes = st.integers(1, 200)


def recursive_root(contents: list[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, word for word."""
    if not contents:
        return hashlib.sha256(b"").digest()
    if len(contents) == 1:
        return hashlib.sha256(b"\0" + contents[0]).digest()
    k = 1
    while k * 2 < len(contents):
        k *= 2
    return hashlib.sha256(b"\1" + recursive_root(contents[:k]) + recursive_root(contents[k:])).digest()


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in path]


@pytest.mark.parametrize("size", range(9))
def test_vector_roots(size):
    assert Tree(VECTOR_LEAVES).root(size).hex() == VECTOR_ROOTS[size]


@pytest.mark.parametrize(("index", "size", "path"), VECTOR_INCLUSION)
def test_vector_inclusion(index, size, path):
    assert merkle.inclusion_path(index, size, Tree(VECTOR_LEAVES).get) == unhex(path)
    leaf = merkle.leaf_hash(VECTOR_LEAVES[index])
    merkle.verify_inclusion(leaf, index, size, unhex(path), bytes.fromhex(VECTOR_ROOTS[size]))


@pytest.mark.parametrize(("old", "new", "path"), VECTOR_CONSISTENCY)
def test_vector_consistency(old, new, path):
    assert merkle.consistency_path(old, new, Tree(VECTOR_LEAVES).get) == unhex(path)
    merkle.verify_consistency(old, new, unhex(path), bytes.fromhex(VECTOR_ROOTS[old]), bytes.fromhex(VECTOR_ROOTS[new]))


def test_roots_are_those_of_the_recursive_definition():
    for size in range(70):
        assert BIG.root(size) == recursive_root(BIG.contents[:size])


def test_append_names_the_subtrees_it_completes():
    four = grown(3).ranges[3]
    leaf = merkle.leaf_hash(b"fourth")
    after, completed = merkle.append(four, leaf)
    assert [(node.level, node.position) for node in completed] == [(0, 3), (1, 1), (2, 0)]
    assert completed[0] == Node(0, 3, leaf)
    assert after == CompactRange(4, (completed[-1].hash,))
    assert four.size == 3  # the range appended to is left as it was


def test_every_small_proof_verifies():
    for size in range(1, 34):
        for index in range(size):
            path = merkle.inclusion_path(index, size, BIG.get)
            merkle.verify_inclusion(BIG.nodes[0, index], index, size, path, BIG.root(size))
        for old in range(size + 1):
            path = merkle.consistency_path(old, size, BIG.get)
            merkle.verify_consistency(old, size, path, BIG.root(old), BIG.root(size))


def test_pymerkle_agrees():
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    for content in BIG.contents[:70]:
        oracle.append_entry(content)
    chance = random.Random(9162)
    for size in range(1, 71):
        assert oracle.get_root(size) == BIG.root(size)
        index = chance.randrange(size)
        path = oracle.prove_inclusion(index + 1, size).path  # the oracle's path begins with the leaf itself
        assert path == [BIG.nodes[0, index], *merkle.inclusion_path(index, size, BIG.get)]


def test_consistency_paths_are_those_of_the_recursive_definition():
    def subproof(m: int, contents: list[bytes], known: bool) -> list[bytes]:
        """SUBPROOF of RFC 9162 section 2.1.4.1, word for word."""
        n = len(contents)
        if m == n:
            return [] if known else [recursive_root(contents)]
        k = 1
        while k * 2 < n:
            k *= 2
        if m <= k:
            return [*subproof(m, contents[:k], known), recursive_root(contents[k:])]
        return [*subproof(m - k, contents[k:], False), recursive_root(contents[:k])]

    for new in range(1, 34):
        for old in range(1, new + 1):
            assert merkle.consistency_path(old, new, BIG.get) == subproof(old, BIG.contents[:new], True)


@given(sizes)
def test_a_range_is_found_again_from_its_nodes(size):
    assert merkle.compact_range(size, BIG.get) == BIG.ranges[size]


def refused(verify, *arguments) -> str:
    with pytest.raises(ProofInvalid) as caught:
        verify(*arguments)
    return caught.value.code


def mutations(data, path: list[bytes]) -> list[bytes]:
    """`path` changed in one way: a bit, a hash left out, put in, doubled, or two in each other's place."""
    ways = ["insert"] + (["bit", "drop", "double"] if path else []) + (["swap"] if len(set(path)) > 1 else [])
    way = data.draw(st.sampled_from(ways))
    changed = list(path)
    at = data.draw(st.integers(0, max(len(path) - 1, 0)))
    if way == "insert":
        changed.insert(data.draw(st.integers(0, len(path))), data.draw(st.binary(min_size=32, max_size=32)))
    elif way == "bit":
        changed[at] = flipped(data, changed[at])
    elif way == "drop":
        del changed[at]
    elif way == "double":
        changed.insert(at, changed[at])
    else:
        other = data.draw(st.integers(0, len(path) - 1).filter(lambda index: path[index] != path[at]))
        changed[at], changed[other] = changed[other], changed[at]
    return changed


def flipped(data, value: bytes) -> bytes:
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    return (int.from_bytes(value, "big") ^ 1 << bit).to_bytes(len(value), "big")


@given(sizes, st.data())
def test_changed_inclusion_proofs_are_refused(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaf, top = BIG.nodes[0, index], BIG.root(size)
    path = merkle.inclusion_path(index, size, BIG.get)
    merkle.verify_inclusion(leaf, index, size, path, top)
    verify = merkle.verify_inclusion
    assert refused(verify, leaf, index, size, mutations(data, path), top) in ("root", "path_length")
    assert refused(verify, flipped(data, leaf), index, size, path, top) == "root"
    assert refused(verify, leaf, index, size, path, flipped(data, top)) == "root"
    if size > 1:
        other = data.draw(st.integers(0, size - 1).filter(lambda each: each != index))
        assert refused(verify, leaf, other, size, path, top) in ("root", "path_length")


@given(sizes, st.data())
def test_changed_consistency_proofs_are_refused(new, data):
    old = data.draw(st.integers(0, new))
    before, after = BIG.root(old), BIG.root(new)
    path = merkle.consistency_path(old, new, BIG.get)
    merkle.verify_consistency(old, new, path, before, after)
    verify = merkle.verify_consistency
    codes = ("root", "old_root", "path_length")
    assert refused(verify, old, new, mutations(data, path), before, after) in codes
    assert refused(verify, old, new, path, flipped(data, before), after) in codes
    if old:
        assert refused(verify, old, new, path, before, flipped(data, after)) in codes
    if 0 < old < new:
        other = data.draw(st.integers(1, new).filter(lambda each: each != old))
        assert refused(verify, other, new, path, before, after) in codes


def test_a_rewritten_past_has_no_consistency_proof():
    rewritten = Tree([b"rewritten", *BIG.contents[1:20]])
    path = merkle.consistency_path(7, 20, rewritten.get)
    assert refused(merkle.verify_consistency, 7, 20, path, BIG.root(7), rewritten.root(20)) == "old_root"


def test_a_node_is_no_leaf():
    """The second preimage that the prefixes of RFC 6962 shut out: an inner node given out as a leaf."""
    left, right = BIG.nodes[0, 0], BIG.nodes[0, 1]
    forged = merkle.leaf_hash(left + right)
    assert refused(merkle.verify_inclusion, forged, 0, 2, [BIG.nodes[1, 1]], BIG.root(4)) == "root"


def test_codes():
    top = BIG.root(3)
    assert refused(merkle.verify_inclusion, top, 3, 3, [], top) == "index"
    assert refused(merkle.verify_inclusion, top, -1, 3, [], top) == "index"
    assert refused(merkle.verify_inclusion, top, 0, 0, [], top) == "index"
    assert refused(merkle.verify_inclusion, top[:31], 0, 1, [], top) == "hash_length"
    assert refused(merkle.verify_inclusion, top, 0, 2, [b""], top) == "hash_length"
    assert refused(merkle.verify_consistency, 4, 3, [], top, top) == "sizes"
    assert refused(merkle.verify_consistency, -1, 3, [], top, top) == "sizes"
    assert refused(merkle.verify_consistency, 3, 4, [], top, top) == "path_length"
    assert refused(merkle.verify_consistency, 2, 4, [], top, top) == "path_length"
    assert refused(merkle.verify_consistency, 0, 0, [], merkle.EMPTY_ROOT, top) == "root"
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_path(3, 3, BIG.get)
    with pytest.raises(ValueError, match="do not come before"):
        merkle.consistency_path(4, 3, BIG.get)
    with pytest.raises(ValueError, match="peaks"):
        CompactRange(3, (top,))
