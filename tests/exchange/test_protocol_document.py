"""docs/protocol.md says what the code does: its example is sealed, read and opened, its limits are ours."""

import base64
import datetime as dt
import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from jiwar.exchange import courier, protocol, services
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import receipt
from jiwar.identity.keys import KeyRing
from jiwar.wire.strict_json import canonical

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")


def example(name: str) -> bytes:
    found = re.search(rf"```json {name}\n(.*?)\n```", TEXT, re.DOTALL)
    assert found
    return found[1].encode()


def test_the_example_is_sealed_read_and_opened_again() -> None:
    stated, payload = json.loads(example("header")), json.loads(example("payload"))
    header = envelopes.Header(
        UUID(stated["id"]),
        stated["from"],
        stated["to"],
        stated["seq"],
        stated["prev"],
        dt.datetime.fromisoformat(stated["expires"]),
    )
    assert canonical(header.as_json()) == example("header")
    sender, recipient = KeyRing.make(), KeyRing.make()
    sealing, signing = recipient.sealing[0], sender.signing[0]
    data = envelopes.seal(
        header,
        payload,
        sealing_key=sealing.id,
        sealing_public=sealing.private.public_key(),
        signing_key=signing.id,
        signing_private=signing.private,
    )
    assert set(json.loads(data)) == {"header", "keys", "nonce", "body", "signature"}
    assert len(base64.b64decode(json.loads(data)["body"])) == 1024 + 16
    read = envelopes.read(data)
    envelopes.verify(read, signing.private.public_key(), stated["to"], header.expires - dt.timedelta(days=1))
    assert canonical(envelopes.unseal(read, sealing.private)) == example("payload")
    with pytest.raises(envelopes.EnvelopeInvalid, match="envelope_expired"):
        envelopes.verify(read, signing.private.public_key(), stated["to"], header.expires)


def test_the_limits_and_labels_are_ours() -> None:
    for value in (protocol.MAX_BYTES, envelopes.MAX_BYTES, services.BATCH):
        assert f"{value:,}" in TEXT
    assert f"every {courier.HEARTBEAT.seconds} seconds" in TEXT
    for label in (envelopes._LABEL, receipt._LABEL):
        assert f"`{label.decode().strip()}`, a line feed" in TEXT
