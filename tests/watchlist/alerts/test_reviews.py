"""An own alert whose review comes waits for its makers; who does not look at it lets it end (rule R9)."""

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
from jiwar.access.waiting import Waiting
from jiwar.identity.models import Person
from jiwar.records.models import Record
from jiwar.records.services import expire
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.models import Entry
from jiwar.watchlist.queries import waiting
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import NODE, alert_content, take

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]


def reviewed_in(days: int) -> dict[str, Any]:
    """An alert good for 300 days, to be reviewed in so many."""
    return alert_content() | {"review_on": (timezone.now().date() + dt.timedelta(days=days)).isoformat()}


def reminder(person: Person) -> Waiting | None:
    return next((w for w in waiting(actor_of_person(person)) if w.what == "alerts_to_review"), None)


@pytest.mark.parametrize("name", ["amal", "salem"])
def test_waits_from_120_days_before_and_is_urgent_from_14(
    people: dict[str, Person], issued: Issuing, name: str
) -> None:
    issued(reviewed_in(200))
    begun, person = timezone.now(), people[name]
    with time_machine.travel(begun + dt.timedelta(days=79), tick=False):
        assert reminder(person) is None
    with time_machine.travel(begun + dt.timedelta(days=80), tick=False):
        assert reminder(person) == Waiting("alerts_to_review", 1, "/alerts/?review=due", urgent=False)
    with time_machine.travel(begun + dt.timedelta(days=185), tick=False):
        assert reminder(person) == Waiting("alerts_to_review", 1, "/alerts/?review=due", urgent=False)
    with time_machine.travel(begun + dt.timedelta(days=186), tick=False):
        assert reminder(person) == Waiting("alerts_to_review", 1, "/alerts/?review=due", urgent=True)


def test_unreviewed_it_ends_and_waits_no_longer(people: dict[str, Person], issued: Issuing) -> None:
    record = issued(reviewed_in(30))
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        assert expire(NODE) == 1
        assert reminder(people["amal"]) is None
    assert not Entry.objects.get(uid=record.uid).active


def test_renewed_by_an_amendment_it_waits_no_longer(
    people: dict[str, Person], grant: Granting, issued: Issuing
) -> None:
    first, by = issued(reviewed_in(30)), grant(P.WATCHLIST_ALERT_DRAFT)
    draft = services.amend_alert(by, first.uid)
    services.draft_alert(by, reviewed_in(250), draft.pk)
    assert reminder(people["amal"]) is not None
    draft = services.submit_alert(by, draft.pk)
    services.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
    assert reminder(people["amal"]) is None


def test_neither_a_neighbour_s_alert_nor_whoever_makes_none(
    people: dict[str, Person], issued: Issuing, niger: ForeignNode
) -> None:
    take(niger.statement(ALERT, ALERT.content.model_validate(reviewed_in(5)).model_dump(mode="json")))
    assert reminder(people["amal"]) is None
    issued(reviewed_in(5))
    assert reminder(people["mariama"]) is None


def test_the_list_shows_the_day_the_next_to_end_first(
    settings: Any, people: dict[str, Person], issued: Issuing
) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    late, soon, never = (issued(reviewed_in(days)) for days in (100, 10, 290))
    client = client_of(people["amal"])
    page = client.get("/alerts/?review=due&purpose=criminal_investigation").content.decode()
    assert re.findall(r"/alerts/([0-9a-f-]{36})/", page) == [str(soon.uid), str(late.uid)]
    assert str(never.uid) not in page
    assert re.findall(r'data-label="Review by"><bdi><time datetime="([0-9-]+)"', page) == [
        str(soon.review_on), str(late.review_on)
    ]  # fmt: skip
