"""The envelope: what it hides, what it binds, what it refuses."""

import base64
import datetime as dt
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic.envelope import EnvelopeInvalid, Header
from jiwar.identity.keys import KeyRing, sealing_public, signing_public
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical

NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)
SENDER, RECIPIENT, OTHER = KeyRing.make(), KeyRing.make(), KeyRing.make()


def sealed(payload: dict[str, object] | None = None, **changes: object) -> bytes:
    header = {
        "id": uuid7(NOW),
        "sender": "LBY",
        "recipient": "NER",
        "seq": 1,
        "prev": envelopes.FIRST,
        "expires": NOW + dt.timedelta(days=30),
    }
    return envelopes.seal(
        Header(**(header | changes)),  # type: ignore[arg-type]
        payload if payload is not None else {"type": "record"},
        sealing_key=RECIPIENT.sealing[0].id,
        sealing_public=sealing_public(RECIPIENT.sealing[0].public),
        signing_key=SENDER.signing[0].id,
        signing_private=SENDER.signing[0].private,
    )


def opened(data: bytes) -> dict[str, object]:
    envelope = envelopes.read(data)
    envelopes.verify(envelope, signing_public(SENDER.signing[0].public), "NER", NOW)
    return envelopes.unseal(envelope, RECIPIENT.sealing[0].private)


@given(st.dictionaries(TEXT, TEXT, max_size=20))
@settings(max_examples=30)
def test_what_is_sealed_comes_out_as_it_was(payload: dict[str, object]) -> None:
    assert opened(sealed(payload)) == payload


def test_the_body_tells_a_watcher_its_size_class_alone() -> None:
    sizes = {len(envelopes.read(sealed({"text": "x" * n})).ciphertext) for n in (0, 1, 100, 900)}
    assert sizes == {1024 + 16}
    assert b"warrant" not in sealed({"text": "warrant"})


def test_another_recipient_cannot_open_it() -> None:
    with pytest.raises(EnvelopeInvalid, match="envelope_seal"):
        envelopes.unseal(envelopes.read(sealed()), OTHER.sealing[0].private)


def test_another_signer_is_not_believed() -> None:
    with pytest.raises(EnvelopeInvalid, match="envelope_signature"):
        envelopes.verify(envelopes.read(sealed()), signing_public(OTHER.signing[0].public), "NER", NOW)


def test_a_header_is_bound_to_the_seal() -> None:
    """A genuine sender's body cannot be put under another header, even signed anew by the sender."""
    first, second = json.loads(sealed({"text": "a"})), json.loads(sealed({"text": "b"}, seq=2))
    mixed = first | {"keys": second["keys"], "body": second["body"], "nonce": second["nonce"]}
    mixed.pop("signature")
    signature = SENDER.signing[0].sign(b"jiwar-envelope/1\n" + canonical(mixed))
    value = {"key": SENDER.signing[0].id, "value": base64.b64encode(signature).decode()}
    with pytest.raises(EnvelopeInvalid, match="envelope_seal"):
        opened(canonical(mixed | {"signature": value}))


@given(st.data())
@settings(max_examples=60)
def test_any_altered_byte_is_refused(data: st.DataObject) -> None:
    whole = sealed()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]))
    with pytest.raises(EnvelopeInvalid):
        opened(whole[:at] + bytes([byte]) + whole[at + 1 :])


@given(st.binary(max_size=400))
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
    ],
)
def test_a_wrong_header_is_named(changes: dict[str, object], code: str) -> None:
    with pytest.raises(EnvelopeInvalid) as refused:
        opened(sealed(**changes))
    assert refused.value.code == code


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_another_version_is_refused_by_name(version: object) -> None:
    members = json.loads(sealed())
    members["header"]["v"] = version
    with pytest.raises(EnvelopeInvalid) as refused:
        envelopes.read(canonical(members))
    assert refused.value.code == "envelope_version"


def test_what_is_too_large_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(EnvelopeInvalid, match="envelope_too_large"):
        envelopes.read(b"{" * (envelopes.MAX_BYTES + 1))
