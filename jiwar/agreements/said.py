"""What is said about a text: signatures, accessions, reservations, suspensions, denunciations.

It is read from the signed records themselves, whatever the order in which they came; a record of a post binds nobody.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jiwar.agreements.kinds import (
    ACCESSION,
    AGREEMENT,
    DENUNCIATION,
    EVERY_PARTY,
    LIFE,
    RESERVATION,
    RESUMPTION,
    SIGNATURE,
    SUSPENSION,
    Kind,
)
from jiwar.agreements.logic.verdicts import Clause, Closing, Terms, day_end
from jiwar.agreements.models import Agreement
from jiwar.records.queries import about, newest_version

if TYPE_CHECKING:
    from jiwar.records.models import Record

FOR_EVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_NAMES = {kind.name for kind in LIFE}
# What closes stands even when its record has run out: silence reopens nothing, and closes nothing anew.
_STANDS = {"in_force", "expired"}


@dataclass(frozen=True, slots=True)
class Accession:
    """A state that would join, or come back (`anew`): `waits_for` are the parties whose word it still takes."""

    record: "Record"
    agreed: tuple["Record", ...]
    waits_for: tuple[str, ...]
    anew: bool = False

    @property
    def until(self) -> dt.datetime:
        """When it ends, if nothing ends it before."""
        return min(until(record) for record in (self.record, *self.agreed))


@dataclass(slots=True)
class Said:
    """What counts for one text. `suspensions` come with what ended them; `signatures` are of exactly this text."""

    row: Agreement
    signatures: list["Record"] = field(default_factory=list)
    accessions: list[Accession] = field(default_factory=list)
    reservations: list["Record"] = field(default_factory=list)
    suspensions: list[tuple["Record", "Record | None"]] = field(default_factory=list)
    denunciations: list["Record"] = field(default_factory=list)
    everything: list["Record"] = field(default_factory=list)

    @property
    def left(self) -> frozenset[str]:
        """States that denounced it and have not come back."""
        return frozenset(record.origin for record in self.denunciations)

    @property
    def members(self) -> frozenset[str]:
        """Parties of the text, and states that would accede or have."""
        return frozenset(self.row.parties) | {accession.record.origin for accession in self.accessions}

    @property
    def returning(self) -> frozenset[str]:
        """States that left, and whose accession anew still takes a word."""
        return frozenset(each.record.origin for each in self.accessions if each.anew and each.waits_for)

    def open_suspensions(self, party: str) -> list["Record"]:
        """Suspensions by one party that it has not ended."""
        return [pause for pause, end in self.suspensions if pause.origin == party and end is None]

    def terms(self) -> Terms:
        """The text and all of this, as the decision takes it."""
        row, record, members = self.row, self.row.record, self.members
        clauses = tuple(_clause(clause, members) for clause in row.clauses)
        return Terms(
            uid=row.uid,
            reference=row.reference,
            parties=members,
            signed=self._signed(),
            starts=row.starts,
            ends=row.ends,
            until=until(record),
            clauses=clauses,
            # A party that left and came back is bound as one that joins: the others' word does not hang on its.
            acceded=(members - set(row.parties)) | self.returned,
            closings=tuple(sorted(self._closings(), key=lambda c: (c.uid, c.code))),
            ended=record.state != "in_force",
        )

    @property
    def returned(self) -> frozenset[str]:
        """States that left and have come back: bound as those that join, so that the others' word hangs on none."""
        return frozenset(each.record.origin for each in self.accessions if each.anew and not each.waits_for)

    def _signed(self) -> dict[str, dt.datetime]:
        signed = {self.row.record.origin: until(self.row.record)}  # issuing it is its origin's signature
        for record in self.signatures:
            if record.state == "in_force":
                signed[record.origin] = max(until(record), signed.get(record.origin, until(record)))
            elif record.origin in self.left:
                signed.setdefault(record.origin, until(record))
        for accession in self.accessions:
            if not accession.waits_for:
                state = accession.record.origin
                signed[state] = max(accession.until, signed.get(state, accession.until))
        # Who has left need not renew its word for the others to go on.
        return signed | {party: FOR_EVER for party in self.left if party in signed}

    def _closings(self) -> Iterator[Closing]:
        every = frozenset(clause["id"] for clause in self.row.clauses)
        members = self.members
        for record in self.denunciations:
            yield Closing("denounced", record.uid, record.origin, every)
        for pause, end in self.suspensions:
            named = frozenset(pause.body.get("clauses", ()))
            if end is None and pause.origin in members:
                yield Closing("suspended", pause.uid, pause.origin, named & every if named else every)
        taken_back: dict[str, set[str]] = defaultdict(set)
        standing: dict[str, set[str]] = defaultdict(set)
        for record in self.reservations:
            if record.state == "withdrawn":
                taken_back[record.origin] |= set(record.body["clauses"])
            elif record.origin in members:
                standing[record.origin] |= set(record.body["clauses"])
                yield Closing("reserved", record.uid, record.origin, frozenset(record.body["clauses"]) & every)
        # A signature closes what it reserves by itself: it may arrive before its reservations.
        for record in (*self.signatures, *(accession.record for accession in self.accessions)):
            reserves = record.body.get("reserves") or {"clauses": []}
            left = set(reserves["clauses"]) - taken_back[record.origin] - standing[record.origin]
            if left and record.state == "in_force":
                yield Closing("reserved", record.uid, record.origin, frozenset(left) & every)


def said(rows: Iterable[Agreement]) -> list[Said]:
    """What counts for each of some texts, whose records must be loaded; two queries."""
    rows = list(rows)
    records = _Records()
    first = records.load(row.uid for row in rows)
    records.load(record.uid for record in first if record.kind in {ACCESSION.name, SUSPENSION.name})
    return [_of(row, records) for row in rows]


def text_about(target: object) -> "Record | None":
    """The agreement's record that one is, or is about, directly or through what was said about it."""
    record = newest_version(target)
    for _ in range(2):  # of the end of a suspension of it
        if record is None or record.kind == AGREEMENT.name or record.about is None:
            break
        record = newest_version(record.about)
    return record if record is not None and record.kind == AGREEMENT.name else None


def until(record: "Record") -> dt.datetime:
    """A record is used to its end, but no longer than the day of its review (`records.services.expire`)."""
    return min(record.valid_until, day_end(record.review_on))


class _Records:
    """Records about others, by what they are about and their kind."""

    def __init__(self) -> None:
        self._found: dict[tuple[UUID | None, str], list[Record]] = defaultdict(list)

    def load(self, targets: Iterable[UUID]) -> list["Record"]:
        """What is said about these by states, in the order of arrival."""
        found = about(targets, _NAMES).exclude(state__in=("superseded", "not_understood"))
        records = [record for record in found if record.node == record.origin]
        for record in records:
            self._found[record.about, record.kind].append(record)
        return records

    def of(self, target: UUID, kind: Kind, **body: Any) -> list["Record"]:
        """Records of a kind about one, whose body says this."""
        records = self._found[target, kind.name]
        return [r for r in records if all(r.body.get(name) == value for name, value in body.items())]

    def about(self, target: UUID) -> Iterator["Record"]:
        """Everything about one."""
        for name in _NAMES:
            yield from self._found[target, name]


def _of(row: Agreement, records: _Records) -> Said:
    digest, parties = row.record.hash, set(row.parties)
    found = Said(row)
    found.denunciations = _standing(records.of(row.uid, DENUNCIATION, hash=digest))
    signatures = _own_word(records.of(row.uid, SIGNATURE, hash=digest))
    ever_left = found.left
    found.signatures = [r for r in signatures if r.origin in parties and _counts(r, ever_left)]
    accessions = _own_word(records.of(row.uid, ACCESSION, hash=digest))
    back = [r for r in accessions if _comes_back(r, found.denunciations)]
    coming = {record.origin for record in back}
    joined = [r for r in accessions if r.origin not in parties | coming and _counts(r, ever_left)]
    for record in (*joined, *back):
        agreed = [s for s in _own_word(records.of(record.uid, SIGNATURE, hash=record.hash)) if s.state == "in_force"]
        needed = parties - ever_left if record.origin not in row.open_to else set()
        agreed = [s for s in agreed if s.origin in needed]
        waits_for = needed - {s.origin for s in agreed}
        found.accessions.append(Accession(record, tuple(agreed), tuple(sorted(waits_for)), record in back))
    members = found.members
    found.denunciations = [r for r in found.denunciations if r.origin in members - found.returned]
    found.reservations = [r for r in records.of(row.uid, RESERVATION, hash=digest) if r.origin in members]
    for pause in _standing(records.of(row.uid, SUSPENSION)):
        if pause.origin in members:
            ends = [end for end in _standing(records.of(pause.uid, RESUMPTION)) if end.origin == pause.origin]
            found.suspensions.append((pause, ends[0] if ends else None))
    about_them = [record for said in records.about(row.uid) for record in (said, *records.about(said.uid))]
    found.everything = sorted(about_them, key=lambda record: record.pk)
    return found


def _comes_back(accession: "Record", denunciations: Iterable["Record"]) -> bool:
    """Whether a state accedes anew after everything by which it left: an accession of before brings nobody back."""
    left = {str(record.uid) for record in denunciations if record.origin == accession.origin}
    return accession.state == "in_force" and bool(left) and left <= set(accession.body.get("after", ()))


def _standing(records: Iterable["Record"]) -> list["Record"]:
    return [record for record in records if record.state in _STANDS]


def _own_word(records: Iterable["Record"]) -> list["Record"]:
    """A state signs for itself alone."""
    return [record for record in records if record.body["party"] == record.origin]


def _counts(record: "Record", left: frozenset[str]) -> bool:
    """A signature counts while its record is in force; of who has left, that there was one."""
    return record.state == "in_force" or record.origin in left


def _clause(clause: dict[str, Any], members: frozenset[str]) -> Clause:
    return Clause(
        clause["id"],
        frozenset(clause["kinds"]),
        frozenset(clause["purposes"]),
        _states(clause["from_states"], members),
        _states(clause["to_states"], members),
        clause["onward"],
        clause["depth_km"],
        clause["retention_days"],
        clause["answer_within_hours"],
    )


def _states(named: list[str], members: frozenset[str]) -> frozenset[str]:
    return members if EVERY_PARTY in named else frozenset(named)
