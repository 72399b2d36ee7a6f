"""Alerts on things and groups: the same two people, the same rules as far as they fit, and screening finds them."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Grant
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Person
from jiwar.identity.roles import Clearance
from jiwar.records.models import Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERTS, GROUP_ALERT, OBJECT_ALERT
from jiwar.watchlist.models import Alert, Entry
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, take, without

Granting = Callable[..., Grant]


def car(**body: Any) -> dict[str, Any]:
    """What an author types for a stolen car."""
    content = alert_content()
    for name in ("offence", "warrant", "grave_risk"):
        del content["body"][name]
    content["body"] |= {
        "type": "stolen",
        "action": "seize_and_report",
        "subject": {
            "type": "vehicle",
            "names": [{"text": "Toyota Hilux, white, 2019"}],
            "identifiers": [{"kind": "plate", "country": "LBY", "number": "5-123456"}],
            "relations": [{"kind": "owner", "name": "Mahmud Al Fitouri"}],
        },
        "report": {"authority": "Police, Sabha", "number": "V-12", "date": "2026-10-01"},
        **body,
    }
    return content


def armed_group(**body: Any) -> dict[str, Any]:
    """What an author types for a group that a decision designates."""
    content = alert_content()
    del content["body"]["offence"], content["body"]["grave_risk"]
    content["body"] |= {
        "type": "designated",
        "action": "refer_to_contact_point",
        "subject": {"type": "armed_group", "names": [{"text": "Katibat Al Rimal"}]},
        **body,
    }
    return content


@pytest.fixture
def refused(grant: Granting) -> Callable[..., set[tuple[str, str]]]:
    def submit(content: dict[str, Any], kind: Any = OBJECT_ALERT) -> set[tuple[str, str]]:
        draft = services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), content, kind=kind)
        with pytest.raises(Refused) as error:
            services.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
        return {(fault.code, fault.field) for fault in error.value.faults}

    return submit


@pytest.fixture
def on_thing(grant: Granting) -> Callable[..., Record]:
    """`on_thing(content, kind)`: an own alert, drafted, submitted and approved."""

    def make(content: dict[str, Any], kind: Any = OBJECT_ALERT) -> Record:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.draft_alert(by, content, kind=kind).pk)
        return services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)

    return make


@pytest.mark.parametrize(
    "path",
    [
        "legal_basis", "valid_until", "review_on", "body.type", "body.action", "body.subject.names", "body.report",
        "body.report.number", "body.necessity", "body.officer", "body.contact", "body.rights_screen.speech",
    ],
)  # fmt: skip
def test_r1_nothing_of_an_alert_on_a_thing_is_missing(refused: Any, path: str) -> None:
    assert ("missing", path) in refused(without(car(), path))


def with_number(kind: str, number: str) -> dict[str, Any]:
    content = car()
    content["body"]["subject"]["identifiers"] = [{"kind": kind, "number": number}]
    return content


def test_what_does_not_fit_an_alert_on_a_thing(refused: Any) -> None:
    assert refused(car(type="wanted_for_arrest")) >= {("type_does_not_fit", "body.type")}
    assert refused(car(type="discreet_check")) == {
        ("missing", "body.offence"),
        ("missing", "body.warrant"),
        ("action_does_not_fit", "body.action"),
    }
    assert refused(without(car(), "body.subject.type")) == {("type_does_not_fit", "body.subject.type")}
    assert refused(armed_group(type="stolen"), GROUP_ALERT) >= {("type_does_not_fit", "body.type")}
    on_person = alert_content()
    on_person["body"]["subject"] = car()["body"]["subject"]
    assert refused(on_person, ALERTS["alert.person"]) == {("type_does_not_fit", "body.subject.type")}


def test_r16_a_thing_without_a_sound_number_stops_nobody(refused: Any) -> None:
    thin, wrong = ("number_too_thin", "body.subject.identifiers"), "body.subject.identifiers.0.number"
    assert refused(without(car(), "body.subject.identifiers")) == {thin}
    assert refused(with_number("vin", "1M8GDM9A0KP042788")) == {thin, ("check_digit_wrong", wrong)}
    assert refused(with_number("imei", "1234")) == {thin, ("wrong_form", wrong)}
    low = armed_group()
    low["body"]["subject"]["names"][0]["quality"] = "low"
    assert refused(low, GROUP_ALERT) == {("identity_too_thin", "body.subject.names")}


def test_a_lost_passport_is_known_by_its_own_number(on_thing: Callable[..., Record]) -> None:
    content = car(type="lost")
    content["body"]["subject"] = {
        "type": "document",
        "names": [{"text": "Passport, Libya"}],
        "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
    }
    assert Entry.objects.get(uid=on_thing(content).uid).complete


def test_from_draft_to_withdrawal_as_on_a_person(
    grant: Granting, on_thing: Callable[..., Record], own_post: ForeignNode
) -> None:
    record = on_thing(car())
    alert, entry = Alert.objects.get(uid=record.uid), Entry.objects.get(uid=record.uid)
    assert (record.kind, alert.subject_type, alert.name) == ("alert.object", "vehicle", "Toyota Hilux, white, 2019")
    assert (entry.action, entry.complete, entry.active, entry.covert) == ("seize_and_report", True, True, False)
    # Own posts hold it without any agreement.
    assert Outgoing.objects.filter(node="LBY-GHAT", record=record).exists()
    assert {leaf.act for leaf in Leaf.objects.filter(subject=str(record.uid))} >= {"alert_issued", "record_issued"}
    draft = services.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), record.uid)
    assert (draft.kind, draft.supersedes) == ("alert.object", record)
    services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Found in Sabha")
    entry.refresh_from_db()
    assert (entry.active, entry.facts) == (False, {})
    assert Alert.objects.get(uid=record.uid).name == ""


def test_a_neighbours_alert_that_breaks_a_rule_is_kept_and_stops_nobody(niger: ForeignNode) -> None:
    def told(content: dict[str, Any]) -> Alert:
        kept = OBJECT_ALERT.content.model_validate(content).model_dump(mode="json")
        return Alert.objects.get(uid=take(niger.statement(OBJECT_ALERT, kept)).uid)

    sound, thin = car(), with_number("imei", "000000000000000")
    assert (told(sound).entered, told(thin).entered) == (True, False)
    assert Entry.objects.filter(active=True).count() == 1


def test_a_protected_persons_passport_that_the_feared_state_calls_stolen_is_not_used(
    grant: Granting, niger: ForeignNode, people: dict[str, Person]
) -> None:
    """Rule R5: the state that she fears does not stop her by her document either."""
    from jiwar.watchlist.kinds import SubjectFacts

    facts = {"names": [{"text": "Hawa Sidi"}], "documents": [{"country": "NER", "number": "12AB34567"}]}
    services.protect(grant(P.WATCHLIST_ALERT_APPROVE), SubjectFacts.model_validate(facts), "NER", "asylum file 2026/41")
    content = copy.deepcopy(car(type="stolen"))
    content["body"]["subject"] = {
        "type": "document",
        "names": [{"text": "Passport"}],
        "documents": [{"type": "passport", "country": "NER", "number": "12 AB 34567"}],
    }
    kept = OBJECT_ALERT.content.model_validate(content).model_dump(mode="json")
    record = take(niger.statement(OBJECT_ALERT, kept))
    record.refresh_from_db()
    assert (record.state, Entry.objects.filter(active=True).exists()) == ("withheld", False)


def test_relations_lead_to_what_the_reader_may_know(grant: Granting, on_thing: Callable[..., Record]) -> None:
    from jiwar.watchlist.alert_queries import related

    first = on_thing(armed_group(), GROUP_ALERT)
    covert = car(type="discreet_check", action="check_discreetly", offence=alert_content()["body"]["offence"])
    covert["body"]["warrant"] = alert_content()["body"]["warrant"]
    hidden = on_thing(covert)
    content = car()
    content["body"]["subject"]["relations"] = [
        {"kind": "user", "target": str(first.uid)},
        {"kind": "other", "target": str(hidden.uid)},
        {"kind": "other", "target": "01a20885-a2c1-73e1-907a-a354ac35e299"},
    ]
    actor = grant(P.WATCHLIST_ALERT_READ).actor
    assert related(actor, content) == {str(first.uid): "alert", str(hidden.uid): "alert"}
    assert related(
        replace(actor, permissions=frozenset({P.WATCHLIST_ALERT_READ}), clearance=Clearance.STANDARD), content
    ) == {str(first.uid): "alert"}
