"""This state's own authority, shown to neighbours as a signed record (bilateral exchange, Doc 9303-12, 5).

Two persons show it; an agreement opens the way. What a neighbour does with it, two persons decide there.
"""

import base64
from typing import TYPE_CHECKING
from uuid import UUID

import pycountry
from django.conf import settings
from django.db.models import QuerySet

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.documents import trust_reading as reading
from jiwar.documents.trust import check_national, lasting
from jiwar.documents.trust_kinds import OFFERED
from jiwar.records import drafts
from jiwar.records.queries import held
from jiwar.records.services import withdraw
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record


def draft_offer(by: Grant, data: bytes, note: str) -> "Draft":
    """Keep this state's certificate (DER or PEM) as a draft; raises Refused where it is not an authority of it."""
    by.check(Permission.DOCUMENTS_TRUST_IMPORT)
    check_national()
    certificate = reading.one_certificate(data)
    own = pycountry.countries.get(alpha_3=settings.NODE.state)
    if own is None or certificate.country != own.alpha_2:
        raise Refused(Fault("trust_of_other_state", "file", certificate.country))
    if not certificate.is_ca:
        raise Refused(Fault("trust_not_an_authority", "file", certificate.subject[:100]))
    if certificate.fingerprint in shown_fingerprints():
        raise Refused(Fault("said_twice", "file"))
    der = base64.b64encode(certificate.der).decode()
    body = {"der": der, "fingerprint": certificate.fingerprint, "note": " ".join(note.split())[:200]}
    return drafts.save_draft(by, OFFERED, lasting(body))


def take_back(by: Grant, record: UUID, reason: str) -> "Record":
    """Withdraw what was shown; each neighbour acknowledges, and decides what it trusts."""
    by.check(Permission.DOCUMENTS_TRUST_APPROVE)
    found = shown().filter(uid=record, state="in_force").first()
    if found is None:
        raise Refused(Fault("not_in_force"))
    return withdraw(by, found, reason)


def shown() -> "QuerySet[Record]":
    """What this state showed to its neighbours, the newest first."""
    return held(OFFERED.name).filter(origin=settings.NODE.state)


def shown_fingerprints() -> set[str]:
    """Of what is shown now."""
    return {record.body["fingerprint"] for record in shown().filter(state="in_force")}
