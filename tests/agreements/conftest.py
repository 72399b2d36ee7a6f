"""Libya's node with two people who draft and approve, and Niger's node as a genuine neighbour."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant, allow
from jiwar.access.services import SYSTEM, actor_of_person
from jiwar.agreements import services
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.kinds import SIGNATURE
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.kinds import Kind
from jiwar.records.models import Draft, Record
from tests.console import client_of
from tests.foreign import ForeignNode, Signed

SignIn = Callable[[Person], Client]
DRAFT = Permission.AGREEMENTS_AGREEMENT_DRAFT
APPROVE = Permission.AGREEMENTS_AGREEMENT_APPROVE
SUSPEND = Permission.AGREEMENTS_AGREEMENT_SUSPEND
NODE_GRANT = Grant(SYSTEM, Permission.EXCHANGE_LINK_READ)


@pytest.fixture
def own_keys(db: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS = tmp_path / "keys"
    make_own_keys()


@pytest.fixture
def agency(db: None, settings: Any) -> Agency:
    return Agency.objects.create(code="ncb-tripoli", name="NCB Tripoli")


@pytest.fixture
def officer(agency: Agency) -> Person:
    return add_person("amal", "Amal Officer", "a long test secret 1", agency=agency, roles=[Role.CONTACT_OFFICER])


@pytest.fixture
def approver(agency: Agency) -> Person:
    return add_person("salem", "Salem Approver", "a long test secret 2", agency=agency, roles=[Role.APPROVER])


@pytest.fixture
def grant(officer: Person, approver: Person) -> Callable[[Permission], Grant]:
    """`grant(permission)`: the officer's to draft, the approver's for the rest."""
    return lambda permission: allow(actor_of_person(officer if permission == DRAFT else approver), permission)


@pytest.fixture
def niger(own_keys: None) -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    return node


@pytest.fixture
def body() -> dict[str, Any]:
    return demo_agreement(timezone.now().date() - dt.timedelta(days=1), timezone.now().date() + dt.timedelta(days=700))


@pytest.fixture
def issued(own_keys: None, grant: Callable[[Permission], Grant], body: dict[str, Any]) -> Record:
    """The demo's agreement, drafted and approved at this node, not yet signed by Niger."""
    draft = services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), body))
    return services.approve(grant(APPROVE), draft, draft.content_hash)


def take(signed: Signed, sender: str = "NER") -> Record:
    """Receive a neighbour's statement as the exchange does."""
    return receive(NODE_GRANT, *signed, sender, getattr(signed, "cosignature", ""))


def terms_of(body: dict[str, Any], days: int = 700) -> dict[str, Any]:
    """Content around a body, as a neighbour would write it."""
    until = timezone.now() + dt.timedelta(days=days)
    return {
        "purpose": "judicial_cooperation",
        "legal_basis": "agreement",
        "handling": {"tlp": "GREEN", "restrictions": [], "onward": "no"},
        "grading": {"source": "A", "information": "1"},
        "valid_until": until.isoformat(),
        "review_on": until.date().isoformat(),
        "body": body,
    }


def say(node: ForeignNode, kind: Kind, body: dict[str, Any], days: int = 700, **changes: Any) -> Signed:
    return node.statement(kind, terms_of(body, days), **changes)


def signature(
    node: ForeignNode, uid: UUID | str, digest: str, party: str = "NER", reserves: Any = None, **changes: Any
) -> Signed:
    body = {"target": str(uid), "hash": digest, "party": party}
    return say(node, SIGNATURE, body | ({"reserves": reserves} if reserves else {}), **changes)


def approved(grant: Callable[[Permission], Grant], draft: Draft) -> Record:
    """What the second person makes of a draft that she read."""
    return services.approve(grant(APPROVE), draft, draft.content_hash)


@pytest.fixture
def in_force(issued: Record, niger: ForeignNode) -> Record:
    """The demo's agreement, signed by both."""
    take(signature(niger, issued.uid, issued.hash))
    return issued


@pytest.fixture
def sign_in(settings: Any) -> SignIn:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)

    def signed_in(person: Person, language: str = "en") -> Client:
        return client_of(person, language)

    return signed_in


@pytest.fixture
def at_the_desk(sign_in: SignIn, officer: Person) -> Client:
    return sign_in(officer)


@pytest.fixture
def second(sign_in: SignIn, approver: Person) -> Client:
    return sign_in(approver)


def text(response: Any) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))
