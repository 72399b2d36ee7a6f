"""Cards: what is believed, what is refused, and why."""

import base64
import datetime as dt
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from jiwar.identity.cards import CardInvalid, read_card, write_card
from jiwar.identity.models import Node, NodeKey
from jiwar.identity.services import add_node, make_own_keys, own_card, revoke_node_key
from tests.foreign import ForeignNode


def signed(node: ForeignNode, **changes: Any) -> str:
    """A genuinely signed card with fields of our choice."""
    from jiwar.identity.cards import _b64, _signed

    card = json.loads(node.card()) | changes
    key = node.ring.signing[0]
    return json.dumps(card | {"signature": {"key": key.id, "value": _b64(key.sign(_signed(card)))}})


def of_another_version() -> str:
    """A certificate of X.509 version 53."""
    pem = x509.load_pem_x509_certificate(json.loads(ForeignNode().card())["tls_certificate"].encode())
    der = pem.public_bytes(Encoding.DER).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x34", 1)
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


OF_ANOTHER_VERSION = of_another_version()


def code_of(text: str) -> tuple[str, str]:
    with pytest.raises(CardInvalid) as refused:
        read_card(text)
    return refused.value.code, refused.value.field


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@127.0.0.1:8443",
        "https://127.0.0.1:8443/else",
        "https://127.0.0.1:8443?x=1",
        "https://127.0.0.1:8443#x",
        "https://127.0.0.1:99999",
        "https://127.0.0.1:8443\n",
        "https://exa mple.ly",
        "https://мир.example",
        "https://" + "a" * 400,
    ],
)
def test_an_address_that_is_more_than_a_listener_is_refused(url: str) -> None:
    code, field = code_of(signed(ForeignNode(), exchange_url=url))
    assert (code, field[:12]) == ("card_field_wrong", "exchange_url")


@pytest.mark.parametrize("url", ["https://10.0.0.7:8443", "https://[fd00::1]:8443/", "https://jiwar.example"])
def test_an_address_of_a_listener_is_taken(url: str) -> None:
    assert read_card(signed(ForeignNode(), exchange_url=url)).exchange_url == url


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tls_certificate", "no certificate"),
        ("tls_certificate", OF_ANOTHER_VERSION),
        ("name", "a" * 201),
        ("name", "two\nlines"),
        ("contact", {"name": "a\u202eb"}),
        ("contact", {"telephone": 5}),
        ("issued_at", "2026-01-01T00:00:00"),
        ("issued_at", "yesterday"),
        ("sealing", "AAAA"),
        ("cosigning", "AAAA"),
        ("role", "king"),
        ("code", "lby"),
    ],
)
def test_a_field_that_is_wrong_is_refused_though_it_is_signed(field: str, value: object) -> None:
    assert code_of(signed(ForeignNode(), **{field: value}))[0] == "card_field_wrong"


def test_what_is_no_card_is_refused_with_its_reason() -> None:
    whole = ForeignNode().card()
    assert code_of("")[0] == "card_not_json"
    assert code_of("[" * 15_000)[0] == "card_not_json"
    assert code_of("[]")[0] == "card_not_a_card"
    assert code_of(whole + " " * 40_000)[0] == "card_too_large"
    assert code_of("\ud800")[0] == "card_not_json"
    assert code_of(whole.replace('"v": 2', '"v": 1'))[0] == "card_version_unknown"
    assert code_of(whole.replace("NER (test)", "Niger"))[0] == "card_signature_wrong"
    assert code_of(signed(ForeignNode(), name="")) == ("card_field_missing", "name")


_CARD = ForeignNode().card()


@given(st.integers(0, len(_CARD) - 1), st.characters(codec="utf-8"))
def test_an_altered_card_never_reads_as_another_one(at: int, put: str) -> None:
    altered = _CARD[:at] + put + _CARD[at + 1 :]
    try:
        card = read_card(altered)
    except CardInvalid:
        return
    assert card == read_card(_CARD)


@pytest.mark.django_db
def test_a_card_is_entered_when_the_neighbour_read_the_same_fingerprint() -> None:
    make_own_keys()
    niger = ForeignNode()
    heard = read_card(niger.card()).fingerprint
    with pytest.raises(CardInvalid, match="card_fingerprint_wrong"):
        add_node(niger.card(), heard="0000 " * 8)
    with pytest.raises(CardInvalid, match="card_fingerprint_wrong"):
        add_node(niger.card(), heard="")
    assert not Node.objects.filter(code="NER").exists()
    assert add_node(niger.card(), heard=f" {heard.upper()}\n").code == "NER"


@pytest.mark.django_db
def test_a_card_changes_no_key_and_never_goes_back() -> None:
    make_own_keys()
    niger = ForeignNode()
    early = niger.card()
    later = write_card(niger.node, niger.ring, niger.tls_certificate, {}, timezone.now() + dt.timedelta(days=1))
    add_node(later)
    for text, code in (
        (early, "card_older"),
        (ForeignNode().card(), "card_key_changed"),
        (own_card(), "card_is_own"),
        (signed(niger, code="TUN"), "card_key_of_other"),
    ):
        with pytest.raises(CardInvalid, match=code):
            add_node(text)
    revoke_node_key(NodeKey.objects.get(node_id="NER", use="signing"), "stolen", by="system")
    with pytest.raises(CardInvalid, match="card_key_revoked"):
        add_node(later)
    assert add_node(ForeignNode().card()).code == "NER"
