"""Shares: any m of n give the secret, fewer or foreign ones do not; a slip of the pen is found in its line."""

import contextlib
import itertools
import re
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jiwar.identity.logic.shares import MOST, Share, ShareInvalid, combine, interpolate, read, split, write

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRETS = st.binary(min_size=32, max_size=32)


def drawn(data: st.DataObject) -> Callable[[int], bytes]:
    return lambda n: data.draw(st.binary(min_size=n, max_size=n))


def times(a: int, b: int) -> int:
    """a · b in GF(2^8) by the book: multiply without carry, then divide by x^8 + x^4 + x^3 + x + 1."""
    product = 0
    for i in range(8):
        product ^= (a << i) * (b >> i & 1)
    for i in reversed(range(8, 15)):
        product ^= (0x11B << i - 8) * (product >> i & 1)
    return product


def share(number: int = 1, **changes: object) -> Share:
    fields = {
        "state": "LBY",
        "root": "00112233",
        "threshold": 2,
        "count": 3,
        "number": number,
        "value": bytes(range(32)),
    }
    return Share(**{**fields, **changes})  # type: ignore[arg-type]


def code_of(text: str) -> tuple[str, int]:
    with pytest.raises(ShareInvalid) as refused:
        read(text)
    return refused.value.code, refused.value.line


@given(SECRETS, st.integers(2, 6), st.integers(0, 4), st.data())
def test_any_threshold_of_the_shares_gives_the_secret(
    secret: bytes, threshold: int, more: int, data: st.DataObject
) -> None:
    count = threshold + more
    values = split(secret, threshold, count, drawn(data))
    numbers = data.draw(st.lists(st.integers(1, count), min_size=threshold, max_size=count, unique=True))
    shares = [share(n, threshold=threshold, count=count, value=values[n - 1]) for n in numbers]
    assert combine(shares) == secret


@given(SECRETS, st.integers(2, 5), st.data())
def test_a_share_is_the_polynomial_at_its_number(secret: bytes, threshold: int, data: st.DataObject) -> None:
    drawn_before: list[bytes] = []

    def random(n: int) -> bytes:
        drawn_before.append(data.draw(st.binary(min_size=n, max_size=n)))
        return drawn_before[-1]

    values = split(secret, threshold, MOST, random)
    for x, value in enumerate(values, 1):
        for byte, coefficients in enumerate(zip(secret, *drawn_before, strict=True)):
            expected, power = 0, 1
            for coefficient in coefficients:
                expected ^= times(coefficient, power)
                power = times(power, x)
            assert value[byte] == expected


@given(SECRETS, SECRETS, st.data())
def test_too_few_shares_fit_every_secret(secret: bytes, other: bytes, data: st.DataObject) -> None:
    """Of 2 of 3: whoever holds share 1 alone finds, for any secret at all, a share 2 that gives it."""
    first = split(secret, 2, 3, drawn(data))[0]
    second = bytes(o ^ times(2, o ^ f) for o, f in zip(other, first, strict=True))
    assert interpolate({1: first, 2: second}) == other


def test_shares_that_do_not_go_together_are_refused() -> None:
    for shares, code in (
        ([], "shares_too_few"),
        ([share(1)], "shares_too_few"),
        ([share(1), share(1)], "share_twice"),
        ([share(1), share(2, root="ffffffff")], "shares_mixed"),
        ([share(1), share(2, state="NER")], "shares_mixed"),
        ([share(1), share(2, threshold=3)], "shares_mixed"),
        ([share(1, threshold=3), share(2, threshold=3)], "shares_too_few"),
    ):
        with pytest.raises(ShareInvalid, match=code):
            combine(shares)


@pytest.mark.parametrize(("threshold", "count"), [(1, 3), (4, 3), (2, 17), (0, 0)])
def test_a_split_that_protects_nothing_is_refused(threshold: int, count: int) -> None:
    with pytest.raises(ValueError, match="shares"):
        split(bytes(32), threshold, count, bytes)


@given(st.integers(2, MOST), st.integers(0, MOST - 2), st.data(), SECRETS)
def test_what_is_written_is_read(threshold: int, more: int, data: st.DataObject, value: bytes) -> None:
    count = min(MOST, threshold + more)
    one = share(data.draw(st.integers(1, count)), threshold=threshold, count=count, value=value)
    text = write(one)
    assert re.fullmatch(rf"(([{ALPHABET}]{{4}} ?){{5}}\n?){{4}}", text)
    assert read(text) == one
    assert read(text.lower().replace(" ", "-")) == one
    assert read(text.replace("0", "O").replace("1", "l")) == one
    assert read(f'<html><pre class="x" id="share" dir="ltr">{text}</pre></html>') == one
    assert read(text.replace(" ", "").replace("\n", "")) == one
    assert value.hex() not in repr(one)


@given(SECRETS, st.integers(0, 79), st.sampled_from(ALPHABET))
def test_a_wrong_symbol_is_found_in_its_line(value: bytes, at: int, put: str) -> None:
    symbols = list(write(share(value=value)).replace(" ", "").replace("\n", ""))
    assume(symbols[at] != put)
    symbols[at] = put
    lines = ["".join(symbols[i : i + 20]) for i in range(0, 80, 20)]
    assert code_of("\n".join(lines)) == ("share_line", at // 20 + 1)


@given(SECRETS, st.integers(0, 3), st.integers(0, 19), st.integers(0, 19))
def test_two_symbols_that_changed_places_are_found_in_their_line(value: bytes, line: int, a: int, b: int) -> None:
    lines = [list(text.replace(" ", "")) for text in write(share(value=value)).split("\n")]
    assume(lines[line][a] != lines[line][b])
    lines[line][a], lines[line][b] = lines[line][b], lines[line][a]
    assert code_of("\n".join(map("".join, lines))) == ("share_line", line + 1)


@given(SECRETS)
def test_lines_in_another_order_are_refused(value: bytes) -> None:
    lines = write(share(value=value)).split("\n")
    for order in itertools.permutations(lines):
        if list(order) != lines:
            assert code_of("\n".join(order))[0] == "share_line"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "share_length"),
        ("0000\n" * 3, "share_length"),
        ("A" * 200_001, "share_length"),
        ("UUUU UUUU UUUU UUUU UUUU\n" * 4, "share_symbols"),
        ("٠" * 20 + "\n" + "0000 0000 0000 0000 0000\n" * 3, "share_symbols"),
        ("0000 0000 0000 0000\n" * 4, "share_length"),
    ],
)
def test_what_is_no_share_is_refused(text: str, code: str) -> None:
    assert code_of(text)[0] == code


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with contextlib.suppress(ShareInvalid):
        read(text)
