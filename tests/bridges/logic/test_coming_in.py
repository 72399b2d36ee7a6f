"""Foreign files: what is understood, what is named as not understood, what is refused whole. Nothing is evaluated."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from jiwar.bridges.logic import found as limits
from jiwar.bridges.logic import ftm, misp, stix
from jiwar.bridges.logic.found import Found, a_date, alpha2, alpha3, an_instant, short_reference
from jiwar.bridges.logic.ftm_reading import read_entities
from jiwar.bridges.logic.lost import Unreadable, Why
from jiwar.bridges.logic.misp_reading import read_events
from jiwar.bridges.logic.stix_reading import read_bundle, read_objects
from jiwar.watchlist.kinds import SubjectFacts
from tests.bridges import statements as made

PERSON = "identity--5d0092c5-5f74-4287-9642-33f4c354e56d"
OTHER = "identity--8c6af861-7b20-41ef-9b59-6344fd872a8f"
AUTHOR = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"


def thing(type_: str, number: int = 1, **more: Any) -> dict[str, Any]:
    """An object in the shape of the standard's own examples."""
    return {
        "type": type_,
        "spec_version": "2.1",
        "id": f"{type_}--{number:08}-0000-4000-8000-000000000000",
        "created": "2026-04-06T20:03:00.000Z",
        "modified": "2026-04-06T20:03:00.000Z",
        **more,
    }


def person(**more: Any) -> dict[str, Any]:
    return thing("identity", id=PERSON, name="Ahmed Traoré", identity_class="individual") | more


def stixed(*objects: Any) -> Found:
    return read_bundle(json.dumps({"type": "bundle", "id": f"bundle--{PERSON[10:]}", "objects": objects}).encode())


def lost(found: Found) -> dict[str, Why]:
    return {one.path: one.why for one in found.lost}


# --- STIX -------------------------------------------------------------------------------------------------------------


def test_a_person_with_what_stands_beside_her_becomes_one_subject() -> None:
    found = stixed(
        person(
            created_by_ref=AUTHOR,
            description="Transports weapons.",
            roles=["driver"],
            external_references=[
                {"source_name": "INTERPOL", "external_id": "2026/114", "url": "https://example.org/x"}
            ],
            x_misp_date_of_birth="1984-03-09",
            x_misp_nationality="Niger",
            x_misp_passport_number="K0451187",
            x_misp_passport_country="NER",
            x_opencti_aliases=["Abou Traoré"],
        ),
        thing("identity", id=AUTHOR, name="INTERPOL", identity_class="organization"),
        thing("indicator", pattern="[file:name = 'x' OR 1=1]", pattern_type="stix", valid_from="2026-01-01T00:00:00Z"),
        thing("relationship", relationship_type="indicates", source_ref=thing("indicator")["id"], target_ref=PERSON),
        thing("note", content="Seen in Agadez.", object_refs=[PERSON]),
        thing("location", name="Agadez", country="NE"),
        thing("relationship", 2, relationship_type="located-at", source_ref=PERSON, target_ref=thing("location")["id"]),
    )
    (subject,) = found.subjects
    assert (subject.reference, subject.organisation, subject.ended) == (PERSON, False, False)
    assert subject.names == [("Ahmed Traoré", "name", "good"), ("Abou Traoré", "alias", "good")]
    assert (subject.birth_dates, subject.nationalities) == (["1984-03-09"], ["NER"])
    assert subject.documents == [("passport", "NER", "K0451187")]
    assert subject.said_at == dt.datetime(2026, 4, 6, 20, 3, tzinfo=dt.UTC)
    assert set(subject.said) == {
        ("description", "Transports weapons."),
        ("role", "driver"),
        ("reference", "INTERPOL 2026/114 https://example.org/x"),
        ("pattern", "stix\n[file:name = 'x' OR 1=1]"),
        ("note", "Seen in Agadez."),
        ("place", "Agadez\nNE"),
    }
    assert lost(found) == {"objects.1": Why.PRODUCER}
    assert SubjectFacts.model_validate(subject.facts()).names[0].text == "Ahmed Traoré"


def test_who_is_a_target_or_a_sector_is_nobody_that_is_looked_for() -> None:
    found = stixed(
        person(),
        thing("identity", id=OTHER, name="Hospitals", identity_class="class"),
        thing("threat-actor", name="Caravan", aliases=["Qafila"], threat_actor_types=["crime-syndicate"]),
        thing("threat-actor", 2, name="Lone", resource_level="individual"),
        thing("relationship", relationship_type="targets", source_ref=thing("threat-actor")["id"], target_ref=PERSON),
    )
    assert [(one.names[0][0], one.organisation) for one in found.subjects] == [("Caravan", True), ("Lone", False)]
    assert lost(found) == {"objects.0": Why.VICTIM, "objects.1.identity_class": Why.NOT_A_SUBJECT}


def test_a_revoked_object_has_ended_and_the_last_version_counts() -> None:
    found = stixed(
        person(name="Old", modified="2026-04-06T20:03:00.123Z"),
        person(name="New", modified="2026-04-06T20:03:00.123456Z", revoked=True),
    )
    assert [(one.names[0][0], one.ended) for one in found.subjects] == [("New", True)]


def test_two_things_said_under_one_version_are_both_left_out() -> None:
    found = stixed(person(name="One"), person(name="Two"), person(name="One"))
    assert found.subjects == ()
    assert set(lost(found).values()) == {Why.SAID_TWICE}
    assert len(stixed(person(), person()).subjects) == 1


def test_markings_are_kept_and_the_unknown_one_counts_as_the_strictest() -> None:
    def tlp(*refs: str, **more: Any) -> str:
        return stixed(person(object_marking_refs=list(refs), **more)).subjects[0].tlp

    assert tlp(stix.TLP["GREEN"]) == "GREEN"
    assert tlp(stix.TLP["GREEN"], stix.TLP["AMBER+STRICT"]) == "AMBER+STRICT"
    assert tlp("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9") == "CLEAR"
    assert tlp("marking-definition--00000000-0000-4000-8000-000000000000") == "RED"
    assert tlp(granular_markings=[{"marking_ref": stix.TLP["RED"], "selectors": ["name"]}]) == "RED"
    assert stixed(person()).subjects[0].tlp == ""
    note = thing("note", content="x", object_refs=[PERSON], object_marking_refs=[stix.TLP["RED"]])
    assert stixed(person(), note).subjects[0].tlp == "RED"
    own = thing("marking-definition", definition_type="tlp", definition={"tlp": "amber"})
    assert stixed(person(object_marking_refs=[own["id"]]), own).subjects[0].tlp == "AMBER"


def test_everything_else_is_named_line_by_line() -> None:
    found = stixed(
        person(x_shoe_size=44, labels=["a", 5]),
        thing("malware", name="x", is_family=False),
        thing("indicator", pattern="[a:b = 'c']", pattern_type="stix"),
        thing("note", content="about nobody", object_refs=[OTHER]),
        thing("relationship", relationship_type="uses", source_ref=OTHER, target_ref=AUTHOR),
        thing("marking-definition", name="Mine", definition_type="statement", definition={"statement": "x"}),
        person(id=OTHER, spec_version="2.0"),
        person(id="identity--nope"),
        person(id="malware--5d0092c5-5f74-4287-9642-33f4c354e56d"),
        "text",
        {"no": "type"},
    )
    assert lost(found) == {
        "objects.0.x_shoe_size": Why.UNKNOWN_PROPERTY,
        "objects.1": Why.UNKNOWN_TYPE,
        "objects.2": Why.NO_SUBJECT,
        "objects.3": Why.NO_SUBJECT,
        "objects.4": Why.NO_SUBJECT,
        "objects.5": Why.UNKNOWN_MARKING,
        "objects.6": Why.UNKNOWN_VERSION,
        "objects.7": Why.WRONG_ID,
        "objects.8": Why.WRONG_ID,
        "objects.9": Why.WRONG_FORM,
        "objects.10": Why.WRONG_FORM,
    }
    assert len(found.subjects) == 1


def test_references_in_a_circle_end() -> None:
    found = stixed(
        person(created_by_ref=OTHER),
        thing("identity", id=OTHER, name="Two", identity_class="individual", created_by_ref=PERSON),
        thing("relationship", relationship_type="related-to", source_ref=PERSON, target_ref=OTHER),
        thing("relationship", 2, relationship_type="related-to", source_ref=OTHER, target_ref=PERSON),
        thing("note", 1, content="a", object_refs=[thing("note", 2)["id"]]),
        thing("note", 2, content="b", object_refs=[thing("note", 1)["id"]]),
    )
    assert found.subjects == ()
    assert len(found.lost) == 6


def test_a_statement_of_ours_is_taken_out_and_a_damaged_one_refuses_the_file() -> None:
    (ours,) = stix.write(made.statement("alert.person", made.ALERT), made.say).objects
    found = read_objects([*stix.shared("NER"), ours])
    assert (found.subjects, len(found.statements)) == ((), 1)
    del ours["extensions"][stix.EXTENSION]["signature"]
    with pytest.raises(Unreadable, match="statement_damaged"):
        read_objects([ours])


# --- MISP -------------------------------------------------------------------------------------------------------------


def event(*objects: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An event in the shape that MISP's own search answers."""
    return {
        "Event": {
            "id": "42",
            "uuid": "a6ef17d6-91cb-4a05-b10b-2f045daf874c",
            "info": "Smuggling ring",
            "date": "2026-10-25",
            "timestamp": "1792885920",
            "published": False,
            "analysis": "0",
            "threat_level_id": "2",
            "distribution": "0",
            "Orgc": {"name": "CIRCL", "uuid": "55f6ea5e-2c60-40e5-964f-47a8950d210f"},
            "Attribute": [],
            "Object": list(objects),
            **more,
        }
    }


def misp_object(name: str, *rows: tuple[str, str, str], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "uuid": "868037d5-d804-4f1d-8016-f296361f9c68",
        "timestamp": "1792885920",
        "Attribute": [{"object_relation": r, "type": t, "value": v, "to_ids": False} for r, t, v in rows],
        **more,
    }


def misped(*events: dict[str, Any]) -> Found:
    return read_events(json.dumps(events[0] if len(events) == 1 else {"response": list(events)}).encode())


def test_a_person_of_an_event_becomes_a_subject() -> None:
    found = misped(
        event(
            misp_object(
                "person",
                ("first-name", "first-name", "Ahmed"),
                ("last-name", "last-name", "Traoré"),
                ("alias", "text", "Abou"),
                ("date-of-birth", "date-of-birth", "1984-03-09T00:00:00.000000+0000"),
                ("gender", "gender", "Male"),
                ("nationality", "nationality", "Niger"),
                ("passport-number", "passport-number", "K0451187"),
                ("passport-country", "passport-country", "NE"),
                ("passport-expiration", "passport-expiration", "2030-01-01"),
                ("role", "text", "Suspect"),
                ("nic-hdl", "text", "AT1-RIPE"),
            ),
            Tag=[{"name": "tlp:amber+strict"}, {"name": "workflow:state"}],
        )
    )
    (subject,) = found.subjects
    assert subject.names == [("Ahmed Traoré", "name", "good"), ("Abou", "alias", "good")]
    assert (subject.birth_dates, subject.sexes, subject.nationalities) == (["1984-03-09"], ["M"], ["NER"])
    assert subject.documents == [("passport", "NER", "K0451187")]
    assert subject.tlp == "AMBER+STRICT"
    assert set(subject.said) == {("event", "Smuggling ring"), ("document", "2030-01-01"), ("role", "Suspect")}
    assert subject.said_at == dt.datetime.fromtimestamp(1792885920, dt.UTC)
    assert lost(found) == {
        "Event.Tag.1": Why.UNKNOWN_PROPERTY,
        "Event.Object.0.Attribute.10": Why.UNKNOWN_PROPERTY,
    }


def test_a_notice_of_interpol_is_a_person() -> None:
    notice = misp_object(
        "interpol-notice",
        ("notice-color", "text", "Red"),
        ("present-family-name", "last-name", "TRAORE"),
        ("forename", "first-name", "Ahmed"),
        ("charges", "text", "Trafficking in arms"),
    )
    (subject,) = misped(event(notice)).subjects
    assert subject.names[0][0] == "Ahmed TRAORE"
    assert {("programme", "Red"), ("reason", "Trafficking in arms")} <= set(subject.said)


def test_victims_and_witnesses_are_nobody_that_is_looked_for() -> None:
    found = misped(event(misp_object("person", ("full-name", "full-name", "Zara"), ("role", "text", "Victim"))))
    assert found.subjects == ()
    assert lost(found) == {"Event.Object.0": Why.VICTIM}
    assert "Zara" not in repr(found.lost)


def test_what_an_event_says_of_nobody_is_named() -> None:
    found = misped(
        event(
            misp_object("file", ("sha256", "sha256", "a" * 64)),
            misp_object("person", ("role", "text", "Suspect")),
            Attribute=[{"type": "ip-dst", "value": "192.0.2.7"}],
            Galaxy=[{"name": "Threat Actor"}],
        )
    )
    assert lost(found) == {
        "Event.Attribute.0": Why.NO_SUBJECT,
        "Event.Object.0": Why.UNKNOWN_TYPE,
        "Event.Object.1": Why.NO_NAME,
        "Event.Galaxy": Why.UNKNOWN_PROPERTY,
    }


def test_several_events_and_deleted_objects() -> None:
    gone = misp_object("organization", ("name", "text", "Caravan"), deleted=True)
    found = misped(event(gone), event(misp_object("legal-entity", ("name", "text", "Transit SARL"))))
    assert [(one.names[0][0], one.organisation, one.ended) for one in found.subjects] == [
        ("Caravan", True, True),
        ("Transit SARL", True, False),
    ]


def test_an_event_of_ours_is_its_statement_and_a_damaged_one_refuses_the_file() -> None:
    (ours,) = misp.write(made.statement("alert.person", made.ALERT), made.say).objects
    assert len(misped(ours, event()).statements) == 1
    ours["Event"]["Attribute"][-1]["data"] = "AAAA"
    with pytest.raises(Unreadable, match="statement_damaged"):
        misped(ours)


# --- FollowTheMoney ---------------------------------------------------------------------------------------------------


def entity(schema: str, id_: str, **properties: list[str]) -> dict[str, Any]:
    """An entity in the shape of OpenSanctions' files."""
    return {"id": id_, "schema": schema, "caption": "x", "datasets": ["demo"], "properties": properties}


def ftmed(*entities: Any) -> Found:
    return read_entities(b"\n".join(json.dumps(one).encode() for one in entities))


def test_a_person_with_papers_and_a_designation_becomes_a_subject() -> None:
    found = ftmed(
        entity("Sanction", "s-1", entity=["p-1"], authority=["INTERPOL"], program=["Red notice"], reason=["Arms"]),
        entity("Passport", "d-1", holder=["p-1"], number=["K0451187"], country=["ne"], endDate=["2030-01-01"]),
        entity(
            "Person",
            "p-1",
            name=["Ahmed Traoré"],
            weakAlias=["Abou"],
            birthDate=["1984-03"],
            birthPlace=["Agadez", "Arlit"],
            nationality=["ne"],
            gender=["male"],
            topics=["wanted"],
            religion=["secret"],
            ethnicity=["secret"],
            political=["secret"],
            unheard=["of"],
        ),
        entity("Ownership", "o-1", owner=["p-1"]),
        entity("Passport", "d-2", holder=["nobody"], number=["1"]),
    )
    (subject,) = found.subjects
    assert subject.names == [("Ahmed Traoré", "name", "good"), ("Abou", "alias", "low")]
    assert (subject.birth_dates, subject.nationalities, subject.sexes) == (["1984-03"], ["NER"], ["M"])
    assert subject.documents == [("passport", "NER", "K0451187")]
    assert subject.place_of_birth == "Agadez"
    assert set(subject.said) == {
        ("birth_place", "Arlit"),
        ("label", "wanted"),
        ("authority", "INTERPOL"),
        ("programme", "Red notice"),
        ("reason", "Arms"),
        ("document", "passport until 2030-01-01"),
    }
    assert lost(found) == {
        "3.religion.0": Why.SENSITIVE,
        "3.ethnicity.0": Why.SENSITIVE,
        "3.political.0": Why.SENSITIVE,
        "3.unheard.0": Why.UNKNOWN_PROPERTY,
        "4": Why.UNKNOWN_TYPE,
        "5": Why.NO_SUBJECT,
    }
    assert "secret" not in repr(found)


def test_things_are_known_by_their_numbers() -> None:
    found = ftmed(
        entity("Vessel", "v-1", name=["Tenere Star"], imoNumber=["9074729"], callSign=["5ALX2"], flag=["ly"]),
        entity("Vehicle", "v-2", name=["Hilux"], registrationNumber=["5-12345"]),
        entity("CryptoWallet", "w-1", publicKey=["1BoatSLRHtKNngkdXEeobR76b53LETtpyT"]),
    )
    assert [(s.facts()["type"], s.facts()["identifiers"]) for s in found.subjects] == [
        ("vessel", [{"kind": "imo", "number": "9074729"}, {"kind": "callsign", "number": "5ALX2"}]),
        ("vehicle", [{"kind": "plate", "number": "5-12345"}]),
        ("account", [{"kind": "account", "number": "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"}]),
    ]
    assert lost(found) == {}


def test_a_list_of_entities_is_read_like_lines() -> None:
    entities = [entity("Company", "c-1", name=["Transit SARL"], jurisdiction=["ml"]), entity("Person", "p-1")]
    found = read_entities(json.dumps(entities).encode())
    assert [(one.names[0][0], one.organisation, one.nationalities) for one in found.subjects] == [
        ("Transit SARL", True, ["MLI"])
    ]
    assert lost(found) == {"2": Why.NO_NAME}


def test_a_long_statement_comes_back_from_its_pieces_in_any_order() -> None:
    body = made.AGREEMENT | {"legal_basis": "x" * 2000}
    body["clauses"] = [dict(body["clauses"][0], id=f"art-{n}") for n in range(1, 51)]
    for clause in body["clauses"]:
        clause["text"] = {"ar": "ا" * 900, "fr": "b" * 900, "en": "c" * 900}
    statement = made.statement("agreement", body)
    note, paper = ftm.write(statement, made.say).objects
    pieces = paper["properties"]["bodyText"]
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 65_000
    paper["properties"]["bodyText"] = pieces[::-1]
    assert ftmed(paper, note).statements == (statement.signed,)
    paper["properties"]["bodyText"] = pieces[1:]
    with pytest.raises(Unreadable, match="statement_damaged"):
        ftmed(paper)


# --- limits -----------------------------------------------------------------------------------------------------------

READERS: dict[str, Callable[[bytes], Found]] = {"ftm": read_entities, "misp": read_events, "stix": read_bundle}


BROKEN = {
    b"": "syntax",
    b"{": "syntax",
    b"\xff\xfe": "not_utf8",
    b"[" * 5000: "too_deep",
    b'{"a":1,"a":2}': "duplicate_name",
    b"[1e999]": "number_too_large",
    b'["\\ud800"]': "lone_surrogate",
}
OF_ANOTHER_FORMAT = {
    "ftm": {b"7": "not_an_entity", b'{"type":"bundle"}': "not_an_entity", b"[null]": "not_an_entity"},
    "misp": {b"7": "not_an_event", b'{"type":"bundle"}': "not_an_event", b'{"response":[1]}': "not_an_event"},
    "stix": {
        b"[]": "not_a_bundle",
        b'{"Event":{}}': "not_a_bundle",
        b'{"type":"bundle","objects":7}': "not_a_bundle",
        b'{"type":"bundle","spec_version":"2.0"}': "version_unknown",
    },
}


def attempt(format_: str, data: bytes) -> Found | str:
    """What was found, or why the whole was refused."""
    try:
        return READERS[format_](data)
    except Unreadable as refused:
        return refused.code


@pytest.mark.parametrize("format_", READERS)
def test_what_is_not_of_the_format_is_refused_whole(format_: str) -> None:
    expected = BROKEN | OF_ANOTHER_FORMAT[format_]
    if format_ == "ftm":
        del expected[b""]  # a file of no lines says nothing
        assert attempt("ftm", b"\n\n") == Found()
    assert {data: attempt(format_, data) for data in expected} == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.text(max_size=20) | st.just("identity"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def disturbed(whole: Any, draw: Callable[[Any], Any]) -> Any:
    """The same document with one of its members replaced by anything."""
    if isinstance(whole, dict) and whole and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(whole)))
        return {**whole, name: disturbed(whole[name], draw)}
    if isinstance(whole, list) and whole and draw(st.integers(0, 4)):
        i = draw(st.integers(0, len(whole) - 1))
        return [*whole[:i], disturbed(whole[i], draw), *whole[i + 1 :]]
    return draw(json_values)


WHOLE: dict[str, Any] = {
    "ftm": [
        entity("Person", "p", name=["A B"], birthDate=["1984"], topics=["wanted"]),
        entity("Passport", "d", holder=["p"], number=["1"], country=["ne"]),
        entity("Sanction", "s", entity=["p"], reason=["x"]),
    ],
    "misp": event(misp_object("person", ("full-name", "full-name", "A B"), ("gender", "gender", "Male"))),
    "stix": {
        "type": "bundle",
        "objects": [
            person(aliases=["C D"], object_marking_refs=[stix.TLP["RED"]], external_references=[{"source_name": "x"}]),
            thing("note", content="x", object_refs=[PERSON]),
            thing("relationship", relationship_type="uses", source_ref=PERSON, target_ref=OTHER),
            thing("sighting", sighting_of_ref=PERSON, where_sighted_refs=[OTHER]),
        ],
    },
}


@pytest.mark.parametrize("format_", READERS)
@given(data=st.data())
@examples(max_examples=200)
def test_no_disturbed_file_does_more_than_be_refused(format_: str, data: st.DataObject) -> None:
    whole = disturbed(WHOLE[format_], data.draw)
    found = attempt(format_, json.dumps(whole).encode())
    if isinstance(found, str):
        assert found.isidentifier()
        return
    for subject in found.subjects:
        SubjectFacts.model_validate(subject.facts())
        assert all(len(text) <= limits.MOST_TEXT and text for _, text in subject.said)
        assert len(subject.reference) <= limits.REFERENCE
    for one in found.lost:
        assert one.value.isprintable()


def test_too_much_is_refused_and_says_what_the_most_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from jiwar.bridges.logic import lost as losing
    from jiwar.bridges.logic import stix_reading

    monkeypatch.setattr(stix_reading, "MOST_OBJECTS", 2)
    with pytest.raises(Unreadable, match="too_many_objects objects 2"):
        stixed(person(), thing("note"), thing("note", 2))
    monkeypatch.setattr(stix_reading, "MOST_SUBJECTS", 1)
    with pytest.raises(Unreadable, match="too_many_subjects"):
        stixed(person(), person(id=OTHER))
    monkeypatch.setattr(losing, "MOST_LOST", 1)
    with pytest.raises(Unreadable, match="too_many_unread"):
        stixed(thing("tool"), thing("tool", 2))


def test_what_is_too_long_is_cut_and_said_and_hostile_texts_are_left_out() -> None:
    found = stixed(
        person(
            name="x" * 300,
            aliases=["a\u202etxt.exe", "b\x07", "  c \n d ", "e\u200cf"],
            description="y" * 2000,
            roles=[f"r{n}" for n in range(100)],
        )
    )
    (subject,) = found.subjects
    assert len(subject.names[0][0]) == 200
    assert [text for text, _, _ in subject.names[1:]] == ["c d", "e\u200cf"]
    assert ("description", "y" * 1000) in subject.said
    said = lost(found)
    assert (said["objects.0.name"], said["objects.0.description"]) == (Why.CUT, Why.CUT)
    assert (said["objects.0.aliases.0"], said["objects.0.aliases.1"]) == (Why.WRONG_FORM, Why.WRONG_FORM)
    assert sum(why == Why.CUT for path, why in said.items() if ".roles." in path) == 100 + 1 - 60


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1984", "1984"),
        ("1984-03", "1984-03"),
        ("1984-03-09", "1984-03-09"),
        ("1984-03-09T10:00:00Z", "1984-03-09"),
        ("1984-03-09T00:00:00.000000+0000", "1984-03-09"),
        ("1984-02-30", ""),
        ("1984-13", ""),
        ("0984-01-01", ""),
        ("١٩٨٤", ""),
        ("circa 1984", ""),
        ("1984-03-09x", ""),
    ],
)
def test_dates_are_of_the_calendar(text: str, date: str) -> None:
    assert a_date(text) == date


def test_countries_instants_and_references() -> None:
    assert (alpha3("ly"), alpha3("LBY"), alpha3("Niger"), alpha3("Atlantis")) == ("LBY", "LBY", "NER", "")
    assert (alpha2("LBY"), alpha2("XXA")) == ("ly", "")
    assert an_instant("1792885920") == dt.datetime.fromtimestamp(1792885920, dt.UTC)
    assert an_instant("2026-04-06T20:03:00.1Z") == dt.datetime(2026, 4, 6, 20, 3, 0, 100_000, dt.UTC)
    assert [an_instant(x) for x in ("2026-04-06T25:03:00Z", "99999999999999", 7, None, "now")] == [None] * 5
    assert short_reference("NK-abc") == "NK-abc"
    assert len({short_reference(x) for x in ("a b", "x" * 81, "ر", "\ud800")}) == 4
