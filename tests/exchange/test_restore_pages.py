"""The restore ceremony at the console: the banner, what the neighbours say, the end with a reason, what came back."""

import datetime as dt
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.exchange import restore, restore_queries
from jiwar.exchange.arrival import take
from jiwar.exchange.logic import frame as frames
from jiwar.exchange.logic import message as messages
from jiwar.exchange.logic.conversation import answer
from jiwar.exchange.logic.frame import Frame
from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.message import Message, Place
from jiwar.exchange.logic.message import Signed as SignedStatement
from jiwar.exchange.logic.streams import Cursor
from jiwar.exchange.models import Outgoing, Restore, Sealed, Stream
from jiwar.exchange.standing import announced, epoch, mark, restoring
from jiwar.exchange.this_node import CONTACTS, ThisNode
from jiwar.identity.models import Person
from jiwar.identity.roles import Role
from jiwar.records.kinds import Kind
from jiwar.records.models import Record
from jiwar.records.services import issue
from jiwar.records.words import LANGUAGES
from tests.console import SignIn, text
from tests.exchange.carrier import BY, notes
from tests.exchange.test_exchange import Channel, content, depart
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_is_remembered() -> None:
    CONTACTS.clear()


def noticed(by: str = "restore", **evidence: Any) -> None:
    """A restore waits, and the pages know."""
    restore.notice(by, evidence or {"copy": "2026-11-20T08:00:00+00:00"})
    mark()


def says(node: ForeignNode, **hello: Any) -> None:
    """The neighbour speaks to us over a line."""
    answer(ThisNode(reaching=False), CONTACTS, frames.write(Frame(node.hello(**hello))))


def test_every_page_says_so_to_everyone_until_it_has_ended(
    sign_in: SignIn,
    niger: ForeignNode,
) -> None:
    clients = {role: sign_in(role) for role in Role}
    for client in clients.values():
        assert "old copy" not in text(client.get("/"))
    noticed()
    for role, client in clients.items():
        page = text(client.get("/"))
        assert "This node runs from an old copy of itself." in page
        assert ("Look at it and end it" in page) == (role is Role.ADMINISTRATOR)
    assert "a restore that you have to end" in text(clients[Role.ADMINISTRATOR].get("/"))
    assert "a restore that you have to end" not in text(clients[Role.ANALYST].get("/"))
    assert "old copy of itself" not in text(Client().get("/sign-in/"))


def test_a_page_asks_the_database_nothing_while_all_is_well(niger: ForeignNode) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert announced() is None
    assert len(asked) == 0
    (django_settings.DATA / "restoring").touch()  # left behind by a crash, say
    assert announced() is None
    assert not (django_settings.DATA / "restoring").exists()


def test_notice_and_end_are_known_to_the_pages_at_once(
    niger: ForeignNode, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        restore.notice("restore", {})
    assert announced() is not None
    with django_capture_on_commit_callbacks(execute=True):
        restore.end_restore(ender(), "the newest copy")
    assert announced() is None
    assert not (django_settings.DATA / "restoring").exists()


def ender() -> Any:
    from jiwar.access.permissions import Permission
    from jiwar.access.services import as_node

    return as_node(Permission.EXCHANGE_RESTORE_END)


@pytest.mark.parametrize(
    ("by", "evidence", "says_"),
    [
        (
            "restore",
            {"copy": "2026-11-20T08:00:00+00:00"},
            "restored from a backup at its own terminal. The newest act",
        ),
        ("NER", {"stream": "urgent.1.0", "seq": 7, "envelope": "ab"}, "NER showed a message that this node sealed"),
        ("NER", {"checkpoint": "jiwar/LBY\n9\n"}, "NER holds a signed state of our ledger"),
    ],
)
def test_the_evidence_is_told_in_words(
    sign_in: SignIn,
    niger: ForeignNode,
    by: str,
    evidence: dict[str, Any],
    says_: str,
) -> None:
    noticed(by, **evidence)
    page = text(sign_in(Role.ADMINISTRATOR).get("/neighbours/restore/"))
    assert says_ in page
    assert "Who can end it administrator" in page  # her name


def test_the_neighbours_last_word_shows_what_comes_back(
    sign_in: SignIn,
    niger: ForeignNode,
    kind: Kind,
) -> None:
    issue(BY, kind, content(kind, "1"))
    depart("NER")
    take("NER", notes(niger, Channel(niger), kind, "a"))
    noticed()
    client = sign_in(Role.ADMINISTRATOR)
    assert "No neighbour has said a word yet." in text(client.get("/neighbours/restore/"))
    says(niger, have={"routine.1.0": Cursor(5, "ab" * 32)}, sent={"routine.1.0": Sent(4, 4), "urgent.1.0": Sent(2, 2)})
    page = text(client.get("/neighbours/restore/"))
    assert "NER" in page
    row = client.get("/neighbours/restore/").content.decode()
    assert "not yet" not in text(client.get("/neighbours/restore/"))
    assert "<bdi>4</bdi>" in row  # ours: five that it has, one that we know
    assert "<bdi>5</bdi>" in row  # its own: three and two


def test_only_an_administrator_ends_it_and_says_why(
    sign_in: SignIn,
    niger: ForeignNode,
) -> None:
    noticed()
    for role in (Role.CONTACT_OFFICER, Role.OVERSIGHT):
        client = sign_in(role)
        assert "End the restore" not in text(client.get("/neighbours/restore/"))
        assert client.post("/neighbours/restore/", {"reason": "why"}).status_code == 403
    client = sign_in(Role.ADMINISTRATOR)
    wrong = client.post("/neighbours/restore/", {"reason": " "})
    assert (wrong.status_code, "This field is required." in text(wrong)) == (422, True)
    assert restoring() is not None
    done = client.post("/neighbours/restore/", {"reason": "the disk died on Sunday"})
    assert (done.status_code, done.url) == (302, "/neighbours/restore/")
    mark()
    page = text(client.get("/neighbours/restore/"))
    assert "the disk died on Sunday" in page
    assert "This node is in epoch 2." in page
    assert "old copy of itself" not in page
    leaf = Leaf.objects.get(act="restore_ended")
    assert leaf.actor == str(Person.objects.get(username="administrator").pk)
    assert client.post("/neighbours/restore/", {"reason": "again"}).status_code == 422


def test_what_came_back_is_counted_by_neighbour(
    sign_in: SignIn,
    niger: ForeignNode,
    kind: Kind,
) -> None:
    """Two of ours and two of Niger's were lost; one of each is back."""
    records = [issue(BY, kind, content(kind, str(n))) for n in range(3)]
    depart("NER")
    sealed = {row.seq: row for row in Sealed.objects.select_related("outgoing__record")}
    lost = [sealed[n].outgoing.record for n in (2, 3)]
    statements = [SignedStatement(r.statement.encode(), r.signing_key, r.signature, r.cosignature) for r in lost]
    hashes = [sealed[n].hash for n in (2, 3)]
    channel = Channel(niger)
    batch = notes(niger, channel, kind, "a", "b", "c")
    take("NER", batch[:1])
    # The copy: the first of each is all that it knows.
    Sealed.objects.filter(seq__gt=1).delete()
    Outgoing.objects.filter(record__in=lost).delete()
    Record.objects.filter(pk__in=[record.pk for record in lost]).delete()
    Stream.objects.filter(incoming=False).update(seq=1)
    assert len(records) == 3
    noticed()
    says(niger, have={"routine.1.0": Cursor(3, hashes[1])}, sent={"routine.1.0": Sent(3, 1)})
    restore.end_restore(ender(), "the newest copy")
    row = Restore.objects.get()
    [before] = restore_queries.came_back(row)
    assert (before.node, before.ours, before.lost, before.again, before.missing) == ("NER", 0, 2, 0, 2)
    back = Channel(niger, "urgent.1.0")
    place = Place("routine.1.0", 2, hashes[0], "applied", "")
    assert take("NER", [back.payload(messages.write(Message(statements[0], place=place)))]).count == 1
    assert take("NER", batch[1:2]).count == 1
    [after] = restore_queries.came_back(row)
    assert (after.ours, after.again, after.missing) == (1, 1, 1)
    page = text(sign_in(Role.CONTACT_OFFICER).get("/neighbours/restore/"))
    assert "1 of about 2" in page
    assert epoch() == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_speaks_each_language(sign_in: SignIn, niger: ForeignNode, language: str) -> None:
    client = sign_in(Role.ADMINISTRATOR, language)
    for waits in (False, True):
        if waits:
            noticed("NER", stream="urgent.1.0", seq=7)
        response = client.get("/neighbours/restore/")
        assert response.status_code == 200
        assert f'lang="{language}"' in response.content.decode()
    assert timezone.now() - Restore.objects.get().noticed_at < dt.timedelta(minutes=5)
