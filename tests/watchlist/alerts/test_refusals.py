"""A receiving state refuses an alert with a ground, openly, for itself alone, and may take that back (rule R3)."""

import dataclasses
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.keys import ring
from jiwar.identity.models import Person
from jiwar.identity.roles import Clearance
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.models import Record
from jiwar.records.services import expire
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT, REFUSAL, RefusalGround
from jiwar.watchlist.alert_queries import refusals, refused_here
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.logic.evidence import Document, Query
from jiwar.watchlist.models import Alert, Entry
from jiwar.wire.faults import Refused
from tests.console import client_of
from tests.foreign import ForeignNode, Signed
from tests.watchlist.alerts.conftest import NODE, alert_content, take, terms_of

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]
FOR = "?purpose=criminal_investigation"
WHY = "The offence is an opinion."


def alert_of(node: ForeignNode, **body: Any) -> Signed:
    return node.statement(ALERT, ALERT.content.model_validate(alert_content(**body)).model_dump(mode="json"))


def refusal_of(node: ForeignNode, alert: UUID, ground: str = "political") -> Signed:
    return node.statement(REFUSAL, terms_of({"target": str(alert), "ground": ground, "text": WHY}))


def faults(error: pytest.ExceptionInfo[Refused]) -> set[tuple[str, str]]:
    return {(fault.code, fault.field) for fault in error.value.faults}


def stops(people: dict[str, Person]) -> bool:
    """Whether screening for the document of the alert finds it."""
    by = allow(actor_of_person(people["mariama"]), P.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK, "LBY/2026/7")
    query = Query(names=(), documents=(Document("passport", "LBY", "K0451187"),))
    return bool(services.screen(by, query).candidates)


@pytest.fixture
def received(live_index: LiveIndex, niger: ForeignNode, own_post: ForeignNode) -> Record:
    return take(alert_of(niger))


@pytest.fixture
def refuse(grant: Granting) -> Callable[..., Record]:
    def act(uid: UUID, ground: str = "political", text: str = WHY) -> Record:
        return services.refuse_alert(grant(P.WATCHLIST_ALERT_APPROVE), uid, ground, text)

    return act


class TestAtTheReceiver:
    def test_a_refused_alert_stops_nobody_until_the_refusal_is_taken_back(
        self, received: Record, refuse: Callable[..., Record], grant: Granting, people: dict[str, Person]
    ) -> None:
        assert stops(people)
        refusal = refuse(received.uid)
        assert not stops(people)
        assert Entry.objects.get(uid=received.uid).facts == {}
        received.refresh_from_db()
        assert received.state == "in_force"
        assert {r.origin for r in refusals([Alert.objects.get()])[received.uid]} == {"LBY"}
        services.take_back_refusal(grant(P.WATCHLIST_ALERT_APPROVE), received.uid, "Facts came")
        assert stops(people)
        assert refusals([Alert.objects.get()]) == {}
        leaves = Leaf.objects.filter(subject=str(received.uid), act__startswith="alert_refus").order_by("index")
        assert [leaf.act for leaf in leaves] == ["alert_refused", "alert_refusal_withdrawn"]
        assert all(str(refusal.uid) in leaf.content for leaf in leaves)

    def test_goes_to_the_issuer_without_an_agreement_and_to_own_posts_alone(
        self, received: Record, refuse: Callable[..., Record], tunisia: ForeignNode
    ) -> None:
        sent = Outgoing.objects.filter(record=refuse(received.uid)).order_by("node")
        assert [(row.node, row.state) for row in sent] == [("LBY-GHAT", "queued"), ("NER", "queued")]

    def test_a_new_version_stays_refused_and_is_used_once_the_refusal_is_taken_back(
        self, live_index: LiveIndex, niger: ForeignNode, refuse: Callable[..., Record], grant: Granting,
        people: dict[str, Person],
    ) -> None:  # fmt: skip
        first = alert_of(niger)
        uid = take(first).uid
        refuse(uid)
        content = ALERT.content.model_validate(alert_content()).model_dump(mode="json")
        second = take(niger.statement(ALERT, content, supersedes=first[0]))
        assert not stops(people)
        services.take_back_refusal(grant(P.WATCHLIST_ALERT_APPROVE), uid, "Facts came")
        assert stops(people)
        assert Entry.objects.get(uid=uid).record_id == second.pk

    def test_an_alert_that_ended_meanwhile_is_not_used_again(
        self, received: Record, niger: ForeignNode, refuse: Callable[..., Record], grant: Granting,
        people: dict[str, Person],
    ) -> None:  # fmt: skip
        refuse(received.uid)
        take(niger.statement(WITHDRAWAL, terms_of({"target": str(received.uid), "reason": "Found"})))
        services.take_back_refusal(grant(P.WATCHLIST_ALERT_APPROVE), received.uid, "Facts came")
        assert not stops(people)

    def test_a_person_protected_meanwhile_stays_so(
        self, received: Record, refuse: Callable[..., Record], grant: Granting, people: dict[str, Person]
    ) -> None:
        refuse(received.uid)
        facts = {"names": [{"text": "Salem Ould Khattar"}], "birth_dates": [{"date": "1984-03-09"}]}
        services.protect(
            grant(P.WATCHLIST_ALERT_APPROVE), SubjectFacts.model_validate(facts), "NER", "asylum file 2026/41"
        )
        services.take_back_refusal(grant(P.WATCHLIST_ALERT_APPROVE), received.uid, "Facts came")
        received.refresh_from_db()
        assert (received.state, stops(people)) == ("withheld", False)

    def test_does_not_run_out_before_the_alert(
        self, received: Record, refuse: Callable[..., Record], people: dict[str, Person]
    ) -> None:
        refusal = refuse(received.uid)
        expire(NODE, received.valid_until)
        refusal.refresh_from_db()
        assert refusal.state == "in_force"
        assert refusal.review_on >= (timezone.now() + ALERT.longest).date()

    def test_a_third_state_cannot_refuse_for_us(
        self, received: Record, tunisia: ForeignNode, niger: ForeignNode, people: dict[str, Person]
    ) -> None:
        take(refusal_of(tunisia, received.uid), "TUN")
        take(refusal_of(niger, received.uid))
        assert stops(people)
        assert refusals([Alert.objects.get()]) == {}
        with pytest.raises(Refused) as error:
            take(tunisia.statement(REFUSAL, terms_of({"target": str(received.uid), "ground": "other", "text": WHY}),
                                   origin="LBY"), "TUN")  # fmt: skip
        assert faults(error) == {("origin_wrong", "origin")}

    def test_an_own_post_cannot_refuse_for_its_state(
        self, received: Record, own_post: ForeignNode, people: dict[str, Person]
    ) -> None:
        take(refusal_of(own_post, received.uid), "LBY-GHAT")
        assert stops(people)

    @pytest.mark.parametrize(
        ("ground", "why", "fault"),
        [
            ("protected_person", WHY, ("not_in_list", "ground")),
            ("political", " ", ("missing", "text")),
            ("political", "x" * 1001, ("too_long", "text")),
        ],
    )
    def test_needs_a_ground_of_the_list_and_an_explanation(
        self, received: Record, refuse: Callable[..., Record], ground: str, why: str, fault: tuple[str, str]
    ) -> None:
        with pytest.raises(Refused) as error:
            refuse(received.uid, ground, why)
        assert faults(error) == {fault}

    def test_once_a_neighbour_s_and_by_the_approver(
        self, received: Record, refuse: Callable[..., Record], grant: Granting, issued: Issuing
    ) -> None:
        by = grant(P.WATCHLIST_ALERT_APPROVE)
        with pytest.raises(Refused) as error:
            services.take_back_refusal(by, received.uid, "Never refused")
        assert faults(error) == {("not_refused", "target")}
        refuse(received.uid)
        with pytest.raises(Refused) as error:
            refuse(received.uid)
        assert faults(error) == {("already_refused", "target")}
        with pytest.raises(Refused) as error:
            refuse(issued().uid)
        assert faults(error) == {("own_alert", "target")}
        with pytest.raises(AccessRefused):
            services.refuse_alert(grant(P.WATCHLIST_ALERT_DRAFT), received.uid, "other", WHY)

    def test_a_discreet_check_that_she_may_not_know_of_does_not_exist(
        self, niger: ForeignNode, refuse: Callable[..., Record], people: dict[str, Person]
    ) -> None:
        record = take(alert_of(niger, type="discreet_check", action="check_discreetly"))
        people["salem"].clearance = Clearance.STANDARD
        with pytest.raises(Refused) as error:
            refuse(record.uid)
        assert faults(error) == {("alert_unknown", "target")}


class TestAtAPost:
    """A post of Libya takes what its own state says, in whatever order it comes."""

    def test_its_state_s_word_ends_the_use_and_begins_it_again(
        self, live_index: LiveIndex, niger: ForeignNode, people: dict[str, Person], settings: Any
    ) -> None:
        state = ForeignNode("LBY")
        state.ring = ring(settings.KEYS)  # the keys under which this test's post knows its state
        settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
        alert = alert_of(niger)
        uid = UUID(json.loads(alert[0])["id"])
        refusal = take(refusal_of(state, uid), "LBY")
        take(alert, "LBY")
        assert not stops(people)
        take(state.statement(WITHDRAWAL, terms_of({"target": str(refusal.uid), "reason": "Facts came"})), "LBY")
        assert stops(people)

    def test_refuses_nothing_itself(self, received: Record, refuse: Callable[..., Record], settings: Any) -> None:
        settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
        with pytest.raises(Refused) as error:
            refuse(received.uid)
        assert faults(error) == {("not_the_national_node", "")}


class TestAtTheIssuer:
    def test_reads_who_refused_and_why_and_uses_its_own_alert_on(
        self, live_index: LiveIndex, issued: Issuing, niger: ForeignNode, tunisia: ForeignNode,
        people: dict[str, Person], settings: Any,
    ) -> None:  # fmt: skip
        record = issued()
        refusal = take(refusal_of(niger, record.uid, "fair_trial"))
        page = shown(settings, people["amal"], f"/alerts/{record.uid}/{FOR}")
        assert "no assurance of a fair trial" in page
        assert WHY in page
        assert "refused by a neighbour" in shown(settings, people["amal"], f"/alerts/{FOR}")
        assert stops(people)
        # Tunisia takes back nothing for Niger; Niger does.
        body = terms_of({"target": str(refusal.uid), "reason": "Facts came"})
        take(tunisia.statement(WITHDRAWAL, body), "TUN")
        assert set(refusals([Alert.objects.get()])) == {record.uid}
        take(niger.statement(WITHDRAWAL, body))
        assert refusals([Alert.objects.get()]) == {}


class TestPages:
    def test_what_says_too_little_names_its_rules_and_its_issuer_is_told_them(
        self, live_index: LiveIndex, niger: ForeignNode, people: dict[str, Person], settings: Any
    ) -> None:
        thin = take(alert_of(niger, subject={"names": [{"text": "Salem Ould Khattar"}]}))
        client, address = signed_in(settings, people["salem"]), f"/alerts/{thin.uid}/{FOR}"
        page = client.get(address).content.decode()
        assert "says too little" in page
        form = re.search(r'name="text"[^>]*>([^<]+)<', page)
        assert form is not None
        assert "Identity" in form[1]
        assert '<option value="insufficient_facts" selected>' in page
        told = {"act": "refuse", "ground": "insufficient_facts", "text": form[1].strip()}
        assert client.post(address, told).status_code == 302
        assert refused_here(thin.uid).body["text"] == unescape(form[1]).strip()  # type: ignore[union-attr]

    def test_refused_and_taken_back_by_forms(self, received: Record, people: dict[str, Person], settings: Any) -> None:
        client, address = signed_in(settings, people["salem"]), f"/alerts/{received.uid}/{FOR}"
        page = client.get(address).content.decode()
        assert all(f'value="{ground}"' in page for ground in RefusalGround)
        answer = client.post(address, {"act": "refuse", "ground": "", "text": ""})
        assert answer.status_code == 422
        assert 'href="#f-ground"' in answer.content.decode()
        answer = client.post(address, {"act": "refuse", "ground": "military", "text": WHY})
        assert answer.status_code == 302
        page = client.get(address).content.decode()
        assert "We refused to act on this alert" in page
        assert "a purely military offence" in page
        assert "says too little" not in page
        assert "refused by us" in client.get(f"/alerts/{FOR}").content.decode()
        assert client.post(address, {"act": "take_back", "reason": "Facts came"}).status_code == 302
        assert "We refused to act on this alert" not in client.get(address).content.decode()
        assert stops(people)

    def test_are_offered_to_the_approver_alone(
        self, received: Record, people: dict[str, Person], settings: Any
    ) -> None:
        client, address = signed_in(settings, people["amal"]), f"/alerts/{received.uid}/{FOR}"
        assert "Refuse this alert" not in client.get(address).content.decode()
        assert client.post(address, {"act": "refuse", "ground": "other", "text": WHY}).status_code == 403


def signed_in(settings: Any, person: Person) -> Client:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    return client_of(person)


def shown(settings: Any, person: Person, address: str) -> str:
    answer = signed_in(settings, person).get(address)
    assert answer.status_code == 200
    return answer.content.decode()
