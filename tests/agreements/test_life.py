"""Accession, reservation, suspension and denunciation, ours and theirs, whatever the order in which records arrive."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.agreements import passing, queries, services
from jiwar.agreements.kinds import (
    ACCESSION,
    AGREEMENT,
    AGREEMENTS,
    DENUNCIATION,
    RESERVATION,
    RESUMPTION,
    SIGNATURE,
    SIGNATURES,
    SUSPENSION,
)
from jiwar.agreements.queries import Closed, may_receive, may_send, why
from jiwar.audit.models import Leaf
from jiwar.identity.services import add_node
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.models import Record
from jiwar.records.services import expire, withdraw
from jiwar.wire.faults import Refused
from tests.agreements.conftest import APPROVE, DRAFT, NODE_GRANT, SUSPEND, approved, say, signature, take
from tests.foreign import ForeignNode, Signed, sha256

Granting = Callable[[Permission], Grant]
LIBYA = {"LBY"}


@pytest.fixture
def tunisia(own_keys: None) -> ForeignNode:
    node = ForeignNode("TUN")
    add_node(node.card())
    return node


@pytest.fixture
def wide(body: dict[str, Any]) -> dict[str, Any]:
    """The demo's text, open to every party and to the accession of Tunisia."""
    clauses = [{**clause, "from_states": ["*"], "to_states": ["*"]} for clause in body["clauses"]]
    return {**body, "clauses": clauses, "open_to": ["TUN"]}


@pytest.fixture
def ours(own_keys: None, grant: Granting, wide: dict[str, Any], niger: ForeignNode) -> Record:
    """That text, issued here and signed by Niger."""
    record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), wide)))
    take(signature(niger, record.uid, record.hash))
    return record


@pytest.fixture
def theirs(niger: ForeignNode, wide: dict[str, Any]) -> Record:
    """That text, issued by Niger; Libya is no party and has not been asked: it is between Niger and Chad."""
    chad = ForeignNode("TCD")
    add_node(chad.card())
    record = take(say(niger, AGREEMENT, {**wide, "parties": ["NER", "TCD"], "open_to": ["LBY"]}))
    take(signature(chad, record.uid, record.hash, "TCD"), "TCD")
    return record


@pytest.fixture
def sent_on(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is passed on to states afterwards: (kind, state)."""
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(passing, "PASSED_ON", [lambda by, record, state, _: found.append((record.kind, state))])
    return found


def code(to: str = "NER", kind: str = "alert.person") -> str:
    return may_send(kind, "border_check", to, timezone.now()).code


def between(sender: str, recipient: str, kind: str = "alert.person") -> str:
    return why(kind, "border_check", sender, recipient, timezone.now()).code


def refusal(error: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in error.value.faults]


def word(record: Record, state: str, **more: Any) -> dict[str, Any]:
    return {"target": str(record.uid), "hash": record.hash, "party": state, **more}


def uid_of(signed: Signed) -> UUID:
    return UUID(json.loads(signed[0])["id"])


class TestVersions:
    def test_a_text_of_version_1_opens_as_before(self, niger: ForeignNode, grant: Granting, body: dict) -> None:
        old = {
            **{k: v for k, v in body.items() if k != "open_to"},
            "clauses": [
                {k: v for k, v in c.items() if k not in {"depth_km", "retention_days", "answer_within_hours"}}
                for c in body["clauses"]
            ],
        }
        record = take(say(niger, AGREEMENTS[0], old))
        assert record.kind_version == 1
        approved(grant, services.cosign(grant(DRAFT), record.uid))
        verdict = may_send("alert.person", "border_check", "NER", timezone.now())
        assert (verdict.open, verdict.retention_days) == (True, None)
        assert Record.objects.get(kind=SIGNATURE.name).kind_version == 2

    def test_a_signature_of_version_1_counts(self, own_keys: None, grant: Granting, wide: dict, niger: Any) -> None:
        record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), wide)))
        take(say(niger, SIGNATURES[0], word(record, "NER")))
        assert code() == "open"

    @pytest.mark.parametrize("field", ["depth_km", "retention_days", "answer_within_hours", "open_to"])
    def test_version_1_has_none_of_the_new_fields(self, niger: ForeignNode, body: dict, field: str) -> None:
        old = {
            **{k: v for k, v in body.items() if k != "open_to"},
            "clauses": [
                {k: v for k, v in c.items() if k not in {"depth_km", "retention_days", "answer_within_hours"}}
                for c in body["clauses"]
            ],
        }
        if field == "open_to":
            old["open_to"] = []
        else:
            old["clauses"][0][field] = 3
        with pytest.raises(Refused):
            take(say(niger, AGREEMENTS[0], old))

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"depth_km": -1}, "out_of_range"),
            ({"depth_km": 501}, "out_of_range"),
            ({"retention_days": 0}, "out_of_range"),
            ({"retention_days": 1826}, "out_of_range"),
            ({"answer_within_hours": 0}, "out_of_range"),
            ({"answer_within_hours": 2.5}, "wrong_form"),
            ({"from_states": ["TCD"]}, "clause_of_no_party"),
            ({"from_states": ["LBY", "**"]}, "wrong_form"),
        ],
    )
    def test_the_data_of_a_clause_have_limits(
        self, own_keys: None, grant: Granting, wide: dict, change: dict[str, Any], fault: str
    ) -> None:
        clauses = [{**wide["clauses"][0], **change}, wide["clauses"][1]]
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), {**wide, "clauses": clauses}))
        assert {f.code for f in error.value.faults} == {fault}

    def test_a_text_is_not_open_to_its_own_party(self, own_keys: None, grant: Granting, wide: dict) -> None:
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), {**wide, "open_to": ["NER"]}))
        assert refusal(error) == [("open_to_a_party", "body")]


class TestClauses:
    def test_their_data_are_the_verdicts(self, own_keys: None, grant: Granting, wide: dict, niger: Any) -> None:
        limits = {"depth_km": 20, "retention_days": 90, "answer_within_hours": 8, "onward": "ask"}
        clauses = [{**wide["clauses"][0], **limits}]
        text = services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), {**wide, "clauses": clauses}))
        record = approved(grant, text)
        take(signature(niger, record.uid, record.hash))
        now = timezone.now()
        verdict = may_receive("alert.person", "border_check", "NER", now)
        assert isinstance(verdict, queries.Open)
        assert (verdict.onward, verdict.retention_days, verdict.answer_within_hours) == ("ask", 90, 8)
        until = now + dt.timedelta(days=300)
        assert queries.retention(verdict, now, until) == now + dt.timedelta(days=90)
        assert may_receive("alert.person", "border_check", "NER", now, depth_km=20).open
        assert may_receive("alert.person", "border_check", "NER", now, depth_km=21).code == "outside_corridor"


class TestAccessionOfOthers:
    def test_opens_at_once_where_the_text_is_open_to_it(
        self, ours: Record, tunisia: ForeignNode, sent_on: list[tuple[str, str]]
    ) -> None:
        assert code("TUN") == "no_agreement"
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        assert (code("TUN"), between("TUN", "NER"), code()) == ("open", "open", "open")

    def test_is_told_what_we_said_before(
        self, ours: Record, grant: Granting, tunisia: ForeignNode, sent_on: list[tuple[str, str]]
    ) -> None:
        pause = services.suspend(grant(SUSPEND), ours.uid, "inquiry", ["art-4-1"])
        approved(grant, services.resume(grant(DRAFT), pause.uid, "over"))
        services.suspend(grant(SUSPEND), ours.uid, "inquiry", ["art-4-1"])
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        assert sorted(sent_on) == [
            ("agreement.resumption", "TUN"), ("agreement.suspension", "TUN"), ("agreement.suspension", "TUN"),
        ]  # fmt: skip

    def test_otherwise_waits_for_every_party(
        self, ours: Record, niger: ForeignNode, grant: Granting, sent_on: list[tuple[str, str]]
    ) -> None:
        chad = ForeignNode("TCD")
        add_node(chad.card())
        accession = take(say(chad, ACCESSION, word(ours, "TCD")), "TCD")
        verdict = may_send("alert.person", "border_check", "TCD", timezone.now())
        assert isinstance(verdict, Closed)
        assert (verdict.code, verdict.by) == ("not_signed", ("TCD",))
        held = queries.agreement(ours.uid, timezone.now())
        assert [each.waits_for for each in held.said.accessions] == [("LBY", "NER")]
        take(signature(niger, accession.uid, accession.hash))
        draft = services.agree(grant(DRAFT), accession.uid)
        assert code("TCD") == "not_signed"
        approved(grant, draft)
        assert (code("TCD"), between("TCD", "NER")) == ("open", "open")
        with pytest.raises(Refused) as error:
            services.agree(grant(DRAFT), accession.uid)
        assert refusal(error) == [("already_signed", "body.party")]
        # The word of one of them taken back: closed to the state that joined, and to it alone.
        take(say(niger, WITHDRAWAL, {"target": str(_signature_of(accession, "NER").uid), "reason": "in error"}))
        assert (code("TCD"), code()) == ("not_signed", "open")

    def test_of_another_text_counts_for_nothing(self, ours: Record, tunisia: ForeignNode) -> None:
        take(say(tunisia, ACCESSION, {**word(ours, "TUN"), "hash": "0" * 64}), "TUN")
        take(say(tunisia, ACCESSION, word(ours, "TCD")), "TUN")
        assert (code("TUN"), code("TCD")) == ("no_agreement", "no_agreement")

    def test_by_a_post_joins_nobody(self, ours: Record, tunisia: ForeignNode) -> None:
        post = ForeignNode("TUN-DEHIBA", "post")
        add_node(post.card())
        take(say(post, ACCESSION, word(ours, "TUN")), "TUN")
        assert code("TUN") == "no_agreement"

    def test_taken_back_closes_to_its_state_alone(self, ours: Record, tunisia: ForeignNode) -> None:
        accession = take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        take(say(tunisia, WITHDRAWAL, {"target": str(accession.uid), "reason": "in error"}), "TUN")
        assert (code("TUN"), code()) == ("no_agreement", "open")

    def test_opens_only_clauses_that_name_every_party(
        self, own_keys: None, grant: Granting, body: dict, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        text = {**body, "open_to": ["TUN"]}
        record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), text)))
        take(signature(niger, record.uid, record.hash))
        take(say(tunisia, ACCESSION, word(record, "TUN")), "TUN")
        assert (code("TUN"), code()) == ("direction_not_covered", "open")


def _signature_of(target: Record, state: str) -> Record:
    return Record.objects.get(kind=SIGNATURE.name, about=target.uid, origin=state)


class TestOurAccession:
    def test_takes_two_people_and_goes_to_every_party(self, theirs: Record, grant: Granting) -> None:
        draft = services.accede(grant(DRAFT), theirs.uid)
        assert code("TCD") == "no_agreement"
        record = approved(grant, draft)
        assert (code("TCD"), code("NER")) == ("open", "open")
        content = ACCESSION.content.model_validate(record.data["content"])
        assert list(ACCESSION.addressees(content)) == ["NER", "TCD"]
        assert "agreement_acceded" in Leaf.objects.values_list("act", flat=True)

    def test_is_refused_twice_and_to_a_party(self, theirs: Record, ours: Record, grant: Granting) -> None:
        approved(grant, services.accede(grant(DRAFT), theirs.uid))
        for uid in (theirs.uid, ours.uid):
            with pytest.raises(Refused) as error:
                services.accede(grant(DRAFT), uid)
            assert refusal(error) == [("already_party", "body.party")]

    def test_that_would_open_nothing_is_refused(self, niger: ForeignNode, grant: Granting, wide: dict) -> None:
        clauses = [{**c, "from_states": ["NER"], "to_states": ["TCD"]} for c in wide["clauses"]]
        record = take(say(niger, AGREEMENT, {**wide, "parties": ["NER", "TCD"], "clauses": clauses}))
        with pytest.raises(Refused) as error:
            services.accede(grant(DRAFT), record.uid)
        assert refusal(error) == [("accession_opens_nothing", "body.target")]

    def test_is_void_when_the_text_changed(
        self, theirs: Record, niger: ForeignNode, grant: Granting, wide: dict
    ) -> None:
        draft = services.accede(grant(DRAFT), theirs.uid)
        text = {**wide, "parties": ["NER", "TCD"], "open_to": ["LBY"], "clauses": wide["clauses"][:1]}
        take(say(niger, AGREEMENT, text, supersedes=theirs.statement.encode()))
        with pytest.raises(Refused) as error:
            approved(grant, draft)
        assert refusal(error) == [("signature_of_other_text", "body.hash")]

    def test_waits_for_the_parties_where_the_text_is_not_open(
        self, niger: ForeignNode, grant: Granting, wide: dict
    ) -> None:
        chad = ForeignNode("TCD")
        add_node(chad.card())
        record = take(say(niger, AGREEMENT, {**wide, "parties": ["NER", "TCD"], "open_to": []}))
        take(signature(chad, record.uid, record.hash, "TCD"), "TCD")
        accession = approved(grant, services.accede(grant(DRAFT), record.uid))
        assert code("NER") == "not_signed"
        for node, state in ((niger, "NER"), (chad, "TCD")):
            take(signature(node, accession.uid, accession.hash, state), state)
        assert (code("NER"), code("TCD")) == ("open", "open")


class TestOffer:
    def test_sends_the_text_to_a_state_that_it_does_not_name(
        self, ours: Record, grant: Granting, sent_on: list[tuple[str, str]]
    ) -> None:
        services.offer(grant(APPROVE), ours.uid, "TCD")
        assert sent_on == [("agreement", "TCD")]
        assert Leaf.objects.filter(act="agreement_offered", subject=str(ours.uid)).exists()

    def test_of_anothers_text_or_to_a_party_is_refused(self, ours: Record, theirs: Record, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.offer(grant(APPROVE), ours.uid, "NER")
        assert refusal(error) == [("already_party", "state")]
        with pytest.raises(Refused) as error:
            services.offer(grant(APPROVE), theirs.uid, "TUN")
        assert refusal(error) == [("own_state_no_party", "target")]


class TestReservation:
    @pytest.fixture
    def text(self, niger: ForeignNode, body: dict) -> Record:
        return take(say(niger, AGREEMENT, body))

    def test_of_ours_closes_both_ways_and_is_taken_back_clause_by_clause(self, text: Record, grant: Granting) -> None:
        approved(grant, services.cosign(grant(DRAFT), text.uid, ["art-3-1", "art-4-1"], "no law for it yet"))
        now = timezone.now()
        assert (code(), code(kind="alert.hit")) == ("reserved", "reserved")
        assert may_receive("alert.person", "border_check", "NER", now).code == "reserved"
        held = queries.agreement(text.uid, now)
        assert held.state == "in_force"
        assert held.reserved_by("art-3-1") == ["LBY"]
        first = Record.objects.get(kind=RESERVATION.name, statement__contains='"art-3-1"')
        assert first.cosignature
        draft = services.take_back(grant(DRAFT), first.uid, "the law is there")
        assert code() == "reserved"
        approved(grant, draft)
        assert (code(), code(kind="alert.hit")) == ("open", "reserved")
        with pytest.raises(Refused) as error:
            services.take_back(grant(DRAFT), first.uid, "again")
        assert refusal(error) == [("not_in_force", "target")]

    def test_of_theirs_is_not_ours_to_take_back(self, ours: Record, niger: ForeignNode, grant: Granting) -> None:
        made = {"target": str(ours.uid), "hash": ours.hash, "clauses": ["art-3-1"], "reason": "no law for it"}
        theirs = take(say(niger, RESERVATION, made))
        assert (code(), code(kind="alert.hit")) == ("reserved", "open")
        with pytest.raises(Refused) as error:
            services.take_back(grant(DRAFT), theirs.uid, "please")
        assert refusal(error) == [("not_the_origin", "target")]
        take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "the law is there"}))
        assert code() == "open"

    def test_in_a_signature_closes_before_its_reservation_has_come(
        self, own_keys: None, grant: Granting, body: dict, niger: ForeignNode
    ) -> None:
        record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), body)))
        reserves = {"clauses": ["art-3-1"], "reason": "no law for it yet"}
        take(say(niger, SIGNATURE, word(record, "NER", reserves=reserves)))
        assert (code(), code(kind="alert.hit")) == ("reserved", "open")
        made = say(niger, RESERVATION, {"target": str(record.uid), "hash": record.hash, **reserves})
        # The withdrawal overtakes what it withdraws.
        take(say(niger, WITHDRAWAL, {"target": str(uid_of(made)), "reason": "the law is there"}))
        assert code() == "reserved"
        take(made)
        assert code() == "open"

    def test_whose_record_ran_out_still_closes(self, ours: Record, niger: ForeignNode) -> None:
        made = {"target": str(ours.uid), "hash": ours.hash, "clauses": ["art-3-1"], "reason": "no law for it"}
        take(say(niger, RESERVATION, made, days=3))
        expire(NODE_GRANT, timezone.now() + dt.timedelta(days=10))
        assert code() == "reserved"

    def test_of_a_clause_that_is_not_there_or_without_a_reason_is_refused(self, text: Record, grant: Granting) -> None:
        for clauses, reason, fault in (
            (["art-9-9"], "why", ("clause_unknown", "body.reserves.clauses")),
            (["art-3-1"], " ", ("missing", "body.reserves.reason")),
            ([], "why", ("missing", "body.reserves.clauses")),
        ):
            with pytest.raises(Refused) as error:
                services.cosign(grant(DRAFT), text.uid, clauses, reason)
            assert refusal(error) == [fault]
        assert not Record.objects.filter(kind=SIGNATURE.name).exists()

    def test_of_an_accession_holds_for_it(self, theirs: Record, grant: Granting) -> None:
        approved(grant, services.accede(grant(DRAFT), theirs.uid, ["art-3-1"], "no law for it yet"))
        assert (code("TCD"), code("TCD", "alert.hit")) == ("reserved", "open")


class TestDenunciation:
    def test_of_ours_ends_an_agreement_of_two(self, ours: Record, grant: Granting) -> None:
        services.denounce(grant(APPROVE), ours.uid, "parliament refused it")
        assert code() == "denounced"
        assert queries.agreement(ours.uid, timezone.now()).state == "denounced"
        with pytest.raises(Refused) as error:
            services.denounce(grant(APPROVE), ours.uid, "again")
        assert refusal(error) == [("own_state_no_party", "target")]

    def test_of_one_leaves_the_others_bound(self, ours: Record, niger: ForeignNode, tunisia: ForeignNode) -> None:
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        take(say(niger, DENUNCIATION, {"target": str(ours.uid), "hash": ours.hash, "reason": "a new government"}))
        assert (code("NER"), code("TUN"), between("TUN", "NER")) == ("denounced", "open", "denounced")
        # Nor does it close anything more when the word of who has left ends, or is taken back.
        theirs = _signature_of(ours, "NER")
        take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "as well"}))
        assert (code("NER"), code("TUN")) == ("denounced", "open")

    def test_by_who_never_signed_opens_nothing_for_the_others(
        self, own_keys: None, grant: Granting, wide: dict, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        text = {**wide, "parties": ["LBY", "NER", "TUN"], "open_to": []}
        record = approved(grant, services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), text)))
        take(signature(niger, record.uid, record.hash))
        made = {"target": str(record.uid), "hash": record.hash, "reason": "never"}
        take(say(tunisia, DENUNCIATION, made), "TUN")
        assert code("NER") == "not_signed"

    def test_by_a_state_that_is_no_party_ends_nothing(self, ours: Record, tunisia: ForeignNode) -> None:
        made = {"target": str(ours.uid), "hash": ours.hash, "reason": "mischief"}
        take(say(tunisia, DENUNCIATION, made), "TUN")
        assert code() == "open"

    def test_of_an_accession_stands_until_it_accedes_anew(self, ours: Record, tunisia: ForeignNode) -> None:
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        made = {"target": str(ours.uid), "hash": ours.hash, "reason": "enough"}
        take(say(tunisia, DENUNCIATION, made), "TUN")
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        assert (code("TUN"), code()) == ("denounced", "open")
        [left] = Record.objects.filter(kind=DENUNCIATION.name)
        take(say(tunisia, ACCESSION, word(ours, "TUN", after=[str(left.uid)])), "TUN")
        assert (code("TUN"), code()) == ("open", "open")


class TestComingBack:
    """A state that left accedes anew: at once where the text is open to it, else when the parties agree."""

    def test_of_ours_to_a_text_that_is_open_to_us_is_effective_at_once(
        self, theirs: Record, grant: Granting, niger: ForeignNode
    ) -> None:
        for number in range(2):  # and it may leave once more, and come back once more
            approved(grant, services.accede(grant(DRAFT), theirs.uid))
            assert (code("TCD"), code("NER")) == ("open", "open")
            services.denounce(grant(APPROVE), theirs.uid, "parliament refused it")
            assert (code("TCD"), code("NER")) == ("denounced", "denounced")
            held = queries.agreement(theirs.uid, timezone.now())
            assert (held.may_accede, len(held.said.denunciations)) == (True, number + 1)
        accession = approved(grant, services.accede(grant(DRAFT), theirs.uid))
        assert len(accession.body["after"]) == 2
        assert (code("TCD"), code("NER")) == ("open", "open")
        held = queries.agreement(theirs.uid, timezone.now())
        assert (held.said.left, held.said.denunciations, held.binds_us) == (frozenset(), [], True)
        with pytest.raises(Refused) as error:
            services.accede(grant(DRAFT), theirs.uid)
        assert refusal(error) == [("already_party", "body.party")]

    def test_of_a_party_of_the_text_takes_the_word_of_the_others(
        self, ours: Record, grant: Granting, niger: ForeignNode
    ) -> None:
        services.denounce(grant(APPROVE), ours.uid, "parliament refused it")
        accession = approved(grant, services.accede(grant(DRAFT), ours.uid))
        assert code() == "denounced"
        held = queries.agreement(ours.uid, timezone.now())
        assert ([each.waits_for for each in held.said.accessions], held.state) == ([("NER",)], "denounced")
        with pytest.raises(Refused) as error:
            services.accede(grant(DRAFT), ours.uid)
        assert refusal(error) == [("already_party", "body.party")]
        take(signature(niger, accession.uid, accession.hash))
        assert code() == "open"
        assert queries.agreement(ours.uid, timezone.now()).state == "in_force"
        # An accession that is taken back has brought nobody back.
        withdraw(NODE_GRANT, accession, "in error")
        assert code() == "denounced"

    def test_of_theirs_takes_our_word(self, ours: Record, grant: Granting, niger: ForeignNode) -> None:
        made = {"target": str(ours.uid), "hash": ours.hash, "reason": "a new government"}
        left = take(say(niger, DENUNCIATION, made))
        accession = take(say(niger, ACCESSION, word(ours, "NER", after=[str(left.uid)])))
        assert code() == "denounced"
        approved(grant, services.agree(grant(DRAFT), accession.uid))
        assert code() == "open"

    def test_says_the_same_in_whatever_order_it_is_heard(
        self, ours: Record, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        first, second = (
            say(tunisia, DENUNCIATION, {"target": str(ours.uid), "hash": ours.hash, "reason": "enough"})
            for _ in range(2)
        )
        take(say(tunisia, ACCESSION, word(ours, "TUN")), "TUN")
        back = [str(uid_of(first))]
        take(say(tunisia, ACCESSION, word(ours, "TUN", after=[*back, str(uid_of(second))])), "TUN")
        take(second, "TUN")
        assert code("TUN") == "open"  # the accession that is the newest names it
        take(say(tunisia, ACCESSION, word(ours, "TUN", after=back)), "TUN")
        take(first, "TUN")
        assert (code("TUN"), code()) == ("open", "open")

    def test_leaves_what_it_reserved_reserved(self, theirs: Record, grant: Granting) -> None:
        approved(grant, services.accede(grant(DRAFT), theirs.uid, ["art-3-1"], "no law for it yet"))
        services.denounce(grant(APPROVE), theirs.uid, "parliament refused it")
        approved(grant, services.accede(grant(DRAFT), theirs.uid))
        assert (code("TCD"), code("TCD", "alert.hit")) == ("reserved", "open")

    def test_that_leaves_a_denunciation_out_is_refused(self, theirs: Record, grant: Granting) -> None:
        approved(grant, services.accede(grant(DRAFT), theirs.uid))
        services.denounce(grant(APPROVE), theirs.uid, "parliament refused it")
        draft = services.accede(grant(DRAFT), theirs.uid)
        services.return_to_author(grant(APPROVE), draft, "say it again")
        draft.content["body"]["after"] = []
        draft.save(update_fields=["content"])
        draft.refresh_from_db()
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), draft)
        assert refusal(error) == [("denunciation_not_named", "body.after")]

    def test_nobody_who_is_bound_comes_back(self, ours: Record, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.accede(grant(DRAFT), ours.uid)
        assert refusal(error) == [("already_party", "body.party")]


def test_nobody_acts_on_what_is_not_held(own_keys: None, grant: Granting) -> None:
    for act in (
        lambda: services.accede(grant(DRAFT), uuid4()),
        lambda: services.agree(grant(DRAFT), uuid4()),
        lambda: services.denounce(grant(APPROVE), uuid4(), "x"),
        lambda: services.offer(grant(APPROVE), uuid4(), "TUN"),
    ):
        with pytest.raises(Refused) as error:
            act()
        assert refusal(error) == [("agreement_unknown", "target")]
    with pytest.raises(Refused) as error:
        services.resume(grant(DRAFT), uuid4(), "x")
    assert refusal(error) == [("suspension_unknown", "target")]
    with pytest.raises(Refused) as error:
        services.take_back(grant(DRAFT), uuid4(), "x")
    assert refusal(error) == [("reservation_unknown", "target")]


def test_a_grant_for_agreements_takes_back_no_other_record(ours: Record, grant: Granting) -> None:
    """A draft of a withdrawal reaches a reservation alone, whatever it names."""
    from jiwar.records import drafts

    other = drafts.save_draft(grant(DRAFT), WITHDRAWAL, {"body": {"target": str(ours.uid), "reason": "x"}})
    assert queries.draft(other.pk) is None
    for act in (
        lambda: services.submit(grant(DRAFT), other),
        lambda: services.approve(grant(APPROVE), other, other.content_hash),
    ):
        with pytest.raises(Refused) as error:
            act()
        assert refusal(error) == [("draft_of_other_kind", "")]
    withdraw(grant(APPROVE), ours, "by the way that there is")
    assert code() == "expired"


class TestOrderOfArrival:
    """A life of an agreement between Niger, Chad and Tunisia, with Algeria and Mali that join, as Libya hears of it."""

    STATES = ("NER", "TCD", "TUN", "DZA", "MLI")

    @pytest.fixture
    def told(self, own_keys: None, wide: dict) -> list[tuple[Signed, str]]:
        nodes = {state: ForeignNode(state) for state in self.STATES}
        for node in nodes.values():
            add_node(node.card())

        def said(state: str, kind: Any, body: dict[str, Any], **more: Any) -> tuple[Signed, str]:
            return say(nodes[state], kind, body, **more), state

        text = said("NER", AGREEMENT, {**wide, "parties": ["NER", "TCD", "TUN"], "open_to": ["DZA"]})
        uid, digest = str(uid_of(text[0])), sha256(text[0][0])
        about = {"target": uid, "hash": digest}
        algeria = said("DZA", ACCESSION, {**about, "party": "DZA"})
        mali = said("MLI", ACCESSION, {**about, "party": "MLI"})
        to_mali = {"target": str(uid_of(mali[0])), "hash": sha256(mali[0][0])}
        paused = said("TCD", SUSPENSION, {"target": uid, "clauses": ["art-3-1"], "reason": "inquiry"})
        again = said("TCD", SUSPENSION, {"target": uid, "reason": "all of it"})
        reserves = {"clauses": ["art-3-1"], "reason": "no law for it"}
        reserved = said("TUN", RESERVATION, {**about, **reserves})
        hits = said("TUN", RESERVATION, {**about, "clauses": ["art-4-1"], "reason": "nor for this"})
        return [
            text,
            said("TCD", SIGNATURE, {**about, "party": "TCD"}),
            said("TUN", SIGNATURE, {**about, "party": "TUN", "reserves": reserves}),
            algeria,
            mali,
            *(said(state, SIGNATURE, {**to_mali, "party": state}) for state in ("NER", "TCD", "TUN")),
            paused,
            said("TCD", RESUMPTION, {"target": str(uid_of(paused[0])), "reason": "over"}),
            again,
            said("NER", RESUMPTION, {"target": str(uid_of(again[0])), "reason": "not ours to end"}),
            reserved,
            said("TUN", WITHDRAWAL, {"target": str(uid_of(reserved[0])), "reason": "there is one"}),
            hits,
            said("DZA", DENUNCIATION, {**about, "reason": "enough"}),
        ]

    def answers(self) -> dict[str, str]:
        return {
            f"{sender} {recipient} {kind}": between(sender, recipient, kind)
            for sender in self.STATES
            for recipient in self.STATES
            for kind in ("alert.person", "alert.hit")
            if sender != recipient
        }

    def test_does_not_matter(self, told: list[tuple[Signed, str]]) -> None:
        expected: dict[str, str] = {}

        @settings(max_examples=25, suppress_health_check=list(HealthCheck))
        @given(st.permutations(range(len(told))))
        def in_this_order(order: list[int]) -> None:
            point = transaction.savepoint()
            for n in order:
                take(*told[n])
            found = self.answers()
            transaction.savepoint_rollback(point)
            expected.update(expected or found)
            assert found == expected

        in_this_order()
        codes = set(expected.values())
        assert expected["NER TUN alert.person"] == "open"
        assert expected["NER TUN alert.hit"] == "reserved"
        assert expected["NER MLI alert.hit"] == "open"
        assert expected["NER TCD alert.hit"] == "suspended"
        assert expected["MLI DZA alert.hit"] == "denounced"
        assert codes == {"open", "reserved", "suspended", "denounced"}
