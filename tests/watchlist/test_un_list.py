"""The sample that ships, the real list where it is at hand, and files made to harm."""

import contextlib
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jiwar.watchlist
from jiwar.watchlist.logic import list_xml
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.evidence import Document, Name, Query
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.logic.names import read_name
from jiwar.watchlist.logic.un_list import Entry, Header, ListError, Problem, Unread, read_un_list, split_alias

SAMPLE = Path(jiwar.watchlist.__file__).parent / "data" / "un_sample.xml"


def read(data: bytes) -> list[Header | Entry | Unread]:
    return list(read_un_list(io.BytesIO(data)))


def sample() -> list[Header | Entry | Unread]:
    return read(SAMPLE.read_bytes())


def one(inside: str, group: str = "INDIVIDUAL") -> bytes:
    outer = {"INDIVIDUAL": "INDIVIDUALS", "ENTITY": "ENTITIES"}[group]
    fixed = "<DATAID>1</DATAID><REFERENCE_NUMBER>R.1</REFERENCE_NUMBER><UN_LIST_TYPE>T</UN_LIST_TYPE>"
    entry = f"<{group}>{fixed}<FIRST_NAME>ALI</FIRST_NAME>{inside}</{group}>"
    return f"<CONSOLIDATED_LIST><{outer}>{entry}</{outer}></CONSOLIDATED_LIST>".encode()


def test_the_sample_is_read_whole() -> None:
    items = sample()
    entries = [item for item in items if isinstance(item, Entry)]
    assert isinstance(items[0], Header)
    assert items[0].generated is not None
    assert items[0].generated.isoformat() == "2026-01-15T00:00:00+00:00"
    assert [entry.individual for entry in entries] == [True] * 12 + [False] * 4
    first = entries[0].subject()
    assert first.key == "JWi.001"
    assert first.names == (
        Name("YOUSSEF EL MEGARYEF"),
        Name("يوسف المقريف", "original_script"),
        Name("Yusuf al-Magarief", "alias", "good"),
        Name("Abu Salim", "alias", "low"),
    )
    assert first.birth_dates == (PartialDate(1984, 6, 17),)
    assert (first.sexes, first.nationalities) == (("M",), ("LBY",))
    assert first.documents == (Document("Passport", "LBY", "LY0042817"),)
    assert entries[1].subject().birth_dates == (PartialDate(1979, approximate=True),)
    assert entries[2].subject().birth_dates == (PartialDate(1970, to_year=1974),)
    assert Name("Tenere Air Services", "former") in entries[13].subject().names


def test_the_sample_says_what_was_not_read() -> None:
    unread = [item for item in sample() if isinstance(item, Unread)]
    assert [(item.reference, item.code, item.value) for item in unread] == [
        ("JWi.005", Problem.UNKNOWN_ELEMENT, "+227 00 00 00 00"),
        ("JWi.007", Problem.UNKNOWN_DATE, "EXACT about thirty in the year of the drought"),
        ("JWi.010", Problem.UNKNOWN_COUNTRY, "Republic of the Great Erg"),
        ("JWi.011", Problem.EMPTY_REQUIRED, "Passport"),
    ]
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    assert "TELEPHONE" in lines[unread[0].line - 1]


@pytest.mark.parametrize(
    ("inside", "path", "code", "value"),
    [
        ("<RELIGION>x</RELIGION>", "INDIVIDUALS/INDIVIDUAL/RELIGION", Problem.UNKNOWN_ELEMENT, "x"),
        ("<GENDER>Unknown</GENDER>", "INDIVIDUALS/INDIVIDUAL/GENDER", Problem.UNKNOWN_SEX, "Unknown"),
        ("<LISTED_ON>yesterday</LISTED_ON>", "INDIVIDUALS/INDIVIDUAL/LISTED_ON", Problem.UNKNOWN_DATE, "yesterday"),
        ("<GENDER>Male</GENDER><GENDER>Female</GENDER>", "INDIVIDUALS/INDIVIDUAL/GENDER", Problem.REPEATED, "Female"),
        ('<GENDER x="1">Male</GENDER>', "INDIVIDUALS/INDIVIDUAL/GENDER@x", Problem.UNKNOWN_ATTRIBUTE, "1"),
        ("loose words", "INDIVIDUALS/INDIVIDUAL", Problem.UNKNOWN_ELEMENT, "loose words"),
        (
            "<INDIVIDUAL_ALIAS><QUALITY>Fair</QUALITY><ALIAS_NAME>A</ALIAS_NAME></INDIVIDUAL_ALIAS>",
            "INDIVIDUALS/INDIVIDUAL/INDIVIDUAL_ALIAS/QUALITY",
            Problem.UNKNOWN_QUALITY,
            "Fair",
        ),
        (
            "<INDIVIDUAL_ADDRESS><PLANET>Mars</PLANET></INDIVIDUAL_ADDRESS>",
            "INDIVIDUALS/INDIVIDUAL/INDIVIDUAL_ADDRESS/PLANET",
            Problem.UNKNOWN_ELEMENT,
            "Mars",
        ),
        (
            "<INDIVIDUAL_DATE_OF_BIRTH><TYPE_OF_DATE>EXACT</TYPE_OF_DATE><YEAR>١٩٨٤</YEAR></INDIVIDUAL_DATE_OF_BIRTH>",
            "INDIVIDUALS/INDIVIDUAL/INDIVIDUAL_DATE_OF_BIRTH",
            Problem.UNKNOWN_DATE,
            "EXACT ١٩٨٤",
        ),
    ],
)
def test_nothing_is_dropped_in_silence(inside: str, path: str, code: Problem, value: str) -> None:
    _, entry, *unread = read(one(inside))
    assert isinstance(entry, Entry)
    assert [(u.path, u.code, u.value) for u in unread if isinstance(u, Unread)] == [(path, code, value)]


def test_an_unknown_group_is_reported() -> None:
    data = b"<CONSOLIDATED_LIST><VESSELS><VESSEL><IMO>1</IMO></VESSEL></VESSELS></CONSOLIDATED_LIST>"
    assert {item.path for item in read(data)[1:] if isinstance(item, Unread)} == {"VESSELS"}


@pytest.mark.parametrize("note", ["Nov. 1973", "November 1973"])
def test_a_month_in_words_is_read(note: str) -> None:
    kind = "<TYPE_OF_DATE>EXACT</TYPE_OF_DATE>"
    _, entry = read(one(f"<INDIVIDUAL_DATE_OF_BIRTH>{kind}<NOTE>{note}</NOTE></INDIVIDUAL_DATE_OF_BIRTH>"))
    assert isinstance(entry, Entry)
    assert entry.subject().birth_dates == (PartialDate(1973, 11),)


@pytest.mark.parametrize(
    ("alias", "names"),
    [
        ("Djaafar Abou Mohamed (جعفر ابو محمد)", ["Djaafar Abou Mohamed", "جعفر ابو محمد"]),
        ("Abdul Rehman; Abd Ur-Rehman; Abdur Rahman", ["Abdul Rehman", "Abd Ur-Rehman", "Abdur Rahman"]),
        ("Lom-ali Butayev (Butaev)", ["Lom-ali Butayev Butaev"]),
        ("???", []),
    ],
)
def test_an_alias_of_several_names_is_split(alias: str, names: list[str]) -> None:
    assert split_alias(alias) == names


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><CONSOLIDATED_LIST>&b;</CONSOLIDATED_LIST>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOMB, "forbidden"),
        ('<!DOCTYPE CONSOLIDATED_LIST SYSTEM "file:///etc/passwd"><CONSOLIDATED_LIST/>', "forbidden"),
        ("<rss/>", "not_the_list"),
        ("", "malformed"),
        ("<CONSOLIDATED_LIST>", "malformed"),
        ("\x00", "malformed"),
        ('<?xml version="1.0" encoding="no-such"?><CONSOLIDATED_LIST/>', "malformed"),
        ("<CONSOLIDATED_LIST>" + "<a>" * 50 + "</a>" * 50 + "</CONSOLIDATED_LIST>", "too_deep"),
        (one("<COMMENTS1>" + "x" * 30_000 + "</COMMENTS1>").decode(), "too_large"),
        (one("<TITLE/>" * 6_000).decode(), "too_many"),
    ],
)
def test_a_harmful_file_is_refused(data: str, code: str) -> None:
    with pytest.raises(ListError) as refused:
        read(data.encode())
    assert refused.value.code == code


def test_a_file_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_xml, "MAX_BYTES", 100)
    with pytest.raises(ListError) as refused:
        sample()
    assert refused.value.code == "too_large"


@given(st.binary(max_size=40), st.integers(0, 10_000))
def test_a_damaged_file_is_read_or_refused_and_never_fails_otherwise(noise: bytes, at: int) -> None:
    data = SAMPLE.read_bytes()
    with contextlib.suppress(ListError):
        assert isinstance(read(data[:at] + noise + data[at + len(noise) :])[0], Header)


# The real list.


@pytest.fixture(scope="module")
def real(shared_data: Path) -> bytes:
    path = shared_data / "watchlist" / "un" / "UN_consolidated.xml"
    if not path.exists():
        pytest.skip("the UN list is not at hand")
    return path.read_bytes()


def test_the_real_list_is_read_whole(real: bytes) -> None:
    text = real.decode()
    items = read(real)
    entries = [item for item in items if isinstance(item, Entry)]
    assert sum(entry.individual for entry in entries) == len(re.findall("<INDIVIDUAL>", text)) > 500
    assert sum(not entry.individual for entry in entries) == len(re.findall("<ENTITY>", text)) > 100
    assert sum(len(entry.aliases) for entry in entries) == len(re.findall("<ALIAS_NAME>[^<]*[^<\\s]", text))
    born = sum(birth.date is not None for entry in entries for birth in entry.birth_dates)
    unread = [item for item in items if isinstance(item, Unread)]
    undated = sum(item.code is Problem.UNKNOWN_DATE for item in unread)
    assert born + undated == len(re.findall("<TYPE_OF_DATE>[A-Z]", text))
    numbered = sum(bool(document.number) for entry in entries for document in entry.documents)
    assert numbered == len(re.findall("<NUMBER>[^<]*[^<\\s]", text))
    assert {item.code for item in unread} <= {Problem.UNKNOWN_COUNTRY, Problem.UNKNOWN_DATE, Problem.EMPTY_REQUIRED}
    assert len(unread) < 40


def test_an_arabic_name_finds_the_latin_entry(real: bytes) -> None:
    entries = [item for item in read(real) if isinstance(item, Entry) and item.individual]
    arabic = re.compile("[\u0600-\u06ff]")
    index = Index.build(
        type(subject)(subject.key, tuple(n for n in subject.names if not arabic.search(n.text)))
        for subject in (entry.subject() for entry in entries)
    )
    asked = [entry for entry in entries if arabic.search(entry.original_script)]
    answers = [(entry, index.search(Query((entry.original_script,)))) for entry in asked]
    found = sum(any(candidate.key == entry.reference for candidate in answer) for entry, answer in answers)
    others = sum(candidate.key != entry.reference for entry, answer in answers for candidate in answer)
    assert found / len(asked) > 0.94
    assert others / len(asked) < 0.5


def test_anetac_pairs_share_a_key(shared_data: Path) -> None:
    """Names of all the world, few of them of the region: a floor, not a goal."""
    folder = shared_data / "watchlist" / "anetac"
    if not folder.exists():
        pytest.skip("the ANETAC pairs are not at hand")
    latin, arabic = (
        (folder / f"EN-AR_Translit_test.{end}").read_text(encoding="utf-8").split() for end in ("en", "ar")
    )
    assert len(latin) == len(arabic)
    keys = [
        (
            {key for part in read_name(one).parts for key in part.keys},
            {k for p in read_name(other).parts for k in p.keys},
        )
        for one, other in zip(latin, arabic, strict=True)
    ]
    assert sum(bool(one & other) for one, other in keys) / len(keys) > 0.8
