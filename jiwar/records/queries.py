"""Reads of records and drafts."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from jiwar.records.kinds import WITHDRAWAL
from jiwar.records.models import Acknowledgement, Draft, Record


def held(kind: str) -> QuerySet[Record]:
    """Records of a kind, own and received, newest first."""
    return Record.objects.filter(kind=kind)


def newest_version(uid: object) -> Record | None:
    """The newest version held of a record."""
    return Record.objects.filter(uid=uid).order_by("-version").first()


def versions(uids: Iterable[UUID]) -> QuerySet[Record]:
    """Every version held of some records, the oldest first."""
    return Record.objects.filter(uid__in=list(uids)).order_by("uid", "version")


def about(targets: Iterable[UUID], kinds: Iterable[str]) -> QuerySet[Record]:
    """Records of some kinds about others, own and received, in the order in which they were stored."""
    return Record.objects.filter(about__in=list(targets), kind__in=list(kinds)).order_by("pk")


def drafts(*kinds: str) -> QuerySet[Draft]:
    """Open drafts of these kinds."""
    closed = [Draft.State.ISSUED, Draft.State.DISCARDED]
    return Draft.objects.filter(kind__in=kinds).exclude(state__in=closed).select_related("author")


def withdrawal_of(record: Record) -> Record | None:
    """The withdrawal of a record, if its origin took it back."""
    return Record.objects.filter(kind=WITHDRAWAL.name, origin=record.origin, about=record.uid).first()


def acknowledgements(withdrawal: Record) -> QuerySet[Acknowledgement]:
    """Who said that the withdrawal is applied."""
    return withdrawal.acknowledgements.all()
