"""Cards, roots, certificates, revocation lists, shares."""

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

from jiwar.identity.cards import CardInvalid, read_card
from jiwar.identity.logic import bundles, certificates, revocations, roots, shares, signed
from jiwar.identity.logic.certificates import Subject
from jiwar.identity.logic.revocations import Entry, Place
from jiwar.identity.logic.roots import Root
from jiwar.identity.logic.shares import Share, ShareInvalid
from jiwar.identity.logic.signed import PaperRefused
from jiwar.wire.strict_json import canonical
from tests.foreign import ForeignNode
from tests.fuzz.target import storable, target

AT = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


@cache
def papers() -> dict[str, Any]:
    """One of each, of one state."""
    before, root, node = Root.of("NER", bytes(32)), Root.of("NER", bytes(31) + b"\1"), ForeignNode("NER")
    plain = node.card()
    node.certify(root, at=AT, previous=before)
    own = node.ring
    officer = Subject("NER", "0b6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "approver", {"approval": own.public["signing"]})
    entry = Entry(signed.key_hash(b"x"), "retired", AT)
    of = Subject("NER", "NER", "national", own.public)
    by_node = revocations.write_by_node("NER", Place(1, 2), AT, [entry], own.signing[0], own.cosigning[0])
    return {
        "cards": [plain, node.card()],
        "roots": [own.root, roots.write_root(root, AT)],
        "certificates": [own.certificate],
        "requests": [
            certificates.write_request(of, AT, own.signing[0], own.cosigning[0]),
            certificates.write_request(officer, AT, own.signing[0]),
        ],
        "lists": [revocations.write_by_root(root, 1, AT, [entry]), by_node],
        "list_requests": [revocations.write_request("NER", 2, AT, [entry])],
        "bundles": [bundles.write_bundle(own.root or {}, own.certificate or {})],
    }


def texts(name: str) -> Callable[[], list[bytes]]:
    return lambda: [canonical(paper) for paper in papers()[name]]


def paper(data: bytes, read: Callable[[Any], Any], most: int) -> None:
    try:
        storable(read(signed.load(data.decode("utf-8", "surrogateescape"), most)))
    except PaperRefused:
        return


@target("jiwar.identity.cards", corpus=lambda: [card.encode() for card in papers()["cards"]], cost=4)
def card(data: bytes) -> None:
    try:
        found = read_card(data.decode("utf-8", "surrogateescape"))
    except CardInvalid:
        return
    storable(found)


@target("jiwar.identity.logic.roots", "jiwar.identity.logic.signed", corpus=texts("roots"), cost=2)
def root(data: bytes) -> None:
    paper(data, roots.read_root, roots.MAX_BYTES)


@target("jiwar.identity.logic.certificates", corpus=texts("certificates"))
def certificate(data: bytes) -> None:
    paper(data, certificates.read_certificate, certificates.MAX_BYTES)


@target("jiwar.identity.logic.certificates", corpus=texts("requests"), cost=2)
def certificate_request(data: bytes) -> None:
    paper(data, certificates.read_request, certificates.MAX_BYTES)


@target("jiwar.identity.logic.revocations", corpus=texts("lists"))
def revocation_list(data: bytes) -> None:
    paper(data, revocations.read_revocations, revocations.MAX_BYTES)


@target("jiwar.identity.logic.revocations", corpus=texts("list_requests"))
def list_request(data: bytes) -> None:
    paper(data, revocations.read_request, revocations.MAX_BYTES)


@target("jiwar.identity.logic.bundles", corpus=texts("bundles"), cost=4)
def bundle(data: bytes) -> None:
    paper(data, bundles.read_bundle, bundles.MAX_BYTES)


@target(
    "jiwar.identity.logic.shares", corpus=lambda: [shares.write(Share("NER", "0" * 8, 2, 3, 1, bytes(32))).encode()]
)
def share(data: bytes) -> None:
    try:
        found = shares.read(data.decode("utf-8", "replace"))
    except ShareInvalid:
        return
    assert shares.read(shares.write(found)) == found
