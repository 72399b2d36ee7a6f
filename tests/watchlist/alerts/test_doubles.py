"""Rule R16: before an alert is submitted, its author says of each alert in force whether it is on the same subject."""

import copy
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.queries import leaves
from jiwar.identity.models import Person
from jiwar.records.models import Draft, Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.wire.faults import Refused
from tests.console import client_of, text
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, take

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]
DRAFT, APPROVE = P.WATCHLIST_ALERT_DRAFT, P.WATCHLIST_ALERT_APPROVE
WHY = "Another Salem: born in Ghat, with a brother of that name."


def again(**subject: Any) -> dict[str, Any]:
    """The same subject once more, but for what is given."""
    content = copy.deepcopy(alert_content())
    content["body"]["subject"] |= subject
    return content


def told() -> list[str]:
    """The candidates of the newest search for doubles, as the ledger has them."""
    leaf = leaves(act="alert_doubles_searched").latest("index")
    return json.loads(leaf.content)["detail"]["candidates"]


def refusals(grant: Granting, draft: Draft) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        services.submit_alert(grant(DRAFT), draft.pk)
    return [(fault.code, fault.field) for fault in refused.value.faults]


def test_a_double_is_named_and_nothing_is_submitted_until_she_says_it_is_another(
    issued: Issuing, grant: Granting
) -> None:
    first = issued()
    # Spelt otherwise, in French: the document alone says it.
    draft = services.draft_alert(grant(DRAFT), again(names=[{"text": "Sélim O. El-Khattar"}]))
    assert refusals(grant, draft) == [("double_unanswered", f"double.{first.uid}")]
    draft.refresh_from_db()
    assert draft.state == "draft"
    assert told() == [str(first.uid)]
    services.answer_double(grant(DRAFT), draft, first.uid, same=False, reason=WHY)
    submitted = services.submit_alert(grant(DRAFT), draft.pk)
    [double] = services.doubles(grant(APPROVE), submitted)
    assert (double.answer and double.answer.reason, double.alert.uid) == (WHY, first.uid)
    assert services.approve_alert(grant(APPROVE), draft.pk, submitted.content_hash).uid != first.uid


def test_the_same_person_is_amended_and_not_listed_twice(issued: Issuing, grant: Granting) -> None:
    first = issued()
    draft = services.draft_alert(grant(DRAFT), again())
    services.answer_double(grant(DRAFT), draft, first.uid, same=True)
    assert refusals(grant, draft) == [("double_is_same", f"double.{first.uid}")]
    amended = services.amend_alert(grant(DRAFT), first.uid)
    assert services.doubles(grant(DRAFT), amended) == []
    assert services.submit_alert(grant(DRAFT), amended.pk).state == "submitted"


def test_a_namesake_and_one_that_has_ended_are_none(issued: Issuing, grant: Granting) -> None:
    first = issued()
    other = again(
        names=[{"text": "Moussa Ag Attaher"}], birth_dates=[{"date": "1961-11-30"}], documents=[], nationalities=["MLI"]
    )
    assert services.doubles(grant(DRAFT), services.draft_alert(grant(DRAFT), other)) == []
    draft = services.draft_alert(grant(DRAFT), again())
    services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), first.uid, "found")
    assert services.doubles(grant(DRAFT), draft) == []


def test_what_cannot_be_read_yet_is_not_searched(issued: Issuing, grant: Granting) -> None:
    issued()
    before = leaves(act="alert_doubles_searched").count()
    for content in ({}, {"body": {}}, {"body": {"subject": {"names": [{"text": "Salem"}]}}}):
        assert services.doubles(grant(DRAFT), services.draft_alert(grant(DRAFT), content)) == []
    assert leaves(act="alert_doubles_searched").count() == before
    draft = services.draft_alert(grant(DRAFT), {"body": {"subject": again()["body"]["subject"]}})
    codes = {code for code, _ in refusals(grant, draft)}
    assert "missing" in codes
    assert "double_unanswered" not in codes  # one thing after the other: the form first


def test_another_states_alert_is_shown_and_needs_no_answer(niger: ForeignNode, grant: Granting) -> None:
    theirs = take(niger.statement(ALERT, ALERT.content.model_validate(alert_content()).model_dump(mode="json")))
    draft = services.draft_alert(grant(DRAFT), again())
    [double] = services.doubles(grant(DRAFT), draft)
    assert (double.alert.uid, double.own) == (theirs.uid, False)
    with pytest.raises(Refused, match="alert_unknown"):
        services.answer_double(grant(DRAFT), draft, theirs.uid, same=False, reason=WHY)
    assert services.submit_alert(grant(DRAFT), draft.pk).state == "submitted"


def test_a_neighbours_discreet_check_is_named_to_the_cleared_alone(
    niger: ForeignNode, grant: Granting, people: dict[str, Person]
) -> None:
    discreet = alert_content(type="discreet_check", action="check_discreetly")
    take(niger.statement(ALERT, ALERT.content.model_validate(discreet).model_dump(mode="json")))
    draft = services.draft_alert(grant(DRAFT), again())
    assert len(services.doubles(grant(DRAFT), draft)) == 1
    people["amal"].clearance = "standard"
    people["amal"].save()
    assert services.doubles(grant(DRAFT), draft) == []
    assert told() == []


@pytest.mark.parametrize(("reason", "code"), [("", "reason_missing"), ("12345678901", "reason_missing")])
def test_that_it_is_another_takes_a_reason(issued: Issuing, grant: Granting, reason: str, code: str) -> None:
    first = issued()
    draft = services.draft_alert(grant(DRAFT), again())
    with pytest.raises(Refused, match=code):
        services.answer_double(grant(DRAFT), draft, first.uid, same=False, reason=reason)


def test_only_the_author_answers_and_only_maker_and_approver_look(issued: Issuing, grant: Granting) -> None:
    first = issued()
    draft = services.draft_alert(grant(DRAFT), again())
    with pytest.raises(AccessRefused):
        services.answer_double(grant(APPROVE), draft, first.uid, same=False, reason=WHY)
    with pytest.raises(AccessRefused):
        services.doubles(grant(P.WATCHLIST_ALERT_READ), draft)


def test_at_the_console(issued: Issuing, grant: Granting, people: dict[str, Person], settings: Any) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    first = issued()
    draft = services.draft_alert(grant(DRAFT), again())
    author, here = client_of(people["amal"]), f"/alerts/drafts/{draft.pk}/?purpose=criminal_investigation"
    name = f"double.{first.uid}"
    refused = author.post(here, {"act": "submit"})
    assert (refused.status_code, "say whether it is" in text(refused)) == (422, True)
    assert "Is it the same subject" in text(refused)
    silent = author.post(here, {"act": "not_same", "double": str(first.uid), name: ""})
    assert (silent.status_code, "Why it is not the same" in text(silent)) == (422, True)
    kept = author.post(here, {"act": "not_same", "double": str(first.uid), name: WHY}, follow=True)
    assert WHY in kept.content.decode()
    assert author.post(here, {"act": "same", "double": "nobody"}).status_code == 422
    answer = author.post(here, {"act": "same", "double": str(first.uid)})
    assert answer.url.startswith("/alerts/drafts/")
    assert "/edit/" in answer.url
    services.answer_double(grant(DRAFT), draft, first.uid, same=False, reason=WHY)
    services.submit_alert(grant(DRAFT), draft.pk)
    shown = text(client_of(people["salem"]).get(here))
    assert "The author says: not the same." in shown
