"""Libya's node with an author and an approver; Niger's, Tunisia's and a post's node as genuine neighbours."""

import copy
import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import SYSTEM, actor_of_person
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.identity.roles import Clearance
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.models import Draft, Record
from jiwar.watchlist import services
from tests.foreign import ForeignNode, Signed

NODE = Grant(SYSTEM, P.EXCHANGE_LINK_READ)
ROLE_OF = {
    P.WATCHLIST_ALERT_APPROVE: "salem",
    P.WATCHLIST_ALERT_WITHDRAW: "salem",
    P.WATCHLIST_POLICY_APPROVE: "salem",
    P.CROSSINGS_CROSSING_RECORD: "mariama",
}


def alert_content(days: int = 300, **body: Any) -> dict[str, Any]:
    """What an author types for an alert that meets every rule; `body` replaces fields of the body."""
    until = timezone.now() + dt.timedelta(days=days)
    return {
        "purpose": "criminal_investigation",
        "legal_basis": "Code de procédure pénale, art. 21",
        "handling": {"tlp": "AMBER", "restrictions": [], "onward": "no"},
        "grading": {"source": "A", "information": "1"},
        "valid_until": until.isoformat(),
        "review_on": until.date().isoformat(),
        "body": {
            "type": "wanted_for_arrest",
            "action": "arrest_for_extradition",
            "subject": {
                "names": [{"text": "Salem Ould Khattar", "kind": "name"}, {"text": "سالم ولد خطار", "kind": "alias"}],
                "birth_dates": [{"date": "1984-03-09"}],
                "nationalities": ["LBY"],
                "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
            },
            "offence": {"title": "Trafic d’armes", "article": "Loi 7/1981, art. 3", "max_penalty": "15 years"},
            "warrant": {"authority": "Tripoli court", "number": "12/2026", "date": "2026-02-01", "country": "LBY"},
            "necessity": "Left for Madama on 3 November.",
            "officer": "Amal, NCB Tripoli",
            "contact": "+218 21 000 0000",
            "rights_screen": dict.fromkeys(
                ("speech", "assembly", "insult", "membership", "military", "religious"), "no"
            ),
            "grave_risk": "no",
            **body,
        },
    }


def missing_person(**body: Any) -> dict[str, Any]:
    """What an author types for a missing adult."""
    content = alert_content()
    del content["body"]["offence"], content["body"]["warrant"]
    content["purpose"] = "missing_persons"
    content["body"] |= {
        "type": "missing",
        "action": "contact_and_tell",
        "protected": "missing_adult",
        "location_consent": "no",
        "report": {"authority": "Police, Sabha", "number": "P-77", "date": "2026-10-01"},
        **body,
    }
    return content


def hit_facts(**facts: Any) -> dict[str, Any]:
    """What an officer records."""
    return {
        "at": timezone.now().isoformat(),
        "place": "Madama, lane 2",
        "identifiers_confirmed": ["name", "document_number"],
        "action_taken": "held_for_contact",
        "direction": "entering",
        "stop_card": {"asylum_claim": False, "child": False, "trafficking_victim": False},
        **facts,
    }


def terms_of(body: dict[str, Any], days: int = 200) -> dict[str, Any]:
    """Content of a record that no one drafts, as a neighbour writes it."""
    content = alert_content(days)
    return content | {"body": body}


def submitted(by: Grant, content: dict[str, Any], amending: UUID | None = None) -> Draft:
    """A draft that waits for the second person; its author says that it is on none whom an alert in force is on."""
    draft = services.draft_alert(by, content, amending)
    for double in services.doubles(by, draft):
        if double.own:
            services.answer_double(by, draft, double.alert.uid, same=False, reason="Tests issue many alike.")
    return services.submit_alert(by, draft.pk)


@pytest.fixture
def people(own_keys: None) -> dict[str, Person]:
    """People of one agency; nobody signs in here, so nobody has a password."""
    agency = Agency.objects.create(code="ncb", name="NCB")
    found = {}
    for name, role in (("amal", "contact_officer"), ("salem", "approver"), ("mariama", "field_officer")):
        found[name] = Person.objects.create(
            username=name, full_name=name.title(), agency=agency, clearance=Clearance.COVERT, password="!"
        )
        RoleGrant.objects.create(person=found[name], role=role)
    return found


@pytest.fixture
def grant(people: dict[str, Person]) -> Callable[..., Grant]:
    """`grant(permission, name=…)`: the grant of the person whose job it is."""

    def make(permission: P, name: str = "", purpose: Purpose = Purpose.CRIMINAL_INVESTIGATION) -> Grant:
        actor = actor_of_person(people[name or ROLE_OF.get(permission, "amal")])
        return allow(actor, permission, purpose)

    return make


@pytest.fixture
def issued(grant: Callable[..., Grant]) -> Callable[..., Record]:
    """`issued(content)`: an own alert, drafted, submitted and approved."""

    def make(content: dict[str, Any] | None = None, review: str = "") -> Record:
        draft = submitted(grant(P.WATCHLIST_ALERT_DRAFT), content or alert_content())
        return services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash, review)

    return make


@pytest.fixture
def niger(people: dict[str, Person]) -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    return node


@pytest.fixture
def tunisia(people: dict[str, Person]) -> ForeignNode:
    node = ForeignNode("TUN")
    add_node(node.card())
    return node


@pytest.fixture
def own_post(people: dict[str, Person]) -> ForeignNode:
    node = ForeignNode("LBY-GHAT", role="post")
    add_node(node.card())
    return node


def take(signed: Signed, sender: str = "NER") -> Record:
    """Receive a neighbour's statement as the exchange does."""
    return receive(NODE, *signed, sender)


def without(content: dict[str, Any], path: str) -> dict[str, Any]:
    """A copy in which one field, named by its dotted path, was left empty."""
    copied = copy.deepcopy(content)
    *parents, last = path.split(".")
    part: Any = copied
    for name in parents:
        part = part[name]
    del part[last]
    return copied
