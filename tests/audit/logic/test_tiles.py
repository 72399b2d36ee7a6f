"""tiles: the standard's own examples, and the same tree however it was grown."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.audit.logic import merkle, tiles
from jiwar.audit.logic.merkle import CompactRange
from jiwar.audit.logic.tiles import Place

HASHES = [merkle.leaf_hash(n.to_bytes(4, "big")) for n in range(70_000)]


class Stored:
    """Tiles as a ledger stores them, grown in groups."""

    def __init__(self) -> None:
        self.tree = CompactRange()
        self.tiles: dict[Place, bytes] = {}
        self.writes = 0

    def append(self, hashes: list[bytes]) -> None:
        self.tree, growths = tiles.grow(self.tree, hashes)
        for place, (start, added) in growths.items():
            held = self.tiles.get(place, b"")
            assert len(held) == start * 32
            self.tiles[place] = held + added
            self.writes += 1

    @property
    def node(self) -> merkle.NodeReader:
        return tiles.node_reader(lambda place: self.tiles.get(place, b""))


@pytest.fixture(scope="module")
def big() -> Stored:
    stored = Stored()
    for first in range(0, len(HASHES), 1000):
        stored.append(HASHES[first : first + 1000])
    return stored


def mth(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1 over leaf hashes, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return merkle.node_hash(mth(hashes[:k]), mth(hashes[k:]))


def test_the_example_of_the_standard(big):
    """A tree of 70,000: 273 full tiles of level 0 and one of 112; one full of level 1 and one of 17; one of 1."""
    found = {place: len(hashes) // 32 for place, hashes in big.tiles.items()}
    full = {Place(0, n): 256 for n in range(273)}
    assert found == full | {Place(0, 273): 112, Place(1, 0): 256, Place(1, 1): 17, Place(2, 0): 1}
    assert all(tiles.width(place, 70_000) == width for place, width in found.items())
    assert [tiles.width(Place(*at), 70_000) for at in ((0, 274), (1, 2), (2, 1), (3, 0))] == [0, 0, 0, 0]


def test_a_tree_of_256_has_a_full_tile_and_one_above_of_width_1():
    stored = Stored()
    stored.append(HASHES[:256])
    assert {p: len(h) // 32 for p, h in stored.tiles.items()} == {Place(0, 0): 256, Place(1, 0): 1}


def test_each_hash_is_that_of_the_definition(big):
    """MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])."""
    for (level, n), hashes in big.tiles.items():
        if level == 0 and n > 3:
            continue
        for i in range(0, len(hashes) // 32, 1 if level else 50):
            first = (n * 256 + i) * 256**level
            assert hashes[32 * i : 32 * i + 32] == mth(HASHES[first : first + 256**level])


@given(st.lists(st.integers(0, 600), max_size=6))
@settings(max_examples=30)
def test_groups_make_the_tree_that_single_leaves_make(groups):
    stored, alone, at = Stored(), Stored(), 0
    for count in groups:
        writes = stored.writes
        stored.append(HASHES[at : at + count])
        assert stored.writes - writes <= 2 * (count // 256 + 2)  # one for each tile that it touches
        for each in HASHES[at : at + count]:
            alone.append([each])
        at += count
    assert (stored.tree, stored.tiles) == (alone.tree, alone.tiles)
    assert all(len(hashes) // 32 == tiles.width(place, at) for place, hashes in stored.tiles.items())


def test_every_node_is_found_in_one_tile(big):
    chance = random.Random(256)
    for level in range(17):
        for position in {0, (70_000 >> level) - 1, chance.randrange(70_000 >> level)}:
            first = position << level
            assert big.node(level, position) == mth(HASHES[first : first + (1 << level)]), (level, position)


def test_a_node_beyond_the_edge_is_refused(big):
    with pytest.raises(ValueError, match="lacks hashes"):
        big.node(0, 70_000)
    with pytest.raises(ValueError, match="lacks hashes"):
        big.node(16, 1)


def test_proofs_come_from_the_few_tiles_that_they_touch(big):
    chance = random.Random(9162)
    root = merkle.root(big.tree)
    for index in (0, 255, 256, 65_535, 65_536, 69_999, *(chance.randrange(70_000) for _ in range(20))):
        places = tiles.touched(lambda node, i=index: merkle.inclusion_path(i, 70_000, node))
        assert len(places) <= 6
        reader = tiles.node_reader(lambda place, places=places: big.tiles[place] if place in places else b"")
        path = merkle.inclusion_path(index, 70_000, reader)
        merkle.verify_inclusion(HASHES[index], index, 70_000, path, root)
    for old in (1, 256, 65_536, 69_999, *(chance.randrange(1, 70_000) for _ in range(20))):
        path = merkle.consistency_path(old, 70_000, big.node)
        before = merkle.root(merkle.compact_range(old, big.node))
        merkle.verify_consistency(old, 70_000, path, before, root)


@pytest.mark.parametrize(
    ("place", "width", "path"),
    [
        (Place(0, 1234067), 256, "tile/0/x001/x234/067"),  # the standard's example
        (Place(0, 0), 256, "tile/0/000"),
        (Place(1, 1), 17, "tile/1/001.p/17"),
        (Place(63, 999), 255, "tile/63/999.p/255"),
        (Place(2, 1000), 1, "tile/2/x001/000.p/1"),
    ],
)
def test_paths(place, width, path):
    assert tiles.write_path(place, width) == path
    assert tiles.read_path(path) == (place, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/1", "tile/0/0001", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/07", "tile/0/x000/000", "tile/0/x1/000", "tile/entries/000", "tile/0/000/", "/tile/0/000",
        "tile/0/٠٠٠", "tile/-1/000", "tile/0/" + "x001/" * 6 + "000",
    ],
)  # fmt: skip
def test_other_paths_are_refused(path):
    with pytest.raises(ValueError, match="no path"):
        tiles.read_path(path)
