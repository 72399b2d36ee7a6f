"""What origins consented to, read from their signed records; and what a record says of itself that policy looks at."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from jiwar.access.policy import Actor
from jiwar.agreements.consent_kinds import CONSENT, REFUSAL, REQUEST
from jiwar.agreements.logic.verdicts import STRICTNESS, Facts, Open, Verdict
from jiwar.agreements.policy import may_receive, may_send
from jiwar.identity.queries import neighbours
from jiwar.records.kinds import KINDS, WITHDRAWAL
from jiwar.records.queries import about, drafts, held, newest_version
from jiwar.records.reading import permission_to_read

if TYPE_CHECKING:
    from jiwar.records.models import Draft, Record


def facts_of(data: Mapping[str, Any], sender: str) -> Facts:
    """What a statement says of itself that agreements look at, on its way from a state.

    `data`: its members. Of a record that another state said, also where that state's consent, as held here, lets the
    sender pass it on (one query).
    """
    content, own = data["content"], settings.NODE.state
    onward = content["handling"].get("onward", "no")
    facts = Facts(tlp=content["handling"]["tlp"], onward=onward)
    if data["origin"] != sender:
        facts["origin"] = data["origin"]
        found = consents(UUID(data["id"]), data["origin"], content["purpose"], sender, timezone.now())
        facts["consents"] = frozenset(state for each in found for state in each.body["states"])
        if sender == own:
            facts["onward"] = min(onward, _allowed_by_clause(data), key=STRICTNESS.index)
    depth = content["body"].get("depth_km") if isinstance(content["body"], dict) else None
    if depth is not None:
        # A kind that this program does not know may say anything here; what is no depth is not decidable.
        facts["depth_km"] = depth if type(depth) in {int, float} else math.nan
    return facts


def consents(uid: UUID, origin: str, purpose: str, holder: str, at: dt.datetime) -> list["Record"]:
    """Consents of a record's origin by which a state may pass it on at a moment; one query."""
    found = about([uid], [CONSENT.name]).filter(state="in_force", origin=origin, purpose=purpose, valid_until__gt=at)
    return [each for each in found if each.node == each.origin and each.body["holder"] == holder]


def named(uid: UUID) -> frozenset[str]:
    """States to which consents of this state let others pass a record on: they hear of its end too."""
    given = about([uid], [CONSENT.name]).filter(origin=settings.NODE.state)
    return frozenset(state for each in given for state in each.body["states"])


def brought(data: Mapping[str, Any], sender: str) -> bool:
    """Whether a state may bring an instrument that another state said.

    A holder brings the consent by which it passes a record on to us, and the withdrawal of what it passed on to us.
    """
    body = data["content"]["body"]
    if data["kind"] == CONSENT.name:
        return body.get("holder") == sender and settings.NODE.state in body.get("states", ())
    if data["kind"] != WITHDRAWAL.name:
        return False
    target = newest_version(body.get("target"))
    return target is not None and target.origin == data["origin"] and target.received_from[:3] == sender


# --- for people -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with what became of it: a consent, a refusal, or nothing yet."""

    record: "Record"
    answer: "Record | None"


@dataclass(frozen=True, slots=True)
class Way:
    """Whether a held record may be passed on to a state now."""

    state: str
    verdict: Verdict


def target_of(actor: Actor, uid: object) -> "Record | None":
    """The newest version of a record that may be passed on, if this actor may read it."""
    record = newest_version(uid)
    kind = KINDS.get((record.kind, record.kind_version)) if record is not None else None
    if record is None or kind is None or kind.instrument:
        return None
    try:
        return record if actor.may(permission_to_read(record.uid, actor)) else None
    except type(record).DoesNotExist:
        return None


def onward_of(record: "Record") -> str:
    """Whether this state may pass on what another said (no, ask, yes): the stricter of the record and the clause."""
    return facts_of(record.data, settings.NODE.state).get("onward", "no")


def ways(record: "Record") -> list[Way]:
    """For each other state: whether a held record may be passed on to it."""
    own = settings.NODE.state
    states = {node.state for node in neighbours() if node.role != "post"} - {own, record.origin}
    now, facts = timezone.now(), facts_of(record.data, own)
    return [Way(state, may_send(record.kind, record.purpose, state, now, **facts)) for state in sorted(states)]


def requests(uid: UUID | None = None) -> list[Asked]:
    """Requests to and by this state, or those about one record, newest first, with their answers; two queries."""
    found = held(REQUEST.name) if uid is None else held(REQUEST.name).filter(about=uid)
    asked = list(found.exclude(state="withdrawn")[:200])
    answers: dict[str, Record] = {}
    given = held(CONSENT.name).filter(about__in=[each.about for each in asked])
    for each in (*given, *held(REFUSAL.name).filter(about__in=[each.uid for each in asked])):
        answers[str(each.body.get("request") or each.about)] = each
    return [Asked(each, answers.get(str(each.uid))) for each in asked]


def given(uid: UUID) -> list["Record"]:
    """Consents about one record, newest first."""
    return list(held(CONSENT.name).filter(about=uid))


def to_answer(actor: Actor) -> list[Asked]:
    """Requests by others about own records that nobody has answered, of records that this actor may read."""
    own = settings.NODE.state
    waiting = [each for each in requests() if each.record.origin != own and each.answer is None]
    drafted = {str(draft.content.get("body", {}).get("request")) for draft in consent_drafts()}
    return [each for each in readable(actor, waiting) if str(each.record.uid) not in drafted]


def readable(actor: Actor, asked: Iterable[Asked]) -> list[Asked]:
    """Those about records that this actor may read."""
    return [each for each in asked if each.record.about and target_of(actor, each.record.about)]


def consent_drafts() -> list["Draft"]:
    """Open drafts of consents."""
    return list(drafts(CONSENT.name))


def to_approve(actor: Actor) -> list["Draft"]:
    """Drafts of consents by others, for a second person, about records that this actor may read."""
    waiting = [d for d in consent_drafts() if d.state == "submitted" and str(d.author_id) != actor.id]
    return [d for d in waiting if target_of(actor, d.content["body"]["target"])]


def _allowed_by_clause(data: Mapping[str, Any]) -> str:
    """What the clause under which we hold a record says of passing it on; nothing opens it now: no."""
    verdict = may_receive(data["kind"], data["content"]["purpose"], data["origin"], timezone.now())
    return verdict.onward if isinstance(verdict, Open) else "no"
