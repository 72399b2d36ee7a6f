"""From a hit at a post to the outcome that its officer reads: three nodes, each seen from its own side."""

import dataclasses
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from pydantic import ValidationError

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.identity.models import Person
from jiwar.records.models import Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.hit_kinds import HIT, OUTCOME, HitFacts
from jiwar.watchlist.models import Case, Hit
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, hit_facts, missing_person, take, terms_of

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]


def hit_body(alert: Record, reported_by: str = "NER-MADAMA", **facts: Any) -> dict[str, Any]:
    more = {"target": str(alert.uid), "target_version": alert.version, "reported_by": reported_by}
    return HIT.body.model_validate(hit_facts(**facts) | more).model_dump(mode="json")


def hit_of(node: ForeignNode, alert: Record, reported_by: str = "NER-MADAMA", **facts: Any) -> Any:
    return node.statement(HIT, terms_of(hit_body(alert, reported_by, **facts)))


def typed(content: dict[str, Any]) -> dict[str, Any]:
    return ALERT.content.model_validate(content).model_dump(mode="json")


def addressees(record: Record) -> list[str]:
    kind = {"alert.hit": HIT, "case.outcome": OUTCOME}[record.kind]
    assert kind.addressees is not None
    return list(kind.addressees(kind.content.model_validate(record.data["content"])))


def codes(error: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in error.value.faults]


def read(error: pytest.ExceptionInfo[ValidationError]) -> set[str]:
    return {str(e["ctx"]["error"]) if "ctx" in e else e["type"] for e in error.value.errors()}


class TestAtTheIssuer:
    def test_a_hit_opens_a_case_and_its_outcome_goes_back(
        self, grant: Granting, issued: Issuing, niger: ForeignNode
    ) -> None:
        alert = issued()
        hit = take(hit_of(niger, alert))
        case = Case.objects.get()
        assert (case.state, case.hit.record, case.hit.place) == ("open", hit, "Madama, lane 2")
        services.take_case(grant(P.WATCHLIST_CASE_HANDLE), case.pk)
        outcome = services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), case.pk, "extradition_follows", "By air.")
        case.refresh_from_db()
        assert (case.state, case.assigned_to.username, case.hit.outcome) == ("answered", "amal", "extradition_follows")
        assert (addressees(outcome), outcome.purpose) == (["NER"], alert.purpose)
        services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), case.pk, "no_further_action")
        case.refresh_from_db()
        assert (case.state, case.closed_at is not None) == ("closed", True)
        with pytest.raises(Refused) as error:
            services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), case.pk, "withdrawn")
        assert codes(error) == [("case_is_closed", "")]
        acts = Leaf.objects.filter(subject=str(case.pk)).values_list("act", flat=True)
        assert list(acts) == ["case_opened", "case_taken", "outcome_recorded", "outcome_recorded"]

    def test_an_outcome_that_is_none(self, grant: Granting, issued: Issuing, niger: ForeignNode) -> None:
        take(hit_of(niger, issued()))
        case = Case.objects.get()
        with pytest.raises(Refused) as error:
            services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), case.pk, "arrested", "x")
        assert codes(error) == [("not_in_list", "body.outcome")]
        with pytest.raises(Refused) as error:
            services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), case.pk, "withdrawn", "x" * 1001)
        assert codes(error) == [("too_long", "body.text")]
        case.refresh_from_db()
        assert case.state == "open"

    def test_a_hit_on_an_alert_that_nobody_knows(self, niger: ForeignNode, issued: Issuing) -> None:
        alert = issued()
        alert.uid = uuid4()
        with pytest.raises(Refused) as error:
            take(hit_of(niger, alert))
        assert codes(error) == [("alert_unknown", "content.body.target")]
        assert not Record.objects.filter(kind="alert.hit").exists()

    def test_a_hit_on_another_state_s_alert_is_not_ours_to_hear(self, niger: ForeignNode, tunisia: ForeignNode) -> None:
        alert = take(tunisia.statement(ALERT, typed(alert_content())), "TUN")
        with pytest.raises(Refused) as error:
            take(hit_of(niger, alert))
        assert codes(error) == [("alert_unknown", "content.body.target")]

    def test_a_state_speaks_for_its_own_posts(self, niger: ForeignNode, issued: Issuing) -> None:
        with pytest.raises(Refused) as error:
            take(hit_of(niger, issued(), "TUN-BORJ"))
        assert codes(error) == [("origin_wrong", "content.body.reported_by")]

    @pytest.mark.parametrize("identifiers", [[], ["name"], ["name", "name"]])
    def test_one_identifier_is_refused(self, niger: ForeignNode, issued: Issuing, identifiers: list[str]) -> None:
        body = hit_body(issued()) | {"identifiers_confirmed": identifiers}
        with pytest.raises(Refused):
            take(niger.statement(HIT, terms_of(body)))
        assert not Case.objects.exists()

    def test_an_own_post_s_hit_opens_a_case_and_goes_to_no_state(
        self, grant: Granting, issued: Issuing, own_post: ForeignNode
    ) -> None:
        hit = take(hit_of(own_post, issued(), "LBY-GHAT"), "LBY-GHAT")
        assert addressees(hit) == []
        outcome = services.record_outcome(grant(P.WATCHLIST_CASE_HANDLE), Case.objects.get().pk, "already_resolved")
        assert (addressees(outcome), OUTCOME.posts) == ([], True)

    def test_reading_a_case_stands_in_the_ledger(self, grant: Granting, issued: Issuing, niger: ForeignNode) -> None:
        take(hit_of(niger, issued()))
        case = Case.objects.get()
        services.open_case(grant(P.WATCHLIST_CASE_READ), case.pk)
        leaf = Leaf.objects.get(act="case_read")
        assert (leaf.subject, leaf.purpose) == (str(case.pk), "criminal_investigation")
        with pytest.raises(AccessRefused):
            services.open_case(grant(P.WATCHLIST_ALERT_READ), case.pk)


class TestAtTheReporter:
    """This node is the reporter's: the alert is Niger's."""

    @pytest.fixture
    def alert(self, niger: ForeignNode) -> Record:
        return take(niger.statement(ALERT, typed(alert_content())))

    def test_the_hit_goes_to_the_issuer_and_later_shows_the_outcome(
        self, grant: Granting, alert: Record, niger: ForeignNode
    ) -> None:
        hit = services.report_hit(grant(P.CROSSINGS_CROSSING_RECORD), alert.uid, HitFacts.model_validate(hit_facts()))
        assert (addressees(hit), hit.body["reported_by"], hit.purpose) == (["NER"], "LBY", alert.purpose)
        assert not Case.objects.exists()
        body = {"target": str(hit.uid), "alert": str(alert.uid), "outcome": "false_match_other_person", "text": "No."}
        take(niger.statement(OUTCOME, terms_of(OUTCOME.body.model_validate(body).model_dump(mode="json"))))
        row = Hit.objects.get()
        assert (row.outcome, row.outcome_text) == ("false_match_other_person", "No.")

    def test_the_state_speaks_for_its_post(self, alert: Record, own_post: ForeignNode, niger: ForeignNode) -> None:
        said = take(hit_of(own_post, alert, "LBY-GHAT"), "LBY-GHAT")
        row = Hit.objects.select_related("record").get()
        assert (row.reported_by, row.first_reported, row.record.node) == ("LBY-GHAT", said.uid, "LBY")
        assert addressees(row.record) == ["NER"]
        body = {
            "target": str(row.uid),
            "alert": str(alert.uid),
            "outcome": "withdrawn",
            "first_reported": str(said.uid),
        }
        take(niger.statement(OUTCOME, terms_of(OUTCOME.body.model_validate(body).model_dump(mode="json"))))
        row.refresh_from_db()
        assert row.outcome == "withdrawn"

    def test_a_post_cannot_speak_for_another(self, alert: Record, own_post: ForeignNode) -> None:
        with pytest.raises(Refused) as error:
            take(hit_of(own_post, alert, "NER-MADAMA"), "LBY-GHAT")
        assert codes(error) == [("origin_wrong", "content.body.reported_by")]

    def test_a_third_state_has_no_word_on_the_outcome(
        self, grant: Granting, alert: Record, tunisia: ForeignNode, niger: ForeignNode
    ) -> None:
        hit = services.report_hit(grant(P.CROSSINGS_CROSSING_RECORD), alert.uid, HitFacts.model_validate(hit_facts()))
        body = {
            "target": str(hit.uid),
            "alert": str(alert.uid),
            "outcome": "withdrawn",
            "first_reported": None,
            "text": "",
        }
        with pytest.raises(Refused) as error:
            take(tunisia.statement(OUTCOME, terms_of(body)), "TUN")
        assert codes(error) == [("not_the_origin", "origin")]
        with pytest.raises(Refused) as error:
            take(niger.statement(OUTCOME, terms_of(body | {"target": str(uuid4())})))
        assert codes(error) == [("hit_unknown", "content.body.target")]
        assert Hit.objects.get().outcome == ""

    def test_nothing_hits_what_is_over(self, grant: Granting, issued: Issuing) -> None:
        alert = issued()
        services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), alert.uid, "Over")
        by, facts = grant(P.CROSSINGS_CROSSING_RECORD), HitFacts.model_validate(hit_facts())
        with pytest.raises(Refused) as error:
            services.report_hit(by, alert.uid, facts)
        assert codes(error) == [("not_in_force", "target")]
        with pytest.raises(Refused) as error:
            services.report_hit(by, uuid4(), facts)
        assert codes(error) == [("alert_unknown", "target")]

    def test_only_an_officer_who_records_crossings_reports(
        self, grant: Granting, alert: Record, people: dict[str, Person]
    ) -> None:
        with pytest.raises(AccessRefused):
            services.report_hit(grant(P.WATCHLIST_ALERT_READ), alert.uid, HitFacts.model_validate(hit_facts()))


class TestAtThePost:
    def test_its_hit_shows_the_outcome_that_names_it(
        self, grant: Granting, niger: ForeignNode, tunisia: ForeignNode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alert = take(niger.statement(ALERT, typed(alert_content())), "LBY")
        post = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
        monkeypatch.setattr(settings, "NODE", post)
        hit = services.report_hit(grant(P.CROSSINGS_CROSSING_RECORD), alert.uid, HitFacts.model_validate(hit_facts()))
        assert (hit.node, hit.body["reported_by"]) == ("LBY-GHAT", "LBY-GHAT")
        body = {"alert": str(alert.uid), "outcome": "already_resolved", "text": ""}
        take(niger.statement(OUTCOME, terms_of(body | {"target": str(uuid4()), "first_reported": str(uuid4())})))
        assert Hit.objects.get().outcome == ""
        take(niger.statement(OUTCOME, terms_of(body | {"target": str(uuid4()), "first_reported": str(hit.uid)})))
        assert Hit.objects.get().outcome == "already_resolved"


class TestStopCard:
    @pytest.mark.parametrize("question", ["asylum_claim", "child", "trafficking_victim"])
    def test_each_question_is_answered(self, question: str) -> None:
        facts = hit_facts()
        del facts["stop_card"][question]
        with pytest.raises(ValidationError) as error:
            HitFacts.model_validate(facts)
        assert [e["loc"] for e in error.value.errors()] == [("stop_card", question)]

    @pytest.mark.parametrize("question", ["asylum_claim", "child", "trafficking_victim"])
    @pytest.mark.parametrize("action", ["entry_refused", "handed_over"])
    def test_a_yes_stops_a_removal_and_names_the_path(self, question: str, action: str) -> None:
        facts = hit_facts(action_taken="held_for_contact")
        facts["stop_card"][question] = True
        with pytest.raises(ValidationError) as error:
            HitFacts.model_validate(facts)
        assert read(error) == {"referral_missing"}
        facts["stop_card"]["referral"] = "un_refugee_agency"
        assert HitFacts.model_validate(facts).stop_card.stops
        with pytest.raises(ValidationError) as error:
            HitFacts.model_validate(facts | {"action_taken": action})
        assert read(error) == {"removal_forbidden"}

    def test_what_differs_is_not_confirmed(self) -> None:
        with pytest.raises(ValidationError) as error:
            HitFacts.model_validate(hit_facts(differing=["name"]))
        assert read(error) == {"confirmed_and_differing"}


class TestMissingAdult:
    def test_where_she_is_is_not_told_without_her_consent(
        self, grant: Granting, niger: ForeignNode, own_post: ForeignNode
    ) -> None:
        alert = take(niger.statement(ALERT, typed(missing_person())))
        by = grant(P.CROSSINGS_CROSSING_RECORD)
        with pytest.raises(Refused) as error:
            services.report_hit(by, alert.uid, HitFacts.model_validate(hit_facts()))
        assert codes(error) == [("missing", "location_consent")]
        told = services.report_hit(by, alert.uid, HitFacts.model_validate(hit_facts(location_consent=True)))
        kept = services.report_hit(by, alert.uid, HitFacts.model_validate(hit_facts(location_consent=False)))
        assert (told.body["place"], kept.body["place"], kept.body["direction"]) == ("Madama, lane 2", "", None)

    def test_the_state_does_not_name_its_post_either(self, niger: ForeignNode, own_post: ForeignNode) -> None:
        alert = take(niger.statement(ALERT, typed(missing_person())))
        take(hit_of(own_post, alert, "LBY-GHAT", location_consent=False, place="", direction=None), "LBY-GHAT")
        assert Hit.objects.get().record.body["reported_by"] == "LBY"


class TestProtectedPerson:
    def test_a_post_s_hit_on_a_withheld_alert_is_not_told_to_the_issuer(
        self, grant: Granting, niger: ForeignNode, own_post: ForeignNode
    ) -> None:
        from jiwar.watchlist.kinds import SubjectFacts

        alert = take(niger.statement(ALERT, typed(alert_content())))
        facts = SubjectFacts.model_validate(alert_content()["body"]["subject"])
        services.protect(grant(P.WATCHLIST_ALERT_APPROVE), facts, "NER", "asylum file 2026/41")
        said = take(hit_of(own_post, alert, "LBY-GHAT"), "LBY-GHAT")
        assert list(Record.objects.filter(kind="alert.hit")) == [said]
