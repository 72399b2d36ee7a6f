"""A neighbour that carries pouches: its own, as its program would write them, and ours taken apart as it reads them."""

import dataclasses
import io
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core import serializers
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.exchange import last_words
from jiwar.exchange.logic import envelope as envelopes
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic import pouch as pouches
from jiwar.exchange.logic import receipt as receipts
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.pouch import HEAD, SEALED
from jiwar.exchange.models import Pouch, Sealed
from jiwar.exchange.pouch import open_pouch
from jiwar.exchange.this_node import CHUNK_PLACE
from jiwar.identity.queries import sealing_keys
from jiwar.records.kinds import Kind
from jiwar.wire.faults import Refused
from jiwar.wire.ids import uuid7
from tests.exchange.test_exchange import Channel, content
from tests.foreign import ForeignNode

BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
CARRIER = Grant(dataclasses.replace(BY.actor, id="samira", via="console"), Permission.EXCHANGE_POUCH_CARRY)


def sealed_for_us(
    by: ForeignNode, inside: list[bytes], key: bytes | None = None, to: Any = None, **changes: Any
) -> bytes:
    """A pouch with these frames, as the neighbour's program would write it."""
    key = key or secrets.token_bytes(32)
    sealing = pouches.Sealing(key)
    chunks = [*(chunk for frame in inside for chunk in sealing.add(frame)), *sealing.end()]
    fields = {
        "id": uuid7(timezone.now()), "sender": by.node.code, "recipient": django_settings.NODE.code,
        "at": timezone.now().replace(microsecond=0), "chunks": len(chunks),
    } | changes  # fmt: skip
    own = by.ring.signing[0]
    to = to or sealing_keys(django_settings.NODE.code)
    head = pouches.write_head(
        pouches.Header(**fields), key, sealing=to, signing_key=own.id, signing_private=own.private
    )
    return head + b"".join(chunks)


def said(by: ForeignNode, *envelopes_: bytes, items: dict[str, list[bytes]] | None = None, **hello: Any) -> bytes:
    """A frame of the neighbour's."""
    return frames.write(Frame(by.hello(**hello), envelopes=list(envelopes_), **(items or {})))


def notes(by: ForeignNode, channel: Channel, kind: Kind, *texts: str, **changes: Any) -> list[bytes]:
    return [channel.envelope(by.statement(kind, content(kind, text)), **changes) for text in texts]


class Packed:
    """A pouch of ours, as the neighbour reads it."""

    def __init__(self, path: Path, by: ForeignNode) -> None:
        data = path.read_bytes()
        self.head = pouches.read_head(data[:HEAD])
        own = {key.id: key.private for key in by.ring.sealing}
        opening = pouches.Opening(pouches.content_key(self.head, own), self.head.header)
        chunks = [data[at : at + SEALED] for at in range(HEAD, len(data), SEALED)]
        self.frames = [frames.read(frame) for chunk in chunks for frame in opening.add(chunk)]
        self.hellos = [hellos.read(frame.hello)[0] for frame in self.frames]
        self.envelopes = [envelopes.read(item) for frame in self.frames for item in frame.envelopes]
        self.receipts = [receipts.read(item)[0] for frame in self.frames for item in frame.receipts]
        self.own = [envelopes.read(item) for frame in self.frames for item in frame.own]
        self.chunks = [CHUNK_PLACE.unpack_from(item) for frame in self.frames for item in frame.chunks]
        assert opening.ended

    @property
    def places(self) -> list[tuple[str, int]]:
        return [(envelope.header.stream, envelope.header.seq) for envelope in self.envelopes]


Packing = Callable[..., Packed]
"""`packed(**options)`: packs what waits for Niger."""


def receipt(by: ForeignNode, last: int, first: int = 1, **changes: Any) -> bytes:
    """The neighbour's receipt for a range of what we sealed."""
    sealed = Sealed.objects.get(stream__name=changes.get("stream", "routine.1.0"), seq=last)
    fields = {
        "sender": by.node.code, "recipient": "LBY", "stream": sealed.stream.name, "first": first, "last": last,
        "head": sealed.hash, "results": (receipts.Result("applied"),) * (last - first + 1),
        "at": timezone.now().isoformat(), "checkpoint": "",
    } | changes  # fmt: skip
    return receipts.sign(receipts.Receipt(**fields), by.ring.signing[0].id, by.ring.signing[0].private)


def opened(data: bytes) -> Pouch:
    return open_pouch(CARRIER, io.BytesIO(data))


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(Refused) as refusal:
        opened(data)
    [fault] = refusal.value.faults
    return fault.code, fault.detail


def everything() -> str:
    """All that the database holds."""
    return serializers.serialize("json", [row for model in apps.get_models() for row in model.objects.order_by("pk")])


def word(node: str = "NER") -> Any:
    found = last_words.of(node)
    assert found is not None
    return found
