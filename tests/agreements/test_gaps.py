"""The gap matrix on its page and at the API: what pairs of states have not agreed on (measure T4)."""

import re
from typing import Any

from django.test import Client
from django.utils import timezone

from jiwar.agreements import gaps, services
from jiwar.agreements.kinds import AGREEMENT
from jiwar.records.models import Record
from jiwar.records.words import word
from tests.agreements.conftest import SUSPEND, say, take, text
from tests.foreign import ForeignNode


def row(page: Any, pair: str) -> str:
    [found] = [each for each in page.content.decode().split("<tr>") if f">{pair}<" in each]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def test_kinds_that_stay_within_a_state_are_no_matter_of_agreements() -> None:
    kinds = gaps.passing_kinds()
    assert {"alert.hit", "alert.person", "case.outcome", "letter", "match.request"} <= set(kinds)
    assert {"crossing", "listing.person", "alert.withholding", "agreement", "letter.progress"}.isdisjoint(kinds)


def test_all_45_pairs_of_the_plan_stand_in_it(in_force: Record) -> None:
    found = gaps.matrix(timezone.now())
    assert len(found) == 45
    assert [pair.states for pair in found if pair.agreements] == [("LBY", "NER")]
    [ours] = [pair for pair in gaps.matrix(timezone.now(), "LBY") if pair.agreements]
    assert len(gaps.matrix(timezone.now(), "LBY")) == 9
    assert (ours.states, ours.open) == (("LBY", "NER"), False)  # faces and fingers are compared nowhere
    assert {family.name: family.state for family in gaps.families(ours.matters)} == {
        "alert.*": "open",
        "case.*": "open",
        "document.*": "open",
        "holder.*": "not_open",
        "inquiry": "open",
        "letter": "open",
        "match.*": "open",
        "sighting": "open",
    }


def test_few_questions_reach_the_database(in_force: Record, django_assert_max_num_queries: Any) -> None:
    gaps.matrix(timezone.now())
    with django_assert_max_num_queries(2):
        gaps.matrix(timezone.now())


def test_the_page_says_what_is_open_and_why_the_rest_is_not(
    in_force: Record, grant: Any, at_the_desk: Client, niger: ForeignNode
) -> None:
    here = "/agreements/gaps/"
    page = at_the_desk.get(here)
    assert row(page, "LBY – NER").count("not open") == 1
    assert "LBY-NER-2026-01" in row(page, "LBY – NER")
    assert row(page, "DZA – LBY").count("not open") == 1
    assert "No agreement at all 8" in " ".join(text(page).split())  # at first, of this state alone
    assert "No agreement at all 44" in " ".join(text(at_the_desk.get(here, {"state": ""})).split())
    assert "what is not agreed" in text(at_the_desk.get("/agreements/")).lower()
    services.suspend(grant(SUSPEND), in_force.uid, "a crisis", ["art-3-1"])
    said = row(at_the_desk.get(here), "LBY – NER")
    assert "partly open" in said
    assert "LBY → NER" in said
    assert "( LBY )" in said
    alone = at_the_desk.get(here, {"state": "NER"}).content.decode()
    assert (alone.count("<tr>"), "DZA – LBY" in alone) == (10, False)
    gaps_alone = at_the_desk.get(here, {"show": "gaps", "state": "nowhere"}).content.decode()
    assert gaps_alone.count("<tr>") == 46


def test_an_agreement_of_others_that_is_held_counts(niger: ForeignNode, at_the_desk: Client, body: dict) -> None:
    take(say(niger, AGREEMENT, body))
    said = row(at_the_desk.get("/agreements/gaps/"), "LBY – NER")
    assert said.count("not open") == 8
    assert said.count(word("verdict", "not_signed", "en")) == 7


def test_it_needs_the_permission_to_read_agreements(own_keys: None, client: Client) -> None:
    assert client.get("/agreements/gaps/").status_code in {302, 403}
