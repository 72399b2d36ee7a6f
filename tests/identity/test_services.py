"""People, nodes and keys: each change is a leaf, and roles stay apart."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.dispatch import Signal
from django.test import override_settings

from jiwar import settings as own_settings
from jiwar.audit.models import Leaf
from jiwar.identity import events, services
from jiwar.identity.cards import CardInvalid
from jiwar.identity.keys import KeyRing, ring
from jiwar.identity.models import Node, NodeKey, Person
from jiwar.identity.queries import KeyRefused, agency, cosigning_key, neighbours, sealing_key, signing_key
from jiwar.identity.roles import Role
from jiwar.identity.services import RolesConflict
from jiwar.operation.first_start import prepare
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
PASSWORD = "a long pass phrase 7"


def add(name: str = "amal", *roles: Role, password: str = PASSWORD) -> Person:
    return services.add_person(
        name, name.title(), password, agency=agency("cp", "Contact point"), roles=roles or [Role.ANALYST]
    )


def acts() -> list[str]:
    return list(Leaf.objects.order_by("index").values_list("act", flat=True))


class TestTheOwnNode:
    @pytest.fixture(autouse=True)
    def keys(self, settings: Any, tmp_path: Path) -> Path:
        settings.KEYS = tmp_path / "keys"
        return tmp_path / "keys"

    def is_entered(self, keys: Path) -> None:
        own = ring(keys)
        assert Node.objects.get().tls_certificate == (keys / "tls.crt").read_text()
        assert signing_key("LBY", own.signing[0].id).public_bytes_raw() == own.signing[0].public
        assert sealing_key("LBY")[0] == own.sealing[0].id
        assert cosigning_key("LBY", own.cosigning[0].id).public_bytes_raw() == own.cosigning[0].public

    def test_a_start_makes_it_once(self, keys: Path) -> None:
        prepare()
        made = {path.name: path.read_bytes() for path in keys.iterdir()}
        prepare()
        assert {path.name: path.read_bytes() for path in keys.iterdir()} == made
        assert acts() == ["own_keys_made"]
        self.is_entered(keys)

    @pytest.mark.parametrize("lost", ["node", "one key", "all keys", "card", "certificate", "certificate's key"])
    def test_a_start_makes_good_what_a_killed_one_left_undone(self, keys: Path, lost: str) -> None:
        prepare()
        signing = ring(keys).signing[0].id
        if lost == "node":
            NodeKey.objects.all().delete()
            Node.objects.all().delete()
        elif lost == "one key":
            NodeKey.objects.filter(use="sealing").delete()
        elif lost == "all keys":
            NodeKey.objects.all().delete()
        elif lost == "card":
            Node.objects.update(tls_certificate="another")
        else:
            (keys / ("tls.crt" if lost == "certificate" else "tls.key")).unlink()
        prepare()
        assert ring(keys).signing[0].id == signing
        self.is_entered(keys)
        assert acts() == ["own_keys_made"] * 2

    def test_a_start_adds_the_cosigning_key_that_version_1_had_not(self, keys: Path) -> None:
        prepare()
        path = keys / "keyring.json"
        old = json.loads(path.read_text()) | {"v": 1}
        del old["cosigning"]
        path.write_text(json.dumps(old))
        NodeKey.objects.filter(use="cosigning").delete()
        prepare()
        new = json.loads(path.read_text())
        assert {use: new[use] for use in ("signing", "sealing")} == {use: old[use] for use in ("signing", "sealing")}
        assert path.stat().st_mode & 0o777 == 0o600
        self.is_entered(keys)
        prepare()
        assert json.loads(path.read_text()) == new

    def test_a_key_file_of_another_ring_is_entered(self, keys: Path) -> None:
        prepare()
        KeyRing.make().write(keys)
        prepare()
        self.is_entered(keys)

    def test_a_key_file_without_rows_is_entered(self, keys: Path) -> None:
        KeyRing.make().write(keys)
        prepare()
        self.is_entered(keys)


def test_adding_and_changing_a_person_are_leaves() -> None:
    person = add()
    services.change_person(person, roles=[Role.APPROVER], clearance="covert", is_active=False, by="someone")
    assert acts() == ["person_added", "person_changed"]
    leaf = json.loads(Leaf.objects.get(act="person_changed").content)
    assert (leaf["actor"], leaf["subject"]) == ("someone", str(person.id))
    assert leaf["detail"] == {"roles": ["approver"], "clearance": "covert", "active": False}
    assert Person.objects.get().roles == {Role.APPROVER}


@pytest.mark.parametrize("alone", [Role.ADMINISTRATOR, Role.OVERSIGHT])
@pytest.mark.parametrize("other", [Role.CONTACT_OFFICER, Role.APPROVER, Role.FIELD_OFFICER, Role.ANALYST])
def test_administrator_and_oversight_go_with_no_other_role(alone: Role, other: Role) -> None:
    with pytest.raises(RolesConflict):
        add("x", alone, other)
    person = add("y", other)
    with pytest.raises(RolesConflict):
        services.change_person(person, roles=[alone, other], clearance="standard", is_active=True, by="z")
    assert Person.objects.get().roles == {other}


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012"])
def test_a_weak_password_is_refused_and_nothing_is_written(password: str) -> None:
    with pytest.raises(ValidationError):
        add(password=password)
    assert not Person.objects.exists()
    assert acts() == []


def test_a_node_pays_the_full_cost_of_argon2id_for_a_password() -> None:
    """What tests pay (tests.passwords) is less."""
    with override_settings(PASSWORD_HASHERS=own_settings.PASSWORD_HASHERS):
        assert add().password.startswith("argon2$argon2id$v=19$m=102400,t=2,p=8$")


def test_a_name_is_taken_once() -> None:
    add()
    with pytest.raises(ValidationError):
        add()
    assert Person.objects.count() == 1


def test_every_event_of_identity_reaches_the_ledger() -> None:
    for name, signal in vars(events).items():
        if isinstance(signal, Signal):
            assert signal.has_listeners(), name


def test_a_known_node_changes_no_key_by_card() -> None:
    node = ForeignNode("NER")
    services.add_node(node.card())
    services.add_node(node.card())
    with pytest.raises(CardInvalid, match="card_key_changed"):
        services.add_node(ForeignNode("NER").card())
    assert NodeKey.objects.filter(node="NER").count() == 3


def test_own_card_is_no_neighbour() -> None:
    services.make_own_keys()
    with pytest.raises(CardInvalid, match="card_is_own"):
        services.add_node(services.own_card())
    assert not neighbours().exists()


def test_a_revoked_key_is_refused_by_name() -> None:
    node = ForeignNode("NER")
    services.add_node(node.card())
    key = NodeKey.objects.get(node="NER", use="signing")
    assert signing_key("NER", key.id)
    services.revoke_node_key(key, "stolen", by="admin")
    with pytest.raises(KeyRefused, match="key_revoked"):
        signing_key("NER", key.id)
    with pytest.raises(KeyRefused, match="key_of_other_node"):
        signing_key("TUN", key.id)
    with pytest.raises(KeyRefused, match="key_unknown"):
        signing_key("NER", "0" * 16)
    assert acts()[-1] == "node_key_revoked"


def test_a_cosigning_key_is_its_nodes_and_no_signing_key() -> None:
    node = ForeignNode("NER")
    services.add_node(node.card())
    signing, cosigning = node.ring.signing[0].id, node.ring.cosigning[0].id
    assert cosigning_key("NER", cosigning).public_bytes_raw() == node.ring.cosigning[0].public
    for asked, of, key, code in (
        (cosigning_key, "TUN", cosigning, "key_of_other_node"),
        (cosigning_key, "NER", signing, "key_unknown"),
        (signing_key, "NER", cosigning, "key_unknown"),
    ):
        with pytest.raises(KeyRefused, match=code):
            asked(of, key)
    services.revoke_node_key(NodeKey.objects.get(id=cosigning), "stolen", by="admin")
    with pytest.raises(KeyRefused, match="key_revoked"):
        cosigning_key("NER", cosigning)


def test_a_post_of_another_state_is_no_neighbour() -> None:
    for node in (ForeignNode("NER"), ForeignNode("NER-MADAMA", role="post"), ForeignNode("LBY-GHAT", role="post")):
        services.add_node(node.card())
    assert set(neighbours().values_list("code", flat=True)) == {"NER", "LBY-GHAT"}
    assert Node.objects.count() == 3
