"""The desk's rules R5 to R8 and R13, and its double keys, on a real database: each test tries to break one."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, allow
from jiwar.access.services import SYSTEM, actor_of_person
from jiwar.audit.queries import leaves
from jiwar.crossings import queries, services
from jiwar.crossings.kinds import CROSSING
from jiwar.crossings.logic.desk import StopCard
from jiwar.crossings.logic.traveller import Traveller
from jiwar.crossings.models import Crossing, Screened
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Node, Person
from jiwar.identity.roles import Clearance
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.models import Record
from jiwar.records.reading import readable
from jiwar.watchlist.models import DecisionCount, Hit, Joined
from jiwar.watchlist.outcomes import looked_back
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.post import (
    DISCREET,
    MISSING_ADULT,
    POST,
    READ,
    RECORD,
    SCREEN,
    Alerting,
    Granting,
    alert_body,
    salem,
)

NO = StopCard(asylum_claim=False, child=False, trafficking_victim=False)
BOTH = ["document", "name"]


def codes(error: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in error.value.faults]


def only(row: Screened) -> Any:
    (found,) = queries.candidates_of(row)
    return found


def confirmed(grant: Granting, traveller: Traveller | None = None) -> Screened:
    """A screening with its one candidate confirmed."""
    row = services.begin(grant(SCREEN), traveller or salem())
    return services.confirm(grant(RECORD), row.pk, only(row).uid, BOTH)


def test_a_foreign_alert_hits_at_the_post_and_the_crossing_tells_of_it(grant: Granting, alert: Alerting) -> None:
    issued = alert(["contact_before_action"])
    row = services.begin(grant(SCREEN), salem())
    found = only(row)
    assert (found.uid, found.issuer, found.action) == (str(issued.uid), "LBY", "arrest_for_extradition")
    assert found.restrictions == ("contact_before_action",)
    assert found.identifiers == ("document", "birth_date", "name")
    services.confirm(grant(RECORD), row.pk, found.uid, BOTH)
    crossing = services.record(
        grant(RECORD), row.pk, decision="referred", direction="in", action_taken="held_for_contact", stop_card=NO
    )
    assert (crossing.post, crossing.hits, crossing.decision) == (POST, 1, "referred")
    hit = Hit.objects.get()
    assert hit.alert.uid == issued.uid
    body = crossing.record.body
    [outcome] = body["outcomes"]
    assert (outcome["alert"], outcome["verdict"], outcome["identifiers"]) == (str(issued.uid), "confirmed", BOTH)
    assert (outcome["score"], outcome["script"]) == (int(100 * (found.score or 0)), "Latn")
    assert body["screening"]["candidates"] == 1
    assert not Screened.objects.exists()


def test_an_arabic_spelling_finds_a_latin_one(grant: Granting, alert: Alerting) -> None:
    alert(subject=alert_body()["subject"] | {"names": [{"text": "Salem Ould Khattar"}]})
    row = services.begin(grant(SCREEN), Traveller(name="سالم ولد خطار", birth_date="1984-03-09"))
    assert only(row).names == ("Salem Ould Khattar",)


class TestDecisionsAreCounted:
    """For the review of thresholds: when the crossing is recorded, in numbers that name nobody."""

    def decide(self, grant: Granting, verdict: str, reason: str = "") -> None:
        row = services.begin(grant(SCREEN), salem())
        found = only(row)
        if verdict == "confirmed":
            services.confirm(grant(RECORD), row.pk, found.uid, BOTH)
        else:
            services.reject(grant(RECORD), row.pk, found.uid, reason)
        services.record(
            grant(RECORD), row.pk, decision="referred", direction="in", action_taken="held_for_contact", stop_card=NO
        )

    def counted(self) -> list[tuple[object, ...]]:
        names = ("band", "script", "region", "alert_type", "covert", "verdict", "number")
        return sorted(DecisionCount.objects.values_list(*names))

    def test_each_is_one_more_of_its_sort(self, grant: Granting, alert: Alerting) -> None:
        alert()
        for verdict, reason in (("confirmed", ""), ("rejected", "known_namesake"), ("rejected", "cannot_tell")):
            self.decide(grant, verdict, reason)
        self.decide(grant, "confirmed")
        assert self.counted() == [
            (9, "Latn", "north_africa", "wanted_for_arrest", False, "confirmed", 2),
            (9, "Latn", "north_africa", "wanted_for_arrest", False, "rejected", 1),
            (9, "Latn", "north_africa", "wanted_for_arrest", False, "unsure", 1),
        ]

    def test_what_was_taken_back_or_not_recorded_counts_nothing(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        services.reject(grant(RECORD), row.pk, only(row).uid, "known_namesake")
        services.reopen(grant(RECORD), row.pk, only(row).uid)
        services.discard(grant(SCREEN), row.pk)
        assert self.counted() == []

    def test_a_discreet_check_shows_in_no_number_to_the_uncleared(
        self, grant: Granting, alert: Alerting, cleared: Person, officer: Person
    ) -> None:
        alert(**DISCREET)
        for _ in range(20):
            self.decide(grant, "rejected", "known_namesake")
        seen = {}
        for person in (officer, cleared):
            actor = dataclasses.replace(
                actor_of_person(person), permissions=frozenset({Permission.WATCHLIST_POLICY_READ})
            )
            by = allow(actor, Permission.WATCHLIST_POLICY_READ)
            seen[person.username] = [(row.what, row.number) for row in looked_back(by, timezone.localdate()).types]
        assert seen == {"zara": [], "ibrahim": [("discreet_check", 20)]}


class TestAMatchIsAQuestion:
    """R8."""

    @pytest.mark.parametrize("identifiers", [[], ["name"], ["name", "name"], ["name", "sex"], ["nationality", "sex"]])
    def test_one_identifier_or_what_millions_share_confirms_nobody(
        self, grant: Granting, alert: Alerting, identifiers: list[str]
    ) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(Refused) as error:
            services.confirm(grant(RECORD), row.pk, only(row).uid, identifiers)
        assert codes(error) == [("two_identifiers", "identifiers")]
        assert queries.outcomes_of(Screened.objects.get()) == {}

    def test_an_identifier_that_differs_confirms_nothing(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem(birth_date="1984-10-30"))
        with pytest.raises(Refused) as error:
            services.confirm(grant(RECORD), row.pk, only(row).uid, ["birth_date", "name", "document"])
        assert codes(error) == [("identifier_does_not_agree", "identifiers")]

    def test_a_rejection_has_a_reason(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        for reason, code in (("", "missing"), ("looks_nice", "not_in_list")):
            with pytest.raises(Refused) as error:
                services.reject(grant(RECORD), row.pk, only(row).uid, reason)
            assert codes(error) == [(code, "reason")]

    @pytest.mark.parametrize("decision", ["passed", "referred", "refused_by_officer"])
    def test_no_crossing_while_a_candidate_is_undecided(self, grant: Granting, alert: Alerting, decision: str) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision=decision, direction="in", stop_card=NO)
        assert codes(error) == [("candidate_undecided", "candidates")]
        assert not Record.objects.filter(kind=CROSSING.name).exists()

    def test_nothing_is_decided_by_default(self, grant: Granting) -> None:
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision="", direction="")
        assert codes(error) == [("missing", "decision"), ("missing", "direction")]

    def test_a_namesake_walks_on_and_no_hit_is_reported(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        services.reject(grant(RECORD), row.pk, only(row).uid, "other_appearance")
        crossing = services.record(grant(RECORD), row.pk, decision="passed", direction="out")
        assert (crossing.hits, Hit.objects.count()) == (0, 0)

    def test_what_was_said_can_be_taken_back(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = confirmed(grant)
        services.reopen(grant(RECORD), row.pk, only(row).uid)
        with pytest.raises(Refused, match="candidate_undecided"):
            services.record(grant(RECORD), row.pk, decision="passed", direction="in")

    def test_a_candidate_of_another_search_is_not_decided_here(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(Refused, match="candidate_unknown"):
            services.reject(grant(RECORD), row.pk, str(uuid.uuid4()), "other_name")

    def test_an_alert_that_ended_meanwhile_is_not_reported(self, grant: Granting, alert: Alerting) -> None:
        issued = alert()
        row = confirmed(grant)
        Record.objects.filter(uid=issued.uid).update(state=Record.State.WITHDRAWN)
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="let_pass")
        assert codes(error) == [("alert_ended", "candidates")]
        assert not Crossing.objects.exists()


class TestTheStopCard:
    """R6, and R5: what it says stays in the protecting state."""

    @pytest.mark.parametrize("decision", ["referred", "refused_by_officer"])
    def test_each_question_must_be_answered(self, grant: Granting, alert: Alerting, decision: str) -> None:
        alert()
        row = confirmed(grant)
        with pytest.raises(Refused) as error:
            services.record(
                grant(RECORD), row.pk, decision=decision, direction="in", action_taken="held_for_contact",
                stop_card=StopCard(child=False),
            )  # fmt: skip
        assert codes(error) == [
            ("stop_card_unanswered", "stop_card.asylum_claim"),
            ("stop_card_unanswered", "stop_card.trafficking_victim"),
        ]
        assert not Hit.objects.exists()

    @pytest.mark.parametrize("question", ["asylum_claim", "child", "trafficking_victim"])
    def test_a_yes_forbids_refusal_and_handover_and_names_who_was_called(
        self, grant: Granting, alert: Alerting, question: str
    ) -> None:
        alert()
        row = confirmed(grant)
        answers = {"asylum_claim": False, "child": False, "trafficking_victim": False, question: True}
        with pytest.raises(Refused) as error:
            services.record(
                grant(RECORD), row.pk, decision="refused_by_officer", direction="in", action_taken="handed_over",
                stop_card=StopCard(**answers),
            )  # fmt: skip
        assert codes(error) == [
            ("stop_card_forbids_refusal", "decision"),
            ("stop_card_forbids_refusal", "action_taken"),
            ("referral_missing", "stop_card.referral"),
        ]
        crossing = services.record(
            grant(RECORD), row.pk, decision="referred", direction="in", action_taken="referred",
            stop_card=StopCard(**answers, referral="asylum_authority"),
        )  # fmt: skip
        assert crossing.record.body["stop_card"] == answers | {"referral": "asylum_authority"}
        assert Hit.objects.get().record.body["stop_card"] is None

    def test_what_was_done_does_not_contradict_the_decision(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = confirmed(grant)
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="detained")
        assert codes(error) == [("action_contradicts_decision", "action_taken")]


def test_what_is_together_is_decided_once_and_each_issuer_is_told(grant: Granting, alert: Alerting) -> None:
    first, second = alert(), alert(type="refused_entry", action="refuse_entry_by_decision")
    row = services.begin(grant(SCREEN), salem())
    assert [c.under for c in queries.candidates_of(row)] == ["", ""]
    cluster = uuid.uuid4()
    Joined.objects.bulk_create(Joined(uid=each.uid, cluster=cluster) for each in (first, second))
    row = services.begin(grant(SCREEN), salem())
    lead, under = queries.candidates_of(row)
    assert (lead.uid, under.uid, under.under) == (str(first.uid), str(second.uid), str(first.uid))
    with pytest.raises(Refused) as error:
        services.confirm(grant(RECORD), row.pk, under.uid, BOTH)
    assert codes(error) == [("candidate_unknown", "candidates")]
    services.reject(grant(RECORD), row.pk, lead.uid, "other_name")
    services.reopen(grant(RECORD), row.pk, lead.uid)
    services.confirm(grant(RECORD), row.pk, lead.uid, BOTH)
    services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="let_pass")
    assert {hit.alert.uid for hit in Hit.objects.all()} == {first.uid, second.uid}


class TestADiscreetCheck:
    """J1: it looks different only to cleared officers."""

    def test_an_officer_without_clearance_is_asked_an_ordinary_question(self, grant: Granting, alert: Alerting) -> None:
        alert(["no_arrest"], **DISCREET)
        row = services.begin(grant(SCREEN), salem())
        found = only(row)
        assert (found.alert_type, found.action, found.covert) == ("identity_question", "identify_and_record", False)
        assert found.restrictions == ()
        assert "discreet" not in str(row.candidates)
        services.confirm(grant(RECORD), row.pk, found.uid, BOTH)
        services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="let_pass")
        assert Hit.objects.count() == 1

    @pytest.mark.parametrize("kind", [DISCREET, {}], ids=["discreet", "arrest"])
    def test_a_crossing_that_names_an_alert_is_read_by_the_cleared_alone(
        self, grant: Granting, alert: Alerting, kind: dict[str, Any]
    ) -> None:
        """Whatever the alert: a crossing that alone is missing would tell that its alert is a discreet one."""
        alert(**kind)
        row = confirmed(grant)
        done = {"decision": "referred", "direction": "in", "action_taken": "handed_over", "stop_card": NO}
        services.record(grant(RECORD), row.pk, **done)
        record = Record.objects.get(kind="crossing")
        everything = frozenset(Permission)
        assert readable([record], Actor("x", "api", everything)) == []
        assert readable([record], Actor("x", "api", everything, Clearance.COVERT)) == [record]

    def test_a_crossing_that_names_none_is_read_with_the_permission(self, grant: Granting, libya: ForeignNode) -> None:
        row = services.begin(grant(SCREEN), salem())
        services.record(grant(RECORD), row.pk, decision="passed", direction="in")
        record = Record.objects.get(kind="crossing")
        assert readable([record], Actor("x", "api", frozenset({Permission.CROSSINGS_CROSSING_READ}))) == [record]
        assert readable([record], Actor("x", "api", frozenset({Permission.WATCHLIST_ALERT_READ}))) == []

    def test_a_cleared_officer_sees_what_it_is(self, grant: Granting, alert: Alerting, cleared: Person) -> None:
        alert(**DISCREET)
        found = only(services.begin(grant(SCREEN, cleared), salem()))
        assert (found.alert_type, found.action, found.covert) == ("discreet_check", "check_discreetly", True)


def test_the_place_of_a_missing_adult_is_told_only_if_she_agrees(grant: Granting, alert: Alerting) -> None:
    alert(**MISSING_ADULT)
    row = confirmed(grant)
    assert only(row).protected
    done = {"decision": "passed", "direction": "in", "action_taken": "told"}
    with pytest.raises(Refused) as error:
        services.record(grant(RECORD), row.pk, **done)
    assert codes(error) == [("missing", "location_consent")]
    services.record(grant(RECORD), row.pk, **done, location_consent=False)
    assert Hit.objects.get().place == ""


class TestOnce:
    def test_a_form_sent_twice_is_one_crossing(self, grant: Granting, alert: Alerting) -> None:
        alert()
        row = confirmed(grant)
        done = {"decision": "passed", "direction": "in", "action_taken": "let_pass"}
        first = services.record(grant(RECORD), row.pk, **done)
        assert services.record(grant(RECORD), row.pk, **done) == first
        assert (Crossing.objects.count(), Hit.objects.count()) == (1, 1)
        assert leaves(act="crossing_recorded").count() == 1

    def test_a_paper_form_typed_twice_is_one_crossing(self, grant: Granting) -> None:
        at = timezone.now() - dt.timedelta(days=2)
        paper = services.Paper("MAD-000123", at)
        first = services.begin(grant(SCREEN), salem())
        crossing = services.record(grant(RECORD), first.pk, decision="passed", direction="in", paper=paper)
        assert crossing.at == at
        again = services.begin(grant(SCREEN), salem())
        assert services.record(grant(RECORD), again.pk, decision="passed", direction="in", paper=paper) == crossing
        assert (Crossing.objects.count(), Screened.objects.count()) == (1, 0)

    def test_a_paper_number_is_one_person(self, grant: Granting) -> None:
        paper = services.Paper("MAD-000123")
        first = services.begin(grant(SCREEN), salem())
        services.record(grant(RECORD), first.pk, decision="passed", direction="in", paper=paper)
        other = services.begin(grant(SCREEN), salem(name="Mariama Abdou", number="ID7730152"))
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), other.pk, decision="passed", direction="in", paper=paper)
        assert codes(error) == [("paper_number_taken", "paper_number")]

    @pytest.mark.parametrize("late", [dt.timedelta(days=61), dt.timedelta(minutes=-5)])
    def test_a_paper_form_is_neither_of_tomorrow_nor_of_long_ago(self, grant: Granting, late: dt.timedelta) -> None:
        row = services.begin(grant(SCREEN), salem())
        paper = services.Paper("MAD-1", timezone.now() - late)
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision="passed", direction="in", paper=paper)
        assert codes(error) == [("out_of_range", "paper_at")]

    def test_a_refused_form_leaves_nothing_half_written(self, grant: Granting) -> None:
        row = services.begin(grant(SCREEN), salem())
        before = leaves().count()
        with pytest.raises(Refused) as error:
            services.record(grant(RECORD), row.pk, decision="passed", direction="in", note="x" * 501)
        assert codes(error) == [("too_long", "note")]
        assert (Record.objects.count(), leaves().count(), Screened.objects.count()) == (0, before, 1)


class TestWhoMay:
    def test_the_grant_is_for_the_act(self, grant: Granting) -> None:
        with pytest.raises(AccessRefused):
            services.begin(grant(RECORD), salem())
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(AccessRefused):
            services.record(grant(SCREEN), row.pk, decision="passed", direction="in")

    def test_a_reading_of_crossings_needs_a_purpose(self, officer: Person) -> None:
        with pytest.raises(AccessRefused, match="purpose_missing"):
            allow(actor_of_person(officer), READ)

    def test_another_officers_desk_is_her_own(self, grant: Granting, cleared: Person) -> None:
        row = services.begin(grant(SCREEN), salem())
        with pytest.raises(Refused, match="screening_gone"):
            services.record(grant(RECORD, cleared), row.pk, decision="passed", direction="in")

    def test_a_search_by_name_alone_says_why(self, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.begin(grant(SCREEN), Traveller(name="Salem Ould Khattar"))
        assert codes(error) == [("reason_missing", "reason")]
        assert not Screened.objects.exists()

    def test_each_search_decision_and_reading_is_in_the_ledger_without_the_name(
        self, grant: Granting, alert: Alerting
    ) -> None:
        alert()
        row = confirmed(grant)
        crossing = services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="let_pass")
        services.list_crossings(grant(READ), timezone.localdate())
        services.open_crossing(grant(READ), crossing.uid)
        acts = [
            "person_screened",
            "candidate_decided",
            "crossing_recorded",
            "hit_reported",
            "crossings_listed",
            "crossing_read",
        ]
        for act in acts:
            (leaf,) = leaves(act=act)
            assert leaf.purpose == Purpose.BORDER_CHECK
            assert "Khattar" not in leaf.content


class TestTheDeskSurvives:
    def test_a_screening_is_kept_for_a_day_and_no_longer(self, grant: Granting, officer: Person) -> None:
        row = services.begin(grant(SCREEN), salem())
        actor = actor_of_person(officer)
        assert queries.screened(actor, row.pk) is not None
        assert [waiting.count for waiting in queries.waiting(actor)] == [1]
        assert services.forget(row.at + dt.timedelta(hours=23)) == 0
        assert services.forget(row.at + dt.timedelta(hours=25)) == 1

    def test_without_any_link_crossings_queue_for_the_national_node(self, grant: Granting) -> None:
        """R-rules hold offline: no neighbour is reachable in this test, and nothing changes for the officer."""
        add_node(ForeignNode("NER").card())
        for _ in range(3):
            row = services.begin(grant(SCREEN), salem())
            services.record(grant(RECORD), row.pk, decision="passed", direction="in")
        assert list(Outgoing.objects.values_list("node", "state")) == [("NER", "queued")] * 3


class TestTheRecord:
    def test_it_is_for_no_other_state_and_kept_a_year(self, grant: Granting) -> None:
        row = services.begin(grant(SCREEN), salem())
        record = services.record(grant(RECORD), row.pk, decision="passed", direction="in").record
        content = CROSSING.content.model_validate(record.data["content"])
        assert CROSSING.addressees is not None
        assert list(CROSSING.addressees(content)) == []
        assert (record.tlp, record.purpose) == ("AMBER", "border_check")
        assert record.valid_until - record.issued_at <= dt.timedelta(days=366)

    def test_the_national_node_has_the_crossings_of_its_posts(self, post: None, settings: Any) -> None:
        """A post's genuine record, received twice, by a national node of the same state."""
        settings.NODE = dataclasses.replace(settings.NODE, code="NER", role="national")
        Node.objects.all().delete()
        madama, dao = ForeignNode(POST, role="post"), ForeignNode("NER-DAOTIMMI", role="post")
        for node in (madama, dao):
            add_node(node.card())
        now = timezone.now()
        content = {
            "purpose": "border_check",
            "legal_basis": "border check",
            "handling": {"tlp": "AMBER", "restrictions": [], "onward": "no"},
            "grading": {"source": "A", "information": "1"},
            "valid_until": (now + dt.timedelta(days=300)).isoformat(),
            "review_on": (now + dt.timedelta(days=300)).date().isoformat(),
            "body": {
                "screened": str(uuid.uuid4()), "post": POST, "at": now.isoformat(), "direction": "in",
                "paper_number": "MAD-7", "document": {"number": "K0451187"}, "names": ["Salem Ould Khattar"],
                "decision": "passed", "entry": "typed",
                "screening": {
                    "id": str(uuid.uuid4()), "at": now.isoformat(), "candidates": 0, "list_age": None, "entries": 0,
                },
            },
        }  # fmt: skip
        plain = CROSSING.content.model_validate(content).model_dump(mode="json")
        by = allow(SYSTEM, Permission.EXCHANGE_LINK_READ)
        signed = madama.statement(CROSSING, plain)
        receive(by, *signed, POST)
        receive(by, *signed, POST)
        receive(by, *madama.statement(CROSSING, plain), POST)  # typed again elsewhere: same screening, same paper
        receive(by, *dao.statement(CROSSING, plain), "NER-DAOTIMMI")  # another post cannot speak for Madama
        assert list(Crossing.objects.values_list("post", "paper_number")) == [(POST, "MAD-7")]
