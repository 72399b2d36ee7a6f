"""Niger's post of Madama with an officer at the desk, and Libya as a genuine neighbour that issues alerts."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import SYSTEM, actor_of_person
from jiwar.crossings.demo import PAPERS
from jiwar.crossings.logic.traveller import Traveller
from jiwar.crossings.services import of_mrz
from jiwar.documents.services import read
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Clearance, Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.models import Record
from jiwar.watchlist import this_index
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.live_index import LiveIndex
from tests.foreign import ForeignNode

POST = "NER-MADAMA"
SCREEN = Permission.WATCHLIST_PERSON_SCREEN
RECORD = Permission.CROSSINGS_CROSSING_RECORD
READ = Permission.CROSSINGS_CROSSING_READ
Granting = Callable[..., Grant]
Alerting = Callable[..., Record]


def alert_body(**body: Any) -> dict[str, Any]:
    """An alert on the demonstration's Salem Ould Khattar; `body` replaces fields."""
    return {
        "type": "wanted_for_arrest",
        "action": "arrest_for_extradition",
        "subject": {
            "names": [{"text": "Salem Ould Khattar"}, {"text": "سالم ولد خطار", "kind": "original_script"}],
            "birth_dates": [{"date": "1984-03-09"}],
            "sexes": ["M"],
            "nationalities": ["LBY"],
            "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
        },
        "offence": {"title": "Trafic d’armes", "article": "Loi 7/1981, art. 3", "max_penalty": "15 years"},
        "warrant": {"authority": "Tripoli court", "number": "12/2026", "date": "2026-02-01", "country": "LBY"},
        "necessity": "Left for Madama on 3 November.",
        "officer": "Amal, contact point Tripoli",
        "contact": "+218 00 000 0001",
        "rights_screen": dict.fromkeys(
            ("speech", "assembly", "insult", "membership", "military", "religious"), False
        ),
        "grave_risk": False,
        **body,
    }  # fmt: skip


MISSING_ADULT = {
    "type": "missing",
    "action": "contact_and_tell",
    "offence": None,
    "warrant": None,
    "report": {"authority": "Police, Sabha", "number": "P-77", "date": "2026-10-01"},
    "protected": "missing_adult",
    "location_consent": False,
}
DISCREET = {"type": "discreet_check", "action": "check_discreetly"}


def salem(**changes: Any) -> Traveller:
    """The traveller of the demonstration's first document."""
    today = timezone.localdate()
    return dataclasses.replace(of_mrz(read(PAPERS[0].zone(today), today)), **changes)


@pytest.fixture
def post(db: None, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This node is the post, with its own keys and index."""
    settings.NODE = dataclasses.replace(
        settings.NODE, code=POST, role="post", name="Poste de Madama", require_second_factor=False
    )
    settings.KEYS = tmp_path / "keys"
    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)
    make_own_keys()


@pytest.fixture
def libya(post: None) -> ForeignNode:
    node = ForeignNode("LBY")
    add_node(node.card())
    return node


@pytest.fixture
def alert(libya: ForeignNode) -> Alerting:
    """`alert(**body)`: Libya's alert, as Niger's national node passed it on to the post."""

    def make(restrictions: Sequence[str] = (), **body: Any) -> Record:
        until = timezone.now() + dt.timedelta(days=200)
        content = {
            "purpose": "criminal_investigation",
            "legal_basis": "Code de procédure pénale, art. 21",
            "handling": {"tlp": "AMBER", "restrictions": restrictions, "onward": "no"},
            "grading": {"source": "A", "information": "1"},
            "valid_until": until.isoformat(),
            "review_on": until.date().isoformat(),
            "body": alert_body(**body),
        }
        plain = ALERT.content.model_validate(content).model_dump(mode="json")
        return receive(Grant(SYSTEM, Permission.EXCHANGE_LINK_READ), *libya.statement(ALERT, plain), "NER")

    return make


@pytest.fixture
def border_police(post: None) -> Agency:
    return Agency.objects.create(code="border-police", name="Police des frontières")


@pytest.fixture
def officer(border_police: Agency) -> Person:
    return add_person("zara", "Zara Oumarou", "a long test secret 1", agency=border_police, roles=[Role.FIELD_OFFICER])


@pytest.fixture
def cleared(border_police: Agency) -> Person:
    return add_person(
        "ibrahim", "Ibrahim Goukouni", "a long test secret 2",
        agency=border_police, roles=[Role.FIELD_OFFICER], clearance=Clearance.COVERT,
    )  # fmt: skip


@pytest.fixture
def grant(officer: Person) -> Granting:
    """`grant(permission, person=…)`: at the border, the officer's unless another is named."""

    def make(permission: Permission, person: Person | None = None) -> Grant:
        return allow(actor_of_person(person or officer), permission, Purpose.BORDER_CHECK)

    return make
