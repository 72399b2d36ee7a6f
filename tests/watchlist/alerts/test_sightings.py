"""Where the subject of an alert was seen: told to whom an agreement opens it, for a short time, never against R13."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.identity.models import Person
from jiwar.identity.roles import Clearance
from jiwar.records.models import Record
from jiwar.records.services import expire
from jiwar.watchlist import services
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.hit_kinds import OUTCOME
from jiwar.watchlist.models import Alert, Sighting
from jiwar.watchlist.sighting_kinds import SIGHTING
from jiwar.wire.faults import Refused
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import NODE, alert_content, missing_person, take, terms_of
from tests.watchlist.alerts.test_cases import hit_of, typed

Granting = Callable[..., Grant]
Issuing = Callable[..., Record]


def seen(**facts: Any) -> dict[str, Any]:
    at = (timezone.now() - dt.timedelta(hours=3)).isoformat()
    return {"at": at, "place": "Tahoua bus station", "country": "NER", "latitude": 14.8903, "longitude": 5.2596} | facts


@pytest.fixture
def report(grant: Granting) -> Callable[..., Record]:
    def make(alert: Record, days: int = 30, **facts: Any) -> Record:
        return services.report_sighting(grant(P.WATCHLIST_SIGHTING_REPORT), alert.uid, seen(**facts), days=days)

    return make


def shown(grant: Granting, alert: Record) -> list[Sighting]:
    by = grant(P.WATCHLIST_ALERT_READ)
    return services.browse_sightings(by, Alert.objects.select_related("record").get(uid=alert.uid))


def codes(error: pytest.ExceptionInfo[Refused]) -> set[tuple[str, str]]:
    return {(fault.code, fault.field) for fault in error.value.faults}


def test_the_newest_is_shown_first_and_each_is_forgotten_in_time(
    grant: Granting, issued: Issuing, report: Callable[..., Record]
) -> None:
    alert = issued()
    first = report(alert, seen="With two others, in a white Hilux.")
    second = report(alert, days=5, at=timezone.now().isoformat(), place="Agadez", latitude=None, longitude=None)
    assert [row.uid for row in shown(grant, alert)] == [second.uid, first.uid]
    assert (first.tlp, first.valid_until.date()) == ("AMBER", (timezone.now() + dt.timedelta(days=30)).date())
    acts = list(Leaf.objects.filter(subject=str(alert.uid)).values_list("act", flat=True))
    assert (acts.count("sighting_reported"), acts.count("sightings_read")) == (2, 1)
    expire(NODE, timezone.now() + dt.timedelta(days=6))
    assert [row.uid for row in shown(grant, alert)] == [first.uid]
    services.withdraw_sighting(grant(P.WATCHLIST_SIGHTING_REPORT), first.uid, "It was her brother")
    assert shown(grant, alert) == []
    assert not Sighting.objects.exists()


def test_what_cannot_be_reported(grant: Granting, issued: Issuing, report: Callable[..., Record]) -> None:
    alert = issued()
    long_ago, to_come = (timezone.now() + dt.timedelta(days=days) for days in (-200, 1))
    for facts, wrong in [
        ({"place": "", "latitude": None, "longitude": None}, ("missing", "place")),
        ({"at": long_ago.isoformat()}, ("out_of_range", "at")),
        ({"at": to_come.isoformat()}, ("out_of_range", "at")),
        ({"days": 181}, ("out_of_range", "days")),
        ({"days": 0}, ("out_of_range", "days")),
        ({"longitude": None}, ("half_a_point", "")),
    ]:
        with pytest.raises(Refused) as error:
            report(alert, **facts)
        assert codes(error) == {wrong}
    for facts in ({"latitude": 91}, {"longitude": float("nan")}, {"country": "Niger"}, {"tribe": "x"}):
        with pytest.raises(Refused):
            report(alert, **facts)
    with pytest.raises(AccessRefused):
        services.report_sighting(grant(P.WATCHLIST_ALERT_READ), alert.uid, seen())
    services.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), alert.uid, "Arrested")
    with pytest.raises(Refused) as error:
        report(alert)
    assert codes(error) == {("not_in_force", "target")}


def test_r13_where_a_missing_adult_is_stays_untold_without_consent(
    issued: Issuing, report: Callable[..., Record]
) -> None:
    alert = issued(missing_person())
    with pytest.raises(Refused) as error:
        report(alert)
    assert codes(error) == {("missing", "location_consent")}
    told = report(alert, location_consent=False, seen="Works at the market of Tahoua")
    assert "Tahoua" not in told.statement
    assert (told.body["country"], told.body["latitude"]) == ("", None)
    assert report(alert, location_consent=True).body["place"] == "Tahoua bus station"


def test_a_discreet_check_is_seen_by_the_cleared_alone(
    grant: Granting, niger: ForeignNode, report: Callable[..., Record]
) -> None:
    from jiwar.records.reading import readable

    content = ALERT.content.model_validate(alert_content(type="discreet_check", action="check_discreetly"))
    alert = take(niger.statement(ALERT, content.model_dump(mode="json")))
    record = report(alert)
    cleared = grant(P.WATCHLIST_ALERT_READ).actor
    uncleared = replace(cleared, clearance=Clearance.STANDARD)
    assert readable([record], cleared) == [record]
    assert readable([record], uncleared) == []
    by = replace(grant(P.WATCHLIST_SIGHTING_REPORT), actor=uncleared)
    with pytest.raises(Refused) as error:
        services.report_sighting(by, alert.uid, seen())
    assert codes(error) == {("alert_unknown", "target")}


def test_it_goes_to_whom_the_alert_concerns(
    grant: Granting, issued: Issuing, report: Callable[..., Record], niger: ForeignNode, tunisia: ForeignNode
) -> None:
    def addressees(record: Record) -> list[str]:
        assert SIGHTING.addressees is not None
        return list(SIGHTING.addressees(SIGHTING.content.model_validate(record.data["content"])))

    theirs = take(niger.statement(ALERT, typed(alert_content())))
    assert addressees(report(theirs)) == ["NER"]
    own = issued()  # no agreement opens it to anybody
    assert addressees(report(own)) == []
    body = SIGHTING.body.model_validate(seen() | {"target": str(own.uid)}).model_dump(mode="json")
    take(niger.statement(SIGHTING, terms_of(body, 20)))
    assert [row.record.origin for row in shown(grant, own)] == ["NER", "LBY"]
    # A third state speaks of a neighbour's alert: kept, and shown nowhere.
    body = SIGHTING.body.model_validate(seen() | {"target": str(theirs.uid)}).model_dump(mode="json")
    take(tunisia.statement(SIGHTING, terms_of(body, 20)), "TUN")
    assert [row.record.origin for row in shown(grant, theirs)] == ["LBY"]


class TestWhatAHitTells:
    """The alert is Niger's. A post of this state confirms a person, and the national node speaks for it."""

    @pytest.fixture
    def alert(self, niger: ForeignNode) -> Record:
        return take(niger.statement(ALERT, typed(alert_content())))

    def test_the_issuer_learns_where_and_it_is_taken_back_where_it_was_another(
        self, alert: Record, niger: ForeignNode, own_post: ForeignNode
    ) -> None:
        take(hit_of(own_post, alert, "LBY-GHAT"), "LBY-GHAT")
        told = Record.objects.get(kind="sighting")
        assert (told.node, told.purpose, told.body["place"], told.body["country"]) == (
            "LBY", alert.purpose, "Madama, lane 2", "LBY",
        )  # fmt: skip
        assert (told.data["content"]["grading"], told.tlp) == ({"source": "B", "information": "2"}, alert.tlp)
        assert SIGHTING.addressees is not None
        assert list(SIGHTING.addressees(SIGHTING.content.model_validate(told.data["content"]))) == ["NER"]
        assert Leaf.objects.get(act="sighting_reported").subject == str(alert.uid)
        hit = Record.objects.get(kind="alert.hit", node="LBY")
        body = {"target": str(hit.uid), "first_reported": hit.body["first_reported"], "alert": str(alert.uid)}
        take(niger.statement(OUTCOME, terms_of(body | {"outcome": "false_match_other_person", "text": ""})))
        told.refresh_from_db()
        assert (told.state, Sighting.objects.exists()) == ("withdrawn", False)

    @pytest.mark.parametrize("why", ["asks for asylum", "asked long ago", "no place", "our own alert"])
    def test_what_is_not_told(self, alert: Record, issued: Issuing, own_post: ForeignNode, why: str) -> None:
        card = {"asylum_claim": True, "child": False, "trafficking_victim": False, "referral": "asylum_authority"}
        facts: dict[str, Any] = {
            "asks for asylum": {"stop_card": card, "action_taken": "referred"},
            "asked long ago": {"at": (timezone.now() - dt.timedelta(days=40)).isoformat()},
            "no place": {"place": ""},
        }.get(why, {})
        take(hit_of(own_post, issued() if why == "our own alert" else alert, "LBY-GHAT", **facts), "LBY-GHAT")
        assert Record.objects.filter(kind="alert.hit").exists()
        assert not Record.objects.filter(kind="sighting").exists()

    def test_r13_a_missing_adult_without_her_consent(self, niger: ForeignNode, own_post: ForeignNode) -> None:
        alert = take(niger.statement(ALERT, typed(missing_person())))
        for consent, told in ((False, 0), (None, 0), (True, 1)):
            place = {} if consent else {"place": ""}
            take(hit_of(own_post, alert, "LBY-GHAT", location_consent=consent, **place), "LBY-GHAT")
            assert Record.objects.filter(kind="sighting").count() == told


def test_from_the_alerts_page(settings: Any, people: dict[str, Person], issued: Issuing) -> None:
    settings.NODE = replace(settings.NODE, require_second_factor=False)
    here = f"/alerts/{issued().uid}/?purpose=criminal_investigation"
    author = client_of(people["amal"], "en")
    typed = {"act": "sighting", "at": timezone.now().strftime("%Y-%m-%dT%H:%M"), "latitude": "north", "days": "30"}
    answer = author.post(here, typed)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert all(f'href="#f-{name}"' in page for name in ("latitude", "source", "information"))
    typed |= {"latitude": "25.8625", "longitude": "10.9331", "country": "lby", "source": "B", "information": "2"}
    assert author.post(here, typed).status_code == 302
    record = Record.objects.get(kind="sighting")
    assert record.data["content"]["grading"] == {"source": "B", "information": "2"}
    assert "25.86250, 10.93310" in author.get(here).content.decode()
    taken = author.post(here, {"act": "withdraw_sighting", "sighting": str(record.uid), "reason": "Mistaken"})
    assert (taken.status_code, Sighting.objects.exists()) == (302, False)
    assert author.post(here, {"act": "withdraw_sighting", "sighting": "1", "reason": "x"}).status_code == 422
