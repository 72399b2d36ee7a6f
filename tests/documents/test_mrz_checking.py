"""The check of a zone as a tree: what failed, why, and what an officer may look at again."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.mrz_checking import check_mrz
from jiwar.documents.logic.report import Result
from jiwar.records.words import LANGUAGES, words
from tests.documents.test_mrz import AT, SAMPLES, SPECIMEN

VALID = date(2012, 4, 15)


def test_a_passport_that_agrees_with_itself_and_runs() -> None:
    check = check_mrz(SPECIMEN, VALID)
    assert (check.id, check.result, check.detail) == ("mrz", Result.SUCCESSFUL, {"format": "TD3"})
    names = ["mrz.number", "mrz.birth_date", "mrz.expiry", "mrz.optional", "mrz.composite", "mrz.validity"]
    assert [child.id for child in check.children] == names
    assert len(check.evidence) == 64
    assert check == check_mrz(SPECIMEN.lower().replace("\n", "\r\n"), VALID)


@pytest.mark.parametrize(
    ("text", "name", "result", "code"),
    [
        (SPECIMEN.replace("L898", "L897"), "mrz.number", Result.FAILED, "mrz_check_digit_wrong"),
        (SPECIMEN.replace("6UTO", "6ZZZ"), "mrz.nationality.unknown_code", Result.UNDETERMINED, "mrz_unknown_code"),
        (SPECIMEN.replace("ANNA", "4NNA"), "mrz.name.invalid_character", Result.FAILED, "mrz_invalid_character"),
        (
            SPECIMEN.replace("ANNA<MARIA<", "ANNA<<MARIA"),
            "mrz.name.misplaced_filler",
            Result.UNDETERMINED,
            "mrz_misplaced_filler",
        ),
        (SPECIMEN.replace("2F1204159", "2F1304159"), "mrz.expiry", Result.FAILED, "mrz_check_digit_wrong"),
    ],
)
def test_what_is_wrong_stands_in_the_tree(text: str, name: str, result: Result, code: str) -> None:
    check = check_mrz(text, VALID)
    found = check.find(name)
    assert found is not None
    assert (check.result, found.result, found.code) == (result, result, code)


def test_a_document_past_its_day_fails_and_one_without_a_day_is_undetermined() -> None:
    assert check_mrz(SPECIMEN, date(2012, 4, 16)).find("mrz.validity").code == "document_expired"
    unknown = SPECIMEN.replace("1204159", "<<<<<<0")
    assert check_mrz(unknown, VALID).find("mrz.validity").result is Result.UNDETERMINED


def test_a_repair_is_offered_and_changes_no_result() -> None:
    check = check_mrz(SPECIMEN.replace("7408122", "74O8122"), VALID)
    assert check.result is Result.FAILED
    assert check.find("mrz.repair").detail == {"changes": "2:16 O > 0"}
    assert check_mrz(SPECIMEN, VALID).find("mrz.repair") is None


def test_text_of_another_shape_is_aborted() -> None:
    check = check_mrz(SPECIMEN[:-1], AT)
    assert (check.result, check.code) == (Result.ABORTED, "mrz_line_length")
    assert check.detail == {"field": "line_2", "expected": 44, "found": 43}


@given(st.text(max_size=100) | st.sampled_from(sorted(SAMPLES.values())).map(lambda zone: zone.replace("0", "O")))
def test_any_text_gets_a_tree_whose_every_code_has_words(text: str) -> None:
    known = words()["document_check"]
    for check in check_mrz(text, AT).walk():
        assert not check.code or set(known[check.code]) == set(LANGUAGES)
