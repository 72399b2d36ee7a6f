"""A link chart on paper: where each node stands and each line runs, the same for the same links.

The subject stands in the first column, what it is linked with in the next, and so on by the number of steps. In a
column a node stands near what it is linked with in the column before (the barycentre of Sugiyama, Tagawa and Toda,
"Methods for visual understanding of hierarchical system structures", 1981, https://doi.org/10.1109/TSMC.1981.4308636).
Nothing is drawn over another node. From right to left the columns run the other way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

WIDE: Final = 200
HIGH: Final = 46
BETWEEN: Final = 150
BELOW: Final = 22
MARGIN: Final = 14
LINE: Final = 13
"""From one label to the next below it."""
LETTER: Final = 6
"""How wide a letter of it is, about."""
LETTERS: Final = 24
"""Letters of a label that fit into a node."""


@dataclass(frozen=True, slots=True)
class Node:
    """`key` is unique; `kind` a code of the words group `chart_node`; `sort` what kind of it, in words."""

    key: str
    label: str
    kind: str
    sort: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A link from one node to another, and what it is, in words."""

    one: str
    other: str
    label: str


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place: the left upper corner; `text` is its label as far as it fits."""

    node: Node
    x: int
    y: int
    text: str
    step: int

    @property
    def middle(self) -> tuple[int, int]:
        return self.x + WIDE // 2, self.y + HIGH // 2


@dataclass(frozen=True, slots=True)
class Line:
    """A link as a path of SVG, and where its label stands."""

    edge: Edge
    path: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """Sizes and places in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def bounded(nodes: Sequence[Node], edges: Iterable[Edge], most: int) -> tuple[list[Node], list[Edge], int]:
    """The first `most` nodes with the edges between them, and how many nodes are left out.

    An edge from a node to itself is none: two records that are one subject may name each other.
    """
    kept = list(dict.fromkeys(nodes))[:most]
    keys = {node.key for node in kept}
    left = len(dict.fromkeys(nodes)) - len(kept)
    between = [e for e in dict.fromkeys(edges) if e.one != e.other and e.one in keys and e.other in keys]
    return kept, between, left


def lay_out(nodes: Sequence[Node], edges: Sequence[Edge], centre: str, *, rtl: bool = False) -> Drawing:
    """Place the nodes that can be reached from the centre; edges between others are left out. KeyError: no centre."""
    columns = _columns(nodes, edges, centre)
    most = max(len(column) for column in columns)
    height = 2 * MARGIN + most * HIGH + (most - 1) * BELOW
    width = 2 * MARGIN + len(columns) * WIDE + (len(columns) - 1) * BETWEEN
    boxes: dict[str, Box] = {}
    for step, column in enumerate(columns):
        x = MARGIN + step * (WIDE + BETWEEN)
        top = (height - len(column) * HIGH - (len(column) - 1) * BELOW) // 2
        for row, node in enumerate(column):
            y = top + row * (HIGH + BELOW)
            boxes[node.key] = Box(node, width - x - WIDE if rtl else x, y, _fitting(node.label), step)
    drawn = [edge for edge in edges if edge.one in boxes and edge.other in boxes]
    crowd = Counter(key for edge in drawn for key in (edge.one, edge.other))
    lines: list[Line] = []
    for edge in drawn:
        line = _line(edge, boxes, crowd, rtl=rtl)
        while any(_over(line, other) for other in lines):
            line = replace(line, y=line.y + LINE)
        lines.append(line)
    return Drawing(width, height, tuple(boxes.values()), tuple(lines))


def _columns(nodes: Sequence[Node], edges: Sequence[Edge], centre: str) -> list[list[Node]]:
    known = {node.key: node for node in nodes}
    linked: dict[str, set[str]] = {key: set() for key in known}
    for edge in edges:
        if edge.one in linked and edge.other in linked and edge.one != edge.other:
            linked[edge.one].add(edge.other)
            linked[edge.other].add(edge.one)
    columns, seen = [[known[centre]]], {centre}
    while True:
        place = {node.key: row for row, node in enumerate(columns[-1])}
        near: dict[str, list[int]] = {}
        for node in columns[-1]:
            for key in linked[node.key] - seen:
                near.setdefault(key, []).append(place[node.key])
        if not near:
            return columns
        ordered = sorted(near, key=lambda key: (sum(near[key]) / len(near[key]), known[key].kind, key))
        columns.append([known[key] for key in ordered])
        seen |= near.keys()


def _line(edge: Edge, boxes: Mapping[str, Box], crowd: Mapping[str, int], *, rtl: bool) -> Line:
    """`crowd`: how many lines end at each node."""
    one, other = sorted((boxes[edge.one], boxes[edge.other]), key=lambda box: (box.step, box.y))
    (x1, y1), (x2, y2) = one.middle, other.middle
    out = -1 if rtl else 1
    if one.step == other.step:
        # Within a column the line bulges into the room beside it.
        side, bulge = x1 + out * WIDE // 2, x1 + out * (WIDE // 2 + BETWEEN // 2)
        path = f"M{side} {y1}Q{bulge} {(y1 + y2) // 2} {side} {y2}"
        return Line(edge, path, (side + bulge) // 2, (y1 + y2) // 2)
    x1, x2 = x1 + out * WIDE // 2, x2 - out * WIDE // 2
    # The label stands where fewer lines meet, so that those of one node's lines do not stand upon each other.
    part = 0.6 if crowd[other.node.key] <= crowd[one.node.key] else 0.4
    x, y = round(x1 + part * (x2 - x1)), round(y1 + part * (y2 - y1))
    return Line(edge, f"M{x1} {y1}L{x2} {y2}", x, y - 5)


def _over(one: Line, other: Line) -> bool:
    room = (len(one.edge.label) + len(other.edge.label)) * LETTER // 2
    return abs(one.y - other.y) < LINE and abs(one.x - other.x) < room


def _fitting(label: str) -> str:
    return label if len(label) <= LETTERS else label[: LETTERS - 1].rstrip() + "…"
