"""Actors from requests and tokens."""

import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from jiwar.access.models import ApiToken
from jiwar.access.permissions import OF_TOKENS, Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow, of_roles
from jiwar.identity import events
from jiwar.identity.roles import Clearance
from jiwar.sql import instant, rows
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from jiwar.identity.models import Agency, Person

SYSTEM = Actor("system", "node", frozenset(Permission), Clearance.COVERT)
"""The node acting by itself: what it receives, what falls due."""

USED = dt.timedelta(minutes=1)
"""How exactly the last use of a token is kept: a write for each request costs more than the request."""
_LIVE = (  # each request asks
    "SELECT id, purpose, CAST(permissions AS text), agency_id, last_used_at IS NULL OR last_used_at <= %s"
    " FROM access_apitoken WHERE secret_hash = %s AND revoked_at IS NULL AND expires_at > %s"
)
TOKEN_RULES: list[Callable[["Agency", frozenset[Permission]], list[Fault]]] = []
"""What a room above has against a token of an agency with these permissions; asked before one is made."""


def as_node(permission: Permission, purpose: Purpose | None = None) -> Grant:
    """The grant of the node itself, for what no person starts."""
    return Grant(SYSTEM, permission, purpose)


def actor_of_person(person: "Person", via: str = "console") -> Actor:
    """The actor that a signed-in person is."""
    return Actor(str(person.id), via, of_roles(person.roles), Clearance(person.clearance), None, person.agency_id or "")


def actor_of(request: HttpRequest) -> Actor | None:
    """The actor of a console request, or None when nobody is signed in."""
    person = request.user
    return actor_of_person(person) if person.is_authenticated and person.is_active else None


def authorise(request: HttpRequest, permission: Permission, purpose: Purpose | None = None, case: str = "") -> Grant:
    """The grant for a console request; raises AccessRefused."""
    return allow(actor_of(request), permission, purpose, case)


def make_token(
    by: Grant, agency: "Agency", label: str, permissions: Iterable[Permission], purpose: Purpose, days: int = 90
) -> tuple[ApiToken, str]:
    """A token and its secret, which is shown once; raises Refused for a permission that programs are not given."""
    permissions = frozenset(permissions)
    if beyond := permissions.difference(OF_TOKENS):
        raise Refused(Fault("not_in_list", "permissions", ", ".join(sorted(beyond))))
    if faults := [fault for rule in TOKEN_RULES for fault in rule(agency, permissions)]:
        raise Refused(*faults)
    secret = "jiwar_" + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            agency=agency,
            label=label,
            purpose=purpose,
            permissions=sorted(permissions),
            secret_hash=_hash(secret),
            expires_at=timezone.now() + dt.timedelta(days=days),
        )
        events.token_made.send(
            ApiToken,
            by=by.actor_id,
            subject=str(token.id),
            detail={"permissions": token.permissions, "purpose": purpose},
        )
    return token, secret


def revoke_token(by: Grant, token: ApiToken) -> None:
    """End a token at once."""
    with transaction.atomic():
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        events.token_revoked.send(ApiToken, by=by.actor_id, subject=str(token.id), detail={})


def actor_of_token(secret: str) -> Actor:
    """The actor that a token is; raises AccessRefused for an unknown, ended or revoked one."""
    now = timezone.now()
    found = rows(_LIVE, [instant(now - USED), _hash(secret), instant(now)])
    if not found:
        raise AccessRefused("not_signed_in", Permission.ACCESS_TOKEN_MANAGE)
    key, purpose, stated, agency, due = found[0]
    token = UUID(str(key))
    if due:
        ApiToken.objects.filter(pk=token).update(last_used_at=now)
    given = json.loads(stated)
    # A permission or a purpose that this version of the program does not know, or gives to no program, allows nothing.
    permissions = frozenset(p for p in OF_TOKENS if p in given)
    return Actor(
        f"token:{token}",
        "api",
        permissions,
        Clearance.STANDARD,
        frozenset(p for p in Purpose if p == purpose),
        agency,
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
