"""Check a document with what this node trusts and knows. The reading of personal data is in the ledger; the document's
own data are not: the leaf has the colour, the reason and the hash of the report."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import trust_store
from jiwar.documents.logic.checking import (
    Circumstances,
    Inputs,
    Policy,
    Verdict,
    as_json,
    check_document,
    fingerprint,
    verdict,
    zone_of,
)
from jiwar.documents.logic.chip_transcripts import Reading
from jiwar.documents.logic.lost import LostAnswer
from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.report import CheckReport
from jiwar.documents.lost import answer_of
from jiwar.documents.revoked_seals import is_revoked
from jiwar.documents.seal_catalogue import profiles
from jiwar.exchange.queries import ALIVE, clock_said, last_contact
from jiwar.wire.faults import Refused

POLICY = "jiwar-1"
"""Name of the rules by which a document is checked here; another set of rules has another name."""


@dataclass(frozen=True, slots=True)
class Checked:
    """`report` and what an officer reads of it; `zone` as read from page or chip, None where neither has one."""

    report: CheckReport
    verdict: Verdict
    zone: Mrz | None


def check(
    by: Grant, *, zone: str = "", chip: Reading | None = None, seals: tuple[bytes, ...] = (), subject: str = ""
) -> Checked:
    """Everything that was read of one document, against trust, revocations and the registry of lost documents.

    Never refuses what a document says: that is a result. `subject` names what it is part of (a screening) in the
    ledger. Some six queries, and the leaf.
    """
    by.check(Permission.WATCHLIST_PERSON_SCREEN)
    now = timezone.now()
    read = Inputs(zone, chip, seals)
    lost = _lost(_zone(read, timezone.localdate(now)))
    checked = report_on(replace(read, lost=lost), now)
    report, shown = checked.report, checked.verdict
    detail = {
        "result": report.result.value,
        "colour": shown.colour.value,
        "code": shown.code,
        "report": fingerprint(report),
        "trust": report.header.trust_version,
        "parts": [part.id for part in report.root.children],
    }
    with transaction.atomic():
        append("document_checked", by, subject, detail)
    return checked


def report_on(inputs: Inputs, now: dt.datetime) -> Checked:
    """The check of what is given and no more: the registry is not asked, and nothing is written."""
    policy = Policy(POLICY, profiles(), is_revoked)
    report = check_document(inputs, trust_store.current(), policy, timezone.localtime(now), around(now))
    return Checked(report, verdict(report), _zone(inputs, timezone.localdate(now)))


def around(now: dt.datetime) -> Circumstances:
    """What is known of this node's clock, and whether it hears anybody; two queries."""
    heard = last_contact()
    return Circumstances(clock_said(now), offline=heard is None or now - heard > ALIVE)


def said(checked: Checked) -> Mapping[str, object]:
    """The report as programs read it."""
    return as_json(checked.report)


def _zone(inputs: Inputs, today: dt.date) -> Mrz | None:
    try:
        return read_mrz(text, today) if (text := zone_of(inputs)) else None
    except MrzUnreadable:
        return None


def _lost(zone: Mrz | None) -> LostAnswer | None:
    """Nothing is asked about a number that was misread: the check of the zone says so already."""
    if zone is None or not zone.number or "number" in zone.failed:
        return None
    try:
        return answer_of(zone.issuer, zone.document_code, zone.number)
    except Refused:
        return None
