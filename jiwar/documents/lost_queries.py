"""Reads about the registry of lost documents for people: reports of this state, and what stands at posts."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import QuerySet

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents import lost_files as files
from jiwar.documents.lost_kinds import LOST, LostReportBody
from jiwar.documents.models import LostDocument, LostEdition, LostHolding, LostImport
from jiwar.identity.queries import neighbours
from jiwar.records.queries import newest_version
from jiwar.records.services import Record

PAGE = 25


@dataclass(frozen=True, slots=True)
class PostState:
    """What a post said last of the registry that it holds; `code` of the words group ``edition_state``."""

    node: str
    name: str
    sequence: int
    rows: int
    told_at: dt.datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class Standing:
    """`held`: the edition in use here. `documents`: how many a national node knows. `posts`: at a national node."""

    held: LostEdition | None
    documents: int
    posts: list[PostState]


def standing(by: Grant) -> Standing:
    """How the registry stands on this node and at its posts; four queries."""
    by.check(Permission.DOCUMENTS_LOST_SEARCH)
    held = files.held()
    if settings.NODE.role != "national":
        return Standing(held, held.rows if held else 0, [])
    said = {row.node: row for row in LostHolding.objects.all()}
    own = neighbours().filter(state=settings.NODE.state, role="post").order_by("code")
    posts = [_post(code, name, said.get(code), held) for code, name in own.values_list("code", "name")]
    return Standing(held, LostDocument.objects.filter(active=True).count(), posts)


def _post(code: str, name: str, said: LostHolding | None, held: LostEdition | None) -> PostState:
    if said is None:
        return PostState(code, name, 0, 0, None, "unheard")
    behind = held is not None and said.sequence < held.sequence
    return PostState(
        code, name, said.sequence, said.rows, said.told_at, said.code or ("behind" if behind else "newest")
    )


@dataclass(frozen=True, slots=True)
class Report:
    """A report of this state: the documents that it names, of a page of reports only how many."""

    record: Record
    body: LostReportBody


def reports(by: Grant, number: int) -> "Page[Record]":
    """Reports of this state in force, the newest first; two queries. The page shows no number of a document."""
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    own = Record.objects.filter(kind=LOST.name, origin=settings.NODE.state, state=Record.State.IN_FORCE)
    return Paginator(own.order_by("-pk"), PAGE).get_page(number)


def open_report(by: Grant, uid: UUID) -> Report | None:
    """One report of this state with its documents; a leaf of the ledger says that it was read."""
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    record = newest_version(uid)
    if record is None or record.kind != LOST.name or record.origin != settings.NODE.state:
        return None
    if record.state != Record.State.IN_FORCE:
        return None
    with transaction.atomic():
        append("lost_report_read", by, str(uid))
    return Report(record, LostReportBody.model_validate(record.body))


def imports(by: Grant) -> "QuerySet[LostImport]":
    """Tables that were read in, the newest first."""
    by.check(Permission.DOCUMENTS_LOST_REPORT)
    return LostImport.objects.all()[:10]
