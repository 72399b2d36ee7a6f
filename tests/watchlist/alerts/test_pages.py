"""The console's pages of alerts and cases, by forms alone, in three languages."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Grant
from jiwar.access.services import actor_of_person
from jiwar.audit.models import Leaf
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Person
from jiwar.records.kinds import ACKNOWLEDGEMENT
from jiwar.records.models import Draft, Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_queries import withdrawal
from jiwar.watchlist.hit_kinds import HIT
from jiwar.watchlist.models import Alert, Case
from jiwar.watchlist.queries import waiting
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, hit_facts, missing_person, submitted, take, terms_of

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]
FOR = "?purpose=criminal_investigation"


@pytest.fixture
def sign_in(settings: Any, people: dict[str, Person]) -> Callable[..., Client]:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)

    def signed_in(name: str, language: str = "en") -> Client:
        return client_of(people[name], language)

    return signed_in


def fields(value: Any, at: str = "") -> dict[str, Any]:
    """Content as the form's fields."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, part in value.items():
            found |= fields(part, f"{at}.{name}".lstrip("."))
        return found
    if at == "body.subject.nationalities":
        return {at: ", ".join(value)}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {key: v for i, part in enumerate(value) for key, v in fields(part, f"{at}.{i}").items()}
    return {at: value[:10] if at == "valid_until" else value}


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


@pytest.fixture
def hit(niger: ForeignNode, issued: Issuing) -> Case:
    alert = issued()
    more = {"target": str(alert.uid), "target_version": 1, "reported_by": "NER-MADAMA"}
    body = HIT.body.model_validate(hit_facts(note="Travels alone.") | more).model_dump(mode="json")
    take(niger.statement(HIT, terms_of(body)))
    return Case.objects.get()


class TestAlertForm:
    def test_from_the_form_to_an_issued_alert(self, sign_in: Callable[..., Client]) -> None:
        author, approver = sign_in("amal"), sign_in("salem")
        answer = author.post(f"/alerts/new/{FOR}", fields(alert_content()) | {"act": "submit"})
        draft = Draft.objects.get()
        assert (answer.status_code, answer.url) == (302, f"/alerts/drafts/{draft.pk}/{FOR}")
        assert "A second person must approve it." in text(author.get(answer.url))
        page = approver.get(answer.url)
        seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.content.decode())
        assert seen
        answer = approver.post(answer.url, {"act": "approve", "seen": seen[1]})
        record = Record.objects.get(kind="alert.person")
        assert (answer.status_code, answer.url) == (302, f"/alerts/{record.uid}/{FOR}")
        shown = text(approver.get(answer.url))
        assert "Salem Ould Khattar" in shown
        assert "Arrest the person under your law" in shown
        assert record.hash in shown
        assert "Approver Salem" in shown

    @pytest.mark.parametrize("act", [{}, {"act": "else"}])
    def test_a_draft_is_kept_by_its_buttons_alone(self, sign_in: Callable[..., Client], act: dict[str, str]) -> None:
        assert sign_in("amal").post(f"/alerts/new/{FOR}", fields(alert_content()) | act).status_code == 422
        assert not Draft.objects.exists()

    def test_an_empty_form_names_every_field(self, sign_in: Callable[..., Client]) -> None:
        answer = sign_in("amal").post(f"/alerts/new/{FOR}", {"act": "submit", "purpose": "criminal_investigation"})
        assert answer.status_code == 422
        page = answer.content.decode()
        for name in ("legal_basis", "body-type", "body-action", "body-subject-names", "body-offence-title",
                     "body-warrant-number", "body-necessity", "body-officer", "body-contact",
                     "body-rights_screen-insult", "body-grave_risk", "valid_until", "review_on"):  # fmt: skip
            assert f'href="#f-{name}"' in page, name
            assert f'id="f-{name}"' in page, name
        assert Draft.objects.get().state == "draft"

    def test_a_refused_form_keeps_what_was_typed_and_its_draft(self, sign_in: Callable[..., Client]) -> None:
        typed = fields(alert_content()) | {"body.offence.max_penalty": "", "act": "submit"}
        author = sign_in("amal")
        answer = author.post(f"/alerts/new/{FOR}", typed)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert 'href="#f-body-offence-max_penalty"' in page
        assert 'value="Salem Ould Khattar"' in page
        assert 'value="K0451187"' in page
        action = re.search(r'<form method="post" action="([^"]+)" class="form folds"', page)
        assert action
        answer = author.post(unescape(action[1]), fields(alert_content()) | {"act": "submit"})
        assert answer.status_code == 302
        assert [d.state for d in Draft.objects.all()] == ["submitted"]

    def test_what_the_form_sends_is_what_is_kept(self, sign_in: Callable[..., Client]) -> None:
        for content in (alert_content(), missing_person()):
            sign_in("amal").post(f"/alerts/new/{FOR}", fields(content) | {"act": "submit"})
            draft = Draft.objects.first()
            assert draft is not None
            assert draft.state == "submitted", text(sign_in("amal").get(f"/alerts/drafts/{draft.pk}/{FOR}"))
            kept, meant = draft.content["body"], content["body"]
            assert kept["subject"]["names"][0]["text"] == meant["subject"]["names"][0]["text"]
            assert kept["type"] == meant["type"]

    def test_a_purpose_is_asked_for(self, sign_in: Callable[..., Client]) -> None:
        answer = sign_in("amal").get("/alerts/")
        assert answer.status_code == 403
        assert "State the purpose" in text(answer)

    def test_warns_of_words_that_do_not_belong(self, sign_in: Callable[..., Client], grant: Granting) -> None:
        draft = services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), alert_content(necessity="Of the Tebu tribe."))
        page = text(sign_in("amal").get(f"/alerts/drafts/{draft.pk}/{FOR}"))
        assert "Words that should not stand here" in page
        assert "tribe" in page

    def test_another_s_draft_is_not_shown(self, sign_in: Callable[..., Client], grant: Granting) -> None:
        draft = services.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), alert_content())
        assert sign_in("salem").get(f"/alerts/drafts/{draft.pk}/{FOR}").status_code == 404
        assert sign_in("amal").get(f"/alerts/drafts/{uuid4()}/{FOR}").status_code == 404

    def test_the_approver_sees_what_changed(
        self, sign_in: Callable[..., Client], issued: Issuing, grant: Granting
    ) -> None:
        record = issued()
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.amend_alert(by, record.uid)
        services.draft_alert(by, {**draft.content, "legal_basis": "Another law"}, draft.pk)
        services.submit_alert(by, draft.pk)
        page = text(sign_in("salem").get(f"/alerts/drafts/{draft.pk}/{FOR}"))
        assert "Changes to version 1" in page
        assert "Another law" in page

    def test_an_approval_of_another_content_is_refused_on_the_page(
        self, sign_in: Callable[..., Client], grant: Granting
    ) -> None:
        by = grant(P.WATCHLIST_ALERT_DRAFT)
        draft = services.submit_alert(by, services.draft_alert(by, alert_content()).pk)
        answer = sign_in("salem").post(f"/alerts/drafts/{draft.pk}/{FOR}", {"act": "approve", "seen": "0" * 64})
        assert answer.status_code == 422
        assert "The content changed after the approval" in text(answer)


class TestAlert:
    def test_says_why_it_did_not_leave(
        self, sign_in: Callable[..., Client], niger: ForeignNode, issued: Issuing
    ) -> None:
        record = issued()
        page = text(sign_in("salem").get(f"/alerts/{record.uid}/{FOR}"))
        assert "did not leave" in page
        assert "No agreement binds the two states." in page

    def test_withdrawn_with_a_reason_and_who_confirmed(
        self, sign_in: Callable[..., Client], niger: ForeignNode, issued: Issuing
    ) -> None:
        record, client = issued(), sign_in("salem")
        Outgoing.objects.filter(record=record).update(state="acknowledged")
        answer = client.post(f"/alerts/{record.uid}/{FOR}", {"act": "withdraw", "reason": ""})
        assert answer.status_code == 422
        answer = client.post(f"/alerts/{record.uid}/{FOR}", {"act": "withdraw", "reason": "Arrested at home"})
        assert answer.status_code == 302
        page = text(client.get(answer.url))
        assert "Arrested at home" in page
        assert "not yet" in page
        found = withdrawal(Alert.objects.get())
        assert found is not None
        assert [(c.holder, c.at, c.overdue) for c in found.confirmations] == [("NER", None, False)]
        late = timezone.now() - dt.timedelta(hours=25)
        Record.objects.filter(kind="record.withdrawal").update(issued_at=late)
        Record.objects.filter(pk=record.pk).update(state_changed_at=late)
        assert "overdue: more than 24 hours" in text(client.get(answer.url))
        assert "not confirmed by all" in text(client.get(f"/alerts/{FOR}"))
        at = timezone.now().isoformat()
        body = {"target": str(found.record.uid), "holder": "NER", "at": at}
        take(niger.statement(ACKNOWLEDGEMENT, terms_of(body)))
        assert "overdue" not in text(client.get(answer.url))

    def test_a_missing_person_is_not_shown_as_wanted(self, sign_in: Callable[..., Client], issued: Issuing) -> None:
        record = issued(missing_person())
        page = sign_in("amal").get(f"/alerts/{record.uid}/{FOR}").content.decode()
        assert 'class="badge danger">missing person' not in page
        assert "missing person" in page

    def test_of_nobody(self, sign_in: Callable[..., Client]) -> None:
        assert sign_in("amal").get(f"/alerts/{uuid4()}/{FOR}").status_code == 404


class TestCase:
    def test_from_the_hit_to_the_outcome(self, sign_in: Callable[..., Client], hit: Case) -> None:
        client = sign_in("amal")
        assert "Salem Ould Khattar" in text(client.get(f"/cases/{FOR}"))
        here = f"/cases/{hit.pk}/{FOR}"
        page = text(client.get(here))
        assert "Madama, lane 2" in page
        assert "Travels alone." in page
        assert client.post(here, {"act": "take"}).status_code == 302
        answer = client.post(here, {"act": "outcome", "body.outcome": ""})
        assert (answer.status_code, "This field is required" in text(answer)) == (422, True)
        answer = client.post(here, {"act": "outcome", "body.outcome": "extradition_follows", "body.text": "By air."})
        assert answer.status_code == 302
        page = text(client.get(here))
        assert "an extradition request follows" in page
        assert "taken in hand" in page

    def test_reads_are_in_the_ledger(self, sign_in: Callable[..., Client], hit: Case) -> None:
        sign_in("amal").get(f"/cases/{hit.pk}/{FOR}")
        assert Leaf.objects.filter(act="case_read", purpose="criminal_investigation").count() == 1

    def test_is_closed_to_who_has_no_right(self, sign_in: Callable[..., Client], hit: Case) -> None:
        assert sign_in("mariama").get(f"/cases/{hit.pk}/{FOR}").status_code == 403
        assert sign_in("mariama").get(f"/alerts/{FOR}").status_code == 403


def test_what_waits_for_whom(people: dict[str, Person], grant: Granting, hit: Case) -> None:
    by = grant(P.WATCHLIST_ALERT_DRAFT)
    submitted(by, alert_content())
    returned = submitted(by, alert_content())
    services.return_alert(grant(P.WATCHLIST_ALERT_APPROVE), returned.pk, "No.")
    found = {name: {w.what: w.count for w in waiting(actor_of_person(people[name]))} for name in people}
    assert found == {
        "amal": {"alerts_returned": 1, "cases_open": 1},
        "salem": {"alerts_to_approve": 1},
        "mariama": {},
    }


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_every_page_in_every_language(
    sign_in: Callable[..., Client], hit: Case, grant: Granting, language: str
) -> None:
    by = grant(P.WATCHLIST_ALERT_DRAFT)
    draft = services.draft_alert(by, {"body": {}})
    client = sign_in("amal", language)
    alert = hit.alert.uid
    for address in ("/alerts/", "/alerts/new/", f"/alerts/{alert}/", f"/alerts/drafts/{draft.pk}/",
                    f"/alerts/drafts/{draft.pk}/edit/", "/cases/", f"/cases/{hit.pk}/"):  # fmt: skip
        answer = client.get(address + FOR)
        assert answer.status_code == 200, address
        assert f'lang="{language}"' in answer.content.decode()
