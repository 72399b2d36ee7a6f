"""An alert from draft to withdrawal, and every rule of rights that it must not break."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Person
from jiwar.records.kinds import ACKNOWLEDGEMENT, WITHDRAWAL
from jiwar.records.models import Decision, Draft, Record
from jiwar.records.queries import acknowledgements
from jiwar.records.services import expire
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT, WITHHOLDING
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.logic.sensitive import scan
from jiwar.watchlist.models import Alert, Entry
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import NODE, alert_content, missing_person, take, terms_of, without

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]


def faults(error: pytest.ExceptionInfo[Refused]) -> set[tuple[str, str]]:
    return {(fault.code, fault.field) for fault in error.value.faults}


@pytest.fixture
def refused(grant: Granting) -> Callable[[dict[str, Any]], set[tuple[str, str]]]:
    """`refused(content)`: what submitting it is refused for."""

    def submit(content: dict[str, Any]) -> set[tuple[str, str]]:
        draft = services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), content)
        with pytest.raises(Refused) as error:
            services.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
        draft.refresh_from_db()
        assert draft.state == Draft.State.DRAFT
        assert draft.content == content
        return faults(error)

    return submit


NEEDED = [
    "purpose", "legal_basis", "handling", "grading", "valid_until", "review_on",
    "body.type", "body.action", "body.subject", "body.subject.names", "body.offence", "body.offence.title",
    "body.offence.article", "body.offence.max_penalty", "body.warrant", "body.warrant.authority",
    "body.warrant.number", "body.warrant.date", "body.warrant.country", "body.necessity", "body.officer",
    "body.contact", "body.rights_screen", "body.rights_screen.insult", "body.grave_risk",
]  # fmt: skip


class TestR1NothingIsMissing:
    @pytest.mark.parametrize("path", NEEDED)
    def test_each_missing_thing_is_named(self, refused: Any, path: str) -> None:
        assert refused(without(alert_content(), path)) == {("missing", path)}

    @pytest.mark.parametrize("path", ["body.report", "body.report.number", "body.protected", "body.location_consent"])
    def test_a_missing_person_needs_a_report(self, refused: Any, path: str) -> None:
        assert refused(without(missing_person(), path)) == {("missing", path)}

    def test_everything_at_once(self, refused: Any) -> None:
        content = alert_content(subject={"names": [{"text": "Salem"}]}, grave_risk="yes", necessity=" ")
        del content["legal_basis"], content["body"]["warrant"]
        assert refused(content) == {
            ("missing", "legal_basis"),
            ("missing", "body.necessity"),
            ("missing", "body.warrant"),
            ("identity_too_thin", "body.subject"),
            ("signoff_missing", "body.ministerial_signoff"),
        }

    def test_retention_is_bounded(self, refused: Any) -> None:
        content = alert_content(days=365 * 5 + 20)
        assert refused(content) == {("kept_too_long", "valid_until"), ("review_too_late", "review_on")}
        assert refused(alert_content(days=-1)) >= {("already_expired", "valid_until")}

    def test_the_action_fits_the_type(self, refused: Any) -> None:
        assert refused(alert_content(action="contact_and_tell")) == {("action_does_not_fit", "body.action")}

    def test_what_cannot_be(self, refused: Any) -> None:
        tomorrow = (timezone.now() + dt.timedelta(days=2)).date().isoformat()
        content = alert_content()
        content["body"]["warrant"]["date"] = tomorrow
        assert refused(content) == {("date_in_future", "body.warrant.date")}
        assert refused(alert_content(remarks="bell \x07")) == {("control_character", "body.remarks")}


class TestR2TwoPeople:
    def test_issues_what_both_agreed_on(self, issued: Issuing) -> None:
        record = issued()
        approval = record.data["approval"]
        assert approval["author"] != approval["approver"]
        alert = Alert.objects.get(uid=record.uid)
        assert (alert.name, alert.entered, alert.covert) == ("Salem Ould Khattar", True, False)
        assert Entry.objects.get(uid=record.uid).active
        assert set(Leaf.objects.filter(subject=str(record.uid)).values_list("act", flat=True)) >= {
            "alert_issued",
            "record_issued",
        }

    def test_the_author_cannot_approve(self, grant: Granting, people: dict[str, Person]) -> None:
        from jiwar.identity.models import RoleGrant

        RoleGrant.objects.create(person=people["amal"], role="approver")
        people["amal"].__dict__.pop("roles", None)
        draft = services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), alert_content())
        draft = services.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
        with pytest.raises(Refused) as error:
            services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE, "amal"), draft.pk, draft.content_hash)
        assert faults(error) == {("approver_is_author", "")}
        assert not Record.objects.filter(kind="alert.person").exists()

    def test_an_edit_after_submission_voids_it(self, grant: Granting) -> None:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.draft_alert(by, alert_content()).pk)
        seen = draft.content_hash
        services.draft_alert(by, alert_content(necessity="Another."), draft.pk)
        with pytest.raises(Refused) as error:
            services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, seen)
        assert faults(error) == {("draft_is_not_submitted", "")}
        services.submit_alert(by, draft.pk)
        with pytest.raises(Refused) as error:
            services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, seen)
        assert faults(error) == {("approval_of_other_content", "")}

    def test_content_changed_under_the_approver(self, grant: Granting) -> None:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.draft_alert(by, alert_content()).pk)
        changed = draft.content | {"legal_basis": "Changed in the database"}
        Draft.objects.filter(pk=draft.pk).update(content=changed)
        with pytest.raises(Refused) as error:
            services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
        assert faults(error) == {("approval_of_other_content", "")}

    def test_an_amendment_needs_two_people_again(self, grant: Granting, issued: Issuing) -> None:
        first = issued()
        draft = services.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), first.uid)
        again = services.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), first.uid)
        assert again.pk == draft.pk
        content = {**draft.content, "legal_basis": "Amended basis"}
        services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), content, draft.pk)
        draft = services.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
        second = services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
        first.refresh_from_db()
        assert (second.uid, second.version, first.state) == (first.uid, 2, "superseded")
        assert Entry.objects.get(uid=first.uid).record_id == second.pk

    def test_an_amendment_of_what_was_withdrawn_meanwhile(self, grant: Granting, issued: Issuing) -> None:
        record = issued()
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.amend_alert(by, record.uid).pk)
        services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Arrested at home")
        with pytest.raises(Refused) as error:
            services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
        assert faults(error) == {("draft_unknown", "")}
        assert Draft.objects.get(pk=draft.pk).state == "discarded"

    def test_a_grant_for_another_act(self, grant: Granting) -> None:
        with pytest.raises(AccessRefused):
            services.draft_alert(grant(P.WATCHLIST_ALERT_READ), alert_content())
        with pytest.raises(AccessRefused):
            grant(P.WATCHLIST_ALERT_DRAFT, "salem")

    def test_returned_with_reasons(self, grant: Granting) -> None:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.draft_alert(by, alert_content()).pk)
        with pytest.raises(Refused) as error:
            services.return_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, " ")
        assert faults(error) == {("missing", "reasons")}
        services.return_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, "The warrant is not legible.")
        assert services.submit_alert(by, draft.pk).state == "submitted"


class TestR3RightsScreen:
    @pytest.mark.parametrize("question", ["speech", "assembly", "insult", "membership", "military", "religious"])
    def test_a_yes_forces_a_written_review(self, grant: Granting, question: str) -> None:
        content = alert_content()
        content["body"]["rights_screen"][question] = "yes"
        by, approver = grant(P.WATCHLIST_ALERT_DRAFT), grant(P.WATCHLIST_ALERT_APPROVE)
        draft = services.submit_alert(by, services.draft_alert(by, content).pk)
        with pytest.raises(Refused) as error:
            services.approve_alert(approver, draft.pk, draft.content_hash, "  ")
        assert faults(error) == {("missing", "rights_review")}
        record = services.approve_alert(approver, draft.pk, draft.content_hash, "Ordinary crime; the group is armed.")
        assert Decision.objects.get(draft=draft).reasons == "Ordinary crime; the group is armed."
        assert record.body["rights_screen"][question] is True


class TestR4NoSensitiveData:
    @pytest.mark.parametrize("field", ["religion", "ethnicity", "tribe", "political_opinion", "health"])
    def test_no_field_takes_it(self, refused: Any, field: str) -> None:
        assert refused(alert_content(**{field: "x"})) == {("unknown_field", f"body.{field}")}
        content = alert_content()
        content["body"]["subject"][field] = "x"
        assert refused(content) == {("unknown_field", f"body.subject.{field}")}

    @pytest.mark.parametrize(
        ("text", "group"),
        [
            ("of the Tebu tribe", "ethnicity"),
            ("membre de la TRIBU des", "tribe"),
            ("من قبيلة معروفة", "tribe"),
            ("هو معارض سياسي", "politics"),
            ("séropositif, VIH", "health"),
            ("المسلم", "religion"),
        ],
    )
    def test_free_text_warns(self, text: str, group: str) -> None:
        assert group in {warned.group for warned in scan([("body.necessity", text)])}

    def test_plain_text_does_not_warn(self) -> None:
        assert scan([("body.necessity", "Left for Madama with two lorries. غادر نحو ماداما. Parti vers Madama.")]) == []


class TestR5ProtectedPerson:
    FACTS = {"names": [{"text": "Salem Ould Khattar"}], "birth_dates": [{"date": "1984-03-09"}]}

    @pytest.fixture
    def protected(self, grant: Granting, niger: ForeignNode) -> None:
        services.protect(
            grant(P.WATCHLIST_ALERT_APPROVE), SubjectFacts.model_validate(self.FACTS), "NER", "asylum file 2026/41"
        )

    def test_an_alert_by_the_feared_state_is_stored_and_never_used(self, protected: None, niger: ForeignNode) -> None:
        record = take(niger.statement(ALERT, _typed(alert_content())))
        assert record.state == "withheld"
        assert not Entry.objects.filter(active=True).exists()
        assert not Alert.objects.get().entered

    def test_its_withdrawal_and_its_new_version_are_taken_like_any_other(
        self, protected: None, niger: ForeignNode
    ) -> None:
        first = niger.statement(ALERT, _typed(alert_content()))
        record = take(first)
        second = take(niger.statement(ALERT, _typed(alert_content()), supersedes=first[0]))
        assert second.state == "withheld"
        take(niger.statement(WITHDRAWAL, terms_of({"target": str(record.uid), "reason": "Found"})))
        assert not Entry.objects.filter(active=True).exists()

    def test_another_state_s_alert_and_another_person_s_are_used(
        self, protected: None, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        assert take(tunisia.statement(ALERT, _typed(alert_content())), "TUN").state == "in_force"
        other = alert_content()
        other["body"]["subject"] = {"names": [{"text": "Idrissa Maiga"}], "birth_dates": [{"date": "1991-01-07"}]}
        assert take(niger.statement(ALERT, _typed(other))).state == "in_force"
        assert Entry.objects.filter(active=True).count() == 2

    def test_leaves_the_same_trace_for_the_sender(self, protected: None, niger: ForeignNode) -> None:
        """What a receipt is made of: the record is stored, its leaf says received, nothing says why it is unused."""
        blocked = take(niger.statement(ALERT, _typed(alert_content())))
        other = alert_content()
        other["body"]["subject"] = {"names": [{"text": "Idrissa Maiga"}], "birth_dates": [{"date": "1991-01-07"}]}
        used = take(niger.statement(ALERT, _typed(other)))
        acts = [list(Leaf.objects.filter(subject=str(r.uid)).values_list("act", flat=True)) for r in (blocked, used)]
        assert "record_received" in acts[0]
        assert not any("protect" in act or "withh" in act for act in acts[0])

    def test_own_posts_are_not_sent_it(self, protected: None, niger: ForeignNode, own_post: ForeignNode) -> None:
        blocked = take(niger.statement(ALERT, _typed(alert_content())))
        other = alert_content()
        other["body"]["subject"] = {"names": [{"text": "Idrissa Maiga"}], "birth_dates": [{"date": "1991-01-07"}]}
        used = take(niger.statement(ALERT, _typed(other)))
        sent = dict(Outgoing.objects.values_list("record__uid", "node"))
        assert (blocked.uid in sent, sent[used.uid]) == (False, "LBY-GHAT")

    def test_protection_ends_the_use_of_what_is_held_and_tells_own_posts_alone(
        self, grant: Granting, niger: ForeignNode, own_post: ForeignNode
    ) -> None:
        record = take(niger.statement(ALERT, _typed(alert_content())))
        assert Entry.objects.filter(active=True).exists()
        services.protect(
            grant(P.WATCHLIST_ALERT_APPROVE), SubjectFacts.model_validate(self.FACTS), "NER", "asylum file 2026/41"
        )
        record.refresh_from_db()
        assert record.state == "withheld"
        assert not Entry.objects.filter(active=True).exists()
        word = Record.objects.get(kind=WITHHOLDING.name)
        assert list(WITHHOLDING.addressees(None)) == []  # type: ignore[misc]
        assert "reason" not in word.body

    def test_it_is_begun_and_ended_for_a_reason_that_the_ledger_keeps(self, grant: Granting, protected: None) -> None:
        by = grant(P.WATCHLIST_ALERT_APPROVE)
        [person] = services.browse_protected(by)
        assert person.reason == "asylum file 2026/41"
        for reason, code in (("41/2026", "reason_missing"), ("a" * 201, "too_long")):
            with pytest.raises(Refused) as refused:
                services.end_protection(by, person.pk, reason)
            assert refused.value.faults[0].code == code
            with pytest.raises(Refused) as refused:
                services.protect(by, SubjectFacts.model_validate(self.FACTS), "TUN", reason)
            assert refused.value.faults[0].code == code
        assert services.browse_protected(by).count() == 1
        services.end_protection(by, person.pk, "she has left for good")
        with pytest.raises(Refused, match="protection_is_over"):
            services.end_protection(by, person.pk, "she has left for good")
        told = Leaf.objects.filter(act__startswith="protection_").order_by("pk")
        assert [(leaf.act, leaf.subject) for leaf in told] == [
            ("protection_begun", str(person.pk)), ("protection_ended", str(person.pk)),
        ]  # fmt: skip
        assert [json.loads(leaf.content)["detail"]["reason"] for leaf in told] == [
            "asylum file 2026/41",
            "she has left for good",
        ]


class TestR9Retention:
    def test_expiry_ends_the_use(self, issued: Issuing) -> None:
        record = issued(alert_content(days=10))
        assert expire(NODE, timezone.now() + dt.timedelta(days=11)) == 1
        record.refresh_from_db()
        assert record.state == "expired"
        entry = Entry.objects.get(uid=record.uid)
        assert (entry.active, entry.facts) == (False, {})

    def test_a_missed_review_ends_it_too(self, issued: Issuing) -> None:
        content = alert_content(days=300)
        content["review_on"] = (timezone.now() + dt.timedelta(days=30)).date().isoformat()
        issued(content)
        assert expire(NODE, timezone.now() + dt.timedelta(days=32)) == 1
        assert not Entry.objects.get().active


class TestR11Withdrawal:
    def test_ends_the_use_at_once_and_counts_who_confirmed(
        self, grant: Granting, issued: Issuing, niger: ForeignNode
    ) -> None:
        record = issued()
        withdrawal = services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Arrested at home")
        assert not Entry.objects.get(uid=record.uid).active
        at = timezone.now().isoformat()
        take(
            niger.statement(
                ACKNOWLEDGEMENT, terms_of({"target": str(withdrawal.uid), "holder": "NER-MADAMA", "at": at})
            )
        )
        assert [a.holder for a in acknowledgements(withdrawal)] == ["NER-MADAMA"]

    def test_needs_a_reason_and_happens_once(self, grant: Granting, issued: Issuing) -> None:
        record, by = issued(), grant(P.WATCHLIST_ALERT_WITHDRAW)
        with pytest.raises(Refused) as error:
            services.withdraw_alert(by, record.uid, " ")
        assert faults(error) == {("missing", "reason")}
        services.withdraw_alert(by, record.uid, "Over")
        with pytest.raises(Refused) as error:
            services.withdraw_alert(by, record.uid, "Over")
        assert faults(error) == {("not_in_force", "target")}

    def test_only_the_issuer_withdraws(self, grant: Granting, niger: ForeignNode, tunisia: ForeignNode) -> None:
        record = take(niger.statement(ALERT, _typed(alert_content())))
        with pytest.raises(Refused) as error:
            services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Ours now")
        assert faults(error) == {("not_the_origin", "target")}
        take(tunisia.statement(WITHDRAWAL, terms_of({"target": str(record.uid), "reason": "Ours now"})), "TUN")
        assert Entry.objects.get(uid=record.uid).active

    def test_of_nothing(self, grant: Granting) -> None:
        with pytest.raises(Refused) as error:
            services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), uuid4(), "x")
        assert faults(error) == {("alert_unknown", "target")}


class TestR13Protected:
    @pytest.mark.parametrize("protected", ["child", "victim", "witness", "missing_adult"])
    def test_is_never_wanted(self, refused: Any, protected: str) -> None:
        assert ("protected_is_not_wanted", "body.protected") in refused(alert_content(protected=protected))

    def test_a_child_is_not_hidden_among_adults(self, refused: Any) -> None:
        year = timezone.now().year - 12
        subject = {"names": [{"text": "Amina Salem"}], "birth_dates": [{"date": f"{year}-05-05"}]}
        assert refused(missing_person(subject=subject)) == {("child_is_protected", "body.protected")}
        assert ("child_is_protected", "body.protected") in refused(alert_content(subject=subject))

    def test_screening_is_told(self, issued: Issuing) -> None:
        record = issued(missing_person())
        assert Entry.objects.get(uid=record.uid).protected


class TestR14GraveRisk:
    def test_a_minister_signs_for_it(self, refused: Any, issued: Issuing) -> None:
        assert refused(alert_content(grave_risk="yes")) == {("signoff_missing", "body.ministerial_signoff")}
        record = issued(alert_content(grave_risk="yes", ministerial_signoff="MoJ 44/2026"))
        assert record.body["ministerial_signoff"] == "MoJ 44/2026"


class TestR16Quality:
    @pytest.mark.parametrize(
        ("subject", "field"),
        [
            ({"names": [{"text": "Salem Ould Khattar"}]}, "body.subject"),
            ({"names": [{"text": "Salem Ould Khattar"}], "birth_dates": [{"date": "1984"}]}, "body.subject"),
            (
                {"names": [{"text": "Salem"}], "birth_dates": [{"date": "1984-03-09", "approximate": True}]},
                "body.subject",
            ),
            (
                {"names": [{"text": "Salem", "quality": "low"}], "birth_dates": [{"date": "1984-03-09"}]},
                "body.subject.names",
            ),
        ],
    )
    def test_too_little_to_know_someone_by(self, refused: Any, subject: dict[str, Any], field: str) -> None:
        assert refused(alert_content(subject=subject)) == {("identity_too_thin", field)}

    def test_a_neighbour_s_alert_of_bad_quality_is_kept_and_stops_nobody(self, niger: ForeignNode) -> None:
        content = alert_content(subject={"names": [{"text": "Salem Ould Khattar"}]})
        record = take(niger.statement(ALERT, _typed(content)))
        assert record.state == "in_force"
        assert not Entry.objects.filter(uid=record.uid).exists()
        assert not Alert.objects.get(uid=record.uid).entered


class TestReading:
    def test_stands_in_the_ledger_with_its_purpose(self, grant: Granting, issued: Issuing) -> None:
        record = issued()
        services.open_alert(grant(P.WATCHLIST_ALERT_READ), record.uid)
        leaf = Leaf.objects.get(act="alert_read")
        assert (leaf.subject, leaf.purpose) == (str(record.uid), "criminal_investigation")

    def test_a_discreet_check_is_for_the_cleared_and_for_those_who_make_ours(
        self, grant: Granting, issued: Issuing, people: dict[str, Person], niger: ForeignNode
    ) -> None:
        content = alert_content(type="discreet_check", action="check_discreetly")
        own, received = issued(content), take(niger.statement(ALERT, _typed(content)))
        assert services.open_alert(grant(P.WATCHLIST_ALERT_READ), received.uid).covert
        people["amal"].clearance = "standard"
        by = grant(P.WATCHLIST_ALERT_READ)
        assert services.open_alert(by, own.uid).covert
        assert [alert.uid for alert in services.browse_alerts(by)] == [own.uid]
        with pytest.raises(Alert.DoesNotExist):
            services.open_alert(by, received.uid)


def _typed(content: dict[str, Any]) -> dict[str, Any]:
    """Content in the form in which it is signed."""
    return ALERT.content.model_validate(content).model_dump(mode="json")
