"""A vehicle at the desk: asked for by its plate, confirmed by two identifiers, seized, told to whoever looks for it."""

from typing import Any

import pytest
from django.test import Client
from pydantic import ValidationError

from jiwar.crossings import queries, services
from jiwar.crossings.logic.traveller import Traveller
from jiwar.identity.models import Person
from jiwar.records.arrivals import receive
from jiwar.records.models import Record
from jiwar.watchlist.alert_kinds import OBJECT_ALERT
from jiwar.watchlist.models import Hit
from jiwar.watchlist.questions import QuestionIn, query_of
from jiwar.watchlist.screening import Identifier
from jiwar.wire.faults import Refused
from tests.console import client_of
from tests.foreign import ForeignNode
from tests.post import RECORD, SCREEN, Granting, libya  # noqa: F401
from tests.watchlist.alerts.conftest import NODE
from tests.watchlist.alerts.test_things import car

PLATE = ("plate", "LBY", "٥ - ١٢٣٤٥٦")


@pytest.fixture
def stolen(libya: ForeignNode) -> Record:  # noqa: F811
    """Libya's alert on a stolen car, at the post."""
    content = car() | {"purpose": "border_check"}
    kept = OBJECT_ALERT.content.model_validate(content).model_dump(mode="json")
    return receive(NODE, *libya.statement(OBJECT_ALERT, kept), "LBY")


def test_a_stolen_car_is_found_by_its_plate_in_the_other_script(grant: Granting, stolen: Record) -> None:
    row = services.begin(grant(SCREEN), Traveller(numbers=(PLATE,)))
    (found,) = queries.candidates_of(row)
    assert (found.uid, found.action, found.subject_type) == (str(stolen.uid), "seize_and_report", "vehicle")
    assert [reason.code for reason in found.reasons] == ["identifier_same"]
    assert found.identifiers == ("identifier", "description")
    with pytest.raises(Refused) as error:
        services.confirm(grant(RECORD), row.pk, found.uid, ["identifier"])
    assert [fault.code for fault in error.value.faults] == ["two_identifiers"]
    services.confirm(grant(RECORD), row.pk, found.uid, ["identifier", "description"])
    crossing = services.record(grant(RECORD), row.pk, decision="passed", direction="in", action_taken="seized")
    assert crossing.record.body["numbers"] == [{"kind": "plate", "country": "LBY", "number": PLATE[2]}]
    hit = Hit.objects.get()
    assert (hit.alert.uid, hit.action_taken) == (stolen.uid, "seized")
    assert hit.record.body["identifiers_confirmed"] == ["number", "description"]


def test_a_car_of_another_plate_and_a_driver_named_like_the_description_pass(grant: Granting, stolen: Record) -> None:
    for traveller in (
        Traveller(numbers=(("plate", "LBY", "5-123465"),)),
        Traveller(numbers=(("plate", "TUN", "5-123456"),), name="Toyota Hilux", birth_date="1984"),
    ):
        found = queries.candidates_of(services.begin(grant(SCREEN), traveller))
        assert [
            c.uid for c in found if "identifier_same" in {r.code for r in c.reasons} and c.strength == "strong"
        ] == []


def test_the_form_asks_for_a_number_and_names_what_is_wrong_with_it(officer: Person, stolen: Record) -> None:
    desk: Client = client_of(officer)

    def typed(**thing: str) -> Any:
        return desk.post("/screening/", {f"thing_{name}": value for name, value in thing.items()})

    answer = typed(kind="vin", number="1M8GDM9A0KP042788")
    assert (answer.status_code, 'id="f-thing_number"' in answer.content.decode()) == (422, True)
    assert "check digit" in answer.content.decode()
    assert typed(kind="postcode", number="5-123456").status_code == 422
    assert typed(kind="plate", country="XQX", number="5-123456").status_code == 422
    answer = desk.get(typed(kind="plate", country="lby", number="5 123456").url)
    page = answer.content.decode()
    assert "Toyota Hilux" in page
    assert "Same thing" in page


def test_a_program_asks_by_the_same_numbers() -> None:
    asked = {"kind": PLATE[0], "country": PLATE[1], "number": PLATE[2]}
    assert query_of(QuestionIn.model_validate({"identifiers": [asked]})).identifiers == (Identifier(*PLATE),)
    for wrong in ({"kind": "postcode"}, {"number": ""}, {"country": "Libya"}):
        with pytest.raises(ValidationError):
            QuestionIn.model_validate({"identifiers": [asked | wrong]})
