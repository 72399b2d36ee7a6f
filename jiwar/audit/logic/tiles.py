"""How the tree is stored and served: tiles of 256 hashes, C2SP tlog-tiles (https://c2sp.org/tlog-tiles).

The tile `number` at `level` holds the hashes of the perfect subtrees over 256**level leaves, from `number * 256` on: at
level 0 the leaf hashes, at level 1 the root of each full tile of level 0, and so on. The rightmost tile of a level is
partial and grows in place; what it holds never changes. Each hash of the tree that no tile holds is folded from those
of one tile.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from jiwar.audit.logic import merkle
from jiwar.audit.logic.merkle import HASH_BYTES, CompactRange

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_LEVEL = 63
_PATH = re.compile(r"tile/(0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class Place(NamedTuple):
    """Which tile."""

    level: int
    number: int


class Growth(NamedTuple):
    """What a tile gains: hashes, one after the other, from the place `start` (0 to 255) on."""

    start: int
    hashes: bytes


TileReader = Callable[[Place], bytes]
"""The hashes of a tile, as many as it has."""


def grow(tree: CompactRange, leaves: Iterable[bytes]) -> tuple[CompactRange, dict[Place, Growth]]:
    """The tree with more leaf hashes, and what each tile that this touches gains."""
    grown, completed = merkle.extend(tree, leaves)
    starts: dict[Place, int] = {}
    gained: dict[Place, list[bytes]] = {}
    for level, position, value in completed:
        if level % HEIGHT:
            continue
        place = Place(level // HEIGHT, position // WIDTH)
        if place not in gained:
            starts[place], gained[place] = position % WIDTH, []
        gained[place].append(value)
    return grown, {place: Growth(starts[place], b"".join(hashes)) for place, hashes in gained.items()}


def width(place: Place, size: int) -> int:
    """How many hashes the tile has in a tree of `size` leaves: 0 (there is none) to 256 (it is full)."""
    return min(max((size >> HEIGHT * place.level) - place.number * WIDTH, 0), WIDTH)


def node_reader(read: TileReader) -> merkle.NodeReader:
    """Perfect subtrees' hashes from tiles. Raises ValueError for a tile that has not grown so far."""

    def node(level: int, position: int) -> bytes:
        place, first, count = _span(level, position)
        hashes = read(place)[first * HASH_BYTES : (first + count) * HASH_BYTES]
        if len(hashes) != count * HASH_BYTES:
            raise ValueError(f"tile {place.level}/{place.number} lacks hashes from {first} on")
        row = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
        while len(row) > 1:
            row = [merkle.node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
        return row[0]

    return node


def touched(prove: Callable[[merkle.NodeReader], object]) -> set[Place]:
    """The tiles that `prove` reads its nodes from, so that they can be fetched at once."""
    places = set()

    def node(level: int, position: int) -> bytes:
        places.add(_span(level, position)[0])
        return bytes(HASH_BYTES)

    prove(node)
    return places


def write_path(place: Place, width: int = WIDTH) -> str:
    """The path of a tile as the standard names it: `tile/0/x001/x234/067`, with `.p/112` for a partial one."""
    digits = str(place.number)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{place.level}/{path}" + ("" if width == WIDTH else f".p/{width}")


def read_path(path: str) -> tuple[Place, int]:
    """A tile and the width asked for. Raises ValueError for a path that `write_path` does not write."""
    parts = _PATH.fullmatch(path)
    if not parts:
        raise ValueError("no path of a tile")
    place, width = Place(int(parts[1]), int(re.sub("[x/]", "", parts[2]))), int(parts[3] or WIDTH)
    if place.level > MAX_LEVEL or width > WIDTH or write_path(place, width) != path:
        raise ValueError("no path of a tile")
    return place, width


def _span(level: int, position: int) -> tuple[Place, int, int]:
    """The tile below a node, and the first and the count of the hashes there that fold into it."""
    tile, height = divmod(level, HEIGHT)
    first = position << height
    return Place(tile, first // WIDTH), first % WIDTH, 1 << height
