"""The link screen in a real browser: forty posts, some in trouble, in three languages, by keyboard, on a phone."""

import datetime as dt
import os
from pathlib import Path

import pytest

from tests.pages.languages import LANGUAGES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SIZES = {"desk": (1366, 768), "telephone": (390, 844)}
PAGES = ("", "NER/", "NER/sent/", "NER/received/", "NER/receipts/", "NER/pouches/", "NER/keys/")


@pytest.fixture
def network(people, settings, tmp_path):
    """Niger with what passed, and forty posts, some of which need somebody."""
    from django.utils import timezone

    from jiwar.exchange import departure, links
    from jiwar.exchange.arrival import take
    from jiwar.exchange.models import Outgoing
    from jiwar.identity.models import Node
    from jiwar.identity.services import add_node
    from jiwar.records.kinds import KINDS, Kind, register
    from jiwar.records.services import issue
    from tests.exchange.carrier import BY, notes, receipt
    from tests.exchange.test_exchange import Channel, Note, content, open_between
    from tests.foreign import ForeignNode

    settings.DATA = tmp_path
    kind = register(Kind("test.note", 1, Note))
    niger = ForeignNode("NER")
    for node in (niger, ForeignNode("LBY-GHAT", role="post")):
        add_node(node.card())
    Node.objects.filter(code="NER").update(
        contact={"name": "موسى عبدو", "telephone": "+227 20 00 00 02", "hours": "24/7"}
    )
    open_between(niger, "test.note")
    for n in range(4):
        issue(BY, kind, content(kind, str(n)))
    departure.seal("NER")
    departure.settle("NER", [receipt(niger, 2)])
    take("NER", notes(niger, Channel(niger), kind, "a", "b"))
    Outgoing.objects.filter(state="sealed").update(queued_at=timezone.now() - dt.timedelta(days=3))
    del KINDS["test.note", 1]
    post, now = Node.objects.get(code="LBY-GHAT"), timezone.now()
    for n in range(40):
        post.code, post.name = f"LBY-P{n:02}", f"مركز الحدود {n}"
        post.save(force_insert=True)
        links.reached(links.of(post.code), now + dt.timedelta(minutes=9 if n % 13 == 5 else 0), 1)
        if n % 11 == 3:
            links.missed(post.code, ("unreachable", "wrong_certificate", "http 400 key_expired", "too_slow")[n // 11])
    links.reached(links.of("NER"), now, 2)
    links.carried("NER", 7_900.0)
    return niger


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_can_be_read_by_everyone(page, live_server, people, network, axe, language):
    people.sign_in(page, live_server.url, "administrator")
    page.context.add_cookies([{"name": "jiwar_language", "value": language, "url": live_server.url}])
    faults = []
    for name in PAGES:
        page.goto(f"{live_server.url}/neighbours/{name}")
        faults += [f"{name} {fault}" for fault in axe(page)]
        for size, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, size)
            if folder := os.environ.get("SHOTS"):
                shot = f"links-{name.strip('/').replace('/', '-') or 'all'}-{language}-{size}"
                page.screenshot(path=Path(folder, f"{shot}.png"), full_page="NER" in name)
    assert faults == []


@pytest.mark.parametrize("scripts", [True, False])
def test_a_post_is_found_among_forty_and_tried_again(browser, live_server, people, network, scripts):
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    people.sign_in(page, live_server.url, "contact_officer")
    page.goto(f"{live_server.url}/neighbours/")
    rows = page.locator("#links tbody tr")
    assert rows.count() == 42
    assert "LBY-P14" in rows.first.inner_text()  # somebody may be posing as it
    page.get_by_label("Name or code").fill("p25")
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=p25")
    assert rows.count() == 1
    rows.first.get_by_role("button", name="Try now").click()
    page.get_by_text("The node is tried now.").wait_for()
    page.get_by_role("link", name="see to it").click()
    page.wait_for_url("**show=soon")
    assert rows.count() < 10
    context.close()


def test_the_keyboard_alone_reaches_every_page_of_a_neighbour(page, live_server, people, network):
    people.sign_in(page, live_server.url, "administrator")
    page.goto(f"{live_server.url}/neighbours/NER/")
    for name in ("To it", "From it", "Receipts", "Pouches", "Keys", "Overview"):
        page.locator("main nav.tabs a", has_text=name).first.focus()
        page.keyboard.press("Enter")
        page.locator("main nav.tabs a[aria-current=page]", has_text=name).wait_for()
    page.get_by_label("Speed allowed").focus()
    page.keyboard.type("8")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("The link keeps to that").wait_for()
    page.get_by_text("7.8").first.wait_for()
