"""The pages of agreements in a real browser: by forms, without an accessibility fault, on a phone, in Arabic."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.utils import timezone

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def suspended(people):
    """The demo's agreement: issued, signed by a genuine Niger, one clause suspended; its reference is known."""
    from jiwar.access.permissions import Permission as P
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.agreements import services
    from jiwar.agreements.demo import demo_agreement
    from jiwar.agreements.kinds import ACCESSION, AGREEMENT
    from jiwar.identity.services import add_node
    from tests.agreements.conftest import say, signature, take
    from tests.foreign import ForeignNode

    niger = ForeignNode("NER")
    add_node(niger.card())
    officer, approver = actor_of_person(people["contact_officer"]), actor_of_person(people["approver"])
    body = demo_agreement(timezone.now().date() - dt.timedelta(days=1))
    body |= {"open_to": ["TCD"], "clauses": [{**body["clauses"][0], "depth_km": 20}, body["clauses"][1]]}
    drafting = allow(officer, P.AGREEMENTS_AGREEMENT_DRAFT)
    draft = services.submit(drafting, services.draft_agreement(drafting, body))
    record = services.approve(allow(approver, P.AGREEMENTS_AGREEMENT_APPROVE), draft, draft.content_hash)
    reserves = {"clauses": ["art-4-1"], "reason": "no law for it yet"}
    take(signature(niger, record.uid, record.hash, reserves=reserves))
    services.suspend(allow(approver, P.AGREEMENTS_AGREEMENT_SUSPEND), record.uid, "hits are under review", ["art-4-1"])
    take(say(niger, AGREEMENT, {**body, "reference": "LBY-NER-2026-02"}))
    tunisia = ForeignNode("TUN")
    add_node(tunisia.card())
    joins = {"target": str(record.uid), "hash": record.hash, "party": "TUN"}
    take(say(tunisia, ACCESSION, joins), "TUN")
    services.cosign(
        drafting, take(say(niger, AGREEMENT, {**body, "reference": "LBY-NER-2026-03"})).uid, ["art-3-1"], "no law"
    )
    return record


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(page, live_server, people, suspended, axe, language):
    from jiwar.records.models import Draft

    people.sign_in(page, live_server.url, "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    why = "/agreements/why/?kind=alert.hit&for=border_check&state=NER"
    draft = f"/agreements/drafts/{Draft.objects.get(state='submitted').pk}/"
    for address in (
        "/agreements/",
        f"/agreements/{suspended.uid}/",
        draft,
        "/agreements/new/",
        why,
        "/agreements/gaps/",
    ):
        page.goto(live_server.url + address)
        page.evaluate("for (const d of document.querySelectorAll('main details')) d.open = true")
        assert axe(page) == [], address
        for width in (390, 1366):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                name = f"{address.strip('/').split('/')[1] if address.count('/') > 2 else 'register'}"[:6]
                page.screenshot(path=Path(folder, f"{name}-{language}-{width}.png"), full_page=True)


def test_the_second_person_approves_what_the_first_signed(page, live_server, people, suspended):
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(live_server.url + "/agreements/")
    page.get_by_role("link", name="LBY-NER-2026-02").first.click()
    page.get_by_text("Sign for our state").first.click()
    page.get_by_role("button", name="Sign for our state").click()
    page.get_by_text("It waits for the approval of a second person.").wait_for()
    draft = page.url
    people.sign_in(page, live_server.url, "approver")
    page.goto(draft)
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_text("Approved, signed and sent to the other parties.").wait_for()
    assert page.locator("header .badge").inner_text() == "in force"


def test_the_form_says_what_a_clause_does_while_it_is_typed(page, live_server, people, suspended):
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(live_server.url + "/agreements/new/")
    clause = page.locator("fieldset").filter(has_text="Number of the clause").first
    clause.get_by_label("alert on a person").check()
    clause.locator("#f-body-clauses-0-from_states").get_by_label("every party").check()
    clause.locator("#f-body-clauses-0-to_states").get_by_label("NER").check()
    clause.get_by_label("Corridor (km)").fill("20")
    clause.get_by_label("Kept at most (days)").fill("90")
    clause.get_by_label("Kept at most (days)").blur()
    said = clause.locator("#does-0")
    said.get_by_text("The recipient keeps it for at most 90 days.").wait_for()
    assert said.locator("li").all_inner_texts() == [
        "every party, those that accede included may send to Niger: alert on a person.",
        "The recipient may not pass it on.",
        "It reaches at most 20 kilometres beyond the border.",
        "The recipient keeps it for at most 90 days.",
    ]
