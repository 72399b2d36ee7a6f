"""Sources outside the exchange: an officer says who speaks, on what terms it is held, and how it reaches us."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.bridges.models import Source
from jiwar.identity.directory import agencies
from jiwar.records.content import Grading, Handling
from jiwar.watchlist.foreign_lists import Source as Terms
from jiwar.wire.faults import Fault, Refused

FIELDS = (
    "code", "title", "said_by", "purpose", "legal_basis", "tlp", "grade", "writer", "url", "collection", "certificate",
)  # fmt: skip
_LONGEST = {"title": 200, "legal_basis": 200, "url": 300, "collection": 100, "certificate": 20_000}
_LOCAL = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a source's collection is. `certificate` empty: the authorities of the machine."""

    url: str
    collection: str
    certificate: str


def define_source(by: Grant, typed: Mapping[str, str]) -> Source:
    """Enter a source; its code never changes, for entries hang on it. Raises Refused with every fault."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    told = {name: typed.get(name, "").strip() for name in FIELDS}
    told["said_by"] = told["said_by"].upper()
    faults = [*_faults(told), *address_faults(told["url"], told["collection"], told["certificate"])]
    if Source.objects.filter(code=told["code"]).exists():
        faults.append(Fault("code_taken", "code"))
    writer = agencies().filter(code=told.pop("writer")).first()
    if typed.get("writer") and writer is None:
        faults.append(Fault("not_in_list", "writer"))
    if told["purpose"] != by.purpose:
        faults.append(Fault("not_in_list", "purpose"))
    if settings.NODE.role != "national":
        faults.append(Fault("not_the_national_node"))
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        source = Source.objects.create(**told, writer=writer, created_by_id=by.actor_id, created_at=timezone.now())
        append("source_defined", by, source.code, {"url": source.url, "writer": source.writer_id})
    return source


def connect_source(by: Grant, code: str, address: Address, writer: str = "") -> Source:
    """Say anew how a source reaches us; a new address is read from its beginning. Raises Refused."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    source = source_of(code)
    faults = address_faults(address.url, address.collection, address.certificate)
    agency = agencies().filter(code=writer).first()
    if writer and agency is None:
        faults.append(Fault("not_in_list", "writer"))
    if faults:
        raise Refused(*faults)
    with transaction.atomic():
        if (source.url, source.collection) != (address.url, address.collection):
            source.added_after = source.next = source.failure = ""
        source.url, source.collection, source.certificate = address.url, address.collection, address.certificate
        source.writer = agency
        source.save()
        append("source_connected", by, code, {"url": source.url, "writer": source.writer_id})
    return source


def source_of(code: str) -> Source:
    """Raises Refused."""
    found = Source.objects.filter(code=code).first()
    if found is None:
        raise Refused(Fault("not_in_list", "source"))
    return found


def terms_of(source: Source) -> Terms:
    """What the watchlist takes."""
    return Terms(
        source.code,
        source.title,
        source.said_by,
        Purpose(source.purpose),
        source.legal_basis,
        source.tlp,  # type: ignore[arg-type]
        source.grade,  # type: ignore[arg-type]
    )


def address_faults(url: str, collection: str, certificate: str) -> list[Fault]:
    """What is wrong with an address: HTTPS alone, but for this machine itself; no sign-in in it; a certificate that
    speaks for one host."""
    faults = []
    if bool(url) != bool(collection):
        faults.append(Fault("missing", "collection" if url else "url"))
    if url and not _is_address(url):
        faults.append(Fault("wrong_form", "url"))
    if collection and not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", collection):
        faults.append(Fault("wrong_form", "collection"))
    if certificate and not _is_pin(certificate):
        faults.append(Fault("not_a_certificate", "certificate"))
    return faults


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return secure and plain and bool(parts.hostname) and port != 0 and re.fullmatch(r"[!-~]{1,300}", url) is not None


def _is_pin(text: str) -> bool:
    """A certificate of one server: no authority, or a node's own, which may sign nothing but itself."""
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
    except (ValueError, x509.InvalidVersion):
        return False
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return True
    return not basic.ca or basic.path_length == 0


def _faults(told: Mapping[str, str]) -> list[Fault]:
    faults = [Fault("missing", name) for name in ("title", "legal_basis") if not told[name]]
    faults += [Fault("too_long", name) for name, most in _LONGEST.items() if len(told[name]) > most]
    forms = {
        "code": r"[a-z][a-z0-9-]{1,29}",
        "said_by": r"([A-Z]{3})?",
    }
    faults += [Fault("wrong_form", name) for name, form in forms.items() if not re.fullmatch(form, told[name])]
    allowed = {
        "purpose": set(Purpose),
        "tlp": set(Handling.model_fields["tlp"].annotation.__args__),  # type: ignore[union-attr]
        "grade": set(Grading.model_fields["source"].annotation.__args__),  # type: ignore[union-attr]
    }
    return faults + [Fault("not_in_list", name) for name, codes in allowed.items() if told[name] not in codes]
