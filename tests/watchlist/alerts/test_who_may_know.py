"""Discreet checks and withheld alerts do not exist for who may not know of them: at the console, at the JSON API."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person, make_token
from jiwar.audit.models import Leaf
from jiwar.identity.models import Agency, Person
from jiwar.records.models import Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.alert_queries import versions, visible
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.models import Alert
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, take

Granting = Callable[..., Grant]
FEARING = {"names": [{"text": "Hawa Abakar Sougui"}], "birth_dates": [{"date": "1990-05-02"}]}
FOLLOWED = {"names": [{"text": "Idrissa Maiga"}], "birth_dates": [{"date": "1991-01-07"}]}
DISCREET = {"type": "discreet_check", "action": "check_discreetly"}


def typed(**body: Any) -> Any:
    return ALERT.content.model_validate(alert_content(**body)).model_dump(mode="json")


@dataclasses.dataclass(frozen=True)
class Held:
    """What Niger sent: an ordinary alert, a discreet check, one on a person whom Libya protects from Niger."""

    plain: Record
    covert: Record
    withheld: Record


@pytest.fixture
def held(grant: Granting, niger: ForeignNode) -> Held:
    plain = take(niger.statement(ALERT, typed()))
    covert = take(niger.statement(ALERT, typed(subject=FOLLOWED, **DISCREET)))
    first = niger.statement(ALERT, typed(subject=FEARING))
    take(first)
    services.protect(
        grant(P.WATCHLIST_ALERT_APPROVE), SubjectFacts.model_validate(FEARING), "NER", "asylum file 2026/41"
    )
    return Held(plain, covert, take(niger.statement(ALERT, typed(subject=FEARING), supersedes=first[0])))


@pytest.fixture
def client(settings: Any, people: dict[str, Person]) -> Callable[[str], Client]:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)

    def signed_in(name: str) -> Client:
        return client_of(people[name])

    return signed_in


@pytest.fixture
def token(people: dict[str, Person], live_index: LiveIndex) -> Client:
    by = allow(dataclasses.replace(actor_of_person(people["amal"]), permissions=frozenset(P)), P.ACCESS_TOKEN_MANAGE)
    agency = Agency.objects.get(code="ncb")
    given = [P.WATCHLIST_ALERT_READ, P.WATCHLIST_PERSON_SCREEN]
    _, secret = make_token(by, agency, "program", given, Purpose.CRIMINAL_INVESTIGATION)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def uids(rows: Any) -> set[UUID]:
    return {UUID(str(row.uid)) for row in rows}


def counts() -> list[int]:
    """How many alerts each listing gave, as the ledger has it."""
    return [json.loads(leaf.content)["detail"]["count"] for leaf in Leaf.objects.filter(act="alerts_listed")]


class TestAWithheldAlert:
    def test_is_known_to_the_approver_alone(self, held: Held, grant: Granting, people: dict[str, Person]) -> None:
        assert held.withheld.state == "withheld"
        officer, approver = grant(P.WATCHLIST_ALERT_READ), grant(P.WATCHLIST_ALERT_READ, "salem")
        assert uids(services.browse_alerts(officer)) == {held.plain.uid, held.covert.uid}
        assert uids(services.browse_alerts(approver)) == {held.plain.uid, held.covert.uid, held.withheld.uid}
        assert services.browse_alerts(officer, state="withheld") == []
        assert services.open_alert(approver, held.withheld.uid).name == "Hawa Abakar Sougui"
        for version in (None, 1, 2):
            with pytest.raises(Alert.DoesNotExist):
                services.open_alert(officer, held.withheld.uid, version)
        assert counts() == [2, 3, 0]
        assert Leaf.objects.filter(act="alert_read", actor=officer.actor_id).count() == 0

    def test_its_earlier_versions_are_known_to_no_other_either(self, held: Held, people: dict[str, Person]) -> None:
        alert = Alert.objects.get(record=held.withheld)
        assert [versions(actor_of_person(people[who]), alert).count() for who in ("amal", "salem")] == [0, 2]

    def test_names_no_double_to_an_author(self, held: Held, grant: Granting) -> None:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        assert services.doubles(by, services.draft_alert(by, alert_content(subject=FEARING))) == []
        assert len(services.doubles(by, services.draft_alert(by, alert_content()))) == 1

    def test_is_not_on_the_pages(self, held: Held, client: Callable[[str], Client]) -> None:
        asked = "?purpose=criminal_investigation"
        for who, seen in (("amal", False), ("salem", True)):
            page = client(who).get(f"/alerts/{asked}").content.decode()
            assert ("Hawa Abakar" in page, 'value="withheld"' in page) == (seen, seen)
            assert "Salem Ould Khattar" in page
            one = client(who).get(f"/alerts/{held.withheld.uid}/{asked}")
            assert one.status_code == (200 if seen else 404)

    def test_comes_to_light_when_its_issuer_renews_it_after_the_protection(
        self, held: Held, grant: Granting, niger: ForeignNode
    ) -> None:
        from jiwar.watchlist.models import ProtectedPerson

        services.end_protection(
            grant(P.WATCHLIST_ALERT_APPROVE), ProtectedPerson.objects.get().pk, "she asked for it to end"
        )
        before = held.withheld.statement.encode()
        renewed = take(niger.statement(ALERT, typed(subject=FEARING), supersedes=before))
        officer = grant(P.WATCHLIST_ALERT_READ)
        assert services.open_alert(officer, renewed.uid).record == renewed


class TestTheUncleared:
    def test_know_of_no_foreign_discreet_check(self, held: Held, grant: Granting, people: dict[str, Person]) -> None:
        people["amal"].clearance = "standard"
        people["amal"].save()
        assert uids(visible(actor_of_person(people["amal"]))) == {held.plain.uid}
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        assert services.doubles(by, services.draft_alert(by, alert_content(subject=FOLLOWED))) == []


class TestTheApi:
    def test_lists_and_counts_the_ordinary_alert_alone(self, held: Held, token: Client) -> None:
        assert {alert["uid"] for alert in token.get("/api/v1/alerts").json()} == {str(held.plain.uid)}
        assert counts() == [1]

    def test_gives_the_ordinary_alert_whole(self, held: Held, token: Client) -> None:
        said = token.get(f"/api/v1/alerts/{held.plain.uid}").json()
        assert said["content"]["body"]["subject"]["names"][0]["text"] == said["name"] == "Salem Ould Khattar"
        assert (said["state"]["code"], said["origin"], said["version"]) == ("in_force", "NER", 1)
        assert Leaf.objects.get(act="alert_read").subject == str(held.plain.uid)

    @pytest.mark.parametrize("which", ["covert", "withheld"])
    @pytest.mark.parametrize("address", ["alerts", "records"])
    def test_answers_for_the_others_as_for_none(self, held: Held, token: Client, which: str, address: str) -> None:
        found = token.get(f"/api/v1/{address}/{getattr(held, which).uid}")
        none = token.get(f"/api/v1/{address}/0197a000-0000-7000-8000-000000000000")
        assert (found.status_code, found.content) == (404, none.content)
        assert not Leaf.objects.filter(act__in=["alert_read", "record_read"]).exists()

    def test_has_no_one_held_who_is_followed_discreetly(self, held: Held, token: Client) -> None:
        asked = {"names": ["Idrissa Maiga"], "birth_date": "1991-01-07", "case": "LBY/2026/7"}
        said = token.post("/api/v1/screenings", asked, "application/json").json()
        (found,) = said["candidates"]
        assert found["record"] == str(held.covert.uid)
        assert (found["covert"], found["alert_type"]) == (False, None)
        assert found["action"] == {
            "code": "identify_and_record",
            "text": "Compare the identity, let pass, record the crossing",
        }
