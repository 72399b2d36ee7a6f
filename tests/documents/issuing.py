"""An issuing office for tests: an authority and a certified key, people, blanks, permits."""

import datetime as dt
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.documents import permits, signer, signer_keys, stock
from jiwar.documents.logic import seal_signers
from jiwar.documents.models import BlankSeries, Permit
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.identity.services import make_own_keys
from jiwar.records.models import Draft


def authority(
    country: str = "NE", state: str = "NER", at: dt.datetime | None = None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    return key, seal_signers.make_authority(key, country, state, 1, at or moment())


def moment() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def with_signer(
    folder: Path, country: str = "LY", state: str = "LBY", at: dt.datetime | None = None
) -> x509.Certificate:
    """Make a signer in a key folder, certified; returns its authority's certificate."""
    at = at or moment()
    key, csca = authority(country, state, at)
    request = signer.prepare(folder, signer_keys.make_in_file(), country, "01")
    signer.install(folder, seal_signers.certify(csca, key, request, 0x1A2B3C4D5E6F7081, at), csca, at)
    return csca


def crossing(number: str, today: dt.date, **more: Any) -> dict[str, Any]:
    """A nomad's permit that meets every rule; `more` replaces fields."""
    return {
        "type": "crossing",
        "number": number,
        "issuer": "LBY",
        "valid_from": today.isoformat(),
        "valid_until": (today + dt.timedelta(days=200)).isoformat(),
        "reason": "Seasonal grazing between the wells of Kawar and the Fezzan",
        "holder": {
            "surname": "Ould Khattar",
            "given_names": "Salem",
            "name_arabic": "سالم ولد خطار",
            "birth": "1984",
            "sex": "M",
            "nationality": "NER",
            "identity_number": "NE0451187",
        },
        "kind": "nomad",
        "zones": ["KAWAR", "DJADO", "FEZZAN"],
        "posts": ["MADAMA", "TUMMO"],
        "seasons": [{"start": "11-01", "end": "03-31"}],
        "herd": [{"species": "camel", "count": 120}, {"species": "goat", "count": 60}],
        "family": [
            {"role": "spouse", "name": "Mariama Aoudou", "birth": "1990-05-01"},
            {"role": "child", "name": "Idrissa Ould Khattar", "birth": "2015"},
        ],
    } | more


def convoy(number: str, today: dt.date, **more: Any) -> dict[str, Any]:
    return {
        "type": "convoy",
        "number": number,
        "issuer": "LBY",
        "valid_from": today.isoformat(),
        "valid_until": (today + dt.timedelta(days=30)).isoformat(),
        "reason": "Food for Agadez",
        "operator": "Société des transports du Sahara",
        "route": ["SEBHA", "TUMMO", "MADAMA", "AGADEZ"],
        "vehicles": ["LY12345", "LY12346"],
        "crew": [{"role": "driver", "name": "Omar Ben Ali", "birth": "1979-02-11", "number": "K0451187"}],
        "load": [{"heading": "1006", "kilograms": 24000}],
    } | more


def emergency(number: str, today: dt.date, **more: Any) -> dict[str, Any]:
    return {
        "type": "emergency",
        "number": number,
        "issuer": "LBY",
        "valid_from": today.isoformat(),
        "valid_until": (today + dt.timedelta(days=30)).isoformat(),
        "reason": "Passport lost in Agadez",
        "holder": {
            "surname": "Ben Ali",
            "given_names": "Fatima",
            "birth": "1991-07-04",
            "sex": "F",
            "nationality": "LBY",
        },
        "destination": "LBY",
    } | more


TYPES = {"convoy": convoy, "crossing": crossing, "emergency": emergency}
LAW = "Loi 2015-36, art. 12"


class Office:
    """An issuing office of this node: a signer, who drafts and keeps the blanks, and who approves."""

    def __init__(self, author: Person, approver: Person) -> None:
        self.author, self.approver = author, approver

    @classmethod
    def make(cls, keys: Path) -> "Office":
        """At a node that has nothing yet."""
        agency = Agency.objects.create(code="dst", name="Direction de la surveillance du territoire")
        author, approver = (
            Person.objects.create(username=name, full_name=full, agency=agency, password="!")
            for name, full in (("amina", "Amina Souley"), ("brahim", "Brahim Kone"))
        )
        RoleGrant.objects.create(person=author, role="contact_officer")
        RoleGrant.objects.create(person=approver, role="approver")
        make_own_keys()
        with_signer(keys)
        return cls(author, approver)

    def by(self, permission: P, person: Person | None = None) -> Grant:
        who = person or (self.approver if permission == P.DOCUMENTS_PERMIT_APPROVE else self.author)
        return allow(actor_of_person(who), permission, Purpose.DOCUMENT_ISSUING)

    def blanks(self, type_: str, first: str, last: str) -> BlankSeries:
        return stock.receive(self.by(P.DOCUMENTS_STOCK_MANAGE), type_, first, last, "Imprimerie nationale")

    def submitted(self, body: dict[str, Any]) -> Draft:
        draft = permits.draft_permit(self.by(P.DOCUMENTS_PERMIT_DRAFT), body, LAW)
        return permits.submit_permit(self.by(P.DOCUMENTS_PERMIT_DRAFT), draft.pk)

    def issued(self, body: dict[str, Any]) -> Permit:
        draft = self.submitted(body)
        return permits.approve_permit(self.by(P.DOCUMENTS_PERMIT_APPROVE), draft.pk, draft.content_hash)
