"""Duplicates in a real browser: one proposes, another decides, the desk shows one candidate; in three languages."""

import os
from pathlib import Path

import pytest

from jiwar.watchlist import this_index
from tests.watchlist.test_resolution import DISCREET, NODE, REFUSE_ENTRY, alert, niger  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "purpose=criminal_investigation"


@pytest.fixture
def node(people, monkeypatch, tmp_path) -> None:
    from jiwar.watchlist.live_index import LiveIndex

    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)


def test_two_people_join_two_alerts_in_three_languages(page, live_server, people, alert, axe):  # noqa: F811
    from django.utils import timezone

    from jiwar.watchlist import likely_pairs
    from jiwar.watchlist.models import Resolution

    alert(), alert(**REFUSE_ENTRY), alert(**DISCREET)
    likely_pairs.look(NODE, timezone.now())
    people.sign_in(page, live_server.url, "analyst")
    page.goto(live_server.url)
    page.get_by_role("link", name="entries that are very likely one subject").click()
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    [link] = page.get_by_role("link", name="Side by side").all()
    link.click()
    page.get_by_label("Reason", exact=True).fill("no")
    page.get_by_role("button", name="Propose that they are one subject").click()
    page.get_by_role("alert").get_by_role("link", name="Reason").click()
    assert axe(page) == []
    look(page, live_server.url, {"compare": page.url.removeprefix(live_server.url).partition("#")[0]}, axe)
    page.get_by_label("Reason", exact=True).fill("the same passport, and the mother of both is Fatima")
    page.get_by_role("button", name="Propose that they are one subject").click()
    page.get_by_text("Another person decides.").first.wait_for()
    row = Resolution.objects.get()

    people.sign_in(page, live_server.url, "approver")
    look(page, live_server.url, {"proposal": f"/duplicates/{row.pk}/?{FOR}"}, axe)
    page.get_by_label("Confirm").check()
    page.get_by_label("Reason", exact=True).fill("I asked both issuers by telephone")
    page.get_by_role("button", name="Decide").click()
    page.get_by_text("Decided.", exact=True).wait_for()
    look(page, live_server.url, {"list": f"/duplicates/?{FOR}"}, axe)

    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/screening/?{FOR}&case=LBY/2026/7")
    page.get_by_label("Name", exact=False).first.fill("Salem Ould Khattar")
    page.get_by_label("Date of birth", exact=False).fill("09/03/1984")
    page.get_by_role("button", name="Screen the name").click()
    page.get_by_text("The same person by the word of two people here").wait_for()
    assert page.locator("article.candidate").count() == 2, "the discreet check stands alone, as an ordinary question"
    assert axe(page) == []
    shoot(page, "desk-en")


def look(page, url: str, addresses: dict[str, str], axe) -> None:
    """Each page in one language, in turn, and both sizes; in all three where pictures are taken. The last one stays."""
    for number, (name, address) in enumerate(addresses.items()):
        for language in ("ar", "fr", "en") if os.environ.get("SHOTS") else (("ar", "fr", "en")[number % 3],):
            page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": url}])
            page.goto("about:blank")  # the same address with a place in it would be no new page
            page.goto(url + address)
            assert axe(page) == [], (name, language)
            for width, height in ((390, 844), (1366, 768)):
                page.set_viewport_size({"width": width, "height": height})
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, language, width)
                shoot(page, f"{name}-{language}-{width}")
    page.context.add_cookies([{"name": "jiwar_language", "value": "en", "url": url}])
    page.goto("about:blank")
    page.goto(url + address)


def shoot(page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=Path(folder, f"{name}.png"), full_page=True)
