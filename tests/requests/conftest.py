"""Libya's contact point with two officers and an approver; Niger's and Tunisia's nodes as genuine neighbours."""

import datetime as dt
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import SYSTEM, actor_of_person
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.kinds import AGREEMENT, SIGNATURE
from jiwar.exchange.attachments import Descriptor, store
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.models import Record
from jiwar.records.services import issue, read_content, terms
from jiwar.records.statement import Approval, content_hash
from jiwar.requests import services
from jiwar.requests.kinds import LETTER, PROGRESS, Step
from tests.foreign import ForeignNode, Signed

NODE = Grant(SYSTEM, P.EXCHANGE_LINK_READ)
NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
Granting = Callable[..., Grant]
Sending = Callable[..., Record]


def letter_content(**body: Any) -> dict[str, Any]:
    """What an author types for a letter that meets every rule; `body` replaces fields of the body."""
    until = timezone.now() + dt.timedelta(days=200)
    return {
        "purpose": "criminal_investigation",
        "legal_basis": "Accord LBY-NER 2026-01, art. 5",
        "handling": {"tlp": "AMBER", "restrictions": [], "onward": "no"},
        "grading": {"source": "A", "information": "1"},
        "valid_until": until.isoformat(),
        "review_on": until.date().isoformat(),
        "body": {
            "flow": "9",
            "to": ["NER"],
            "subject": "Convoy of 23 November",
            "text": "Three lorries crossed at Toummo without papers. Do you know their owner?",
            "urgency": "urgent",
            **body,
        },
    }


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock stands at NOW; `clock.shift(…)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def own_keys(db: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS, settings.DATA = tmp_path / "keys", tmp_path
    make_own_keys()


@pytest.fixture
def people(own_keys: None) -> dict[str, Person]:
    """Amal and Huda write, Salem approves, Mariama is a field officer; nobody signs in here."""
    agency = Agency.objects.create(code="ncb", name="NCB")
    found = {}
    roles = {"amal": "contact_officer", "huda": "contact_officer", "salem": "approver", "mariama": "field_officer"}
    for name, role in roles.items():
        found[name] = Person.objects.create(username=name, full_name=name.title(), agency=agency, password="!")
        RoleGrant.objects.create(person=found[name], role=role)
    return found


@pytest.fixture
def grant(people: dict[str, Person]) -> Granting:
    """`grant(permission, name=…)`: the grant of the person whose job it is."""

    def make(permission: P, name: str = "", purpose: Purpose = Purpose.CRIMINAL_INVESTIGATION) -> Grant:
        who = name or ("salem" if permission is P.REQUESTS_LETTER_APPROVE else "amal")
        return allow(actor_of_person(people[who]), permission, purpose)

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
def sent(grant: Granting, niger: ForeignNode) -> Sending:
    """`sent(**body)`: a letter of ours, drafted and sent, by two people where the flow needs them."""

    def make(**body: Any) -> Record:
        writer = grant(P.REQUESTS_LETTER_WRITE)
        draft = services.draft_letter(writer, letter_content(**body))
        if letter_content(**body)["body"]["flow"] in {"5", "7", "8"}:
            draft = services.submit_letter(writer, draft.pk)
            return services.approve_letter(grant(P.REQUESTS_LETTER_APPROVE), draft.pk, draft.content_hash)
        return services.send_letter(writer, draft.pk)

    return make


def agree(node: ForeignNode, **clause: Any) -> Record:
    """An agreement between Libya and Niger in force that opens letters both ways; `clause` says more."""
    start = timezone.now().date() - dt.timedelta(days=1)
    body = demo_agreement(start)
    body["clauses"] = [c | clause for c in body["clauses"] if c["kinds"] == ["letter"]]
    plain = terms("judicial_cooperation", "treaty", 300, body, tlp="GREEN")
    text = node.statement(AGREEMENT, AGREEMENT.content.model_validate(plain).model_dump(mode="json"))
    record = receive(NODE, *text, "NER", text.cosignature)
    signed = {"target": str(record.uid), "hash": record.hash, "party": "LBY"}
    content = read_content(SIGNATURE, terms("judicial_cooperation", "treaty", 300, signed, tlp="GREEN"), timezone.now())
    digest = content_hash(SIGNATURE.name, SIGNATURE.version, content.model_dump(mode="json"))
    issue(NODE, SIGNATURE, content, approval=Approval("one", "two", digest))
    return record


def take(signed: Signed, sender: str = "NER") -> Record:
    """Receive a neighbour's statement as the exchange does."""
    return receive(NODE, *signed, sender)


def letter_from(node: ForeignNode, **body: Any) -> Signed:
    """A neighbour's letter to us, signed."""
    content = letter_content(**{"to": ["LBY"], **body})
    return node.statement(LETTER, LETTER.content.model_validate(content).model_dump(mode="json"))


def word_from(node: ForeignNode, letter: Record, step: Step, at: dt.datetime | None = None) -> Signed:
    """A neighbour's word on a letter of ours, signed."""
    content = letter_content() | {"body": {"target": str(letter.uid), "step": step, "at": at or timezone.now()}}
    return node.statement(PROGRESS, PROGRESS.content.model_validate(content).model_dump(mode="json"))


def a_file(size: int = 1000, name: str = "report.pdf") -> Descriptor:
    """A file in our store."""
    return store(name, "application/pdf", io.BytesIO(b"%PDF-1.7 " + os.urandom(size)))
