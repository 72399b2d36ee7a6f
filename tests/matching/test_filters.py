"""A filter has every entry, hardly anything else, one encoding, and no other bytes are taken for one."""

import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.matching.logic import filters
from jiwar.matching.logic.filters import FilterInvalid

OUTPUTS = st.lists(st.binary(min_size=32, max_size=32), max_size=300)
SECRET = b"s" * 32


@given(OUTPUTS)
def test_every_entry_is_found(outputs: list[bytes]) -> None:
    assert all(filters.holds(filters.encode(outputs, SECRET), outputs))


@given(OUTPUTS, st.randoms(use_true_random=False))
def test_a_set_has_one_encoding_in_whatever_order(outputs: list[bytes], order: random.Random) -> None:
    encoded = filters.encode(outputs, SECRET)
    order.shuffle(outputs)
    assert filters.encode(outputs, SECRET) == encoded


@given(OUTPUTS, st.integers(0), st.integers(0, 7))
def test_a_changed_bit_is_another_set_or_no_filter(outputs: list[bytes], place: int, bit: int) -> None:
    outputs = list(dict.fromkeys(outputs))
    encoded = bytearray(filters.encode(outputs, SECRET))
    encoded[place % len(encoded)] ^= 1 << bit
    try:
        values = filters._read(bytes(encoded))[0]
    except FilterInvalid:
        return
    assert filters._write(values) == bytes(encoded)


@given(st.binary(max_size=500))
def test_other_bytes_are_refused_or_are_the_one_encoding(data: bytes) -> None:
    try:
        values = filters._read(data)[0]
    except FilterInvalid:
        return
    assert filters._write(values) == data


@pytest.mark.parametrize("count", [63, 0, (1 << 17) + 1, 2**32 - 1])
def test_a_count_beyond_its_limits_is_refused_before_anything_is_made(count: int) -> None:
    with pytest.raises(FilterInvalid):
        filters.entries(count.to_bytes(4, "big") + bytes(400))


def test_bytes_after_the_filter_are_refused() -> None:
    encoded = filters.encode([secrets.token_bytes(32)], SECRET)
    assert filters.entries(encoded) == filters.LEAST_ENTRIES
    with pytest.raises(FilterInvalid):
        filters.entries(encoded + b"\0")


def test_a_set_too_large_is_an_error() -> None:
    with pytest.raises(ValueError, match="131073"):
        filters.encode([n.to_bytes(32, "big") for n in range((1 << 17) + 1)], SECRET)


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 1000, 99_999])
def test_the_size_says_only_about_how_many_there_are(count: int) -> None:
    wanted = filters.padded(count)
    assert max(64, count) <= wanted <= max(64, count * 17 / 16)


def test_strangers_are_taken_for_entries_as_seldom_as_their_bits_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """2^-40 cannot be measured; with remainders of 8 bits the same code errs once in 256 to 512 times."""
    monkeypatch.setattr(filters, "REMAINDER_BITS", 8)
    made = random.Random(9497)
    members = [made.randbytes(32) for _ in range(3000)]
    values, quotient_bits = filters._kept([m[:8] for m in members], 12), 12
    kept = set(values.tolist())
    strangers = 200_000
    wrong = sum(made.getrandbits(64) >> 64 - 8 - quotient_bits in kept for _ in range(strangers))
    expected = strangers * len(kept) / 2 ** (8 + quotient_bits)
    assert 1 / 512 < len(kept) / 2 ** (8 + quotient_bits) <= 1 / 256
    assert expected * 0.8 < wrong < expected * 1.2


def test_no_stranger_of_a_hundred_thousand_is_taken_for_an_entry() -> None:
    made = random.Random(1)
    encoded = filters.encode([made.randbytes(32) for _ in range(20_000)], SECRET)
    assert not any(filters.holds(encoded, [made.randbytes(32) for _ in range(100_000)]))
    assert 42 < len(encoded) * 8 / filters.entries(encoded) < 43.1
