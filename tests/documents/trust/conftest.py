"""Amal reads in and vouches, Salem approves, at the national node of Libya."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.documents import trust
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.identity.services import make_own_keys
from jiwar.records.models import Record

Granting = Callable[..., Grant]
Vouching = Callable[..., Record]


@pytest.fixture
def own_keys(db: None, settings: Any, tmp_path: Path) -> None:
    settings.KEYS, settings.DATA = tmp_path / "keys", tmp_path
    make_own_keys()


@pytest.fixture
def staff(own_keys: None) -> dict[str, Person]:
    agency = Agency.objects.create(code="ncb", name="NCB")
    found = {}
    roles = {"amal": "contact_officer", "salem": "approver", "mariama": "field_officer", "admin": "administrator"}
    for name, role in roles.items():
        found[name] = Person.objects.create(username=name, full_name=name.title(), agency=agency, password="!")
        RoleGrant.objects.create(person=found[name], role=role)
    return found


@pytest.fixture
def grant(staff: dict[str, Person]) -> Granting:
    """`grant(permission, name=…)`: the grant of the person whose job it is."""

    def make(permission: P, name: str = "") -> Grant:
        who = name or ("salem" if permission is P.DOCUMENTS_TRUST_APPROVE else "amal")
        return allow(actor_of_person(staff[who]), permission, Purpose.BORDER_CHECK)

    return make


@pytest.fixture
def vouch(grant: Granting) -> Vouching:
    """`vouch(der, role=…)`: Amal vouches for a certificate, Salem approves."""

    def make(der: bytes, role: str = "anchor") -> Record:
        by = grant(P.DOCUMENTS_TRUST_IMPORT)
        said = {"handed": "diplomatic", "checked": "read aloud by the embassy", "reason": "Note 114 of 3 November"}
        draft = trust.submit_change(by, trust.draft_certificate(by, der, role=role, **said).pk)
        return trust.approve_change(grant(P.DOCUMENTS_TRUST_APPROVE), draft.pk, draft.content_hash)

    return make
