"""Who has not confirmed a withdrawal within 24 hours: issuer, holder and oversight see the same list (rule R11)."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Grant
from jiwar.access.services import actor_of_person
from jiwar.exchange.models import Outgoing
from jiwar.exchange.withdrawals import unconfirmed
from jiwar.identity.models import Person, RoleGrant
from jiwar.identity.roles import Clearance
from jiwar.records.kinds import ACKNOWLEDGEMENT, WITHDRAWAL
from jiwar.records.models import Draft, Record
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.models import Alert
from jiwar.watchlist.queries import waiting
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, take, terms_of

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]
LATE = dt.timedelta(hours=24, minutes=1)


def holders() -> list[tuple[str, str, bool]]:
    return [(late.issuer, late.holder, late.said) for late in unconfirmed()]


def arrived(record: Record) -> None:
    """The record left and was receipted by every node that it was for."""
    Outgoing.objects.filter(record=record).update(state="acknowledged")


def word(node: ForeignNode, withdrawal: Record, holder: str) -> None:
    body = {"target": str(withdrawal.uid), "holder": holder, "at": timezone.now().isoformat()}
    take(node.statement(ACKNOWLEDGEMENT, terms_of(body)), node.node.code)


@pytest.fixture
def withdrawn(grant: Granting, issued: Issuing, niger: ForeignNode, own_post: ForeignNode) -> Record:
    """The withdrawal of an own alert that Niger and an own post hold."""
    record = issued()
    arrived(record)
    return services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Arrested at home")


@pytest.fixture
def received(niger: ForeignNode, own_post: ForeignNode) -> Record:
    """Niger's withdrawal of an alert that this node and its post held."""
    record = take(niger.statement(ALERT, ALERT.content.model_validate(alert_content()).model_dump(mode="json")))
    arrived(record)
    return take(niger.statement(WITHDRAWAL, terms_of({"target": str(record.uid), "reason": "Found"})))


class TestAtTheIssuer:
    def test_every_holder_is_late_after_24_hours_until_it_speaks(
        self, withdrawn: Record, niger: ForeignNode, own_post: ForeignNode
    ) -> None:
        assert holders() == []
        with time_machine.travel(timezone.now() + LATE):
            assert holders() == [("LBY", "LBY-GHAT", False), ("LBY", "NER", False)]
            word(niger, withdrawn, "NER")
            assert holders() == [("LBY", "LBY-GHAT", False)]
            word(own_post, withdrawn, "LBY-GHAT")
            assert holders() == []

    def test_a_state_answers_for_its_own_nodes_alone(
        self, withdrawn: Record, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        word(tunisia, withdrawn, "NER")
        with time_machine.travel(timezone.now() + LATE):
            assert ("LBY", "NER", False) in holders()

    def test_whoever_was_never_sent_it_owes_nothing(self, grant: Granting, issued: Issuing, niger: ForeignNode) -> None:
        services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), issued().uid, "A mistake")
        with time_machine.travel(timezone.now() + LATE):
            assert holders() == []

    def test_what_has_run_out_is_used_nowhere(self, withdrawn: Record) -> None:
        with time_machine.travel(timezone.now() + dt.timedelta(days=301)):
            assert holders() == []

    def test_waits_for_who_withdraws_and_stands_on_her_page(
        self, withdrawn: Record, settings: Any, people: dict[str, Person]
    ) -> None:
        with time_machine.travel(timezone.now() + LATE):
            found = [w for w in waiting(actor_of_person(people["amal"])) if w.what == "withdrawals_overdue"]
            assert [(w.count, w.urgent) for w in found] == [(1, True)]
            page = shown(settings, people["amal"], "/alerts/?purpose=criminal_investigation")
            assert "Withdrawals not yet confirmed" in page
            assert "LBY-GHAT" in page
            assert "overdue: more than 24 hours" in page
            late = withdrawn.issued_at + dt.timedelta(hours=1)
        with time_machine.travel(late):
            page = shown(settings, people["amal"], "/alerts/?purpose=criminal_investigation")
            assert "Withdrawals not yet confirmed" not in page


class TestItsUseIsOver:
    """Rule R9: what an alert said is shown to nobody any longer, here as at its holders."""

    def test_neither_page_nor_list_says_whom_it_named(
        self, grant: Granting, issued: Issuing, settings: Any, people: dict[str, Person]
    ) -> None:
        record = issued()
        services.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), record.uid)
        pages = ("/alerts/?purpose=criminal_investigation", f"/alerts/{record.uid}/?purpose=criminal_investigation")
        secrets = ("Khattar", "K0451187", "Left for Madama")
        before = "".join(shown(settings, people["amal"], page) for page in pages)
        assert [secret in before for secret in secrets] == [True] * 3
        services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "Arrested at home")
        after = "".join(shown(settings, people["amal"], page) for page in pages)
        assert [secret in after for secret in secrets] == [False] * 3
        assert "Arrested at home" in after
        assert record.hash in after
        assert Alert.objects.get().name == ""
        assert [(draft.state, draft.content) for draft in Draft.objects.exclude(state="issued")] == [("discarded", {})]

    def test_not_a_moment_after_its_day_though_nothing_has_swept_yet(
        self, issued: Issuing, settings: Any, people: dict[str, Person]
    ) -> None:
        record = issued()
        with time_machine.travel(record.valid_until):
            assert "Khattar" not in shown(
                settings, people["amal"], f"/alerts/{record.uid}/?purpose=criminal_investigation"
            )

    def test_a_version_that_another_replaced_takes_no_name_away(self, grant: Granting, issued: Issuing) -> None:
        draft = services.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), issued().uid)
        draft = services.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
        services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
        assert {alert.name for alert in Alert.objects.all()} == {"Salem Ould Khattar"}

    def test_a_received_one_is_forgotten_by_name_too(self, received: Record) -> None:
        assert Alert.objects.get(uid=received.about).name == ""


class TestAtTheHolder:
    def test_own_posts_that_are_silent_and_words_that_have_not_arrived(
        self, received: Record, own_post: ForeignNode
    ) -> None:
        assert holders() == []
        with time_machine.travel(timezone.now() + LATE):
            assert holders() == [("NER", "LBY", True), ("NER", "LBY-GHAT", False)]
            word(own_post, received, "LBY-GHAT")
            assert holders() == [("NER", "LBY", True), ("NER", "LBY-GHAT", True)]
            Outgoing.objects.filter(record__kind=ACKNOWLEDGEMENT.name, node="NER").update(state="acknowledged")
            assert holders() == []

    def test_stands_on_the_page_and_on_the_alert_s(
        self, received: Record, settings: Any, people: dict[str, Person]
    ) -> None:
        with time_machine.travel(timezone.now() + LATE):
            page = shown(settings, people["amal"], "/alerts/?purpose=criminal_investigation")
            assert "confirmed here, on its way to the issuer" in page
            page = shown(settings, people["amal"], f"/alerts/{received.about}/?purpose=criminal_investigation")
            assert re.search(r"LBY-GHAT.{0,400}overdue: more than 24 hours", page, re.DOTALL)

    def test_a_discreet_check_is_not_told_of(
        self, niger: ForeignNode, own_post: ForeignNode, settings: Any, people: dict[str, Person]
    ) -> None:
        content = alert_content(type="discreet_check", action="check_discreetly")
        alert = take(niger.statement(ALERT, ALERT.content.model_validate(content).model_dump(mode="json")))
        arrived(alert)
        take(niger.statement(WITHDRAWAL, terms_of({"target": str(alert.uid), "reason": "Found"})))
        people["mariama"].clearance = Clearance.STANDARD
        people["mariama"].save()
        RoleGrant.objects.create(person=people["mariama"], role="analyst")
        with time_machine.travel(timezone.now() + LATE):
            address = "/alerts/?purpose=criminal_investigation"
            assert str(alert.uid) in shown(settings, people["amal"], address)
            page = shown(settings, people["mariama"], address)
            assert str(alert.uid) not in page
            assert "Withdrawals not yet confirmed" not in page


class TestOversight:
    def test_sees_record_and_node_and_no_name(
        self, withdrawn: Record, received: Record, settings: Any, people: dict[str, Person]
    ) -> None:
        RoleGrant.objects.filter(person=people["mariama"]).update(role="oversight")
        with time_machine.travel(timezone.now() + LATE):
            page = shown(settings, people["mariama"], "/ledger/")
        section = page.partition('id="unconfirmed"')[2].partition("</section>")[0]
        assert str(withdrawn.about) in section
        assert str(received.about) in section
        assert "NER" in section
        assert "Khattar" not in page
        assert "<a " not in section


def shown(settings: Any, person: Person, address: str) -> str:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    client = client_of(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()
