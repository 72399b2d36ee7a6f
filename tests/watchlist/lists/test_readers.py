"""One reader for each format: what it takes, by the exact names of the publishers, and all that it does not."""

import io
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import jiwar
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.eu_list import read_eu_csv, read_eu_xml
from jiwar.watchlist.logic.listed import Header, Item, Listed, ListError, Problem, Unread
from jiwar.watchlist.logic.notices_list import read_notices
from jiwar.watchlist.logic.ofac_list import read_ofac_csv, read_ofac_xml
from jiwar.watchlist.logic.uk_list import read_uk_csv, read_uk_xml
from tests.watchlist.lists import samples


def taken(items: Iterator[Item]) -> tuple[Header, dict[str, Listed], list[tuple[str, Problem, str]]]:
    first, *rest = items
    assert isinstance(first, Header)
    entries = {item.reference: item for item in rest if isinstance(item, Listed)}
    unread = [(item.reference, item.code, item.value) for item in rest if isinstance(item, Unread)]
    return first, entries, unread


def file(text: str, encoding: str = "utf-8") -> io.BytesIO:
    return io.BytesIO(text.encode(encoding))


def sdn(**parts: str) -> Iterator[Item]:
    names = {"sdn": "SDN.CSV", "alt": "ALT.CSV", "add": "ADD.CSV", "comments": "SDN_COMMENTS.CSV"}
    return read_ofac_csv({names[part]: file(text) for part, text in parts.items()})


class TestOfac:
    def test_four_files_are_one_list(self) -> None:
        header, entries, unread = taken(
            sdn(sdn=samples.SDN, alt=samples.ALT, add=samples.ADD, comments=samples.COMMENTS)
        )
        assert header == Header(None)
        assert [entry.type for entry in entries.values()] == [
            "organisation", "person", "vessel", "aircraft", "organisation",
        ]  # fmt: skip
        person = entries["4021"]
        assert person.names == [
            ("Salem Ould AL-HAMADA", "name", "good"),
            ("Salim HAMADA", "alias", "good"),
            ("Salem AL-KHATTAR", "former", "good"),
        ]
        assert person.birth_dates == [PartialDate(1971, 6, 19), PartialDate(1973, approximate=True)]
        assert (person.sexes, person.nationalities, person.designations) == (["M"], ["LBY"], ["Commander"])
        assert person.documents == [
            ("Passport", "LBY", "A0042817"), ("Passport", "", "L998877"), ("National ID No.", "LBY", "119710042817"),
        ]  # fmt: skip
        assert person.identifiers == [("account", "", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT")]
        assert person.places == [
            ("address", "LBY", "Sharia Ghat 5, Sebha, Libya"),
            ("birth", "", "Ghat, Libya"),
        ]
        assert any("Known to travel by Niger" in comment for comment in person.comments)
        assert entries["36"].programmes == ["SDGT", "LIBYA3"]
        assert entries["36"].relations == [("associate", "AL-HAMADA, Salem Ould")]
        assert entries["36"].identifiers == [("phone", "", "218-21-3330000")]
        assert unread == [
            ("36", Problem.UNKNOWN_QUALITY, "nickname"),
            ("4021", Problem.UNKNOWN_REMARK, "Operational leader in the south. Known to travel by Niger"),
            ("9312", Problem.UNKNOWN_TYPE, "satellite"),
            ("77777", Problem.UNKNOWN_ENTRY, "77777,104,aka,NOBODY,"),
        ]

    def test_ships_and_aircraft_have_their_numbers(self) -> None:
        _, entries, _ = taken(sdn(sdn=samples.SDN))
        assert entries["9310"].identifiers == [
            ("callsign", "", "5ALX2"), ("imo", "", "9074729"), ("mmsi", "", "642122016"),
        ]  # fmt: skip
        assert entries["9310"].relations == [("other", "Erg Shipping Co"), ("associate", "ERG AIR CARGO")]
        assert entries["9311"].identifiers == [("tail", "", "5A-DKO"), ("serial", "", "1023409321")]

    def test_an_accent_is_read_in_either_encoding(self) -> None:
        row = '1,"NIAMEY SOCIÉTÉ",-0- ,"X",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n'
        for encoding in ("latin-1", "utf-8"):
            _, entries, unread = taken(read_ofac_csv({"sdn.csv": file(row, encoding)}))
            assert entries["1"].names[0][0] == "NIAMEY SOCIÉTÉ"
            assert unread == []

    @pytest.mark.parametrize("name", ["سالم", "Aïssata Kà"])
    def test_a_name_ends_with_a_byte_that_latin_1_has_for_a_space(self, name: str) -> None:
        row = f"1,{name},individual,X,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- \n"
        _, entries, unread = taken(read_ofac_csv({"sdn.csv": file(row)}))
        assert (entries["1"].names[0][0], unread) == (name, [])

    def test_the_xml_says_the_same(self) -> None:
        header, entries, unread = taken(read_ofac_xml(file(samples.SDN_XML)))
        assert header.generated
        assert header.generated.date().isoformat() == "2026-11-20"
        person = entries["4021"]
        assert person.names == [
            ("Salem Ould AL-HAMADA", "name", "good"), ("Salim HAMADA", "alias", "good"), ("THE FALCON", "alias", "low"),
        ]  # fmt: skip
        assert person.birth_dates == [PartialDate(1971, 6, 19), PartialDate(1970, to_year=1973)]
        assert (person.documents, person.sexes) == ([("Passport", "LBY", "A0042817")], ["M"])
        assert person.identifiers == [("account", "", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT")]
        assert person.relations == [("associate", "ERG AIR CARGO")]
        assert entries["9310"].identifiers == [("imo", "", "9074729"), ("callsign", "", "5ALX2")]
        assert unread == [("9310", Problem.UNKNOWN_ELEMENT, "full")]

    def test_the_advanced_form_is_known_and_another_file_named(self) -> None:
        data = (
            '<?xml version="1.0"?><Sanctions xmlns="https://www.un.org/sanctions/1.0"><DateOfIssue CalendarTypeID="1">'
        )
        with pytest.raises(ListError) as error:
            list(read_ofac_xml(file(data)))  # at its beginning: the file is as large as no page takes
        assert error.value.code == "advanced_form"
        words = tomllib.loads((Path(jiwar.__file__).parent / "records/words.toml").read_text(encoding="utf-8"))
        assert all("SDN.XML" in text for text in words["fault"]["list_advanced_form"].values())

    @pytest.mark.parametrize("names", [["ALT.CSV"], ["SDN.CSV", "notes.csv"], []])
    def test_other_files_are_not_the_list(self, names: list[str]) -> None:
        with pytest.raises(ListError, match="not_the_list"):
            list(read_ofac_csv({name: file(samples.SDN) for name in names}))


class TestEu:
    def test_the_xml(self) -> None:
        header, entries, unread = taken(read_eu_xml(file(samples.EU_XML)))
        assert header.generated
        assert header.generated.isoformat() == "2026-11-20T14:00:00+01:00"
        person = entries["EU.9999.1"]
        assert person.names == [
            ("Salem Ould Hamada", "name", "good"), ("سالم ولد حمادة", "alias", "good"), ("The Falcon", "alias", "low"),
        ]  # fmt: skip
        assert person.birth_dates == [PartialDate(1971, 6, 19), PartialDate(1973, approximate=True)]
        assert person.documents == [("National passport", "LBY", "A0042817")]
        assert (person.nationalities, person.sexes, person.programmes) == (["LBY"], ["M"], ["LBY"])
        assert person.places == [("birth", "LBY", "Ghat, LIBYA"), ("address", "LBY", "Sharia Ghat 5, Sebha, LIBYA")]
        assert str(person.listed_on) == "2016-04-01"
        assert "National passport A0042817: expired" in person.comments
        assert entries["EU.9999.2"].type == "organisation"
        assert entries["EU.9999.2"].identifiers == [("imo", "", "9074729")]
        assert [(code, value) for _, code, value in unread] == [
            (Problem.UNKNOWN_DATE, "PERSIAN "),
            (Problem.UNKNOWN_ELEMENT, "sign=leo"),
        ]

    def test_the_csv_says_the_same_in_many_rows(self) -> None:
        header, entries, unread = taken(read_eu_csv(file(samples.EU_CSV)))
        assert header.generated
        assert header.generated.date().isoformat() == "2026-11-20"
        person = entries["EU.9999.1"]
        assert [text for text, _, _ in person.names] == ["Salem Ould Hamada", "سالم ولد حمادة"]
        assert person.birth_dates == [PartialDate(1971, 6, 19), PartialDate(1970, to_year=1973)]
        assert person.documents == [("National passport", "LBY", "A0042817")]
        assert (person.nationalities, person.sexes, person.programmes) == (["LBY"], ["M"], ["LBY"])
        assert person.places == [("birth", "LBY", "Ghat, LIBYA")]
        assert entries["14"].names == [("Erg Air Cargo", "name", "good")]
        assert unread == []


class TestUk:
    @pytest.mark.parametrize("text", [samples.UK_CSV, samples.UK_XML], ids=["csv", "xml"])
    def test_the_list_of_today(self, text: str) -> None:
        read = read_uk_xml if text.startswith("<") else read_uk_csv
        header, entries, unread = taken(read(file(text)))
        assert header.generated
        assert header.generated.date().isoformat() == "2026-11-20"
        person = entries["LIB0042"]
        assert person.names[:2] == [("Salem Ould HAMADA", "name", "good"), *person.names[1:2]]
        assert set(person.names[1:]) == {
            ("Salim HAMMADA", "alias", "low"), ("سالم ولد حمادة", "original_script", "good"),
        }  # fmt: skip
        assert (person.birth_dates, person.sexes) == ([PartialDate(1971)], ["M"])
        assert person.nationalities == ["LBY", "NER"]
        assert person.documents == [("Passport", "", "A0042817")]
        assert ("birth", "LBY", "Ghat, Libya") in person.places
        assert any(kind == "address" for kind, _, _ in person.places)
        assert (str(person.listed_on), str(person.updated_on)) == ("2020-12-31", "2026-08-04")
        assert unread == ([] if read is read_uk_csv else [("LIB0042", Problem.UNKNOWN_ELEMENT, "44")])

    def test_a_ship_has_its_imo_number(self) -> None:
        _, entries, _ = taken(read_uk_csv(file(samples.UK_CSV)))
        ship = entries["LIB0043"]
        assert (ship.type, ship.identifiers) == ("vessel", [("imo", "", "9074729")])
        assert ship.relations == [("other", "Erg Shipping Co")]

    def test_the_list_that_was(self) -> None:
        header, entries, unread = taken(read_uk_csv(file(samples.CON_LIST)))
        assert header.generated
        person = entries["12703"]
        assert person.names == [("Salem Ould HAMADA", "name", "good"), ("Salim HAMADA", "alias", "good")]
        assert person.birth_dates == [PartialDate(1971, 6, 19)]
        assert person.documents == [("Passport", "", "A0042817")]
        assert unread == []


def test_notices() -> None:
    header, entries, unread = taken(read_notices(file(samples.NOTICES)))
    assert header == Header(None)
    person = entries["2026/4021"]
    assert [text for text, _, _ in person.names] == ["Salem Ould HAMADA", "Salim Hamada", "Abou Salem"]
    assert (person.birth_dates, person.nationalities) == ([PartialDate(1971, 6, 19)], ["LBY", "NER"])
    assert person.documents == [("Passport", "LBY", "A0042817")]
    assert person.places == [("birth", "LBY", "Ghat")]
    assert "Charge: Trafficking in weapons" in person.comments
    assert entries["2026/4022"].birth_dates == [PartialDate(1984)]
    assert [(code, value) for _, code, value in unread] == [
        (Problem.UNKNOWN_COLUMN, ""),
        (Problem.EMPTY_REQUIRED, ",NOBODY,,,,,,,,,,,,,"),
    ]


@pytest.mark.parametrize("read", [read_eu_csv, read_uk_csv, read_notices])
def test_another_table_is_not_the_list(read: object) -> None:
    with pytest.raises(ListError) as refused:
        list(read(file("a,b,c\n1,2,3\n")))  # type: ignore[operator]
    assert refused.value.code == "not_the_list"


@pytest.mark.parametrize("read", [read_eu_csv, read_uk_csv])
@pytest.mark.parametrize("bytes_", [b"\xff\xfe\x00", b"Unique ID,Designation Type,Name 6\n\0", b"a,b\n\xe9\xe8"])
def test_bytes_that_are_no_text_refuse_the_file(read: object, bytes_: bytes) -> None:
    with pytest.raises(ListError):
        list(read(io.BytesIO(bytes_)))  # type: ignore[operator]


def test_a_name_that_turns_the_page_around_is_not_taken() -> None:
    text = samples.NOTICES.replace("ZENATI", "ZEN\u202eATI")
    _, entries, unread = taken(read_notices(file(text)))
    assert "2026/4022" not in entries
    assert ("2026/4022", Problem.UNREADABLE_TEXT, "Warda ZEN\\u202eATI") in unread
