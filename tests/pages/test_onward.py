"""Passing on, in a real browser: ask, answer, approve, without an accessibility fault, on a phone, in Arabic."""

import os
from pathlib import Path

import pytest

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def passed(people):
    """Niger's alert that we may ask about, our own that Niger asks about, and a draft of a consent."""
    import datetime as dt

    from django.utils import timezone

    from jiwar.access.permissions import Permission as P
    from jiwar.access.permissions import Purpose
    from jiwar.access.policy import allow
    from jiwar.access.services import actor_of_person
    from jiwar.agreements import consents, services
    from jiwar.agreements.consent_kinds import REQUEST
    from jiwar.agreements.demo import demo_agreement
    from jiwar.identity.services import add_node
    from jiwar.records.services import issue, read_content
    from jiwar.records.statement import Approval, content_hash
    from jiwar.watchlist.alert_kinds import ALERT
    from tests.agreements.conftest import NODE_GRANT, say, signature, take
    from tests.agreements.test_consents import alert_content
    from tests.foreign import ForeignNode

    niger = ForeignNode("NER")
    for node in (niger, ForeignNode("TUN"), ForeignNode("TCD")):
        add_node(node.card())
    officer, approver = actor_of_person(people["contact_officer"]), actor_of_person(people["approver"])
    drafting = allow(officer, P.AGREEMENTS_AGREEMENT_DRAFT)
    body = demo_agreement(timezone.now().date() - dt.timedelta(days=1))
    draft = services.submit(drafting, services.draft_agreement(drafting, body))
    record = services.approve(allow(approver, P.AGREEMENTS_AGREEMENT_APPROVE), draft, draft.content_hash)
    take(signature(niger, record.uid, record.hash))
    theirs = take(niger.statement(ALERT, alert_content()))
    content = read_content(ALERT, alert_content(), timezone.now())
    digest = content_hash(ALERT.name, ALERT.version, content.model_dump(mode="json"))
    ours = issue(NODE_GRANT, ALERT, content, approval=Approval("one", "two", digest))
    asking = allow(officer, P.AGREEMENTS_CONSENT_DRAFT, Purpose.CRIMINAL_INVESTIGATION)
    consents.ask(asking, theirs.uid, ["TUN"], "شوهد في ذهيبة")
    asked = {"target": str(ours.uid), "states": ["TUN"], "reason": "Vu à Dehiba"}
    first, _ = (take(say(niger, REQUEST, asked, days=60)) for _ in range(2))
    until = timezone.now().date() + dt.timedelta(days=30)
    return theirs, ours, consents.propose(asking, ours.uid, "NER", ["TUN"], until, first.uid)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_has_an_accessibility_fault(page, live_server, people, passed, axe, language):
    theirs, ours, draft = passed
    people.sign_in(page, live_server.url, "approver" if language == "fr" else "contact_officer")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    here = "/agreements/onward/"
    why = f"/agreements/why/?state=TUN&record={theirs.uid}"
    pages = {"all": here, "theirs": f"{here}{theirs.uid}/", "ours": f"{here}{ours.uid}/", "why": why}
    for name, address in (pages | {"draft": f"{here}drafts/{draft.pk}/"}).items():
        page.goto(live_server.url + address)
        page.evaluate("for (const d of document.querySelectorAll('main details')) d.open = true")
        assert axe(page) == [], address
        for width in (390, 1366):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (address, width)
            if folder := os.environ.get("SHOTS"):
                page.screenshot(path=Path(folder, f"onward-{name}-{language}-{width}.png"), full_page=True)


def test_a_consent_from_the_request_to_the_second_person(page, live_server, people, passed):
    _, ours, _ = passed
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/agreements/onward/{ours.uid}/")
    page.get_by_text("Grant", exact=True).first.click()
    page.get_by_role("button", name="Grant").click()
    page.get_by_text("It waits for the approval of a second person.").wait_for()
    draft = page.url
    people.sign_in(page, live_server.url, "approver")
    page.goto(draft)
    page.get_by_role("button", name="Approve and sign").click()
    page.get_by_text("Approved and sent.").wait_for()
    page.get_by_text("consent", exact=True).first.wait_for()
