"""What a foreign file becomes: it waits, a person takes it in or not, and what it says is a listing, never an alert."""

import copy
import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.access.services import as_node
from jiwar.audit.models import Leaf
from jiwar.bridges import services
from jiwar.bridges.logic import misp, stix
from jiwar.bridges.models import Reading, ReadLine, ReadSubject, Source
from jiwar.bridges.readings import expire_readings
from jiwar.exchange.models import Outgoing
from jiwar.records.models import Record
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.models import Alert, Entry
from jiwar.watchlist.screening import PartialDate, Query, screen
from jiwar.wire.faults import Refused
from tests.bridges import statements as made
from tests.bridges.logic.test_coming_in import OTHER, PERSON, event, misp_object, person, thing
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content

pytestmark = pytest.mark.django_db
Granting = Callable[..., Grant]
NAMED = {"x_misp_date_of_birth": "1984-03-09", "x_misp_nationality": "Niger", "roles": ["driver"]}


def bundle(*objects: Any) -> bytes:
    return json.dumps({"type": "bundle", "id": f"bundle--{PERSON[10:]}", "objects": objects}).encode()


@pytest.fixture
def read(source: Callable[..., Source], reading_lists: Granting) -> Callable[..., Reading]:
    """`read(data, …)`: the contact officer reads a file of the source."""
    source()

    def make(data: bytes, format_: str = "stix", **more: Any) -> Reading:
        return services.read_file(reading_lists(), "interpol", format_, io.BytesIO(data), "file.json", **more)

    return make


@pytest.fixture
def take(reading_lists: Granting) -> Callable[..., Reading]:
    return lambda reading: services.take_reading(reading_lists(), reading.pk)


def counts(reading: Reading) -> tuple[int, int, int, int]:
    return reading.new, reading.changed, reading.unchanged, reading.withdrawn


def faults_of(act: Callable[..., Any], *arguments: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        act(*arguments, **more)
    return [(fault.code, fault.field) for fault in refused.value.faults]


# --- a file waits -----------------------------------------------------------------------------------------------------


def test_a_file_waits_and_nothing_of_it_is_used(read: Callable[..., Reading]) -> None:
    reading = read(bundle(person(**NAMED), thing("malware", name="x")))
    assert (reading.state, reading.found, reading.lost) == ("waiting", 1, 1)
    assert not Entry.objects.exists()
    assert not Record.objects.filter(kind__startswith="listing").exists()
    assert [(line.path, line.why, line.value) for line in reading.lines.all()] == [
        ("objects.1", "unknown_type", "malware")
    ]
    leaf = Leaf.objects.get(act="reading_kept")
    assert (leaf.subject, "Traoré" in leaf.content) == (str(reading.pk), False)


def test_what_is_taken_in_is_a_listing_that_names_its_source_and_screens(
    read: Callable[..., Reading], take: Callable[..., Reading], grant: Granting, live_index: Any
) -> None:
    reading = take(read(bundle(person(**NAMED))))
    assert (reading.state, counts(reading)) == ("taken", (1, 0, 0, 0))
    record = Record.objects.get(kind="listing.foreign")
    body = record.body
    assert (body["source"], body["source_title"], body["reference"]) == ("interpol", "INTERPOL notices", PERSON)
    content = record.data["content"]
    assert (content["legal_basis"], content["handling"]["tlp"]) == ("Code de procédure pénale, art. 694", "AMBER")
    assert content["handling"]["onward"] == "no"
    assert (content["grading"], content["purpose"]) == ({"information": "4", "source": "B"}, "criminal_investigation")
    assert {"what": "role", "text": "driver"} in body["said"]
    assert not Alert.objects.exists()
    assert not Outgoing.objects.exists()
    by = Grant(grant(P.WATCHLIST_PERSON_SCREEN).actor, P.WATCHLIST_PERSON_SCREEN, Purpose.BORDER_CHECK, "LBY/2026/7")
    (match,) = screen(by, Query(("Ahmed Traore",), PartialDate(1984, 3, 9))).candidates
    assert (match.category, match.action) == ("listing", "refer_to_contact_point")
    assert (match.alert_type, match.source_reference) == ("", f"interpol:{PERSON}")


def test_only_who_may_read_lists_and_for_the_purpose_of_the_source_takes_in(
    read: Callable[..., Reading], grant: Granting, reading_lists: Granting
) -> None:
    reading = read(bundle(person(**NAMED)))
    with pytest.raises(AccessRefused, match="permission_missing"):
        services.take_reading(grant(P.WATCHLIST_LIST_READ), reading.pk)
    with pytest.raises(AccessRefused, match="purpose_not_allowed"):
        services.take_reading(reading_lists(purpose=Purpose.SANCTIONS), reading.pk)
    with pytest.raises(AccessRefused, match="purpose_not_allowed"):
        services.read_file(reading_lists(purpose=Purpose.SANCTIONS), "interpol", "stix", io.BytesIO(b""), "")
    assert Reading.objects.get().state == "waiting"


def test_one_subject_may_be_left_out_and_put_back(
    read: Callable[..., Reading], take: Callable[..., Reading], reading_lists: Granting
) -> None:
    reading = read(bundle(person(**NAMED), thing("identity", id=OTHER, name="Two Two", identity_class="individual")))
    one, two = reading.subjects.all()
    services.leave_out(reading_lists(), reading.pk, one.pk, out=True)
    services.leave_out(reading_lists(), reading.pk, two.pk, out=True)
    services.leave_out(reading_lists(), reading.pk, two.pk, out=False)
    take(reading)
    assert [entry.reference for entry in Entry.objects.all()] == [f"interpol:{OTHER}"]
    assert not ReadSubject.objects.exists()
    assert faults_of(services.leave_out, reading_lists(), reading.pk, two.pk, out=True) == [
        ("reading_is_closed", "reading")
    ]


def test_a_reading_is_decided_once(
    read: Callable[..., Reading], take: Callable[..., Reading], reading_lists: Granting
) -> None:
    reading = read(bundle(person(**NAMED)))
    services.discard_reading(reading_lists(), reading.pk)
    assert (Reading.objects.get().state, ReadSubject.objects.count()) == ("discarded", 0)
    assert faults_of(take, reading) == [("reading_is_closed", "reading")]
    assert Leaf.objects.filter(act="reading_discarded").count() == 1


def test_what_nobody_looks_at_is_discarded_after_a_month(read: Callable[..., Reading]) -> None:
    read(bundle(person(**NAMED)))
    by = as_node(P.EXCHANGE_MESSAGE_PASS)
    expire_readings(by, timezone.now() + dt.timedelta(days=29))
    assert Reading.objects.get().state == "waiting"
    expire_readings(by, timezone.now() + dt.timedelta(days=31))
    assert (Reading.objects.get().state, ReadSubject.objects.count()) == ("expired", 0)
    from jiwar.exchange.courier import EACH_MINUTE

    assert expire_readings in EACH_MINUTE


def test_a_file_in_which_nothing_is_found_waits_for_nobody(read: Callable[..., Reading]) -> None:
    assert read(bundle(thing("malware", name="x"))).state == "nothing"


# --- again and again --------------------------------------------------------------------------------------------------


def test_the_same_file_again_changes_nothing_and_a_newer_one_is_a_new_version(
    read: Callable[..., Reading], take: Callable[..., Reading]
) -> None:
    take(read(bundle(person(**NAMED))))
    assert counts(take(read(bundle(person(**NAMED))))) == (0, 0, 1, 0)
    newer = person(**NAMED, modified="2026-05-01T00:00:00.000Z", name="Ahmed Traoré Maïga")
    assert counts(take(read(bundle(newer)))) == (0, 1, 0, 0)
    entry = Entry.objects.get()
    assert (entry.record.version, entry.facts["names"][0]["text"]) == (2, "Ahmed Traoré Maïga")


def test_what_is_taken_back_is_withdrawn(read: Callable[..., Reading], take: Callable[..., Reading]) -> None:
    take(read(bundle(person(**NAMED))))
    assert counts(take(read(bundle(person(**NAMED, revoked=True))))) == (0, 0, 0, 1)
    assert not Entry.objects.filter(active=True).exists()
    assert counts(take(read(bundle(person(**NAMED, revoked=True))))) == (0, 0, 0, 0)


def test_a_whole_list_withdraws_what_it_no_longer_says_and_a_part_does_not(
    read: Callable[..., Reading], take: Callable[..., Reading]
) -> None:
    take(read(bundle(person(**NAMED))))
    other = thing("identity", id=OTHER, name="Two Two", identity_class="individual")
    assert counts(take(read(bundle(other)))) == (1, 0, 0, 0)
    assert counts(take(read(bundle(other), whole=True))) == (0, 0, 1, 1)
    assert [entry.reference for entry in Entry.objects.filter(active=True)] == [f"interpol:{OTHER}"]


def test_the_list_of_the_united_nations_and_a_foreign_one_leave_each_other_alone(
    read: Callable[..., Reading], take: Callable[..., Reading], grant: Granting, source: Any, reading_lists: Granting
) -> None:
    from tests.watchlist.conftest import SAMPLE

    take(read(bundle(person(**NAMED))))
    un = Grant(grant(P.WATCHLIST_LIST_IMPORT).actor, P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    with SAMPLE.open("rb") as file:
        done = watchlist.import_un_list(un, file, SAMPLE.name)
    assert done.withdrawn == 0
    source(code="other")
    again = services.read_file(reading_lists(), "other", "stix", io.BytesIO(bundle(person())), "", whole=True)
    assert counts(take(again)) == (1, 0, 0, 0)
    assert Entry.objects.filter(active=True).count() == done.entries + 2
    from jiwar.watchlist.queries import listings

    assert listings(grant(P.WATCHLIST_LIST_READ)).count() == done.entries
    page = watchlist.browse_foreign(grant(P.WATCHLIST_LIST_READ), "interpol", 1)
    assert [entry.reference for entry in page] == [f"interpol:{PERSON}"]
    found = watchlist.open_foreign(grant(P.WATCHLIST_LIST_READ), page.object_list[0].uid)
    assert found is not None
    assert (found.listing.subject.names[0].text, found.screened) == ("Ahmed Traoré", True)


def test_an_entry_ends_after_a_year_unless_it_is_taken_in_again(
    read: Callable[..., Reading], take: Callable[..., Reading]
) -> None:
    take(read(bundle(person(**NAMED))))
    with time_machine.travel(timezone.now() + dt.timedelta(days=300), tick=True):
        assert counts(take(read(bundle(person(**NAMED))))) == (0, 1, 0, 0)
    assert Entry.objects.get().record.valid_until > timezone.now() + dt.timedelta(days=600)


def test_the_stricter_marking_counts(read: Callable[..., Reading], take: Callable[..., Reading]) -> None:
    strict = person(**NAMED, object_marking_refs=[stix.TLP["AMBER+STRICT"]])
    take(read(bundle(strict, thing("identity", id=OTHER, name="Two Two", identity_class="individual"))))
    tlps = {r.body["reference"]: r.tlp for r in Record.objects.filter(kind="listing.foreign")}
    assert tlps == {PERSON: "AMBER+STRICT", OTHER: "AMBER"}


# --- people who are protected (rule R5) -------------------------------------------------------------------------------

PROTECTED = SubjectFacts.model_validate(
    {"names": [{"text": "Ahmed Traoré"}], "birth_dates": [{"date": "1984-03-09"}], "nationalities": ["NER"]}
)


@pytest.mark.parametrize("said_by", ["", "NER"])
def test_a_foreign_list_stops_nobody_whom_this_state_protects(
    read: Callable[..., Reading], take: Callable[..., Reading], grant: Granting, said_by: str
) -> None:
    Source.objects.update(said_by=said_by)
    watchlist.protect(grant(P.WATCHLIST_ALERT_APPROVE), PROTECTED, "NER", "asylum file 2026/41")
    assert counts(take(read(bundle(person(**NAMED))))) == (1, 0, 0, 0)
    entry = Entry.objects.get()
    assert (entry.active, entry.complete, entry.record.tlp) == (True, False, "RED")
    assert counts(take(read(bundle(person(**NAMED))))) == (0, 0, 1, 0)


def test_a_list_of_another_state_is_used(
    read: Callable[..., Reading], take: Callable[..., Reading], grant: Granting
) -> None:
    Source.objects.update(said_by="TUN")
    watchlist.protect(grant(P.WATCHLIST_ALERT_APPROVE), PROTECTED, "NER", "asylum file 2026/41")
    take(read(bundle(person(**NAMED))))
    assert Entry.objects.get().complete is True


def test_who_is_protected_later_is_no_longer_found_here_and_at_posts(
    read: Callable[..., Reading], take: Callable[..., Reading], grant: Granting
) -> None:
    take(read(bundle(person(**NAMED))))
    watchlist.protect(grant(P.WATCHLIST_ALERT_APPROVE), PROTECTED, "NER", "asylum file 2026/41")
    entry = Entry.objects.get()
    assert (entry.active, entry.complete) == (True, False)
    word = Record.objects.get(kind="alert.withholding")
    assert word.about == entry.uid


# --- statements of ours inside ----------------------------------------------------------------------------------------


def foreign_alert(niger: ForeignNode) -> tuple[Any, bytes]:
    from jiwar.bridges.leaving import say
    from jiwar.bridges.logic.statement import Signed, Statement
    from jiwar.watchlist.alert_kinds import ALERT

    plain = ALERT.content.model_validate(alert_content()).model_dump(mode="json")
    statement, key, signature = niger.statement(ALERT, plain)
    spoken = Statement(Signed(statement, key, signature), json.loads(statement))
    return spoken, bundle(*stix.write(spoken, say).objects)


def test_a_genuine_statement_is_shown_and_is_no_alert(read: Callable[..., Reading], niger: ForeignNode) -> None:
    spoken, data = foreign_alert(niger)
    reading = read(data)
    (statement,) = reading.statements.all()
    assert (statement.standing, statement.kind, str(statement.uid)) == ("genuine", "alert.person", spoken.uid)
    assert (reading.state, reading.found) == ("nothing", 0)
    assert not Record.objects.filter(uid=spoken.uid).exists()


def test_a_statement_that_is_held_and_one_of_a_stranger(
    read: Callable[..., Reading], issued: Callable[..., Record]
) -> None:
    from jiwar.bridges.leaving import say, statement_of

    record = issued()
    event_ = misp.write(statement_of(record), say).objects[0]
    assert read(json.dumps(event_).encode(), "misp").statements.get().standing == "held"
    strange = stix.write(made.statement("alert.person", made.ALERT), made.say).objects
    assert read(bundle(*strange)).statements.get().standing == "key_refused"


def test_a_forged_statement_refuses_the_whole_file(read: Callable[..., Reading], niger: ForeignNode) -> None:
    spoken, _ = foreign_alert(niger)
    forged = copy.deepcopy(stix.write(spoken, made.say).objects[0])
    carried = forged["extensions"][stix.EXTENSION]
    carried["statement"] = carried["statement"].replace("Salem Ould Khattar", "Somebody Else")
    assert faults_of(read, bundle(person(**NAMED), forged)) == [("signature_wrong", "signature")]
    assert not Reading.objects.exists()


# --- refused whole ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format_", "data", "code"),
    [
        ("stix", b"{", "syntax"),
        ("stix", b'{"type":"x"}', "not_a_bundle"),
        ("misp", b'{"type":"bundle"}', "not_an_event"),
        ("ftm", b'{"type":"bundle"}', "not_an_entity"),
        ("xml", b"<x/>", "not_in_list"),
    ],
)
def test_a_file_of_another_format_is_refused_and_nothing_is_written(
    read: Callable[..., Reading], format_: str, data: bytes, code: str
) -> None:
    before = Leaf.objects.count()
    assert [fault for fault, _ in faults_of(read, data, format_)] == [code]
    assert (Reading.objects.count(), ReadLine.objects.count(), Leaf.objects.count()) == (0, 0, before)


def test_a_subject_that_is_said_twice_is_named_and_stays_once(read: Callable[..., Reading]) -> None:
    two = misp_object("person", ("full-name", "full-name", "Two"), uuid="868037d5-d804-4f1d-8016-f296361f9c68")
    reading = read(json.dumps(event(misp_object("person", ("full-name", "full-name", "One")), two)).encode(), "misp")
    assert (reading.found, [line.why for line in reading.lines.all()]) == (1, ["said_twice"])
