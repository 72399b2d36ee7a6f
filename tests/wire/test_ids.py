"""ids: UUIDv7 as RFC 9562 has it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.wire.ids import timestamp, uuid7

instants = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))


def test_rfc_9562_appendix_a6():
    at = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    # rand_a = 0xCC3, rand_b = 0b01 || 0x8C4DC0C0C07398F
    random = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
    assert uuid7(at, random) == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")


@given(instants, st.none() | st.binary(min_size=10, max_size=10))
def test_version_variant_and_time(at, random):
    made = uuid7(at, random)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert timestamp(made) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(instants)
def test_rises_within_one_millisecond(at):
    made = [uuid7(at) for _ in range(200)]
    assert made == sorted(set(made))


@given(instants, instants)
def test_a_later_millisecond_sorts_later(one, other):
    early, late = sorted([one, other])
    if timestamp(uuid7(early)) < timestamp(uuid7(late)):
        assert uuid7(early) < uuid7(late)
        assert str(uuid7(early)) < str(uuid7(late))


def test_threads_never_share_one():
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: uuid7(at), range(2000)))
    assert len(set(made)) == 2000


def test_refusals():
    with pytest.raises(ValueError, match="naive"):
        uuid7(datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="1970"):
        uuid7(datetime(1969, 12, 31, tzinfo=UTC))
    with pytest.raises(ValueError, match="10 bytes"):
        uuid7(datetime(2026, 1, 1, tzinfo=UTC), b"short")
    with pytest.raises(ValueError, match="not a UUIDv7"):
        timestamp(uuid4())
    with pytest.raises(ValueError, match="9999"):
        timestamp(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"))
