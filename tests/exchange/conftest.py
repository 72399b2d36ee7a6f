"""A neighbour with whom an agreement opens a kind of tests alone. Modules may have others of these names."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jiwar.exchange import departure
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from tests.exchange.console import SignIn
from tests.exchange.test_exchange import Note, open_between
from tests.foreign import ForeignNode


@pytest.fixture(autouse=True)
def nothing_at_hand() -> None:
    """What an earlier test sealed ahead is of another database, where streams have the same keys."""
    departure._at_hand.clear()


@pytest.fixture
def own_node(db: None, settings: Any, tmp_path: Path) -> None:
    """This node has its keys, and a data folder of this test alone."""
    settings.DATA = tmp_path / "LBY"
    settings.DATA.mkdir()
    make_own_keys()


@pytest.fixture
def kind() -> Iterator[Kind]:
    new = register(Kind("test.note", 1, Note))
    yield new
    del KINDS["test.note", 1]


@pytest.fixture
def niger(own_node: None, kind: Kind) -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    open_between(node, "test.note")
    return node


@pytest.fixture
def sign_in(own_node: None, settings: Any) -> SignIn:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="contact-point", name="Contact point")

    def signed_in(role: Role = Role.CONTACT_OFFICER, language: str = "en") -> Client:
        person = Person.objects.filter(username=role.value).first() or add_person(
            role.value, role.value, "a long test secret", agency=agency, roles=[role]
        )
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = language
        return client

    return signed_in
