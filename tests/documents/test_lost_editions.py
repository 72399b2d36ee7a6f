"""Editions of the registry: made at the national node, put on at a post, and asked there."""

import dataclasses
import datetime as dt
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as live
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.services import as_node
from jiwar.documents import lost_arrivals, lost_editions, lost_files, lost_work
from jiwar.documents.logic.lost import LostEntry, LostStatus, LostType
from jiwar.documents.logic.lost_checking import check_lost
from jiwar.documents.logic.lost_file import REMOVED, LostFile, line, line_of, write
from jiwar.documents.logic.report import Result
from jiwar.documents.lost import take_back
from jiwar.documents.lost_kinds import LOST_EDITION, LOST_HOLDING, LostEditionBody
from jiwar.documents.models import LostDocument, LostEdition
from jiwar.exchange import attachments
from jiwar.exchange.attached import keep, wanted
from jiwar.exchange.models import Outgoing
from jiwar.identity.models import Agency, Person, RoleGrant
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.queries import held
from jiwar.records.services import Record, expire, terms
from jiwar.records.words import word
from jiwar.wire.faults import Refused
from tests.console import client_of, text
from tests.documents.registry import ask, fact, grant, node, report
from tests.foreign import ForeignNode, Signed, sha256

__all__ = ["ask", "node", "report"]
BY = as_node(P.EXCHANGE_MESSAGE_PASS)
HOUR = dt.timedelta(hours=1)
UNTIL = dt.date(2036, 1, 1)


# At the national node -------------------------------------------------------------------------------------------------


@pytest.fixture
def sebha(node: None) -> ForeignNode:
    known = ForeignNode("LBY-SEBHA", role="post")
    add_node(known.card())
    return known


def newest() -> Record:
    return held(LOST_EDITION.name).order_by("-pk")[0]


def told(record: Record) -> list[bytes]:
    """The lines of an edition's file, opened as whoever holds the record can open it."""
    files = LostEditionBody.model_validate(record.body).files
    data = b"".join(piece for descriptor in files for piece in attachments.open_plain(descriptor))
    return list(LostFile(data).lines())


def numbers(lines: list[bytes]) -> list[str]:
    return [f"{status}{number}" for _, _, number, _, _, status, *_ in (one.decode().split("\t") for one in lines)]


def say(post: ForeignNode, **body: Any) -> None:
    """The post tells the national node what it holds."""
    said = terms("border_check", "a test", 300, {"sequence": 0, "edition": "", "rows": 0, "code": ""} | body)
    receive(BY, *post.statement(LOST_HOLDING, said), post.node.code)


def test_the_first_edition_is_whole_and_then_only_what_changed(sebha: ForeignNode, report: Any) -> None:
    now = timezone.now()
    lost_editions.tend(BY, now)
    assert not held(LOST_EDITION.name).exists()  # nobody has reported anything
    first = report(fact("A1"), fact("A2"), fact("B100", last="B199", status="stolen_blank"))
    lost_editions.tend(BY, now)
    edition = newest()
    assert (edition.body["form"], edition.body["rows"], numbers(told(edition))) == ("whole", 3, ["SA1", "SA2", "BB100"])
    assert Outgoing.objects.filter(record=edition, node="LBY-SEBHA").count() == 1
    lost_editions.tend(BY, now + HOUR)
    assert newest() == edition

    take_back(grant(P.DOCUMENTS_LOST_REPORT), first.uid, "A1", "", "found")
    report(fact("A3", status="lost"))
    lost_editions.tend(BY, now + HOUR)
    second = newest()
    assert (second.body["form"], second.body["previous"], second.body["rows"]) == ("changes", edition.hash, 3)
    assert numbers(told(second)) == ["-A1", "LA3"]
    assert not LostDocument.objects.filter(active=False).exists()
    lost_editions.tend(BY, now + 14 * HOUR)
    assert (newest().body["sequence"], told(newest())) == (3, [])


def test_a_document_whose_status_changes_is_told_as_it_is_now(sebha: ForeignNode, report: Any) -> None:
    record = report(fact("A1", status="lost"))
    lost_editions.tend(BY, timezone.now())
    LostDocument.objects.filter(uid=record.uid).update(active=False, revision=8)
    LostDocument.objects.create(
        **{f: getattr(LostDocument.objects.get(), f) for f in ("uid", "issuer", "folded", "type", "number", "last")},
        record=record, status="S", since=dt.date(2026, 10, 2), until=UNTIL, revision=9,
    )  # fmt: skip
    lost_editions.tend(BY, timezone.now() + HOUR)
    assert numbers(told(newest())) == ["SA1"]


def test_what_is_red_or_has_run_out_is_in_no_edition(sebha: ForeignNode, report: Any) -> None:
    red, old = report(fact("A1")), report(fact("A2"))
    report(fact("A3"))
    Record.objects.filter(pk=red.pk).update(tlp="RED")
    LostDocument.objects.filter(record=old).update(until=timezone.localdate())
    lost_editions.tend(BY, timezone.now())
    assert numbers(told(newest())) == ["SA3"]


def test_a_post_gets_the_whole_when_it_says_that_it_cannot_go_on(sebha: ForeignNode, report: Any) -> None:
    now, ghat = timezone.now(), ForeignNode("LBY-GHAT", role="post")
    report(fact("A1"))
    lost_editions.tend(BY, now)
    first = newest()
    say(sebha, sequence=1, edition=first.hash, rows=1)
    add_node(ghat.card())
    lost_editions.tend(BY, now)
    copy = newest()
    assert (copy.body["same_as"], copy.body["post"], told(copy)) == (first.hash, "LBY-GHAT", told(first))
    assert set(Outgoing.objects.filter(record=copy).values_list("node", flat=True)) == {"LBY-GHAT"}
    report(fact("A2"))
    lost_editions.tend(BY, now + HOUR)
    say(sebha, sequence=1, edition=first.hash, rows=1, code="edition_gap")
    lost_editions.tend(BY, now + 2 * HOUR)
    again = newest()
    assert (again.body["sequence"], again.body["post"], numbers(told(again))) == (2, "LBY-SEBHA", ["SA1", "SA2"])
    lost_editions.tend(BY, now + 3 * HOUR)
    assert newest() == again


def test_a_node_restored_from_an_old_copy_begins_beyond_what_its_posts_hold(sebha: ForeignNode, report: Any) -> None:
    report(fact("A1"))
    lost_editions.tend(BY, timezone.now())
    say(sebha, sequence=57, edition="e" * 64, rows=3, code="edition_rolled_back")
    lost_editions.tend(BY, timezone.now())
    assert (newest().body["form"], newest().body["sequence"], newest().body["post"]) == ("whole", 58, None)


def test_a_damaged_file_is_made_anew(sebha: ForeignNode, report: Any) -> None:
    report(fact("A1"))
    lost_editions.tend(BY, timezone.now())
    damaged = lost_files.path(LostEdition.objects.get(state="held").file)
    lost_files._mapped.cache_clear()
    damaged.write_bytes(b"no registry")
    report(fact("A2"))
    lost_editions.tend(BY, timezone.now() + HOUR)
    assert (newest().body["form"], numbers(told(newest()))) == ("whole", ["SA1", "SA2"])


def test_the_minutes_duty_makes_it(sebha: ForeignNode, report: Any) -> None:
    report(fact("A1"))
    lost_work.WORK.keep(BY, timezone.now())
    assert newest().body["rows"] == 1
    assert lost_work.WORK.weigh(timezone.now()) == 0


# At a post ------------------------------------------------------------------------------------------------------------


def entry(number: str, last: str = "", issuer: str = "LBY", status: LostStatus = LostStatus.STOLEN) -> LostEntry:
    from jiwar.wire.ids import uuid7

    since = dt.date(2026, 10, 1)
    return LostEntry(issuer, LostType.PASSPORT, number, last, status, since, UNTIL, uuid7(timezone.now()))


class State:
    """The national node: its editions come as records and chunks, and no program runs there."""

    def __init__(self, folder: Path) -> None:
        self.node = ForeignNode("LBY")
        add_node(self.node.card())
        self.there = folder / "national"
        self.there.mkdir()
        self.sequence, self.previous, self.rows = 0, "", dict[str, LostEntry]()

    def edition(self, put: list[LostEntry], gone: tuple[str, ...] = (), **body: Any) -> tuple[Signed, list[Any]]:
        form = body.get("form", "changes" if self.sequence else "whole")
        removed = [_removal(self.rows.pop(number)) for number in gone]
        self.rows |= {one.number: one for one in put}
        lines = map(line_of, self.rows.values()) if form == "whole" else [*map(line_of, put), *removed]
        data = b"".join(write(sorted(lines)))
        files = [self._seal(data)]
        self.sequence += 1
        said = {
            "sequence": self.sequence, "previous": self.previous, "form": form, "rows": len(self.rows),
            "changes": len(put) + len(gone), "made_at": timezone.now(), "sha256": sha256(data), "size": len(data),
            "files": files,
        } | body  # fmt: skip
        stated = terms("border_check", "a test", 90, said)
        signed = self.node.statement(LOST_EDITION, LOST_EDITION.content.model_validate(stated))
        self.previous = sha256(signed[0])
        return signed, said["files"]

    def send(self, put: list[LostEntry], gone: tuple[str, ...] = (), **body: Any) -> Record:
        """An edition and its files come."""
        signed, files = self.edition(put, gone, **body)
        record = receive(BY, *signed, "LBY")
        for descriptor in files:
            assert descriptor.blob in wanted("LBY", 99)
            here, live.DATA = live.DATA, self.there
            chunks = [attachments.chunk(descriptor.blob, number) for number in range(len(descriptor.chunks))]
            live.DATA = here
            for number, chunk in enumerate(chunks):
                keep(descriptor.blob, number, chunk)
        return record

    def _seal(self, data: bytes) -> attachments.Descriptor:
        here, live.DATA = live.DATA, self.there
        try:
            return attachments.store("edition", "", io.BytesIO(data))
        finally:
            live.DATA = here


def _removal(one: LostEntry) -> bytes:
    return line(one.issuer, "P", one.number, one.last, one.record.hex, REMOVED, "20261001", "20360101")


@pytest.fixture
def post(settings: Any) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, code="LBY-SEBHA", role="post")


@pytest.fixture
def libya(post: None, node: None, tmp_path: Path) -> State:
    """This node is a post of Libya's."""
    return State(tmp_path)


def holding() -> tuple[int, str]:
    """What the post said last of what it holds."""
    body = held(LOST_HOLDING.name).order_by("-pk")[0].body
    return body["sequence"], body["code"]


def test_what_an_edition_says_is_answered_and_what_it_takes_away_is_not(libya: State, ask: Callable[..., Any]) -> None:
    answer = ask("A1")
    assert (answer.registry, check_lost(answer).result) == ("none", Result.NOT_SUPPORTED)
    blanks = entry("B100", "B199", status=LostStatus.STOLEN_BLANK)
    libya.send([entry("A1"), entry("AO2"), blanks, entry("N1", issuer="NER")])
    assert ask("A1").status is LostStatus.STOLEN
    assert (ask("B150").status, ask("B150").record) == (LostStatus.STOLEN_BLANK, blanks.record)
    assert [hint.entry.number for hint in ask("A02").hints] == ["AO2"]
    assert (ask("N1").status, ask("N1", issuer="NER").status) == (None, LostStatus.STOLEN)
    libya.send([entry("A3", status=LostStatus.LOST)], ("A1",))
    assert (ask("A1").status, ask("A3").status) == (None, LostStatus.LOST)
    assert holding() == (2, "")
    assert len(list(lost_files.folder().glob("*.lost"))) >= 1


def test_a_gap_is_said_and_ended_by_a_whole(libya: State, ask: Callable[..., Any]) -> None:
    libya.send([entry("A1")])
    libya.edition([entry("A2")])  # never comes
    libya.send([entry("A3")])
    assert ((ask("A1").status), ask("A3").status) == (LostStatus.STOLEN, None)
    lost_arrivals.tend(BY, timezone.now())
    assert holding() == (1, "edition_gap")
    libya.send([], form="whole")
    assert [ask(number).status for number in ("A1", "A2", "A3")] == [LostStatus.STOLEN] * 3
    assert holding() == (4, "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"rows": 7}, "edition_count_wrong"),
        ({"sha256": "0" * 64}, "edition_other_file"),
        ({"previous": "0" * 64}, "edition_other_past"),
        ({"sequence": 1}, "edition_rolled_back"),
    ],
)
def test_an_edition_that_is_not_what_it_says_changes_nothing(
    libya: State, ask: Callable[..., Any], body: dict[str, Any], code: str
) -> None:
    libya.send([entry("A1")])
    libya.send([entry("A2")], **body)
    lost_arrivals.tend(BY, timezone.now())
    assert LostEdition.objects.filter(state="refused").values_list("code", flat=True)[0] == code
    assert (ask("A1").status, ask("A2").status) == (LostStatus.STOLEN, None)


def test_another_states_edition_is_refused(libya: State) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    libya.node = niger
    signed, _ = libya.edition([entry("A1")])
    with pytest.raises(Refused):
        receive(BY, *signed, "NER")


def test_an_edition_that_ran_out_answers_nothing(libya: State, ask: Callable[..., Any]) -> None:
    libya.send([entry("A1")])
    LostEdition.objects.update(expires_at=timezone.now())
    answer = ask("A1")
    assert (answer.registry, answer.status, check_lost(answer).result) == ("expired", None, Result.UNDETERMINED)
    expire(BY, timezone.now() + dt.timedelta(days=91))


def test_a_file_that_is_gone_is_said_and_asked_for(libya: State, ask: Callable[..., Any]) -> None:
    libya.send([entry("A1")])
    lost_files._mapped.cache_clear()
    lost_files.path(LostEdition.objects.get(state="held").file).unlink()
    assert ask("A1").registry == "damaged"
    lost_arrivals.tend(BY, timezone.now())
    assert holding() == (0, "edition_files_gone")
    libya.send([], form="whole", same_as="a" * 64)
    assert ask("A1").status is LostStatus.STOLEN


@pytest.mark.parametrize("at", ["write", "commit"])
def test_a_full_disk_leaves_the_old_edition(
    libya: State, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    libya.send([entry("A1")])
    signed, [file] = libya.edition([entry("A2")])
    receive(BY, *signed, "LBY")
    shutil.copy(libya.there / "attachments" / file.blob, attachments._folder() / file.blob)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as failing:
        if at == "write":
            failing.setattr(Path, "replace", full)
        else:
            failing.setattr(lost_arrivals, "append", full)
        with pytest.raises((OSError, Refused)):
            lost_arrivals.tend(BY, timezone.now())
        assert [row.state for row in LostEdition.objects.order_by("sequence")] == ["held", "waiting"]
        assert ask("A1").status is LostStatus.STOLEN
        assert not list(lost_files.folder().glob("*.new"))
    lost_arrivals.tend(BY, timezone.now())
    assert (ask("A2").status, holding()) == (LostStatus.STOLEN, (2, ""))


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_posts_page_says_which_registry_it_asks(libya: State, settings: Any, language: str) -> None:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    agency = Agency.objects.create(code="border", name="Border police")
    person = Person.objects.create(username="moussa", full_name="Moussa", agency=agency, password="!")
    RoleGrant.objects.create(person=person, role="field_officer")
    client = client_of(person, language)
    question = {"issuer": "LBY", "type": "passport", "number": "A1"}
    none = word("lost_registry", "none", language)
    assert none in text(client.post("/documents/lost/", question))
    libya.send([entry("A1")])
    page = text(client.post("/documents/lost/", question))
    assert none not in page
    assert word("lost_status", "stolen", language) in page
    LostEdition.objects.update(expires_at=timezone.now())
    assert word("lost_registry", "expired", language) in text(client.post("/documents/lost/", question))
