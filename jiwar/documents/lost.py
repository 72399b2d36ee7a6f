"""Lost, stolen and invalid documents: look one up, report some, take a report back. The only writer of `LostDocument`.

A national node answers from the reports in force, its own and those of neighbours; a post from the edition that it
holds (`lost_editions`). Each state speaks for the documents that it issues, and for no other's.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from pydantic import ValidationError

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.audit.services import append, hold_ledger
from jiwar.documents import lost_files as files
from jiwar.documents.logic.codes import known_codes, state_of
from jiwar.documents.logic.lost import (
    STATUS_LETTERS,
    STATUSES,
    TYPE_LETTERS,
    TYPES,
    LostAnswer,
    LostEntry,
    NumberInvalid,
    fold,
    plain_number,
    types_of,
    weigh,
)
from jiwar.documents.lost_kinds import KEPT, LOST, LostFact, LostReportBody
from jiwar.documents.models import LostDocument, LostRevision
from jiwar.records.content import Content
from jiwar.records.queries import newest_version
from jiwar.records.services import Record, issue, read_content, terms, withdraw
from jiwar.sql import rows
from jiwar.wire.faults import Fault, Refused, of_pydantic

BASIS = "documents of this state reported lost, stolen or invalid by who issues them"
_COUNT = "UPDATE documents_lostrevision SET value = value + 1 WHERE id = 1 RETURNING value"
RATE, SPAN = 600, 60
"""Most questions of one actor in so many seconds (rule R7): a busload is sixty, all numbers in turn are no question.
Counted by each process for itself."""
_MOST_FOUND = 50
"""Entries of one number, and of what looks like it, that are weighed."""


# Asking ---------------------------------------------------------------------------------------------------------------


def look_up(by: Grant, issuer: str, type: str, number: str) -> LostAnswer:  # noqa: A002 - what it is
    """What the registry says of a document; raises Refused for a state or number that no document has,
    and for one question too many.

    `issuer` and `type` as a zone has them (``NER``, ``P``), or `type` of the words group ``lost_type``, or "" where it
    is not known. That it was asked, and what was found, is a leaf of the ledger; the number is not (rule R7). Two
    queries at a national node, one at a post, and the leaf.
    """
    by.check(Permission.DOCUMENTS_LOST_SEARCH)
    if _asked(by) > RATE:
        raise Refused(Fault("too_many_searches", "", str(RATE)))
    answer = answer_of(issuer, type, number)
    detail = {
        "issuer": state_of(issuer),
        "status": answer.status or "",
        "hints": len(answer.hints),
        "registry": answer.registry,
    }
    with transaction.atomic():
        append("document_looked_up", by, str(answer.record or ""), detail)
    return answer


def answer_of(issuer: str, type: str, number: str) -> LostAnswer:  # noqa: A002 - what it is
    """As `look_up`, for a service that writes its own leaf."""
    state, plain = _question(issuer, number)
    now = timezone.now()
    if settings.NODE.role == "post":
        found, registry, as_of = files.look_up(state, plain, now)
    else:
        found, registry, as_of = _reported(state, plain), "in_use", timezone.localdate(now)
    today = timezone.localdate(now)
    same, hints = weigh([entry for entry in found if entry.until > today], plain, types_of(type))
    return LostAnswer(same, hints, registry, as_of)


def _question(issuer: str, number: str) -> tuple[str, str]:
    faults = []
    state = state_of(issuer)
    if state not in known_codes():
        faults.append(Fault("not_in_list" if state else "missing", "issuer", state[:3]))
    plain = ""
    try:
        plain = plain_number(number)
    except NumberInvalid as invalid:
        faults.append(Fault(invalid.code if number.strip() else "missing", "number"))
    if faults:
        raise Refused(*faults)
    return state, plain


def _asked(by: Grant) -> int:
    """How many questions this actor has asked in this span, this one among them."""
    key = f"lost:{by.actor_id}"
    cache.add(key, 0, SPAN)
    try:
        return int(cache.incr(key))
    except ValueError:  # the span ended between the two
        return 1


def _reported(issuer: str, number: str) -> list[LostEntry]:
    folded = fold(number)
    held = LostDocument.objects.filter(active=True, issuer=issuer)
    single = held.filter(folded=folded, last="")[:_MOST_FOUND]
    # Digits compare as text where as many of them stand behind one beginning: the index finds the few that can hold it.
    series = held.exclude(last="").filter(last__gte=min(number, folded), number__lte=max(number, folded))
    found = [_entry(row) for row in [*single, *series]]
    return [one for one in found if not one.last or one.covers(number) or one.covers(folded)]


def _entry(row: LostDocument) -> LostEntry:
    return LostEntry(
        row.issuer, TYPES[row.type], row.number, row.last, STATUSES[row.status], row.since, row.until, row.uid
    )


# Reporting ------------------------------------------------------------------------------------------------------------


def report_lost(by: Grant, documents: list[dict[str, Any]], reference: str = "") -> Record:
    """Report documents of this state, 1 to 500 of them as LostFact; `number` and `last` as written. Raises Refused.

    It goes to every state to which an agreement opens it, and to the posts with the next edition.
    """
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    _check_here()
    content = reported(documents, reference)
    with transaction.atomic():
        record = issue(by, LOST, content)
        append("documents_reported", by, str(record.uid), {"documents": len(documents)})
    return record


def reported(documents: list[dict[str, Any]], reference: str) -> Content:
    """The content of a report; raises Refused with every fault, its field ``documents.0.number`` and the like."""
    today = timezone.localdate()
    faults, plain = [], []
    for place, document in enumerate(documents):
        values = dict(document)
        for field in ("number", "last"):
            if not (written := str(values.get(field) or "").strip()):
                continue
            try:
                values[field] = plain_number(written, field)
            except NumberInvalid as invalid:
                faults.append(Fault(invalid.code, f"documents.{place}.{field}"))
        plain.append(values)
    if faults:
        raise Refused(*faults)
    try:
        body = LostReportBody.model_validate({"documents": plain, "reference": reference})
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    faults = [
        Fault("out_of_range", f"documents.{place}.since")
        for place, fact in enumerate(body.documents)
        if not dt.date(1950, 1, 1) <= fact.since <= today
    ]
    if faults:
        raise Refused(*faults)
    return content_of(body.documents, body.reference)


def content_of(facts: Sequence[LostFact], reference: str) -> Content:
    """The content of a report of documents that are as they compare already; raises Refused."""
    body = LostReportBody(documents=tuple(facts), reference=reference)
    stated = terms(Purpose.BORDER_CHECK, BASIS, KEPT.days, body)
    stated["review_on"] = stated["valid_until"].date()
    try:
        return read_content(LOST, stated, timezone.now())
    except Refused as refused:
        raise Refused(*(Fault(f.code, f.field.removeprefix("body."), f.detail) for f in refused.faults)) from None


def take_back(by: Grant, report: UUID, number: str, last: str, reason: str) -> Record:
    """A document turned up, or was never lost: its report is withdrawn, or says it no longer. Raises Refused."""
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    _check_here()
    record = newest_version(report)
    if record is None or record.kind != LOST.name or record.origin != settings.NODE.state:
        raise Refused(Fault("report_unknown", "report"))
    if not reason.strip():
        raise Refused(Fault("missing", "reason"))
    held = LostReportBody.model_validate(record.body)
    left = [fact for fact in held.documents if (fact.number, fact.last) != (number, last)]
    if len(left) == len(held.documents):
        raise Refused(Fault("document_not_in_report", "number"))
    detail = {"number": number, "last": last}
    with transaction.atomic():
        append("document_taken_back", by, str(report), detail)
        if not left:
            return withdraw(by, record, reason)
        said = dict(record.data["content"])
        said["body"] = LostReportBody(documents=tuple(left), reference=held.reference)
        return issue(by, LOST, read_content(LOST, said, timezone.now()), supersedes=record)


def _check_here() -> None:
    if settings.NODE.role != "national":
        raise Refused(Fault("not_the_national_node"))


# What happens when a report is stored or ends -------------------------------------------------------------------------


def _project(record: Record, content: Content) -> None:
    """Rows of what it says; what an older version said and this one does not ends."""
    body = content.body
    assert isinstance(body, LostReportBody)
    held = {(row.type, row.number, row.last, row.status, row.since): row for row in _rows_of(record)}
    told = {_key(fact): fact for fact in body.documents}
    kept = [row.pk for key, row in held.items() if key in told]
    if kept:
        LostDocument.objects.filter(pk__in=kept).update(record=record)
    _end([row.pk for key, row in held.items() if key not in told])
    new = [fact for key, fact in told.items() if key not in held]
    if new:
        revision, until = _next_revision(), timezone.localdate(record.valid_until)
        LostDocument.objects.bulk_create(_row(record, fact, until, revision) for fact in new)


def _row(record: Record, fact: LostFact, until: dt.date, revision: int) -> LostDocument:
    return LostDocument(
        record=record,
        uid=record.uid,
        issuer=record.origin,
        folded=fold(fact.number),
        type=TYPE_LETTERS[fact.type],
        number=fact.number,
        last=fact.last,
        status=STATUS_LETTERS[fact.status],
        since=fact.since,
        until=until,
        revision=revision,
    )


def _key(fact: LostFact) -> tuple[str, str, str, str, dt.date]:
    return TYPE_LETTERS[fact.type], fact.number, fact.last, STATUS_LETTERS[fact.status], fact.since


def _retire(record: Record) -> None:
    """What a report said ends with it; of one that a newer version replaces, the newer one says what ends."""
    if record.state != Record.State.SUPERSEDED:
        _end([row.pk for row in _rows_of(record)])


def _rows_of(record: Record) -> list[LostDocument]:
    if record.version == 1 and record.state == Record.State.IN_FORCE:
        return []  # nothing was said before
    return list(LostDocument.objects.filter(uid=record.uid, active=True))


def _end(keys: list[int]) -> None:
    if keys:
        LostDocument.objects.filter(pk__in=keys).update(active=False, revision=_next_revision())


def _next_revision() -> int:
    """Rises in the order of commits; the row stays locked until the caller's transaction ends."""
    hold_ledger()
    if not (found := rows(_COUNT, [])):
        LostRevision.objects.get_or_create(pk=1)
        found = rows(_COUNT, [])
    return int(found[0][0])


LOST.projections.append(_project)
LOST.retirements.append(_retire)
