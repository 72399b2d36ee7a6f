"""The card of a node: what two states hand each other, on paper or on a stick, before anything else can pass.

A card is signed by the key that it carries, so it proves that the holder of that key wrote it; that the holder is the
neighbour is proved by two people who read the fingerprint to each other.
"""

import base64
import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from jiwar.identity.keys import KeyRing, cosigning_public, fingerprint, key_id, sealing_public, signing_public
from jiwar.identity.node import NodeSettings

FORMAT = "jiwar-node-card"
VERSION = 2
MAX_BYTES = 20_000
LONGEST = 200
LONGEST_URL = 300
USES = ("signing", "sealing", "cosigning")
"""What the keys of a node are for."""
_URL = re.compile(r"https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?")


class CardInvalid(ValueError):
    """The card cannot be believed: `code` says why, `field` where.

    `card_too_large`, `card_not_json`, `card_not_a_card`, `card_version_unknown`, `card_field_missing`,
    `card_field_wrong`, `card_signature_wrong`; when it is entered: `card_is_own`, `card_key_changed`,
    `card_key_revoked`, `card_key_of_other`, `card_older`, `card_fingerprint_wrong`.
    """

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}" if field else code)
        self.code, self.field = code, field


@dataclass(frozen=True, slots=True)
class Card:
    """A verified card. Keys are raw public bytes; times are aware."""

    code: str
    role: str
    name: str
    exchange_url: str
    tls_certificate: str
    contact: dict[str, str]
    signing: bytes
    sealing: bytes
    cosigning: bytes
    issued_at: dt.datetime

    @property
    def fingerprint(self) -> str:
        """What is read aloud to verify the card."""
        return fingerprint(self.signing)

    @property
    def keys(self) -> dict[str, bytes]:
        """The raw public keys by their use."""
        return {use: getattr(self, use) for use in USES}

    @property
    def key_ids(self) -> dict[str, str]:
        """Ids of the keys by their use."""
        return {use: key_id(raw) for use, raw in self.keys.items()}


def write_card(
    node: NodeSettings, ring: KeyRing, tls_certificate: str, contact: dict[str, str], at: dt.datetime
) -> str:
    """The node's own card as JSON text."""
    card = {
        "format": FORMAT,
        "v": VERSION,
        "code": node.code,
        "role": node.role,
        "name": node.name,
        "exchange_url": node.exchange_url,
        "tls_certificate": tls_certificate,
        "contact": contact,
        "signing": _b64(ring.signing[0].public),
        "sealing": _b64(ring.sealing[0].public),
        "cosigning": _b64(ring.cosigning[0].public),
        "issued_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
    }
    return json.dumps(card | {"signature": _b64(ring.signing[0].sign(_signed(card)))}, ensure_ascii=False, indent=1)


def read_card(text: str) -> Card:
    """Check a card's form and signature; raises CardInvalid."""
    if len(text.encode(errors="replace")) > MAX_BYTES:
        raise CardInvalid("card_too_large")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise CardInvalid("card_not_json") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CardInvalid("card_not_a_card")
    if data.get("v") != VERSION:
        raise CardInvalid("card_version_unknown", str(data.get("v"))[:20])
    signature = data.pop("signature", None)
    for field in ("code", "role", "name", "exchange_url", "tls_certificate", *USES, "issued_at"):
        if not isinstance(data.get(field), str) or not data[field]:
            raise CardInvalid("card_field_missing", field)
    if len(data["name"]) > LONGEST or not data["name"].isprintable():
        raise CardInvalid("card_field_wrong", "name")
    contact = data.get("contact", {})
    if not isinstance(contact, dict) or not all(
        isinstance(v, str) and len(v) <= LONGEST and v.isprintable() for v in contact.values()
    ):
        raise CardInvalid("card_field_wrong", "contact")
    _check_url(data["exchange_url"])
    _check_certificate(data["tls_certificate"])
    try:
        NodeSettings(code=data["code"], role=data["role"], name=data["name"], exchange_url=data["exchange_url"]).check()
        signing, sealing, cosigning = (base64.b64decode(data[use], validate=True) for use in USES)
        sealing_public(sealing)
        cosigning_public(cosigning)
        issued_at = dt.datetime.fromisoformat(data["issued_at"])
        signing_public(signing).verify(base64.b64decode(str(signature), validate=True), _signed(data))
    except InvalidSignature:
        raise CardInvalid("card_signature_wrong") from None
    except (ValueError, OverflowError) as error:
        raise CardInvalid("card_field_wrong", str(error)[:200]) from None
    if issued_at.utcoffset() is None:
        raise CardInvalid("card_field_wrong", "issued_at")
    return Card(
        data["code"],
        data["role"],
        data["name"],
        data["exchange_url"],
        data["tls_certificate"],
        contact,
        signing,
        sealing,
        cosigning,
        issued_at,
    )


def _check_url(url: str) -> None:
    """An address of a listener and nothing more: no name, password, path or query that could lead elsewhere."""
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if len(url) > LONGEST_URL or not _URL.fullmatch(url) or port == 0:
        raise CardInvalid("card_field_wrong", "exchange_url")


def _check_certificate(text: str) -> None:
    try:
        [_] = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise CardInvalid("card_field_wrong", "tls_certificate") from None


def _signed(card: dict[str, Any]) -> bytes:
    return b"jiwar-node-card/2\n" + json.dumps(card, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
