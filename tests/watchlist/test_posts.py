"""A post screens from what its state sent it: listings arrive, change, end, and those of other states stop no one."""

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import SYSTEM
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.services import terms
from jiwar.watchlist import this_index
from jiwar.watchlist.kinds import LISTING_PERSON
from jiwar.watchlist.models import Entry
from jiwar.watchlist.screening import PartialDate, Query, screen
from jiwar.watchlist.this_index import list_age
from tests.foreign import ForeignNode

BY = Grant(SYSTEM, Permission.EXCHANGE_MESSAGE_PASS)
ASKED = Query(names=("يوسف المقريف",), birth_date=PartialDate.parse("1984-06-17"))
BODY = {
    "list": "un_security_council",
    "reference": "JWi.001",
    "subject": {"names": [{"text": "Youssef El Megaryef"}], "birth_dates": [{"date": "1984-06-17"}]},
}


@pytest.fixture
def national(post: None, node: None) -> ForeignNode:
    """The national node of the post that the test runs on."""
    known = ForeignNode("LBY")
    add_node(known.card())
    return known


def listing(of: ForeignNode, *, days: int = 300, supersedes: bytes | None = None, **body: Any) -> bytes:
    """Send the post a listing; returns its statement."""
    content = LISTING_PERSON.content.model_validate(terms("sanctions", "a test", days, BODY | body))
    statement, key, signature = of.statement(LISTING_PERSON, content, supersedes=supersedes)
    receive(BY, statement, key, signature, of.node.code)
    return statement


def found(by: Grant) -> list[str]:
    return [match.source_reference for match in screen(by, ASKED).candidates]


def test_what_the_state_sends_is_found_and_what_it_takes_back_is_not(
    national: ForeignNode, searcher: Callable[..., Grant]
) -> None:
    at_the_post = searcher(case="")
    assert (found(at_the_post), list_age()) == ([], None)
    listing(national)
    assert found(at_the_post) == ["JWi.001"]
    entry = Entry.objects.get()
    plain = terms("sanctions", "a test", 3000, {"target": entry.uid, "reason": "a test"}, tlp="GREEN")
    signed = national.statement(WITHDRAWAL, WITHDRAWAL.content.model_validate(plain))
    receive(BY, *signed, "LBY")
    assert found(at_the_post) == []
    entry.refresh_from_db()
    assert entry.facts == {}


def test_a_newer_version_that_came_first_stays(national: ForeignNode, searcher: Callable[..., Grant]) -> None:
    first = national.statement(
        LISTING_PERSON, LISTING_PERSON.content.model_validate(terms("sanctions", "a test", 300, BODY))
    )
    other = {"names": [{"text": "Aminata Kouyaté"}], "birth_dates": [{"date": "2001"}]}
    listing(national, supersedes=first[0], subject=other)
    receive(BY, *first, "LBY")
    assert found(searcher(case="")) == []
    assert Entry.objects.get().facts["names"][0]["text"] == "Aminata Kouyaté"


def test_a_listing_that_another_state_sends_stops_no_one(national: ForeignNode, searcher: Callable[..., Grant]) -> None:
    stranger = ForeignNode("NER")
    add_node(stranger.card())
    listing(stranger)
    assert found(searcher(case="")) == []
    assert not Entry.objects.exists()


def test_the_list_is_as_old_as_the_last_word_of_the_state(
    national: ForeignNode, monkeypatch: pytest.MonkeyPatch
) -> None:

    listing(national)
    changed = Entry.objects.get().changed_at
    for heard, age in (
        (None, changed),
        (changed - dt.timedelta(days=3), changed),
        (timezone.now() + dt.timedelta(minutes=1), None),
    ):
        monkeypatch.setattr(this_index, "last_contact", lambda heard=heard: heard)
        assert list_age() == (age or heard)


def test_a_forged_listing_is_not_found(national: ForeignNode, searcher: Callable[..., Grant]) -> None:
    from jiwar.wire.faults import Refused

    content = LISTING_PERSON.content.model_validate(terms("sanctions", "a test", 300, BODY))
    statement, key, signature = national.statement(LISTING_PERSON, content)
    other = base64.b64encode(bytes(64)).decode()
    for forged in ((statement, key, other), (statement.replace(b"1984-06-17", b"1985-06-17"), key, signature)):
        with pytest.raises(Refused):
            receive(BY, *forged, "LBY")
    assert found(searcher(case="")) == []
