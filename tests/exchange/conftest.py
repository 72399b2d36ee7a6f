"""A neighbour with whom an agreement opens a kind of tests alone. Modules may have others of these names."""

import dataclasses
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from jiwar.exchange import departure
from jiwar.exchange.pouch import pack
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys
from jiwar.records.kinds import KINDS, Kind, register
from tests.console import SignIn, client_of
from tests.exchange.carrier import CARRIER, Packed, Packing
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

    def signed_in(role: Role = Role.CONTACT_OFFICER, language: str = "en", name: str = "") -> Client:
        person = Person.objects.filter(username=name or role.value).first() or add_person(
            name or role.value, role.value, "a long test secret", agency=agency, roles=[role]
        )
        return client_of(person, language)

    return signed_in


@pytest.fixture
def packed(tmp_path: Path, niger: ForeignNode) -> Packing:
    def make(**options: Any) -> Packed:
        path = tmp_path / f"{secrets.token_hex(4)}.pouch"
        pack(CARRIER, "NER", path, **({"why": "no line for two weeks"} | options))
        return Packed(path, niger)

    return make
