"""A neighbour with whom an agreement opens a kind of tests alone. Modules may have others of these names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from tests.exchange.test_exchange import Note, open_between
from tests.foreign import ForeignNode


@pytest.fixture
def own_node(db: None, settings: Any, tmp_path: Path) -> None:
    """This node has its keys, and a data folder of this test alone."""
    settings.DATA = tmp_path / "LBY"
    settings.DATA.mkdir()
    make_own_keys()


@pytest.fixture
def kind() -> Iterator[Kind]:
    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


@pytest.fixture
def niger(own_node: None, kind: Kind) -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    open_between(node, "test.note")
    return node
