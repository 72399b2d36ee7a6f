"""The cache of keys: how many questions a lookup asks, and that a change counts at once in every process."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.models import Certificate, KeyChange, NodeKey, Root
from jiwar.identity.queries import KeyRefused, cosigning_key, one_look, sealing_key, signing_key
from jiwar.identity.services import add_node, make_own_keys, revoke_node_key
from tests.foreign import ForeignNode


@pytest.fixture
def niger() -> ForeignNode:
    make_own_keys()
    node = ForeignNode("NER")
    node.certify(RootKey.of("NER", bytes(32)))
    add_node(node.card())
    return node


def queries(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as asked:
        work()
    return len(asked)


def look_up(node: ForeignNode) -> None:
    signing_key("NER", node.ring.signing[0].id)
    cosigning_key("NER", node.ring.cosigning[0].id)
    sealing_key("NER")


def refusal(key: str) -> str:
    try:
        signing_key("NER", key)
    except KeyRefused as refused:
        return refused.code
    return ""


@pytest.mark.django_db
def test_a_lookup_costs_one_question_and_a_batch_costs_one(niger: ForeignNode) -> None:
    def batch() -> None:
        with one_look():
            for _ in range(50):
                look_up(niger)
                with one_look():
                    look_up(niger)

    look_up(niger)
    assert queries(lambda: look_up(niger)) == 3
    assert queries(batch) == 1
    KeyChange.objects.create(number=5)
    assert queries(batch) == 1 + 4
    assert queries(batch) == 1


@pytest.mark.django_db
def test_a_key_is_made_once_of_its_bytes(niger: ForeignNode) -> None:
    key = niger.ring.signing[0].id
    assert signing_key("NER", key) is signing_key("NER", key)
    assert signing_key("NER", key).public_bytes_raw() == niger.ring.signing[0].public


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda: NodeKey.objects.filter(use="signing").update(revoked_why="x"),
        lambda: NodeKey.objects.get(node="NER", use="signing").save(),
        lambda: NodeKey.objects.filter(node="NER", use="sealing").delete(),
        lambda: NodeKey.objects.bulk_create([]),
        lambda: Root.objects.update(reason="x"),
        lambda: Root.objects.get().save(),
        lambda: Certificate.objects.all().delete(),
        lambda: Certificate.objects.get().save(),
    ],
)
def test_every_change_through_the_tables_is_told(niger: ForeignNode, change: Callable[[], Any]) -> None:
    before = KeyChange.objects.count()
    change()
    assert KeyChange.objects.count() > before


@pytest.mark.django_db
def test_a_change_of_this_thread_counts_at_once_inside_a_look(niger: ForeignNode) -> None:
    key = niger.ring.signing[0].id
    with one_look():
        assert refusal(key) == ""
        with transaction.atomic():
            revoke_node_key(NodeKey.objects.get(id=key), "stolen", by="admin")
            assert refusal(key) == "key_revoked"
            transaction.set_rollback(True)
        # What was rolled back counts no longer.
        assert refusal(key) == ""
        revoke_node_key(NodeKey.objects.get(id=key), "stolen", by="admin")
        assert refusal(key) == "key_revoked"


@pytest.mark.django_db(transaction=True)
def test_a_change_on_another_connection_counts_at_the_next_look(niger: ForeignNode) -> None:
    key = niger.ring.signing[0].id

    def elsewhere(work: Callable[[], Any]) -> Any:
        def run() -> Any:
            try:
                assert connection.connection is None  # a connection of its own
                return work()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run).result()

    def revoke() -> None:
        revoke_node_key(NodeKey.objects.get(id=key), "stolen", by="admin")

    with one_look():
        assert refusal(key) == ""
        elsewhere(revoke)
        assert refusal(key) == ""  # a batch is judged by one look
    assert refusal(key) == "key_revoked"
    assert elsewhere(lambda: refusal(key)) == "key_revoked"
    new = ForeignNode("NER").ring.signing[0]
    row = {"id": new.id, "node_id": "NER", "use": "signing", "public": base64.b64encode(new.public).decode()}
    elsewhere(lambda: NodeKey.objects.create(**row))
    assert refusal(new.id) == ""
