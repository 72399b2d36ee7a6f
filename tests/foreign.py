"""A neighbour's node in a test: real keys, a real card, really signed statements; only its program is missing."""

import base64
import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import secrets
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from pydantic import ValidationError

from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import hello as hellos
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Hello
from jiwar.identity.cards import write_card
from jiwar.identity.keys import KeyRing, make_tls
from jiwar.identity.logic.certificates import Subject, certify
from jiwar.identity.logic.roots import Root, write_root
from jiwar.identity.node import NodeSettings
from jiwar.records.content import Content
from jiwar.records.kinds import Kind
from jiwar.records.statement import content_hash
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical


class Signed(tuple[bytes, str, str]):  # noqa: SLOT001 - a tuple's subclass has no slots
    """A statement, the id of the key that signed it, the signature in base64: what `records.arrivals.receive` takes."""

    cosignature = ""


def sha256(statement: bytes) -> str:
    """The hash of a record."""
    return hashlib.sha256(statement).hexdigest()


class ForeignNode:
    """A node whose statements are genuine. `identity.services.add_node(node.card())` makes it known."""

    def __init__(self, code: str = "NER", role: str = "national", url: str = "https://127.0.0.1:9443") -> None:
        self.node = NodeSettings(code=code, role=role, name=f"{code} (test)", exchange_url=url)  # type: ignore[arg-type]
        self.ring = KeyRing.make()
        with tempfile.TemporaryDirectory() as folder:
            make_tls(Path(folder), code, url, timezone.now())
            self.tls_certificate = Path(folder, "tls.crt").read_text()

    def certify(self, root: Root, days: int = 180, at: dt.datetime | None = None, previous: Root | None = None) -> None:
        """Have a root certify the newest keys; the card carries the certificate from then on."""
        at = at or timezone.now()
        of = Subject(self.node.state, self.node.code, self.node.role, self.ring.public)
        certificate = certify(root, of, at, days, uuid7(at))
        self.ring = dataclasses.replace(self.ring, certificate=certificate, root=write_root(root, at, previous))

    def rotate(self) -> None:
        """New keys before the old ones, as yet without a certificate."""
        self.ring = self.ring.with_next().turned()

    def card(self) -> str:
        """What this node hands to a neighbour."""
        return write_card(self.node, self.ring, self.tls_certificate, {}, timezone.now())

    def statement(
        self,
        kind: Kind,
        content: Content | dict[str, Any],
        *,
        supersedes: bytes | None = None,
        as_is: bool = False,
        **changes: Any,
    ) -> Signed:
        """A signed statement of a kind, approved by two people; `changes` replace fields of the envelope.

        `supersedes` is the statement of the version before, whose id it keeps. `as_is`: the content stands as it is
        given, else as the kind writes it where it is of its form.
        """
        plain = content.model_dump(mode="json") if isinstance(content, Content) else content
        if not as_is:
            with contextlib.suppress(ValidationError):
                plain = kind.content.model_validate(plain).model_dump(mode="json")
        now = timezone.now()
        approval = {
            "author": f"{self.node.code}-author",
            "approver": f"{self.node.code}-approver",
            "content_hash": content_hash(kind.name, kind.version, plain),
        }
        envelope = {
            "v": 1,
            "id": str(uuid7(now)),
            "version": 1,
            "kind": kind.name,
            "kind_version": kind.version,
            "origin": self.node.state,
            "node": self.node.code,
            "issued_at": now.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            "content": plain,
            "supersedes": None,
            "approval": approval if kind.four_eyes else None,
        }
        if supersedes is not None:
            before = json.loads(supersedes)
            envelope |= {"id": before["id"], "version": before["version"] + 1, "supersedes": sha256(supersedes)}
        signed = self.sign(canonical(envelope | changes))
        if kind.cosigned:
            signed.cosignature = self.cosign(signed[0])
        return signed

    def answer(self, asked: bytes, **hello: Any) -> bytes:
        """The frame with which this node answers one of ours; `hello` replaces what it says of itself."""
        return frames.write(Frame(self.hello(asked, **hello)))

    def hello(self, asked: bytes | None = None, **changes: Any) -> bytes:
        """A signed hello to this program's node, fresh where it answers a frame."""
        heard = hellos.read(frames.read(asked).hello)[0] if asked else None
        key = self.ring.signing[0]
        fields = {
            "sender": self.node.code,
            "recipient": settings.NODE.code,
            "at": timezone.now().isoformat(),
            "epoch": 1,
            "nonce": secrets.token_hex(16),
            "re": heard.nonce if heard else "",
        }
        return hellos.sign(Hello(**(fields | changes)), key.id, key.private)

    def sign(self, statement: bytes) -> Signed:
        """Sign any bytes as a record of this node."""
        key = self.ring.signing[0]
        return Signed((statement, key.id, base64.b64encode(key.sign(b"jiwar-record/1\n" + statement)).decode()))

    def cosign(self, statement: bytes) -> str:
        """The second signature, of any bytes, as records of agreements carry it."""
        key = self.ring.cosigning[0]
        return (
            f"{key.id}:{base64.b64encode(key.sign(b'jiwar-record-cosignature/1' + bytes([10]) + statement)).decode()}"
        )
