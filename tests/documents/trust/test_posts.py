"""Trust at a post: it follows its national node, says what it holds, and believes nobody else."""

import base64
import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Grant
from jiwar.access.services import SYSTEM
from jiwar.documents import trust, trust_queries, trust_store
from jiwar.documents.trust_kinds import HELD, OFFERED, TRUST
from jiwar.documents.trust_posts import keep_posts
from jiwar.exchange.queries import sent
from jiwar.identity.services import add_node, make_own_keys
from jiwar.records.arrivals import receive
from jiwar.records.models import Record
from jiwar.records.services import terms
from jiwar.wire.faults import Refused
from tests.documents.trust.authorities import START, Authority
from tests.documents.trust.conftest import Granting, Vouching
from tests.foreign import ForeignNode

NODE = Grant(SYSTEM, P.EXCHANGE_LINK_READ)


def added(*authorities: Authority, source: str = "list:DE", role: str = "anchor") -> dict[str, Any]:
    return {
        "source": source,
        "by_hand": False,
        "reason": "The list of November",
        "added": [
            {"fingerprint": each.fingerprint, "role": role, "der": base64.b64encode(each.der).decode()}
            for each in authorities
        ],
    }


def content(body: dict[str, Any]) -> dict[str, Any]:
    made = terms("border_check", "9303-12", 3640, body, tlp="GREEN")  # type: ignore[arg-type]
    return made | {
        "handling": made["handling"].model_dump(mode="json"),
        "grading": made["grading"].model_dump(mode="json"),
        "valid_until": made["valid_until"].isoformat(),
        "review_on": made["review_on"].isoformat(),
    }


@pytest.fixture
def post(db: None, settings: Any, tmp_path: Path) -> ForeignNode:
    """This node is the post of Madama; the national node of Niger is a genuine neighbour."""
    settings.NODE = dataclasses.replace(settings.NODE, code="NER-MADAMA", role="post")
    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    niger = ForeignNode("NER")
    add_node(niger.card())
    return niger


def test_a_post_takes_what_its_national_node_says_and_says_what_it_holds(post: ForeignNode) -> None:
    tunisia, chad = Authority.make("TN"), Authority.make("TD")
    receive(NODE, *post.statement(TRUST, content(added(tunisia, chad))), "NER")
    assert {each.certificate.country for each in trust_store.current().anchors} == {"TN", "TD"}
    keep_posts(NODE, timezone.now())
    keep_posts(NODE, timezone.now())
    [said] = Record.objects.filter(kind=HELD.name)
    assert (said.body["version"], said.body["certificates"]) == (trust_store.version(), 2)
    ended = {"fingerprint": chad.fingerprint, "role": "anchor"}
    gone = {"source": "list:DE", "by_hand": False, "reason": "Gone from the list", "ended": [ended]}
    receive(NODE, *post.statement(TRUST, content(gone)), "NER")
    assert [each.certificate.country for each in trust_store.current().anchors] == ["TN"]
    keep_posts(NODE, timezone.now())
    assert Record.objects.filter(kind=HELD.name).count() == 2


def test_an_empty_post_says_nothing(post: ForeignNode) -> None:
    keep_posts(NODE, timezone.now())
    assert not Record.objects.exists()


def test_the_same_change_twice_is_one(post: ForeignNode) -> None:
    tunisia = Authority.make("TN")
    for _ in range(2):
        receive(NODE, *post.statement(TRUST, content(added(tunisia))), "NER")
    assert len(trust_store.current().anchors) == 1


def test_another_state_cannot_say_whom_a_post_trusts(post: ForeignNode) -> None:
    libya = ForeignNode("LBY")
    add_node(libya.card())
    with pytest.raises(Refused, match="trust_of_other_state"):
        receive(NODE, *libya.statement(TRUST, content(added(Authority.make("TN")))), "NER")
    assert trust_store.current().anchors == ()


def test_a_pin_needs_two_at_a_post_too(post: ForeignNode) -> None:
    with pytest.raises(Refused, match="trust_by_hand_only"):
        receive(NODE, *post.statement(TRUST, content(added(Authority.make("DE"), role="publisher"))), "NER")


@pytest.mark.parametrize("wrong", ["fingerprint", "der", "absent"])
def test_what_cannot_be_is_refused_whole(post: ForeignNode, wrong: str) -> None:
    body = added(Authority.make("TN"), Authority.make("TD"))
    if wrong == "fingerprint":
        body["added"][1]["fingerprint"] = "0" * 64
    else:
        body["added"][1]["der"] = "" if wrong == "absent" else base64.b64encode(b"\x30\x03\x02\x01\x01").decode()
    with pytest.raises(Refused, match="trust_"):
        receive(NODE, *post.statement(TRUST, content(body)), "NER")
    assert trust_store.current().anchors == ()


def test_a_broken_list_of_revocations_is_refused(post: ForeignNode) -> None:
    niger = Authority.make("NE")
    crl = base64.b64encode(niger.crl(START)[:-3]).decode()
    body = {"source": "pkd", "by_hand": False, "reason": "x", "crls": [crl]}
    with pytest.raises(Refused, match="trust_file_unreadable"):
        receive(NODE, *post.statement(TRUST, content(body)), "NER")


def test_a_person_at_a_post_changes_nothing(post: ForeignNode, grant: Granting) -> None:
    with pytest.raises(Refused, match="not_the_national_node"):
        trust.draft_certificate(grant(P.DOCUMENTS_TRUST_IMPORT), Authority.make("TN").der)


# --- the national node ------------------------------------------------------------------------------------------------


def test_a_post_that_came_later_gets_all_that_holds_once(vouch: Vouching) -> None:
    first = vouch(Authority.make("NE").der)
    post = ForeignNode("LBY-TUMMO", "post")
    add_node(post.card())
    second = vouch(Authority.make("TN").der)
    assert [row.record_id for row in sent("LBY-TUMMO")] == [second.pk]
    for _ in range(2):
        keep_posts(NODE, timezone.now())
    assert {row.record_id for row in sent("LBY-TUMMO")} == {first.pk, second.pk}


def test_the_national_node_sees_which_post_is_behind(vouch: Vouching) -> None:
    post = ForeignNode("LBY-TUMMO", "post")
    add_node(post.card())
    vouch(Authority.make("NE").der)
    assert [each.code for each in trust_queries.posts(trust_store.version())] == ["unheard"]
    for version, code in (("0" * 64, "behind"), (trust_store.version(), "same")):
        made = terms("border_check", "trust", 360, {"version": version, "certificates": 1, "crls": 0})  # type: ignore[arg-type]
        receive(
            NODE,
            *post.statement(
                HELD,
                content(made["body"])
                | {
                    "valid_until": (timezone.now() + dt.timedelta(days=300)).isoformat(),
                    "review_on": (timezone.now() + dt.timedelta(days=300)).date().isoformat(),
                },
            ),
            "LBY-TUMMO",
        )
        assert [each.code for each in trust_queries.posts(trust_store.version())] == [code]


def test_what_a_neighbour_shows_is_offered_and_trusts_nobody(vouch: Vouching) -> None:
    niger = ForeignNode("NER")
    add_node(niger.card())
    shown, stolen = Authority.make("NE"), Authority.make("TN")
    body = {"der": base64.b64encode(shown.der).decode(), "fingerprint": shown.fingerprint, "note": "our first"}
    receive(NODE, *niger.statement(OFFERED, content(body)), "NER")
    assert trust_store.current().anchors == ()
    [offer] = trust_queries.offers()
    assert (offer.state, offer.fingerprint, offer.withdrawn) == ("NER", shown.fingerprint, False)
    other = {"der": base64.b64encode(stolen.der).decode(), "fingerprint": stolen.fingerprint}
    with pytest.raises(Refused, match="trust_of_other_state"):
        receive(NODE, *niger.statement(OFFERED, content(other)), "NER")
    vouch(shown.der)
    assert trust_queries.offers() == []
