"""The pages of letters in a real browser: with and without JavaScript, in three languages, on a phone."""

import datetime as dt
import io
import os
from pathlib import Path
from typing import Any

import pytest

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "?purpose=criminal_investigation"
SIZES = ((390, 844), (1366, 768))


@pytest.fixture
def letters(people: Any, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """Letters from Niger and Tunisia in every state, one of ours with its progress, a draft, a file that arrives."""
    import time_machine
    from django.utils import timezone

    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.exchange import attachments
    from jiwar.identity.services import add_node
    from jiwar.requests import services
    from tests.foreign import ForeignNode
    from tests.requests.conftest import letter_content, letter_from, take, word_from

    settings.DATA = tmp_path

    def grant(role: str, permission: P) -> Any:
        return allow(actor_of_person(people[role]), permission, Purpose.CRIMINAL_INVESTIGATION)

    niger, tunisia = ForeignNode("NER"), ForeignNode("TUN")
    for node in (niger, tunisia):
        add_node(node.card())
    write = grant("contact_officer", P.REQUESTS_LETTER_WRITE)
    found: dict[str, Any] = {}
    now = timezone.now()
    with time_machine.travel(now - dt.timedelta(hours=11), tick=False):
        file = attachments.store("تقرير القافلة.pdf", "", io.BytesIO(b"%PDF-1.7 " + bytes(700_000)))
        chunks = [attachments.chunk(file.blob, n) for n in range(3)]
        attachments.drop(file.blob)
        scan = attachments.store("scan.jpg", "", io.BytesIO(b"\xff\xd8\xff\xe0" + bytes(90_000)))
        files = [file.model_dump(mode="json"), scan.model_dump(mode="json")]
        received = take(letter_from(niger, subject="Convoi de trois camions à Toummo", attachments=files, flow="13"))
        take(letter_from(tunisia, subject="طلب معلومات عن شبكة تهريب", urgency="three_days", flow="2"), "TUN")
        take(letter_from(niger, subject="Cours commun de lecture des documents", urgency=None, flow="14"))
        ours = services.draft_letter(write, letter_content(subject="Warrant 12/2026", to=["NER", "TUN"], flow="9"))
        sent = services.send_letter(write, ours.pk)
        take(word_from(niger, sent, "received"))
        take(word_from(niger, sent, "read"))
    attachments.missing(file)
    attachments.put(file.blob, 0, chunks[0])
    take(letter_from(tunisia, subject="Réponse", target=str(sent.uid), answer="partial", urgency=None, flow="9"), "TUN")
    services.assign(write, received.uid, str(people["contact_officer"].pk))
    draft = services.draft_letter(
        write, letter_content(subject="A Tuareg convoy", flow="5", to=["NER"], text="Of which court is warrant 7/2026?")
    )
    services.attach(write, draft.pk, attachments.store("mandat.pdf", "", io.BytesIO(b"%PDF-1.7 " + bytes(3000))))
    services.submit_letter(write, draft.pk)
    answer = services.begin_answer(write, received.uid)
    found |= {"received": received.uid, "sent": sent.uid, "draft": draft.pk, "answer": answer.pk}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(
    page: Any, live_server: Any, people: Any, letters: dict[str, Any], axe: Any, language: str
) -> None:
    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    pages = {
        "inbox": f"/letters/{FOR}",
        "sent": f"/letters/{FOR}&whose=sent",
        "new": f"/letters/new/{FOR}",
        "received": f"/letters/{letters['received']}/{FOR}",
        "letter": f"/letters/{letters['sent']}/{FOR}",
        "answer": f"/letters/drafts/{letters['answer']}/edit/{FOR}",
        "files": f"/letters/drafts/{letters['draft']}/files/{FOR}",
        "draft": f"/letters/drafts/{letters['draft']}/{FOR}",
        "home": "/",
    }
    _look(page, live_server.url, pages, axe, language)
    people.sign_in(page, live_server.url, "approver")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    _look(page, live_server.url, {"decide": f"/letters/drafts/{letters['draft']}/{FOR}"}, axe, language)


def _look(page: Any, server: str, pages: dict[str, str], axe: Any, language: str) -> None:
    for name, address in pages.items():
        answer = page.goto(server + address)
        assert answer.status == 200, address
        assert axe(page) == [], address
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"letters-{name}-{language}-{width}.png"), full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_a_letter_is_written_with_a_file_and_sent(
    browser: Any, live_server: Any, people: Any, letters: dict[str, Any], scripts: bool, axe: Any
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/letters/")
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name="New letter").click()
    page.get_by_label("On what").select_option(label="drug trafficking")
    page.get_by_label("NER (test)").check()
    page.get_by_label("Subject").fill("قافلة يوم ٢٣ نوفمبر")
    page.get_by_label("Text").fill("Three lorries crossed at Toummo.")
    page.get_by_label("within 3 days").check()
    page.get_by_label("Legal basis").fill("Accord, art. 5")
    page.get_by_role("button", name="Continue to the files").click()
    page.get_by_text("At most 50 MB; 10 more can be added").wait_for()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0" + bytes(1_500_000)}
    )
    page.get_by_role("button", name="Add the file").click()
    page.get_by_role("link", name="photo.jpg").wait_for()
    page.get_by_text("9 more can be added").wait_for()
    page.get_by_label("File", exact=True).set_input_files({"name": "empty", "mimeType": "text/plain", "buffer": b""})
    page.get_by_role("button", name="Add the file").click()
    page.get_by_role("alert").get_by_text("The file is empty.").wait_for()
    assert axe(page) == [] if scripts else True
    page.get_by_role("link", name="Check and send").last.click()
    page.get_by_role("button", name="Sign and send").click()
    page.get_by_text("Signed, and on its way").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="photo.jpg").click()
    assert Path(download.value.path()).stat().st_size == 1_500_004
    assert download.value.suggested_filename == "photo.jpg"
    context.close()


def test_a_file_that_is_slow_says_how_far_it_is_and_one_that_is_too_large_is_not_begun(
    page: Any, live_server: Any, people: Any, letters: dict[str, Any]
) -> None:
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/letters/drafts/{letters['draft']}/files/{FOR}")
    field = page.get_by_label("File", exact=True)
    field.evaluate("input => input.dataset.largest = 1000")
    field.set_input_files({"name": "large", "mimeType": "text/plain", "buffer": bytes(1001)})
    assert field.evaluate("input => input.validationMessage") == "This file is larger than 50 MB."
    field.evaluate("input => input.dataset.largest = 52428800")
    network = page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    network.send("Network.emulateNetworkConditions", slow)
    field.set_input_files({"name": "slow.bin", "mimeType": "text/plain", "buffer": os.urandom(2_500_000)})
    page.get_by_role("button", name="Add the file").click()
    page.get_by_label("On its way to this node").wait_for(state="visible")
    page.get_by_role("link", name="slow.bin").wait_for()


def test_what_is_far_too_large_and_a_cut_line_are_said_on_the_page(
    page: Any, live_server: Any, people: Any, letters: dict[str, Any], tmp_path: Any
) -> None:
    """Where the page's own check of the size did not hold: the answer is not for the part of the page that asked."""
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/letters/drafts/{letters['draft']}/files/{FOR}")
    large = tmp_path / "film.mp4"
    with large.open("wb") as file:
        file.truncate(54_000_000)
    field = page.get_by_label("File", exact=True)
    field.evaluate("input => delete input.dataset.largest")
    field.set_input_files(large)
    page.get_by_role("button", name="Add the file").click()
    page.get_by_text("This page takes at most 53 MB.").wait_for()
    page.locator("#content:focus").wait_for()
    page.get_by_role("link", name="Back").click()
    page.get_by_label("File", exact=True).set_input_files(
        {"name": "a.txt", "mimeType": "text/plain", "buffer": b"report"}
    )
    page.route("**/files/**", lambda route: route.abort("connectionreset"))
    page.get_by_role("button", name="Add the file").click()
    page.get_by_text("The connection was cut before the node answered.").wait_for(state="visible")
    page.unroute("**/files/**")
    page.get_by_role("button", name="Add the file").click()
    page.get_by_role("link", name="a.txt").wait_for()
    assert page.get_by_text("The connection was cut before the node answered.").is_hidden()


def test_the_page_follows_a_file_that_arrives(
    page: Any, live_server: Any, people: Any, letters: dict[str, Any], settings: Any
) -> None:
    from jiwar.exchange import attachments
    from jiwar.requests.models import Letter
    from jiwar.requests.services import body_of

    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/letters/{letters['received']}/{FOR}")
    page.get_by_text("1 file is still on its way").wait_for()
    assert page.get_by_role("link", name="تقرير القافلة.pdf").count() == 0
    # The rest comes by the exchange meanwhile.
    file = body_of(Letter.objects.get(uid=letters["received"])).attachments[0]
    part, whole = (settings.DATA / "attachments" / f"{file.blob}{end}" for end in (".part", ""))
    plain = b"%PDF-1.7 " + bytes(700_000)
    from jiwar.exchange.logic.chunks import CHUNK, seal

    for number in range(1, 3):
        piece = plain[number * CHUNK : (number + 1) * CHUNK]
        attachments.put(file.blob, number, seal(file.secret, number, piece, last=number == 2))
    assert (part.exists(), whole.exists()) == (False, True)
    page.get_by_role("link", name="تقرير القافلة.pdf").wait_for()
