"""The edition that a post holds, as screening searches it beside the post's alerts: in one index, for one answer."""

import datetime as dt
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from pydantic import ValidationError

from jiwar.records.services import Record
from jiwar.watchlist import edition_files as files
from jiwar.watchlist.kinds import SubjectFacts, to_subject
from jiwar.watchlist.live_index import LITTLE, MOST_CHANGES, LiveIndex
from jiwar.watchlist.logic import edition
from jiwar.watchlist.logic.edition import Said
from jiwar.watchlist.logic.evidence import Subject
from jiwar.watchlist.logic.index import Index
from jiwar.watchlist.models import Edition, Entry

log = logging.getLogger(__name__)

_REVISION = 40
"""Bits of the revision of entries below the sequence."""


class PostIndex(LiveIndex):
    """What a post searches: its own entries, which are alerts, and the subjects of the edition in use.

    Its series names the whole file below the edition; its revision is the edition's sequence, then that of the entries.
    """

    def __init__(self, folder: Path, most_changes: int = MOST_CHANGES, little: int = LITTLE) -> None:
        super().__init__(folder, most_changes, little)
        self._ahead: list[Edition] = []

    def make_ahead(self, row: Edition) -> None:
        """Build the file for a whole edition that is about to be used, so that no search waits for it then."""
        self._ahead = [row]
        self.make_file(0)

    def _rows(self) -> list[Edition]:
        return self._ahead or _in_use(timezone.now())

    def _newest(self) -> tuple[str, int]:
        series, revision = super()._newest()
        rows = self._rows()
        if not rows:
            return series, revision
        return f"{series or 'none'}.{rows[0].name[:32]}", (rows[-1].sequence << _REVISION) + revision

    def _changes(self, revision: int) -> Iterator[tuple[str, Subject | None]]:
        sequence, revision = divmod(revision, 1 << _REVISION)
        yield from super()._changes(revision)
        for row in self._rows():
            if row.sequence > sequence:
                for uid, said in edition.read(files.pieces(row)):
                    yield str(uid), _subject(uid, said) if said is not None else None

    def _behind(self, revision: int) -> int:
        sequence, revision = divmod(revision, 1 << _REVISION)
        rows = [row for row in self._rows() if row.sequence > sequence]
        return super()._behind(revision) + sum(row.changes for row in rows)

    def _count(self) -> int:
        rows = self._rows()
        return super()._count() + (rows[-1].subjects if rows else 0)

    def _subjects(self) -> Iterator[Subject]:
        yield from super()._subjects()
        if rows := self._rows():
            found = (_subject(uid, said) for uid, said in files.subjects(rows))
            yield from (subject for subject in found if subject is not None)


def make_ahead(row: Edition) -> None:
    """As `PostIndex.make_ahead`, where there is so much in it that a search would wait."""
    if row.subjects > LITTLE:
        PostIndex(settings.DATA / "index").make_ahead(row)


def held_edition() -> Edition | None:
    """The edition that a post holds, in use or over; None at a national node, which searches its own entries."""
    if settings.NODE.role != "post":
        return None
    return Edition.objects.filter(state=Edition.State.HELD).order_by("-sequence", "-pk").first()


def standing(keys: Iterable[str], current: Callable[[], Index], at: dt.datetime) -> dict[str, Entry]:
    """Those of these subjects that the edition in use has and that are in force at this moment, by key.

    As entries that stand in no table: what the hit card shows of them is in the edition.
    """
    if settings.NODE.role != "post" or not _in_use(at):
        return {}
    index = current()
    found = ((key, index.subject(key)) for key in keys)
    return {key: entry for key, subject in found if subject and subject.card and (entry := _entry(subject, at))}


def _in_use(at: dt.datetime) -> list[Edition]:
    """The chain that is searched: none once its time has run out (rule R9)."""
    rows = files.chain()
    return rows if rows and rows[-1].expires_at > at else []


def _subject(uid: UUID, said: Said) -> Subject | None:
    """What screening compares; None for a cluster, and for what this program is too old to read."""
    if edition.is_cluster(uid):
        return None
    try:
        facts = SubjectFacts.model_validate(said["facts"])
    except (KeyError, ValidationError):
        log.warning("edition: a subject is of a newer program")
        return None
    return replace(
        to_subject(str(uid), facts), card=json.dumps(said["card"], ensure_ascii=False, separators=(",", ":"))
    )


_FACTS_KIND = {"primary": "name"}


def _entry(subject: Subject, at: dt.datetime) -> Entry | None:
    """None where its own time has run out."""
    card = json.loads(subject.card)
    until, review = dt.datetime.fromisoformat(card["valid_until"]), dt.date.fromisoformat(card["review_on"])
    if until <= at or review < at.date():
        return None
    facts = {
        "type": subject.type,
        "names": [{"text": n.text, "kind": _FACTS_KIND.get(n.kind, n.kind)} for n in subject.names],
        "birth_dates": [
            {"date": str(date).removeprefix("~"), "approximate": date.approximate} for date in subject.birth_dates
        ],
        "sexes": subject.sexes,
        "nationalities": subject.nationalities,
        "documents": [{"type": d.type, "country": d.country, "number": d.number} for d in subject.documents],
    }
    record = Record(
        uid=UUID(subject.key), version=card["version"], kind=card["kind"], origin=card["origin"], node=card["origin"],
        valid_until=until, review_on=review, state=Record.State.IN_FORCE,
    )  # fmt: skip
    return Entry(
        uid=record.uid, record=record, category=Entry.Category.LISTING, reference=card["reference"],
        action=card["action"], facts=facts, active=True, complete=True,
    )  # fmt: skip
