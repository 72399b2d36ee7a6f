"""Questions on subjects in a real browser: asking, answers as they come, what a neighbour asks; three languages."""

import pytest

from tests.matching.conftest import Niger, agree
from tests.pages.test_duplicates import look, node  # noqa: F401 - an index of its own

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FOR = "purpose=criminal_investigation"


def test_ask_see_the_answer_and_what_a_neighbour_asked(page, live_server, people, node, axe):  # noqa: F811
    from django.utils import timezone

    from jiwar.analysis import inquiry_answers
    from jiwar.analysis.inquiry_kinds import ANSWER, INQUIRY
    from jiwar.analysis.models import Received
    from jiwar.records.queries import held

    niger = Niger()
    agree(niger, "inquiry", "inquiry.answer", "alert.person")
    people.sign_in(page, live_server.url, "analyst")
    page.goto(f"{live_server.url}/matching/?{FOR}")
    page.get_by_role("link", name="Questions on subjects").click()
    page.get_by_role("link", name="Ask neighbours").click()
    page.get_by_label("NER").check()
    page.get_by_label("Name", exact=False).first.fill("Salem Ould Khattar")
    page.get_by_label("Legal basis").fill("Agreement LBY-NER, art. 5")
    page.get_by_label("Case").fill("LBY/2026/7")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("alert").get_by_role("link", name="Name").click()
    assert axe(page) == []
    page.get_by_label("Date of birth").fill("1984-03-09")
    page.get_by_role("button", name="Ask").click()
    page.get_by_role("cell", name="no answer yet").wait_for()
    [record] = held(INQUIRY.name)
    niger.say(ANSWER, {"target": str(record.uid), "addressee": "LBY", "answer": "hit"})
    told = {"addressee": "LBY", "subject": {"documents": [{"country": "NER", "number": "X1234567"}]}, "case": "NER/9"}
    niger.say(INQUIRY, told | {"urgent": True})
    inquiry_answers.answer_due(None, timezone.now())
    page.goto(live_server.url)
    page.get_by_role("link", name="answers to your questions to neighbours").click()
    page.get_by_label("criminal investigation").check()
    page.get_by_role("button", name="Continue").click()
    asked, received = page.locator("table").all()
    asked.get_by_text("hit", exact=True).wait_for()
    received.get_by_text("no hit").wait_for()
    asked.get_by_role("link").click()
    page.get_by_text("It holds something that it does not send.").wait_for()
    addresses = {
        "inquiries": f"/inquiries/?{FOR}",
        "ask": f"/inquiries/ask/?{FOR}",
        "received": f"/inquiries/received/{Received.objects.get().pk}/?{FOR}",
        "inquiry": page.url.removeprefix(live_server.url),
    }
    look(page, live_server.url, addresses, axe)
    page.locator("details.confirm summary").click()
    page.locator("details.confirm button").click()
    page.get_by_text("It is over: what was asked about is erased here.").wait_for()

    people.sign_in(page, live_server.url, "approver")
    page.goto(f"{live_server.url}/inquiries/quotas/")
    page.get_by_label("Questions a day of NER").fill("20")
    page.get_by_role("button", name="Set").click()
    page.get_by_text("Set.", exact=True).wait_for()
    look(page, live_server.url, {"quotas": "/inquiries/quotas/"}, axe)
