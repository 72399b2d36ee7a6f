"""Libya's registry of lost documents in a test: a national node with keys, and grants to report and to ask."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.documents.logic.lost import LostAnswer
from jiwar.documents.lost import look_up, report_lost
from jiwar.identity.services import make_own_keys
from jiwar.records.services import Record

OFFICER = "0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5"


def grant(permission: Permission) -> Grant:
    return allow(Actor(OFFICER, "console", frozenset(Permission)), permission, Purpose.BORDER_CHECK)


def fact(number: str, **more: Any) -> dict[str, Any]:
    return {"type": "passport", "number": number, "status": "stolen", "since": "2026-10-01"} | more


@pytest.fixture
def node(db: None, settings: Any, tmp_path: Path) -> None:
    """Keys and a disk of its own."""
    settings.KEYS = tmp_path / "keys"
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    make_own_keys()


@pytest.fixture
def report(node: None) -> Callable[..., Record]:
    """`report(fact, …)`: a report of this state."""
    by = grant(Permission.DOCUMENTS_LOST_REPORT)
    return lambda *documents, reference="": report_lost(by, list(documents), reference)


@pytest.fixture
def ask(node: None) -> Callable[..., LostAnswer]:
    """`ask(number, type, issuer)`: what the registry says."""
    by = grant(Permission.DOCUMENTS_LOST_SEARCH)
    return lambda number, type="P", issuer="LBY": look_up(by, issuer, type, number)  # noqa: A006
