"""The one story that everything serves: real processes, real HTTPS, a real browser, made-up people.

An alert issued in Libya stops a traveller at a post in Niger; Tunisia never learns of it; a judge can prove every step.
"""

import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jiwar.crossings.demo import PAPERS
from jiwar.operation.demo import PASSWORD, wait_for
from jiwar.operation.processes import GRACE
from jiwar.records.words import word
from tests.journeys.conftest import Nodes

pytestmark = [pytest.mark.journey, pytest.mark.browser, pytest.mark.timeout(420)]

SAMPLE_LIST = Path(__file__).parents[2] / "jiwar" / "watchlist" / "data" / "un_sample.xml"
NAME = "Salem Ould Khattar"
NEXT_NAME = "Idriss Ould Bouamatou"
SIX_QUESTIONS = ("speech", "assembly", "insult", "membership", "military", "religious")


class Person:
    """Somebody at a console, in a browser of her own, speaking English."""

    def __init__(self, browser: Any, nodes: Nodes, code: str, username: str) -> None:
        self.base = nodes[code].settings.console_url
        context = browser.new_context(locale="en", viewport={"width": 1366, "height": 768})
        context.add_cookies([{"name": "jiwar_language", "value": "en", "url": self.base}])
        context.set_default_timeout(20_000)
        self.page = context.new_page()
        self.go("/")
        self.page.fill("input[name=login]", username)
        self.page.fill("input[name=password]", PASSWORD)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.get_by_role("heading", name="What waits for me").wait_for()

    def go(self, path: str) -> Any:
        response = self.page.goto(self.base + path)
        assert response.status < 500, f"{path}: {response.status}"
        return self.page

    def sees(self, text: str, *, at: str | None = None, seconds: float = 15) -> None:
        """The page says so, now or within some seconds of reloading (at the address `at`, if given)."""
        until(lambda: text in (self.go(at) if at else self.page).inner_text("main"), f"{text!r} at {at}", seconds)

    def count(self, text: str) -> int:
        return int(self.page.inner_text("main").count(text))


def until(done: Callable[[], bool], what: str, seconds: float = 15) -> float:
    """Wait for something; the seconds that it took."""
    started = time.monotonic()
    while not done():
        assert time.monotonic() - started < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.1)
    return time.monotonic() - started


def draft_alert(person: Person, name: str, number: str, born: str, *, leave_out: str = "") -> None:
    """Fill the form of an alert as an officer does, and submit it."""
    page = person.go("/alerts/new/?purpose=criminal_investigation")
    today = dt.datetime.now(dt.UTC).date()
    texts = {
        "body.subject.names.0.text": name,
        "body.subject.birth_dates.0.date": born,
        "body.subject.documents.0.type": "passport",
        "body.subject.documents.0.country": "LBY",
        "body.subject.documents.0.number": number,
        "body.subject.nationalities": "LBY",
        "body.offence.title": "Armed robbery",
        "body.offence.article": "Penal code, article 450",
        "body.offence.max_penalty": "15 years of imprisonment",
        "body.warrant.authority": "Court of Tripoli North",
        "body.warrant.number": "W-2026-118",
        "body.warrant.date": "2026-10-01",
        "body.warrant.country": "LBY",
        "body.necessity": "He left the country; nothing milder can bring him before the court.",
        "body.officer": "Amal Ben Othman",
        "body.contact": "+218 00 000 0001",
        "legal_basis": "Code of criminal procedure, article 37",
        "valid_until": (today + dt.timedelta(days=300)).isoformat(),
        "review_on": (today + dt.timedelta(days=200)).isoformat(),
    }
    for field, text in texts.items():
        if field != leave_out:
            page.locator(f"[name='{field}']").fill(text)
    choices = {"purpose": "criminal_investigation", "handling.tlp": "AMBER", "handling.onward": "no"}
    for field, value in (choices | {"grading.source": "A", "grading.information": "1"}).items():
        page.locator(f"select[name='{field}']").select_option(value)
    radios = {"body.type": "wanted_for_arrest", "body.action": "arrest_for_extradition", "body.grave_risk": "no"}
    for field, value in (radios | {f"body.rights_screen.{q}": "no" for q in SIX_QUESTIONS}).items():
        page.locator(f"input[type=radio][name='{field}'][value='{value}']").check()
    page.locator("input[name='body.subject.sexes'][value='M']").check()
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_load_state()


def approve(author: Person, approver: Person) -> None:
    """The second person opens the draft that the author has just submitted, and approves what she sees."""
    page = approver.go(author.page.url.removeprefix(author.base))
    page.get_by_role("button", name="Approve and issue").click()
    page.wait_for_load_state()


def screen_zone(officer: Person, zone: str) -> Any:
    page = officer.go("/screening/")
    page.get_by_label("Machine readable zone").fill(zone)
    page.get_by_role("button", name="Screen the document").click()
    page.wait_for_url("**/screening/*-*/**")
    return page


def name_at(officer: Person, name: str, born: str) -> str:
    """What the desk says of a name."""
    page = officer.go("/screening/")
    page.locator("[name=name]").fill(name)
    page.locator("[name=birth_date]").fill(born)
    page.get_by_role("button", name="Screen the name").click()
    page.wait_for_url("**/screening/*-*/**")
    return str(page.inner_text("main"))


def jiwar(nodes: Nodes, code: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command of a node."""
    command = [sys.executable, "-m", "jiwar", "--data", str(nodes[code].folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def record_crossing(page: Any, *, stopped: bool) -> None:
    """Decide at the desk and record."""
    page.get_by_label("in", exact=True).check()
    if stopped:
        page.get_by_label("referred", exact=True).check()
        page.locator("select[name=action_taken]").select_option("held_for_contact")
        for question in ("asylum_claim", "child", "trafficking_victim"):
            page.locator(f"input[name='stop_card.{question}'][value='no']").check()
    else:
        page.get_by_label("passed", exact=True).check()
    page.get_by_role("button", name="Record the crossing").click()
    page.wait_for_load_state()
    assert "Recorded:" in page.inner_text("main")


def test_an_alert_issued_in_libya_stops_a_traveller_in_niger(
    browser: Any, nodes: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    amal, salem = Person(browser, nodes, "LBY", "amal"), Person(browser, nodes, "LBY", "salem")
    moussa, zara = Person(browser, nodes, "NER", "moussa"), Person(browser, nodes, "NER-MADAMA", "zara")
    leila = Person(browser, nodes, "TUN", "leila")
    zone = PAPERS[0].zone(dt.datetime.now(dt.UTC).date())

    # 1. A list of the United Nations is read and applied, and what was not understood is shown line by line.
    page = amal.go("/lists/read/")
    page.get_by_label("List", exact=True).select_option("un_security_council")
    page.set_input_files("input[type=file]", SAMPLE_LIST)
    page.get_by_role("button", name="Read the list").click()
    page.get_by_role("heading", name="Nothing of this is applied yet").wait_for()
    page.get_by_role("button", name="Apply").click()
    page.get_by_text("Applied. Screening finds it from now on.").wait_for()
    page.goto(page.url.partition("?")[0] + "?show=unread")
    assert page.locator("table tbody tr").count() == 4

    # 2. The form refuses to leave draft while something is missing; the author does not approve; another person does.
    draft_alert(amal, NAME, "K0451187", "1984-03-09", leave_out="body.necessity")
    assert amal.page.locator("[name='body.necessity'][aria-invalid=true]").count() == 1
    draft_alert(amal, NAME, "K0451187", "1984-03-09")
    amal.sees("A second person must approve it.")
    assert amal.page.get_by_role("button", name="Approve and issue").count() == 0
    approve(amal, salem)
    salem.sees(word("record_state", "in_force", "en"))

    # 3. Niger and its post hold it within seconds; Tunisia never holds a byte of it, and the console says why.
    alert = salem.page.url.removeprefix(salem.base)
    uid = alert.split("/alerts/")[1].split("/")[0]
    until(lambda: uid in nodes.python("NER-MADAMA", HELD), "the alert at the post", 30)
    issued, stored = (float(nodes.python(code, STORED.format(uid=uid))) for code in ("LBY", "NER-MADAMA"))
    print(f"approved in Libya, then held at the post: {stored - issued:.2f} s")
    salem.sees("art-3-1", at=alert)
    salem.sees(word("verdict", "no_agreement", "en"), at=alert)
    moussa.sees(NAME, at="/alerts/?purpose=criminal_investigation")
    assert NAME not in leila.go("/alerts/?purpose=criminal_investigation").inner_text("main")
    assert nodes.holds("NER-MADAMA", NAME)
    for trace in (NAME, "K0451187", uid):
        assert not nodes.holds("TUN", trace)

    # 3b. Suspend the agreement, and the next alert does not leave.
    page = salem.go("/agreements/")
    page.get_by_role("link", name="LBY-NER-2026-01").first.click()
    page.wait_for_url("**/agreements/*-*/**")
    agreement = page.url.removeprefix(salem.base)
    page.get_by_text("Suspend", exact=True).first.click()
    page.locator("form:has(input[value=suspend]) [name='body.reason']").fill("under review")
    page.locator("form:has(input[value=suspend]) button").last.click()
    page.wait_for_load_state()
    draft_alert(amal, NEXT_NAME, "M7730001", "1990-05-02")
    approve(amal, salem)
    next_alert = salem.page.url.removeprefix(salem.base)
    salem.sees(word("verdict", "suspended", "en"), at=next_alert)
    time.sleep(2)
    assert not nodes.holds("NER", NEXT_NAME)
    page = amal.go(agreement)
    page.get_by_text("End our suspension", exact=True).first.click()
    page.locator("form:has(input[value=resume]) [name='body.reason']").fill("reviewed")
    page.locator("form:has(input[value=resume]) button").last.click()
    page.wait_for_url("**/agreements/drafts/**")
    salem.go(page.url.removeprefix(amal.base)).get_by_role("button", name="Approve and sign").click()
    salem.page.wait_for_load_state()
    until(lambda: nodes.holds("NER", NEXT_NAME), "the alert that the suspension held back")

    # 4. At the post: an Arabic spelling finds the Latin one; the zone of a passport does; a person decides.
    page = zara.go("/screening/")
    page.locator("[name=name]").fill("سالم ولد خطار")
    page.locator("[name=birth_date]").fill("1984")
    page.locator("[name=nationality]").fill("LBY")
    page.get_by_role("button", name="Screen the name").click()
    page.wait_for_url("**/screening/*-*/**")
    assert NAME in page.inner_text("main")
    page = screen_zone(zara, zone)
    assert "Arrest the person under your law" in page.inner_text("main")
    boxes = page.locator("input[name=identifiers]")
    boxes.nth(0).check()
    page.get_by_role("button", name="Same person").click()
    page.wait_for_load_state()
    assert "Confirmed by you" not in page.inner_text("main")  # one identifier is not enough
    page.locator("input[name=identifiers]").nth(0).check()
    page.locator("input[name=identifiers]").nth(1).check()
    page.get_by_role("button", name="Same person").click()
    page.get_by_text("Confirmed by you").wait_for()
    record_crossing(page, stopped=True)

    # 5. The hit opens a case in Libya; the outcome goes back; both ledgers are proven, and no altered byte passes.
    amal.sees(NAME, at="/cases/?purpose=criminal_investigation")
    amal.page.locator("main table tbody a").first.click()
    amal.page.wait_for_url("**/cases/*-*/**")
    amal.sees("NER-MADAMA")
    amal.page.locator("input[name='body.outcome'][value=confirmed_identity_action_requested]").check()
    amal.page.get_by_role("button", name="Record and send").click()
    amal.page.wait_for_load_state()
    for code in ("NER", "NER-MADAMA"):
        until(lambda code=code: "case.outcome" in nodes.python(code, KINDS), f"the outcome at {code}")
    ledgers = {code: prove_ledger(nodes, code, tmp_path) for code in ("LBY", "NER", "NER-MADAMA")}
    for act in ("list_imported", "draft_submitted", "draft_approved", "message_sealed", "messages_acknowledged"):
        assert act in ledgers["LBY"], act
    for act in ("record_received", "record_issued"):
        assert act in ledgers["NER"], act
    assert "person_screened" in ledgers["NER-MADAMA"]

    # 6. Without its national node the post goes on; what it recorded arrives afterwards, once. The node ends in order,
    # though its post keeps a question open there: nobody has to kill it.
    began = time.monotonic()
    nodes["NER"].stop()
    assert time.monotonic() - began < GRACE / 2
    for _traveller in range(3):
        page = screen_zone(zara, PAPERS[4].zone(dt.datetime.now(dt.UTC).date()))
        record_crossing(page, stopped=False)
    assert NAME in screen_zone(zara, zone).inner_text("main")
    nodes["NER"].start()
    until(lambda: nodes.python("NER", CROSSINGS) == "4", "four crossings of the post at Niger", 90)
    time.sleep(2)
    assert nodes.python("NER", CROSSINGS) == "4"

    # 7. Libya withdraws: the post finds nobody any more, and Libya sees who acknowledged.
    page = amal.go(alert)
    page.get_by_text("Withdraw", exact=True).first.click()
    page.locator("form:has(input[value=withdraw]) [name=reason]").fill("arrested at home")
    page.locator("form:has(input[value=withdraw]) button").last.click()
    page.wait_for_load_state()
    until(lambda: uid not in nodes.python("NER-MADAMA", HELD), "the withdrawal at the post", 30)
    assert "No match in the list." in screen_zone(zara, zone).inner_text("main")
    for holder in ("NER", "NER-MADAMA"):
        amal.sees(holder, at=alert)
    until(lambda: amal.go(alert).locator("section:has(#withdrawal) tbody tr").count() == 2, "both acknowledgements")

    # 8. Niger reads a list, and its post holds the edition. The list changes while the post has no line: a pouch brings
    # what changed. Who was added is found, who was removed walks on, and the desk says of when its list is.
    nodes.python("NER", LIST.format(file=SAMPLE_LIST))
    first = nodes.python("NER", EDITION)
    until(lambda: nodes.python("NER-MADAMA", EDITION) == first, "the edition at the post")
    assert "JWi.001" in name_at(zara, "Youssef El Megaryef", "1984-06-17")
    nodes["NER-MADAMA"].stop()
    changed = tmp_path / "changed.xml"
    text = SAMPLE_LIST.read_text(encoding="utf-8")
    changed.write_text(text.replace("JWi.001", "JWi.901").replace("1984-06-17", "1961-01-30"), encoding="utf-8")
    nodes.python("NER", LIST.format(file=changed))
    second = nodes.python("NER", EDITION)
    pouch = tmp_path / "edition.pouch"
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)
    packed = ("pouch", "pack", "NER-MADAMA", str(pouch), "--user", "moussa", "--reason", "no line since yesterday")
    assert jiwar(nodes, "NER", *packed).returncode == 0
    nodes["NER"].stop()
    assert jiwar(nodes, "NER-MADAMA", "pouch", "open", str(pouch), "--user", "admin").returncode == 0
    assert nodes.python("NER-MADAMA", EDITION) == second != first
    nodes["NER-MADAMA"].start()
    wait_for([nodes["NER-MADAMA"]])
    assert "JWi.901" in name_at(zara, "Youssef El Megaryef", "1961-01-30")
    assert "JWi.001" not in name_at(zara, "Youssef El Megaryef", "1984-06-17")
    assert word("list_age", "fresh", "en") in zara.page.inner_text("main")


LIST = """
from pathlib import Path
from django.utils import timezone
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person, as_node
from jiwar.identity.queries import person
from jiwar.watchlist.editions import tend
from jiwar.watchlist.services import import_un_list
by = allow(actor_of_person(person("moussa"), "cli"), P.WATCHLIST_LIST_IMPORT, Purpose.SANCTIONS)
with Path("{file}").open("rb") as file:
    import_un_list(by, file, "list.xml")
tend(as_node(P.EXCHANGE_MESSAGE_PASS), timezone.now())
"""
EDITION = (
    "from jiwar.watchlist.models import Edition; "
    "print(max(Edition.objects.filter(state='held').values_list('sequence', flat=True), default=0))"
)
HELD = (
    "from jiwar.watchlist.models import Entry; print(*Entry.objects.filter(active=True).values_list('uid', flat=True))"
)
STORED = (
    "from jiwar.records.models import Record; "
    "print(Record.objects.get(uid='{uid}', kind='alert.person').stored_at.timestamp())"
)
KINDS = "from jiwar.records.models import Record; print(*Record.objects.values_list('kind', flat=True))"
CROSSINGS = (
    "from jiwar.records.models import Record; "
    "print(Record.objects.filter(kind='crossing').values('uid').distinct().count())"
)


def prove_ledger(nodes: Nodes, code: str, folder: Path) -> str:
    """Export a ledger, prove it, and see that one altered byte is not proven; the verifier's report."""
    card, file, altered = folder / f"{code}.card", folder / f"{code}.ledger", folder / f"{code}.altered"
    card.write_text(jiwar(nodes, code, "keys", "card").stdout)
    assert jiwar(nodes, code, "ledger", "export", str(file)).returncode == 0
    verify = [sys.executable, "-m", "jiwar", "ledger", "verify", "--card", str(card)]
    proven = subprocess.run([*verify, str(file)], capture_output=True, text=True, check=False, cwd=folder)
    assert proven.returncode == 0, proven.stderr
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    altered.write_bytes(data)
    refused = subprocess.run([*verify, str(altered)], capture_output=True, text=True, check=False, cwd=folder)
    assert refused.returncode == 1
    assert "NOT PROVEN" in refused.stderr
    return proven.stdout
