"""What one state said goes on to another only with its consent: asked, granted by two people, refused, taken back."""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.agreements import consented, consents, queries, services
from jiwar.agreements.consent_kinds import CONSENT, REFUSAL, REQUEST
from jiwar.agreements.kinds import AGREEMENT
from jiwar.agreements.queries import facts_of, may_receive, may_send
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Person
from jiwar.identity.roles import Clearance
from jiwar.identity.services import add_node
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.models import Draft, Record
from jiwar.records.services import Approval, issue, read_content
from jiwar.records.statement import content_hash
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.wire.faults import Refused
from tests.agreements.conftest import APPROVE, DRAFT, NODE_GRANT, approved, say, signature, take, terms_of
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.post import DISCREET, alert_body

ASK, GRANT, PASS = P.AGREEMENTS_CONSENT_DRAFT, P.AGREEMENTS_CONSENT_APPROVE, P.AGREEMENTS_RECORD_PASS
Granting = Callable[[P], Grant]


def codes(error: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def alert_content(onward: str = "ask", tlp: str = "AMBER", **body: Any) -> dict[str, Any]:
    content = terms_of(alert_body(**body), 200)
    handling = {"tlp": tlp, "restrictions": [], "onward": onward}
    content |= {"purpose": "criminal_investigation", "handling": handling}
    return ALERT.content.model_validate(content).model_dump(mode="json")


@pytest.fixture
def by(officer: Person, approver: Person) -> Granting:
    """`by(permission)`: the officer's to ask, draft and pass on; the approver's to approve."""

    def make(permission: P) -> Grant:
        person = approver if permission in {GRANT, APPROVE} else officer
        return allow(actor_of_person(person), permission, Purpose.CRIMINAL_INVESTIGATION)

    return make


@pytest.fixture
def tunisia(own_keys: None) -> ForeignNode:
    node = ForeignNode("TUN")
    add_node(node.card())
    return node


@pytest.fixture
def with_tunisia(grant: Granting, body: dict[str, Any], tunisia: ForeignNode) -> Record:
    """An agreement in force between Libya and Tunisia, as that with Niger."""
    plain = {**body, "reference": "LBY-TUN-2026-01", "parties": ["LBY", "TUN"]}
    both = ["LBY", "TUN"]
    plain["clauses"] = [{**c, "from_states": both, "to_states": both} for c in body["clauses"]]
    record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), plain)))
    take(signature(tunisia, record.uid, record.hash, "TUN"), "TUN")
    return record


@pytest.fixture
def theirs(in_force: Record, with_tunisia: Record, niger: ForeignNode) -> Record:
    """Niger's alert, as Libya holds it under its agreement with Niger."""
    return take(niger.statement(ALERT, alert_content()))


@pytest.fixture
def ours(in_force: Record, with_tunisia: Record) -> Record:
    """Libya's own alert."""
    content = read_content(ALERT, alert_content(), timezone.now())
    digest = content_hash(ALERT.name, ALERT.version, content.model_dump(mode="json"))
    return issue(NODE_GRANT, ALERT, content, approval=Approval("one", "two", digest))


def consent(
    niger: ForeignNode, record: Record, *states: str, days: int = 100, purpose: str = "", **body: Any
) -> Record:
    """Niger's consent, as it comes from Niger."""
    content = terms_of({"target": str(record.uid), "holder": "LBY", "states": list(states), **body}, 0)
    until = timezone.now() + dt.timedelta(days=days)
    content |= {"purpose": purpose or record.purpose, "valid_until": until.isoformat()}
    content["review_on"] = until.date().isoformat()
    return take(niger.statement(CONSENT, content))


def passing(record: Record, state: str = "TUN") -> str:
    facts = facts_of(record.data, "LBY")
    return may_send(record.kind, record.purpose, state, timezone.now(), **facts).code


def sent_to(node: str) -> list[str]:
    return list(Outgoing.objects.filter(node=node).order_by("pk").values_list("record__kind", flat=True))


class TestTheDecisionAtTheHolder:
    def test_takes_the_origins_consent_for_this_state_and_this_holder(self, theirs: Record, niger: ForeignNode) -> None:
        assert passing(theirs) == "no_consent"
        consent(niger, theirs, "TCD")
        assert passing(theirs) == "no_consent"
        other = terms_of({"target": str(theirs.uid), "holder": "TUN", "states": ["DZA"]})
        take(niger.statement(CONSENT, other | {"purpose": theirs.purpose}))
        assert passing(theirs) == "no_consent"
        consent(niger, theirs, "TUN")
        assert passing(theirs) == "open"

    def test_of_anothers_for_another_purpose_or_run_out_it_counts_for_nothing(
        self, theirs: Record, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        content = terms_of({"target": str(theirs.uid), "holder": "LBY", "states": ["TUN"]})
        take(tunisia.statement(CONSENT, content | {"purpose": theirs.purpose}), "TUN")
        consent(niger, theirs, "TUN", purpose="border_check")
        post = ForeignNode("NER-MADAMA", "post")
        add_node(post.card())
        take(post.statement(CONSENT, content | {"purpose": theirs.purpose}))
        assert passing(theirs) == "no_consent"
        consent(niger, theirs, "TUN", days=2)
        assert passing(theirs) == "open"
        with time_machine.travel(timezone.now() + dt.timedelta(days=2)):
            assert passing(theirs) == "no_consent"

    def test_taken_back_closes_at_once(self, theirs: Record, niger: ForeignNode) -> None:
        given = consent(niger, theirs, "TUN")
        take(say(niger, WITHDRAWAL, {"target": str(given.uid), "reason": "in error"}))
        assert passing(theirs) == "no_consent"

    def test_takes_an_agreement_with_the_recipient_as_well(self, theirs: Record, niger: ForeignNode) -> None:
        consent(niger, theirs, "TCD")
        assert passing(theirs, "TCD") == "no_agreement"

    def test_is_free_only_where_the_record_and_the_clause_say_so(
        self, in_force: Record, with_tunisia: Record, niger: ForeignNode, body: dict[str, Any], grant: Granting
    ) -> None:
        free = take(niger.statement(ALERT, alert_content(onward="yes")))
        assert passing(free) == "no_consent"
        clauses = [{**c, "onward": "yes"} for c in body["clauses"]]
        newer = take(say(niger, AGREEMENT, {**body, "reference": "LBY-NER-2026-09", "clauses": clauses}))
        approved(grant, services.cosign(grant(DRAFT), newer.uid))
        assert passing(free) == "no_consent"  # the stricter of two clauses counts
        services.suspend(grant(P.AGREEMENTS_AGREEMENT_SUSPEND), in_force.uid, "inquiry")
        assert passing(free) == "open"
        red = take(niger.statement(ALERT, alert_content(onward="yes", tlp="RED")))
        assert passing(red) == "tlp_red"

    def test_holds_for_a_correction_of_the_record(self, theirs: Record, niger: ForeignNode) -> None:
        consent(niger, theirs, "TUN")
        newer = take(niger.statement(ALERT, alert_content(), supersedes=theirs.statement.encode()))
        assert passing(newer) == "open"


class TestTheDecisionAtTheRecipient:
    """Tunisia passes Niger's alert on to us."""

    def asked(self, niger: ForeignNode, **content: Any) -> tuple[dict[str, Any], str]:
        import json

        signed = niger.statement(ALERT, alert_content(**content))
        return json.loads(signed[0]), "TUN"

    def code(self, data: dict[str, Any], sender: str) -> str:
        purpose = data["content"]["purpose"]
        return may_receive(data["kind"], purpose, sender, timezone.now(), **facts_of(data, sender)).code

    def consent(self, niger: ForeignNode, uid: str, *states: str, holder: str = "TUN") -> None:
        content = terms_of({"target": uid, "holder": holder, "states": list(states)})
        take(niger.statement(CONSENT, content | {"purpose": "criminal_investigation"}))

    def test_takes_the_consent_that_came_before_it(
        self, with_tunisia: Record, in_force: Record, niger: ForeignNode
    ) -> None:
        data, sender = self.asked(niger)
        assert self.code(data, sender) == "no_consent"
        self.consent(niger, data["id"], "LBY", holder="TCD")
        assert self.code(data, sender) == "no_consent"
        self.consent(niger, data["id"], "LBY")
        assert self.code(data, sender) == "open"

    def test_takes_the_records_own_word_where_there_is_no_consent(
        self, with_tunisia: Record, in_force: Record, niger: ForeignNode
    ) -> None:
        assert self.code(*self.asked(niger, onward="yes")) == "open"
        assert self.code(*self.asked(niger, onward="yes", tlp="RED")) == "tlp_red"

    def test_knows_who_may_bring_what(self, theirs: Record, niger: ForeignNode, tunisia: ForeignNode) -> None:
        def data(holder: str, *states: str) -> dict[str, Any]:
            body = {"target": str(uuid4()), "holder": holder, "states": list(states)}
            return {"kind": CONSENT.name, "origin": "NER", "content": {"body": body}}

        assert consented.brought(data("TUN", "LBY"), "TUN")
        assert not consented.brought(data("TCD", "LBY"), "TUN")
        assert not consented.brought(data("TUN", "DZA"), "TUN")
        assert not consented.brought({**data("TUN", "LBY"), "kind": REQUEST.name}, "TUN")
        gone = {"kind": WITHDRAWAL.name, "origin": "NER", "content": {"body": {"target": str(theirs.uid)}}}
        assert not consented.brought(gone, "TUN")
        Record.objects.filter(pk=theirs.pk).update(received_from="TUN")
        assert consented.brought(gone, "TUN")
        assert not consented.brought({**gone, "origin": "TCD"}, "TUN")


class TestFacts:
    def test_of_an_own_word_are_its_handling(self, theirs: Record, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(0):
            assert facts_of(theirs.data, "NER") == {"tlp": "AMBER", "onward": "ask"}

    @pytest.mark.parametrize("depth", [[1], "x", {"a": 1}, True])
    def test_what_is_no_depth_is_not_decidable(self, theirs: Record, depth: Any) -> None:
        data = {**theirs.data, "content": {**theirs.data["content"], "body": {"depth_km": depth}}}
        facts = facts_of(data, "NER")
        hash(tuple(facts.values()))
        assert may_receive(theirs.kind, theirs.purpose, "NER", timezone.now(), **facts).code == "not_decidable"


class TestAsking:
    def test_goes_to_the_origin_alone(self, theirs: Record, by: Granting) -> None:
        request = consents.ask(by(ASK), theirs.uid, ["TUN"], "he was seen at Dehiba")
        assert (request.kind, request.about, request.purpose) == (REQUEST.name, theirs.uid, theirs.purpose)
        assert "record.consent_request" in sent_to("NER")
        assert "record.consent_request" not in sent_to("TUN")
        assert Leaf.objects.filter(act="consent_asked", subject=str(theirs.uid)).exists()

    def test_of_what_must_not_be_passed_on_is_refused(self, theirs: Record, niger: ForeignNode, by: Granting) -> None:
        closed = take(niger.statement(ALERT, alert_content(onward="no")))
        with pytest.raises(Refused) as error:
            consents.ask(by(ASK), closed.uid, ["TUN"], "please")
        assert codes(error) == ["not_to_be_passed_on"]

    @pytest.mark.parametrize("states", [["NER"], ["LBY"], ["ITA"]])
    def test_for_a_state_that_it_cannot_go_to_is_refused(self, theirs: Record, by: Granting, states: list[str]) -> None:
        with pytest.raises(Refused) as error:
            consents.ask(by(ASK), theirs.uid, states, "please")
        assert codes(error) == ["not_in_list"]

    def test_of_an_own_an_unknown_or_a_withdrawn_record_is_refused(
        self, theirs: Record, ours: Record, niger: ForeignNode, by: Granting
    ) -> None:
        take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "over"}))
        for uid, code in ((ours.uid, "own_record"), (uuid4(), "record_unknown"), (theirs.uid, "not_in_force")):
            with pytest.raises(Refused) as error:
                consents.ask(by(ASK), uid, ["TUN"], "please")
            assert codes(error) == [code]

    def test_of_a_covert_record_is_for_who_is_cleared(
        self, theirs: Record, niger: ForeignNode, by: Granting, officer: Person
    ) -> None:
        covert = take(niger.statement(ALERT, alert_content(**DISCREET)))
        with pytest.raises(Refused) as error:
            consents.ask(by(ASK), covert.uid, ["TUN"], "please")
        assert codes(error) == ["record_unknown"]
        Person.objects.filter(pk=officer.pk).update(clearance=Clearance.COVERT)
        officer.refresh_from_db()
        consents.ask(allow(actor_of_person(officer), ASK), covert.uid, ["TUN"], "please")


class TestPassingOn:
    def test_sends_the_consent_ahead_in_one_lane(self, theirs: Record, niger: ForeignNode, by: Granting) -> None:
        given = consent(niger, theirs, "TUN")
        consents.pass_on(by(PASS), theirs.uid, "TUN")
        rows = Outgoing.objects.filter(node="TUN", record__in=[given, theirs]).order_by("priority", "pk")
        assert [(row.record_id, row.state) for row in rows] == [(given.pk, "queued"), (theirs.pk, "queued")]
        assert len({(row.lane, row.priority) for row in rows}) == 1
        leaf = Leaf.objects.get(act="record_passed_on")
        assert (leaf.subject, leaf.purpose) == (str(theirs.uid), "criminal_investigation")
        consents.pass_on(by(PASS), theirs.uid, "TUN")
        assert Outgoing.objects.filter(node="TUN", record=theirs).count() == 1

    def test_without_consent_is_refused_and_nothing_leaves(self, theirs: Record, by: Granting) -> None:
        with pytest.raises(Refused) as error:
            consents.pass_on(by(PASS), theirs.uid, "TUN")
        assert codes(error) == ["not_open"]
        assert not Outgoing.objects.filter(record=theirs).exists()

    def test_is_looked_at_again_when_it_leaves(self, theirs: Record, niger: ForeignNode, by: Granting) -> None:
        given = consent(niger, theirs, "TUN")
        consents.pass_on(by(PASS), theirs.uid, "TUN")
        take(say(niger, WITHDRAWAL, {"target": str(given.uid), "reason": "in error"}))
        assert passing(theirs) == "no_consent"

    def test_brings_corrections_and_withdrawals_after_it(
        self, theirs: Record, niger: ForeignNode, by: Granting
    ) -> None:
        given = consent(niger, theirs, "TUN")
        consents.pass_on(by(PASS), theirs.uid, "TUN")
        newer = take(niger.statement(ALERT, alert_content(), supersedes=theirs.statement.encode()))
        gone = take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "arrested"}))
        back = take(say(niger, WITHDRAWAL, {"target": str(given.uid), "reason": "no longer needed"}))
        passed = set(Outgoing.objects.filter(node="TUN").values_list("record_id", flat=True))
        assert {newer.pk, gone.pk, back.pk} <= passed
        assert not Outgoing.objects.filter(node="NER", record__in=[newer, gone, back]).exists()


class TestAnswering:
    @pytest.fixture
    def asked(self, ours: Record, niger: ForeignNode) -> Record:
        """Niger asks whether it may pass our alert on to Tunisia."""
        body = {"target": str(ours.uid), "states": ["TUN"], "reason": "he was seen at Dehiba"}
        return take(say(niger, REQUEST, body, days=60))

    def grant(self, by: Granting, ours: Record, asked: Record, **changes: Any) -> Draft:
        until = timezone.now().date() + dt.timedelta(days=30)
        fields = {"holder": "NER", "states": ["TUN"], "until": until, "request": asked.uid} | changes
        return consents.propose(by(ASK), ours.uid, **fields)

    def test_grants_with_two_people_and_tells_holder_and_states(
        self, ours: Record, asked: Record, by: Granting, approver: Person, officer: Person
    ) -> None:
        assert [w.what for w in queries.waiting(actor_of_person(officer))] == ["consents_to_answer"]
        draft = self.grant(by, ours, asked)
        assert not Record.objects.filter(kind=CONSENT.name).exists()
        assert [w.what for w in queries.waiting(actor_of_person(officer))] == []
        assert [w.what for w in queries.waiting(actor_of_person(approver))] == ["consents_to_approve"]
        record = consents.approve(by(GRANT), draft, draft.content_hash)
        assert (record.body["holder"], record.body["states"], record.about) == ("NER", ["TUN"], ours.uid)
        assert record.valid_until.date() <= timezone.now().date() + dt.timedelta(days=31)
        assert "record.consent" in sent_to("NER")
        assert "record.consent" in sent_to("TUN")
        assert [each.answer for each in consented.requests(ours.uid)] == [record]
        assert Leaf.objects.filter(act="consent_given", subject=str(ours.uid)).exists()

    def test_is_prepared_once(self, ours: Record, asked: Record, by: Granting) -> None:
        self.grant(by, ours, asked)
        with pytest.raises(Refused) as error:
            self.grant(by, ours, asked)
        assert codes(error) == ["draft_in_hand"]

    def test_one_person_cannot_grant(self, ours: Record, asked: Record, by: Granting, officer: Person) -> None:
        draft = self.grant(by, ours, asked)
        with pytest.raises(Refused) as error:
            consents.approve(Grant(actor_of_person(officer), GRANT), draft, draft.content_hash)
        assert codes(error) == ["approver_is_author"]

    def test_refuses_with_a_reason(self, ours: Record, asked: Record, by: Granting) -> None:
        with pytest.raises(Refused) as error:
            consents.refuse(by(ASK), asked.uid, " ")
        assert codes(error) == ["missing"]
        record = consents.refuse(by(ASK), asked.uid, "it would show our source")
        assert (record.kind, record.about) == (REFUSAL.name, asked.uid)
        assert "record.consent_refusal" in sent_to("NER")
        for again in (lambda: consents.refuse(by(ASK), asked.uid, "no"), lambda: self.grant(by, ours, asked)):
            with pytest.raises(Refused) as error:
                again()
            assert codes(error) == ["answered_already"]

    def test_never_consents_longer_than_the_record_lasts(self, ours: Record, asked: Record, by: Granting) -> None:
        until = timezone.now().date() + dt.timedelta(days=4000)
        draft = self.grant(by, ours, asked, until=until)
        assert consents.approve(by(GRANT), draft, draft.content_hash).valid_until == ours.valid_until

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"holder": "LBY"}, "own_record"),
            ({"states": ["LBY"]}, "own_record"),
            ({"states": ["NER"]}, "said_twice"),
            ({"states": []}, "missing"),
            ({"request": UUID(int=7)}, "request_unknown"),
        ],
    )
    def test_a_wrong_consent_is_refused(
        self, ours: Record, asked: Record, by: Granting, change: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(Refused) as error:
            self.grant(by, ours, asked, **change)
        assert codes(error) == [code]

    def test_nobody_consents_for_another_state(self, theirs: Record, by: Granting) -> None:
        until = timezone.now().date() + dt.timedelta(days=30)
        with pytest.raises(Refused) as error:
            consents.propose(by(ASK), theirs.uid, "TUN", ["TCD"], until)
        assert codes(error) == ["not_the_origin"]

    def test_of_a_withdrawn_record_cannot_be_approved(
        self, ours: Record, asked: Record, by: Granting, grant: Granting
    ) -> None:
        from jiwar.records.services import withdraw

        draft = self.grant(by, ours, asked)
        withdraw(NODE_GRANT, ours, "arrested")
        with pytest.raises(Refused) as error:
            consents.approve(by(GRANT), draft, draft.content_hash)
        assert codes(error) == ["not_in_force"]

    def test_takes_back_and_tells_who_had_it(self, ours: Record, asked: Record, by: Granting) -> None:
        draft = self.grant(by, ours, asked)
        record = consents.approve(by(GRANT), draft, draft.content_hash)
        consents.take_back(by(ASK), record.uid, "the source is at risk")
        assert Record.objects.get(pk=record.pk).state == "withdrawn"
        assert Leaf.objects.filter(act="consent_withdrawn", subject=str(ours.uid)).exists()

    def test_the_records_own_end_is_told_to_the_states_named(
        self, ours: Record, asked: Record, by: Granting, tunisia: ForeignNode
    ) -> None:
        from jiwar.records.services import withdraw

        draft = self.grant(by, ours, asked, states=["TUN"])
        consents.approve(by(GRANT), draft, draft.content_hash)
        Outgoing.objects.filter(node="TUN", record=ours).delete()  # it went to Niger alone
        end = withdraw(NODE_GRANT, ours, "arrested")
        assert Outgoing.objects.filter(node="TUN", record=end).exists()


def test_each_act_wants_its_own_permission(theirs: Record, ours: Record, by: Granting) -> None:
    day = timezone.now().date()
    acts: list[Callable[[Grant], object]] = [
        lambda who: consents.ask(who, theirs.uid, ["TUN"], "x"),
        lambda who: consents.propose(who, ours.uid, "NER", ["TUN"], day),
        lambda who: consents.refuse(who, uuid4(), "x"),
        lambda who: consents.take_back(who, uuid4(), "x"),
        lambda who: consents.pass_on(who, theirs.uid, "TUN"),
    ]
    for act in acts:
        with pytest.raises(AccessRefused):
            act(by(GRANT))
    other = Draft.objects.create(kind="alert.person", content={}, content_hash="", author_id=by(ASK).actor_id)
    for act in (
        lambda who: consents.approve(who(GRANT), other, ""),
        lambda who: consents.return_to_author(who(GRANT), other, "x"),
        lambda who: consents.discard(who(ASK), other),
    ):
        with pytest.raises(Refused) as error:
            act(by)
        assert codes(error) == ["draft_of_other_kind"]


class TestPages:
    @pytest.fixture
    def desk(self, settings: Any, officer: Person) -> Client:
        settings.NODE = dataclasses.replace(django_settings.NODE, require_second_factor=False)
        return self.signed_in(officer)

    def signed_in(self, person: Person) -> Client:
        return client_of(person)

    def test_ask_then_pass_on(self, desk: Client, theirs: Record, niger: ForeignNode) -> None:
        here = f"/agreements/onward/{theirs.uid}/"
        page = desk.get(here).content.decode()
        assert "has not consented to its being passed on" in page
        assert "Pass it on" not in page
        assert desk.post(here, {"act": "ask", "states": ["TUN"], "reason": ""}).status_code == 422
        assert desk.post(here, {"act": "ask", "states": ["TUN"], "reason": "seen at Dehiba"}).status_code == 302
        request = Record.objects.get(kind=REQUEST.name)
        assert "seen at Dehiba" in desk.get("/agreements/onward/").content.decode()
        consent(niger, theirs, "TUN", request=str(request.uid))
        assert "Pass it on" in desk.get(here).content.decode()
        assert desk.post(here, {"act": "pass", "state": "TUN"}).status_code == 302
        assert Outgoing.objects.filter(node="TUN", record=theirs).exists()

    def test_grant_and_refuse(self, desk: Client, ours: Record, niger: ForeignNode, approver: Person) -> None:
        here = f"/agreements/onward/{ours.uid}/"
        body = {"target": str(ours.uid), "states": ["TUN"], "reason": "seen at Dehiba"}
        first, second = (take(say(niger, REQUEST, body, days=60)) for _ in range(2))
        asked = {"act": "grant", "target": str(first.uid), "holder": "NER", "states": ["TUN"]}
        assert desk.post(here, asked | {"until": "soon"}).status_code == 422
        day = (timezone.now() + dt.timedelta(days=9)).date().isoformat()
        answer = desk.post(here, asked | {"until": day})
        assert answer.status_code == 302
        other = self.signed_in(approver)
        page = other.get(answer.url).content.decode()
        assert "may pass our record on to" in page
        assert other.post(answer.url, {"act": "else"}).status_code == 422
        draft = Draft.objects.get(kind=CONSENT.name)
        assert other.post(answer.url, {"act": "approve", "seen": draft.content_hash}).status_code == 302
        assert desk.post(here, {"act": "refuse", "target": str(second.uid), "reason": "no"}).status_code == 302
        given = Record.objects.get(kind=CONSENT.name)
        assert desk.post(here, {"act": "take_back", "target": str(given.uid), "reason": "over"}).status_code == 302
        page = desk.get(here).content.decode()
        assert "refused" in page
        assert "withdrawn" in page

    def test_a_record_that_is_not_for_the_reader_is_not_there(
        self, desk: Client, theirs: Record, niger: ForeignNode
    ) -> None:
        covert = take(niger.statement(ALERT, alert_content(**DISCREET)))
        assert desk.get(f"/agreements/onward/{covert.uid}/").status_code == 404
        assert desk.get(f"/agreements/onward/{uuid4()}/").status_code == 404
        assert desk.get(f"/agreements/onward/drafts/{uuid4()}/").status_code == 404
        assert desk.post(f"/agreements/onward/{theirs.uid}/", {"act": "x", "target": "y"}).status_code == 422

    def test_why_names_who_could_consent(self, desk: Client, theirs: Record) -> None:
        page = desk.get("/agreements/why/", {"state": "TUN", "record": str(theirs.uid)}).content.decode()
        assert "Niger, which issued it, could consent: ask for it." in page
        assert f"/agreements/onward/{theirs.uid}/" in page
        assert "LBY-TUN-2026-01/art-3-1/no_consent" in page
