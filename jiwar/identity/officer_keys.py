"""Officers' own keys: made with a password of her own, certified at a sitting, opened for one approval at a time."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from jiwar.identity import events
from jiwar.identity.keys import key_id
from jiwar.identity.logic.certificates import OFFICER_ROLES, Subject, write_request
from jiwar.identity.logic.wrapping import OfficerSigner, PasswordWrong, unwrap, wrap
from jiwar.identity.models import OfficerKey, Person
from jiwar.identity.queries import officer_key_of, signs
from jiwar.wire.faults import Fault, Refused

__all__ = ["OfficerSigner", "make_officer_key", "officer_role", "request_of", "unlock"]

TRIES, WAIT = 5, 15 * 60
"""Wrong passwords after which a key stays closed, and for how many seconds."""


def officer_role(person: Person) -> str | None:
    """As what a person's key would be certified: the first of her roles that has keys."""
    return next((role for role in OFFICER_ROLES if role in person.roles), None)


def make_officer_key(person: Person, password: str) -> OfficerKey:
    """A new key of a person, wrapped under a password; the one before it is dropped. Raises Refused."""
    role = officer_role(person)
    if role is None:
        raise Refused(Fault("role_has_no_key"))
    try:
        validate_password(password, person)
    except ValidationError:
        raise Refused(Fault("password_weak", "password")) from None
    private = Ed25519PrivateKey.generate()
    signer, officer = OfficerSigner(private), str(person.id)
    of = Subject(settings.NODE.state, officer, role, {"approval": signer.public})
    now = timezone.now()
    request, wrapped = write_request(of, now, signer), wrap(private, officer, password)
    with transaction.atomic():
        OfficerKey.objects.filter(person=person, dropped_at=None).update(dropped_at=now)
        row = OfficerKey.objects.create(
            id=key_id(signer.public),
            person=person,
            public=base64.b64encode(signer.public).decode(),
            wrapped=base64.b64encode(wrapped).decode(),
            request=request,
        )
        detail = {"key": row.id, "role": role}
        events.officer_key_made.send(OfficerKey, by=officer, subject=officer, detail=detail)
    return row


def request_of(person: Person) -> dict[str, Any] | None:
    """The request for her key's certificate, to be carried to a sitting."""
    row = officer_key_of(str(person.id))
    return row.request if row else None


def unlock(officer: str, password: str) -> OfficerSigner | None:
    """The key of an officer who signs what she approves, None of another; raises Refused.

    Slow by design, and never to be called inside a transaction: the database must not wait for it.
    """
    if not signs(officer):
        return None
    if not password:
        raise Refused(Fault("officer_password_missing", "officer_password"))
    tried = f"officer-key:{officer}"
    if cache.get(tried, 0) >= TRIES:
        raise Refused(Fault("officer_key_locked", "officer_password", str(WAIT // 60)))
    row = officer_key_of(officer)
    assert row is not None
    try:
        signer = unwrap(base64.b64decode(row.wrapped), officer, base64.b64decode(row.public), password)
    except PasswordWrong:
        cache.add(tried, 0, WAIT)
        cache.incr(tried)
        raise Refused(Fault("officer_password_wrong", "officer_password")) from None
    cache.delete(tried)
    return signer
