"""Numbers of things and lines: what is the same, what may be misread, what can be none. Vectors by their sources."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.watchlist.logic.identifiers import KINDS, LINES, fault, hint, lookalike, luhn, normal

WRITTEN = st.text(alphabet=string.ascii_letters + string.digits + "٠١٢٣٤٥٦٧٨٩ -./+()قصابتونلي۷", max_size=40)


@settings(max_examples=300)
@given(kind=st.sampled_from(KINDS), text=WRITTEN | st.text(max_size=120), country=st.sampled_from(["", *LINES]))
def test_a_normal_number_stays_as_it_is(kind: str, text: str, country: str) -> None:
    plain = normal(kind, text, country)
    assert normal(kind, plain, country) == plain
    assert lookalike(kind, plain, country) == lookalike(kind, text, country)
    assert fault(kind, text, country) in {"", "wrong_form", "check_digit_wrong"}
    assert plain or fault(kind, text, country) == "wrong_form"


@pytest.mark.parametrize(
    ("kind", "country", "written"),
    [
        ("plate", "LBY", ("5-123456", "٥-١٢٣٤٥٦", "5 123456 ليبيا", "LIBYA 5-123456")),
        ("plate", "TUN", ("123 تونس 4567", "١٢٣ تونس ٤٥٦٧", "123 TUN 4567", "123-tunis-4567", "123TU4567")),
        ("plate", "EGY", ("ق ص ١٢٣٤", "1234 ق ص", "قـص-1234", "مصر ق ص 1234")),
        ("plate", "MAR", ("12345 أ 6", "6-أ-12345", "١٢٣٤٥|ا|٦", "المغرب 12345-إ-6")),
        ("plate", "DZA", ("00123-113-16", "123 113 16", "٠٠١٢٣ ١١٣ ١٦", "0012311316")),
        ("plate", "MLI", ("AA-123-MD", "aa 123 md")),
        ("plate", "NER", ("8A-1234 RN", "8a1234rn")),
        ("vin", "", ("1M8GDM9AXKP042788", "1m8gdm9axkpo42788", "VIN 1M8-GDM9AX-KP042788", "IM8GDM9AXKP042788")),
        ("imo", "", ("IMO 9074729", "9074729", "٩٠٧٤٧٢٩")),
        ("imei", "", ("49-015420-323751-8", "490154203237518", "49015420323751", "4901542032375101")),
        ("phone", "LBY", ("+218 91 234 5678", "00218912345678", "091-2345678", "912345678", "+218 (0)91 2345678")),
        ("phone", "TUN", ("+216 20 123 456", "20 123 456", "0021620123456")),
        ("phone", "EGY", ("+20 10 01234567", "01001234567", "٠١٠٠١٢٣٤٥٦٧")),
        ("iban", "", ("LY83 0020 4800 0020 1001 2036 1", "IBAN LY83002048000020100120361")),
        ("tail", "LBY", ("5A-LAA", "5alaa")),
        ("icao24", "", ("01800a", "018OOA", "0-18-00A")),
    ],
)
def test_one_number_however_it_is_written(kind: str, country: str, written: tuple[str, ...]) -> None:
    assert len({normal(kind, text, country) for text in written}) == 1
    assert {fault(kind, text, country) for text in written} == {""}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("plate", "5-123456", "5-123465"),
        ("plate", "12345 أ 6", "12345 ب 6"),
        ("plate", "6 أ 26", "26 أ 6"),
        ("plate", "123 تونس 4567", "4567 تونس 123"),
        ("plate", "AB 123", "123 AB"),
        ("plate", "00123-113-16", "01230-113-16"),
        ("plate", "ق ص 1234", "ص ق 1234"),
        ("vin", "1M8GDM9AXKP042788", "1M8GDM9AXKP042789"),
        ("imei", "490154203237518", "490154203237526"),
        ("phone", "+218912345678", "+216912345678"),
        ("phone", "+21820123456", "+21620123456"),
        ("mmsi", "642167001", "642167010"),
        ("iban", "LY83002048000020100120361", "LY83002048000020100120362"),
        ("serial", "AK-1234", "AK-12340"),
    ],
)
def test_two_numbers_are_two(kind: str, one: str, other: str) -> None:
    assert normal(kind, one) != normal(kind, other)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("plate", "AO 1023 MD", "A0 IO23 MD"),
        ("plate", "12345-أ-6", "12345-A-6"),
        ("serial", "B80S5", "8BOSS"),
        ("phone", "091 234 5678", "+218 91 234 5678"),
        ("tail", "5A-DIA", "5A-D1A"),
    ],
)
def test_what_is_misread_is_found_as_a_lookalike(kind: str, one: str, other: str) -> None:
    assert normal(kind, one) != normal(kind, other)
    assert lookalike(kind, one) == lookalike(kind, other) != ""


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("vin", "1M8GDM9A0KP042788", "check_digit_wrong"),  # 49 CFR 565.15: X is right
        ("vin", "VF1BB05CF24682410", ""),  # a French maker sets no check digit
        ("vin", "11111111111111111", "wrong_form"),
        ("vin", "1M8GDM9AXKP04278", "wrong_form"),
        ("imo", "9074720", "check_digit_wrong"),
        ("imo", "907472", "wrong_form"),
        ("mmsi", "642167001", ""),  # 642: Libya
        ("mmsi", "199167001", ""),  # not a ship's
        ("mmsi", "799167001", "wrong_form"),
        ("mmsi", "000000000", "wrong_form"),
        ("callsign", "5ATQ", ""),
        ("callsign", "55TQ", "wrong_form"),
        ("imei", "490154203237519", "check_digit_wrong"),
        ("imei", "000000000000000", "wrong_form"),
        ("imei", "123", "wrong_form"),
        ("imsi", "606011234567890", ""),  # 606: Libya
        ("imsi", "106011234567890", "wrong_form"),
        ("phone", "+218 91", "wrong_form"),
        ("phone", "+218 91 234 56789", "wrong_form"),
        ("phone", "12", "wrong_form"),
        ("iban", "LY83 0020 4800 0020 1001 2036 2", "check_digit_wrong"),
        ("iban", "LY83 0020 4800 0020 1001 2036", "wrong_form"),
        ("iban", "TN59 1000 6035 1835 9847 8831", ""),
        ("icao24", "000000", "wrong_form"),
        ("icao24", "FFFFFF", "wrong_form"),
        ("icao24", "01800G", "wrong_form"),
        ("tail", "12345", "wrong_form"),
        ("plate", "ق ص", "wrong_form"),
        ("plate", "AB", "wrong_form"),
        ("serial", "none", "wrong_form"),
        ("other", "???", "wrong_form"),
    ],
)
def test_what_can_be_no_number_of_its_kind(kind: str, number: str, code: str) -> None:
    assert fault(kind, number) == code


def test_a_check_digit_that_few_makers_set_is_a_hint() -> None:
    assert hint("vin", "VF1BB05CF24682410") == "check_digit_wrong"
    assert hint("vin", "1M8GDM9AXKP042788") == hint("imo", "9074720") == ""


@given(st.integers(min_value=10**13, max_value=10**14 - 1), st.data())
def test_one_wrong_digit_of_a_device_is_seen(device: int, data: Any) -> None:
    check = next(d for d in string.digits if luhn(f"{device}{d}"))
    right = f"{device}{check}"
    at = data.draw(st.integers(min_value=0, max_value=14))
    other = data.draw(st.sampled_from([d for d in string.digits if d != right[at]]))
    wrong = right[:at] + other + right[at + 1 :]
    assert (fault("imei", right), fault("imei", wrong)) == ("", "check_digit_wrong")


def test_a_kind_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="postcode"):
        normal("postcode", "1234")
