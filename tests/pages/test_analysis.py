"""The analyst's pages in a real browser: search and dossier, three languages, a phone, the keyboard alone."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from jiwar.analysis import briefs
from jiwar.analysis.logic.signed_pdf import verify
from jiwar.identity.keys import ring
from jiwar.watchlist import this_index
from tests.pages.languages import LANGUAGES
from tests.pages.test_alerts import case

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "purpose=criminal_investigation&case=LBY/2026/7"
__all__ = ["case"]


@pytest.fixture
def known(case: Any, people: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """That alert with its hit, and the sample list; the index in a folder of its own."""
    from jiwar.access.permissions import Permission, Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.watchlist import services
    from jiwar.watchlist.lists import import_un_list
    from jiwar.watchlist.live_index import LiveIndex
    from tests.analysis.test_links import about
    from tests.watchlist.conftest import SAMPLE

    live = LiveIndex(tmp_path / "index")
    monkeypatch.setattr(this_index, "_live_index", lambda: live)
    by = allow(actor_of_person(people["analyst"]), Permission.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
    with SAMPLE.open("rb") as file:
        import_un_list(by, file, SAMPLE.name)
    content = about(
        "حامد ولد خطار",
        {
            "relations": [
                {"kind": "relative", "name": "Salem", "target": str(case[2])},
                {"kind": "member", "name": "Katiba Ahrar al-Janoub"},
            ],
            "documents": [{"type": "passport", "country": "LBY", "number": "K0451187"}],
            "identifiers": [{"kind": "phone", "country": "LBY", "number": "+218 91 234 5678"}],
        },
    )
    author, approver = (
        allow(actor_of_person(people[role]), permission, Purpose.CRIMINAL_INVESTIGATION)
        for role, permission in (
            ("contact_officer", Permission.WATCHLIST_ALERT_DRAFT),
            ("approver", Permission.WATCHLIST_ALERT_APPROVE),
        )
    )
    draft = services.draft_alert(author, content)
    for double in services.doubles(author, draft):
        services.answer_double(author, draft, double.alert.uid, same=False, reason="His brother, with his passport")
    draft = services.submit_alert(author, draft.pk)
    services.approve_alert(approver, draft.pk, draft.content_hash)
    return case[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_analyst_searches_and_reads_a_dossier_by_keyboard(
    page: Any, live_server: Any, people: Any, known: Any, axe: Any, language: str
) -> None:
    people.sign_in(page, live_server.url, "analyst")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/analysis/?{FOR}")
    page.keyboard.type("سالم خطار")
    page.keyboard.press("Enter")  # a name alone needs a reason: the page says so and has the focus there
    page.locator("[role=alert] a").press("Enter")
    page.keyboard.type("Who is behind the convoy of 3 November")
    page.keyboard.press("Enter")
    page.locator("article.candidate").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "found"
    look(page, axe, f"analysis-search-{language}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#source-1").wait_for()
    assert "Salem Ould Khattar" in page.locator("h1").inner_text()
    look(page, axe, f"analysis-dossier-{language}")
    if briefs.is_available():
        with page.expect_download() as made:
            page.locator("form.brief button").press("Enter")
        data = made.value.path().read_bytes()
        assert verify(data).key == ring(settings.KEYS).signing[0].public
    page.locator(f"a[href*='/analysis/subjects/{known}/links/']").press("Enter")
    page.locator(".chart a.further").first.press("Enter")
    page.locator(".chart .name").wait_for()  # whom the other one is a member of, a step further
    assert page.locator(".chart a.further").count() == 0
    look(page, axe, f"analysis-links-{language}")
    page.goto(f"{live_server.url}/analysis/?{FOR}")
    page.locator("details.panel > summary").press("Enter")
    page.locator("[name=reference]").fill("JWi.00")
    page.locator("[name=reference]").press("Enter")
    page.get_by_role("link", name="JWi.001").wait_for()
    assert page.evaluate("document.activeElement.id") == "found"
    look(page, axe, f"analysis-reference-{language}")


def look(page: Any, axe: Any, name: str) -> None:
    """No fault of accessibility, and no page wider than its screen."""
    assert axe(page) == [], name
    for width, height in ((390, 844), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=Path(folder, f"{name}-{width}.png"), full_page=True)
