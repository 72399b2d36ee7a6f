"""The envelope: what it hides, what it binds, what it refuses."""

import datetime as dt
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic.envelope import EnvelopeInvalid, Header
from jiwar.identity.keys import KeyRing, sealing_public, signing_public
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
SENDER, RECIPIENT, OTHER = KeyRing.make(), KeyRing.make(), KeyRing.make()


def header(**changes: object) -> Header:
    fields = {
        "id": uuid7(NOW),
        "sender": "LBY",
        "recipient": "NER",
        "stream": "routine.1.0",
        "seq": 1,
        "prev": envelopes.FIRST,
        "expires": NOW + dt.timedelta(days=30),
    }
    return Header(**(fields | changes))  # type: ignore[arg-type]


def sealed(payload: bytes = b"payload", to: tuple[KeyRing, ...] = (RECIPIENT,), **changes: object) -> bytes:
    return envelopes.seal(
        header(**changes),
        payload,
        sealing=[(ring.sealing[0].id, sealing_public(ring.sealing[0].public)) for ring in to],
        signing_key=SENDER.signing[0].id,
        signing_private=SENDER.signing[0].private,
    )


def opened(data: bytes, by: KeyRing = RECIPIENT) -> bytes:
    envelope = envelopes.read(data)
    if envelope.signing_key != SENDER.signing[0].id:  # as a recipient, who looks for the key by its id
        raise EnvelopeInvalid("key_unknown")
    envelopes.verify(envelope, signing_public(SENDER.signing[0].public), "NER", NOW)
    return envelopes.unseal(envelope, {key.id: key.private for key in by.sealing})


def resigned(data: bytes) -> bytes:
    """The same envelope under a genuine signature of the sender."""
    unsigned = data[:-72]
    key = SENDER.signing[0]
    return unsigned + bytes.fromhex(key.id) + key.sign(envelopes.LABEL + unsigned)


@given(st.binary(max_size=5000))
@settings(max_examples=30)
def test_what_is_sealed_comes_out_as_it_was(payload: bytes) -> None:
    assert opened(sealed(payload)) == payload


def test_the_body_tells_a_watcher_its_size_class_alone() -> None:
    sizes = {n: len(envelopes.read(sealed(b"x" * n)).ciphertext) - 16 for n in (0, 1, 1020, 1021, 2044, 2045)}
    assert sizes == {0: 1024, 1: 1024, 1020: 1024, 1021: 2048, 2044: 2048, 2045: 4096}
    assert b"warrant" not in sealed(b"warrant")


def test_either_key_of_a_rotation_opens_it_and_no_other() -> None:
    data = sealed(to=(RECIPIENT, OTHER))
    assert opened(data) == opened(data, OTHER) == b"payload"
    with pytest.raises(EnvelopeInvalid, match="sealing_key_unknown"):
        opened(data, SENDER)


def test_a_key_under_another_id_does_not_open_it() -> None:
    swapped = sealed().replace(bytes.fromhex(RECIPIENT.sealing[0].id), bytes.fromhex(OTHER.sealing[0].id))
    with pytest.raises(EnvelopeInvalid, match="envelope_seal"):
        opened(resigned(swapped), OTHER)


def test_another_signer_is_not_believed() -> None:
    with pytest.raises(EnvelopeInvalid, match="envelope_signature"):
        envelopes.verify(envelopes.read(sealed()), signing_public(OTHER.signing[0].public), "NER", NOW)


def test_a_header_is_bound_to_the_seal() -> None:
    """A genuine sender's body cannot be put under another header, even signed anew by the sender."""
    first, second = sealed(b"a"), sealed(b"b", seq=2)
    at = len(envelopes.MAGIC) + 2
    (length,) = struct.unpack_from(">H", first, at - 2)
    mixed = first[: at + length] + second[at + len(envelopes.read(second).head) :]
    with pytest.raises(EnvelopeInvalid, match="envelope_seal"):
        opened(resigned(mixed))


@given(st.data())
@settings(max_examples=60)
def test_any_altered_byte_is_refused(data: st.DataObject) -> None:
    whole = sealed()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]))
    with pytest.raises(EnvelopeInvalid):
        opened(whole[:at] + bytes([byte]) + whole[at + 1 :])


@given(st.data())
@settings(max_examples=40)
def test_any_cut_or_tail_is_refused(data: st.DataObject) -> None:
    whole = sealed()
    with pytest.raises(EnvelopeInvalid):
        envelopes.read(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(EnvelopeInvalid):
        envelopes.read(whole + data.draw(st.binary(min_size=1, max_size=100)))


@given(st.binary(max_size=400).map(lambda tail: tail if len(tail) % 2 else envelopes.MAGIC + tail))
def test_noise_is_refused_with_a_code(noise: bytes) -> None:
    with pytest.raises(EnvelopeInvalid) as refused:
        envelopes.read(noise)
    assert refused.value.code.startswith("envelope_")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": "TUN"}, "envelope_not_for_us"),
        ({"expires": NOW - dt.timedelta(seconds=1)}, "envelope_expired"),
        ({"seq": 0}, "envelope_field"),
        ({"prev": "xyz"}, "envelope_field"),
        ({"sender": "libya"}, "envelope_field"),
        ({"stream": "express.1.0"}, "envelope_field"),
        ({"stream": "routine.0.0"}, "envelope_field"),
        ({"stream": "routine.01.0"}, "envelope_field"),
    ],
)
def test_a_wrong_header_is_named(changes: dict[str, object], code: str) -> None:
    with pytest.raises(EnvelopeInvalid) as refused:
        opened(sealed(**changes))
    assert refused.value.code == code


@pytest.mark.parametrize("version", [0, 1, 3, 255])
def test_another_version_is_refused_by_name(version: int) -> None:
    """Lower is never taken, however genuine; higher waits at its sender for our upgrade."""
    data = sealed()
    with pytest.raises(EnvelopeInvalid) as refused:
        envelopes.read(resigned(data[:3] + bytes([version]) + data[4:]))
    assert (refused.value.code, refused.value.detail) == ("envelope_version", str(version))


def test_a_header_of_another_version_is_no_way_around() -> None:
    data, old = sealed(), canonical(header().as_json())
    forged = data.replace(old, old.replace(b'"v":2', b'"v":1'))
    with pytest.raises(EnvelopeInvalid, match="envelope_field"):
        envelopes.read(resigned(forged if forged != data else data.replace(b'"v":2', b'"v":1')))


def test_what_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(EnvelopeInvalid, match="envelope_too_large"):
        envelopes.read(envelopes.MAGIC + bytes(envelopes.MAX_BYTES))
    with pytest.raises(EnvelopeInvalid, match="envelope_too_large"):
        sealed(bytes(envelopes.MAX_PAYLOAD + 1))
