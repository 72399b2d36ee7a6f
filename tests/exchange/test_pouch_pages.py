"""Pouches at the console, by forms alone: made, fetched, opened, refused, their history; who may and who may not."""

import io
import os
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.exchange.models import Pouch
from jiwar.exchange.pouch import folder, sweep
from jiwar.identity.models import Person
from jiwar.identity.roles import Role
from jiwar.records.kinds import Kind
from jiwar.records.models import Record
from jiwar.records.services import issue
from jiwar.records.words import LANGUAGES
from tests.console import SignIn, text
from tests.exchange.carrier import BY, Packed, notes, receipt, said, sealed_for_us
from tests.exchange.test_exchange import Channel, content
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


def upload(client: Client, data: bytes) -> Any:
    return client.post("/neighbours/pouch/", {"file": SimpleUploadedFile("in.pouch", data)})


def test_a_pouch_is_made_with_a_reason_and_fetched(
    sign_in: SignIn, niger: ForeignNode, kind: Kind, tmp_path: Path
) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    client = sign_in()
    page = text(client.get("/neighbours/NER/pouch/"))
    assert "3 : routine" in page
    wrong = client.post("/neighbours/NER/pouch/", {"why": " ", "most": "5"})
    assert wrong.status_code == 422
    assert "2 things are to be put right" in text(wrong)
    assert not Pouch.objects.exists()
    made = client.post("/neighbours/NER/pouch/", {"why": "no line since the storm", "most": str(2 << 30)})
    row = Pouch.objects.get()
    assert (made.status_code, made.url) == (302, f"/neighbours/NER/pouches/made/{row.uid}/")
    page = text(client.get(made.url))
    assert "no line since the storm" in page
    assert "nothing came back yet" in page
    answer = client.get(f"{made.url}file/")
    path = tmp_path / "fetched.pouch"
    path.write_bytes(b"".join(answer.streaming_content))
    assert re.search(r'filename="NER-[0-9]{8}-[0-9]{4}\.pouch"', answer["Content-Disposition"])
    assert answer["Cache-Control"] == "no-store"
    assert len(Packed(path, niger).places) == 3
    leaf = Leaf.objects.get(act="pouch_begun")
    assert leaf.actor == str(Person.objects.get(username="contact_officer").pk)


def test_what_came_back_shows_that_it_arrived(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    for n in range(3):
        issue(BY, kind, content(kind, str(n)))
    client = sign_in()
    where = client.post("/neighbours/NER/pouch/", {"why": "why", "most": str(100 << 20)}).url
    upload(client, sealed_for_us(niger, [said(niger, items={"receipts": [receipt(niger, 2)]})]))
    assert "nothing came back yet" in text(client.get(where))
    upload(client, sealed_for_us(niger, [said(niger, items={"receipts": [receipt(niger, 3)]})]))
    assert "arrived, and proven" in text(client.get(where))
    assert "arrived, and proven" in text(client.get("/neighbours/NER/pouches/"))


def test_a_pouch_is_opened_and_says_in_words_what_came(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    client = sign_in()
    batch = notes(niger, Channel(niger), kind, *"abcd")
    opened = upload(client, sealed_for_us(niger, [said(niger, *batch[:2])]))
    row = Pouch.objects.get()
    assert (opened.status_code, opened.url) == (302, f"/neighbours/NER/pouches/opened/{row.uid}/")
    page = text(client.get(opened.url))
    assert "Messages taken 2" in page
    assert "Make the pouch that goes back" in page
    assert Leaf.objects.get(act="pouch_opened").actor == str(Person.objects.get(username="contact_officer").pk)
    page = text(client.get(upload(client, sealed_for_us(niger, [said(niger, *batch[3:])])).url))
    assert "A number is missing in the stream" in page
    assert "taken in part" in page
    assert list(folder().glob("*.upload")) == []


def test_a_refused_pouch_says_why_and_what_came_before_is_told(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    client = sign_in()
    for wrong, says in (
        (b"holiday pictures" * 1000, "This file is no pouch"),
        (sealed_for_us(niger, [said(niger)], recipient="TUN"), "This pouch is for another node: TUN."),
    ):
        answer = upload(client, wrong)
        assert (answer.status_code, says in text(answer)) == (422, True)
    answer = client.post("/neighbours/pouch/", {})
    assert (answer.status_code, "This field is required." in text(answer)) == (422, True)
    batch = notes(niger, Channel(niger), kind, *(str(n) for n in range(12)))
    data = sealed_for_us(niger, [said(niger, *batch[:6]), said(niger, *batch[6:])])
    answer = upload(client, data[:-100])
    assert "The pouch ends too early" in text(answer)
    came = Record.objects.filter(kind="test.note").count()
    page = text(client.get("/neighbours/NER/pouches/"))
    assert "broken off" in page
    assert f"taken: {came}" in page
    row = Pouch.objects.get()
    assert "It was not read to its end" in text(client.get(f"/neighbours/NER/pouches/opened/{row.uid}/"))
    assert upload(client, data).status_code == 302
    assert Record.objects.filter(kind="test.note").count() == 12
    assert list(folder().glob("*.upload")) == []


def test_who_carries_pouches_and_who_only_sees_them(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    carrier = sign_in(Role.FIELD_OFFICER)
    made = carrier.post("/neighbours/NER/pouch/", {"why": "why", "most": str(100 << 20)}).url
    data = sealed_for_us(niger, [said(niger)])
    for role in (Role.OVERSIGHT, Role.ANALYST):
        client = sign_in(role)
        assert client.get(made).status_code == client.get("/neighbours/NER/pouches/").status_code == 200
        assert "Fetch the file" not in text(client.get(made))
        assert "Open a pouch" not in text(client.get("/neighbours/"))
        assert client.get(f"{made}file/").status_code == 403
        assert client.get("/neighbours/NER/pouch/").status_code == 403
        assert client.post("/neighbours/NER/pouch/", {"why": "w", "most": str(100 << 20)}).status_code == 403
        assert upload(client, data).status_code == 403
    assert Pouch.objects.count() == 1
    assert list(folder().glob("*.upload")) == []


def test_a_form_without_its_token_opens_nothing(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    client = sign_in()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    mine = notes(niger, Channel(niger), kind, "a")
    assert upload(strict, sealed_for_us(niger, [said(niger, *mine)])).status_code == 403
    assert not Pouch.objects.exists()
    assert list(folder().glob("*.upload")) == []


def test_a_body_beyond_every_pouch_is_not_read(sign_in: SignIn, niger: ForeignNode) -> None:
    answer = sign_in().post(
        "/neighbours/pouch/", b"", content_type="multipart/form-data; boundary=b", CONTENT_LENGTH=str(2**33)
    )
    assert answer.status_code == 422
    assert "The file holds more than the pouch says." in text(answer)


def test_an_upload_that_fills_the_disk_is_refused(
    sign_in: SignIn, niger: ForeignNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 10**6, 10, 10, 10**6, 10**6, 10**6, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    client = sign_in()
    answer = upload(client, sealed_for_us(niger, [said(niger)]))
    assert (answer.status_code, "too little room" in text(answer)) == (422, True)
    answer = client.post("/neighbours/NER/pouch/", {"why": "why", "most": str(100 << 20)})
    assert (answer.status_code, "too little room" in text(answer)) == (422, True)
    assert sorted(path.suffix for path in folder().iterdir()) == []


def test_what_lay_there_for_two_weeks_goes(sign_in: SignIn, niger: ForeignNode, kind: Kind) -> None:
    client = sign_in()
    made = client.post("/neighbours/NER/pouch/", {"why": "why", "most": str(100 << 20)}).url
    assert sweep(BY, timezone.now()) == 0
    [path] = folder().glob("*.pouch")
    os.utime(path, (0, 0))
    assert sweep(BY, timezone.now()) == 1
    assert "The file is not kept here any more." in text(client.get(made))
    assert client.get(f"{made}file/").status_code == 404


def test_no_page_for_what_is_not_there(sign_in: SignIn, niger: ForeignNode) -> None:
    client = sign_in()
    nobody = "01a21441-f47f-74a8-85b9-a649e6664e2b"
    for address in ("XXX/pouch/", "XXX/pouches/", f"NER/pouches/made/{nobody}/", f"NER/pouches/opened/{nobody}/"):
        assert client.get(f"/neighbours/{address}").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_speaks_each_language(sign_in: SignIn, niger: ForeignNode, kind: Kind, language: str) -> None:
    client = sign_in(language=language)
    issue(BY, kind, content(kind))
    made = client.post("/neighbours/NER/pouch/", {"why": "why", "most": str(100 << 20)}).url
    opened = upload(client, sealed_for_us(niger, [said(niger, *notes(niger, Channel(niger), kind, "a"))])).url
    for address in ("/neighbours/pouch/", "/neighbours/NER/pouch/", "/neighbours/NER/pouches/", made, opened):
        response = client.get(address)
        assert response.status_code == 200
        assert f'lang="{language}"' in response.content.decode()


def test_an_htmx_form_is_led_to_the_page_of_the_pouch(sign_in: SignIn, niger: ForeignNode) -> None:
    file = io.BytesIO(sealed_for_us(niger, [said(niger)]))
    answer = sign_in().post("/neighbours/pouch/", {"file": file}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/neighbours/NER/pouches/opened/{Pouch.objects.get().uid}/"
    assert django_settings.NODE.code == "LBY"
