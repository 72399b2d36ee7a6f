"""The card of a node: what two states hand each other, on paper or on a stick, before anything else can pass.

A card is signed by the key that it carries, so it proves that the holder of that key wrote it. That the holder is the
neighbour, the certificate of its state's root says; that the root is the state's, two people say who read its
fingerprint to each other. A node without a certificate has its own key's fingerprint read.
"""

import base64
import datetime as dt
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from jiwar.identity.keys import KeyRing, cosigning_public, fingerprint, key_id, sealing_public, signing_public
from jiwar.identity.logic.certificates import Certificate, read_certificate
from jiwar.identity.logic.roots import RootFile, read_root
from jiwar.identity.logic.signed import PaperRefused
from jiwar.identity.node import NodeSettings
from jiwar.wire.strict_json import JsonRefused, canonical, parse

FORMAT = "jiwar-node-card"
VERSION = 2
MAX_BYTES = 40_000
USES = ("signing", "sealing", "cosigning")
"""What the keys of a node are for."""
_NAMES = {
    "format", "v", "code", "role", "name", "exchange_url", "tls_certificate", "contact", *USES, "root", "certificate",
    "issued_at", "signature", "previous",
}  # fmt: skip
LONGEST = 200
LONGEST_URL = 300
_URL = re.compile(r"https://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?")


class CardInvalid(ValueError):
    """The card cannot be believed: `code` says why, `field` where.

    `card_too_large`, `card_not_json`, `card_not_a_card`, `card_version_unknown`, `card_field_missing`,
    `card_field_wrong`, `card_signature_wrong`, `card_root_wrong`, `card_certificate_wrong`; when it is entered:
    `card_is_own`, `card_key_changed`, `card_key_revoked`, `card_key_of_other`, `card_older`, `card_fingerprint_wrong`,
    `card_root_differs`, `card_uncertified`.
    """

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(f"{code}: {field}" if field else code)
        self.code, self.field = code, field


@dataclass(frozen=True, slots=True)
class Card:
    """A verified card. Keys are raw public bytes; times are aware.

    `root` and `certificate`: of a certified node, None of another. `previous`: id and signature of the key before this
    one, over `said`; not verified, for that key is known elsewhere.
    """

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
    root: RootFile | None = None
    certificate: Certificate | None = None
    previous: tuple[str, bytes] | None = None
    said: bytes = field(default=b"", repr=False)
    text: str = field(default="", repr=False)

    @property
    def state(self) -> str:
        """ISO 3166-1 alpha-3 code of the state whose node it is."""
        return self.code[:3]

    @property
    def fingerprint(self) -> str:
        """What is read aloud to verify the card: of the state's root, or of the node's key when it has none."""
        return self.root.keys.fingerprint if self.root else fingerprint(self.signing)

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
    """The node's own card as JSON text, signed by its newest key, and by the one before it when there is one."""
    card: dict[str, Any] = {
        "format": FORMAT,
        "v": VERSION,
        "code": node.code,
        "role": node.role,
        "name": node.name,
        "exchange_url": node.exchange_url,
        "tls_certificate": tls_certificate,
        "contact": contact,
        **{use: _b64(raw) for use, raw in ring.public.items()},
        "root": ring.root,
        "certificate": ring.certificate,
        "issued_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
    }
    said = _signed(card)
    keys = {"signature": ring.signing[0], "previous": ring.signing[1] if len(ring.signing) > 1 else None}
    card |= {name: {"key": key.id, "value": _b64(key.sign(said))} if key else None for name, key in keys.items()}
    return json.dumps(card, ensure_ascii=False, indent=1)


def read_card(text: str) -> Card:
    """Check a card's form, its signature and its certificate; raises CardInvalid.

    Whether its root is the state's, and whether `previous` holds, the reader of the card knows.
    """
    try:
        data = parse(text.encode(errors="replace"), max_bytes=MAX_BYTES)
    except JsonRefused as refused:
        raise CardInvalid("card_too_large" if refused.code == "too_large" else "card_not_json") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CardInvalid("card_not_a_card")
    if data.get("v") != VERSION:
        raise CardInvalid("card_version_unknown", str(data.get("v"))[:20])
    for name in ("code", "role", "name", "exchange_url", "tls_certificate", *USES, "issued_at"):
        if not isinstance(data.get(name), str) or not data[name]:
            raise CardInvalid("card_field_missing", name)
    if unknown := data.keys() - _NAMES:
        raise CardInvalid("card_field_wrong", min(unknown)[:40])
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
        keys = {use: base64.b64decode(data[use], validate=True) for use in USES}
        sealing_public(keys["sealing"])
        cosigning_public(keys["cosigning"])
        issued_at = dt.datetime.fromisoformat(data["issued_at"])
    except (ValueError, OverflowError) as error:
        raise CardInvalid("card_field_wrong", str(error)[:200]) from None
    if issued_at.utcoffset() is None:
        raise CardInvalid("card_field_wrong", "issued_at")
    said, root = _signed(data), _root(data)
    _check_signature(data.get("signature"), keys["signing"], said)
    return Card(
        code=data["code"],
        role=data["role"],
        name=data["name"],
        exchange_url=data["exchange_url"],
        tls_certificate=data["tls_certificate"],
        contact=contact,
        **keys,
        issued_at=issued_at,
        root=root,
        certificate=_certified(data, root, keys) if root else None,
        previous=_previous(data.get("previous")),
        said=said,
        text=text,
    )


def _root(card: dict[str, Any]) -> RootFile | None:
    """The root's file that the card carries, beside a certificate; neither without the other."""
    if (card.get("root") is None) != (card.get("certificate") is None):
        raise CardInvalid("card_field_missing", "root" if card.get("root") is None else "certificate")
    try:
        return read_root(card["root"]) if card.get("root") is not None else None
    except PaperRefused as refused:
        raise CardInvalid("card_root_wrong", str(refused)) from None


def _certified(card: dict[str, Any], root: RootFile, keys: dict[str, bytes]) -> Certificate:
    """The certificate that the card carries, when its root signed it for exactly this node and these keys."""
    try:
        certificate = read_certificate(card["certificate"])
        certificate.verify(root.keys)
    except PaperRefused as refused:
        raise CardInvalid("card_certificate_wrong", str(refused)) from None
    of = certificate.of
    if (of.subject, of.role, of.keys) != (card["code"], card["role"], keys):
        raise CardInvalid("card_certificate_wrong", "subject" if of.subject != card["code"] else "keys")
    return certificate


def _check_signature(signature: object, public: bytes, said: bytes) -> None:
    found = _previous(signature)
    if found is None or found[0] != key_id(public):
        raise CardInvalid("card_field_missing", "signature")
    try:
        signing_public(public).verify(found[1], said)
    except (InvalidSignature, ValueError):
        raise CardInvalid("card_signature_wrong") from None


def _previous(signature: object) -> tuple[str, bytes] | None:
    """Key id and signature."""
    if signature is None:
        return None
    if not isinstance(signature, dict) or signature.keys() != {"key", "value"}:
        raise CardInvalid("card_field_wrong", "signature")
    try:
        return str(signature["key"])[:16], base64.b64decode(signature["value"], validate=True)
    except (TypeError, ValueError):
        raise CardInvalid("card_field_wrong", "signature") from None


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
    except (ValueError, x509.InvalidVersion):
        raise CardInvalid("card_field_wrong", "tls_certificate") from None


def _signed(card: dict[str, Any]) -> bytes:
    plain = {name: value for name, value in card.items() if name not in {"signature", "previous"}}
    try:
        return f"{FORMAT}/{VERSION}\n".encode() + canonical(plain)
    except JsonRefused:  # a number that JSON may hold and nothing can sign
        raise CardInvalid("card_not_json") from None


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
