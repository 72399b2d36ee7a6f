"""A chart's layout: the same for the same links, nothing over anything else, mirrored from right to left."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.analysis.logic.chart import HIGH, LETTERS, LINE, WIDE, Edge, Node, bounded, lay_out

KEYS = "abcdefghij"


@st.composite
def charts(draw: Any) -> tuple[list[Node], list[Edge]]:
    nodes = [Node(key, key * 30, "subject") for key in KEYS[: draw(st.integers(1, 10))]]
    keys = st.sampled_from([node.key for node in nodes])
    edges = [Edge(one, other, "linked") for one, other in draw(st.lists(st.tuples(keys, keys), max_size=25))]
    return nodes, edges


@given(charts(), st.booleans())
def test_no_node_stands_over_another_and_none_outside(chart: Any, rtl: bool) -> None:
    nodes, edges = chart
    drawing = lay_out(nodes, edges, "a", rtl=rtl)
    places = [(box.x, box.y) for box in drawing.boxes]
    assert all(0 <= x <= drawing.width - WIDE and 0 <= y <= drawing.height - HIGH for x, y in places)
    for i, (x, y) in enumerate(places):
        for other_x, other_y in places[i + 1 :]:
            assert abs(x - other_x) >= WIDE or abs(y - other_y) >= HIGH
    assert all(len(box.text) <= LETTERS for box in drawing.boxes)


@given(charts(), st.randoms())
def test_the_order_in_which_links_were_found_changes_nothing(chart: Any, random: Any) -> None:
    nodes, edges = chart
    first = lay_out(nodes, edges, "a")
    random.shuffle(nodes)
    again = lay_out(nodes, edges, "a")
    assert {box.node.key: (box.x, box.y) for box in first.boxes} == {b.node.key: (b.x, b.y) for b in again.boxes}


@given(charts())
def test_from_right_to_left_it_is_the_mirror_image(chart: Any) -> None:
    nodes, edges = chart
    left, right = lay_out(nodes, edges, "a"), lay_out(nodes, edges, "a", rtl=True)
    assert [(left.width - WIDE - box.x, box.y) for box in left.boxes] == [(box.x, box.y) for box in right.boxes]


def test_who_is_reached_stands_by_its_steps_and_others_are_not_drawn() -> None:
    nodes = [Node(key, key, "subject") for key in "abcde"]
    drawing = lay_out(nodes, [Edge("b", "a", "member of"), Edge("b", "c", "uses"), Edge("d", "e", "")], "a")
    assert {box.node.key: box.step for box in drawing.boxes} == {"a": 0, "b": 1, "c": 2}
    assert [line.edge.label for line in drawing.lines] == ["member of", "uses"]
    with pytest.raises(KeyError):
        lay_out(nodes, [], "z")


def test_no_label_stands_upon_another() -> None:
    nodes = [Node(key, key, "subject") for key in "abc"]
    edges = [Edge("a", "b", "member"), Edge("b", "a", "leader"), Edge("a", "c", "relative")]
    places = [(line.x, line.y) for line in lay_out(nodes, edges, "a").lines]
    assert min(abs(y - other) for x, y in places for _, other in places if other != y) >= LINE
    assert len(set(places)) == 3
    assert bounded(nodes, [Edge("a", "a", "relative"), edges[2]], 5)[1] == [edges[2]]


def test_what_is_too_much_is_counted() -> None:
    nodes = [Node(key, key, "subject") for key in "aabcd"]
    kept, edges, left = bounded(nodes, [Edge("a", "b", ""), Edge("a", "d", ""), Edge("a", "b", "")], 3)
    assert ([node.key for node in kept], edges, left) == (["a", "b", "c"], [Edge("a", "b", "")], 1)
