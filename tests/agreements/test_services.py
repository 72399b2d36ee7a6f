"""From a draft to an agreement in force, and every way in which it closes."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.agreements import queries, services
from jiwar.agreements.kinds import AGREEMENT, RESUMPTION, SUSPENSION
from jiwar.agreements.queries import may_receive, may_send
from jiwar.audit.models import Leaf
from jiwar.identity.models import Person
from jiwar.identity.services import add_node
from jiwar.records.kinds import ACKNOWLEDGEMENT, WITHDRAWAL, newest
from jiwar.records.models import Draft, Record
from jiwar.records.services import expire
from jiwar.wire.faults import Refused
from tests.agreements.conftest import APPROVE, DRAFT, NODE_GRANT, SUSPEND, approved, say, signature, take
from tests.foreign import ForeignNode, sha256

Granting = Callable[[Permission], Grant]


def sent(kind: str = "alert.person", purpose: str = "border_check", to: str = "NER") -> str:
    return may_send(kind, purpose, to, timezone.now()).code


def refusal(error: pytest.ExceptionInfo[Refused]) -> list[tuple[str, str]]:
    return [(fault.code, fault.field) for fault in error.value.faults]


class TestIssuing:
    def test_opens_nothing_before_the_other_party_has_signed(self, issued: Record) -> None:
        assert sent() == "not_signed"

    def test_opens_what_its_clauses_say_once_both_have_signed(self, in_force: Record) -> None:
        now = timezone.now()
        verdict = may_send("alert.person", "border_check", "NER", now)
        assert (verdict.code, verdict.agreement, verdict.clause, verdict.uid) == (
            "open", "LBY-NER-2026-01", "art-3-1", in_force.uid,
        )  # fmt: skip
        assert may_receive("alert.hit", "missing_persons", "NER", now).open
        assert sent(to="TUN") == "no_agreement"
        assert sent("alert.vehicle") == "kind_not_covered"
        assert sent(purpose="sanctions") == "purpose_not_covered"

    def test_is_addressed_to_the_other_parties_alone(self, issued: Record, niger: ForeignNode) -> None:
        content = AGREEMENT.content.model_validate(issued.data["content"])
        assert list(AGREEMENT.addressees(content)) == ["NER"]
        other = SUSPENSION.content.model_validate(
            {**issued.data["content"], "body": {"target": str(issued.uid), "reason": "x"}}
        )
        assert list(SUSPENSION.addressees(other)) == ["NER"]

    def test_the_author_cannot_approve(self, own_keys: None, officer: Person, grant: Granting, body: dict) -> None:
        draft = services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), body))
        own = Grant(actor_of_person(officer), APPROVE)
        with pytest.raises(Refused) as error:
            services.approve(own, draft, draft.content_hash)
        assert refusal(error) == [("approver_is_author", "")]
        assert not Record.objects.exists()

    def test_leaves_say_who_and_what(self, in_force: Record, grant: Granting) -> None:
        acts = list(Leaf.objects.filter(subject=str(in_force.uid)).values_list("act", "actor"))
        assert ("agreement_issued", grant(APPROVE).actor_id) in acts

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"parties": ["NER", "TUN"]}, ("clause_of_no_party", "body")),
            ({"parties": ["LBY"]}, ("missing", "body.parties")),
            ({"parties": ["LBY", "LBY"]}, ("said_twice", "body.parties")),
            ({"reference": "lby-ner-1"}, ("wrong_form", "body.reference")),
            ({"reference": "LBY-NER-٢٠٢٦-01"}, ("wrong_form", "body.reference")),
            ({"starts": "2026-13-01"}, ("wrong_form", "body.starts")),
            ({"clauses": []}, ("missing", "body.clauses")),
            ({"title": {"ar": "ا", "fr": "a", "en": ""}}, ("missing", "body.title.en")),
        ],
    )
    def test_a_wrong_text_is_refused_by_field(
        self, own_keys: None, grant: Granting, body: dict, change: dict[str, Any], fault: tuple[str, str]
    ) -> None:
        draft = services.draft_agreement(grant(DRAFT), {**body, **change})
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), draft)
        assert refusal(error) == [fault]

    def test_an_agreement_of_others_is_not_ours_to_issue(self, own_keys: None, grant: Granting, body: dict) -> None:
        clause = {**body["clauses"][0], "from_states": ["NER"], "to_states": ["TUN"]}
        draft = services.draft_agreement(grant(DRAFT), {**body, "parties": ["NER", "TUN"], "clauses": [clause]})
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), draft)
        assert refusal(error) == [("own_state_no_party", "body.parties")]

    def test_no_clause_twice_and_no_end_before_the_start(self, own_keys: None, grant: Granting, body: dict) -> None:
        twice = {**body, "clauses": [body["clauses"][0]] * 2}
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), twice))
        assert refusal(error) == [("said_twice", "body.clauses")]
        backwards = {**body, "starts": "2030-01-02", "ends": "2030-01-01"}
        with pytest.raises(Refused) as error:
            services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), backwards))
        assert refusal(error) == [("ends_before_start", "body")]

    def test_a_returned_draft_is_issued_only_after_a_new_submission(
        self, own_keys: None, grant: Granting, body: dict
    ) -> None:
        draft = services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), body))
        services.return_to_author(grant(APPROVE), draft, "art 4 is not clear")
        with pytest.raises(Refused):
            services.approve(grant(APPROVE), draft, draft.content_hash)
        draft = services.draft_agreement(grant(DRAFT), {**body, "reference": "LBY-NER-2026-02"}, draft)
        draft = services.submit(grant(DRAFT), draft)
        assert services.approve(grant(APPROVE), draft, draft.content_hash).body["reference"] == "LBY-NER-2026-02"


class TestGrants:
    """A grant for one act is none for another, even of a person who may do both."""

    def test_each_service_wants_its_own_permission(self, in_force: Record, grant: Granting, body: dict) -> None:
        draft = services.draft_agreement(grant(DRAFT), body)
        uid = in_force.uid
        acts: list[tuple[Permission, Callable[[Grant], object]]] = [
            (APPROVE, lambda by: services.draft_agreement(by, body)),
            (APPROVE, lambda by: services.submit(by, draft)),
            (APPROVE, lambda by: services.discard(by, draft)),
            (SUSPEND, lambda by: services.cosign(by, uid)),
            (DRAFT, lambda by: services.approve(by, draft, draft.content_hash)),
            (DRAFT, lambda by: services.return_to_author(by, draft, "no")),
            (SUSPEND, lambda by: services.withdraw_agreement(by, uid, "no")),
            (APPROVE, lambda by: services.suspend(by, uid, "no")),
            (SUSPEND, lambda by: services.resume(by, uid, "no")),
            (SUSPEND, lambda by: services.accede(by, uid)),
            (SUSPEND, lambda by: services.agree(by, uid)),
            (SUSPEND, lambda by: services.take_back(by, uid, "no")),
            (SUSPEND, lambda by: services.denounce(by, uid, "no")),
            (SUSPEND, lambda by: services.offer(by, uid, "TUN")),
        ]
        for wrong, act in acts:
            with pytest.raises(AccessRefused):
                act(grant(wrong))
        assert sent() == "open"

    def test_roles_hold_what_they_should(self, officer: Person, approver: Person) -> None:
        with pytest.raises(AccessRefused):
            allow(actor_of_person(officer), APPROVE)
        with pytest.raises(AccessRefused):
            allow(actor_of_person(approver), DRAFT)

    def test_a_grant_for_agreements_reaches_no_other_draft(self, grant: Granting, officer: Person) -> None:
        other = Draft.objects.create(kind="alert.person", content={}, content_hash="", author=officer)
        for act in (
            lambda: services.submit(grant(DRAFT), other),
            lambda: services.discard(grant(DRAFT), other),
            lambda: services.approve(grant(APPROVE), other, ""),
            lambda: services.return_to_author(grant(APPROVE), other, "x"),
            lambda: services.draft_agreement(grant(DRAFT), {}, other),
        ):
            with pytest.raises(Refused) as error:
                act()
            assert refusal(error) == [("draft_of_other_kind", "")]


class TestForeignSignature:
    def test_counts_when_it_comes_before_the_agreement(self, niger: ForeignNode, body: dict) -> None:
        tunis = ForeignNode("TUN")
        add_node(tunis.card())
        text = say(niger, AGREEMENT, {**body, "parties": ["LBY", "NER", "TUN"]})
        uid = UUID(json.loads(text[0])["id"])
        take(signature(tunis, uid, sha256(text[0]), "TUN"), "TUN")
        assert queries.agreement(uid, timezone.now()) is None
        take(text)
        held = queries.agreement(uid, timezone.now())
        assert held is not None
        assert held.unsigned == ["LBY"]

    def test_of_another_text_counts_for_nothing(self, issued: Record, niger: ForeignNode) -> None:
        take(signature(niger, issued.uid, "0" * 64))
        assert sent() == "not_signed"

    def test_by_another_state_counts_for_nothing(self, issued: Record, niger: ForeignNode) -> None:
        tunis = ForeignNode("TUN")
        add_node(tunis.card())
        take(signature(tunis, issued.uid, issued.hash, "NER"), "TUN")
        take(signature(tunis, issued.uid, issued.hash, "TUN"), "TUN")
        assert sent() == "not_signed"

    def test_by_a_post_binds_nobody(self, issued: Record, niger: ForeignNode) -> None:
        post = ForeignNode("NER-MADAMA", "post")
        add_node(post.card())
        take(signature(post, issued.uid, issued.hash))
        assert sent() == "not_signed"

    def test_without_two_people_is_refused(self, issued: Record, niger: ForeignNode) -> None:
        with pytest.raises(Refused) as error:
            take(signature(niger, issued.uid, issued.hash, approval=None))
        assert refusal(error) == [("approval_missing", "approval")]
        assert sent() == "not_signed"

    def test_that_is_forged_is_refused(self, issued: Record, niger: ForeignNode) -> None:
        statement, key, _ = signature(niger, issued.uid, issued.hash)
        forged = ForeignNode("NER").sign(statement)
        with pytest.raises(Refused) as error:
            take((statement, key, forged[2]))
        assert refusal(error) == [("signature_wrong", "signature")]
        assert sent() == "not_signed"

    def test_taken_back_closes(self, in_force: Record, niger: ForeignNode) -> None:
        theirs = Record.objects.get(kind="agreement.signature", origin="NER")
        take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "signed in error"}))
        assert sent() == "not_signed"

    def test_run_out_closes(self, issued: Record, niger: ForeignNode) -> None:
        take(signature(niger, issued.uid, issued.hash, days=10))
        now = timezone.now()
        assert may_send("alert.person", "border_check", "NER", now + dt.timedelta(days=9)).open
        assert may_send("alert.person", "border_check", "NER", now + dt.timedelta(days=10)).code == "not_signed"


class TestCosigning:
    @pytest.fixture
    def theirs(self, niger: ForeignNode, body: dict) -> Record:
        return take(say(niger, AGREEMENT, body))

    def test_takes_two_people_and_opens(self, theirs: Record, grant: Granting) -> None:
        assert sent() == "not_signed"
        draft = services.cosign(grant(DRAFT), theirs.uid)
        assert sent() == "not_signed"
        record = services.approve(grant(APPROVE), draft, draft.content_hash)
        assert (record.body["hash"], record.body["party"]) == (theirs.hash, "LBY")
        assert sent() == "open"

    def test_once(self, theirs: Record, grant: Granting) -> None:
        draft = services.cosign(grant(DRAFT), theirs.uid)
        with pytest.raises(Refused) as error:
            services.cosign(grant(DRAFT), theirs.uid)
        assert refusal(error) == [("draft_in_hand", "target")]
        services.approve(grant(APPROVE), draft, draft.content_hash)
        with pytest.raises(Refused) as error:
            services.cosign(grant(DRAFT), theirs.uid)
        assert refusal(error) == [("already_signed", "body.party")]
        assert not Draft.objects.filter(state="draft").exists()

    def test_is_void_when_a_newer_text_came_between(
        self, theirs: Record, niger: ForeignNode, grant: Granting, body: dict
    ) -> None:
        draft = services.cosign(grant(DRAFT), theirs.uid)
        changed = {**body, "clauses": body["clauses"][:1]}
        newer = take(say(niger, AGREEMENT, changed, supersedes=theirs.statement.encode()))
        with pytest.raises(Refused) as error:
            services.approve(grant(APPROVE), draft, draft.content_hash)
        assert refusal(error) == [("signature_of_other_text", "body.hash")]
        assert queries.agreement(theirs.uid, timezone.now()).row.record == newer

    def test_of_what_is_not_held_is_refused(self, own_keys: None, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.cosign(grant(DRAFT), uuid4())
        assert refusal(error) == [("agreement_unknown", "target")]

    def test_of_an_agreement_of_others_is_refused(self, niger: ForeignNode, grant: Granting, body: dict) -> None:
        clause = {**body["clauses"][0], "from_states": ["NER"], "to_states": ["TUN"]}
        record = take(say(niger, AGREEMENT, {**body, "parties": ["NER", "TUN"], "clauses": [clause]}))
        with pytest.raises(Refused) as error:
            services.cosign(grant(DRAFT), record.uid)
        assert refusal(error) == [("own_state_no_party", "body.party")]

    def test_a_newer_text_needs_new_signatures(
        self, theirs: Record, niger: ForeignNode, grant: Granting, body: dict
    ) -> None:
        draft = services.cosign(grant(DRAFT), theirs.uid)
        services.approve(grant(APPROVE), draft, draft.content_hash)
        assert sent() == "open"
        wider = [{**c, "onward": "yes"} for c in body["clauses"]]
        take(say(niger, AGREEMENT, {**body, "clauses": wider}, supersedes=theirs.statement.encode()))
        assert sent() == "not_signed"


class TestClosing:
    def test_suspension_by_us_closes_and_its_end_opens(self, in_force: Record, grant: Granting) -> None:
        record = services.suspend(grant(SUSPEND), in_force.uid, "inquiry pending")
        assert sent() == "suspended"
        draft = services.resume(grant(DRAFT), record.uid, "inquiry closed")
        assert sent() == "suspended"
        services.approve(grant(APPROVE), draft, draft.content_hash)
        assert sent() == "open"
        acts = [act for act in Leaf.objects.values_list("act", flat=True) if act.startswith("agreement_")]
        assert acts[-2:] == ["agreement_suspended", "agreement_resumed"]

    def test_suspension_by_them_is_not_ours_to_end(self, in_force: Record, niger: ForeignNode, grant: Granting) -> None:
        theirs = take(say(niger, SUSPENSION, {"target": str(in_force.uid), "clauses": [], "reason": "court order"}))
        assert sent() == "suspended"
        with pytest.raises(Refused) as error:
            services.resume(grant(DRAFT), theirs.uid, "we would like to go on")
        assert refusal(error) == [("not_the_origin", "body.target")]
        take(say(niger, RESUMPTION, {"target": str(theirs.uid), "reason": "lifted"}))
        assert sent() == "open"

    def test_a_resumption_by_another_state_ends_nothing(
        self, in_force: Record, niger: ForeignNode, grant: Granting
    ) -> None:
        ours = services.suspend(grant(SUSPEND), in_force.uid, "inquiry pending")
        take(say(niger, RESUMPTION, {"target": str(ours.uid), "reason": "we disagree"}))
        assert sent() == "suspended"

    def test_the_order_of_arrival_does_not_matter(self, in_force: Record, niger: ForeignNode) -> None:
        suspension = say(niger, SUSPENSION, {"target": str(in_force.uid), "clauses": [], "reason": "court order"})
        uid = json.loads(suspension[0])["id"]
        take(say(niger, RESUMPTION, {"target": uid, "reason": "lifted"}))
        take(suspension)
        assert sent() == "open"

    def test_a_suspension_that_came_before_the_agreement_counts(
        self, niger: ForeignNode, grant: Granting, body: dict
    ) -> None:
        text = say(niger, AGREEMENT, body)
        uid = json.loads(text[0])["id"]
        take(say(niger, SUSPENSION, {"target": uid, "clauses": [], "reason": "court order"}))
        take(text)
        draft = services.cosign(grant(DRAFT), UUID(uid))
        services.approve(grant(APPROVE), draft, draft.content_hash)
        assert sent() == "suspended"

    def test_by_a_state_that_is_no_party_closes_nothing(self, in_force: Record) -> None:
        tunis = ForeignNode("TUN")
        add_node(tunis.card())
        take(say(tunis, SUSPENSION, {"target": str(in_force.uid), "clauses": [], "reason": "mischief"}), "TUN")
        assert sent() == "open"

    def test_of_one_clause_leaves_the_other_open(self, in_force: Record, grant: Granting) -> None:
        services.suspend(grant(SUSPEND), in_force.uid, "hits are under review", ["art-4-1"])
        assert sent() == "open"
        assert sent("alert.hit") == "suspended"
        assert queries.agreement(in_force.uid, timezone.now()).state == "partly_suspended"

    def test_of_no_such_clause_is_refused(self, in_force: Record, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.suspend(grant(SUSPEND), in_force.uid, "x", ["art-9-9"])
        assert refusal(error) == [("clause_unknown", "clauses")]

    def test_without_a_reason_is_refused(self, in_force: Record, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.suspend(grant(SUSPEND), in_force.uid, "  ")
        assert refusal(error) == [("missing", "body.reason")]
        assert sent() == "open"

    def test_two_suspensions_end_one_by_one(self, in_force: Record, grant: Granting) -> None:
        first = services.suspend(grant(SUSPEND), in_force.uid, "one")
        second = services.suspend(grant(SUSPEND), in_force.uid, "two", ["art-3-1"])
        approved(grant, services.resume(grant(DRAFT), first.uid, "over"))
        assert sent() == "suspended"
        approved(grant, services.resume(grant(DRAFT), second.uid, "over"))
        assert sent() == "open"
        with pytest.raises(Refused) as error:
            services.resume(grant(DRAFT), second.uid, "again")
        assert refusal(error) == [("suspension_is_over", "body.target")]

    def test_a_suspension_whose_record_ran_out_still_stands(self, in_force: Record, niger: ForeignNode) -> None:
        body = {"target": str(in_force.uid), "clauses": [], "reason": "court order"}
        take(say(niger, SUSPENSION, body, days=3))
        expire(NODE_GRANT, timezone.now() + dt.timedelta(days=10))
        assert Record.objects.get(kind="agreement.suspension").state == "expired"
        assert sent() == "suspended"

    def test_withdrawal_of_the_agreement_closes(self, in_force: Record, grant: Granting) -> None:
        services.withdraw_agreement(grant(APPROVE), in_force.uid, "denounced")
        assert sent() == "expired"
        assert queries.agreement(in_force.uid, timezone.now()).state == "withdrawn"

    def test_expiry_closes_before_any_job_has_run(self, in_force: Record) -> None:
        later = timezone.now() + dt.timedelta(days=702)
        assert may_send("alert.person", "border_check", "NER", later).code == "expired"

    def test_a_missed_review_closes(self, issued: Record, niger: ForeignNode) -> None:
        Record.objects.filter(pk=issued.pk).update(review_on=timezone.now().date() - dt.timedelta(days=1))
        take(signature(niger, issued.uid, issued.hash))
        assert sent() == "expired"


class TestWaiting:
    def test_names_what_waits_for_whom(
        self, niger: ForeignNode, officer: Person, approver: Person, grant: Granting, body: dict
    ) -> None:
        record = take(say(niger, AGREEMENT, body))
        now = timezone.now()

        def waits(person: Person) -> list[str]:
            return [w.what for w in queries.in_hand(actor_of_person(person), now)]

        assert (waits(officer), waits(approver)) == (["to_sign"], [])
        draft = services.cosign(grant(DRAFT), record.uid)
        assert (waits(officer), waits(approver)) == ([], ["to_approve"])
        services.return_to_author(grant(APPROVE), draft, "ask the ministry first")
        assert (waits(officer), waits(approver)) == (["draft_returned"], [])
        services.submit(grant(DRAFT), draft)
        services.approve(grant(APPROVE), draft, draft.content_hash)
        assert (waits(officer), waits(approver)) == ([], [])


def test_kinds_are_instruments_without_personal_data() -> None:
    for name, four_eyes, cosigned in (
        ("agreement", True, True),
        ("agreement.signature", True, True),
        ("agreement.accession", True, True),
        ("agreement.reservation", False, True),
        ("agreement.suspension", False, False),
        ("agreement.resumption", False, False),
        ("agreement.denunciation", False, False),
    ):
        kind = newest(name)
        assert (kind.instrument, kind.personal, kind.four_eyes, kind.cosigned) == (True, False, four_eyes, cosigned)
    assert ACKNOWLEDGEMENT.instrument
