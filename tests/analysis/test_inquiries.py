"""Questions on subjects: what a neighbour learns and what it never does, and what comes back to the asker."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.analysis import inquiries, inquiry_answers
from jiwar.analysis.inquiry_kinds import ANSWER, INQUIRY
from jiwar.analysis.inquiry_queries import quotas
from jiwar.analysis.models import Inquiry, Received
from jiwar.analysis.queries import waiting
from jiwar.audit.queries import leaves
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Agency, Person
from jiwar.identity.services import make_own_keys
from jiwar.records.queries import held
from jiwar.records.services import Approval, Record, content_hash, expire, issue, read_content, terms, withdraw
from jiwar.watchlist import this_index
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.services import protect
from jiwar.wire.faults import Refused
from tests.matching.conftest import BY, Niger, agree
from tests.post import DISCREET, MISSING_ADULT, alert_body

P = Permission
PURPOSE = Purpose.CRIMINAL_INVESTIGATION
SALEM = {"names": ["سالم ولد خطار"], "birth_date": "1984-03-09"}
PASSPORT = {"documents": [{"country": "LBY", "number": "K 0451187"}]}
NOBODY = {"names": ["Idrissa Maiga"], "birth_date": "1991-01-07"}
OPEN = ("inquiry", "inquiry.answer", "alert.person")


@pytest.fixture(autouse=True)
def _node(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KEYS = tmp_path / "keys"
    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)
    make_own_keys()


@pytest.fixture
def niger() -> Niger:
    neighbour = Niger()
    agree(neighbour, *OPEN)
    return neighbour


def by(permission: Permission, actor: str = "analyst", case: str = "LBY/2026/7") -> Grant:
    return allow(Actor(actor, "console", frozenset(Permission)), permission, PURPOSE, case)


def alert(onward: str = "no", **body: Any) -> Record:
    """An alert of our own, by two people."""
    plain = terms(PURPOSE, "art. 21", 200, alert_body(**body), onward=onward)  # type: ignore[arg-type]
    content = read_content(ALERT, plain, timezone.now())
    digest = content_hash(ALERT.name, ALERT.version, content.model_dump(mode="json"))
    return issue(BY, ALERT, content, approval=Approval("one", "two", digest))


def asks(niger: Niger, subject: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What Niger is told when it asks, as soon as the minute is over."""
    record = niger.say(INQUIRY, {"addressee": "LBY", "subject": subject, "case": "NER/9", **changes}, purpose=PURPOSE)
    inquiry_answers.answer_due(BY, timezone.now())
    answer = next((r.body for r in held(ANSWER.name) if r.about == record.uid), {})
    return {name: answer.get(name) for name in ("answer", "records", "refusal")}


HIT_ALONE = {"answer": "hit", "records": [], "refusal": None}
NO_HIT = {"answer": "no_hit", "records": [], "refusal": None}


def acts(name: str) -> list[dict[str, Any]]:
    return [json.loads(leaf.content)["detail"] for leaf in leaves(act=name).order_by("index")]


class TestWhatANeighbourLearns:
    def test_a_hit_in_another_script_and_the_record_that_it_could_be_sent(self, niger: Niger) -> None:
        ours = alert()
        assert asks(niger, SALEM) == {"answer": "hit", "records": [str(ours.uid)], "refusal": None}
        assert asks(niger, PASSPORT)["answer"] == "hit"
        assert asks(niger, NOBODY) == NO_HIT
        assert acts("inquiry_received")[0] == {"from": "NER", "urgent": False}
        told = [(detail["from"], detail["answer"]) for detail in acts("inquiry_answered")]
        assert told == [("NER", "hit"), ("NER", "hit"), ("NER", "no_hit")]
        sent = Outgoing.objects.filter(record__kind=ANSWER.name)
        assert {(row.node, row.state) for row in sent} == {("NER", "queued")}
        ledger = "".join(leaf.content for leaf in leaves())
        assert "1984-03-09" not in ledger
        assert "0451187" not in ledger

    def test_no_likelier_than_an_officer_here_would_be_shown(
        self, niger: Niger, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        alert()
        monkeypatch.setattr(Index, "fair", lambda self, query, threshold: 0.99999)
        assert asks(niger, SALEM) == NO_HIT

    def test_no_record_that_no_agreement_would_let_it_have(self) -> None:
        neighbour = Niger()
        agree(neighbour, "inquiry", "inquiry.answer")
        alert()
        assert asks(neighbour, SALEM) == HIT_ALONE

    @pytest.mark.parametrize("hidden", [DISCREET, MISSING_ADULT], ids=["discreet", "missing"])
    def test_nothing_of_what_is_hidden(self, niger: Niger, hidden: dict[str, Any]) -> None:
        alert(**hidden)
        assert asks(niger, SALEM) == NO_HIT

    def test_nothing_of_what_ended(self, niger: Niger) -> None:
        withdraw(BY, alert(), "found")
        assert asks(niger, SALEM) == NO_HIT

    def test_nothing_that_was_issued_for_another_purpose(self, niger: Niger) -> None:
        alert()
        told = {"addressee": "LBY", "subject": SALEM, "case": "NER/9"}
        niger.say(INQUIRY, told, purpose=Purpose.COUNTER_TERRORISM)
        inquiry_answers.answer_due(BY, timezone.now())
        assert held(ANSWER.name).get().body["answer"] == "no_hit"

    def test_nothing_of_its_own_alert(self, niger: Niger) -> None:
        niger.say(ALERT, alert_body(), purpose=PURPOSE)
        assert asks(niger, SALEM) == NO_HIT

    @pytest.mark.parametrize(("onward", "answer"), [("no", "no_hit"), ("yes", "hit")])
    def test_of_a_third_state_only_what_may_be_passed_on(self, niger: Niger, onward: str, answer: str) -> None:
        tunisia = Niger("TUN")
        content = ALERT.content.model_validate(terms(PURPOSE, "art. 5", 30, alert_body(), onward=onward))  # type: ignore[arg-type]
        tunisia.deliver(tunisia.node.statement(ALERT, content))
        assert asks(niger, SALEM)["answer"] == answer

    def test_whom_we_protect_from_it_looks_like_anyone(self, niger: Niger) -> None:
        """R5: the same answer, the same leaves, the same number of queries as for one of whom nothing is held."""
        approver = Person.objects.create(
            username="salma", full_name="Salma", agency=Agency.objects.create(code="x", name="x"), password="!"
        )
        facts = {"names": [{"text": "Salem Ould Khattar"}], "birth_dates": [{"date": "1984-03-09"}]}
        grant = by(P.WATCHLIST_ALERT_APPROVE, str(approver.pk))
        alert()
        assert asks(niger, SALEM)["answer"] == "hit"
        protect(grant, SubjectFacts.model_validate(facts), "NER", "asylum file 2026/41")
        assert asks(niger, SALEM) == asks(niger, NOBODY) == NO_HIT
        assert asks(niger, {**SALEM, **PASSPORT}) == NO_HIT
        rows = list(acts("inquiry_answered")[1:])
        assert rows == [{"from": "NER", "answer": "no_hit", "records": []}] * 3


class TestTheQuota:
    def test_what_is_beyond_is_refused_until_midnight(self, niger: Niger) -> None:
        with pytest.raises(Refused):
            inquiry_answers.set_quota(by(P.MATCHING_QUOTA_MANAGE), "NER", -1)
        inquiry_answers.set_quota(by(P.MATCHING_QUOTA_MANAGE), "NER", 2)
        answers = [asks(niger, NOBODY)["answer"] for _ in range(3)]
        assert answers == ["no_hit", "no_hit", "refused"]
        again = held(ANSWER.name).first().body["again_at"]  # type: ignore[union-attr]
        tomorrow = (timezone.now() + dt.timedelta(days=1)).date()
        assert again.startswith(tomorrow.isoformat())
        assert [(row.node, row.a_day, row.used) for row in quotas()] == [("NER", 2, 2)]
        with time_machine.travel(timezone.now() + dt.timedelta(days=1, hours=1)):
            assert asks(niger, NOBODY)["answer"] == "no_hit"

    def test_the_urgent_goes_first(self, niger: Niger) -> None:
        inquiry_answers.set_quota(by(P.MATCHING_QUOTA_MANAGE), "NER", 1)
        told = {"addressee": "LBY", "subject": NOBODY, "case": "NER/9"}
        slow, fast = niger.say(INQUIRY, told), niger.say(INQUIRY, told | {"urgent": True})
        inquiry_answers.answer_due(BY, timezone.now())
        states = {row.record_id: row.state for row in Received.objects.all()}
        assert states == {slow.pk: "refused", fast.pk: "answered"}


def test_what_is_not_for_us_or_was_taken_back_is_not_answered(niger: Niger) -> None:
    asks(niger, SALEM, addressee="TUN")
    assert not Received.objects.exists()
    assert len(acts("inquiry_part_ignored")) == 1
    niger.say(INQUIRY, {"addressee": "LBY", "subject": SALEM, "case": "NER/9"})
    expire(BY, timezone.now() + dt.timedelta(days=40))
    assert inquiry_answers.answer_due(BY, timezone.now()) == 0
    assert Received.objects.get().state == "closed"


class TestWhatWeAsk:
    def question(self, **changes: Any) -> inquiries.Question:
        given = {"nodes": ["NER"], "legal_basis": "Agreement, art. 5", "subject": SALEM}
        return inquiries.Question(**(given | changes))  # type: ignore[arg-type]

    def ask(self, **changes: Any) -> Inquiry:
        return inquiries.ask(by(P.ANALYSIS_INQUIRY_ASK), self.question(**changes))

    def test_answers_come_one_by_one(self, niger: Niger) -> None:
        tunisia = Niger("TUN")
        agree(niger, *OPEN)
        inquiry = self.ask(urgent=True)
        [sent] = Outgoing.objects.filter(record__kind=INQUIRY.name)
        assert (sent.node, sent.state, sent.lane) == ("NER", "queued", "urgent")
        [record] = held(INQUIRY.name)
        assert (record.body["case"], record.body["subject"]["names"]) == ("LBY/2026/7", SALEM["names"])
        uid = "0192f0c0-0000-7000-8000-000000000001"
        told = {"target": str(record.uid), "addressee": "LBY", "answer": "hit", "records": [uid]}
        tunisia.say(ANSWER, told)
        assert inquiry.asked.get().state == "waiting", "another state's word is no answer"
        actor = Actor("analyst", "console", frozenset(Permission))
        assert waiting(actor) == []
        niger.say(ANSWER, told)
        niger.say(ANSWER, told | {"answer": "no_hit", "records": []})
        row = inquiry.asked.get()
        assert (row.state, row.records) == ("hit", [uid])
        assert [(item.what, item.count, item.urgent) for item in waiting(actor)] == [("inquiry_answers", 1, True)]
        inquiries.open_inquiry(by(P.ANALYSIS_INQUIRY_READ), inquiry.pk)
        assert waiting(actor) == []
        assert acts("inquiry_answer_taken") == [{"from": "NER", "answer": "hit"}]
        assert len(acts("inquiry_part_ignored")) == 2

    def test_is_erased_when_its_time_is_over(self, niger: Niger) -> None:
        inquiry = self.ask()
        with time_machine.travel(timezone.now() + dt.timedelta(days=15)):
            inquiries.end_inquiries(BY, timezone.now())
            expire(BY)
        inquiry.refresh_from_db()
        assert (inquiry.facts, inquiry.asked.get().state) == ({}, "closed")
        assert held(INQUIRY.name).get().state == "expired"

    def test_closed_by_the_asker_it_is_taken_back(self, niger: Niger) -> None:
        inquiry = self.ask()
        inquiries.close(by(P.ANALYSIS_INQUIRY_ASK), inquiry.pk)
        inquiry.refresh_from_db()
        assert (inquiry.facts, inquiry.asked.get().state) == ({}, "closed")
        assert held(INQUIRY.name).get().state == "withdrawn"
        with pytest.raises(Refused):
            inquiries.close(by(P.ANALYSIS_INQUIRY_ASK), inquiry.pk)

    def test_whom_we_protect_from_a_neighbour_it_is_not_asked_about_and_nobody_sees(self, niger: Niger) -> None:
        approver = Person.objects.create(
            username="salma", full_name="Salma", agency=Agency.objects.create(code="x", name="x"), password="!"
        )
        facts = {"names": [{"text": "Salem Ould Khattar"}], "birth_dates": [{"date": "1984-03-09"}]}
        protect(
            by(P.WATCHLIST_ALERT_APPROVE, str(approver.pk)),
            SubjectFacts.model_validate(facts),
            "NER",
            "asylum file 2026/41",
        )
        shielded, plain = self.ask(), self.ask(subject=NOBODY)
        assert [record.body["subject"]["names"] for record in held(INQUIRY.name)] == [NOBODY["names"]]
        assert [row.asked.get().state for row in (shielded, plain)] == ["waiting", "waiting"]
        assert len(acts("inquiry_asked")) == 2
        inquiries.close(by(P.ANALYSIS_INQUIRY_ASK), shielded.pk)

    def test_what_is_wrong_is_said_and_nothing_leaves(self, niger: Niger) -> None:
        Niger("TUN")
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"nodes": []}, "missing"),
            ({"nodes": ["XXX"]}, "not_in_list"),
            ({"nodes": ["TUN"]}, "inquiry_way_closed"),
            ({"legal_basis": " "}, "missing"),
            ({"subject": {}}, "query_empty"),
            ({"subject": {"names": ["Salem Ould Khattar"]}}, "inquiry_name_alone"),
            ({"subject": {"documents": [{"number": "12"}]}}, "query_empty"),
            ({"subject": SALEM | {"birth_date": "1984-13-40"}}, "wrong_form"),
            ({"subject": SALEM | {"religion": "x"}}, "unknown_field"),
        ]
        for changes, code in wrong:
            with pytest.raises(Refused) as error:
                self.ask(**changes)
            assert code in {fault.code for fault in error.value.faults}, changes
        assert not held(INQUIRY.name).exists()
        assert not Inquiry.objects.exists()

    def test_it_takes_a_case_the_permission_and_a_measure(self, niger: Niger, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(Refused) as error:
            inquiries.ask(by(P.ANALYSIS_INQUIRY_ASK, case=""), self.question())
        assert {fault.code for fault in error.value.faults} == {"case_missing"}
        with pytest.raises(AccessRefused):
            inquiries.ask(by(P.ANALYSIS_INQUIRY_READ), self.question())
        monkeypatch.setattr(inquiries, "MOST_A_DAY", 1)
        self.ask()
        with pytest.raises(Refused) as error:
            self.ask()
        assert {fault.code for fault in error.value.faults} == {"too_many_searches"}
