"""The parts of the alert form: every field stands in one, and each says what it lacks."""

import pytest

from jiwar.watchlist.alert_form import labels
from jiwar.watchlist.alerts import unmet
from jiwar.watchlist.form_parts import Part, part_of, parts_of
from tests.watchlist.alerts.conftest import alert_content, missing_person


def parts(content: dict, on: str = "person") -> dict[str, Part]:
    return parts_of(content, unmet(content, on), labels(), on)


def test_every_field_that_can_be_wrong_stands_in_a_part() -> None:
    assert [field for field in labels() if field != "body" and not part_of(field)] == []


def test_an_empty_form_lacks_something_everywhere_but_in_what_the_type_decides() -> None:
    found = parts({"body": {}})
    assert [name for name, part in found.items() if not part.lacks] == ["offence", "warrant", "report"]
    assert {found[name].needed for name in ("offence", "warrant", "report")} == {None}
    assert found["subject"].lacks == ("Identity",)


def test_a_whole_alert_lacks_nothing_and_says_what_it_holds() -> None:
    found = parts(alert_content())
    assert [part.lacks for part in found.values()] == [()] * 8
    assert (found["warrant"].needed, found["report"].needed) == (True, False)
    assert found["subject"].held.startswith("Salem Ould Khattar · 1984-03-09")
    assert found["rights"].held == "6 of 6 answered"


def test_a_missing_person_needs_a_report_and_no_offence() -> None:
    found = parts(missing_person())
    assert (found["offence"].needed, found["warrant"].needed, found["report"].needed) == (False, False, True)


@pytest.mark.parametrize(("field", "part"), [("body.necessity", "necessity"), ("valid_until", "terms")])
def test_what_is_taken_out_is_named_in_its_part(field: str, part: str) -> None:
    content = alert_content()
    where = content["body"] if field.startswith("body.") else content
    del where[field.removeprefix("body.")]
    found = parts(content)
    assert {name: each.lacks for name, each in found.items() if each.lacks} == {part: (labels()[field],)}


def test_a_group_has_no_report() -> None:
    assert "report" not in parts({"body": {}}, "group")
