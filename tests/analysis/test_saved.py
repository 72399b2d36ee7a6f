"""Searches that are kept: asked again at each change, for as long as their owner may ask, and of nothing that ended."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.analysis import saved
from jiwar.analysis.models import Notice, SavedSearch
from jiwar.analysis.queries import waiting
from jiwar.audit.queries import leaves
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.records.services import withdraw
from jiwar.watchlist.cases import stands
from jiwar.watchlist.models import Alert, Case
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.analysis.test_inquiries import BY, PURPOSE, _node, acts, alert  # noqa: F401 - a node of its own
from tests.post import DISCREET

SEARCH = Permission.ANALYSIS_SUBJECT_SEARCH
TYPED = {"name": "سالم ولد خطار", "birth_date": "1984-03-09", "type": "vessel"}
OTHER = {"names": [{"text": "Idrissa Maiga"}], "birth_dates": [{"date": "1991-01-07"}]}


@pytest.fixture
def idris() -> Person:
    agency = Agency.objects.create(code="ncb", name="NCB")
    person = Person.objects.create(username="idris", full_name="Idris", agency=agency, password="!")
    RoleGrant.objects.create(person=person, role="analyst")
    return person


@pytest.fixture
def by(idris: Person) -> Grant:
    return allow(actor_of_person(idris), SEARCH, PURPOSE, "LBY/2026/7")


def days(count: int) -> dt.date:
    return timezone.localdate() + dt.timedelta(days=count)


def save(by: Grant, typed: dict[str, str] | None = None, until: dt.date | None = None, reason: str = "") -> SavedSearch:
    return saved.save(by, typed or TYPED, "Madama", until or days(30), reason)


def ask() -> int:
    return saved.ask_again(BY, timezone.now())


def test_it_tells_of_what_is_new_and_of_nothing_else(by: Grant) -> None:
    alert()
    row = save(by)
    assert row.typed == {"name": TYPED["name"], "birth_date": TYPED["birth_date"]}
    assert ask() == 0, "what was there before is known"
    new = alert()
    alert(subject=OTHER)
    assert ask() == 1
    assert ask() == 0
    assert Notice.objects.get().uid == new.uid
    assert [(item.what, item.count) for item in waiting(by.actor)] == [("saved_found", 1)]
    assert acts("saved_search_found") == [{"entries": [str(new.uid)]}]
    leaf = leaves(act="saved_search_found").get()
    assert (leaf.actor, leaf.purpose, leaf.case) == (by.actor_id, PURPOSE, "LBY/2026/7")
    kept = saved.open_saved(by, row.pk)
    assert kept is not None
    assert kept.held[new.uid].name == "Salem Ould Khattar"
    assert waiting(by.actor) == []
    withdraw(BY, new, "found")
    assert ask() == 0
    kept = saved.open_saved(by, row.pk)
    assert kept is not None
    assert (len(kept.notices), kept.held) == (1, {}), "what ended is shown no longer"


def test_a_discreet_check_is_for_the_cleared(by: Grant, idris: Person) -> None:
    save(by)
    alert(**DISCREET)
    assert ask() == 0
    Person.objects.filter(pk=idris.pk).update(clearance="covert")
    idris.refresh_from_db()
    cleared = allow(actor_of_person(idris), SEARCH, PURPOSE, "LBY/2026/7")
    row = save(cleared)
    discreet = alert(**DISCREET)
    assert ask() == 2
    kept, plain = saved.open_saved(cleared, row.pk), saved.open_saved(by, row.pk)
    assert kept is not None
    assert plain is not None
    assert list(kept.held) == [discreet.uid]
    assert plain.held == {}, "clearance lost, nothing is shown"


class TestItEnds:
    @pytest.fixture
    def row(self, by: Grant) -> SavedSearch:
        row = save(by)
        alert()
        ask()
        assert Notice.objects.count() == 1
        return row

    def ended(self, row: SavedSearch, why: str) -> None:
        alert()
        assert ask() == 0
        row.refresh_from_db()
        assert (row.ended, row.typed, row.title, row.reason) == (why, {}, "", "")
        assert not Notice.objects.exists()
        assert acts("saved_search_ended")[-1]["why"] == why

    def test_when_the_role_is_lost(self, row: SavedSearch, idris: Person) -> None:
        RoleGrant.objects.filter(person=idris).update(role="field_officer")
        self.ended(row, "role_lost")

    def test_when_the_person_has_left(self, row: SavedSearch, idris: Person) -> None:
        Person.objects.filter(pk=idris.pk).update(is_active=False)
        self.ended(row, "role_lost")

    def test_on_its_day(self, row: SavedSearch) -> None:
        with time_machine.travel(timezone.now() + dt.timedelta(days=32)):
            ask()
        row.refresh_from_db()
        assert (row.ended, row.typed) == ("expired", {})

    def test_when_the_case_is_closed_or_another_has_it(self, row: SavedSearch, by: Grant, idris: Person) -> None:
        pk, other = uuid7(timezone.now()), Person.objects.create(username="o", agency=idris.agency, password="!")
        case = Case.objects.create(id=pk, alert=Alert.objects.all()[0], opened_at=timezone.now())
        assert stands(str(pk), str(idris.pk))
        SavedSearch.objects.update(case=str(pk))
        Case.objects.filter(pk=pk).update(assigned_to=idris)
        alert()
        assert ask() == 1
        Case.objects.filter(pk=pk).update(assigned_to=other)
        assert not stands(str(pk), str(idris.pk))
        Case.objects.filter(pk=pk).update(assigned_to=idris, state="closed")
        self.ended(row, "case_lost")
        assert case.pk == pk

    def test_when_its_owner_ends_it_and_not_when_another_tries(self, row: SavedSearch, by: Grant) -> None:
        other = allow(Actor("6f6b2ad0-0f2b-4a1a-9df0-3a8a1f1f1c11", "console", frozenset(Permission)), SEARCH, PURPOSE)
        for act in (saved.end, lambda who, pk: saved.renew(who, pk, days(20))):
            with pytest.raises(Refused):
                act(other, row.pk)
        assert saved.open_saved(other, row.pk) is None
        saved.renew(by, row.pk, days(90))
        with pytest.raises(Refused):
            saved.renew(by, row.pk, days(91))
        saved.end(by, row.pk)
        self.ended(row, "by_owner")


def test_what_may_not_be_asked_is_not_kept(by: Grant, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"until": days(0)}, "out_of_range"),
        ({"until": days(91)}, "out_of_range"),
        ({"typed": {"name": "Salem"}}, "reason_missing"),
        ({"typed": {"name": "*"}}, "wildcard"),
        ({"typed": {"type": "person"}}, "query_empty"),
    ]
    for changes, code in wrong:
        with pytest.raises(Refused) as error:
            save(by, **changes)
        assert code in {fault.code for fault in error.value.faults}, changes
    without = allow(by.actor, SEARCH, PURPOSE)
    with pytest.raises(Refused) as error:
        save(without)
    assert {fault.code for fault in error.value.faults} == {"case_missing"}
    program = allow(Actor("token:1", "api", frozenset(Permission)), SEARCH, PURPOSE, "LBY/2026/7")
    with pytest.raises(Refused) as error:
        save(program)
    assert {fault.code for fault in error.value.faults} == {"not_a_person"}
    with pytest.raises(AccessRefused):
        save(allow(by.actor, Permission.ANALYSIS_SUBJECT_READ, Purpose.BORDER_CHECK, "LBY/2026/7"))
    monkeypatch.setattr(saved, "MOST", 0)
    with pytest.raises(Refused):
        save(by)
    assert not SavedSearch.objects.exists()
