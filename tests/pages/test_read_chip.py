"""An officer lays a passport on the reader: the whole way from the chip to one sentence, in a real browser."""

from pathlib import Path
from typing import Any

import pytest

from jiwar.audit.queries import leaves
from jiwar.identity.models import Person
from jiwar.records.words import word
from tests.documents import made_chips as chips
from tests.documents import virtual_reader
from tests.documents.virtual_card import VirtualCard
from tests.pages.test_desk import sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(virtual_reader.missing()), reason=virtual_reader.missing()),
]


def test_a_chip_is_read_from_the_page(page: Any, live_server: Any, officer: Person, axe: Any, tmp_path: Path) -> None:
    """In Arabic; the verdict's other languages are looked at with files (test_document_check.py)."""
    language = "ar"
    sign_in(page, live_server.url, officer, language)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/documents/check/")
    page.locator("form.panel details > summary").click()
    assert axe(page) == []
    read = page.locator("button[name=chip]")
    with virtual_reader.service(tmp_path) as port:
        read.click()
        page.locator("#f-zone[aria-invalid=true]").wait_for()
        page.locator("[name=zone]").fill("\n".join(chips.LINES))
        with virtual_reader.laid(VirtualCard(chips.modern()), port):
            for _ in range(20):  # the service looks every so often whether a chip lies there
                read.click()
                page.wait_for_load_state()
                if page.locator(".document-verdict").count():
                    break
                page.wait_for_timeout(200)
    verdict = page.locator(".document-verdict")
    verdict.locator("summary").click()
    tree = " ".join(verdict.locator(".checks").inner_text().split())
    done = word("document_check_result", "successful", language)
    for part in ("access_pace", "genuine_authentication", "genuine_active", "lds_zone"):
        assert f"✓ {done}: {word('document_check_part', f'chip_{part}', language)}" in tree
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert leaves(act="chip_read").count() == 1
