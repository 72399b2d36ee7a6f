"""Two offices write one key in two ways and mean the same; a slip of the pen is caught where the key can show it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.matching.logic.key_types import BULK_BITS, RULES, KeyType, Mode
from jiwar.matching.logic.keys import COLUMNS, KeyInvalid, Reader, message
from jiwar.matching.logic.lines import MOST_FAULTS, LinesInvalid, read_lines
from jiwar.matching.own_keys import reader
from jiwar.watchlist.matchable import skeletons
from tests.watchlist.test_names import SAME, rows

K = KeyType
READER = reader()

SAME_KEY = [
    (K.DOCUMENT, ("LBY", "AB 123456"), ("lby", "ab-123456"), "LBY AB123456"),
    (K.DOCUMENT, ("NER", "09PC11873"), ("NER", "٠٩PC١١٨٧٣"), "NER 09PC11873"),
    (K.DOCUMENT, ("D", "C01X00T47"), ("d", "C01X00T47<<"), "D C01X00T47"),
    (K.IBAN, ("GB82 WEST 1234 5698 7654 32",), ("gb82west12345698765432",), "GB82WEST12345698765432"),
    (K.IBAN, ("TN59 1000 6035 1835 9847 8831",), ("TN5910006035183598478831",), "TN5910006035183598478831"),
    (K.IMEI, ("49-015420-323751-8",), ("490154203237518",), "49015420323751"),
    (K.IMEI, ("49015420323751",), ("4901542032375100",), "49015420323751"),
    (K.NAME_BIRTH, ("Salem OULD KHATTAR", "1984-03-09"), ("سالم ولد خطار", "١٩٨٤-٠٣-٠٩"), "1984-03-09 ktr slm"),
    (K.PHONE, ("+218 91-123 4567",), ("00218 (91) 1234567",), "+218911234567"),
    (K.PHONE, ("\u200e+227 90 12 34 56",), ("+22790123456",), "+22790123456"),
    (K.PLATE, ("LBY", "5-12345"), ("LBY", "٥ ١٢٣٤٥"), "LBY 512345"),
    (K.PLATE, ("TUN", "123 تونس 4567"), ("tun", "123-تونس-4567"), "TUN 123تونس4567"),
    (K.VIN, ("1M8GDM9AXKP042788",), ("1m8gdm9axkpO42788",), "1M8GDM9AXKP042788"),
    (K.VIN, ("WVWZZZ1JZXW000001",), ("WVW ZZZ IJZ XWOOOOO1",), "WVWZZZ1JZXW000001"),
    (K.WEAPON, ("Izhmash", "АБ 1023"), ("IZHMASH", "аб-1O23"), "IZHMASH АБ1023"),
    (K.WEAPON, ("FN Herstal", "I0 44/2"), ("fn-herstal", "1O442"), "FNHERSTAL 10442"),
]


@pytest.mark.parametrize(("key_type", "one", "other", "normal"), SAME_KEY)
def test_two_spellings_are_one_key(
    key_type: KeyType, one: tuple[str, ...], other: tuple[str, ...], normal: str
) -> None:
    assert normal in READER.read(key_type, one)
    assert set(READER.read(key_type, one)) == set(READER.read(key_type, other))


@pytest.mark.parametrize(
    ("key_type", "one", "other"),
    [
        (K.DOCUMENT, ("LBY", "123456"), ("NER", "123456")),
        (K.DOCUMENT, ("LBY", "O23456"), ("LBY", "023456")),  # a document number is exact
        (K.PLATE, ("LBY", "512345"), ("LBY", "512345ط")),
        (K.PHONE, ("+21891123456",), ("+218911234567",)),
        (K.WEAPON, ("Izhmash", "1023"), ("Zastava", "1023")),
        (K.NAME_BIRTH, ("Salem Khattar", "1984-03-09"), ("Salem Khattar", "1984-09-03")),
        (K.NAME_BIRTH, ("Hassan Ali", "1984-03-09"), ("Khaled Ali", "1984-03-09")),
    ],
)
def test_other_keys_stay_apart(key_type: KeyType, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert not set(READER.read(key_type, one)) & set(READER.read(key_type, other))


@pytest.mark.parametrize(
    ("key_type", "values", "code", "field"),
    [
        (K.DOCUMENT, ("LBY", "123"), "number_wrong_form", "number"),
        (K.DOCUMENT, ("LIB", "123456"), "country_unknown", "country"),
        (K.DOCUMENT, ("LBY",), "columns_wrong", ""),
        (K.DOCUMENT, ("LBY", " "), "missing", "number"),
        (K.DOCUMENT, ("LBY", "1" * 201), "too_long", "number"),
        (K.IBAN, ("GB82 WEST 1234 5698 7654 33",), "check_digit_wrong", "iban"),
        (K.IBAN, ("GB00 WEST 1234 5698 7654 32",), "check_digit_wrong", "iban"),
        (K.IBAN, ("GB82",), "number_wrong_form", "iban"),
        (K.IMEI, ("490154203237519",), "check_digit_wrong", "imei"),
        (K.IMEI, ("49015420323751A",), "number_wrong_form", "imei"),
        (K.NAME_BIRTH, ("Salem Khattar", "1984"), "birth_date_not_full", "birth_date"),
        (K.NAME_BIRTH, ("Salem Khattar", "1984-01-01"), "birth_date_not_full", "birth_date"),
        (K.NAME_BIRTH, ("Salem Khattar", "1984-02-30"), "birth_date_not_full", "birth_date"),
        (K.NAME_BIRTH, ("Salem Khattar", "19840309"), "birth_date_not_full", "birth_date"),
        (K.NAME_BIRTH, ("Salem", "1984-03-09"), "name_too_short", "name"),
        (K.PHONE, ("091 1234567",), "number_wrong_form", "phone"),
        (K.PHONE, ("+218 91 123 4567 890 12",), "number_wrong_form", "phone"),
        (K.PLATE, ("LBY", "-"), "number_wrong_form", "plate"),
        (K.VIN, ("1M8GDM9A1KP042788",), "check_digit_wrong", "vin"),
        (K.VIN, ("1M8GDM9AXKP04278",), "number_wrong_form", "vin"),
        (K.WEAPON, ("Izhmash", "!"), "number_wrong_form", "serial"),
    ],
)
def test_what_is_no_key_is_said(key_type: KeyType, values: tuple[str, ...], code: str, field: str) -> None:
    with pytest.raises(KeyInvalid) as invalid:
        READER.read(key_type, values)
    assert (invalid.value.code, invalid.value.field) == (code, field)


@pytest.mark.parametrize("wrong", ["1M8GDM9AXKP042788", "490154203237518", "GB82WEST12345698765432"])
def test_any_one_digit_misread_is_caught(wrong: str) -> None:
    key_type = {"1": K.VIN, "4": K.IMEI, "G": K.IBAN}[wrong[0]]
    for place, digit in enumerate(wrong):
        if digit.isdigit() and (key_type is not K.VIN or place != 0):
            changed = wrong[:place] + str((int(digit) + 1) % 10) + wrong[place + 1 :]
            with pytest.raises(KeyInvalid):
                READER.read(key_type, (changed,))


@given(st.sampled_from(KeyType), st.lists(st.text(max_size=250), max_size=3))
def test_any_text_is_a_key_or_a_reason(key_type: KeyType, values: list[str]) -> None:
    try:
        normals = READER.read(key_type, values)
    except KeyInvalid:
        return
    assert 0 < len(normals) <= 8
    assert all(normal.isprintable() and "\n" not in normal and len(normal) <= 400 for normal in normals)


def test_spellings_of_one_name_have_a_skeleton_in_common() -> None:
    pairs = [pair for pair in rows(SAME, "=") if skeletons(pair[0])]
    assert len(pairs) == 20
    missed = [pair for pair in pairs if not set(skeletons(pair[0])) & set(skeletons(pair[1]))]
    assert missed == []


def test_a_father_left_out_still_meets_and_another_given_name_does_not() -> None:
    assert set(skeletons("محمد علي الشهري")) & set(skeletons("Mohamed Chehri"))
    assert set(skeletons("HADDAD Karim")) == set(skeletons("Karim Haddad"))
    assert not set(skeletons("Ahmed Ali Chehri")) & set(skeletons("Mohamed Ali Chehri"))


def test_every_type_between_two_states_in_each_direction_is_another_message() -> None:
    made = {
        message(k, a, b, "LBY 123456") for k in KeyType for a, b in (("LBY", "NER"), ("NER", "LBY"), ("LBY", "TUN"))
    }
    assert len(made) == 3 * len(KeyType)
    assert message(K.DOCUMENT, "LBY", "NER", "LBY P1") == b"jiwar-match/1\ndocument\nLBY\nNER\nLBY P1"


def test_what_can_be_tried_key_by_key_is_asked_online_only() -> None:
    assert {k for k, rule in RULES.items() if Mode.BULK in rule.modes} == {K.IBAN, K.NAME_BIRTH, K.VIN}
    assert {K.PHONE, K.PLATE, K.IMEI} <= {k for k, rule in RULES.items() if rule.modes == (Mode.ONLINE,)}
    for rule in RULES.values():
        a_year = 365 * max(rule.online_a_day, rule.bulk_a_day)
        assert a_year < 2**rule.bits / (200 if rule.bits >= BULK_BITS else 50)
        assert bool(rule.bulk_a_day) == (Mode.BULK in rule.modes)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_is_read_with_its_references_and_whatever_stands_between() -> None:
    text = "\ufeffcountry;number;reference\n# from the registry\n"
    text += "LBY;AB123456;case 7\n\nNER,09PC11873\r\nTUN\tX1234567\tb\n"
    lines = read_lines(text.encode(), K.DOCUMENT, READER, 10)
    assert [(line.number, line.keys, line.reference) for line in lines] == [
        (3, ("LBY AB123456",), "case 7"),
        (5, ("NER 09PC11873",), ""),
        (6, ("TUN X1234567",), "b"),
    ]


def test_a_name_may_hold_a_comma() -> None:
    [line] = read_lines(b"HADDAD, Karim;1990-05-07", K.NAME_BIRTH, READER, 10)
    assert line.keys == READER.read(K.NAME_BIRTH, ("Karim Haddad", "1990-05-07"))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b"LBY;AB123456\nLBY;12\nLIB;123456", [(2, "number", "number_wrong_form"), (3, "country", "country_unknown")]),
        (b"LBY;AB123456;x;y", [(1, "", "columns_wrong")]),
        (b"LBY;AB123456;" + b"r" * 81, [(1, "reference", "too_long")]),
        (b"LBY;AB123456;\x00", [(1, "", "control_character")]),
        (b"LBY;" + b"1" * 5000, [(1, "number", "too_long")]),
        (b"\xff\xfe", [(0, "", "not_utf8")]),
        (b"# nothing\n", [(0, "", "missing")]),
        (b"LBY;1234\n" * 11, [(11, "", "too_many_lines")]),
        (b"x" * 10_000_001, [(0, "", "list_too_large")]),
        (b"LBY;1\n" * 100, [(n, "number", "number_wrong_form") for n in range(1, MOST_FAULTS + 1)]),
    ],
)
def test_what_is_wrong_with_a_list_is_said_by_its_lines(data: bytes, faults: list[tuple[int, str, str]]) -> None:
    with pytest.raises(LinesInvalid) as invalid:
        read_lines(data, K.DOCUMENT, READER, 10)
    assert [fault[:3] for fault in invalid.value.faults] == faults


@given(st.sampled_from(KeyType), st.binary(max_size=300))
def test_any_bytes_are_a_list_or_a_reason(key_type: KeyType, data: bytes) -> None:
    try:
        lines = read_lines(data, key_type, Reader({"LBY"}, skeletons), 50)
    except LinesInvalid as invalid:
        found: object = 0 < len(invalid.faults) <= MOST_FAULTS
    else:
        found = all(line.keys for line in lines)
    assert found


def test_every_type_has_its_columns() -> None:
    assert set(COLUMNS) == set(RULES) == set(KeyType)
