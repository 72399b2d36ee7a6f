"""Seals that their states revoked: published of our own, kept of all, asked at each check."""

import datetime as dt
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from jiwar.audit.services import Author
from jiwar.documents.logic.revoked import MOST, digest, pack, unpack
from jiwar.documents.logic.seal import Seal
from jiwar.documents.models import RevokedSeal
from jiwar.documents.revoked_kinds import REVOKED, RevokedBody, last_moment
from jiwar.documents.signer import FILE
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.records.content import Content
from jiwar.records.queries import held
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.wire.faults import Fault, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable


def revoke(by: Author, digests: "Iterable[str]", until: dt.date) -> Record:
    """Revoke own seals of documents that expire on a day, and tell every neighbour and post, in the caller's
    transaction. `digests` in hexadecimal. The list of that month replaces the one before."""
    month = f"{until:%Y-%m}"
    rows = RevokedSeal.objects.filter(state=settings.NODE.state, month=month)
    seals = {*rows.values_list("digest", flat=True), *digests}
    if len(seals) > MOST:
        raise Refused(Fault("out_of_range", "seals", str(MOST)))
    body = RevokedBody(month=month, seals=pack([bytes.fromhex(each) for each in seals]), count=len(seals))
    last = last_moment(month)
    made = terms("border_check", "revocation by the issuing state", 0, body, tlp="GREEN")
    made |= {"valid_until": last, "review_on": last.date()}
    content = read_content(REVOKED, made, timezone.now())
    return issue(by, REVOKED, content, supersedes=_newest(month))


def is_revoked(seal: Seal) -> bool | None:
    """Whether its state revoked this seal; None where no list of that state is in force here. At most two queries."""
    state = seal.header.country
    if RevokedSeal.objects.filter(state=state, digest=digest(seal.signed).hex()).exists():
        return True
    return False if lists_of(state) else None


def lists_of(state: str) -> int:
    """How many lists of a state are in force here; each is of one month. One query."""
    return held(REVOKED.name).filter(origin=state, state=Record.State.IN_FORCE).count()


def keep_list(by: Author, now: dt.datetime) -> None:
    """A state that seals has a list of this month, were it empty: who holds it knows that nothing was revoked."""
    if settings.NODE.role != "national" or not (settings.KEYS / FILE).exists():
        return
    with transaction.atomic():
        if _newest(f"{now:%Y-%m}") is None:
            revoke(by, (), now.date())


def of_states() -> dict[str, int]:
    """How many revoked seals are known here, by state. One query."""
    counted = RevokedSeal.objects.order_by().values("state").annotate(count=Count("pk"))
    return {row["state"]: row["count"] for row in counted}


def _newest(month: str) -> Record | None:
    own = held(REVOKED.name).filter(node=settings.NODE.code, state=Record.State.IN_FORCE)
    return next((record for record in own if record.body["month"] == month), None)


def _project(record: Record, content: Content) -> None:
    """A state speaks of its own seals alone, by its national node."""
    body = content.body
    assert isinstance(body, RevokedBody)
    if record.node != record.origin:
        return
    RevokedSeal.objects.filter(state=record.origin, month=body.month).delete()
    RevokedSeal.objects.bulk_create(
        [
            RevokedSeal(state=record.origin, month=body.month, digest=each.hex(), record=record)
            for each in unpack(body.seals)
        ],
        batch_size=1000,
        ignore_conflicts=True,
    )


def _forget(record: Record) -> None:
    RevokedSeal.objects.filter(record=record).delete()


EACH_MINUTE.append(keep_list)
REVOKED.projections.append(_project)
REVOKED.retirements.append(_forget)
