"""The pages of thresholds in a real browser: a proposal by keyboard, the second person's word, three languages."""

import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {"in-force": "/thresholds/", "form": "/thresholds/new/", "review": "/thresholds/review/"}


def test_two_people_change_a_threshold(page: Any, live_server: Any, people: Any, axe: Any) -> None:
    from django.utils import timezone

    from jiwar.watchlist import thresholds
    from jiwar.watchlist.models import DecisionCount

    here = live_server.url
    people.sign_in(page, here, "analyst")
    page.goto(f"{here}/thresholds/")
    page.get_by_role("link", name="Propose a change").click()
    page.get_by_label("General threshold").fill("30")
    page.get_by_label("Reason", exact=True).fill("Two namesakes a day at Ghat")
    first = page.get_by_role("group", name="Exception 1")
    first.get_by_label("What is listed").select_option("missing")
    first.get_by_label("Issued by").fill("ner")
    first.get_by_label("Threshold, per cent").fill("12")
    page.get_by_role("button", name="Submit for approval").click()
    assert page.get_by_role("alert").get_by_text("Reason 1").is_visible()
    first.get_by_label("Reason").fill("A child is worth ten questions")
    page.keyboard.press("Enter")
    page.get_by_text("A second person must approve it.").wait_for()
    draft = page.url.removeprefix(here)
    people.sign_in(page, here, "approver")
    page.goto(here + draft)
    rows = page.get_by_role("table", name="What changes").get_by_role("row").all_inner_texts()
    general, exception = ([" ".join(cell.split()) for cell in row.split("\t")][2:5] for row in rows[1:])
    assert general[:2] == ["25 % weak likeness", "30 % weak likeness"]
    assert general[2] == "Two namesakes a day at Ghat until now: Set by the makers of the program."
    assert exception == ["the general one", "12 % weak likeness new", "A child is worth ten questions"]
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_text("It holds here now").wait_for()
    assert thresholds.working("missing", "NER") == 0.12
    people.sign_in(page, here, "analyst")
    page.goto(f"{here}/thresholds/new/")
    page.get_by_role("button", name="Keep as a draft").click()
    draft = page.url.removeprefix(here)
    sort = {"month": timezone.now().date().replace(day=1), "script": "Arab-Latn", "region": "sahel", "covert": False}
    for verdict, number in (("confirmed", 30), ("rejected", 13)):
        DecisionCount.objects.create(
            **sort, alert_type="missing", band=6, verdict=verdict, number=number, scores=65 * number
        )
    for language in ("ar", "fr", "en"):
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": here}])
        for name, address in (PAGES | {"draft": draft}).items():
            page.set_viewport_size({"width": 1366, "height": 768})
            page.goto(here + address)
            assert axe(page) == [], (address, language)
            for width, height in ((1366, 768), (390, 844)):
                page.set_viewport_size({"width": width, "height": height})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
                if folder := os.environ.get("SHOTS"):
                    page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)
