"""A node with a list of its own, and tokens of one agency to ask it with."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, allow
from jiwar.access.services import make_token
from jiwar.identity.models import Agency
from jiwar.identity.services import make_own_keys
from jiwar.watchlist import this_index
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.live_index import LiveIndex

SAMPLE = Path(__file__).resolve().parents[2] / "jiwar/watchlist/data/un_sample.xml"
PERSON = "5f6b2ad0-0f2b-4a1a-9df0-3a8a1f1f1c11"


@pytest.fixture
def node(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node with keys and an empty watchlist."""
    cache.clear()
    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)


@pytest.fixture
def listed(node: None) -> None:
    """The project's own small list, read."""
    by = allow(Actor(PERSON, "console", frozenset(Permission)), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    with SAMPLE.open("rb") as file:
        import_un_list(by, file, SAMPLE.name)


@pytest.fixture
def agency(node: None) -> Agency:
    return Agency.objects.create(code="ncb-tripoli", name="NCB Tripoli")


@pytest.fixture
def secret(agency: Agency) -> Callable[..., str]:
    """`secret(*permissions, purpose=…)`: a fresh token's secret."""
    numbers = itertools.count(1)
    administrator = Actor(PERSON, "console", frozenset(Permission))

    def make(*permissions: Permission, purpose: Purpose = Purpose.BORDER_CHECK, days: int = 90) -> str:
        by = allow(administrator, Permission.ACCESS_TOKEN_MANAGE)
        return make_token(by, agency, f"program {next(numbers)}", permissions, purpose, days)[1]

    return make


@pytest.fixture
def ask(secret: Callable[..., str]) -> Callable[..., Client]:
    """`ask(*permissions)`: a client that carries a token with these permissions."""

    def client(*permissions: Permission, purpose: Purpose = Purpose.BORDER_CHECK, language: str = "en") -> Client:
        token = secret(*permissions, purpose=purpose)
        return Client(headers={"Authorization": f"Bearer {token}", "Accept-Language": language})

    return client
