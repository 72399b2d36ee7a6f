"""strict_json: what it refuses, and RFC 8785 as the standard's own examples have it."""

import contextlib
import json
import math
import struct

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from jiwar.wire.strict_json import JsonRefused, canonical, parse, parse_canonical

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)


def code_of(data: bytes, **limits: int) -> str:
    with pytest.raises(JsonRefused) as caught:
        parse(data, **limits)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xef\xbb\xbf{}", "byte_order_mark"),
        (b'"\xff"', "not_utf8"),
        (b'"\xc0\x80"', "not_utf8"),  # overlong NUL
        (b'"\xed\xa0\x80"', "not_utf8"),  # a surrogate in UTF-8
        ("{}".encode("utf-16"), "not_utf8"),
        ("{}".encode("utf-16-le"), "nul"),
        (b'"a\0"', "nul"),
        (rb'"a\u0000"', "nul"),
        (rb'{"\u0000":1}', "nul"),
        (rb'"\ud800"', "lone_surrogate"),
        (rb'"\uDC00\ud800"', "lone_surrogate"),
        (rb'"\ud83d\\ude00"', "lone_surrogate"),
        (rb'"\\\udfff"', "lone_surrogate"),
        (b"NaN", "not_a_number"),
        (b"[Infinity]", "not_a_number"),
        (b"-Infinity", "not_a_number"),
        (b"1e999", "number_too_large"),
        (b"-1e999", "number_too_large"),
        (b"1" * 22, "integer_too_long"),
        (b"[-" + b"9" * 5000 + b"]", "integer_too_long"),
        (b'{"a":1,"a":1}', "duplicate_name"),
        (rb'{"a":1,"\u0061":2}', "duplicate_name"),
        (b"{} {}", "trailing_data"),
        (b"1 2", "trailing_data"),
        (b"", "syntax"),
        (b"  ", "syntax"),
        (b"[1,]", "syntax"),
        (b"{'a':1}", "syntax"),
        (b"01", "trailing_data"),
        (b"+1", "syntax"),
        (b".5", "syntax"),
        (b"0x10", "trailing_data"),
        (b"// no\n1", "syntax"),
        (b'"a\nb"', "syntax"),
        (b'"open', "syntax"),
        (b'"open\\', "syntax"),
        (rb'"\x41"', "syntax"),
        ("١٢٣".encode(), "syntax"),
        (b"[" * 33 + b"]" * 33, "too_deep"),
        (b"[" * 500_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b"[" + b"[]," * 60_000 + b"[]]", "too_many_items"),
        (b"[" + b"0," * 100_000 + b"0]", "too_many_items"),
        (b" " * 1_000_001, "too_large"),
    ],
)
def test_refused(data, code):
    assert code_of(data) == code


def test_limits_are_exact():
    assert parse(b"[" * 32 + b"]" * 32) is not None
    assert parse(b"[0,0,0]", max_items=3) == [0, 0, 0]
    assert code_of(b"[0,0,0]", max_items=2) == "too_many_items"
    assert parse(b"[[]]", max_depth=2) == [[]]
    assert code_of(b"[[]]", max_depth=1) == "too_deep"
    assert parse(b" 1", max_bytes=2) == 1
    assert code_of(b"  1", max_bytes=2) == "too_large"
    assert parse(b"-12", max_digits=2) == -12
    assert code_of(b"-123", max_digits=2) == "integer_too_long"


def test_brackets_and_commas_inside_strings_do_not_count():
    tricky = '[[[,,,"\\\\' * 50
    assert parse(json.dumps([tricky]).encode(), max_depth=1, max_items=1) == [tricky]


def test_recursion_is_refused_even_where_the_caller_allows_depth():
    assert code_of(b"[" * 200_000 + b"]" * 200_000, max_depth=10**6, max_items=10**6) == "too_deep"


def test_hard_negatives_are_taken():
    assert parse(rb'"\\u0000 \\ud800"') == r"\u0000 \ud800"
    assert parse(rb'"\ud83d\ude00"') == "\U0001f600"
    assert parse(b'{"a":{"a":1},"b":[{"a":2}]}') == {"a": {"a": 1}, "b": [{"a": 2}]}
    assert parse(b' \t\r\n"NaN" ') == "NaN"
    assert parse(b"1e308") == 1e308
    assert parse(b"1e-999") == 0


def test_positions_are_in_characters():
    for data, position in [
        ('["ليبيا", NaN]'.encode(), 10),
        (b'["NaN", NaN]', 8),
        ('["é"'.encode() + b"\xff]", 4),
        ('["é", 1 2]'.encode(), 8),
        (r'["é\\", "\ud800"]'.encode(), 9),
        (b"[[[1]]]", 2),
    ]:
        with pytest.raises(JsonRefused) as caught:
            parse(data, max_depth=2)
        assert caught.value.position == position
        assert str(position) in str(caught.value)


@given(st.binary(max_size=200))
@example(b'"\\')
@example(b'{"":')
def test_arbitrary_bytes_raise_nothing_else(data):
    with contextlib.suppress(JsonRefused):
        parse(data)


@given(st.text(alphabet='[]{},:"\\u0dD8cC1eE.-+ NaInfity\n', max_size=60))
def test_json_like_text_raises_nothing_else_and_what_is_taken_is_plain_json(text):
    with contextlib.suppress(JsonRefused):
        assert parse(text.encode()) == json.loads(text)


# RFC 8785 section 3.2.2 to 3.2.4: sample input and its canonical form.
RFC_INPUT = rb"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
RFC_OUTPUT = (
    b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
    b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
)

# RFC 8785 section 3.2.3: names sort by UTF-16 code units.
RFC_NAMES = rb"""{
  "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
  "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
}"""
RFC_ORDER = [
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
]


def test_rfc_8785_sample():
    assert canonical(parse(RFC_INPUT)) == RFC_OUTPUT


def test_rfc_8785_order_of_names():
    assert list(json.loads(canonical(parse(RFC_NAMES))).values()) == RFC_ORDER


@pytest.mark.parametrize(
    ("double", "text"),  # RFC 8785 appendix B
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_rfc_8785_numbers(double, text):
    (number,) = struct.unpack(">d", bytes.fromhex(double))
    assert canonical(number) == text.encode()
    assert canonical(parse(text.encode())) == text.encode()


@given(values)
@example(1e20)
@example([9007199254740992.0, -1e20, 123456789012345680000.0])
@example({"\ufb33": 1, "\U0001f600": 2})
def test_canonical_form_is_a_fixed_point(value):
    once = canonical(value)
    assert canonical(parse(once)) == once


@given(values)
@example({"a": '\x01\x1f\x7f\x80\u2028\\/"\b\f\n\r\t', "B": [], "b": {}, "": -0})
@example({"é": 1, "\ue000": 2, "\U0001f600": 3})
@example((1, [2, (True, None)]))
def test_the_library_writes_the_same(value):
    assert canonical(value) == rfc8785.dumps(value)


@given(values)
def test_what_is_written_reads_back(value):
    assert _near(parse(canonical(value)), value)


def _near(read: object, written: object) -> bool:
    """Equality, but a double from 2^53 on reads back as the integer of its shortest decimal."""
    match written:
        case list():
            return len(read) == len(written) and all(map(_near, read, written))
        case dict():
            return read.keys() == written.keys() and all(_near(read[name], written[name]) for name in written)
        case float():
            return float(read) == written
    return read == written and type(read) is type(written)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (math.nan, "not_a_number"),
        ([math.inf], "not_a_number"),
        (2**53 + 1, "integer_inexact"),
        (10**400, "integer_inexact"),
        (295147905179352825856, "integer_inexact"),  # the double is exact, its shortest decimal is not this one
        ("\ud800", "lone_surrogate"),
        ({"\ud800": 1}, "lone_surrogate"),
        ("a\0", "nul"),
        ({1: 2}, "unsupported_type"),
        ({b"a": 2}, "unsupported_type"),
        (b"a", "unsupported_type"),
        ({1, 2}, "unsupported_type"),
        (object(), "unsupported_type"),
    ],
)
def test_no_canonical_form(value, code):
    with pytest.raises(JsonRefused) as caught:
        canonical(value)
    assert caught.value.code == code


def test_a_cycle_has_no_canonical_form():
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(JsonRefused) as caught:
        canonical(cycle)
    assert caught.value.code == "too_deep"


def test_an_escaped_backslash_is_no_nul():
    assert parse(canonical(r"\u0000")) == r"\u0000"


@given(values)
def test_a_canonical_text_is_read_as_any_other_is(value: object) -> None:
    text = canonical(value)
    assert parse_canonical(text) == parse(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"a":1,"a":1}', "duplicate_name"),
        (b'{"b":1,"a":2}', "not_canonical"),
        (b'{"a": 1}', "not_canonical"),
        (b"1e400", "number_too_large"),
        (b"[1E2]", "not_canonical"),
        (b"NaN", "not_a_number"),
        (rb'"\ud800"', "lone_surrogate"),
        (rb'"\u0041"', "not_canonical"),
        (b"[" * 40, "too_deep"),
        (b"9" * 5000, "integer_too_long"),
        (b"", "syntax"),
    ],
)
def test_a_text_that_is_not_canonical_is_refused_for_the_worst_that_is_wrong(text: bytes, code: str) -> None:
    with pytest.raises(JsonRefused) as refused:
        parse_canonical(text)
    assert refused.value.code == code
