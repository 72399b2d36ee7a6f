"""People with grants, a node with keys, and an index of its own for each test."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.identity.roles import Clearance
from jiwar.identity.services import make_own_keys
from jiwar.watchlist import this_index
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.live_index import LiveIndex

SAMPLE = Path(__file__).resolve().parents[2] / "jiwar/watchlist/data/un_sample.xml"
OFFICER = "0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5"


@pytest.fixture
def own_keys(db: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "keys"
    make_own_keys()


@pytest.fixture
def live_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> LiveIndex:
    """The index of "this process", in a folder of its own."""
    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)
    return live


@pytest.fixture
def node(own_keys: None, live_index: LiveIndex) -> None:
    """A node with keys and an empty watchlist."""


@pytest.fixture
def importer() -> Grant:
    return allow(_actor(), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)


@pytest.fixture
def listed(node: None, importer: Grant) -> None:
    """The sample list, imported."""
    with SAMPLE.open("rb") as file:
        import_un_list(importer, file, SAMPLE.name)


@pytest.fixture
def reader() -> Grant:
    return allow(_actor(), Permission.WATCHLIST_LIST_READ, Purpose.SANCTIONS)


@pytest.fixture
def searcher() -> Callable[..., Grant]:
    """A grant to screen: `searcher(case=…, purpose=…, clearance=…, actor=…)`."""

    def make(
        case: str = "LBY/2026/7",
        purpose: Purpose = Purpose.BORDER_CHECK,
        clearance: Clearance = Clearance.STANDARD,
        actor: str = OFFICER,
    ) -> Grant:
        return allow(_actor(clearance, actor), Permission.WATCHLIST_PERSON_SCREEN, purpose, case)

    return make


def _actor(clearance: Clearance = Clearance.STANDARD, actor: str = OFFICER) -> Actor:
    return Actor(actor, "console", frozenset(Permission), clearance)


@pytest.fixture
def post(settings: Any) -> None:
    """The node is a post."""
    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-SEBHA", role="post")
