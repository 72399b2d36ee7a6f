"""What may leave to whom, asked with what this node knows: agreements, states of records, who may know of what."""

from collections.abc import Iterable
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from jiwar.access.policy import Actor
from jiwar.agreements.queries import Open, facts_of, may_send, retention, steady
from jiwar.bridges.logic.leaving import OPEN, Asked, why_not
from jiwar.bridges.logic.statement import Say, Signed, Statement
from jiwar.bridges.readers import Recipient
from jiwar.records.kinds import KINDS, Kind
from jiwar.records.queries import newest_version
from jiwar.records.reading import is_for, readable
from jiwar.records.services import Record
from jiwar.records.words import word

__all__ = [
    "OPEN",
    "addressed",
    "is_in_use",
    "kinds_about",
    "may_leave",
    "may_open",
    "say",
    "statement_of",
    "steady",
    "verdict_for",
]


def may_leave(record: Record, to: Recipient, actor: Actor) -> str:
    """OPEN, or the code of the first reason why a record may not leave to a recipient.

    `actor` is who asks for our own side: what she may not know of, or has no permission for, is `not_in_force`.
    """
    kind = KINDS.get((record.kind, record.kind_version))
    known = kind is not None and (not to.ours or readable([record], actor) == [record])
    return why_not(
        Asked(
            ours=to.ours,
            in_force=known and is_in_use(record),
            covert=kind is None or _is_covert(record),
            tlp=record.tlp,
            own=record.node == settings.NODE.code,
            onward=record.onward,
            addressed=to.ours or (kind is not None and addressed(record, kind, to.code)),
            purpose_fits=(to.ours or record.purpose == to.purpose) and is_for(record, to.purpose),
            verdict=OPEN if to.ours else verdict_for(record, to),
        )
    )


def is_in_use(record: Record) -> bool:
    """In force at this moment, whatever the clock-driven expiry has come to (rule R9)."""
    now = timezone.now()
    return record.state == Record.State.IN_FORCE and record.valid_until > now and record.review_on >= now.date()


def verdict_for(record: Record, to: Recipient) -> str:
    """What agreements say now of an own record: OPEN, or why not.

    Instruments, which pass between nodes without one, need one here. A clause by which the recipient must end its use
    before the record ends opens nothing: no program of ours is there to end it.
    """
    now = timezone.now()
    facts = facts_of(record.data, settings.NODE.state)
    verdict = may_send(record.kind, to.purpose, to.code, now, **facts)
    if isinstance(verdict, Open) and retention(verdict, now, record.valid_until) < record.valid_until:
        return "kept_too_long"
    return verdict.code


def may_open(kind: str, to: Recipient) -> bool:
    """Whether agreements open any record of a kind now."""
    return may_send(kind, to.purpose, to.code, timezone.now(), tlp="CLEAR", onward="yes").open


def addressed(record: Record, kind: Kind, recipient: str) -> bool:
    """Whether a kind's own rule makes a record for this recipient."""
    if kind.addressees is None:
        return True
    return recipient in set(kind.addressees(kind.content.model_validate(record.data["content"])))


def _is_covert(record: Record) -> bool:
    """Whether a record, or one that it is about, is covert: such a one never leaves by a bridge, cleared or not."""
    found: Record | None = record
    seen: set[object] = set()
    while found is not None and found.uid not in seen:
        seen.add(found.uid)
        kind = KINDS.get((found.kind, found.kind_version))
        if kind is None or kind.covert(found):
            return True
        found = newest_version(found.about) if found.about else None
    return False


def statement_of(record: Record, about: str = "") -> Statement:
    """A record as the mappings take it."""
    signed = Signed(record.statement.encode(), record.signing_key, record.signature, record.cosignature)
    return Statement(signed, record.data, about_kind=about)


def kinds_about(records: Iterable[Record]) -> dict[object, str]:
    """Kinds of the records that these are about, by uid; one query."""
    wanted = {record.about for record in records if record.about}
    return dict(Record.objects.filter(uid__in=wanted).values_list("uid", "kind")) if wanted else {}


@lru_cache(maxsize=4_000)
def _word(group: str, code: str) -> str:
    return word(group, code, "en")


say: Say = _word
"""What goes out is worded in English, whoever asks: the same object for every reader."""
