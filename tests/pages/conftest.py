"""People to sign in as."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.console import client_of
from tests.post import alert, border_police, cleared, libya, officer, post  # noqa: F401

if TYPE_CHECKING:
    from jiwar.identity.models import Agency, Person

PASSWORD = "a long walk in the Fezzan"
NAMES = {
    "administrator": ("amina", "Amina Haddad"),
    "analyst": ("idris", "Idris Salem"),
    "approver": ("khalid", "خالد المبروك"),
    "contact_officer": ("samira", "سميرة الفيتوري"),
    "field_officer": ("moussa", "Moussa Ibrahim"),
    "oversight": ("nadia", "Nadia Ben Youssef"),
}


@dataclass
class People:
    """One person of each role, in one agency; all share one password."""

    agency: "Agency"
    password: str = PASSWORD

    def __getitem__(self, role: str) -> "Person":
        from jiwar.identity.models import Person

        return Person.objects.get(username=NAMES[role][0])

    def sign_in(self, page: Any, url: str, role: str) -> None:
        """Give the page's browser a session of this person, and English."""
        from django.conf import settings

        client = client_of(self[role])
        page.context.add_cookies(
            [
                {
                    "name": settings.SESSION_COOKIE_NAME,
                    "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                    "url": url,
                },
                {"name": "jiwar_language", "value": "en", "url": url},
            ]
        )


@pytest.fixture
def people(transactional_db: None, settings: Any) -> People:
    """One person of each role, on a node that has its keys and asks for no second factor."""
    from django.core.cache import cache

    from jiwar.identity.models import Agency
    from jiwar.identity.roles import Role
    from jiwar.identity.services import add_person, make_own_keys

    cache.clear()  # allauth counts failed sign-ins there
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    make_own_keys()
    agency = Agency.objects.create(code="contact-point", name="نقطة الاتصال الوطنية")
    for role, (username, name) in NAMES.items():
        add_person(username, name, PASSWORD, agency=agency, roles=[Role(role)])
    return People(agency)
