"""The console's pages of letters, by forms alone: written step by step, files in and out, answered, refused."""

import dataclasses
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.audit.models import Leaf
from jiwar.exchange import attachments
from jiwar.exchange.models import Attached
from jiwar.identity.models import Person
from jiwar.records.models import Draft, Record
from jiwar.requests import services
from jiwar.requests.models import Addressee, Letter
from tests.foreign import ForeignNode
from tests.requests.conftest import Granting, a_file, letter_content, letter_from, take, word_from

FOR = "?purpose=criminal_investigation"
SignIn = Callable[[str], Client]
PDF = b"%PDF-1.7 report of the convoy"


@pytest.fixture
def sign_in(people: dict[str, Person], settings: Any) -> SignIn:
    """`sign_in("amal")`: her client at the console; forms need their token, as in a browser."""
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)

    def signed_in(name: str, language: str = "en", **options: Any) -> Client:
        client = Client(**options)
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        client.cookies["jiwar_language"] = language
        return client

    return signed_in


def typed(**fields: Any) -> dict[str, Any]:
    """The first step of the form, filled."""
    content = letter_content()
    body = content["body"]
    return {
        "purpose": content["purpose"],
        "legal_basis": content["legal_basis"],
        "handling.tlp": "AMBER",
        "handling.onward": "no",
        "grading.source": "A",
        "grading.information": "1",
        "valid_until": content["valid_until"][:10],
        "review_on": content["review_on"],
        **{f"body.{name}": body[name] for name in ("flow", "to", "subject", "text", "urgency")},
        "act": "files",
        **fields,
    }


def text_of(answer: Any) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))


def upload(client: Client, draft: Draft, name: str, data: bytes, **more: Any) -> Any:
    fields = {"act": "add", "file": SimpleUploadedFile(name, data, "text/html"), "whole": "yes", **more}
    return client.post(f"/letters/drafts/{draft.pk}/files/{FOR}", fields)


def test_a_letter_is_written_in_three_steps_and_sent(sign_in: SignIn, niger: ForeignNode) -> None:
    client = sign_in("amal")
    assert client.get("/letters/new/").status_code == 403  # asks for the purpose
    assert client.get(f"/letters/new/{FOR}").status_code == 200
    answer = client.post(f"/letters/new/{FOR}", typed())
    draft = Draft.objects.get()
    assert answer.url == f"/letters/drafts/{draft.pk}/files/{FOR}"
    page = client.get(answer.url)
    assert "At most 50 MB; 10 more can be added" in text_of(page)
    answer = upload(client, draft, "محضر.pdf", PDF)
    assert (answer.status_code, answer.url) == (302, f"/letters/drafts/{draft.pk}/files/{FOR}")
    assert "محضر.pdf" in text_of(client.get(answer.url))
    look = client.get(f"/letters/drafts/{draft.pk}/{FOR}")
    assert {"Sign and send", "PDF document"} <= {t for t in ("Sign and send", "PDF document") if t in text_of(look)}
    sent = client.post(f"/letters/drafts/{draft.pk}/{FOR}", {"act": "send"})
    record = Record.objects.get(kind="letter")
    assert sent.url == f"/letters/{record.uid}/{FOR}"
    page = client.get(sent.url)
    shown = text_of(page)
    for part in ("Convoy of 23 November", "Three lorries", "no agreement", "held back", "محضر.pdf"):
        assert part.lower() in shown.lower(), part
    saved = client.get(f"/letters/{record.uid}/files/0/{FOR}")
    assert b"".join(saved.streaming_content) == PDF
    assert saved["Content-Type"] == "application/pdf"
    assert saved["Content-Disposition"].startswith("attachment; filename*=utf-8''%D9%85")
    assert (saved["X-Content-Type-Options"], saved["Content-Length"]) == ("nosniff", str(len(PDF)))
    acts = set(Leaf.objects.values_list("act", flat=True))
    assert {"letter_sent", "letter_read", "letter_file_attached", "letter_file_read"} <= acts


def test_what_is_wrong_is_shown_in_the_form_with_what_was_typed(sign_in: SignIn, niger: ForeignNode) -> None:
    client = sign_in("amal")
    client.post(f"/letters/new/{FOR}", typed(**{"body.subject": "", "legal_basis": "", "act": "check"}))
    draft = Draft.objects.get()
    answer = client.post(f"/letters/drafts/{draft.pk}/{FOR}", {"act": "send"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'href="#f-body-subject"' in html
    assert 'href="#f-legal_basis"' in html
    assert "Three lorries crossed" in html
    assert f'action="/letters/drafts/{draft.pk}/edit/{FOR}"' in html


def test_a_deadline_by_date_is_read_in_the_nodes_time(sign_in: SignIn, niger: ForeignNode, settings: Any) -> None:
    client = sign_in("amal")
    when = "2126-11-30T10:00"
    fields = typed(**{"body.urgency": "by_date", "body.answer_by": when, "act": "check"})
    client.post(f"/letters/new/{FOR}", fields)
    draft = Draft.objects.get()
    assert draft.content["body"]["answer_by"] == "2126-11-30T10:00:00+00:00"
    assert when in client.get(f"/letters/drafts/{draft.pk}/edit/{FOR}").content.decode()
    client.post(f"/letters/drafts/{draft.pk}/edit/{FOR}", fields | {"body.answer_by": "tomorrow", "act": "check"})
    answer = client.post(f"/letters/drafts/{draft.pk}/{FOR}", {"act": "send"})
    assert answer.status_code == 422
    assert 'href="#f-body-answer_by"' in answer.content.decode()


class TestUploads:
    @pytest.fixture
    def draft(self, grant: Granting, niger: ForeignNode) -> Draft:
        return services.draft_letter(grant(P.REQUESTS_LETTER_WRITE), letter_content())

    def blobs(self, settings: Any) -> list[str]:
        return sorted(path.name for path in (settings.DATA / "attachments").glob("*"))

    def test_a_page_is_kept_as_text_and_given_as_a_file(self, sign_in: SignIn, draft: Draft) -> None:
        client = sign_in("amal")
        upload(client, draft, "x.html", b"<script>alert(1)</script>")
        saved = client.get(f"/letters/drafts/{draft.pk}/files/0/{FOR}")
        assert saved["Content-Type"] == "text/plain; charset=utf-8"
        assert saved["Content-Disposition"] == 'attachment; filename="x.html"'

    @pytest.mark.parametrize("fields", [{"file": ""}, {"whole": ""}])
    def test_no_file_and_a_cut_one(self, sign_in: SignIn, draft: Draft, settings: Any, fields: dict[str, str]) -> None:
        answer = upload(sign_in("amal"), draft, "a.pdf", PDF, **fields)
        assert answer.status_code == 422
        assert self.blobs(settings) == []
        assert not Attached.objects.exists()

    def test_an_empty_one_and_one_that_is_too_large(
        self, sign_in: SignIn, draft: Draft, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = sign_in("amal")
        assert "The file is empty." in text_of(upload(client, draft, "a", b""))
        monkeypatch.setattr(attachments, "LARGEST", 600_000)
        answer = upload(client, draft, "a", b"x" * 600_001)
        assert (answer.status_code, "larger than" in text_of(answer)) == (422, True)
        assert self.blobs(settings) == []
        assert upload(client, draft, "a", b"x" * 600_000).status_code == 302

    def test_a_full_disk_is_said(
        self, sign_in: SignIn, draft: Draft, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(attachments, "RESERVE", 1 << 60)
        answer = upload(sign_in("amal"), draft, "a", PDF)
        assert (answer.status_code, "Tell its administrator" in text_of(answer)) == (422, True)
        assert self.blobs(settings) == []

    def test_without_the_forms_token_nothing_stays(self, sign_in: SignIn, draft: Draft, settings: Any) -> None:
        client = sign_in("amal", enforce_csrf_checks=True)  # type: ignore[call-arg]
        assert upload(client, draft, "a.pdf", PDF).status_code == 403
        assert self.blobs(settings) == []
        token = re.search(
            r'name="csrfmiddlewaretoken" value="([^"]+)"',
            client.get(f"/letters/drafts/{draft.pk}/files/{FOR}").content.decode(),
        )
        assert token is not None
        assert upload(client, draft, "a.pdf", PDF, csrfmiddlewaretoken=token[1]).status_code == 302

    def test_who_may_not_write_sends_nothing(self, sign_in: SignIn, draft: Draft, settings: Any) -> None:
        for name, status in (("mariama", 403), ("salem", 403), ("huda", 403)):
            assert upload(sign_in(name), draft, "a.pdf", PDF).status_code == status, name
        no_purpose = sign_in("amal").post(
            f"/letters/drafts/{draft.pk}/files/",
            {"purpose": "criminal_investigation", "file": SimpleUploadedFile("a", PDF)},
        )
        assert no_purpose.status_code == 403
        assert self.blobs(settings) == []

    def test_one_is_taken_out(
        self, sign_in: SignIn, draft: Draft, settings: Any, django_capture_on_commit_callbacks: Any
    ) -> None:
        client = sign_in("amal")
        upload(client, draft, "a.pdf", PDF)
        blob = self.blobs(settings)[0]
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(f"/letters/drafts/{draft.pk}/files/{FOR}", {"act": "remove", "blob": blob})
        assert answer.status_code == 302
        assert self.blobs(settings) == []


def test_the_second_person_sees_the_letter_and_its_files_and_decides(
    sign_in: SignIn, niger: ForeignNode, people: dict[str, Person]
) -> None:
    author, approver = sign_in("amal"), sign_in("salem")
    author.post(f"/letters/new/{FOR}", typed(**{"body.flow": "5"}))
    draft = Draft.objects.get()
    upload(author, draft, "mandat.pdf", PDF)
    here = f"/letters/drafts/{draft.pk}/{FOR}"
    assert "Submit for approval" in text_of(author.get(here))
    assert "Sign and send" not in text_of(author.get(here))
    assert approver.get(here).status_code == 404  # not submitted yet
    author.post(here, {"act": "submit"})
    page = approver.get(here)
    assert "mandat.pdf" in text_of(page)
    assert approver.get(f"/letters/drafts/{draft.pk}/files/0/{FOR}").status_code == 200
    assert approver.post(here, {"act": "return", "reasons": ""}).status_code == 422
    draft.refresh_from_db()
    answer = approver.post(here, {"act": "approve", "seen": draft.content_hash})
    record = Record.objects.get(kind="letter")
    assert answer.url.startswith(f"/letters/{record.uid}/")
    assert sign_in("huda").get(here).status_code == 404


def test_the_inbox_says_the_time_in_words_and_filters(
    sign_in: SignIn, niger: ForeignNode, tunisia: ForeignNode, clock: Any
) -> None:
    import datetime as dt

    take(letter_from(niger, subject="Urgent matter", urgency="urgent"))
    take(letter_from(tunisia, subject="A week", urgency="seven_days", flow="13"), "TUN")
    clock.shift(dt.timedelta(hours=5, minutes=40))
    client = sign_in("amal")
    page = text_of(client.get(f"/letters/{FOR}"))
    assert "2 hours 20 minutes left" in page
    assert page.index("Urgent matter") < page.index("A week")
    clock.shift(dt.timedelta(days=1, hours=4))
    client = sign_in("amal")  # a session ends with the shift
    page = text_of(client.get(f"/letters/{FOR}"))
    assert "overdue by 1 day 1 hour" in page
    for query, shown in (
        ("phase=overdue", "Urgent matter"), ("phase=running", "A week"), ("flow=13", "A week"),
        ("neighbour=TUN", "A week"),
    ):  # fmt: skip
        page = text_of(client.get(f"/letters/{FOR}&{query}"))
        other = {"Urgent matter": "A week", "A week": "Urgent matter"}[shown]
        assert (shown in page, other in page) == (True, False), query
    assert "No letter." in text_of(client.get(f"/letters/{FOR}&mine=yes"))
    assert text_of(client.get(f"/letters/{FOR}&phase=nonsense&flow=99&whose=x")).count("Urgent matter") == 1
    french = text_of(sign_in("amal", "fr").get(f"/letters/{FOR}"))  # type: ignore[call-arg]
    assert "en retard de 1 jour 1 heure" in french


def test_a_letter_is_assigned_answered_and_refused_with_a_ground(
    sign_in: SignIn, niger: ForeignNode, people: dict[str, Person]
) -> None:
    record = take(letter_from(niger))
    client, at = sign_in("amal"), f"/letters/{record.uid}/{FOR}"
    assert "Answer or refuse" in text_of(client.get(at))
    client.post(at, {"act": "assign", "person": str(people["huda"].pk)})
    assert Letter.objects.get().assigned_to == people["huda"]
    assert client.post(at, {"act": "assign", "person": "nobody"}).status_code == 422
    answer = client.post(at, {"act": "answer"})
    draft = Draft.objects.get()
    assert answer.url == f"/letters/drafts/{draft.pk}/edit/{FOR}"
    page = client.get(answer.url)
    assert "It answers this letter" in text_of(page)
    fields = typed(**{"body.answer": "refusal", "body.text": "It is judged already.", "act": "check"})
    del fields["body.urgency"]
    client.post(answer.url, fields)
    assert client.post(f"/letters/drafts/{draft.pk}/{FOR}", {"act": "send"}).status_code == 422
    client.post(answer.url, fields | {"body.ground": "ne_bis_in_idem"})
    client.post(f"/letters/drafts/{draft.pk}/{FOR}", {"act": "send"})
    assert Addressee.objects.get(letter__uid=record.uid).answer == "refusal"
    page = text_of(client.get(at))
    assert "answered" in page
    assert "Letters that belong together" in page


def test_the_senders_page_shows_how_far_it_has_come(sign_in: SignIn, grant: Granting, niger: ForeignNode) -> None:
    draft = services.draft_letter(grant(P.REQUESTS_LETTER_WRITE), letter_content())
    record = services.send_letter(grant(P.REQUESTS_LETTER_WRITE), draft.pk)
    take(word_from(niger, record, "received"))
    take(word_from(niger, record, "read"))
    client = sign_in("amal")
    page = client.get(f"/letters/{record.uid}/{FOR}").content.decode()
    assert page.count(f'datetime="{timezone.localtime(Addressee.objects.get().read_at).isoformat()}"') >= 1  # type: ignore[arg-type]
    listed = text_of(client.get(f"/letters/{FOR}&whose=sent"))
    assert "read" in listed
    answer = client.post(f"/letters/{record.uid}/{FOR}", {"act": "withdraw", "reason": ""})
    assert answer.status_code == 422
    client.post(f"/letters/{record.uid}/{FOR}", {"act": "withdraw", "reason": "Sent by mistake."})
    page = text_of(client.get(f"/letters/{record.uid}/{FOR}"))
    assert "its text and its files are not shown" in page
    assert "Three lorries" not in page


def test_the_arrival_of_files_is_shown_without_names(sign_in: SignIn, niger: ForeignNode) -> None:
    file = a_file(600_000, "secret name.pdf")
    chunks = [attachments.chunk(file.blob, n) for n in range(3)]
    attachments.drop(file.blob)
    record = take(letter_from(niger, attachments=[file.model_dump(mode="json")]))
    attachments.missing(file)
    attachments.put(file.blob, 0, chunks[0])
    client = sign_in("amal")
    here = f"/letters/{record.uid}/arrival/{FOR}"
    part = client.get(here)
    assert ("33" in text_of(part), "hx-trigger" in part.content.decode(), "secret" in part.content.decode()) == (
        True, True, False,
    )  # fmt: skip
    assert "on its way" in text_of(client.get(f"/letters/{record.uid}/{FOR}"))
    early = client.get(f"/letters/{record.uid}/files/0/{FOR}")
    assert early.status_code == 422
    for number in (1, 2):
        attachments.put(file.blob, number, chunks[number])
    done = client.get(here, headers={"HX-Request": "true"})
    assert done["HX-Refresh"] == "true"
    assert not Leaf.objects.filter(act="letter_file_read").exists()


def test_oversight_sees_who_read_a_letter_and_reads_none(
    sign_in: SignIn, niger: ForeignNode, people: dict[str, Person]
) -> None:
    from jiwar.identity.models import RoleGrant

    record = take(letter_from(niger))
    sign_in("amal").get(f"/letters/{record.uid}/{FOR}")
    RoleGrant.objects.filter(person=people["mariama"]).update(role="oversight")
    overseer = sign_in("mariama")
    ledger = text_of(overseer.get(f"/ledger/?subject={record.uid}"))
    assert ("read a letter" in ledger, "amal" in ledger) == (True, True)
    assert overseer.get(f"/letters/{record.uid}/{FOR}").status_code == 403


def test_a_page_takes_as_many_queries_for_many_letters_as_for_two(
    sign_in: SignIn, grant: Granting, niger: ForeignNode, tunisia: ForeignNode
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert client.get(address).status_code == 200
        return len(made)

    write = grant(P.REQUESTS_LETTER_WRITE)
    client = sign_in("amal")
    first = take(letter_from(niger))
    ours = services.send_letter(write, services.draft_letter(write, letter_content(to=["NER", "TUN"])).pk)
    pages = (
        f"/letters/{FOR}",
        f"/letters/{FOR}&whose=sent",
        f"/letters/{first.uid}/{FOR}",
        f"/letters/{ours.uid}/{FOR}",
    )
    for page in pages:
        client.get(page)  # the first reading is told to the sender
    before = [queries(page) for page in pages]
    for number in range(5):
        take(letter_from(niger, subject=f"letter {number}"))
        services.send_letter(write, services.draft_letter(write, letter_content()).pk)
    assert [queries(page) for page in pages] == before
    assert max(before) <= 28


def test_home_and_navigation_lead_to_letters(sign_in: SignIn, niger: ForeignNode) -> None:
    take(letter_from(niger))
    page = sign_in("amal").get("/").content.decode()
    assert "/letters/?unread=yes" in page
    assert 'href="/letters/"' in page
    assert "/letters/" not in sign_in("mariama").get("/").content.decode()


@pytest.mark.parametrize("name", ["amal", "salem"])
def test_an_unknown_letter_is_not_found(sign_in: SignIn, name: str) -> None:
    nowhere = "01a20885-a2c1-73e1-907a-a354ac35e27a"
    client = sign_in(name)
    for address in (f"/letters/{nowhere}/", f"/letters/{nowhere}/files/0/", f"/letters/drafts/{nowhere}/"):
        assert client.get(address + FOR).status_code == 404, address
