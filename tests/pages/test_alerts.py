"""The pages of alerts and cases in a real browser: with and without JavaScript, in three languages, on a phone."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "?purpose=criminal_investigation"


@pytest.fixture
def case(people: Any) -> Any:
    """An alert of ours that Niger's post hit, and what it left in the database."""
    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.identity.services import add_node
    from jiwar.watchlist import services
    from jiwar.watchlist.hit_kinds import HIT
    from jiwar.watchlist.models import Case
    from tests.foreign import ForeignNode
    from tests.watchlist.alerts.conftest import alert_content, hit_facts, take, terms_of

    def grant(role: str, permission: P) -> Any:
        return allow(actor_of_person(people[role]), permission, Purpose.CRIMINAL_INVESTIGATION)

    niger = ForeignNode("NER")
    add_node(niger.card())
    author, approver = grant("contact_officer", P.WATCHLIST_ALERT_DRAFT), grant("approver", P.WATCHLIST_ALERT_APPROVE)
    draft = services.submit_alert(author, services.draft_alert(author, alert_content()).pk)
    alert = services.approve_alert(approver, draft.pk, draft.content_hash)
    amended = services.amend_alert(author, alert.uid)
    content = {**amended.content, "legal_basis": "Code pénal, art. 5"}
    content["body"] = {**content["body"], "necessity": "Of the Tebu tribe; left for Madama."}
    content["body"]["rights_screen"] = {**content["body"]["rights_screen"], "membership": True}
    services.submit_alert(author, services.draft_alert(author, content, amended.pk).pk)
    more = {"target": str(alert.uid), "target_version": 1, "reported_by": "NER-MADAMA"}
    take(niger.statement(HIT, terms_of(HIT.body.model_validate(hit_facts() | more).model_dump(mode="json"))))
    return Case.objects.get(), amended.pk, alert.uid


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(
    page: Any, live_server: Any, people: Any, case: Any, axe: Any, language: str
) -> None:
    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.watchlist import services
    from tests.watchlist.alerts.conftest import alert_content

    row, draft, alert = case
    author = allow(actor_of_person(people["contact_officer"]), P.WATCHLIST_ALERT_DRAFT, Purpose.CRIMINAL_INVESTIGATION)
    double = services.draft_alert(author, alert_content()).pk
    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    pages = {
        "alerts": "/alerts/",
        "new": "/alerts/new/",
        "alert": f"/alerts/{alert}/",
        "edit": f"/alerts/drafts/{draft}/edit/",
        "double": f"/alerts/drafts/{double}/",
        "cases": "/cases/",
        "case": f"/cases/{row.pk}/",
    }
    _look(page, live_server.url, pages, axe, language)
    people.sign_in(page, live_server.url, "approver")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    _look(page, live_server.url, {"draft": f"/alerts/drafts/{draft}/"}, axe, language)


def test_alerts_on_a_thing_and_a_group_have_no_accessibility_fault(
    page: Any, live_server: Any, people: Any, axe: Any
) -> None:
    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.watchlist import services
    from jiwar.watchlist.alert_kinds import GROUP_ALERT, OBJECT_ALERT
    from tests.watchlist.alerts.test_things import armed_group, car

    author, approver = (actor_of_person(people[role]) for role in ("contact_officer", "approver"))
    writing = allow(author, P.WATCHLIST_ALERT_DRAFT, Purpose.CRIMINAL_INVESTIGATION)
    approving = allow(approver, P.WATCHLIST_ALERT_APPROVE, Purpose.CRIMINAL_INVESTIGATION)
    draft = services.submit_alert(writing, services.draft_alert(writing, armed_group(), kind=GROUP_ALERT).pk)
    group = services.approve_alert(approving, draft.pk, draft.content_hash)
    content = car()
    content["body"]["subject"]["relations"] += [{"kind": "user", "name": "Katibat Al Rimal", "target": str(group.uid)}]
    content["body"]["subject"]["places"] = [{"kind": "seen", "country": "NER", "text": "Agadez"}]
    draft = services.submit_alert(writing, services.draft_alert(writing, content, kind=OBJECT_ALERT).pk)
    thing = services.approve_alert(approving, draft.pk, draft.content_hash)
    waiting = services.draft_alert(writing, content, kind=OBJECT_ALERT)
    pages = {
        "things": "/alerts/",
        "new-group": "/alerts/new/group/",
        "edit-thing": f"/alerts/drafts/{waiting.pk}/edit/",
        "thing": f"/alerts/{thing.uid}/",
    }
    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": "ar", "url": live_server.url}])
    _look(page, live_server.url, pages, axe, "ar")
    page.get_by_role("link", name="Katibat Al Rimal").click()
    assert page.url.endswith(f"/alerts/{group.uid}/{FOR}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_alert_that_has_ended_is_shown_without_what_it_said(
    page: Any, live_server: Any, people: Any, case: Any, axe: Any, language: str
) -> None:
    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.watchlist import services

    row, _, alert = case
    withdrawing = allow(actor_of_person(people["approver"]), P.WATCHLIST_ALERT_WITHDRAW, Purpose.CRIMINAL_INVESTIGATION)
    services.withdraw_alert(withdrawing, alert, "Arrested at home")
    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    pages = {
        "ended-alerts": "/alerts/",
        "ended-alert": f"/alerts/{alert}/",
        "ended-cases": "/cases/",
        "ended-case": f"/cases/{row.pk}/",
    }
    for address in pages.values():
        page.goto(live_server.url + address + FOR)
        assert "Khattar" not in page.content(), address
    _look(page, live_server.url, pages, axe, language)


def _look(page: Any, server: str, pages: dict[str, str], axe: Any, language: str) -> None:
    for name, address in pages.items():
        answer = page.goto(server + address + FOR)
        assert answer.status == 200, address
        assert axe(page) == [], address
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_alert_is_drafted_refused_and_put_right(
    browser: Any, live_server: Any, people: Any, scripts: bool, axe: Any
) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/alerts/new/")
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("wanted for arrest").check()
    page.get_by_label("Name 1", exact=True).fill("سالم ولد خطار")
    page.get_by_role("button", name="Submit for approval").click()
    summary = page.get_by_role("alert")
    summary.get_by_text("Maximum penalty").wait_for()
    assert page.get_by_label("Name 1", exact=True).input_value() == "سالم ولد خطار"
    assert page.get_by_label("wanted for arrest").is_checked()
    page.get_by_label("Date of birth 1").fill("1984-03-09")
    for label, value in {
        "Maximum penalty": "15 years", "Article of law": "art. 3", "Issuing authority": "Court",
        "Number of the decision": "12/2026", "Date of the decision": "2026-02-01", "State of the decision": "lby",
        "Why it is necessary": "Left for Madama.", "Responsible officer": "Amal", "How to reach her": "+218",
        "Legal basis": "Law 7",
    }.items():  # fmt: skip
        page.get_by_label(label).first.fill(value)
    page.locator('[name="body.offence.title"]').fill("Arms trafficking")
    page.get_by_label("Arrest the person under your law").check()
    for question in ("speech", "assembly", "insult", "membership", "military", "religious"):
        page.locator(f'[name="body.rights_screen.{question}"][value="no"]').check()
    page.locator('[name="body.grave_risk"][value="no"]').check()
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_text("A second person must approve it.").wait_for()
    context.close()


def test_on_a_phone_the_form_folds_and_nothing_wrong_is_hidden(
    page: Any, live_server: Any, people: Any, axe: Any
) -> None:
    def open_parts() -> list[str]:
        return page.locator("details.part[open] > summary h2").all_inner_texts()

    people.sign_in(page, live_server.url, "contact_officer")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{live_server.url}/alerts/new/{FOR}")
    assert open_parts() == ["What is asked"]
    missing = page.get_by_role("navigation", name="What is still missing")
    assert missing.get_by_role("listitem").filter(has_text="Who it is").get_by_text("to fill in").is_visible()
    assert axe(page) == []
    # By keyboard: a part opens and closes, and a link of the index opens its part.
    page.locator("#part-asked").focus()
    page.keyboard.press("Enter")
    assert open_parts() == []
    missing.get_by_role("link", name="Who it is").focus()
    page.keyboard.press("Enter")
    assert open_parts() == ["Who it is"]
    # What is typed counts at once, in the index and in the head of its part.
    page.get_by_label("Name 1", exact=True).fill("سالم ولد خطار")
    page.get_by_label("Date of birth 1").fill("1984-03-09")
    page.keyboard.press("Tab")
    missing.get_by_role("listitem").filter(has_text="Who it is").get_by_text("complete").wait_for()
    page.locator("#part-subject").press("Enter")
    assert "سالم ولد خطار · 09/03/1984" in page.locator("#part-subject").inner_text()
    page.locator("#part-asked").press("Enter")
    page.get_by_label("wanted for arrest").check()
    page.get_by_role("button", name="Submit for approval").click()
    page.get_by_role("alert").wait_for()
    assert "Who it is" not in open_parts()
    assert {"Offence", "Warrant or decision", "Rights screen"} <= set(open_parts())
    hidden = page.locator("[aria-invalid=true], .field.wrong").all()
    assert hidden
    assert all(field.is_visible() for field in hidden)
    page.get_by_role("alert").get_by_role("link", name="Maximum penalty").click()
    assert page.evaluate("document.activeElement.name") == "body.offence.max_penalty"
    # On a wide screen nothing is folded.
    page.set_viewport_size({"width": 1366, "height": 768})
    page.reload()
    assert page.locator("details.part:not([open])").count() == 0
