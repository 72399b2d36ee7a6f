from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.logic.dates import DateAgreement, PartialDate, agreement
from jiwar.watchlist.logic.evidence import (
    Code,
    Document,
    Field,
    Name,
    Query,
    Subject,
    compare,
    document_number,
    lookalike_number,
)

LISTED = Subject(
    "LBY-1",
    (Name("Youssef El Megaryef"), Name("يوسف المقريف", "original_script"), Name("Abu Salim", "alias", "low")),
    (PartialDate(1984, 6, 17),),
    ("M",),
    ("LBY",),
    (Document("passport", "LBY", "LO0428I7"),),
)


def codes(query: Query, subject: Subject = LISTED, bits: float = 10.0) -> set[Code]:
    found = compare(query, subject, lambda _: bits)
    return {reason.code for reason in found.reasons} | {difference.code for difference in found.differences}


def test_every_field_is_a_reason_a_difference_or_unknown() -> None:
    query = Query(("يوسف المقريف",), PartialDate(1984, 6, 17), "F", "NER")
    found = compare(query, LISTED, lambda _: 10.0)
    assert {reason.code for reason in found.reasons} == {Code.NAME_SAME, Code.BIRTH_DATE_SAME}
    assert {difference.code for difference in found.differences} == {Code.SEX_DIFFERS, Code.NATIONALITY_DIFFERS}
    assert found.unknown == (Field.DOCUMENT,)


@pytest.mark.parametrize(
    ("born", "code"),
    [
        ("1984-06-17", Code.BIRTH_DATE_SAME),
        ("1984-06", Code.BIRTH_MONTH_SAME),
        ("1984", Code.BIRTH_YEAR_SAME),
        ("1984-01-01", Code.BIRTH_YEAR_SAME),
        ("~1985", Code.BIRTH_DATE_MAY_AGREE),
        ("1980/1984", Code.BIRTH_DATE_MAY_AGREE),
        ("1985-06-17", Code.BIRTH_YEAR_NEAR),
        ("1984-07-17", Code.BIRTH_DATE_DIFFERS),
        ("1990", Code.BIRTH_DATE_DIFFERS),
    ],
)
def test_a_birth_date_in_part(born: str, code: Code) -> None:
    assert code in codes(Query(("Youssef Megaryef",), PartialDate.parse(born)))


def test_day_and_month_swapped_is_named() -> None:
    query = Query(("Youssef Megaryef",), PartialDate(1984, 3, 6))
    subject = Subject("k", LISTED.names, (PartialDate(1984, 6, 3),))
    assert Code.BIRTH_DAY_MONTH_SWAPPED in codes(query, subject)


@pytest.mark.parametrize(
    ("country", "number", "code"),
    [
        ("LBY", "lo 0428-i7", Code.DOCUMENT_SAME),
        ("", "LO0428I7", Code.DOCUMENT_SAME),
        ("NER", "LO0428I7", Code.DOCUMENT_NUMBER_SAME),
        ("LBY", "L00428I7", Code.DOCUMENT_LOOKALIKE),
        ("LBY", "LO042817", Code.DOCUMENT_LOOKALIKE),
        ("LBY", "LO٠٤٢٨I٧", Code.DOCUMENT_SAME),
    ],
)
def test_document_numbers(country: str, number: str, code: Code) -> None:
    assert codes(Query(documents=(Document("passport", country, number),))) == {code}


def test_a_document_outweighs_any_name_and_a_lookalike_does_not() -> None:
    same = compare(
        Query(("Nobody Else",), documents=(Document("passport", "LBY", "LO0428I7"),)), LISTED, lambda _: 10.0
    )
    alike = compare(Query(documents=(Document("passport", "LBY", "L00428I7"),)), LISTED, lambda _: 10.0)
    name = compare(Query(("Youssef El Megaryef",), PartialDate(1984, 6, 17)), LISTED, lambda _: 14.0)
    assert alike.score < name.score < same.score


def test_a_different_document_says_nothing() -> None:
    with_other = Query(("Youssef El Megaryef",), documents=(Document("passport", "LBY", "XX999999"),))
    without = Query(("Youssef El Megaryef",))
    assert compare(with_other, LISTED, lambda _: 6.0).score == compare(without, LISTED, lambda _: 6.0).score


def test_a_short_number_proves_nothing() -> None:
    subject = Subject("k", (Name("A"),), documents=(Document("passport", "LBY", "12"),))
    assert compare(Query(documents=(Document("passport", "LBY", "12"),)), subject, lambda _: 10.0).score == 0


def test_a_common_name_proves_little_and_a_rare_one_more() -> None:
    query, subject = Query(("محمد أحمد",)), Subject("k", (Name("Mohamed Ahmed"),))
    assert compare(query, subject, lambda _: 3.0).score < 0.3
    assert compare(query, subject, lambda _: 12.0).score > 0.9


def test_a_low_quality_alias_counts_less() -> None:
    low = Subject("k", (Name("Abu Salim Fezzani", "alias", "low"),))
    good = Subject("k", (Name("Abu Salim Fezzani", "alias", "good"),))
    query = Query(("Abou Salim Fezzani",))
    assert compare(query, low, lambda _: 8.0).score < compare(query, good, lambda _: 8.0).score
    assert Code.NAME_LOW_QUALITY in codes(query, low)


def test_a_stranger_scores_nothing() -> None:
    query = Query(("Karim Haddad",), PartialDate(1984, 6, 17), "M", "LBY")
    assert compare(query, LISTED, lambda _: 14.0).score == 0


dates = st.builds(
    lambda day, precision, about: PartialDate(
        day.year, day.month if precision else None, day.day if precision > 1 else None, approximate=about
    ),
    st.dates(min_value=__import__("datetime").date(1900, 1, 1), max_value=__import__("datetime").date(2030, 1, 1)),
    st.integers(0, 2),
    st.booleans(),
)


@given(dates)
def test_a_date_reads_back_as_it_was_written(date: PartialDate) -> None:
    assert PartialDate.parse(str(date)) == date


@given(dates, dates)
def test_agreement_of_dates_has_no_direction(a: PartialDate, b: PartialDate) -> None:
    assert agreement(a, b) is agreement(b, a)
    assert agreement(a, a) is not DateAgreement.DIFFERS


@pytest.mark.parametrize(
    "text", ["", "84", "1984-13", "1984-02-30", "1990/1980", "1984-1-1-1", "١٩٨٤", "1984/", "-1984"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        PartialDate.parse(text)


@given(st.text(max_size=100))
def test_a_document_number_is_ascii_and_folds_once(text: str) -> None:
    number = document_number(text)
    assert number.isascii()
    assert len(number) <= 64
    assert document_number(number) == number
    assert lookalike_number(lookalike_number(text)) == lookalike_number(text)


def test_place_of_birth_and_a_relative_speak_for_a_match_and_never_make_one() -> None:
    listed = Subject("k", (Name("محمد علي المصراتي"),), birth_places=("زوارة, ليبيا",), relatives=("Salma Bouzid",))
    asked = Query(("Mohamed Ali Misrati",))
    alone = compare(asked, listed, lambda _: 10.0)
    known = compare(replace(asked, birth_place="Zouara", relatives=("سلمى بوزيد",)), listed, lambda _: 10.0)
    assert {reason.code for reason in known.reasons} - {reason.code for reason in alone.reasons} == {
        Code.BIRTH_PLACE_SAME,
        Code.RELATIVE_SAME,
    }
    assert known.bits > alone.bits
    other = compare(replace(asked, birth_place="Sabha", relatives=("Khadija Warfali",)), listed, lambda _: 10.0)
    assert [difference.code for difference in other.differences] == [Code.BIRTH_PLACE_DIFFERS]
    assert other.bits < alone.bits
    stranger = Query(("Karim Haddad",), birth_place="Zouara", relatives=("Salma Bouzid",))
    assert compare(stranger, listed, lambda _: 10.0).score == 0


def test_two_days_of_birth_in_neighbouring_years_are_different_dates() -> None:
    assert agreement(PartialDate(1984, 6, 17), PartialDate(1985, 2, 3)) is DateAgreement.DIFFERS
    assert agreement(PartialDate(1984, 6, 17), PartialDate(1985, 6, 17)) is DateAgreement.NEAR_YEAR
    assert agreement(PartialDate(1984, 6, 17), PartialDate(1985)) is DateAgreement.NEAR_YEAR


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("Youssef Salem Megaryef", "Khaled Salem Megaryef", Code.GIVEN_NAME_DIFFERS),
        ("Youssef Salem Megaryef", "Salem Megaryef", Code.GIVEN_NAME_DIFFERS),
        ("Abu Hafs Khaled Megaryef", "Khaled Megaryef", Code.NAME_PART_MISSING),
        ("Sidi Khaled Megaryef", "Khaled Megaryef", Code.NAME_PART_MISSING),
        ("Megaryef Khaled", "Khaled Megaryef", Code.NAME_ORDER),
        ("Ould Kheirou Hamada", "Hamada Ould Kheirou", Code.NAME_ORDER),
        ("Hamada Ould Kheirou", "Kheirou Ould Hamada", Code.NASAB_REVERSED),
    ],
)
def test_what_is_said_of_given_names(one: str, other: str, code: Code) -> None:
    for asked, listed in ((one, other), (other, one)):
        found = compare(Query((asked,)), Subject("k", (Name(listed),)), lambda _: 12.0)
        assert {difference.code for difference in found.differences} == {code}


def test_kin_share_the_rest_of_a_name_however_rare() -> None:
    found = compare(
        Query(("Ali Salem Omar Megaryef",)), Subject("k", (Name("Said Salem Omar Megaryef"),)), lambda _: 20.0
    )
    assert found.score < 0.01
