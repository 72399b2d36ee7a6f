"""What goes out: the same statement comes back byte for byte, standard tools accept the form, what is lost is said."""

import copy
import dataclasses
import json
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import pymisp
import pytest
import stix2
from hypothesis import given
from hypothesis import settings as examples

from jiwar.bridges.logic import ftm, misp, stix
from jiwar.bridges.logic.ftm_reading import read_entities
from jiwar.bridges.logic.lost import Lost, Why, losses
from jiwar.bridges.logic.misp_reading import read_events
from jiwar.bridges.logic.statement import Statement, Written
from jiwar.bridges.logic.stix_reading import read_bundle
from jiwar.bridges.logic.telling import MAPPED
from jiwar.wire.strict_json import canonical
from tests.bridges import statements as made
from tests.bridges.ftm_schema import faults

EVERY = {name: made.statement(kind, body) for name, (kind, body) in made.EVERY.items()}
FORMATS: dict[str, Callable[[Statement, Any], Written]] = {"ftm": ftm.write, "misp": misp.write, "stix": stix.write}
ALERT = EVERY["alert"]


def file_of(format_: str, written: Written, origin: str = "NER") -> bytes:
    if format_ == "ftm":
        return ftm.file_of(written.objects)
    whole = misp.file_of(written.objects) if format_ == "misp" else stix.bundle(written.objects, [origin])
    return canonical(whole)


READERS = {"ftm": read_entities, "misp": read_events, "stix": read_bundle}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", EVERY)
def test_the_statement_comes_back_byte_for_byte(format_: str, name: str) -> None:
    statement = EVERY[name]
    found = READERS[format_](file_of(format_, FORMATS[format_](statement, made.say)))
    assert [one.statement for one in found.statements] == [statement.signed.statement]
    made.verify(found.statements[0])
    assert found.subjects == ()


@pytest.mark.parametrize("format_", FORMATS)
@given(statement=made.statements())
@examples(max_examples=60)
def test_any_statement_comes_back_and_its_signature_holds(format_: str, statement: Statement) -> None:
    found = READERS[format_](file_of(format_, FORMATS[format_](statement, made.say)))
    assert found.statements == (statement.signed,)
    made.verify(found.statements[0])


@given(statement=made.statements())
@examples(max_examples=60)
def test_stix2_takes_every_object_as_it_is(statement: Statement) -> None:
    bundle = stix.bundle(stix.write(statement, made.say).objects, [statement.origin])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parsed = stix2.parse(bundle, allow_custom=False)
    again = json.loads(parsed.serialize())
    # The library adds `revoked` where it stands by default, and nothing else.
    assert [{k: v for k, v in one.items() if k != "revoked"} for one in again["objects"]] == bundle["objects"]


@pytest.mark.parametrize("name", EVERY)
def test_an_ended_record_is_revoked_and_says_nothing_more(name: str) -> None:
    ended = dataclasses.replace(EVERY[name], ended=made.AT)
    (thing,) = stix.write(ended, made.say).objects
    assert stix2.parse(thing, allow_custom=False).revoked is True
    assert thing["id"] == stix.write(EVERY[name], made.say).objects[0]["id"]
    text = json.dumps(thing, ensure_ascii=False)
    assert not re.search("Salem|Khattar|Madama|Judged|arrested|statement", text)


def test_an_alert_is_one_identity_and_a_hit_a_sighting_of_it() -> None:
    (alert,) = stix.write(ALERT, made.say).objects
    assert (alert["type"], alert["identity_class"], alert["name"]) == ("identity", "individual", "Salem Ould Khattar")
    assert alert["labels"] == ["alert.person", "wanted_for_arrest"]
    assert alert["object_marking_refs"] == [stix.TLP["AMBER"]]
    assert "Born: 1984-03-09" in alert["description"]
    assert "Document: passport LBY K0451187" in alert["description"]
    (hit,) = stix.write(EVERY["hit"], made.say).objects
    assert (hit["type"], hit["sighting_of_ref"]) == ("sighting", alert["id"])
    assert hit["where_sighted_refs"] == [stix.state_id("NER")]
    (outcome,) = stix.write(EVERY["outcome"], made.say).objects
    assert outcome["object_refs"] == [stix.stix_id("alert.hit", made.HIT_UID), alert["id"]]


def test_stix_versions_follow_those_of_the_record() -> None:
    (first,) = stix.write(ALERT, made.say).objects
    data = dict(ALERT.data) | {"version": 2, "issued_at": "2026-12-01T00:00:00.000001+00:00"}
    (second,) = stix.write(Statement(made.sign(data), data), made.say).objects
    assert (first["id"], first["created"]) == (second["id"], second["created"])
    assert (first["created"], first["modified"]) == ("2026-11-03T09:30:15.123Z", "2026-11-03T09:30:15.123456Z")
    assert second["modified"] == "2026-12-01T00:00:00.000001Z"


@given(statement=made.statements())
@examples(max_examples=60)
def test_pymisp_loads_every_event_and_writes_it_back(statement: Statement) -> None:
    (written,) = misp.write(statement, made.say).objects
    event = pymisp.MISPEvent(strict_validation=False)
    event.load(copy.deepcopy(written))
    again = json.loads(event.to_json())
    plain = written["Event"]
    assert (again["uuid"], again["info"], again["published"]) == (plain["uuid"], plain["info"].strip(), False)
    assert [one["value"] for one in again["Attribute"]] == [one["value"] for one in plain["Attribute"]]
    assert not any(one["to_ids"] for one in again["Attribute"])
    # PyMISP writes what MISP would store: our reader finds the statement in that, too.
    assert read_events(json.dumps({"Event": again}).encode()).statements == (statement.signed,)
    for thing in plain["Object"]:
        known = pymisp.MISPObject(thing["name"], strict=True)
        assert (known.template_uuid, known.template_version) == (thing["template_uuid"], int(thing["template_version"]))
        for row in thing["Attribute"]:
            known.add_attribute(row["object_relation"], value=row["value"], type=row["type"])
        assert len(known.attributes) == len(thing["Attribute"])


def test_an_event_is_nobodys_detection_and_stays_where_it_is_taken_in() -> None:
    event = misp.write(ALERT, made.say).objects[0]["Event"]
    assert (event["distribution"], event["published"]) == ("0", False)
    assert {tag["name"] for tag in event["Tag"]} == {"tlp:amber", 'jiwar:kind="alert.person"'}
    person = {row["object_relation"]: row["value"] for row in event["Object"][0]["Attribute"]}
    assert person["full-name"] == "Salem Ould Khattar"
    assert (person["passport-number"], person["passport-country"]) == ("K0451187", "LBY")
    hit = misp.write(EVERY["hit"], made.say).objects[0]["Event"]
    assert hit["extends_uuid"] == event["uuid"]


@given(statement=made.statements())
@examples(max_examples=60)
def test_entities_keep_to_the_published_schema(statement: Statement) -> None:
    entities = ftm.write(statement, made.say).objects
    assert [fault for entity in entities for fault in faults(entity, {one["id"]: one for one in entities})] == []


def test_a_listed_person_is_under_a_sanction_and_a_missing_child_under_none() -> None:
    schemata = [entity["schema"] for entity in ftm.write(EVERY["listed person"], made.say).objects]
    assert schemata == ["Person", "Passport", "Identification", "Sanction", "PlainText"]
    sanction = ftm.write(EVERY["listed person"], made.say).objects[3]["properties"]
    assert (sanction["unscId"], sanction["program"]) == (["QDi.001"], ["Al-Qaida"])
    child = ftm.write(EVERY["missing child"], made.say).objects
    assert [entity["schema"] for entity in child] == ["Person", "Passport", "Identification", "PlainText"]
    assert "topics" not in child[0]["properties"]


# --- what is lost is said ---------------------------------------------------------------------------------------------


def lost(format_: str, statement: Statement) -> dict[str, Why]:
    written = FORMATS[format_](statement, made.say)
    return {one.path: one.why for one in losses(statement.told, written.native, written.as_text)}


def test_losses_name_the_highest_member_of_which_nothing_is_said() -> None:
    told = {"a": {"b": {"c": 1, "d": 2}, "e": []}, "f": [{"g": "x", "h": "y"}, "z"]}
    assert losses(told, {"f.0.g"}, {"f.1"}) == (
        Lost("a", Why.ONLY_SIGNED),
        Lost("f.0.h", Why.ONLY_SIGNED),
        Lost("f.1", Why.AS_TEXT),
    )
    assert losses(told, {"a", "f"}, ()) == ()


@pytest.mark.parametrize("format_", FORMATS)
def test_what_has_no_field_is_named(format_: str) -> None:
    found = lost(format_, ALERT)
    assert found["content.grading"] == Why.ONLY_SIGNED
    assert found["content.body.rights_screen"] == Why.ONLY_SIGNED
    assert found["approval"] == Why.ONLY_SIGNED
    assert found["content.legal_basis"] == Why.AS_TEXT
    unmapped = lost(format_, EVERY["withholding, which no bridge maps"])
    assert unmapped.get("content", unmapped.get("content.body")) == Why.ONLY_SIGNED


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if members is None:
        return {at: value}
    return {path: leaf for name, one in members for path, leaf in leaves(one, f"{at}.{name}".lstrip(".")).items()}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("name", [name for name, one in EVERY.items() if one.kind in MAPPED])
def test_the_account_of_what_is_lost_is_true(format_: str, name: str) -> None:
    """Each text that is not said to be in the signed statement alone stands outside it, and no other does."""
    body = json.loads(json.dumps(made.EVERY[name][1]))
    marks = {}
    for path, value in leaves(body).items():
        *above, last = path.split(".")
        free = {"text", "remarks", "comments", "note", "reason", "place", "necessity", "officer", "contact", "title"}
        free |= {"article", "max_penalty", "number", "place_of_birth", "authority", "un_list_type"}
        if isinstance(value, str) and (last in free or "designations" in path) and not (last == "title" and not above):
            part: Any = body
            for step in above:
                part = part[int(step)] if isinstance(part, list) else part[step]
            mark = f"M{len(marks):03}"
            part[int(last) if isinstance(part, list) else last] = mark
            marks[f"content.body.{path}"] = mark
    statement = made.statement(made.EVERY[name][0], body)
    written = FORMATS[format_](statement, made.say)
    outside = json.dumps(without_carrier(written.objects), ensure_ascii=False)
    found = {one.path: one.why for one in losses(statement.told, written.native, written.as_text)}
    for path, mark in marks.items():
        hidden = any(path == at or path.startswith(f"{at}.") for at, why in found.items() if why == Why.ONLY_SIGNED)
        assert (mark in outside) != hidden, (path, found)


def without_carrier(objects: list[dict[str, Any]]) -> Any:
    plain = json.loads(json.dumps(objects))
    for one in plain:
        one.pop("extensions", None)
        if "Event" in one:
            one["Event"]["Attribute"] = [a for a in one["Event"]["Attribute"] if a["type"] != "attachment"]
    return [one for one in plain if one.get("schema") != "PlainText"]
