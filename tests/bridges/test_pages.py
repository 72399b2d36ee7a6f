"""The pages of bridges: an officer's way from a source to a listing, what is refused, who may do what."""

import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from jiwar.audit.models import Leaf
from jiwar.bridges.models import Reader, Reading, Source
from jiwar.identity.models import Agency, Person
from jiwar.records.models import Record
from jiwar.records.words import fault_text
from jiwar.watchlist.models import Entry
from tests.bridges.conftest import SOURCE
from tests.bridges.logic.test_coming_in import PERSON, person, thing
from tests.bridges.test_readings import NAMED, bundle

pytestmark = pytest.mark.django_db
SignedIn = Callable[[str], Client]


@pytest.fixture
def signed_in(people: dict[str, Person], settings: Any) -> SignedIn:
    """`signed_in(name)`: a browser of this person."""
    import dataclasses

    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)

    def make(name: str) -> Client:
        client = Client(headers={"Accept-Language": "en"})
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def upload(data: bytes, name: str = "file.json") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "application/json")


def test_an_officer_enters_a_source_reads_a_file_and_takes_it_in(signed_in: SignedIn) -> None:
    amal = signed_in("amal")
    assert "No source was entered yet" in amal.get("/bridges/").content.decode()
    assert amal.get("/bridges/sources/new/").status_code == 200
    made = amal.post("/bridges/sources/new/", SOURCE)
    assert (made.status_code, made["Location"]) == (302, "/bridges/sources/interpol/")
    sent = {"format": "stix", "file": upload(bundle(person(**NAMED), thing("malware", name="x")))}
    read = amal.post("/bridges/sources/interpol/read/", sent)
    reading = Reading.objects.get()
    assert read["Location"] == f"/bridges/readings/{reading.pk}/"
    page = amal.get(read["Location"]).content.decode()
    assert "Ahmed Traoré" in page
    assert "Nothing of this is used yet" in page
    lost = amal.get(read["Location"] + "?show=lost").content.decode()
    assert "objects.1" in lost
    assert "a type of which no entry comes" in lost
    home = amal.get("/").content.decode()
    assert "readings of outside sources to look at" in home
    amal.post(read["Location"], {"act": "take"})
    assert Reading.objects.get().state == "taken"
    entries = amal.get("/bridges/sources/interpol/entries/").content.decode()
    assert PERSON in entries
    entry = amal.get(f"/bridges/sources/interpol/entries/{Entry.objects.get().uid}/").content.decode()
    assert "Do nothing before you have called the national contact point." in entry
    assert Leaf.objects.filter(act__in=["reading_opened", "listings_browsed", "listing_opened"]).count() == 4


def test_a_subject_is_left_out_by_its_button(signed_in: SignedIn, source: Callable[..., Source]) -> None:
    source()
    amal = signed_in("amal")
    amal.post("/bridges/sources/interpol/read/", {"format": "stix", "file": upload(bundle(person(**NAMED)))})
    reading = Reading.objects.get()
    subject = reading.subjects.get()
    here = f"/bridges/readings/{reading.pk}/"
    amal.post(here, {"act": "leave_out", "subject": subject.pk})
    assert "left out" in amal.get(here).content.decode()
    assert amal.post(here, {"act": "leave_out", "subject": "٣"}).status_code == 422
    assert amal.post(here, {"act": "burn"}).status_code == 422
    amal.post(here, {"act": "discard"})
    assert Reading.objects.get().state == "discarded"
    assert amal.post(here, {"act": "take"}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "missing"),
        ({"format": "stix", "file": b"{"}, "syntax"),
        ({"format": "stix", "file": b'{"type":"x"}'}, "not_a_bundle"),
        ({"format": "misp", "file": b"[7]"}, "not_an_event"),
        ({"format": "csv", "file": b"{}"}, "not_in_list"),
    ],
)
def test_a_file_that_is_not_read_says_why(
    signed_in: SignedIn, source: Callable[..., Source], sent: dict[str, Any], code: str
) -> None:
    source()
    data = {name: upload(value) if isinstance(value, bytes) else value for name, value in sent.items()}
    answer = signed_in("amal").post("/bridges/sources/interpol/read/", data)
    assert answer.status_code == 422
    said = fault_text(code, "", "en").replace("{detail}", "").strip()
    assert said in unescape(answer.content.decode())
    assert not Reading.objects.exists()


def test_a_body_past_the_limit_is_refused_before_it_is_read(signed_in: SignedIn, source: Callable[..., Source]) -> None:
    source()
    address = "/bridges/sources/interpol/read/"
    answer = signed_in("amal").generic("POST", address, b"x", "multipart/form-data", CONTENT_LENGTH="30000000")
    assert answer.status_code == 422
    assert "too large" in answer.content.decode().lower()


def test_a_source_is_connected_and_fetched_from_its_page(signed_in: SignedIn, source: Callable[..., Source]) -> None:
    source()
    amal, here = signed_in("amal"), "/bridges/sources/interpol/"
    wrong = amal.post(here, {"act": "connect", "url": "http://x.example/", "collection": "one", "certificate": ""})
    assert (wrong.status_code, 'id="f-url"' in wrong.content.decode()) == (422, True)
    amal.post(here, {"act": "connect", "url": "http://127.0.0.1:9/x/", "collection": "one", "writer": "ncb"})
    assert (Source.objects.get().url, Source.objects.get().writer_id) == ("http://127.0.0.1:9/x/", "ncb")
    amal.post(here, {"act": "pull"})
    assert "Nobody answers at its address." in amal.get(here).content.decode()
    assert amal.post(here, {"act": "x"}).status_code == 422
    assert amal.get("/bridges/sources/nobody/").status_code == 404


def test_an_alert_leads_to_its_export_and_the_file_comes(signed_in: SignedIn, issued: Callable[..., Record]) -> None:
    record, amal = issued(), signed_in("amal")
    purpose = {"purpose": "criminal_investigation"}
    link = f"/bridges/export/{record.uid}/?purpose=criminal_investigation"
    assert link in amal.get(f"/alerts/{record.uid}/", purpose).content.decode()
    page = amal.get(link).content.decode()
    assert "content.grading" in page
    assert "in the signed record alone" in page
    answer = amal.post(link, purpose | {"format": "misp", "to": ""})
    assert answer["Content-Disposition"] == f'attachment; filename="alert.person-{record.uid}.misp.json"'
    assert json.loads(answer.content)["Event"]["info"].endswith("Salem Ould Khattar")
    closed = amal.get(link + "&to=NER").content.decode()
    assert "Its issuer did not allow onward transfer." in closed
    assert amal.post(link, purpose | {"format": "misp", "to": "NER"}).status_code == 422
    assert amal.get(link + "&to=N1R").status_code == 422
    assert amal.get(f"/bridges/export/{record.uid}/").status_code == 403
    assert amal.get("/bridges/export/0197a000-0000-7000-8000-000000000000/", purpose).status_code == 404


def test_an_approver_says_whose_an_agency_is(signed_in: SignedIn, agency: Agency) -> None:
    salem = signed_in("salem")
    assert "nothing leaves" in salem.get("/bridges/readers/").content.decode()
    wrong = salem.post("/bridges/readers/", {"act": "outside", "agency": agency.code, "recipient": ""})
    assert (wrong.status_code, Reader.objects.count()) == (422, 0)
    salem.post("/bridges/readers/", {"act": "outside", "agency": agency.code, "recipient": "xpo"})
    assert Reader.objects.get().recipient == "XPO"
    salem.post("/bridges/readers/", {"act": "end", "agency": agency.code})
    assert Reader.objects.get().ended_at is not None
    salem.post("/bridges/readers/", {"act": "ours", "agency": agency.code})
    assert (Reader.objects.get().recipient, Reader.objects.get().ended_at) == ("", None)
    assert salem.post("/bridges/readers/", {"act": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("name", "method", "address", "status"),
    [
        ("salem", "get", "/bridges/", 200),
        ("salem", "post", "/bridges/sources/new/", 403),
        ("salem", "get", "/bridges/sources/interpol/read/", 403),
        ("salem", "post", "/bridges/sources/interpol/", 403),
        ("amal", "get", "/bridges/readers/", 403),
        ("mariama", "get", "/bridges/", 403),
        ("mariama", "get", "/bridges/sources/interpol/entries/", 403),
    ],
)
def test_who_may_not_is_refused(
    signed_in: SignedIn, source: Callable[..., Source], name: str, method: str, address: str, status: int
) -> None:
    source()
    assert getattr(signed_in(name), method)(address).status_code == status


def test_the_overview_asks_no_more_for_more_sources(
    signed_in: SignedIn, source: Callable[..., Source], django_assert_max_num_queries: Any
) -> None:
    amal = signed_in("amal")
    for code in ("one", "two", "three", "four"):
        source(code=code)
    with django_assert_max_num_queries(10):
        assert amal.get("/bridges/").status_code == 200
