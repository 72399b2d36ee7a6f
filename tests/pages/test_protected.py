"""Protected people in a real browser: an approver enters one and ends it; nobody else sees them."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "purpose=cooperation"


def test_an_approver_protects_a_person_and_ends_it(page: Any, live_server: Any, people: Any, axe: Any) -> None:
    from jiwar.audit.queries import leaves
    from jiwar.watchlist import protection
    from jiwar.watchlist.protection import known_by

    here = live_server.url
    people.sign_in(page, here, "contact_officer")
    assert page.goto(f"{here}/protected/?{FOR}").status == 403
    people.sign_in(page, here, "approver")
    page.goto(f"{here}/alerts/?{FOR}")
    page.get_by_role("link", name="Protected people").click()
    page.get_by_text("This state protects nobody now.").wait_for()
    form = page.get_by_role("form", name="Protect a person")
    form.get_by_label("Name").fill("Mariam Ould Sidi\nمريم ولد سيدي")
    form.get_by_label("The state that she fears").fill("ner")
    form.get_by_label("Reason").fill("asylum file 2026/41")
    form.get_by_role("button", name="Protect her").click()
    alert = page.get_by_role("alert")
    assert alert.get_by_role("link", name="Date of birth").is_visible()
    assert axe(page) == []
    alert.get_by_role("link", name="Date of birth").click()
    page.keyboard.type("03.02.1990")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#f-birth_date').value === '03.02.1990'")
    assert page.get_by_role("alert").get_by_role("link", name="Date of birth").is_visible()
    form.get_by_label("Date of birth").fill("1990-02-03")
    page.keyboard.press("Enter")
    page.get_by_text("She is protected.").wait_for()
    her = known_by(["Mariam Ould Sidi"], ["1990-02-03"])
    assert protection.is_protected("NER", her)
    row = page.get_by_role("table", name="Protected now").get_by_role("row").nth(1)
    assert "03/02/1990" in row.inner_text()
    row.get_by_text("End it").first.click()
    row.get_by_label("Reason").fill("?")
    row.get_by_role("button", name="End it").click()
    page.get_by_role("alert").get_by_role("link", name="Reason").wait_for()
    for language in ("ar", "fr", "en"):
        page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": here}])
        page.set_viewport_size({"width": 1366, "height": 768})
        page.goto(f"{here}/protected/?{FOR}")
        page.locator("details.confirm summary").click()
        assert axe(page) == [], language
        for width, height in ((1366, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (language, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"protected-{language}-{width}.png"), full_page=True)
    page.get_by_label("Reason").first.fill("she has another nationality now")
    page.keyboard.press("Enter")
    page.get_by_text("The protection has ended.").wait_for()
    assert not protection.is_protected("NER", her)
    said = json.loads(leaves(act="protection_ended").get().content)["detail"]
    assert said == {"reason": "she has another nationality now"}
