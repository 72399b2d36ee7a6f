"""Libya's node with people, a neighbour, and programs that read by a bridge: our own and a recipient's outside."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Actor, Grant, allow
from jiwar.access.services import actor_of_token, make_token
from jiwar.bridges import services
from jiwar.bridges.models import Source
from jiwar.identity.models import Agency, Person
from jiwar.records.models import Record
from tests.exchange.test_exchange import open_between
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import (  # noqa: F401
    alert_content,
    grant,
    issued,
    niger,
    people,
)
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

MEDIA_TYPE = "application/taxii+json;version=2.1"
Secret = Callable[..., str]


@pytest.fixture(autouse=True)
def no_bad_tokens_yet() -> None:
    cache.clear()


@pytest.fixture
def agency(people: dict[str, Person]) -> Agency:  # noqa: F811
    return Agency.objects.create(code="border-police", name="Border police")


@pytest.fixture
def outside(people: dict[str, Person]) -> Agency:  # noqa: F811
    return Agency.objects.create(code="ner-customs", name="Douanes du Niger")


@pytest.fixture
def secret(people: dict[str, Person]) -> Secret:  # noqa: F811
    """`secret(agency, *permissions, purpose=…)`: a fresh token's secret."""
    numbers = itertools.count(1)
    by = allow(Actor(str(people["amal"].pk), "console", frozenset(P)), P.ACCESS_TOKEN_MANAGE)

    def make(agency: Agency, *permissions: P, purpose: Purpose = Purpose.CRIMINAL_INVESTIGATION) -> str:
        return make_token(by, agency, f"program {next(numbers)}", permissions, purpose)[1]

    return make


@pytest.fixture
def confirm(grant: Callable[..., Grant]) -> Callable[..., Any]:  # noqa: F811
    """`confirm(agency, recipient)`: an approver says whose an agency's programs are; "" for ours."""
    by = grant(P.BRIDGES_READER_CONFIRM, "salem")
    return lambda agency, recipient="": services.confirm_reader(by, agency.code, recipient)


@pytest.fixture
def ours(agency: Agency, confirm: Callable[..., Any], secret: Secret) -> Callable[..., Client]:
    """`ours(*permissions)`: a program of our own that reads collections, and whatever these permissions open."""
    confirm(agency)
    return lambda *permissions, **more: client(secret(agency, P.BRIDGES_COLLECTION_READ, *permissions, **more))


@pytest.fixture
def theirs(outside: Agency, confirm: Callable[..., Any], secret: Secret) -> Client:
    """A program of Niger's customs, which reads collections and no more."""
    confirm(outside, "NER")
    return client(secret(outside, P.BRIDGES_COLLECTION_READ))


def client(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}", "Accept": MEDIA_TYPE})


def grant_of(token: str, permission: P) -> Grant:
    """What a request with this token is allowed."""
    actor = actor_of_token(token)
    return allow(actor, permission, next(iter(actor.purposes or ())))


@pytest.fixture
def opened(niger: ForeignNode) -> Callable[..., Record]:  # noqa: F811
    """`opened(kind, …)`: an agreement in force by which Libya may send kinds of record to Niger."""
    return lambda *kinds: open_between(niger, *kinds)


SOURCE = {
    "code": "interpol",
    "title": "INTERPOL notices",
    "said_by": "",
    "purpose": "criminal_investigation",
    "legal_basis": "Code de procédure pénale, art. 694",
    "tlp": "AMBER",
    "grade": "B",
}


@pytest.fixture
def reading_lists(grant: Callable[..., Grant]) -> Callable[..., Grant]:  # noqa: F811
    """`reading_lists(…)`: the contact officer's grant to read lists."""
    return lambda permission=P.WATCHLIST_LIST_IMPORT, **more: grant(permission, **more)


@pytest.fixture
def source(reading_lists: Callable[..., Grant]) -> Callable[..., Source]:
    """`source(**typed)`: a source that the contact officer enters."""
    return lambda **typed: services.define_source(reading_lists(), SOURCE | typed)
