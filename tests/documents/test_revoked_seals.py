"""Lists of revoked seals: small, exact, by month, and only of the state that signs them."""

import base64
import contextlib
import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.access.permissions import Permission as P
from jiwar.access.services import as_node
from jiwar.documents import revoked_seals
from jiwar.documents.logic.revoked import MOST, SIZE, ListInvalid, digest, pack, seconds, unpack
from jiwar.documents.models import RevokedSeal
from jiwar.documents.revoked_kinds import REVOKED, last_moment
from jiwar.records.models import Record
from tests.watchlist.conftest import own_keys  # noqa: F401

DIGESTS = st.binary(min_size=SIZE, max_size=SIZE)


@given(st.sets(DIGESTS, max_size=50))
def test_a_list_reads_as_it_was_packed(digests: set[bytes]) -> None:
    assert unpack(pack(digests)) == tuple(sorted(digests))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_list_that_reads_back_or_are_refused(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    with contextlib.suppress(ListInvalid):
        assert pack(unpack(text)) == text


@pytest.mark.parametrize("text", ["AAAA", "AAAAAAAB" * 2, "////////AAAAAAAA", "é", "AAAAAAA=", "A" * (MOST * 8 + 8)])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(ListInvalid):
        unpack(text)


def test_ten_thousand_revoked_seals_cross_a_thin_link_in_ten_seconds() -> None:
    """A year of them, a list for each month: the whole in ten seconds of 64 kbit/s, one more revocation in one."""
    months = [[hashlib.sha256(b"%d" % i).digest()[:SIZE] for i in range(m, 10_000, 12)] for m in range(12)]
    assert sum(map(seconds, months)) < 11
    assert max(map(seconds, months)) < 1


def test_a_signature_in_its_other_form_does_not_escape() -> None:
    signed = b"header and messages"
    assert digest(signed) == hashlib.sha256(signed).digest()[:6]  # and nothing of the signature


@pytest.mark.parametrize(
    ("month", "last"), [("2026-12", (2027, 1, 2)), ("2027-01", (2027, 2, 2)), ("2028-02", (2028, 3, 2))]
)
def test_a_list_is_kept_until_its_last_document_is_over_everywhere(month: str, last: tuple[int, int, int]) -> None:
    assert last_moment(month) == dt.datetime(*last, tzinfo=dt.UTC)


def test_one_more_revocation_replaces_one_month_alone(own_keys: None, settings: Any, tmp_path: Path) -> None:  # noqa: F811
    by = as_node(P.EXCHANGE_LINK_READ)
    soon = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)
    later = soon + dt.timedelta(days=62)
    first = revoked_seals.revoke(by, ["00" * 6], soon)
    revoked_seals.revoke(by, ["11" * 6], later)
    second = revoked_seals.revoke(by, ["22" * 6], soon)
    assert (second.uid, second.version) == (first.uid, 2)
    first.refresh_from_db()
    assert first.state == Record.State.SUPERSEDED
    assert set(RevokedSeal.objects.values_list("digest", flat=True)) == {"00" * 6, "11" * 6, "22" * 6}
    assert revoked_seals.of_states() == {settings.NODE.state: 3}
    assert len(second.statement) < 1200
    assert REVOKED.instrument
    assert not REVOKED.personal
