"""The ledger in the database: with its act or not at all, whole, exportable, and its neighbours' too."""

import base64
import json

import pytest
from django.conf import settings
from django.db import connection, transaction

from jiwar.audit.logic import merkle
from jiwar.audit.logic.checkpoint import CheckpointInvalid, sign_checkpoint
from jiwar.audit.logic.export import LedgerInvalid, verify_export
from jiwar.audit.models import Checkpoint, Conversation, Leaf
from jiwar.audit.queries import inclusion_path, leaves, tree_now
from jiwar.audit.services import LedgerForked, append_as, export_lines, keep_checkpoint, sign_tree
from jiwar.identity.keys import ring
from jiwar.identity.services import add_node, make_own_keys
from tests.audit.authors import Judge
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


def test_a_leaf_outside_a_transaction_is_refused() -> None:
    connection.in_atomic_block = False
    try:
        with pytest.raises(transaction.TransactionManagementError):
            append_as("alert_read", "someone", "console")
    finally:
        connection.in_atomic_block = True


def test_an_act_that_is_rolled_back_leaves_no_leaf() -> None:
    append_as("first", "someone", "console")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        append_as("second", "someone", "console").index // 0
    append_as("third", "someone", "console")
    assert list(Leaf.objects.values_list("index", "act")) == [(0, "first"), (1, "third")]
    assert tree_now().size == 2


def test_every_leaf_is_proven_in_the_tree_that_the_database_holds() -> None:
    for n in range(21):
        append_as("act_done", "someone", "console", str(n))
    tree = tree_now()
    for leaf in Leaf.objects.all():
        path = inclusion_path(leaf.index, tree.size)
        merkle.verify_inclusion(merkle.leaf_hash(leaf.content.encode()), leaf.index, tree.size, path, merkle.root(tree))


def test_two_equal_acts_have_different_hashes() -> None:
    """A witness who guesses an act cannot check the guess."""
    one, two = (append_as("act_done", "someone", "console", "x") for _ in range(2))
    assert json.loads(one.content)["salt"] != json.loads(two.content)["salt"]


def test_an_export_is_proven_and_a_changed_database_gets_no_signature() -> None:
    make_own_keys()
    for n in range(5):
        append_as("act_done", "someone", "console", str(n))
    lines = list(export_lines(Judge()))
    summary = verify_export(lines, ring(settings.KEYS).signing[0].public)
    assert summary.size == 7  # own_keys_made, five acts, the export itself
    assert summary.acts["ledger_exported"] == 1
    Leaf.objects.filter(index=3).update(content=Leaf.objects.get(index=4).content)
    with pytest.raises(LedgerInvalid):
        list(export_lines(Judge()))


def test_the_ledger_answers_who_what_why() -> None:
    append_as("alert_read", "zara", "console", "alert-1", purpose="border_check", case="C-1")
    append_as("alert_read", "amal", "console", "alert-2", purpose="border_check")
    assert [leaf.actor for leaf in leaves(subject="alert-1")] == ["zara"]
    assert leaves(act="alert_read", actor="amal").get().purpose == "border_check"


def test_a_checkpoint_is_signed_once_per_tree() -> None:
    make_own_keys()
    first = sign_tree()
    assert sign_tree() == first
    append_as("act_done", "someone", "console")
    assert sign_tree().size == first.size + 1


def test_a_neighbours_checkpoint_is_kept_and_a_fork_is_evidence() -> None:
    node = ForeignNode("NER")
    add_node(node.card())
    key = node.ring.signing[0]
    at = Leaf.objects.first().at

    def note(root: bytes, origin: str = "jiwar/NER") -> str:
        return sign_checkpoint(origin, 9, root, at, key.private)

    keep_checkpoint("NER", key.id, note(bytes(32)))
    keep_checkpoint("NER", key.id, note(bytes(32)))
    assert [len(row.talk["wants"]) for row in Conversation.objects.all()] == [1]
    assert not Checkpoint.objects.filter(node="NER").exists()  # nothing proved it yet
    Conversation.objects.all().delete()
    with pytest.raises(CheckpointInvalid):
        keep_checkpoint("NER", key.id, note(bytes(32), "jiwar/TUN"))
    Checkpoint.objects.create(
        node="NER", size=9, root=base64.b64encode(bytes(32)).decode(), at=at, note=note(bytes(32)), offered=True
    )
    keep_checkpoint("NER", key.id, note(bytes(32)))
    for _ in range(2):
        with pytest.raises(LedgerForked):
            keep_checkpoint("NER", key.id, note(b"\1" * 32))
    assert Leaf.objects.filter(act="ledger_forked", subject="NER").count() == 1
    with pytest.raises(LedgerForked):  # whatever it shows now
        keep_checkpoint("NER", key.id, note(bytes(32)))
