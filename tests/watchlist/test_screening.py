"""Rules R7, R8, R9 and R16 as the services keep them: each test tries to break one."""

import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Grant, allow
from jiwar.audit.queries import leaves
from jiwar.identity.roles import Clearance
from jiwar.records.services import expire, withdraw
from jiwar.watchlist import asking, entries, this_index
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.lists import import_un_list
from jiwar.watchlist.live_index import LiveIndex
from jiwar.watchlist.models import Entry, Revision
from jiwar.watchlist.screening import Document, PartialDate, Query, screen
from jiwar.wire.faults import Refused
from tests.watchlist.conftest import SAMPLE, _actor

REASON = "asked by the test in writing"
YOUSSEF = Query(names=("Youssef El Megaryef",), birth_date=PartialDate.parse("1984-06-17"))
Searcher = Callable[..., Grant]


def codes(by: Grant, query: Query, reason: str = "") -> set[str]:
    with pytest.raises(Refused) as refused:
        screen(by, query, reason=reason)
    return {fault.code for fault in refused.value.faults}


def references(by: Grant, query: Query, reason: str = REASON) -> list[str]:
    return [match.source_reference for match in screen(by, query, reason=reason).candidates]


def copy(entry: Entry, number: int, **facts: Any) -> None:
    """Another record with nearly the same subject, issued by this node."""
    from jiwar.records.services import issue, read_content
    from jiwar.watchlist.kinds import LISTING_PERSON
    from jiwar.watchlist.lists import terms

    body = entry.record.body | {"reference": f"COPY.{number:03}", "subject": entry.record.body["subject"] | facts}
    content = read_content(LISTING_PERSON, terms("sanctions", "a test", 365, body), timezone.now())
    issue(allow(_actor(), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS), LISTING_PERSON, content)


class TestWhatMayBeAsked:
    @pytest.mark.parametrize(
        "query",
        [
            Query(),
            Query(names=("",)),
            Query(names=("   ",)),
            Query(birth_date=PartialDate.parse("1984-06-17")),
            Query(nationality="LBY", sex="M"),
            Query(documents=(Document("", "LBY", ""),)),
            Query(documents=(Document("passport", "LBY", "12"),)),
            Query(documents=(Document("passport", "LBY", "-- / --"),)),
        ],
    )
    def test_no_question_is_no_search(self, listed: None, searcher: Searcher, query: Query) -> None:
        assert codes(searcher(), query, REASON) == {"query_empty"}

    @pytest.mark.parametrize("name", ["*", "%", "Youssef*", "Y?ussef", "_____", "%%%"])
    def test_no_wildcards(self, listed: None, searcher: Searcher, name: str) -> None:
        assert codes(searcher(), Query(names=(name,)), REASON) == {"wildcard"}

    @pytest.mark.parametrize("name", ["A", "...", "12345", "\u200f\u200f", "م"])
    def test_a_name_that_says_nothing(self, listed: None, searcher: Searcher, name: str) -> None:
        assert codes(searcher(), Query(names=(name,)), REASON) == {"name_unreadable"}

    def test_a_name_that_swells_when_it_is_normalised(self, listed: None, searcher: Searcher) -> None:
        assert codes(searcher(), Query(names=("\ufdfa" * 20,)), REASON) == {"too_long"}

    def test_not_many_people_in_one_question(self, listed: None, searcher: Searcher) -> None:
        assert codes(searcher(), Query(names=("Youssef Megaryef",) * 6), REASON) == {"too_many"}

    @pytest.mark.parametrize("reason", ["", " ", "x", "........................", "a\n" * 4])
    def test_a_name_alone_needs_a_reason(self, listed: None, searcher: Searcher, reason: str) -> None:
        assert codes(searcher(), Query(names=("Youssef Megaryef",), nationality="LBY"), reason) == {"reason_missing"}

    def test_a_birth_date_of_a_century_is_no_second_identifier(self, listed: None, searcher: Searcher) -> None:
        wide = Query(names=("Youssef Megaryef",), birth_date=PartialDate.parse("1900/2000"))
        assert codes(searcher(), wide) == {"reason_missing"}

    def test_a_second_identifier_needs_no_reason(self, listed: None, searcher: Searcher) -> None:
        assert references(searcher(), YOUSSEF, reason="")[0] == "JWi.001"

    def test_a_case_is_named_away_from_posts(self, listed: None, searcher: Searcher, settings: Any) -> None:
        assert codes(searcher(case=""), YOUSSEF) == {"case_missing"}

    def test_a_post_is_itself_the_context(self, listed: None, searcher: Searcher, post: None) -> None:
        assert references(searcher(case=""), YOUSSEF) == ["JWi.001"]

    def test_another_permission_does_not_search(self, listed: None) -> None:
        grant = allow(_actor(), Permission.WATCHLIST_ALERT_READ, Purpose.BORDER_CHECK, "LBY/2026/7")
        with pytest.raises(AccessRefused):
            screen(grant, YOUSSEF)

    def test_no_purpose_no_search(self, listed: None) -> None:
        with pytest.raises(AccessRefused):
            allow(_actor(), Permission.WATCHLIST_PERSON_SCREEN, None, "LBY/2026/7")
        with pytest.raises(AccessRefused):
            screen(Grant(_actor(), Permission.WATCHLIST_PERSON_SCREEN, None, "LBY/2026/7"), YOUSSEF)

    def test_too_many_searches(self, listed: None, searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asking, "RATES", ((dt.timedelta(minutes=1), 3),))
        for _ in range(3):
            screen(searcher(), YOUSSEF)
        assert codes(searcher(), YOUSSEF) == {"too_many_searches"}
        assert leaves(act="screening_refused").count() == 1
        assert references(searcher(actor="a7a94f62-35ac-4dd7-a0d5-5dd1b0f1f0b4"), YOUSSEF) == ["JWi.001"]


class TestWhatTheLedgerSays:
    def test_who_asked_why_and_what_came_but_not_the_name(self, listed: None, searcher: Searcher) -> None:
        answer = screen(searcher(), Query(names=("Youssef El Megaryef",)), channel="api", reason=REASON)
        leaf = leaves(act="person_screened").get()
        content = json.loads(leaf.content)
        assert (content["subject"], content["purpose"], content["case"]) == (
            str(answer.id),
            "border_check",
            "LBY/2026/7",
        )
        assert content["detail"]["candidates"] == [match.key for match in answer.candidates]
        assert (content["detail"]["channel"], content["detail"]["reason"]) == ("api", REASON)
        assert "megaryef" not in leaf.content.lower()

    def test_the_same_question_has_the_same_mark_and_another_has_another(
        self, listed: None, searcher: Searcher
    ) -> None:
        for name in ("Youssef Megaryef", "Youssef Megaryef", "Youssef Magaryef"):
            screen(searcher(), Query(names=(name,)), reason=REASON)
        marks = [json.loads(leaf.content)["detail"]["query"] for leaf in leaves(act="person_screened")]
        assert marks[1] == marks[2] != marks[0]

    def test_a_refused_question_is_no_search(self, listed: None, searcher: Searcher) -> None:
        codes(searcher(), Query(), REASON)
        assert not leaves(act="person_screened").exists()


class TestWhatIsAnswered:
    def test_arabic_finds_latin(self, listed: None, searcher: Searcher) -> None:
        Entry.objects.get(reference="JWi.001")
        found = screen(searcher(), Query(names=("يوسف المقريف",)), reason=REASON).candidates
        assert found[0].source_reference == "JWi.001"

    def test_arabic_finds_what_is_listed_in_latin_only(self, node: None, importer: Grant, searcher: Searcher) -> None:
        text = SAMPLE.read_text(encoding="utf-8").replace("يوسف المقريف", "")
        import_un_list(importer, io.BytesIO(text.encode()), "latin.xml")
        entry = Entry.objects.get(reference="JWi.001")
        assert not any("\u0600" <= c <= "\u06ff" for c in json.dumps(entry.facts, ensure_ascii=False))
        assert references(searcher(), Query(names=("يوسف المقريف",)))[0] == "JWi.001"

    def test_a_match_says_why_and_what_differs(self, listed: None, searcher: Searcher) -> None:
        query = Query(
            names=("Yusuf Megaryef",),
            birth_date=PartialDate.parse("1984-06-17"),
            nationality="TUN",
            documents=(Document("passport", "LBY", "LY 0042817"),),
        )
        match = screen(searcher(), query).candidates[0]
        assert {"birth_date_same", "document_same"} <= {reason.code for reason in match.reasons}
        assert {difference.code for difference in match.differences} >= {"nationality_differs"}
        assert (match.strength, match.issuing_state, match.action) == ("strong", "LBY", "freeze_assets_report")
        assert match.names[0] == "YOUSSEF EL MEGARYEF"
        assert match.birth_dates == ("1984-06-17",)

    def test_never_more_than_five(self, listed: None, searcher: Searcher) -> None:
        original = Entry.objects.get(reference="JWi.001")
        for number in range(12):
            copy(original, number)
        assert len(screen(searcher(), YOUSSEF).candidates) == 5

    def test_an_entry_that_says_too_little_triggers_nothing(self, listed: None, searcher: Searcher) -> None:
        original = Entry.objects.get(reference="JWi.001")
        bare = {"names": [{"text": "Zulfikar"}], "birth_dates": [], "documents": []}
        copy(original, 1, **bare)
        copy(original, 2, **bare | {"birth_dates": [{"date": "1984-06-17"}]})
        query = Query(names=("Zulfikar",), birth_date=PartialDate.parse("1984-06-17"))
        assert references(searcher(), query) == ["COPY.002"]

    def test_what_speaks_of_no_one_listed_finds_no_one(self, listed: None, searcher: Searcher) -> None:
        stranger = Query(names=("Aminata Traoré Kouyaté",), birth_date=PartialDate.parse("2001-02-03"))
        answer = screen(searcher(), stranger)
        assert answer.candidates == ()
        assert answer.entries == Entry.objects.filter(active=True, complete=True).count()

    def test_the_age_of_the_list(self, node: None, importer: Grant, searcher: Searcher) -> None:
        assert screen(searcher(), YOUSSEF).list_age is None
        before = timezone.now()
        with SAMPLE.open("rb") as file:
            import_un_list(importer, file, SAMPLE.name)
        assert before <= screen(searcher(), YOUSSEF).list_age <= timezone.now()


class TestCovert:
    def test_only_cleared_officers_see_that_a_check_is_covert(self, listed: None, searcher: Searcher) -> None:
        entry = Entry.objects.get(reference="JWi.001")
        facts = SubjectFacts.model_validate(entry.facts)
        entries.put(
            entry.record, facts, category="alert", alert_type="discreet_check", action="check_discreetly", covert=True
        )
        plain = screen(searcher(), YOUSSEF).candidates[0]
        assert (plain.covert, plain.alert_type, plain.action) == (False, "", "identify_and_record")
        assert "discreet" not in repr(plain)
        cleared = screen(searcher(clearance=Clearance.COVERT), YOUSSEF).candidates[0]
        assert (cleared.covert, cleared.alert_type, cleared.action) == (True, "discreet_check", "check_discreetly")


class TestWhatHasEnded:
    def test_a_withdrawn_entry_is_not_found_and_not_kept(
        self, listed: None, searcher: Searcher, importer: Grant
    ) -> None:
        entry = Entry.objects.get(reference="JWi.001")
        assert references(searcher(), YOUSSEF) == ["JWi.001"]
        withdraw(importer, entry.record, "a test")
        assert references(searcher(), YOUSSEF) == []
        entry.refresh_from_db()
        assert (entry.active, entry.facts) == (False, {})

    @pytest.mark.parametrize("field", ["valid_until", "review_on"])
    def test_an_expired_entry_of_an_index_that_still_has_it(
        self, listed: None, searcher: Searcher, live_index: LiveIndex, field: str
    ) -> None:
        entry = Entry.objects.get(reference="JWi.001")
        past = timezone.now() - dt.timedelta(days=2)
        type(entry.record).objects.filter(pk=entry.record.pk).update(**{field: past})
        index = live_index.current()
        assert str(entry.uid) in [candidate.key for candidate in index.search(YOUSSEF)]
        assert references(searcher(), YOUSSEF) == []

    def test_an_entry_that_expires_is_erased(self, listed: None, searcher: Searcher, importer: Grant) -> None:
        entry = Entry.objects.get(reference="JWi.001")
        expire(importer, timezone.now() + dt.timedelta(days=4000))
        entry.refresh_from_db()
        assert (entry.active, entry.facts) == (False, {})

    def test_an_older_version_that_ends_does_not_end_the_newer(
        self, listed: None, searcher: Searcher, importer: Grant
    ) -> None:
        first = Entry.objects.get(reference="JWi.001").record
        text = SAMPLE.read_text(encoding="utf-8").replace("LY0042817", "LY0042818")
        import_un_list(importer, io.BytesIO(text.encode()), "second.xml")
        entries.drop(first)
        assert references(searcher(), YOUSSEF) == ["JWi.001"]


class TestTheIndexOfEachProcess:
    def test_another_process_sees_a_change_at_once(
        self, listed: None, searcher: Searcher, importer: Grant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here, there = LiveIndex(tmp_path / "index"), LiveIndex(tmp_path / "index")
        entry = Entry.objects.get(reference="JWi.001")
        for live in (here, there):
            monkeypatch.setattr(this_index, "_live_index", lambda live=live: live)
            assert references(searcher(), YOUSSEF) == ["JWi.001"]
        copy(entry, 1)
        for live in (here, there):
            monkeypatch.setattr(this_index, "_live_index", lambda live=live: live)
            assert sorted(references(searcher(), YOUSSEF)) == ["COPY.001", "JWi.001"]
        withdraw(importer, entry.record, "a test")
        for live in (here, there):
            assert str(entry.uid) not in [candidate.key for candidate in live.current().search(YOUSSEF)]

    def test_another_database_is_read_anew(self, listed: None, live_index: LiveIndex) -> None:
        before = live_index.current()
        assert live_index.current() is before
        Revision.objects.update(series=uuid4())
        assert live_index.current() is not before

    def test_a_database_set_back_is_read_anew(self, listed: None, live_index: LiveIndex, importer: Grant) -> None:
        from django.db import transaction

        with transaction.atomic():
            withdraw(importer, Entry.objects.get(reference="JWi.001").record, "a test")
            assert not live_index.current().search(YOUSSEF)
            transaction.set_rollback(True)
        assert live_index.current().search(YOUSSEF)


@pytest.mark.django_db(transaction=True)
class TestTheFileOfTheIndex:
    @pytest.fixture
    def listed(self, transactional_db: None, settings: Any, tmp_path: Path, importer: Grant) -> None:
        from jiwar.identity.services import make_own_keys

        settings.KEYS = tmp_path / "keys"
        make_own_keys()
        with SAMPLE.open("rb") as file:
            import_un_list(importer, file, SAMPLE.name)

    def test_it_is_taken_up_by_the_next_process(self, listed: None, tmp_path: Path) -> None:
        folder = tmp_path / "index"
        first = LiveIndex(folder).current()
        (file,) = folder.glob("*.idx")
        made = file.stat().st_mtime_ns
        second = LiveIndex(folder).current()
        assert (len(second), second.revision) == (len(first), first.revision)
        assert file.stat().st_mtime_ns == made

    @pytest.mark.parametrize("damage", [b"", b"JWRNAMES", b"\0" * 500])
    def test_a_damaged_file_is_built_anew(self, listed: None, tmp_path: Path, damage: bytes) -> None:
        folder = tmp_path / "index"
        entries_ = len(LiveIndex(folder).current())
        (file,) = folder.glob("*.idx")
        file.write_bytes(damage)
        assert len(LiveIndex(folder).current()) == entries_
        assert file.stat().st_size > 1000

    def test_a_disk_that_takes_nothing_stops_no_search(
        self, listed: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        in_the_way = tmp_path / "index"
        in_the_way.write_text("no folder")
        index = LiveIndex(in_the_way).current()
        assert [candidate.score > 0.9 for candidate in index.search(YOUSSEF)] == [True]
        assert "not saved, kept in memory" in caplog.text

    def test_many_changes_build_it_anew_in_the_background(self, listed: None, tmp_path: Path, importer: Grant) -> None:
        live = LiveIndex(tmp_path / "index", most_changes=3)
        before = live.current()
        original = Entry.objects.get(reference="JWi.001")
        for number in range(4):
            copy(original, number)
        during = live.current()
        assert during is before
        assert len(during) == Entry.objects.filter(active=True, complete=True).count()
        live.wait()
        after = live.current()
        assert after is not before
        assert (len(after), after.changes) == (len(during), 0)
