"""A picture of a document in a real browser: from a camera, from a file, to the search."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from jiwar.crossings.demo import PAPERS
from jiwar.documents.barcodes import modules
from jiwar.documents.pictures import READING
from jiwar.identity.models import Person
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.documents import specimens
from tests.documents.paper import Shot, photographed, printed
from tests.documents.seals import samples
from tests.machine import browser as browser_program
from tests.pages.test_desk import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def camera(browser: Any, tmp_path: Path) -> Iterator[Callable[[bytes], Any]]:
    """`camera(picture)`: a page of a browser whose camera sees the picture."""
    started = []

    def seeing(picture: bytes) -> Any:
        with Image.open(io.BytesIO(picture)) as seen:
            even = seen.convert("RGB").crop((0, 0, seen.width // 2 * 2, seen.height // 2 * 2))
        even.save(tmp_path / "seen.mjpeg", "JPEG", quality=95, subsampling="4:2:0")  # as cameras send it
        arguments = [
            *CHROMIUM_ARGUMENTS,
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-video-capture={tmp_path / 'seen.mjpeg'}",
        ]
        started.append(browser.browser_type.launch(executable_path=browser_program(), args=arguments))
        return started[-1].new_page()

    yield seeing
    for each in started:
        each.close()


@specimens.need_ocr_b
@pytest.mark.skipif(READING.missing, reason="the extra `ocr` is not installed")
def test_what_the_camera_sees_is_screened(
    camera: Callable[[bytes], Any], live_server: Any, officer: Person, axe: Any
) -> None:
    """A card on its side on a table."""
    zone = PAPERS[4].zone(timezone.localdate())
    page = camera(specimens.taken(specimens.page(zone, 5), "turned", 5))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    sign_in(page, live_server.url, officer)
    page.goto(f"{live_server.url}/screening/")
    page.get_by_role("link", name="From a picture").click()
    page.get_by_role("button", name="Open the camera").click()
    page.get_by_role("button", name="Take the picture").click()
    page.get_by_role("heading", name="What the picture says").wait_for(timeout=60_000)
    assert page.locator("#f-mrz").input_value() == zone
    assert axe(page) == []
    page.get_by_role("button", name="Screen the document").click()
    page.get_by_role("heading", name="MARIAMA ABDOU").wait_for()
    assert not [text for text in said if "Content Security Policy" in text]


def test_a_seal_before_the_camera_is_checked(
    camera: Callable[[bytes], Any], live_server: Any, officer: Person, shared_data: Path
) -> None:
    seal = next(iter(samples(shared_data).values()))
    dots = np.where(modules(seal.raw), 0, 255).astype(np.uint8)
    page = camera(photographed(printed(dots, 5), Shot(degrees=7)))
    sign_in(page, live_server.url, officer)
    page.goto(f"{live_server.url}/documents/check/")
    page.get_by_role("button", name="Open the camera").click()
    page.get_by_role("button", name="Take the picture").click()
    page.locator(".document-verdict").wait_for(timeout=60_000)
    page.locator(".document-verdict summary").click()
    assert "seal" in page.locator(".document-verdict").inner_text().lower()


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_a_file_that_is_no_picture_is_refused_at_its_field(
    page: Any, live_server: Any, officer: Person, axe: Any, tmp_path: Path, language: str, direction: str
) -> None:
    (tmp_path / "letter.png").write_bytes(b"%PDF-1.7 no picture at all")
    sign_in(page, live_server.url, officer, language)
    page.goto(f"{live_server.url}/documents/picture/")
    assert page.evaluate("document.dir") == direction
    assert axe(page) == []
    page.locator("input[type=file]").set_input_files(tmp_path / "letter.png")
    page.locator("form[enctype] .actions button").click()
    page.locator("#f-image-fault").wait_for()
    assert axe(page) == []


def test_a_picture_touches_no_disk(post: None, officer: Person, client: Any, monkeypatch: Any) -> None:
    """Django keeps a file of more than a megabyte in the temporary folder; here nothing of it may lie anywhere."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was made")

    monkeypatch.setattr("django.core.files.uploadedfile.tempfile.NamedTemporaryFile", refuse)
    client.force_login(officer, backend="django.contrib.auth.backends.ModelBackend")
    big = SimpleUploadedFile("big.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 3_000_000, "image/png")
    answer = client.post("/documents/picture/", {"image": big})
    assert answer.status_code == 422
    assert "damaged" in answer.content.decode()
