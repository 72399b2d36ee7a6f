"""The comparison of a holder in a real browser: closed without an agreement, and what a score says with one."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from jiwar.agreements.queries import Open
from jiwar.documents import holder
from jiwar.documents.jobs import COMPARING
from jiwar.documents.logic.holder import Method
from jiwar.identity.models import Person
from tests.pages.test_desk import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.skipif(COMPARING[Method.FINGER].missing, reason="the extra `fingers` is not installed")
@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("fr", "ltr"), ("ar", "rtl")])
def test_a_finger_is_compared_where_an_agreement_opens_it_alone(
    page: Any, live_server: Any, officer: Person, axe: Any, shared_data: Path, monkeypatch: Any,
    language: str, direction: str,
) -> None:  # fmt: skip
    folder = shared_data / "documents" / "bsi_tr03105_5"
    sign_in(page, live_server.url, officer, language)
    page.goto(f"{live_server.url}/documents/holder/")
    assert page.evaluate("document.dir") == direction
    assert axe(page) == []

    def send() -> None:
        page.locator("input[name=method][value=finger]").check()
        page.locator("#f-issuer").fill("LBY")
        page.locator("#f-reference").set_input_files(folder / "finger_pos2.iso19794-2")
        page.locator("#f-live").set_input_files(folder / "finger_pos7.png")
        page.locator("form[enctype] .actions button").click()

    send()
    page.locator("#f-issuer-fault").wait_for()
    assert axe(page) == []
    # How an agreement comes into force, and opens this, is looked at in tests/documents/test_holder.py.
    clause = Open("LBY-NER-2026-01", uuid4(), "art-9", "no")
    monkeypatch.setattr(holder, "may_receive", lambda *_: clause)
    send()
    page.locator("#score").wait_for(timeout=30_000)
    assert re.search(r"\b12\b.*\b40\b", page.locator("#score").inner_text())
    assert axe(page) == []
