"""Reads of the people and agencies of this node."""

import uuid
from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet

from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role


def agencies() -> QuerySet[Agency]:
    """All agencies, by name."""
    return Agency.objects.order_by("name")


def people() -> QuerySet[Person]:
    """Everyone with a sign-in, by user name, each with `has_second_factor`."""
    second = Authenticator.objects.filter(user=OuterRef("pk")).exclude(type=Authenticator.Type.RECOVERY_CODES)
    everyone = Person.objects.select_related("agency").prefetch_related("grants")
    return everyone.annotate(has_second_factor=Exists(second)).order_by("username")


def administrators() -> list[str]:
    """Full names of those who run this machine."""
    rows = Person.objects.filter(grants__role=Role.ADMINISTRATOR, is_active=True)
    return list(rows.order_by("full_name").values_list("full_name", flat=True))


def person_of(username: str) -> Person | None:
    """The person who signs in by this name."""
    return Person.objects.filter(username=username).first()


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """User names by person id; ids of no person are left out."""
    known = []
    for text in set(ids):
        try:
            known.append(uuid.UUID(text))
        except ValueError:
            continue
    return {str(pk): name for pk, name in Person.objects.filter(pk__in=known).values_list("pk", "username")}
