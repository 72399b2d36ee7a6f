"""Records as files: for whom, with what said to be lost, and what leaves in no file."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import AccessRefused, Grant
from jiwar.audit.models import Leaf
from jiwar.bridges import services
from jiwar.bridges.logic.ftm_reading import read_entities
from jiwar.bridges.logic.leaving import CODES, OPEN, Asked, why_not
from jiwar.bridges.logic.misp_reading import read_events
from jiwar.bridges.logic.stix_reading import read_bundle
from jiwar.bridges.readers import Recipient
from jiwar.records.models import Record
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.watchlist.alerts.conftest import alert_content, take

pytestmark = pytest.mark.django_db
Granting = Callable[..., Grant]
OURS = Recipient("", Purpose.CRIMINAL_INVESTIGATION)
NIGER = Recipient("NER", Purpose.CRIMINAL_INVESTIGATION)
READERS = {"ftm": read_entities, "misp": read_events, "stix": read_bundle}


def shareable(tlp: str = "AMBER") -> dict[str, Any]:
    return alert_content() | {"handling": {"tlp": tlp, "restrictions": [], "onward": "yes"}}


@pytest.fixture
def by(grant: Granting) -> Grant:
    return grant(P.BRIDGES_RECORD_EXPORT)


def codes(act: Callable[..., Any], *arguments: Any) -> list[str]:
    with pytest.raises(Refused) as refused:
        act(*arguments)
    return [fault.code for fault in refused.value.faults]


@pytest.mark.parametrize("format_", READERS)
def test_a_file_brings_every_record_back_and_says_what_is_lost(
    by: Grant, issued: Callable[..., Record], format_: str
) -> None:
    records = [issued(), issued()]
    made = services.export(by, [record.uid for record in records], format_, OURS)
    assert [one.statement.decode() for one in READERS[format_](made.data).statements] == [
        record.statement for record in records
    ]
    assert {lost.path for lost in made.lost[records[0].uid]} >= {"content.grading", "content.body.rights_screen"}
    assert made.file_name.endswith(f".{format_}.json")
    leaves = Leaf.objects.filter(act="record_exported")
    assert {leaf.subject for leaf in leaves} == {str(record.uid) for record in records}
    assert json.loads(leaves[0].content)["detail"]["format"] == format_


def test_a_preview_says_whether_and_with_what_losses(by: Grant, issued: Callable[..., Record]) -> None:
    record = issued()
    seen = services.preview(by, record.uid, "stix", OURS)
    assert seen is not None
    assert (seen.code, seen.kind, seen.version, bool(seen.lost)) == (OPEN, "alert.person", 1, True)
    closed = services.preview(by, record.uid, "stix", NIGER)
    assert closed is not None
    assert (closed.code, closed.lost) == ("onward_not_allowed", ())
    assert services.preview(by, record.uid, "xml", OURS) is None
    assert services.preview(by, Record.objects.get(kind="alert.person").uid.__class__(int=7), "stix", OURS) is None


def test_a_recipient_outside_is_given_what_an_agreement_opens(
    by: Grant, issued: Callable[..., Record], opened: Any, niger: ForeignNode
) -> None:
    record = issued(shareable())
    assert codes(services.export, by, [record.uid], "misp", NIGER) == ["may_not_leave"]
    opened("alert.person")
    services.export(by, [record.uid], "misp", NIGER)
    wrong = {
        "onward_not_allowed": issued(),
        "tlp_too_strict": issued(shareable("AMBER+STRICT")),
        "of_another_purpose": issued(shareable() | {"purpose": "counter_terrorism"}),
        "of_another_state": take(
            niger.statement(ALERT, ALERT.content.model_validate(shareable()).model_dump(mode="json"))
        ),
    }
    for code, one in wrong.items():
        assert services.preview(by, one.uid, "misp", NIGER).code == code  # type: ignore[union-attr]
        assert codes(services.export, by, [record.uid, one.uid], "misp", NIGER) == ["may_not_leave"]
    assert Leaf.objects.filter(act="record_exported").count() == 1


def test_a_discreet_check_leaves_in_no_file_though_the_asker_is_cleared(
    by: Grant, issued: Callable[..., Record]
) -> None:
    content = alert_content(type="discreet_check", action="check_discreetly")
    record = issued(content)
    assert services.preview(by, record.uid, "stix", OURS).code == "covert"  # type: ignore[union-attr]
    assert codes(services.export, by, [record.uid], "stix", OURS) == ["may_not_leave"]


def test_what_has_ended_and_what_the_asker_may_not_read_leaves_in_no_file(
    by: Grant, issued: Callable[..., Record], grant: Granting
) -> None:
    record = issued()
    officer = Grant(grant(P.CROSSINGS_CROSSING_RECORD).actor, P.BRIDGES_RECORD_EXPORT, Purpose.CRIMINAL_INVESTIGATION)
    assert codes(services.export, officer, [record.uid], "stix", OURS) == ["record_unknown"]
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), record.uid, "arrested")
    assert codes(services.export, by, [record.uid], "stix", OURS) == ["may_not_leave"]
    assert codes(services.export, by, [], "stix", OURS) == ["missing"]
    assert codes(services.export, by, [record.uid], "xml", OURS) == ["not_in_list"]
    with pytest.raises(AccessRefused, match="permission_missing"):
        services.export(grant(P.WATCHLIST_ALERT_READ), [record.uid], "stix", OURS)


# --- the rule itself --------------------------------------------------------------------------------------------------

FITS = {
    "ours": False, "in_force": True, "covert": False, "tlp": "AMBER", "own": True, "onward": "yes", "addressed": True,
    "purpose_fits": True, "verdict": OPEN,
}  # fmt: skip
CLOSES = {
    "not_in_force": {"in_force": False},
    "covert": {"covert": True},
    "tlp_too_strict": {"tlp": "AMBER+STRICT"},
    "of_another_state": {"own": False},
    "onward_not_allowed": {"onward": "ask"},
    "not_addressed": {"addressed": False},
    "of_another_purpose": {"purpose_fits": False},
    "kept_too_long": {"verdict": "kept_too_long"},
    "suspended": {"verdict": "suspended"},
}


def test_each_reason_alone_keeps_a_record_from_the_outside() -> None:
    assert why_not(Asked(**FITS)) == OPEN
    for code, change in CLOSES.items():
        assert why_not(Asked(**FITS | change)) == code
    assert set(CODES) == {OPEN, *CLOSES} - {"suspended"}


def test_our_own_is_asked_four_things_alone() -> None:
    ours = FITS | {"ours": True}
    inside = {code: why_not(Asked(**ours | change)) for code, change in CLOSES.items()}
    assert {code for code, found in inside.items() if found != OPEN} == {"not_in_force", "covert", "of_another_purpose"}
    assert why_not(Asked(**ours | {"tlp": "RED"})) == "tlp_too_strict"
