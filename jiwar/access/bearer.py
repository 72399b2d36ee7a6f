"""The sign-in of the JSON API: `Authorization: Bearer jiwar_…` (RFC 6750). No cookie counts."""

from django.core.cache import cache
from django.http import HttpRequest
from ninja.security import HttpBearer

from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.access.services import actor_of_token

BAD_TOKENS = 20
"""Most requests of one address in a minute without a good token that are answered each and kept in the ledger.

The address is that of the connection: no forwarded header is believed.
"""
MINUTE = 60


class TooManyBadTokens(Exception):
    """This address guesses. Good tokens are taken from it all the same."""


class Bearer(HttpBearer):
    """Takes a token for its actor, or raises AccessRefused or TooManyBadTokens."""

    def __call__(self, request: HttpRequest) -> Actor:
        return actor_of_header(request.headers.get("Authorization", ""), request.META.get("REMOTE_ADDR", ""))

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        return actor_of_secret(token, request.META.get("REMOTE_ADDR", ""))


def actor_of_header(stated: str, address: str) -> Actor:
    """Whom the header `Authorization` of a connection from `address` stands for.

    Raises AccessRefused or TooManyBadTokens.
    """
    scheme, _, secret = stated.partition(" ")
    return actor_of_secret(secret.strip() if scheme.lower() == "bearer" else "", address)


def actor_of_secret(secret: str, address: str) -> Actor:
    """As `actor_of_header`, of the secret alone."""
    try:
        return actor_of_token(secret)
    except AccessRefused:
        if _count(address) > BAD_TOKENS:
            raise TooManyBadTokens from None
        raise


def actor(request: HttpRequest) -> Actor:
    """Whom the request's token stands for."""
    return request.auth  # type: ignore[attr-defined]


def authorise(request: HttpRequest, permission: Permission, case: str = "") -> Grant:
    """The grant for an API request, for the one purpose of its token; raises AccessRefused."""
    token = actor(request)
    return allow(token, permission, next(iter(token.purposes or ()), None), case)


def _count(address: str) -> int:
    key = f"bad-token:{address}"
    cache.add(key, 0, MINUTE)
    try:
        return cache.incr(key)
    except ValueError:  # the minute ended between the two
        return 1
