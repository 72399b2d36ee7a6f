"""Sources and readers: who says them, what is refused, and that nothing is open by default."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import OF_TOKENS, Purpose
from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.bridges import services
from jiwar.bridges.models import Reader, Source
from jiwar.bridges.sources import Address, address_faults
from jiwar.identity.keys import make_tls
from jiwar.identity.models import Agency
from jiwar.wire.faults import Refused
from tests.bridges.conftest import SOURCE, Secret, grant_of

pytestmark = pytest.mark.django_db
Granting = Callable[..., Grant]


def codes(act: Callable[..., Any], *arguments: Any, **more: Any) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        act(*arguments, **more)
    return {(fault.code, fault.field) for fault in refused.value.faults}


def test_a_source_says_who_speaks_and_on_what_terms(source: Callable[..., Source]) -> None:
    made = source(said_by="ner", writer="ncb")
    assert (made.code, made.said_by, made.writer_id, made.created_by.username) == ("interpol", "NER", "ncb", "amal")
    assert Leaf.objects.get(act="source_defined").subject == "interpol"


def test_every_fault_of_a_source_is_named_at_once(source: Callable[..., Source]) -> None:
    typed = dict.fromkeys(SOURCE, "") | {"purpose": "x", "url": "https://example.org/taxii2/x/", "writer": "nobody"}
    assert codes(source, **typed) == {
        ("missing", "title"),
        ("missing", "legal_basis"),
        ("wrong_form", "code"),
        ("not_in_list", "purpose"),
        ("not_in_list", "tlp"),
        ("not_in_list", "grade"),
        ("not_in_list", "writer"),
        ("missing", "collection"),
    }
    source()
    assert codes(source) == {("code_taken", "code")}
    assert codes(source, code="two", purpose="sanctions") == {("not_in_list", "purpose")}


def test_a_post_has_no_sources(source: Callable[..., Source], settings: Any) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, role="post", code="LBY-GHAT")
    assert codes(source) == {("not_the_national_node", "")}


def test_sources_are_entered_by_who_may_read_lists(grant: Granting) -> None:
    with pytest.raises(AccessRefused, match="permission_missing"):
        services.define_source(grant(P.WATCHLIST_LIST_READ), SOURCE)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://cti.example.org/taxii2/api1/", True),
        ("https://192.0.2.7:8443/x/", True),
        ("http://localhost:8000/taxii2/jiwar/", True),
        ("http://127.0.0.1/x/", True),
        ("http://cti.example.org/x/", False),
        ("ftp://cti.example.org/", False),
        ("https://user:secret@cti.example.org/", False),
        ("https://cti.example.org/?x=1", False),
        ("https://cti.example.org/#x", False),
        ("https://cti.example.org:99999/", False),
        ("https:///x", False),
        ("https://a b/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_an_address_is_https_and_holds_no_sign_in(url: str, good: bool) -> None:
    assert (address_faults(url, "x", "") == []) == good


def test_a_pinned_certificate_speaks_for_one_server(tmp_path: Path) -> None:
    make_tls(tmp_path, "NER", "https://127.0.0.1:1", timezone.now())
    own = (tmp_path / "tls.crt").read_text()
    assert address_faults("https://x/", "y", own) == []
    for wrong in ("nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", AUTHORITY):
        assert [fault.code for fault in address_faults("https://x/", "y", wrong)] == ["not_a_certificate"]


def test_a_new_address_is_read_from_its_beginning(source: Callable[..., Source], reading_lists: Granting) -> None:
    source(url="https://a.example/x/", collection="one")
    Source.objects.update(added_after="2026-01-01T00:00:00.000000Z", next="z")
    same = Address("https://a.example/x/", "one", "")
    assert services.connect_source(reading_lists(), "interpol", same).added_after != ""
    made = services.connect_source(reading_lists(), "interpol", dataclasses.replace(same, collection="two"), "ncb")
    assert (made.added_after, made.next, made.writer_id) == ("", "", "ncb")
    assert codes(services.connect_source, reading_lists(), "interpol", Address("http://a/", "x", "")) == {
        ("wrong_form", "url")
    }
    assert codes(services.connect_source, reading_lists(), "nobody", same) == {("not_in_list", "source")}


# --- readers ----------------------------------------------------------------------------------------------------------


def test_an_approver_says_whose_an_agency_is_and_ends_it(
    agency: Agency, confirm: Any, secret: Secret, grant: Granting
) -> None:
    by = grant_of(secret(agency, P.BRIDGES_COLLECTION_READ), P.BRIDGES_COLLECTION_READ)
    with pytest.raises(AccessRefused, match="reader_unknown"):
        services.recipient_of(by)
    confirm(agency)
    assert services.recipient_of(by).ours
    confirm(agency, "ner")
    assert services.recipient_of(by).code == "NER"
    services.end_reader(grant(P.BRIDGES_READER_CONFIRM, "salem"), agency.code)
    with pytest.raises(AccessRefused, match="reader_unknown"):
        services.recipient_of(by)
    assert codes(services.end_reader, grant(P.BRIDGES_READER_CONFIRM, "salem"), agency.code) == {
        ("not_in_list", "agency")
    }
    acts = [leaf.act for leaf in Leaf.objects.filter(act__startswith="reader_").order_by("index")]
    assert acts == ["reader_confirmed", "reader_confirmed", "reader_ended"]


def test_nobody_else_says_it(agency: Agency, grant: Granting) -> None:
    with pytest.raises(AccessRefused, match="permission_missing"):
        grant(P.BRIDGES_READER_CONFIRM, "amal")
    with pytest.raises(AccessRefused, match="permission_missing"):
        services.confirm_reader(grant(P.WATCHLIST_ALERT_APPROVE), agency.code, "")


@pytest.mark.parametrize("code", ["LBY", "NE", "NERX", "N1R", "نيج"])
def test_a_recipient_has_three_letters_that_are_not_ours(agency: Agency, confirm: Any, code: str) -> None:
    assert codes(confirm, agency, code) == {("wrong_form", "recipient")}
    assert not Reader.objects.exists()


def test_a_recipient_outside_has_no_token_that_asks_no_agreement(outside: Agency, confirm: Any, secret: Secret) -> None:
    secret(outside, P.WATCHLIST_ALERT_READ)
    assert codes(confirm, outside, "NER") == {("tokens_too_wide", "agency")}
    confirm(outside)
    assert Reader.objects.get().recipient == ""


def test_a_recipient_outside_is_made_no_such_token(outside: Agency, confirm: Any, secret: Secret) -> None:
    confirm(outside, "NER")
    allowed = {P.BRIDGES_COLLECTION_READ, P.BRIDGES_COLLECTION_WRITE, P.BRIDGES_RECORD_EXPORT}
    for permission in OF_TOKENS:
        if permission in allowed:
            secret(outside, permission)
        else:
            assert codes(secret, outside, permission) == {("recipient_outside", "permissions")}


def test_a_post_gives_nothing_to_the_outside(outside: Agency, confirm: Any, secret: Secret, settings: Any) -> None:
    confirm(outside, "NER")
    by = grant_of(secret(outside, P.BRIDGES_COLLECTION_READ), P.BRIDGES_COLLECTION_READ)
    settings.NODE = dataclasses.replace(settings.NODE, role="post", code="LBY-GHAT")
    with pytest.raises(AccessRefused, match="reader_unknown"):
        services.recipient_of(by)
    assert by.purpose == Purpose.CRIMINAL_INVESTIGATION


def authority() -> str:
    """A certificate that may sign others."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Some authority")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


AUTHORITY = authority()
