"""Arabic names in the machine readable zone, both ways (Doc 9303-3, section 6.C)."""

import re
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jiwar.documents.logic.transliteration import (
    _CODES,
    _LETTERS,
    MAX_CHARACTERS,
    NotTransliterable,
    arabic_to_mrz,
    mrz_to_arabic,
)

SHADDA = "\u0651"


@pytest.mark.parametrize(
    ("arabic", "mrz"),
    [
        ("محمد", "MXHMD"),
        ("هاري الشماع", "HARY<ALXSHMAE"),
        ("سمير بادمكدوذيل", "SMYR<BADMKDWXDHYL"),
        ("جمال عبد الناصر", "JMAL<EBD<ALNAXSSR"),
        ("عبد العزيز بن متعب", "EBD<ALEZYZ<BN<MTEB"),
        ("إسماعيل عزّ الدين", "ISMAEYL<EZZ<ALDYN"),
        ("جميلة نعيمة", "JMYLXAH<NEYMXAH"),
        ("ابو بكر محمد بن زكريا الرازي", "ABW<BKR<MXHMD<BN<ZKRYA<ALRAZY"),
        ("عبد الله", "EBD<ALLH"),
        ("عبد اللطيف", "EBD<ALLTTYF".replace("TTY", "XTTY")),
        ("ممدوح", "MMDWXH"),
    ],
)
def test_names_go_over_and_come_back(arabic: str, mrz: str) -> None:
    assert arabic_to_mrz(arabic) == mrz
    assert mrz_to_arabic(mrz) == arabic


def test_teh_marbuta_inside_a_component_has_its_own_code() -> None:
    assert arabic_to_mrz("ةب ةّ") == "XTAB<XAHXAH"
    assert mrz_to_arabic("XTAB<JMYLXTA") == "ةب جميلة"


def test_vowel_signs_tatweel_and_presentation_forms_change_nothing() -> None:
    assert arabic_to_mrz("مُحَمَد") == arabic_to_mrz("محـــمد") == arabic_to_mrz("ﻣﺤﻤﺪ") == "MXHMD"


def test_shadda_doubles_whatever_vowel_is_written_with_it() -> None:
    assert arabic_to_mrz("مُحَمَّد") == arabic_to_mrz("محمّد") == "MXHMMD"
    assert arabic_to_mrz("ﷴ ﷲ") == "MXHMD<ALLH"


def test_the_standards_odd_spelling_of_god_is_read_and_never_written() -> None:
    assert mrz_to_arabic("EBD<ALLXH") == "عبد الله"
    assert arabic_to_mrz("عبد الله") == "EBD<ALLH"


def test_a_name_spelt_by_sound_gives_no_hint() -> None:
    assert mrz_to_arabic("MOHAMED") is None
    assert mrz_to_arabic("X") is None
    assert mrz_to_arabic("") is None
    assert mrz_to_arabic("A" * (MAX_CHARACTERS + 1)) is None


def test_no_code_begins_another() -> None:
    assert not [(one, other) for one in _LETTERS for other in _LETTERS if one != other and other.startswith(one)]
    assert len(_LETTERS) == len(_CODES)  # XAH is one more, and U+06D0 shares Y


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Omar", "unknown_character"),
        ("محمد؟", "unknown_character"),
        ("محمد \u0651", "unknown_character"),
        ("م" * 201, "too_long"),
        ("\ufdfa" * 20, "too_long"),
    ],
)
def test_what_the_table_does_not_hold_is_refused(name: str, code: str) -> None:
    with pytest.raises(NotTransliterable) as raised:
        arabic_to_mrz(name)
    assert raised.value.code == code


LETTER = st.sampled_from(sorted(_CODES.keys() - {"\u06d0"}))


@given(st.lists(st.lists(LETTER, min_size=1, max_size=6), min_size=1, max_size=4))
def test_names_without_a_letter_twice_come_back_exactly(words: list[list[str]]) -> None:
    assume(all(one != next_ for word in words for one, next_ in pairwise(word)))
    name = " ".join("".join(word) for word in words)
    assert mrz_to_arabic(arabic_to_mrz(name)) == name


@given(st.text([*sorted(_CODES), SHADDA, " ", "\u064e", "\u0640"], max_size=30))
def test_the_hint_is_spelt_as_the_zone_was(name: str) -> None:
    # A shadda belongs on a letter.
    mrz = arabic_to_mrz(re.sub(f"(^| )[{SHADDA}\u064e\u0640]+", r"\1", name))
    assume(mrz and "ALLXH" not in mrz)
    hint = mrz_to_arabic(mrz)
    assert hint is not None
    assert arabic_to_mrz(hint) == mrz
