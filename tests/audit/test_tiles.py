"""The tree in the database: tiles that grow in place, groups, proofs, and the move from the tables before."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from jiwar.audit import store
from jiwar.audit.logic import merkle
from jiwar.audit.logic.tiles import grow
from jiwar.audit.models import Edge, Leaf, Tile
from jiwar.audit.queries import consistency_path, inclusion_path, tile, tree_at, tree_now
from jiwar.audit.services import Act, append_all, append_as
from jiwar.identity.keys import write_secret
from tests.audit.authors import Judge
from tests.node import NODE_TOML


def hash_of(leaf: Leaf) -> bytes:
    return merkle.leaf_hash(leaf.content.encode())


@pytest.mark.django_db
class TestGroups:
    def test_a_group_is_what_single_acts_are_at_one_instant(self):
        acts = [Act("record_received", f"r-{n}", {"n": n}) for n in range(600)]
        append_as("first", "someone", "console")
        assert append_all(Judge(), acts) == list(range(1, 601))
        assert append_all(Judge(), acts[:3]) == [601, 602, 603]
        rows = list(Leaf.objects.filter(index__range=(1, 600)))
        assert [row.subject for row in rows] == [act.subject for act in acts]
        assert {(row.actor, row.purpose, row.case) for row in rows} == {("judge", "oversight", "J-1")}
        assert len({row.at for row in rows}) == 1
        grown = merkle.CompactRange()
        for row in Leaf.objects.all():
            grown, _ = merkle.append(grown, hash_of(row))
        assert tree_now() == grown

    def test_a_group_costs_as_many_queries_as_one(self, django_assert_max_num_queries):
        append_as("first", "someone", "console")
        with django_assert_max_num_queries(5):
            append_as("second", "someone", "console")
        with django_assert_max_num_queries(5):
            append_all(Judge(), [Act("done")] * 200)

    def test_an_empty_group_is_nothing(self):
        assert append_all(Judge(), []) == []
        assert not Edge.objects.exists()

    def test_a_group_is_whole_or_not_at_all(self):
        append_as("first", "someone", "console")
        before = tree_now()
        with pytest.raises(ValueError, match="act"), transaction.atomic():
            append_all(Judge(), [Act("done"), Act("Not An Act")])
        assert tree_now() == before
        assert Leaf.objects.count() == 1

    def test_outside_a_transaction_it_is_refused(self):
        connection.in_atomic_block = False
        try:
            with pytest.raises(transaction.TransactionManagementError):
                append_all(Judge(), [Act("done")])
        finally:
            connection.in_atomic_block = True

    def test_texts_of_every_script_and_control_survive(self):
        odd = "ليبيا \\N \\. tab\tline\nquote' \" \\\\ 🜄"
        indexes = append_all(Judge(), [Act("done", odd, {"text": odd}), Act("done", "", {"text": odd})])
        rows = Leaf.objects.in_bulk(indexes)
        assert rows[indexes[0]].subject == odd
        for row in rows.values():
            path = inclusion_path(row.index, tree_now().size)
            merkle.verify_inclusion(hash_of(row), row.index, tree_now().size, path, merkle.root(tree_now()))


@pytest.mark.django_db
class TestTiles:
    def test_the_right_edge_grows_in_place(self):
        append_all(Judge(), [Act("done")] * 300)
        assert {(t.level, t.index): len(t.hashes) // 32 for t in Tile.objects.all()} == {
            (0, 0): 256, (0, 1): 44, (1, 0): 1,
        }  # fmt: skip
        append_as("done", "someone", "console")
        assert len(Tile.objects.get(level=0, index=1).hashes) == 45 * 32

    def test_a_tile_is_served_as_wide_as_asked_and_no_wider_than_it_is(self):
        append_all(Judge(), [Act("done")] * 300)
        leaves = [hash_of(row) for row in Leaf.objects.all()]
        assert tile(0, 0) == b"".join(leaves[:256])
        assert tile(0, 1, 40) == b"".join(leaves[256:296])
        assert tile(1, 0, 1) == merkle.root(tree_at(256))
        for level, index, width in ((0, 1, 256), (0, 1, 45), (0, 2, 1), (1, 0, 2), (2, 0, 1), (0, 0, 0), (0, 0, 257)):
            with pytest.raises(LookupError):
                tile(level, index, width)

    def test_proofs_take_one_query(self, django_assert_num_queries):
        append_all(Judge(), [Act("done")] * 700)
        leaf = Leaf.objects.get(index=300)
        with django_assert_num_queries(1):
            path = inclusion_path(300, 690)
        with django_assert_num_queries(1):
            proof = consistency_path(513, 690)
        with django_assert_num_queries(2):
            old, new = tree_at(513), tree_at(690)
        merkle.verify_inclusion(hash_of(leaf), 300, 690, path, merkle.root(new))
        merkle.verify_consistency(513, 690, proof, merkle.root(old), merkle.root(new))
        assert tree_at(0) == merkle.CompactRange()
        assert inclusion_path(0, 1) == []

    def test_nothing_is_appended_to_a_tile_that_was_cut(self):
        append_all(Judge(), [Act("done")] * 10)
        Tile.objects.update(hashes=bytes(9 * 32))
        with pytest.raises(store.LedgerDamaged), transaction.atomic():
            append_as("done", "someone", "console")
        assert Leaf.objects.count() == 10


WRITER = """
import sys
import django
django.setup()
from django.db import transaction
from jiwar.audit.services import Act, append_all
from tests.audit.authors import Judge

for n in range(20):
    with transaction.atomic():
        append_all(Judge(), [Act("done", f"{sys.argv[1]}-{n}")] * (n + 1))
"""

READER = """
import django
django.setup()
from jiwar.audit.logic import merkle
from jiwar.audit.logic.tiles import grow
from jiwar.audit.models import Leaf
from jiwar.audit.queries import tree_at, tree_now

grown = merkle.CompactRange()
for row in Leaf.objects.all():
    assert row.index == grown.size
    grown, _ = merkle.append(grown, merkle.leaf_hash(row.content.encode()))
assert grown == tree_now() == tree_at(grown.size)
print(grown.size)
"""


@pytest.mark.fault
def test_processes_that_write_at_one_time_make_one_tree(tmp_path, migrated):
    node = tmp_path / "node"
    env = os.environ | {"JIWAR_DATA": str(node), "JIWAR_DATABASE_URL": migrated(node)}
    (node / "node.toml").write_text(NODE_TOML, encoding="utf-8")
    (node / "keys").mkdir()
    write_secret(node / "keys" / "session-secret", b"made by the first process of a node, which is alone")
    env["DJANGO_SETTINGS_MODULE"] = "jiwar.settings"

    def start(program: str, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-c", program, *arguments], env=env, stdout=subprocess.PIPE, text=True)

    def finish(process: subprocess.Popen) -> tuple[int, str]:
        said, _ = process.communicate(timeout=60)
        return process.returncode, said

    writers = [start(WRITER, name) for name in "abc"]
    assert [finish(writer) for writer in writers] == [(0, "")] * 3
    assert finish(start(READER)) == (0, f"{3 * 210}\n")


class Before:
    """A database as the program before made it: the ledger's first tables, on the engine under test."""

    FIRST = [("audit", "0001_initial")]

    def __init__(self, alias: str) -> None:
        self.connection = connections[alias]
        executor = MigrationExecutor(self.connection)
        executor.migrate(self.FIRST)
        tables = executor.loader.project_state(self.FIRST).apps
        self.nodes = tables.get_model("audit", "TreeNode").objects.using(alias)
        self.edges = tables.get_model("audit", "Edge").objects.using(alias)

    def upgrade(self) -> None:
        MigrationExecutor(self.connection).migrate([("audit", "0002_tiles")])


@pytest.fixture
def before(tmp_path, node_database, django_db_blocker):
    alias, url = "before", node_database()
    parts = urlsplit(url)
    connections.databases[alias] = connections.databases["default"] | (
        {"NAME": parts.path[1:]} if url else {"NAME": str(tmp_path / "before.sqlite3")}
    )
    with django_db_blocker.unblock():
        yield Before(alias)
        connections[alias].close()
    del connections[alias]
    del connections.databases[alias]


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_the_ledger_goes_on_from_what_it_has_become():
    """Four at once: who waits for the lock must see the tile that the one before it wrote."""
    if connection.vendor == "sqlite":
        pytest.skip("a database in memory has one writer")

    def work(_: int) -> None:
        try:
            for n in range(40):
                with transaction.atomic():
                    append_all(Judge(), [Act("done", f"{n}")] * (1 + n % 5))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    rows = list(Leaf.objects.order_by("index"))
    assert [row.index for row in rows] == list(range(4 * 8 * (1 + 2 + 3 + 4 + 5)))
    grown, growths = grow(merkle.CompactRange(), [hash_of(row) for row in rows])
    assert tree_now() == grown
    assert {(each.level, each.index): bytes(each.hashes) for each in Tile.objects.all()} == {
        place: growth.hashes for place, growth in growths.items()
    }


@pytest.mark.parametrize("size", [0, 1, 256, 70_000])
def test_the_tables_before_become_tiles(before, size):
    """A ledger written by the program before: one row for every perfect subtree."""
    hashes = [hashlib.sha256(n.to_bytes(4, "big")).digest() for n in range(size)]
    tree, completed = merkle.extend(merkle.CompactRange(), hashes)
    before.nodes.bulk_create(before.nodes.model(level=n.level, index=n.position, hash=n.hash) for n in completed)
    before.edges.create(pk=1, size=tree.size, peaks=b"".join(tree.peaks))
    before.upgrade()
    moved = Tile.objects.using("before").values_list("level", "index", "hashes")
    _, expected = grow(merkle.CompactRange(), hashes)
    assert {(level, n): bytes(found) for level, n, found in moved} == {p: g.hashes for p, g in expected.items()}
    edge = Edge.objects.using("before").get()
    assert store.read_edge(edge.size, edge.peaks) == tree


def test_a_gap_in_the_tables_before_stops_the_move(before):
    before.nodes.bulk_create(before.nodes.model(level=0, index=n, hash=bytes(32)) for n in (0, 1, 3))
    with pytest.raises(RuntimeError, match="lacks the hash 2 of level 0"):
        before.upgrade()
    assert before.nodes.count() == 3
