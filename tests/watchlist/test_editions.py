"""Editions of the lists: made at the national node, put on at a post, and searched there."""

import datetime as dt
import errno
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.audit.queries import leaves
from jiwar.exchange import attachments
from jiwar.exchange import editions as kept
from jiwar.exchange.attached import keep, wanted
from jiwar.exchange.models import Outgoing
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node
from jiwar.records.arrivals import receive
from jiwar.records.queries import held
from jiwar.records.services import Record, expire, terms, withdraw
from jiwar.records.words import words
from jiwar.watchlist import edition_arrivals, edition_files, edition_work, editions, resolution, this_index
from jiwar.watchlist.edition_index import PostIndex
from jiwar.watchlist.edition_kinds import EDITION, HOLDING, EditionBody
from jiwar.watchlist.kinds import LISTING_PERSON
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.logic import edition
from jiwar.watchlist.models import Edition, Entry
from jiwar.watchlist.screening import PartialDate, Query, screen
from jiwar.watchlist.this_index import list_age, lists_expired
from jiwar.wire.faults import Refused
from tests.console import text
from tests.foreign import ForeignNode, Signed, sha256
from tests.watchlist.conftest import SAMPLE
from tests.watchlist.test_edition_format import realistic, rising
from tests.watchlist.test_list_pages import signed_in

__all__ = ["signed_in"]

BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)
YOUSSEF = Query(names=("يوسف المقريف",), birth_date=PartialDate.parse("1984-06-17"))
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """The node's own disk."""
    settings.DATA = tmp_path / "data"
    settings.DATA.mkdir()
    return settings.DATA


# At the national node -------------------------------------------------------------------------------------------------


@pytest.fixture
def sebha(node: None, folder: Path) -> ForeignNode:
    """A post of this state; lists are imported at its national node."""
    known = ForeignNode("LBY-SEBHA", role="post")
    add_node(known.card())
    return known


def take(by: Grant, text: str) -> None:
    import_un_list(by, io.BytesIO(text.encode()), "list.xml")


def told(record: Record) -> dict[UUID, Any]:
    """What the file of an edition says, opened as whoever holds the record can open it."""
    body = EditionBody.model_validate(record.body)
    pieces = [piece for descriptor in body.files for piece in attachments.open_plain(descriptor)]
    return dict(edition.read(pieces))


def newest() -> Record:
    return held(EDITION.name).order_by("-pk")[0]


def say(post: ForeignNode, **body: Any) -> None:
    """The post tells the national node what it holds."""
    plain = terms("border_check", "a test", 300, {"sequence": 0, "edition": "", "subjects": 0, "code": ""} | body)
    receive(BY, *post.statement(HOLDING, HOLDING.content.model_validate(plain)), post.node.code)


def test_a_list_becomes_a_whole_edition_and_then_only_what_changed(sebha: ForeignNode, importer: Grant) -> None:
    text, now = SAMPLE.read_text(encoding="utf-8"), timezone.now()
    take(importer, text)
    editions.tend(BY, now)
    usable = Entry.objects.filter(active=True, complete=True).count()
    first = newest()
    assert (first.body["form"], first.body["sequence"], first.body["subjects"]) == ("whole", 1, usable)
    assert len(told(first)) == usable
    assert Outgoing.objects.filter(record=first, node="LBY-SEBHA").count() == 1
    assert not any(name["text"] in first.statement for entry in Entry.objects.all() for name in entry.facts["names"])
    editions.tend(BY, now + HOUR)
    assert held(EDITION.name).count() == 1

    gone = Entry.objects.get(reference="JWi.002")
    withdraw(importer, gone.record, "a test")
    take(importer, text.replace("1984-06-17", "1984-07-17").replace("JWi.002", "JWi.902"))
    editions.tend(BY, now + HOUR)
    second = newest()
    said, amended = told(second), Entry.objects.get(reference="JWi.001")
    assert (second.body["form"], second.body["previous"]) == ("changes", first.hash)
    assert [second.body[name] for name in ("added", "amended", "removed", "subjects")] == [1, 1, 1, usable]
    assert said[gone.uid] is None
    assert said[amended.uid]["facts"]["birth_dates"] == [{"date": "1984-07-17"}]
    assert said[amended.uid]["card"] == {
        "kind": "listing.person", "origin": "LBY", "reference": "JWi.001", "action": "freeze_assets_report",
        "version": 2, "valid_until": amended.record.valid_until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "review_on": amended.record.review_on.isoformat(),
    }  # fmt: skip

    # Nothing changes any more: an edition says so twice a day, and its use goes on.
    editions.tend(BY, now + 14 * HOUR)
    assert (newest().body["sequence"], told(newest())) == (3, {})


def test_what_two_people_declared_one_subject_goes_with_the_next_edition(sebha: ForeignNode, importer: Grant) -> None:
    take(importer, SAMPLE.read_text(encoding="utf-8"))
    now = timezone.now()
    editions.tend(BY, now)
    uids = sorted(Entry.objects.filter(reference__in=["JWi.001", "JWi.002"]).values_list("uid", flat=True))
    resolution._merge(set(uids))
    assert edition_work.WORK.weigh(now) > 0
    editions.tend(BY, now)
    [(cluster, said)] = told(newest()).items()
    assert (said, newest().body["form"]) == ({"together": [str(uid) for uid in uids]}, "changes")
    editions.tend(BY, now + HOUR)
    assert newest().body["sequence"] == 2
    # A discreet check is told to nobody by what it is together with.
    Entry.objects.filter(uid=uids[0]).update(covert=True)
    editions.tend(BY, now + HOUR)
    assert told(newest()) == {cluster: None}


@pytest.mark.parametrize("why", ["red", "protected", "too little is known", "withdrawn", "of another state", "expired"])
def test_what_a_post_may_not_use_is_in_no_edition(sebha: ForeignNode, importer: Grant, why: str) -> None:
    take(importer, SAMPLE.read_text(encoding="utf-8"))
    editions.tend(BY, timezone.now())
    entry = Entry.objects.select_related("record").get(reference="JWi.001")
    changes: dict[str, dict[str, Any]] = {
        "red": {"record__tlp": "RED"},
        "protected": {"complete": False},
        "too little is known": {"complete": False},
        "withdrawn": {"record__state": "withdrawn"},
        "of another state": {"record__origin": "NER"},
        "expired": {"record__valid_until": timezone.now()},
    }
    for name, value in changes[why].items():
        of_record = name.startswith("record__")
        setattr(entry.record if of_record else entry, name.removeprefix("record__"), value)
    entry.record.save()
    entry.revision += 1_000_000
    entry.save()
    editions.tend(BY, timezone.now() + HOUR)
    assert told(newest()) == {entry.uid: None}


def test_a_post_gets_the_whole_when_it_says_that_it_cannot_go_on(sebha: ForeignNode, importer: Grant) -> None:
    take(importer, SAMPLE.read_text(encoding="utf-8"))
    other, now = ForeignNode("LBY-GHAT", role="post"), timezone.now()
    editions.tend(BY, now)
    first = newest()
    say(sebha, sequence=1, edition=first.hash, subjects=first.body["subjects"])
    add_node(other.card())
    editions.tend(BY, now)
    copy = newest()
    assert (copy.body["same_as"], copy.body["sequence"], copy.body["post"]) == (first.hash, 1, "LBY-GHAT")
    assert told(copy) == told(first)
    assert set(Outgoing.objects.filter(record=copy).values_list("node", flat=True)) == {"LBY-GHAT"}
    editions.tend(BY, now + HOUR)
    assert newest() == copy
    withdraw(importer, Entry.objects.get(reference="JWi.001").record, "a test")
    editions.tend(BY, now + HOUR)
    say(sebha, sequence=1, edition=first.hash, subjects=first.body["subjects"], code="edition_gap")
    editions.tend(BY, now + 2 * HOUR)
    again = newest()
    assert (again.body["sequence"], again.body["post"]) == (2, "LBY-SEBHA")
    assert told(again) == {uid: said for uid, said in told(first).items() if said["card"]["reference"] != "JWi.001"}
    editions.tend(BY, now + 3 * HOUR)
    assert newest() == again


def test_a_node_restored_from_an_old_copy_begins_beyond_what_its_posts_hold(
    sebha: ForeignNode, importer: Grant
) -> None:
    take(importer, SAMPLE.read_text(encoding="utf-8"))
    editions.tend(BY, timezone.now())
    say(sebha, sequence=57, edition="e" * 64, subjects=3, code="edition_rolled_back")
    editions.tend(BY, timezone.now())
    assert (newest().body["form"], newest().body["sequence"], newest().body["post"]) == ("whole", 58, None)
    shutil.rmtree(edition_files._folder())
    editions.tend(BY, timezone.now())
    assert (newest().body["form"], newest().body["sequence"]) == ("whole", 59)


def test_single_listings_and_their_withdrawals_go_to_posts_without_an_edition_alone(
    sebha: ForeignNode, importer: Grant
) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    take(importer, text)
    singles = Outgoing.objects.filter(record__kind__startswith="listing.")
    assert singles.count() == Entry.objects.count()
    editions.tend(BY, timezone.now())
    say(sebha, sequence=1, edition=newest().hash, subjects=3)
    assert set(singles.values_list("state", "reason")) == {("not_sent", "in_edition")}
    before = Outgoing.objects.count()
    take(importer, text.replace("1984-06-17", "1984-07-17"))
    withdraw(importer, Entry.objects.get(reference="JWi.002").record, "a test")
    assert Outgoing.objects.count() == before


# At a post ------------------------------------------------------------------------------------------------------------


class State:
    """The national node: its editions come as records and chunks, and no program runs there."""

    def __init__(self, folder: Path) -> None:
        self.node = ForeignNode("LBY")
        add_node(self.node.card())
        self.there = folder.parent / "national"
        self.there.mkdir()
        self.sequence, self.previous, self.subjects = 0, "", dict[UUID, Any]()

    def edition(self, put: dict[UUID, Any], removed: set[UUID] = frozenset(), **body: Any) -> tuple[Signed, list[Any]]:  # type: ignore[assignment]
        """The next edition, signed, and its sealed files; `body` replaces what its manifest says."""
        held, form = set(self.subjects), "changes" if self.sequence else "whole"
        for uid in removed:
            self.subjects.pop(uid, None)
        self.subjects |= put
        whole = body.get("form", form) == "whole"
        data = b"".join(edition.write([] if whole else sorted(removed), rising(self.subjects if whole else put)))
        files = [self._seal(data)]
        self.sequence += 1
        said = {
            "sequence": self.sequence, "previous": self.previous, "form": form, "subjects": len(self.subjects),
            "added": len(put.keys() - held), "amended": len(put.keys() & held), "removed": len(removed & held),
            "made_at": timezone.now(), "sha256": sha256(data), "size": len(data), "files": files,
        } | body  # fmt: skip
        plain = terms("border_check", "a test", 90, said)
        signed = self.node.statement(EDITION, EDITION.content.model_validate(plain))
        self.previous = sha256(signed[0])
        return signed, said["files"]

    def _seal(self, data: bytes) -> attachments.Descriptor:
        from django.conf import settings

        here, settings.DATA = settings.DATA, self.there
        try:
            return attachments.store("edition", "", io.BytesIO(data))
        finally:
            settings.DATA = here

    def send(self, *told: Any, **body: Any) -> Record:
        """An edition and its files come."""
        signed, files = self.edition(*told, **body)
        record = receive(BY, *signed, "LBY")
        self.bring(files)
        return record

    def bring(self, files: list[attachments.Descriptor]) -> None:
        from django.conf import settings

        for descriptor in files:
            assert descriptor.blob in wanted("LBY", 99)
            here, settings.DATA = settings.DATA, self.there
            chunks = [attachments.chunk(descriptor.blob, number) for number in range(len(descriptor.chunks))]
            settings.DATA = here
            for number, chunk in enumerate(chunks):
                keep(descriptor.blob, number, chunk)


@pytest.fixture
def libya(post: None, node: None, folder: Path, anew: Callable[[], None]) -> State:
    """This node is a post of Libya's."""
    anew()
    return State(folder)


@pytest.fixture
def anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """`anew()`: another process of the node screens from now on."""

    def make() -> None:
        index = PostIndex(folder / "index")
        monkeypatch.setattr(this_index, "_live_index", lambda: index)

    return make


def listed(reference: str, name: str, born: str = "1984-06-17", **card: Any) -> Any:
    import random

    said = realistic(random.Random(reference), 1)
    facts = {"type": "person", "names": [{"text": name}], "birth_dates": [{"date": born}]}
    return {"facts": facts, "card": said["card"] | {"reference": reference} | card}


A, B, C = (UUID(f"019abf88-b980-751f-89d6-66c65c5cc46{n}") for n in range(3))
FIRST = {A: listed("JWi.001", "يوسف المقريف"), B: listed("JWi.002", "Moussa Ag Ghali", "1979-03-02")}
MOUSSA = Query(names=("Moussa Ag Ghali",), birth_date=PartialDate.parse("1979-03-02"))
AMINATA = Query(names=("Aminata Kouyate",), birth_date=PartialDate.parse("2001"))


@pytest.fixture
def found(searcher: Callable[..., Grant]) -> Callable[[Query], list[str]]:
    return lambda query: [match.source_reference for match in screen(searcher(case=""), query).candidates]


def holding() -> tuple[int, str]:
    """What the post said last of what it holds."""
    body = held(HOLDING.name).order_by("-pk")[0].body
    return body["sequence"], body["code"]


def test_what_is_added_is_found_and_what_is_removed_is_not(
    libya: State, found: Callable[[Query], list[str]], anew: Callable[[], None]
) -> None:
    assert (found(YOUSSEF), list_age()) == ([], None)
    first = libya.send(FIRST)
    assert (found(YOUSSEF), found(MOUSSA), holding()) == (["JWi.001"], ["JWi.002"], (1, ""))
    assert list_age() == Edition.objects.get().made_at
    libya.send(
        {C: listed("JWi.003", "Aminata Kouyaté", "2001"), B: listed("JWi.802", "Moussa Ag Ghali", "1979-03-02")}, {A}
    )
    assert (found(YOUSSEF), found(MOUSSA), found(AMINATA)) == ([], ["JWi.802"], ["JWi.003"])
    assert holding() == (2, "")
    # Another process, or this one after it was started again, finds the same.
    anew()
    assert (found(YOUSSEF), found(AMINATA)) == ([], ["JWi.003"])
    assert edition_files.fold(always=True)
    assert (found(YOUSSEF), found(AMINATA)) == ([], ["JWi.003"])
    assert edition_files.sweep(timezone.now() + HOUR) == 2
    assert edition_files.is_here(edition_files.chain())
    assert leaves(act="edition_put_on").order_by("pk").values_list("subject", flat=True)[0] == str(first.uid)
    assert wanted("LBY", 9) == {}


def test_the_card_of_a_hit_says_what_the_list_says(libya: State, searcher: Callable[..., Grant]) -> None:
    libya.send(FIRST)
    [match] = screen(searcher(case=""), YOUSSEF).candidates
    assert (match.record_uid, match.category, match.action, match.issuing_state, match.names, match.birth_dates) == (
        A, "listing", "freeze_assets_report", "LBY", ("يوسف المقريف",), ("1984-06-17",),
    )  # fmt: skip
    assert (match.covert, match.protected, match.alert_type) == (False, False, "")


@pytest.mark.parametrize("ended", [{"valid_until": "2026-01-01T00:00:00Z"}, {"review_on": "2026-01-01"}])
def test_an_entry_whose_own_time_ran_out_stops_no_one(
    libya: State, found: Callable[[Query], list[str]], ended: dict[str, str]
) -> None:
    libya.send({A: listed("JWi.001", "يوسف المقريف", **ended)})
    assert found(YOUSSEF) == []


def test_a_gap_waits_and_is_told_and_a_whole_one_ends_it(libya: State, found: Callable[[Query], list[str]]) -> None:
    libya.send(FIRST)
    lost, _ = libya.edition({}, {A})
    second = libya.previous
    libya.send({C: listed("JWi.003", "Aminata Kouyaté", "2001")})
    assert (found(YOUSSEF), found(AMINATA), holding()) == (["JWi.001"], [], (1, "edition_gap"))
    libya.sequence -= 1
    libya.send({}, form="whole", same_as=libya.previous, post="LBY-SEBHA", previous=second)
    assert (found(YOUSSEF), found(AMINATA), holding()) == ([], ["JWi.003"], (3, ""))
    # What was lost comes after all: it is of the past.
    receive(BY, *lost, "LBY")
    edition_arrivals.put_on(BY, timezone.now())
    assert Edition.objects.get(sequence=2).code == "edition_rolled_back"
    assert found(YOUSSEF) == []


def test_changes_in_the_wrong_order_wait_for_each_other(libya: State, found: Callable[[Query], list[str]]) -> None:
    libya.send(FIRST)
    second, files = libya.edition({}, {A})
    libya.send({C: listed("JWi.003", "Aminata Kouyaté", "2001")})
    assert found(AMINATA) == []
    receive(BY, *second, "LBY")
    libya.bring(files)
    assert (found(YOUSSEF), found(AMINATA), holding()) == ([], ["JWi.003"], (3, ""))


def test_merged_records_are_one_candidate_until_they_are_split(libya: State, searcher: Callable[..., Grant]) -> None:
    cluster = UUID("0f9abf88-b980-8bbb-89d6-66c65c5cc469")
    libya.send(FIRST | {cluster: {"together": [str(A), str(B)]}})
    [match] = screen(searcher(case=""), MOUSSA).candidates
    assert {match.source_reference, *(other.source_reference for other in match.others)} == {"JWi.001", "JWi.002"}
    edition_files.fold(always=True)
    assert len(screen(searcher(case=""), MOUSSA).candidates[0].others) == 1
    libya.send({}, {cluster})
    [match] = screen(searcher(case=""), MOUSSA).candidates
    assert (match.source_reference, match.others) == ("JWi.002", ())
    libya.send({cluster: {"together": "of a newer program"}})
    assert holding() == (3, "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"sequence": 1}, "edition_rolled_back"),
        ({"previous": "e" * 64}, "edition_other_past"),
        ({"sha256": "e" * 64}, "edition_other_file"),
        ({"size": 7}, "edition_other_file"),
        ({"subjects": 7}, "edition_count_wrong"),
        ({"subjects": 1, "form": "whole"}, "edition_count_wrong"),
    ],
)
def test_what_is_not_what_it_should_be_changes_nothing(
    libya: State, found: Callable[[Query], list[str]], body: dict[str, Any], code: str
) -> None:
    libya.send(FIRST)
    record = libya.send({C: listed("JWi.003", "Aminata Kouyaté", "2001")}, {A}, **body)
    row = Edition.objects.get(record=record)
    assert (row.state, row.code, row.file) == ("refused", code, "")
    assert leaves(act="edition_refused", subject=str(record.uid)).count() == 1
    assert (found(YOUSSEF), found(AMINATA)) == (["JWi.001"], [])
    assert holding() == (1, "" if code == "edition_rolled_back" else code)
    assert wanted("LBY", 9) == {}


def test_a_file_that_is_no_edition_is_refused(libya: State, found: Callable[[Query], list[str]]) -> None:
    junk = b"jiwar-edition/1\n+ and nothing of the kind"
    libya.send(FIRST)
    record = libya.send({}, sha256=sha256(junk), size=len(junk), files=[libya._seal(junk)])
    assert Edition.objects.get(record=record).code in {"edition_cut", "edition_form", "edition_too_large"}
    assert found(YOUSSEF) == ["JWi.001"]


def test_the_leftovers_of_another_state_are_refused(libya: State, found: Callable[[Query], list[str]]) -> None:
    libya.send(FIRST)
    signed, _ = libya.edition({}, set(FIRST))
    stranger = ForeignNode("NER")
    add_node(stranger.card())
    other = stranger.statement(EDITION, json.loads(signed[0])["content"])
    with pytest.raises(Refused, match="edition_of_other_state"):
        receive(BY, *other, "LBY")
    assert (Edition.objects.count(), found(YOUSSEF)) == (1, ["JWi.001"])


def test_an_edition_whose_time_ran_out_is_searched_no_longer_and_goes_on_with_the_next(
    libya: State, found: Callable[[Query], list[str]]
) -> None:
    libya.send(FIRST)
    Edition.objects.update(expires_at=timezone.now())
    assert lists_expired(timezone.now())
    assert found(YOUSSEF) == []
    libya.send({C: listed("JWi.003", "Aminata Kouyaté", "2001")})
    assert (found(YOUSSEF), lists_expired(timezone.now())) == (["JWi.001"], False)
    Edition.objects.update(expires_at=timezone.now() - dt.timedelta(days=31))
    edition_arrivals.tend(BY, timezone.now() + HOUR)
    assert not list(edition_files._folder().glob("*.edition"))


def test_one_that_came_after_its_time_is_not_used(libya: State, found: Callable[[Query], list[str]]) -> None:
    signed, _ = libya.edition(FIRST)
    receive(BY, *signed, "LBY")
    Record.objects.filter(kind=EDITION.name).update(valid_until=timezone.now())
    expire(BY)
    assert wanted("LBY", 9) == {}
    assert Edition.objects.get().code == "edition_expired"
    assert found(YOUSSEF) == []


def test_single_listings_that_a_post_holds_make_way(libya: State, found: Callable[[Query], list[str]]) -> None:
    body = {"list": "un_security_council", "reference": "JWi.001", "subject": FIRST[A]["facts"]}

    def single(reference: str) -> None:
        plain = terms("sanctions", "a test", 300, body | {"reference": reference})
        receive(BY, *libya.node.statement(LISTING_PERSON, LISTING_PERSON.content.model_validate(plain)), "LBY")

    single("JWi.001")
    assert found(YOUSSEF) == ["JWi.001"]
    libya.send({B: FIRST[B]})
    assert (found(YOUSSEF), found(MOUSSA)) == ([], ["JWi.002"])
    single("JWi.009")
    assert found(YOUSSEF) == []
    assert set(Entry.objects.values_list("active", flat=True)) == {False}
    assert not any(entry.facts for entry in Entry.objects.all())


def test_files_that_are_gone_are_told_and_a_copy_mends_it(
    libya: State, found: Callable[[Query], list[str]], anew: Callable[[], None]
) -> None:
    first = libya.send(FIRST)
    shutil.rmtree(edition_files._folder())
    anew()
    edition_arrivals.tend(BY, timezone.now())
    assert (found(YOUSSEF), holding()) == ([], (0, "edition_files_gone"))
    libya.sequence = 0
    libya.send({}, form="whole", same_as=first.hash, post="LBY-SEBHA")
    assert (found(YOUSSEF), holding()) == (["JWi.001"], (1, ""))


@pytest.mark.parametrize("at", ["write", "fsync", "replace", "commit"])
def test_a_cut_or_a_full_disk_leaves_the_old_edition(
    libya: State, found: Callable[[Query], list[str]], monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Each step fails once; what is held stays, and the next minute puts the new one on."""
    libya.send(FIRST)
    signed, files = libya.edition({C: listed("JWi.003", "Aminata Kouyaté", "2001")}, {A})
    receive(BY, *signed, "LBY")

    def full(*args: Any, **more: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as failing:
        if at == "write":
            failing.setattr(edition_arrivals, "plain", lambda files: iter([b"half", full]))
        elif at == "fsync":
            failing.setattr(kept.os, "fsync", full)
        elif at == "replace":
            failing.setattr(Path, "replace", full)
        else:
            failing.setattr(edition_arrivals, "append", full)
        for descriptor in files:
            here = attachments._folder()
            shutil.copy(libya.there / "attachments" / descriptor.blob, here / descriptor.blob)
        with pytest.raises((OSError, TypeError, Refused)):
            edition_arrivals.tend(BY, timezone.now())
        assert [row.state for row in Edition.objects.order_by("sequence")] == ["held", "waiting"]
        assert found(YOUSSEF) == ["JWi.001"]
        assert not list(edition_files._folder().glob("*.new"))
    edition_arrivals.tend(BY, timezone.now() + HOUR)
    assert (found(YOUSSEF), found(AMINATA), holding()) == ([], ["JWi.003"], (2, ""))
    assert len(list(edition_files._folder().glob("*.edition"))) == 2


# The page -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_page_says_which_edition_each_post_holds(
    sebha: ForeignNode, importer: Grant, signed_in: Callable[..., Client], language: str
) -> None:
    client = signed_in(language=language)
    assert text(client.get(reverse("editions"))).count("LBY-SEBHA") == 1
    take(importer, SAMPLE.read_text(encoding="utf-8"))
    editions.tend(BY, timezone.now())
    for code, word in (("", "newest"), ("edition_gap", "edition_gap")):
        say(sebha, sequence=1, edition=newest().hash, subjects=7, code=code)
        assert words()["edition_state"][word][language].replace("\xa0", " ") in text(client.get(reverse("editions")))
    assert client.get(reverse("lists")).content.count(reverse("editions").encode()) == 1
    assert signed_in(Role.FIELD_OFFICER).get(reverse("editions")).status_code == 403


def test_a_post_shows_what_it_holds_and_what_it_refused(libya: State, signed_in: Callable[..., Client]) -> None:
    client = signed_in()
    libya.send(FIRST)
    libya.send({}, {A}, subjects=7)
    said = text(client.get(reverse("editions")))
    for expected in ("Edition 1", "Entries 2", "refused", "it has not as many entries as was signed"):
        assert expected in said
    Edition.objects.update(expires_at=timezone.now())
    assert "The edition has run out" in text(client.get(reverse("editions")))
