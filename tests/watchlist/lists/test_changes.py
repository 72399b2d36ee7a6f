"""What a version of a list changes is seen before it is applied; a mass removal takes two people."""

import datetime as dt
import io
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.audit.queries import leaves
from jiwar.watchlist import list_work, lists
from jiwar.watchlist.list_catalogue import catalogue
from jiwar.watchlist.list_readings import WAITS, begin, read_list
from jiwar.watchlist.lists import approve_list, confirm_list, discard_list, expire_lists, import_list
from jiwar.watchlist.logic.list_changes import Amended, Said, amended, changed_fields, takes_two
from jiwar.watchlist.models import Entry, ListImport, ListRow
from jiwar.watchlist.screening import Document, Query, screen
from jiwar.wire.faults import Refused
from tests.watchlist.conftest import OFFICER, _actor
from tests.watchlist.lists import samples

P = Permission
DAY = dt.date(2026, 11, 20)
OFAC = "ofac_sdn"


def files(sdn: str = samples.SDN, alt: str = samples.ALT) -> dict[str, io.BytesIO]:
    return {"SDN.CSV": io.BytesIO(sdn.encode()), "ALT.CSV": io.BytesIO(alt.encode())}


def many(count: int) -> dict[str, io.BytesIO]:
    empty = ",-0- " * 8
    rows = (f'{n},"ERG TRADING {n}",-0- ,"LIBYA3"{empty}' for n in range(1, count + 1))
    return {"sdn.csv": io.BytesIO("\n".join(rows).encode())}


@pytest.fixture
def approver() -> Grant:
    someone = Actor("7a6f1a52-3df9-4cf1-a39d-6f64c1a1f3f5", "console", frozenset(Permission))
    return allow(someone, P.WATCHLIST_LIST_APPROVE, Purpose.SANCTIONS)


def test_nothing_is_used_before_somebody_confirms(node: None, importer: Grant) -> None:
    reading = read_list(importer, OFAC, files(), as_of=DAY)
    assert (reading.state, reading.new, reading.entries) == ("waiting", 5, 5)
    assert not Entry.objects.exists()
    assert set(reading.rows.values_list("name", flat=True)) >= {"ERG AIR CARGO", "Salem Ould AL-HAMADA"}
    assert leaves(act="list_read").count() == 1
    confirm_list(importer, reading.pk)
    assert Entry.objects.filter(active=True).count() == 5
    assert set(reading.rows.values_list("name", "body")) == {("", None)}
    with pytest.raises(Refused) as refused:
        confirm_list(importer, reading.pk)
    assert refused.value.faults[0].code == "reading_is_closed"


def test_a_ship_is_found_by_its_number_and_asks_for_no_more_than_a_call(
    node: None, importer: Grant, searcher: Callable[..., Grant]
) -> None:
    import_list(importer, OFAC, files(), as_of=DAY)
    ship = Entry.objects.get(reference="ofac_sdn:9310")
    assert (ship.facts["type"], ship.complete, ship.action) == ("vessel", True, "refer_to_contact_point")
    assert {"kind": "imo", "country": "", "number": "9074729"} in ship.facts["identifiers"]
    asked = Query(documents=(Document("", "LBY", "A0042817"),))
    found = screen(searcher(), asked, reason="asked by the test in writing").candidates
    assert [match.source_reference for match in found] == ["ofac_sdn:4021"]


def test_what_is_amended_is_named_by_its_fields(node: None, importer: Grant) -> None:
    import_list(importer, OFAC, files(), as_of=DAY)
    changed = samples.SDN.replace("A0042817", "A0042818").replace('"5A-DKO","aircraft"', '"5A-DKP","aircraft"')
    changed = re.sub("^36,.*\n", "", changed, flags=re.MULTILINE)
    reading = read_list(importer, OFAC, files(changed), as_of=DAY + dt.timedelta(days=1))
    rows = {row.reference: (row.change, row.fields) for row in reading.rows.all()}
    assert rows == {
        "ofac_sdn:4021": ("changed", ["comments", "documents"]),
        "ofac_sdn:9311": ("changed", ["names"]),
        "ofac_sdn:36": ("removed", []),
    }
    assert (reading.unchanged, reading.withdrawn, reading.held) == (2, 1, 5)
    confirm_list(importer, reading.pk)
    person = Entry.objects.select_related("record").get(reference="ofac_sdn:4021")
    assert (person.record.version, person.facts["documents"][0]["number"]) == (2, "A0042818")
    assert not Entry.objects.get(reference="ofac_sdn:36").active
    with pytest.raises(Refused) as refused:
        read_list(importer, OFAC, files(), as_of=DAY)
    assert refused.value.faults[0].code == "list_is_older"


def test_two_lists_may_give_the_same_number(node: None, importer: Grant) -> None:
    import_list(importer, OFAC, many(3), as_of=DAY)
    eu = samples.EU_CSV.replace("EU.9999.1", "1")
    done = import_list(importer, "eu_fsf", {"eu.csv": io.BytesIO(eu.encode())})
    assert (done.new, done.withdrawn) == (2, 0)
    assert Entry.objects.filter(active=True).count() == 5


class TestMassRemoval:
    @pytest.fixture
    def reading(self, node: None, importer: Grant) -> ListImport:
        import_list(importer, OFAC, many(40), as_of=DAY)
        reading = read_list(importer, OFAC, many(20), as_of=DAY)
        return confirm_list(importer, reading.pk)

    def test_waits_for_a_second_person(self, reading: ListImport, importer: Grant, approver: Grant) -> None:
        assert (reading.state, reading.withdrawn) == ("for_approval", 20)
        assert Entry.objects.filter(active=True).count() == 40
        with pytest.raises(Refused) as refused:
            confirm_list(importer, reading.pk)
        assert refused.value.faults[0].code == "reading_is_closed"
        done = approve_list(approver, reading.pk)
        assert (done.state, done.confirmed_by, done.decided_by) == ("applied", OFFICER, approver.actor_id)
        assert Entry.objects.filter(active=True).count() == 20

    def test_is_not_approved_by_who_read_it(self, reading: ListImport) -> None:
        same = allow(_actor(), P.WATCHLIST_LIST_APPROVE, Purpose.SANCTIONS)
        with pytest.raises(Refused) as refused:
            approve_list(same, reading.pk)
        assert refused.value.faults[0].code == "approver_is_author"
        with pytest.raises(AccessRefused):
            approve_list(allow(_actor(actor="b"), P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS), reading.pk)
        assert Entry.objects.filter(active=True).count() == 40

    def test_may_be_discarded_and_another_reading_begins(self, reading: ListImport, importer: Grant) -> None:
        with pytest.raises(Refused) as refused:
            read_list(importer, OFAC, many(40), as_of=DAY)
        assert refused.value.faults[0].code == "list_waits"
        discard_list(importer, reading.pk)
        assert read_list(importer, OFAC, many(39), as_of=DAY).withdrawn == 1

    def test_lapses_when_nobody_decides(self, reading: ListImport, importer: Grant) -> None:
        expire_lists(importer, reading.at + WAITS - dt.timedelta(hours=1))
        assert ListImport.objects.get(pk=reading.pk).state == "for_approval"
        expire_lists(importer, reading.at + WAITS + dt.timedelta(hours=1))
        assert ListImport.objects.get(pk=reading.pk).state == "expired"
        assert not ListRow.objects.exclude(name="").exists()


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_two_people_are_asked_from_a_number_and_a_share_on(removed: int, rest: int) -> None:
    limit = catalogue()[1]
    two = takes_two(removed, removed + rest, number=limit.number, share=limit.share)
    assert two == (removed > 10 and removed * 20 > removed + rest)


def test_the_order_of_values_is_no_change() -> None:
    old = {"list": "a", "comments": "", "subject": {"names": [{"text": "A"}, {"text": "B"}], "documents": []}}
    new = {"list": "a", "comments": None, "subject": {"names": [{"text": "B"}, {"text": "A"}], "documents": ()}}
    assert changed_fields(old, new) == []
    assert changed_fields(old, {"list": "a", "listed_on": "2026-01-01", "subject": {"names": [], "documents": []}}) == [
        "listed_on",
        "names",
    ]


def test_what_goes_and_what_comes_stand_side_by_side() -> None:
    name = {"text": "Abu Salim", "kind": "alias", "quality": "good"}
    born, listed = {"date": "1979", "approximate": True}, {"listed_on": "2026-01-01"}
    old = {**listed, "comments": "", "subject": {"names": [{"text": "A", "kind": "name"}, name], "birth_dates": [born]}}
    new = {**listed, "comments": "Moved", "subject": {"names": [{"text": "A", "kind": "name"}], "birth_dates": []}}
    assert amended(old, new) == [
        Amended("birth_dates", (Said("≈ 1979"),), ()),
        Amended("comments", (), (Said("Moved"),)),
        Amended("names", (Said("Abu Salim", (("name_kind", "alias"),)),), ()),
    ]
    assert amended(old, old) == []


def test_a_list_that_moved_on_meanwhile_is_read_again(node: None, importer: Grant) -> None:
    reading = read_list(importer, OFAC, many(3), as_of=DAY)
    ListImport.objects.create(
        list=OFAC, generated_at=reading.generated_at, at=reading.at, sha256="", file_name="", by=""
    )
    with pytest.raises(Refused) as refused:
        confirm_list(importer, reading.pk)
    assert refused.value.faults[0].code == "list_moved_on"
    assert ListImport.objects.get(pk=reading.pk).state == "failed"
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("given_files", "as_of", "code"),
    [
        ({}, DAY, "missing"),
        (many(1), None, "list_undated"),
        ({"sdn.csv": io.BytesIO(b"")}, DAY, "list_empty"),
        ({"sdn.csv": io.BytesIO(b"a,b\n")}, DAY, "list_not_the_list"),
        ({"sdn.xml": io.BytesIO(b"<sdnList/>")}, DAY, "list_not_the_list"),
    ],
)
def test_what_is_no_such_list_leaves_nothing(
    node: None, importer: Grant, given_files: dict[str, io.BytesIO], as_of: dt.date | None, code: str
) -> None:
    for file in given_files.values():
        file.seek(0)
    with pytest.raises(Refused) as refused:
        read_list(importer, OFAC, given_files, as_of=as_of)
    assert refused.value.faults[0].code == code
    assert not ListImport.objects.exists()


class TestLarge:
    """What is large is put aside, and read and applied by a process of its own; here in this one."""

    @pytest.fixture(autouse=True)
    def small_limits(self, monkeypatch: pytest.MonkeyPatch, settings, tmp_path) -> None:  # type: ignore[no-untyped-def]
        settings.DATA = tmp_path
        monkeypatch.setattr(list_work, "LITTLE", 100)
        monkeypatch.setattr(list_work, "FEW", 2)
        monkeypatch.setattr(list_work, "wake", lambda: None)

    def test_it_is_read_then_applied(self, node: None, importer: Grant) -> None:
        sent = many(30)
        reading = list_work.receive(importer, OFAC, sent, DAY, sizes=5_000)
        assert (reading.state, list_work.progress_of(reading)) == ("reading", (0, 0))
        assert list_work.work() == 1
        reading.refresh_from_db()
        assert (reading.state, reading.new) == ("waiting", 30)
        assert not list_work.folder_of(reading).exists()
        assert list_work.confirm(importer, reading.pk).state == "applying"
        assert not Entry.objects.exists()
        list_work.work()
        assert Entry.objects.filter(active=True).count() == 30
        assert leaves(act="list_imported").get().actor == OFFICER

    def test_a_process_that_broke_off_begins_again(self, node: None, importer: Grant) -> None:
        reading = list_work.receive(importer, OFAC, many(30), DAY, sizes=5_000)
        ListRow.objects.create(list_import=reading, change="new", reference="ofac_sdn:1")
        list_work.work()
        assert ListRow.objects.filter(list_import=reading).count() == 30

    def test_what_is_refused_says_why(self, node: None, importer: Grant) -> None:
        reading = list_work.receive(importer, OFAC, {"sdn.csv": io.BytesIO(b"x" * 200)}, DAY, sizes=200)
        list_work.work()
        reading.refresh_from_db()
        assert (reading.state, reading.faults[0][0]) == ("failed", "list_not_the_list")
        assert not reading.rows.exists()

    def test_what_two_processes_apply_is_applied_once(self, node: None, importer: Grant) -> None:
        list_work.confirm(importer, read_list(importer, OFAC, many(30), as_of=DAY).pk)
        reading = ListImport.objects.get()
        assert list_work.work() == 1
        assert lists.apply(importer, reading).state == "applied"
        assert leaves(act="list_imported").count() == 1
        assert Entry.objects.count() == 30

    def test_what_a_person_waits_for_is_left_to_her_process(self, node: None, importer: Grant) -> None:
        begin(importer, OFAC, many(30), DAY)
        assert list_work.work() == 0
