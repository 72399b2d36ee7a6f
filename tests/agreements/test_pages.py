"""The console's pages of agreements, by forms alone, in three languages."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.agreements import services
from jiwar.agreements.kinds import ACCESSION, AGREEMENT, SUSPENSION
from jiwar.agreements.queries import may_send
from jiwar.identity.models import Agency, Person
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person
from jiwar.records.models import Draft, Record
from tests.agreements.conftest import DRAFT, SUSPEND, SignIn, say, take, text
from tests.foreign import ForeignNode


def typed(body: dict[str, Any]) -> dict[str, Any]:
    """A body as the form's fields."""
    fields: dict[str, Any] = {
        f"body.{name}": body[name] or "" for name in ("reference", "starts", "ends", "legal_basis")
    }
    fields["body.parties"] = body["parties"]
    fields |= {f"body.title.{code}": text for code, text in body["title"].items()}
    for i, clause in enumerate(body["clauses"]):
        at = f"body.clauses.{i}"
        fields |= {f"{at}.{n}": clause[n] for n in ("id", "kinds", "purposes", "from_states", "to_states", "onward")}
        fields |= {f"{at}.text.{code}": text for code, text in clause["text"].items()}
    return fields


def flat(response: Any) -> str:
    """A page without the space between its elements."""
    return re.sub(r">\s+<", "><", response.content.decode())


def sent(kind: str = "alert.person") -> str:
    return may_send(kind, "border_check", "NER", timezone.now()).code


def test_from_the_form_to_an_issued_agreement(
    own_keys: None, at_the_desk: Client, second: Client, body: dict[str, Any]
) -> None:
    answer = at_the_desk.post("/agreements/new/", typed(body) | {"act": "submit"})
    draft = Draft.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/agreements/drafts/{draft.pk}/")
    assert draft.content["body"] == AGREEMENT.content.model_validate(draft.content).body.model_dump(mode="json")
    assert "A second person must approve it." in text(at_the_desk.get(answer.url))
    page = second.get(answer.url)
    assert "Approve and sign" in text(page)
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page.content.decode())
    assert seen
    answer = second.post(answer.url, {"act": "approve", "seen": seen[1]})
    record = Record.objects.get(kind="agreement")
    assert (answer.status_code, answer.url) == (302, f"/agreements/{record.uid}/")
    assert record.body == draft.content["body"]
    shown = text(second.get(answer.url))
    assert "waiting for signatures" in shown
    assert record.hash in shown


def test_an_approval_of_another_text_is_refused_on_the_page(
    own_keys: None, grant: Callable[[Permission], Grant], second: Client, body: dict[str, Any]
) -> None:
    draft = services.submit(grant(DRAFT), services.draft_agreement(grant(DRAFT), body))
    answer = second.post(f"/agreements/drafts/{draft.pk}/", {"act": "approve", "seen": "0" * 64})
    assert answer.status_code == 422
    assert "The content changed after the approval" in text(answer)
    assert not Record.objects.exists()


def test_a_wrong_form_comes_back_with_what_was_typed_and_each_field_named(
    own_keys: None, at_the_desk: Client, body: dict[str, Any]
) -> None:
    wrong = typed(body) | {"body.reference": "wrong!", "body.clauses.1.text.fr": "", "act": "submit"}
    answer = at_the_desk.post("/agreements/new/", wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'href="#f-body-reference"' in page
    assert 'href="#f-body-clauses-1-text-fr"' in page
    assert 'value="wrong!"' in page
    assert "Clause 2: Text (French)" in text(answer)


@pytest.mark.parametrize("act", [{}, {"act": "submit"}, {"act": "else"}])
def test_an_empty_form_is_refused_and_leaves_no_draft(own_keys: None, at_the_desk: Client, act: dict[str, str]) -> None:
    answer = at_the_desk.post("/agreements/new/", act)
    assert answer.status_code == 422
    assert ('href="#f-body-reference"' in answer.content.decode()) == (act == {"act": "submit"})
    assert not Draft.objects.exists()


def test_a_last_day_that_is_past_is_named_as_such(own_keys: None, at_the_desk: Client, body: dict[str, Any]) -> None:
    past = timezone.now().date() - dt.timedelta(days=3)
    wrong = typed(body) | {"body.starts": str(past), "body.ends": str(past), "act": "submit"}
    answer = at_the_desk.post("/agreements/new/", wrong)
    assert answer.status_code == 422
    assert 'href="#f-body-ends"' in answer.content.decode()


def test_one_more_clause_without_a_script_and_the_empty_one_left_out(
    own_keys: None, at_the_desk: Client, body: dict[str, Any]
) -> None:
    answer = at_the_desk.post("/agreements/new/", typed(body) | {"act": "add_clause"})
    page = answer.content.decode()
    count = len(body["clauses"])
    assert f'name="body.clauses.{count}.id"' in page
    assert body["clauses"][1]["text"]["fr"] in unescape(page)
    assert not Draft.objects.exists()
    blank = {f"body.clauses.{count}.text.{code}": "" for code in ("ar", "fr", "en")}
    blank |= {f"body.clauses.{count}.onward": "no"}
    at_the_desk.post("/agreements/new/", typed(body) | blank | {"act": "submit"})
    assert len(Draft.objects.get().content["body"]["clauses"]) == count


def test_kept_changed_returned_discarded(own_keys: None, at_the_desk: Client, second: Client, body: dict) -> None:
    at_the_desk.post("/agreements/new/", {"body.reference": "LBY-NER-2026-07", "act": "keep"})
    draft = Draft.objects.get()
    here = f"/agreements/drafts/{draft.pk}/"
    assert "LBY-NER-2026-07" in text(at_the_desk.get(here))
    assert 'value="LBY-NER-2026-07"' in at_the_desk.get(here + "edit/").content.decode()
    assert second.get(here + "edit/").status_code == 403
    assert at_the_desk.post(here + "edit/", typed(body) | {"act": "submit"}).status_code == 302
    assert second.post(here, {"act": "return", "reasons": ""}).status_code == 422
    second.post(here, {"act": "return", "reasons": "Article 4 goes too far"})
    page = text(at_the_desk.get(here))
    assert "Article 4 goes too far" in page
    assert at_the_desk.post(here, {"act": "submit"}).status_code == 302
    assert at_the_desk.post(here, {"act": "discard"}).status_code == 302
    assert at_the_desk.get(here).status_code == 404


def test_cosigning_by_two_people(niger: ForeignNode, at_the_desk: Client, second: Client, body: dict) -> None:
    theirs = take(say(niger, AGREEMENT, body))
    here = f"/agreements/{theirs.uid}/"
    assert "Sign for our state" in text(at_the_desk.get(here))
    assert "Sign for our state" not in text(second.get(here))
    answer = at_the_desk.post(here, {"act": "cosign"})
    draft = Draft.objects.get()
    assert answer.url == f"/agreements/drafts/{draft.pk}/"
    page = second.get(answer.url)
    assert body["clauses"][0]["text"]["en"] in text(page)
    second.post(answer.url, {"act": "approve", "seen": draft.content_hash})
    assert sent() == "open"


def test_suspending_and_resuming_with_a_reason(in_force: Record, at_the_desk: Client, second: Client) -> None:
    here = f"/agreements/{in_force.uid}/"
    assert second.post(here, {"act": "suspend", "body.reason": " "}).status_code == 422
    assert at_the_desk.post(here, {"act": "suspend", "body.reason": "no right to"}).status_code == 403
    assert sent() == "open"
    assert second.post(here, {"act": "suspend", "body.reason": "inquiry", "clauses": ["art-3-1"]}).status_code == 302
    assert (sent(), sent("alert.hit")) == ("suspended", "open")
    page = second.get(here)
    assert "partly suspended" in text(page)
    assert "End our suspension" not in text(page)
    page = at_the_desk.get(here)
    suspension = re.search(r'value="resume"><input type="hidden" name="target" value="([0-9a-f-]{36})"', flat(page))
    assert suspension
    assert at_the_desk.post(here, {"act": "resume", "target": "x", "body.reason": "over"}).status_code == 422
    answer = at_the_desk.post(here, {"act": "resume", "target": suspension[1], "body.reason": "inquiry closed"})
    assert sent() == "suspended"
    assert "By this, what our state closed opens again at once." in text(second.get(answer.url))
    second.post(answer.url, {"act": "approve", "seen": Draft.objects.get(state="submitted").content_hash})
    assert sent() == "open"
    assert "inquiry closed" in text(second.get(here))


def test_their_suspension_is_not_ours_to_end(
    in_force: Record, niger: ForeignNode, at_the_desk: Client, second: Client
) -> None:
    theirs = take(say(niger, SUSPENSION, {"target": str(in_force.uid), "clauses": [], "reason": "court order"}))
    here = f"/agreements/{in_force.uid}/"
    assert "End our suspension" not in text(second.get(here))
    answer = at_the_desk.post(here, {"act": "resume", "target": str(theirs.uid), "body.reason": "please"})
    assert answer.status_code == 422
    assert sent() == "suspended"


def test_withdrawing(in_force: Record, second: Client) -> None:
    second.post(f"/agreements/{in_force.uid}/", {"act": "withdraw", "body.reason": "denounced"})
    assert sent() == "expired"
    page = text(second.get(f"/agreements/{in_force.uid}/"))
    assert "denounced" in page
    assert "End our suspension" not in page


def test_why(in_force: Record, at_the_desk: Client, second: Client, grant: Callable[[Permission], Grant]) -> None:
    ask = {"kind": "alert.person", "for": "border_check", "state": "NER"}
    page = text(at_the_desk.get("/agreements/why/", ask))
    assert "We may send it" in page
    assert "art-3-1" in page
    services.suspend(grant(SUSPEND), in_force.uid, "inquiry")
    page = text(at_the_desk.get("/agreements/why/", ask))
    assert "We may not send it" in page
    assert "One of the two states has suspended this clause." in page
    assert "Libya could end the suspension." in page
    assert f"LBY-NER-2026-01/art-3-1/suspended/{Record.objects.get(kind='agreement.suspension').uid}" in page
    assert "No agreement binds" in text(at_the_desk.get("/agreements/why/", ask | {"state": "TUN"}))
    assert at_the_desk.get("/agreements/why/", {"kind": "alert.person"}).status_code == 200
    assert at_the_desk.get("/agreements/why/", ask | {"record": "x"}).status_code == 422
    assert at_the_desk.get("/agreements/why/", ask | {"record": str(in_force.uid)}).status_code == 422
    assert at_the_desk.get("/agreements/why/", ask | {"depth_km": "-3"}).status_code == 422
    assert at_the_desk.get("/agreements/why/", ask | {"depth_km": "3.5"}).status_code == 200


def test_who_may_not_read_sees_nothing(in_force: Record, sign_in: SignIn, agency: Agency) -> None:
    guard = add_person("moussa", "Moussa Guard", "a long test secret 3", agency=agency, roles=[Role.FIELD_OFFICER])
    client = sign_in(guard)
    for address in ("/agreements/", f"/agreements/{in_force.uid}/", "/agreements/why/", "/agreements/new/"):
        assert client.get(address).status_code == 403
    assert Client().get("/agreements/").status_code == 302


def test_what_does_not_exist_is_not_found(own_keys: None, at_the_desk: Client, second: Client) -> None:
    assert at_the_desk.get(f"/agreements/{uuid4()}/").status_code == 404
    assert at_the_desk.get(f"/agreements/drafts/{uuid4()}/").status_code == 404
    assert second.post(f"/agreements/{uuid4()}/", {"act": "suspend"}).status_code == 404


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_every_page_in_every_language(
    in_force: Record, body: dict, sign_in: Any, officer: Person, grant: Callable[[Permission], Grant], language: str
) -> None:
    client = sign_in(officer, language)
    draft = services.draft_agreement(grant(DRAFT), {**body, "reference": "LBY-NER-2026-02"})
    services.suspend(grant(SUSPEND), in_force.uid, "تحقيق جارٍ")
    here = f"/agreements/{in_force.uid}/"
    page = client.get(here).content.decode()
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert in_force.body["clauses"][0]["text"][language] in unescape(page)
    for address in ("/agreements/", "/agreements/new/", "/agreements/why/", "/", f"/agreements/drafts/{draft.pk}/"):
        assert client.get(address).status_code == 200


def target(page: Any, act: str) -> str:
    """What an act of a page is about."""
    found = re.search(rf'value="{act}"><input type="hidden" name="target" value="([0-9a-f-]{{36}})"', flat(page))
    assert found, act
    return found[1]


def test_signing_with_a_reservation_and_taking_it_back(
    niger: ForeignNode, at_the_desk: Client, second: Client, body: dict
) -> None:
    theirs = take(say(niger, AGREEMENT, body))
    here = f"/agreements/{theirs.uid}/"
    asked = {"act": "cosign", "clauses": ["art-3-1"], "body.reason": ""}
    answer = at_the_desk.post(here, asked)
    assert answer.status_code == 422
    assert "Reason" in text(answer)
    draft = at_the_desk.post(here, asked | {"body.reason": "no law for it yet"}).url
    assert "no law for it yet" in text(second.get(draft))
    second.post(draft, {"act": "approve", "seen": Draft.objects.get(state="submitted").content_hash})
    assert (sent(), sent("alert.hit")) == ("reserved", "open")
    page = at_the_desk.get(here)
    assert "reserved by LBY" in text(page)
    again = {"act": "take_back", "target": target(page, "take_back"), "body.reason": "the law is there"}
    draft = at_the_desk.post(here, again).url
    assert "By this, what our state closed opens again at once." in text(second.get(draft))
    second.post(draft, {"act": "approve", "seen": Draft.objects.get(state="submitted").content_hash})
    assert sent() == "open"
    assert "taken back" in text(at_the_desk.get(here))


def test_an_accession_is_agreed_to_and_the_agreement_left(
    in_force: Record, at_the_desk: Client, second: Client, niger: ForeignNode
) -> None:
    chad = ForeignNode("TCD")
    add_node(chad.card())
    here = f"/agreements/{in_force.uid}/"
    assert second.post(here, {"act": "offer", "state": "NER"}).status_code == 422
    assert second.post(here, {"act": "offer", "state": "TCD"}).status_code == 302
    joins = {"target": str(in_force.uid), "hash": in_force.hash, "party": "TCD"}
    take(say(chad, ACCESSION, joins), "TCD")
    page = at_the_desk.get(here)
    assert "waits for LBY, NER" in text(page)
    assert "an accession waits for our state’s word" in text(at_the_desk.get("/agreements/"))
    draft = at_the_desk.post(here, {"act": "agree", "target": target(page, "agree")}).url
    assert "This signature lets TCD join exactly the text below." in text(second.get(draft))
    second.post(draft, {"act": "approve", "seen": Draft.objects.get(state="submitted").content_hash})
    assert "waits for NER" in text(at_the_desk.get(here))
    assert second.post(here, {"act": "denounce", "body.reason": ""}).status_code == 422
    assert at_the_desk.post(here, {"act": "denounce", "body.reason": "no right to"}).status_code == 403
    assert second.post(here, {"act": "denounce", "body.reason": "parliament refused it"}).status_code == 302
    page = text(second.get(here))
    assert "denounced" in page
    assert "parliament refused it" in page
    assert "Suspend" not in page.replace("Suspensions", "")


def test_acceding_for_our_state(niger: ForeignNode, at_the_desk: Client, second: Client, body: dict) -> None:
    clauses = [{**clause, "from_states": ["*"], "to_states": ["*"]} for clause in body["clauses"]]
    text_ = {**body, "parties": ["NER", "TCD"], "open_to": ["LBY"], "clauses": clauses}
    theirs = take(say(niger, AGREEMENT, text_))
    here = f"/agreements/{theirs.uid}/"
    draft = at_the_desk.post(here, {"act": "accede"}).url
    assert "By this our state joins exactly the text below." in text(second.get(draft))
    second.post(draft, {"act": "approve", "seen": Draft.objects.get().content_hash})
    page = text(second.get(here))
    assert "every party ↔ every party" in page
    assert "Accede for our state" not in page


def test_leaving_and_acceding_anew(niger: ForeignNode, at_the_desk: Client, second: Client, body: dict) -> None:
    clauses = [{**clause, "from_states": ["*"], "to_states": ["*"]} for clause in body["clauses"]]
    text_ = {**body, "parties": ["NER", "TCD"], "open_to": ["LBY"], "clauses": clauses}
    here = f"/agreements/{take(say(niger, AGREEMENT, text_)).uid}/"
    for button in ("Accede for our state", "Accede anew for our state"):
        page = text(at_the_desk.get(here))
        assert button in page
        assert ("What it reserved or suspended before stands" in page) == ("anew" in button)
        draft = at_the_desk.post(here, {"act": "accede"}).url
        second.post(draft, {"act": "approve", "seen": Draft.objects.get(state="submitted").content_hash})
        assert "in effect" in text(second.get(here))
        second.post(here, {"act": "denounce", "body.reason": "parliament refused it"})
        assert "has left" in text(second.get(here))


def test_the_form_takes_all_the_data_of_a_clause(own_keys: None, at_the_desk: Client, body: dict) -> None:
    limits = {"depth_km": "20", "retention_days": "90", "answer_within_hours": "8"}
    fields = {f"body.clauses.0.{name}": value for name, value in limits.items()}
    fields |= {"body.clauses.0.from_states": ["*"], "body.open_to": ["TUN"]}
    assert at_the_desk.post("/agreements/new/", typed(body) | fields | {"act": "submit"}).status_code == 302
    kept = Draft.objects.get().content["body"]
    assert {name: str(kept["clauses"][0][name]) for name in limits} == limits
    assert (kept["clauses"][0]["from_states"], kept["open_to"]) == (["*"], ["TUN"])
    answer = at_the_desk.post("/agreements/new/", typed(body) | {"body.clauses.0.depth_km": "٢٠", "act": "submit"})
    assert answer.status_code == 422
    assert 'href="#f-body-clauses-0-depth_km"' in answer.content.decode()
    looked = at_the_desk.post("/agreements/new/", typed(body) | fields | {"act": "look"})
    assert "The recipient answers within 8 hours." in text(looked)
