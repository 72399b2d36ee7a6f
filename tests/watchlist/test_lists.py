"""Importing a list: whole or not at all, again and again, and what each reading says."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.audit.queries import leaves
from jiwar.records.queries import held
from jiwar.watchlist.list_readings import MOST_BYTES
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.models import Entry, ListImport, Unread
from jiwar.watchlist.screening import Query, screen
from jiwar.wire.faults import Refused
from tests.watchlist.conftest import SAMPLE, _actor

SAMPLE_TEXT = SAMPLE.read_text(encoding="utf-8")
REASON = "asked by the test in writing"


def counts(done: ListImport) -> tuple[int, int, int, int]:
    return done.new, done.changed, done.unchanged, done.withdrawn


def take(by: Grant, text: str) -> ListImport:
    return import_un_list(by, io.BytesIO(text.encode()), "list.xml")


def nothing_written() -> bool:
    ends = leaves(act="list_imported").exists() or leaves(act="record_issued").exists()
    return not (ends or Entry.objects.exists() or ListImport.objects.exists() or Unread.objects.exists())


def entries_of(text: str) -> list[str]:
    return re.findall(r"<(?:INDIVIDUAL|ENTITY)>.*?</(?:INDIVIDUAL|ENTITY)>", text, re.DOTALL)


def test_what_was_read_is_issued_and_found(node: None, importer: Grant, searcher: Callable[..., Grant]) -> None:
    done = take(importer, SAMPLE_TEXT)
    root = ET.fromstring(SAMPLE_TEXT)
    listed = len(root.findall("INDIVIDUALS/INDIVIDUAL")) + len(root.findall("ENTITIES/ENTITY"))
    assert counts(done) == (listed, 0, 0, 0)
    assert done.unread == done.unread_lines.count() > 0
    assert held("listing.person").count() + held("listing.entity").count() == listed
    assert leaves(act="record_issued").count() == listed
    leaf = leaves(act="list_imported").get()
    assert leaf.subject == str(done.id)
    assert done.sha256 in leaf.content
    found = screen(searcher(), Query(names=("Youssef El Megaryef",)), reason=REASON)
    assert found.candidates[0].source_reference == "JWi.001"


def test_the_same_list_again_changes_nothing(node: None, importer: Grant) -> None:
    first = take(importer, SAMPLE_TEXT)
    before = list(Entry.objects.order_by("uid").values())
    again = take(importer, SAMPLE_TEXT)
    assert counts(again) == (0, 0, first.new, 0)
    assert list(Entry.objects.order_by("uid").values()) == before
    assert leaves(act="record_issued").count() == first.new


def test_a_changed_entry_is_a_new_version_and_one_that_vanished_is_withdrawn(
    node: None, importer: Grant, searcher: Callable[..., Grant]
) -> None:
    first = take(importer, SAMPLE_TEXT)
    uid = Entry.objects.get(reference="JWi.001").uid
    gone = entries_of(SAMPLE_TEXT)[1]
    changed = SAMPLE_TEXT.replace("1984-06-17", "1984-07-17").replace(gone, "")
    second = take(importer, changed)
    assert counts(second) == (0, 1, first.new - 2, 1)
    entry = Entry.objects.get(reference="JWi.001")
    assert (entry.uid, entry.record.version) == (uid, 2)
    assert entry.facts["birth_dates"][0]["date"] == "1984-07-17"
    vanished = Entry.objects.get(reference=re.search("<REFERENCE_NUMBER>(.*?)<", gone)[1])
    assert (vanished.active, vanished.facts, vanished.record.state) == (False, {}, "withdrawn")
    third = take(importer, SAMPLE_TEXT)
    assert counts(third) == (1, 1, first.new - 2, 0)
    assert Entry.objects.filter(reference=vanished.reference, active=True).exclude(uid=vanished.uid).count() == 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(SAMPLE_TEXT.rstrip().encode()) - 1))
def test_a_file_that_is_cut_short_writes_nothing(node: None, importer: Grant, at: int) -> None:
    with pytest.raises(Refused) as refused:
        import_un_list(importer, io.BytesIO(SAMPLE_TEXT.encode()[:at]), "cut.xml")
    assert {fault.field for fault in refused.value.faults} == {"file"}
    assert nothing_written()


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><CONSOLIDATED_LIST>&b;</CONSOLIDATED_LIST>'
DTD = '<!DOCTYPE CONSOLIDATED_LIST SYSTEM "file:///etc/passwd"><CONSOLIDATED_LIST/>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "list_malformed"),
        ("no xml at all", "list_malformed"),
        ("<html><body>Not found</body></html>", "list_not_the_list"),
        (BOMB, "list_forbidden"),
        (DTD, "list_forbidden"),
        ("<CONSOLIDATED_LIST>" + "<a>" * 50 + "</a>" * 50 + "</CONSOLIDATED_LIST>", "list_too_deep"),
        ("<CONSOLIDATED_LIST><INDIVIDUALS/><ENTITIES/></CONSOLIDATED_LIST>", "list_empty"),
    ],
)
def test_what_is_not_this_list_is_refused(node: None, importer: Grant, text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        take(importer, text)
    assert [fault.code for fault in refused.value.faults] == [code]
    assert nothing_written()


def test_a_file_past_the_limit_is_refused_before_it_is_read_whole(node: None, importer: Grant) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            start = b"<CONSOLIDATED_LIST>" if not self.given else b""
            self.given += size
            return start + b" " * (size - len(start))

    endless = Endless()
    with pytest.raises(Refused) as refused:
        import_un_list(importer, endless, "endless.xml")
    assert refused.value.faults[0].code == "list_too_large"
    assert endless.given <= MOST_BYTES + 2 * 1024 * 1024
    assert nothing_written()


def test_an_older_list_does_not_undo_a_newer_one(node: None, importer: Grant) -> None:
    first = take(importer, SAMPLE_TEXT)
    with pytest.raises(Refused) as refused:
        take(importer, SAMPLE_TEXT.replace('dateGenerated="2026-01-15', 'dateGenerated="2025-12-31'))
    assert refused.value.faults[0].code == "list_is_older"
    assert Entry.objects.filter(active=True).count() == first.new


def test_an_entry_given_twice_is_taken_once_and_named(node: None, importer: Grant) -> None:
    one = entries_of(SAMPLE_TEXT)[0]
    done = take(importer, SAMPLE_TEXT.replace(one, one + one))
    assert Entry.objects.filter(reference="JWi.001").count() == 1
    assert done.unread_lines.get(code="entry_repeated").reference == "JWi.001"


def test_what_is_too_long_for_a_record_is_cut_and_named(node: None, importer: Grant) -> None:
    done = take(importer, SAMPLE_TEXT.replace("Yusuf al-Magarief", "Yusuf al-Magarief " + "x" * 300))
    line = done.unread_lines.get(code="cut")
    assert (line.reference, line.path) == ("JWi.001", "name")
    assert max(len(name["text"]) for name in Entry.objects.get(reference="JWi.001").facts["names"]) == 200


@pytest.mark.parametrize(
    ("permission", "purpose"),
    [
        (Permission.WATCHLIST_LIST_READ, Purpose.SANCTIONS),
        (Permission.WATCHLIST_LIST_IMPORT, Purpose.BORDER_CHECK),
    ],
)
def test_another_grant_imports_nothing(node: None, permission: Permission, purpose: Purpose) -> None:
    with pytest.raises(AccessRefused):
        take(allow(_actor(), permission, purpose), SAMPLE_TEXT)
    assert nothing_written()


def test_a_listing_leaves_for_no_other_state(node: None, importer: Grant) -> None:
    from jiwar.watchlist.kinds import LISTING_ENTITY, LISTING_PERSON

    take(importer, SAMPLE_TEXT)
    for kind in (LISTING_PERSON, LISTING_ENTITY):
        assert kind.posts
        assert kind.addressees is not None
        for record in held(kind.name):
            assert list(kind.addressees(kind.content.model_validate(record.data["content"]))) == []


def test_the_whole_real_list(node: None, importer: Grant, searcher: Callable[..., Grant], shared_data: Path) -> None:
    path = shared_data / "watchlist" / "un" / "UN_consolidated.xml"
    root = ET.parse(path).getroot()
    persons, entities = root.findall("INDIVIDUALS/INDIVIDUAL"), root.findall("ENTITIES/ENTITY")
    with path.open("rb") as file:
        done = import_un_list(importer, file, path.name)
    assert (held("listing.person").count(), held("listing.entity").count()) == (len(persons), len(entities))
    assert counts(done) == (len(persons) + len(entities), 0, 0, 0)
    assert done.unread < 40
    # Each person is found by her first listed name and date of birth, unless five others are as likely.
    missed = []
    for person in persons[::40]:
        parts = [person.findtext(f"{n}_NAME") or "" for n in ("FIRST", "SECOND", "THIRD", "FOURTH")]
        found = screen(searcher(), Query(names=(" ".join(filter(None, parts)),)), reason=REASON)
        reference = person.findtext("REFERENCE_NUMBER")
        if reference not in [match.source_reference for match in found.candidates]:
            missed.append(reference)
    assert missed == []
