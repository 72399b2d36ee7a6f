"""What was parsed serves until something about agreements changes, and not a decision longer."""

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.agreements import policy, queries, services
from jiwar.agreements.kinds import AGREEMENT, SIGNATURE
from jiwar.agreements.models import Agreement, Change
from jiwar.agreements.queries import may_send
from jiwar.identity.node import NodeSettings
from jiwar.operation.node_folder import write_settings
from jiwar.operation.processes import Node, environment
from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.models import Record
from jiwar.records.services import expire
from tests.agreements.conftest import APPROVE, NODE_GRANT, SUSPEND, say, signature, take
from tests.foreign import ForeignNode

Granting = Callable[[Permission], Grant]


def sent(**facts: Any) -> str:
    return may_send("alert.person", "border_check", "NER", timezone.now(), **facts).code


def test_a_decision_costs_one_query_however_many_agreements_are_held(
    in_force: Record, niger: ForeignNode, body: dict, django_assert_max_num_queries: Any, django_assert_num_queries: Any
) -> None:
    for number in range(2, 6):
        take(say(niger, AGREEMENT, {**body, "reference": f"LBY-NER-2026-0{number}"}))
    with django_assert_max_num_queries(6):
        assert sent() == "open"
    parsed = policy.register()
    with django_assert_num_queries(1):
        assert sent(depth_km=4) == "open"
    assert policy.register() is parsed


def test_what_is_rolled_back_leaves_nothing_behind(in_force: Record, grant: Granting) -> None:
    def suspend_and_fail() -> None:
        with transaction.atomic():
            services.suspend(grant(SUSPEND), in_force.uid, "inquiry")
            assert sent() == "suspended"
            raise RuntimeError("undone")

    with pytest.raises(RuntimeError, match="undone"):
        suspend_and_fail()
    assert sent() == "open"
    # As many changes as the transaction that was undone had, and another one.
    services.suspend(grant(SUSPEND), in_force.uid, "inquiry", ["art-4-1"])
    assert sent() == "open"


def test_every_way_in_which_a_record_ends_is_seen(in_force: Record, niger: ForeignNode) -> None:
    theirs = Record.objects.get(kind=SIGNATURE.name)
    assert sent() == "open"
    take(say(niger, WITHDRAWAL, {"target": str(theirs.uid), "reason": "signed in error"}))
    assert sent() == "not_signed"
    again = take(signature(niger, in_force.uid, in_force.hash))
    assert sent() == "open"
    take(
        say(
            niger,
            SIGNATURE,
            {"target": str(in_force.uid), "hash": "0" * 64, "party": "NER"},
            version=2,
            id=str(again.uid),
        )
    )
    assert sent() == "not_signed"
    take(signature(niger, in_force.uid, in_force.hash, days=400))
    assert sent() == "open"
    expire(NODE_GRANT, timezone.now() + dt.timedelta(days=401))
    assert Record.objects.get(pk=in_force.pk).state == "in_force"
    assert sent() == "not_signed"


def test_the_last_day_of_the_calendar_is_a_day(niger: ForeignNode, grant: Granting, body: dict) -> None:
    body = {**body, "ends": "9999-12-31"}
    signed = say(niger, AGREEMENT, body)
    record = take(signed)
    Record.objects.filter(pk=record.pk).update(review_on=dt.date.max)
    draft = services.cosign(grant(Permission.AGREEMENTS_AGREEMENT_DRAFT), record.uid)
    services.approve(grant(APPROVE), draft, draft.content_hash)
    assert sent() == "open"


def test_texts_stored_before_version_2_are_completed(in_force: Record) -> None:
    row = Agreement.objects.get()
    row.clauses = [{k: v for k, v in clause.items() if k != "depth_km"} for clause in row.clauses]
    row.save()
    import_module("jiwar.agreements.migrations.0004_clauses_of_version_2").complete(apps, None)
    Change.objects.create(mark=1)
    assert Agreement.objects.get().clauses[0]["depth_km"] is None
    assert sent(depth_km=400) == "open"


class TestSteady:
    def test_a_batch_looks_once(self, in_force: Record, django_assert_num_queries: Any) -> None:
        assert sent() == "open"
        with django_assert_num_queries(1), queries.steady():
            assert {sent(depth_km=n) for n in range(20)} == {"open"}

    def test_sees_its_own_change_and_its_undoing(self, in_force: Record, grant: Granting) -> None:
        def suspend_and_fail() -> None:
            with transaction.atomic():
                services.suspend(grant(SUSPEND), in_force.uid, "inquiry")
                assert sent() == "suspended"
                raise RuntimeError("undone")

        with queries.steady():
            assert sent() == "open"
            with pytest.raises(RuntimeError, match="undone"):
                suspend_and_fail()
            assert sent() == "open"
            services.suspend(grant(SUSPEND), in_force.uid, "inquiry")
            assert sent() == "suspended"

    def test_the_next_batch_sees_what_others_changed(self, in_force: Record) -> None:
        with queries.steady():
            assert sent() == "open"
            Record.objects.filter(pk=in_force.pk).update(state="withdrawn")
            Change.objects.create(mark=77)  # as another process leaves it
            assert sent() == "open"
        assert sent() == "expired"


class TestOtherProcesses:
    """Two processes of one node, each with what it parsed; what one changes the other sees at its next decision."""

    ASK = "print(may_send('alert.person', 'border_check', 'NER', timezone.now()).code, flush=True)"
    SETUP = """
import django
django.setup()
import sys
from django.utils import timezone
from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import SYSTEM
from jiwar.agreements import policy, queries, services
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.kinds import AGREEMENT
from jiwar.agreements.models import Agreement, Change
from jiwar.agreements.queries import may_send
from jiwar.identity.services import add_node
from tests.agreements.conftest import say, signature, take
from tests.foreign import ForeignNode
for line in sys.stdin:
    exec(line)
"""

    @pytest.fixture
    def start(self, tmp_path: Path, migrated: Callable[[Path], str]) -> Iterator[Callable[[], "Shell"]]:
        folder = tmp_path / "LBY"
        settings = NodeSettings(code="LBY", role="national", name="Libya", database_url=migrated(folder))
        write_settings(folder, settings)
        Node(folder, settings).prepare()
        running: list[Shell] = []

        def started() -> Shell:
            running.append(Shell(folder, self.SETUP))
            return running[-1]

        yield started
        for shell in running:
            shell.stop()

    def test_see_a_change_at_the_next_decision(self, db: None, start: Callable[[], "Shell"]) -> None:
        one, two = start(), start()
        one.run("niger = ForeignNode('NER'); add_node(niger.card())")
        one.run("record = take(say(niger, AGREEMENT, demo_agreement(timezone.now().date())))")
        assert [one.run(self.ASK), two.run(self.ASK)] == ["not_signed", "not_signed"]
        own = "services.SIGNATURE, {'target': str(record.uid), 'hash': record.hash, 'party': 'LBY'}"
        one.run(f"kind, body = {own}")
        one.run("from jiwar.records.services import issue, read_content")
        one.run("from jiwar.records.statement import Approval, content_hash")
        one.run("from tests.agreements.conftest import terms_of")
        one.run("content = read_content(kind, terms_of(body), timezone.now())")
        one.run("digest = content_hash(kind.name, kind.version, content.model_dump(mode='json'))")
        one.run(
            "issue(Grant(SYSTEM, Permission.EXCHANGE_LINK_READ), kind, content, approval=Approval('a', 'b', digest))"
        )
        assert [two.run(self.ASK), one.run(self.ASK)] == ["open", "open"]
        suspend = "services.suspend(Grant(SYSTEM, Permission.AGREEMENTS_AGREEMENT_SUSPEND), UID, 'inquiry')"
        two.run("from jiwar.agreements.models import Agreement; UID = Agreement.objects.get().uid")
        two.run(suspend)
        assert [one.run(self.ASK), two.run(self.ASK)] == ["suspended", "suspended"]


class Shell:
    """A Python process that runs lines given to it."""

    def __init__(self, folder: Path, setup: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", setup],
            env=environment(folder) | {"JIWAR_DATABASE_URL": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, line: str) -> str:
        """Run one line, and give back what it printed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\nprint('-- done', flush=True)\n")
        self.process.stdin.flush()
        said = iter(self.process.stdout.readline, "-- done\n")
        lines = []
        for each in said:
            assert each, f"the process ended at: {line}"
            lines.append(each.strip())
        return "\n".join(lines)

    def stop(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
