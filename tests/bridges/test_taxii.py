"""The TAXII 2.1 server as programs meet it: media types, filters, pages, errors, who is given what, what is written."""

import base64
import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import stix2
import time_machine
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant
from jiwar.agreements.services import suspend
from jiwar.audit.models import Leaf
from jiwar.bridges.holdings import records_of
from jiwar.bridges.logic import stix
from jiwar.bridges.logic.taxii import stamp
from jiwar.bridges.models import Shown
from jiwar.identity.models import Agency
from jiwar.records.kinds import newest
from jiwar.records.models import Record
from jiwar.records.services import issue, read_content
from jiwar.records.statement import Approval, content_hash
from jiwar.records.store import retire
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.kinds import SubjectFacts
from tests.bridges.conftest import MEDIA_TYPE, Secret, client
from tests.foreign import ForeignNode
from tests.requests.conftest import agree, letter_content
from tests.watchlist.alerts.conftest import NODE, alert_content, submitted, take

pytestmark = pytest.mark.django_db
Ours = Callable[..., Client]
ROOT = "/taxii2/jiwar/"


def collection(state: str, kind: str) -> str:
    return f"{ROOT}collections/{records_of(state, kind).id}/"


ALERTS = "alert.person"


def shareable(tlp: str = "AMBER", **body: Any) -> dict[str, Any]:
    """An alert whose issuer allowed onward transfer."""
    return alert_content(**body) | {"handling": {"tlp": tlp, "restrictions": [], "onward": "yes"}}


def records_in(answer: Any) -> list[dict[str, Any]]:
    """The objects of an answer that are records, without what all of a collection share."""
    assert answer.status_code == 200, answer.content
    return [one for one in answer.json().get("objects", []) if stix.EXTENSION in one.get("extensions", {})]


def revoked_in(answer: Any) -> list[str]:
    return [one["id"] for one in answer.json().get("objects", []) if one.get("revoked")]


# --- the protocol -----------------------------------------------------------------------------------------------------


def test_discovery_leads_to_the_collections(ours: Ours, issued: Callable[..., Record]) -> None:
    issued()
    program = ours(P.WATCHLIST_ALERT_READ)
    found = program.get("/taxii2/")
    assert (found.status_code, found["Content-Type"]) == (200, MEDIA_TYPE)
    (root,) = found.json()["api_roots"]
    assert root.endswith(ROOT)
    told = program.get(ROOT).json()
    assert (told["versions"], told["max_content_length"]) == ([MEDIA_TYPE], 10_000_000)
    (one,) = program.get(f"{ROOT}collections/").json()["collections"]
    assert (one["alias"], one["can_read"], one["can_write"]) == ("LBY.alert.person", True, False)
    assert program.get(f"{ROOT}collections/{one['id']}/").json() == one


def test_an_alert_is_given_as_stix_that_carries_the_record(ours: Ours, issued: Callable[..., Record]) -> None:
    record = issued()
    answer = ours(P.WATCHLIST_ALERT_READ).get(collection("LBY", ALERTS) + "objects/")
    (alert,) = records_in(answer)
    assert alert["id"] == stix.stix_id(ALERTS, str(record.uid))
    carried = alert["extensions"][stix.EXTENSION]
    assert (carried["statement"], carried["signature"]) == (record.statement, record.signature)
    for one in answer.json()["objects"]:
        stix2.parse(one, allow_custom=False)
    assert answer["X-TAXII-Date-Added-First"] == "2012-03-12T00:00:00.000000Z"
    assert answer["X-TAXII-Date-Added-Last"] > "2026"
    assert "more" not in answer.json()


def test_each_page_of_objects_is_a_leaf(ours: Ours, issued: Callable[..., Record]) -> None:
    issued()
    ours(P.WATCHLIST_ALERT_READ).get(collection("LBY", ALERTS) + "objects/")
    leaf = Leaf.objects.get(act="objects_served")
    assert (leaf.subject, leaf.purpose) == ("LBY.alert.person", "criminal_investigation")
    assert leaf.actor.startswith("token:")
    assert "Salem" not in leaf.content
    assert json.loads(leaf.content)["detail"]["count"] == 1


@pytest.mark.parametrize("accept", ["application/taxii+json;version=2.1", "application/taxii+json; version=2.1"])
def test_our_media_type_is_accepted(ours: Ours, accept: str) -> None:
    assert ours().get("/taxii2/", headers={"Accept": accept}).status_code == 200


@pytest.mark.parametrize("accept", ["application/json", "application/taxii+json;version=2.0", "text/html", "x"])
def test_another_media_type_is_406(ours: Ours, accept: str) -> None:
    answer = ours().get("/taxii2/", headers={"Accept": accept})
    assert (answer.status_code, answer["Content-Type"]) == (406, MEDIA_TYPE)
    assert answer.json()["http_status"] == "406"


def test_a_token_is_the_password_of_basic_too(agency: Agency, confirm: Any, secret: Secret) -> None:
    confirm(agency)
    told = base64.b64encode(f"any:{secret(agency, P.BRIDGES_COLLECTION_READ)}".encode()).decode()
    headers = {"Authorization": f"Basic {told}", "Accept": MEDIA_TYPE}
    assert Client(headers=headers).get("/taxii2/").status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer jiwar_x", "Basic !!", "Basic eDp5", "Token x", "Bearer"])
def test_without_a_good_token_nothing_is_told(db: None, authorization: str) -> None:
    answer = Client(headers={"Authorization": authorization, "Accept": MEDIA_TYPE}).get("/taxii2/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer, Basic realm="taxii"'
    assert answer.json()["title"] == "You are not signed in."
    assert Leaf.objects.filter(act="access_refused").count() == 1


def test_who_guesses_tokens_is_slowed_down(db: None) -> None:
    program = Client(headers={"Accept": MEDIA_TYPE})
    assert {program.get("/taxii2/").status_code for _ in range(20)} == {401}
    answer = program.get("/taxii2/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1.5",
        "added_after=yesterday",
        "added_after=2026-11-03",
        "added_after=2026-13-03T00:00:00Z",
        "next=zzz",
        "next=%00",
        "match[id]=x",
        "match[type]=Identity%20",
        "match[version]=all,last",
        "match[version]=newest",
        "match[spec_version]=3.0",
        "match[id]=" + ",".join([f"identity--{'0' * 8}-0000-4000-8000-{'0' * 12}"] * 101),
    ],
)
def test_a_parameter_that_is_not_understood_is_400(ours: Ours, query: str) -> None:
    answer = ours(P.WATCHLIST_ALERT_READ).get(f"{collection('LBY', ALERTS)}objects/?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, MEDIA_TYPE)
    assert answer.json()["details"]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("delete", "objects/identity--5d0092c5-5f74-4287-9642-33f4c354e56d/", 405),
        ("put", "objects/", 405),
        ("post", "manifest/", 405),
        ("get", "objects/identity--5d0092c5-5f74-4287-9642-33f4c354e56d/", 404),
        ("get", "objects/identity--5d0092c5-5f74-4287-9642-33f4c354e56d/versions/", 404),
        ("get", "elsewhere/", 404),
        ("post", "objects/", 403),
    ],
)
def test_errors_are_told_as_the_standard_says(ours: Ours, method: str, path: str, status: int) -> None:
    answer = getattr(ours(P.WATCHLIST_ALERT_READ), method)(collection("LBY", ALERTS) + path)
    assert (answer.status_code, answer["Content-Type"]) == (status, MEDIA_TYPE)
    assert answer.json()["http_status"] == str(status)


def test_filters_narrow_what_is_given(ours: Ours, issued: Callable[..., Record]) -> None:
    first, second = issued(), issued()
    program = ours(P.WATCHLIST_ALERT_READ)
    address = collection("LBY", ALERTS) + "objects/"
    ids = [stix.stix_id(ALERTS, str(record.uid)) for record in (first, second)]

    def given(**query: str) -> list[str]:
        answer = program.get(address, query)
        assert answer.status_code == 200
        return [one["id"] for one in answer.json().get("objects", [])]

    assert given(**{"match[id]": ids[1]}) == [ids[1]]
    assert set(given(**{"match[id]": ",".join(ids)})) == set(ids)
    assert len(given(**{"match[type]": "marking-definition"})) == 5
    assert given(**{"match[type]": "sighting"}) == []
    assert given(**{"match[spec_version]": "2.0"}) == []
    assert len(given(**{"match[spec_version]": "2.0,2.1"})) == 10
    version = stix.at(second.issued_at)
    assert given(**{"match[version]": version}) == [ids[1]]
    assert set(ids) <= set(given(**{"match[version]": "first"}))
    assert set(ids) <= set(given(**{"match[version]": "all"}))


def test_one_object_and_its_versions(ours: Ours, issued: Callable[..., Record]) -> None:
    record = issued()
    program, one = ours(P.WATCHLIST_ALERT_READ), stix.stix_id(ALERTS, str(record.uid))
    address = f"{collection('LBY', ALERTS)}objects/{one}/"
    assert [thing["id"] for thing in program.get(address).json()["objects"]] == [one]
    assert program.get(address, {"match[version]": "2020-01-01T00:00:00Z"}).json() == {}
    assert program.get(address + "versions/").json() == {"versions": [stamp(record.issued_at)]}
    manifest = program.get(collection("LBY", ALERTS) + "manifest/", {"match[id]": one}).json()["objects"]
    assert [(row["id"], row["media_type"]) for row in manifest] == [(one, "application/stix+json;version=2.1")]


# --- pages ------------------------------------------------------------------------------------------------------------


def pages(program: Client, address: str, **query: Any) -> list[list[str]]:
    """Identifiers of every page to the end."""
    found = []
    while True:
        answer = program.get(address, query)
        assert answer.status_code == 200
        found.append([one["id"] for one in answer.json().get("objects", [])])
        if not answer.json().get("more"):
            return found
        query["next"] = answer.json()["next"]


def test_pages_have_the_limit_and_everything_once(ours: Ours, issued: Callable[..., Record]) -> None:
    for _ in range(5):
        issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    (whole,) = pages(program, address)
    assert len(whole) == len(set(whole)) == 13
    for limit in (1, 2, 5, 12, 13, 14, 10**8):
        found = pages(program, address, limit=limit)
        assert [one for page in found for one in page] == whole
        assert {len(page) for page in found[:-1]} <= {limit}
    only = pages(program, address, limit=2, **{"match[type]": "identity"})
    assert [one for page in only for one in page] == [one for one in whole if one.startswith("identity--")]
    assert [len(page) for page in only] == [2, 2, 2, 1]


def test_a_page_is_stable_while_rows_are_added(ours: Ours, issued: Callable[..., Record]) -> None:
    issued(), issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    first = program.get(address, {"limit": 9})
    late = issued()
    rest = pages(program, address, limit=9, next=first.json()["next"])
    # What became visible in between is not in this listing; the next poll has it, and nothing twice.
    seen = [one["id"] for one in first.json()["objects"]] + [one for page in rest for one in page]
    assert len(seen) == len(set(seen)) == 10
    last = program.get(address).headers["X-TAXII-Date-Added-Last"]
    polled = pages(program, address, added_after=Shown.objects.order_by("added_at")[1].added_at.isoformat()[:-6] + "Z")
    assert polled == [[stix.stix_id(ALERTS, str(late.uid))]]
    assert pages(program, address, added_after=last) == [[]]


def test_a_place_never_goes_back_with_the_clock(ours: Ours, issued: Callable[..., Record]) -> None:
    issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    before = program.get(address).headers["X-TAXII-Date-Added-Last"]
    record = issued()
    with time_machine.travel(timezone.now() - dt.timedelta(hours=2), tick=True):
        answer = program.get(address, {"added_after": before})
    assert [one["id"] for one in answer.json()["objects"]] == [stix.stix_id(ALERTS, str(record.uid))]
    assert answer.headers["X-TAXII-Date-Added-Last"] > before


# --- what ends --------------------------------------------------------------------------------------------------------


def test_a_new_version_replaces_the_old_and_a_withdrawal_revokes(
    ours: Ours, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    record = issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    one = {"match[id]": stix.stix_id(ALERTS, str(record.uid))}
    first = records_in(program.get(address, one))[0]
    draft = watchlist.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), record.uid)
    draft = watchlist.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
    watchlist.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
    second = records_in(program.get(address, one))[0]
    assert (first["id"], first["created"]) == (second["id"], second["created"])
    assert first["modified"] < second["modified"]
    assert len(records_in(program.get(address, one | {"match[version]": "all"}))) == 1
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "arrested")
    (ended,) = program.get(address, one).json()["objects"]
    assert (ended["revoked"], ended["name"], ended["modified"] > second["modified"]) == (True, stix.ENDED, True)
    assert "extensions" not in ended
    stix2.parse(ended, allow_custom=False)


def test_what_has_run_out_is_not_given_though_nothing_has_marked_it(ours: Ours, issued: Callable[..., Record]) -> None:
    issued(alert_content(days=3))
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    assert len(records_in(program.get(address))) == 1
    with time_machine.travel(timezone.now() + dt.timedelta(days=4), tick=True):
        assert records_in(program.get(address)) == []


# --- who is given what ------------------------------------------------------------------------------------------------


def test_an_agency_of_which_nobody_said_it_is_given_nothing(agency: Agency, secret: Secret) -> None:
    answer = client(secret(agency, P.BRIDGES_COLLECTION_READ, P.WATCHLIST_ALERT_READ)).get("/taxii2/")
    assert (answer.status_code, answer.json()["error_code"]) == (403, "reader_unknown")


def test_our_own_program_opens_what_its_token_opens(ours: Ours, issued: Callable[..., Record]) -> None:
    issued()
    assert ours().get(f"{ROOT}collections/").json() == {}
    assert ours().get(collection("LBY", ALERTS) + "objects/").status_code == 404
    assert ours(P.WATCHLIST_LIST_READ).get(collection("LBY", ALERTS)).status_code == 404


def test_a_discreet_check_and_tlp_red_are_in_no_collection(
    ours: Ours, theirs: Client, opened: Any, issued: Callable[..., Record]
) -> None:
    opened(ALERTS)
    issued(shareable(type="discreet_check", action="check_discreetly"))
    issued(shareable("RED"))
    shown = issued(shareable("GREEN"))
    for program in (ours(P.WATCHLIST_ALERT_READ), theirs):
        (one,) = records_in(program.get(collection("LBY", ALERTS) + "objects/"))
        assert one["id"] == stix.stix_id(ALERTS, str(shown.uid))
        listed = program.get(collection("LBY", ALERTS) + "manifest/").json()["objects"]
        assert len(listed) == 9


def test_an_alert_that_turns_discreet_has_ended(
    ours: Ours, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    record = issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    assert len(records_in(program.get(address))) == 1
    draft = watchlist.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), record.uid)
    content = draft.content
    content["body"] |= {"type": "discreet_check", "action": "check_discreetly"}
    draft = watchlist.draft_alert(grant(P.WATCHLIST_ALERT_DRAFT), content, draft.pk)
    draft = watchlist.submit_alert(grant(P.WATCHLIST_ALERT_DRAFT), draft.pk)
    watchlist.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)
    answer = program.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [stix.stix_id(ALERTS, str(record.uid))])


def test_a_withheld_alert_ends_like_any_other(ours: Ours, niger: ForeignNode, grant: Callable[..., Grant]) -> None:
    plain = ALERT.content.model_validate(alert_content()).model_dump(mode="json")
    record = take(niger.statement(ALERT, plain))
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("NER", ALERTS) + "objects/"
    assert len(records_in(program.get(address))) == 1
    facts = SubjectFacts.model_validate(record.body["subject"])
    watchlist.protect(grant(P.WATCHLIST_ALERT_APPROVE), facts, "NER", "asylum file 2026/41")
    answer = program.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [stix.stix_id(ALERTS, str(record.uid))])


def test_a_recipient_outside_is_given_what_an_agreement_opens_and_handling_allows(
    theirs: Client, opened: Any, issued: Callable[..., Record], niger: ForeignNode
) -> None:
    address = collection("LBY", ALERTS)
    fits = issued(shareable("GREEN"))
    issued()  # no onward transfer
    issued(shareable("AMBER+STRICT"))
    issued(shareable() | {"purpose": "counter_terrorism"})
    plain = ALERT.content.model_validate(shareable()).model_dump(mode="json")
    take(niger.statement(ALERT, plain))
    assert theirs.get(address).status_code == 404
    assert theirs.get(f"{ROOT}collections/").json() == {}
    opened(ALERTS)
    (one,) = records_in(theirs.get(address + "objects/"))
    assert one["id"] == stix.stix_id(ALERTS, str(fits.uid))
    assert [c["alias"] for c in theirs.get(f"{ROOT}collections/").json()["collections"]] == ["LBY.alert.person"]
    assert theirs.get(collection("NER", ALERTS)).status_code == 404


def test_a_suspended_agreement_closes_and_still_tells_what_has_ended(
    theirs: Client, opened: Any, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    agreement, record = opened(ALERTS), issued(shareable())
    issued(shareable())
    address = collection("LBY", ALERTS) + "objects/"
    assert len(records_in(theirs.get(address))) == 2
    suspend(grant(P.AGREEMENTS_AGREEMENT_SUSPEND, "salem"), agreement.uid, "review")
    answer = theirs.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [])
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "arrested")
    assert revoked_in(theirs.get(address)) == [stix.stix_id(ALERTS, str(record.uid))]


def test_a_version_that_is_not_for_a_recipient_ends_for_it_the_one_before(
    theirs: Client, ours: Ours, opened: Any, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    opened(ALERTS)
    record = issued(shareable())
    address = collection("LBY", ALERTS) + "objects/"
    assert len(records_in(theirs.get(address))) == 1
    amended(record, grant, handling={"tlp": "AMBER", "restrictions": [], "onward": "no"})
    answer = theirs.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [stix.stix_id(ALERTS, str(record.uid))])
    assert len(records_in(ours(P.WATCHLIST_ALERT_READ).get(address))) == 1


def ends_in(days: int) -> dict[str, Any]:
    content = alert_content(days)
    return {name: content[name] for name in ("valid_until", "review_on")}


def amended(record: Record, grant: Callable[..., Grant], **changes: Any) -> Record:
    """The next version of an own alert."""
    draft = watchlist.amend_alert(grant(P.WATCHLIST_ALERT_DRAFT), record.uid)
    draft = submitted(grant(P.WATCHLIST_ALERT_DRAFT), draft.content | changes, draft.pk)
    return watchlist.approve_alert(grant(P.WATCHLIST_ALERT_APPROVE), draft.pk, draft.content_hash)


def test_what_a_recipient_must_stop_using_before_it_ends_is_not_given(
    theirs: Client, niger: ForeignNode, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    agree(niger, kinds=[ALERTS], purposes=["criminal_investigation"], retention_days=100)
    address = collection("LBY", ALERTS) + "objects/"
    record = issued(shareable() | ends_in(90))
    issued(shareable())
    (one,) = records_in(theirs.get(address))
    assert one["id"] == stix.stix_id(ALERTS, str(record.uid))
    amended(record, grant, **ends_in(300))
    answer = theirs.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [one["id"]])


def test_a_letter_is_for_whom_it_names_as_deep_as_the_clause_allows(theirs: Client, niger: ForeignNode) -> None:
    agree(niger, kinds=["letter"], purposes=["criminal_investigation"], depth_km=10)
    near, _, elsewhere = letter("NER", 10), letter("NER", 11), letter("TUN", 5)
    address = collection("LBY", "letter") + "objects/"
    (one,) = records_in(theirs.get(address))
    assert one["id"] == stix.stix_id("letter", str(near.uid))
    retire(near, Record.State.WITHDRAWN)
    retire(elsewhere, Record.State.WITHDRAWN)
    answer = theirs.get(address)
    assert (records_in(answer), revoked_in(answer)) == ([], [one["id"]])


def letter(to: str, depth: int) -> Record:
    """A letter of ours on a hot pursuit."""
    kind = newest("letter")
    content = letter_content(flow="7", to=[to], depth_km=depth) | {"handling": shareable()["handling"]}
    read = read_content(kind, content, timezone.now())
    digest = content_hash(kind.name, kind.version, read.model_dump(mode="json"))
    return issue(NODE, kind, read, approval=Approval("one", "two", digest))


def test_a_recipient_that_was_never_given_anything_learns_of_no_end(
    theirs: Client, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    record = issued(shareable())
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "arrested")
    assert theirs.get(collection("LBY", ALERTS) + "objects/").status_code == 404


def test_another_purpose_of_the_token_opens_nothing(
    outside: Agency, confirm: Any, secret: Secret, opened: Any, issued: Callable[..., Record]
) -> None:
    confirm(outside, "NER")
    opened(ALERTS)
    issued(shareable())
    program = client(secret(outside, P.BRIDGES_COLLECTION_READ, purpose=Purpose.COUNTER_TERRORISM))
    assert records_in(program.get(collection("LBY", ALERTS) + "objects/")) == []


def test_withdrawals_are_read_by_who_may_read_what_they_are_about(
    ours: Ours, issued: Callable[..., Record], grant: Callable[..., Grant]
) -> None:
    record = issued()
    taken_back = watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "arrested")
    address = collection("LBY", "record.withdrawal") + "objects/"
    (note,) = records_in(ours(P.WATCHLIST_ALERT_READ).get(address))
    assert note["object_refs"] == [stix.stix_id(ALERTS, str(record.uid))]
    assert note["id"] == stix.stix_id("record.withdrawal", str(taken_back.uid))
    assert records_in(ours(P.WATCHLIST_LIST_READ).get(address)) == []


def test_a_row_of_a_collection_never_dies_of_an_odd_state(ours: Ours, issued: Callable[..., Record]) -> None:
    record = issued()
    program, address = ours(P.WATCHLIST_ALERT_READ), collection("LBY", ALERTS) + "objects/"
    program.get(address)
    retire(record, Record.State.EXPIRED)
    Record.objects.filter(pk=record.pk).update(state_changed_at=record.issued_at - dt.timedelta(days=1))
    (one,) = [thing for thing in program.get(address).json()["objects"] if thing.get("revoked")]
    assert one["modified"] > stix.at(record.issued_at)
