"""A common name with no more than a year of birth listed: nobody is shown, and the officer hears what would decide."""

import json
import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from jiwar.audit.queries import leaves
from jiwar.crossings import services
from jiwar.crossings.logic.traveller import Traveller
from jiwar.watchlist import this_index
from jiwar.watchlist.kinds import SubjectFacts, to_subject
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.deciding import deciding
from jiwar.watchlist.logic.evidence import Field, Name, Query, Subject
from jiwar.watchlist.logic.generate import person
from jiwar.watchlist.logic.index import THRESHOLD, Index
from jiwar.watchlist.models import Entry
from tests.crossings.test_services import SCREEN, Alerting, Granting, only

AHMED = Traveller(name="Ahmed Mohamed", birth_date="1980-05-06", sex="M", nationality="LBY")
LISTED: dict[str, Any] = {
    "names": [{"text": "Ahmed Mohamed"}], "birth_dates": [{"date": "1980"}], "sexes": ["M"], "nationalities": ["LBY"],
    "place_of_birth": "Sabha", "documents": [{"number": "K9911223", "country": "LBY"}],
}  # fmt: skip


@pytest.fixture
def among(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Puts what is listed among two hundred others."""

    def put() -> None:
        chance = random.Random(7)
        others = [person(chance, str(UUID(int=number + 1))) for number in range(200)]
        own = [to_subject(str(e.uid), SubjectFacts.model_validate(e.facts)) for e in Entry.objects.all()]

        class Built:
            index = Index.build([*others, *own])

            def current(self) -> Index:
                return self.index

        monkeypatch.setattr(this_index, "_live_index", Built)

    return put


def test_who_shares_name_and_year_is_not_shown_and_the_officer_hears_what_to_ask(
    grant: Granting, alert: Alerting, among: Callable[[], None]
) -> None:
    alert(subject=LISTED)
    among()
    row = services.begin(grant(SCREEN), AHMED)
    assert (row.candidates, row.kept_back, row.ask_for) == ([], 1, ["birth_place", "document"])
    leaf = json.loads(leaves(act="person_screened")[0].content)["detail"]
    assert (leaf["candidates"], leaf["kept_back"]) == ([], 1)
    born_there = Traveller(**{**AHMED.as_dict(), "birth_place": "سبها"})
    row = services.begin(grant(SCREEN), born_there)
    assert only(row).names == ("Ahmed Mohamed",)
    assert (row.kept_back, row.ask_for) == (0, [])
    elsewhere = services.begin(grant(SCREEN), Traveller(**{**AHMED.as_dict(), "birth_place": "Tripoli"}))
    assert (elsewhere.candidates, elsewhere.kept_back) == ([], 0)


@pytest.mark.parametrize(
    "change", [{"birth_date": "1984-05-06"}, {"birth_date": ""}, {"name": "Ahmed Ibrahim"}, {"nationality": "NER"}]
)
def test_of_anybody_else_nothing_is_said(
    grant: Granting, alert: Alerting, among: Callable[[], None], change: dict[str, str]
) -> None:
    alert(subject=LISTED)
    among()
    row = services.begin(grant(SCREEN), Traveller(**{**AHMED.as_dict(), **change}), "a test without a date of birth")
    assert (row.kept_back, row.ask_for) == (0, [])


def test_of_a_discreet_check_an_uncleared_officer_hears_nothing(
    grant: Granting, alert: Alerting, among: Callable[[], None], cleared: Any
) -> None:
    alert(type="discreet_check", action="check_discreetly", subject=LISTED)
    among()
    assert services.begin(grant(SCREEN), AHMED).kept_back == 0


@pytest.mark.parametrize("name", ["محمد علي", "Fatima Mohamed", "Amadou Diallo"])
def test_what_is_asked_for_decides(name: str) -> None:
    """Whoever answers as is listed is shown then, and whoever is kept back was so for his name alone."""
    chance = random.Random(7)
    base = [person(chance, f"g{number}") for number in range(1_000)]
    his = {"birth_places": ("Sabha",), "relatives": ("Abdelkader Zenati",)}
    him = Subject("him", (Name(name),), (PartialDate(1980),), ("M",), ("LBY",), **his)
    index = Index.build([*base, him])
    query = Query((name,), PartialDate(1980, 5, 6), "M", "LBY")
    fair = index.fair(query, THRESHOLD)
    comparison = index.compare(query, him)
    fields = deciding(query, him, comparison, fair)
    assert bool(fields) == (comparison.score < fair)
    if Field.BIRTH_PLACE in fields:
        told = Query(query.names, query.birth_date, "M", "LBY", birth_place="سبها")
        assert index.compare(told, him).score >= fair
    exact = Subject("him", (Name(name),), (PartialDate(1980, 1, 9),), ("M",), ("LBY",), **his)
    assert deciding(query, exact, index.compare(query, exact), fair) == ()
