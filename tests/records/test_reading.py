"""Which of many records an actor may read: as one by one, in few queries."""

from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Actor
from jiwar.access.services import as_node
from jiwar.identity.roles import Clearance
from jiwar.identity.services import make_own_keys
from jiwar.records.kinds import KINDS
from jiwar.records.models import Record
from jiwar.records.reading import READS, permission_to_read, readable
from jiwar.records.services import issue, read_content, terms, withdraw

pytestmark = pytest.mark.django_db
BY = as_node(P.EXCHANGE_MESSAGE_PASS)


@pytest.fixture
def listed(db: None, settings: Any, tmp_path: Any) -> list[Record]:
    """Five listings, and the withdrawals of two."""
    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    kind, found = KINDS["listing.entity", 1], []
    for n in range(5):
        body = {"list": "un_security_council", "reference": f"QDe.{n}"}
        body |= {"subject": {"type": "organisation", "names": [{"text": f"Name {n}"}]}}
        plain = terms("sanctions", "Charter", 300, body, tlp="CLEAR")
        found.append(issue(BY, kind, read_content(kind, plain, timezone.now())))
    return found + [withdraw(BY, record, "no longer") for record in found[:2]]


def one_by_one(records: list[Record], actor: Actor) -> list[Record]:
    found = []
    for record in records:
        try:
            permission = permission_to_read(record.uid, actor)
        except Record.DoesNotExist:
            continue
        if actor.may(permission):
            found.append(record)
    return found


@pytest.mark.parametrize("permissions", [set(), {P.WATCHLIST_LIST_READ}, {P.WATCHLIST_ALERT_READ}, set(P)])
def test_many_are_decided_as_one_is(listed: list[Record], permissions: set[P]) -> None:
    actor = Actor("x", "api", frozenset(permissions))
    assert readable(listed, actor) == one_by_one(listed, actor)
    assert len(readable(listed, Actor("x", "api", frozenset(P), Clearance.COVERT))) == 7


def test_many_cost_as_few_queries_as_one(listed: list[Record], django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(1):
        readable(listed, Actor("x", "api", frozenset(P)))


def test_every_kind_that_is_read_is_registered() -> None:
    assert set(READS) <= {name for name, _ in KINDS}
