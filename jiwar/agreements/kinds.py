"""Bodies of the records that agreements are made of: the text, and what parties say about it."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any, Self
from uuid import UUID

from django.conf import settings
from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.access.permissions import Purpose
from jiwar.records.content import Body, Content, Line, Onward, State, Text
from jiwar.records.kinds import YEAR, Kind, register
from jiwar.wire.faults import Fault

EVERY_PARTY = "*"
"""In a clause's states: all parties, those that accede included."""

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}(-[A-Z]{3}){0,9}-[0-9]{4}-[0-9]{2}$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,10}(-[0-9]{1,3}){1,3}$")]
KindPattern = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*(\.\*)?$", max_length=60)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
PartyOrEvery = Annotated[str, StringConstraints(pattern=r"^([A-Z]{3}|\*)$")]


class Title(Body):
    """A line in the three languages of the Plan."""

    ar: Line
    fr: Line
    en: Line


class Wording(Body):
    """A text in the three languages, each authentic."""

    ar: Text
    fr: Text
    en: Text


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("said_twice")
    return values


class Clause1(Body):
    """What opens: these kinds of record, for these purposes, from these states to those.

    A kind may end in `.*` and then covers every kind that begins so. `onward`: whether the recipient may pass on what
    it got under this clause.
    """

    model_config = ConfigDict(title="Clause")
    id: ClauseId
    kinds: Annotated[tuple[KindPattern, ...], Field(min_length=1, max_length=50)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=len(Purpose))]
    from_states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    to_states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    onward: Onward = "no"
    text: Wording

    _once = field_validator("kinds", "purposes", "from_states", "to_states")(_unique)


class Clause(Clause1):
    """A clause of version 2.

    A state may be `*`: every party, those that accede included. `depth_km`: how far beyond the border a record may
    reach. `retention_days`: how long the recipient may keep one. `answer_within_hours`: how soon it answers one.
    """

    from_states: Annotated[tuple[PartyOrEvery, ...], Field(min_length=1, max_length=10)]
    to_states: Annotated[tuple[PartyOrEvery, ...], Field(min_length=1, max_length=10)]
    depth_km: Annotated[int | None, Field(ge=0, le=500)] = None
    retention_days: Annotated[int | None, Field(ge=1, le=1825)] = None
    answer_within_hours: Annotated[int | None, Field(ge=1, le=8760)] = None


class AgreementBody1(Body):
    """An agreement between states, version 1. It opens nothing before every party has signed exactly this text."""

    model_config = ConfigDict(title="Agreement between states")
    reference: Reference
    title: Title
    parties: Annotated[tuple[State, ...], Field(min_length=2, max_length=10)]
    clauses: Annotated[tuple[Clause1, ...], Field(min_length=1, max_length=50)]
    starts: dt.date
    ends: dt.date | None
    legal_basis: Text

    _once = field_validator("parties")(_unique)

    @field_validator("clauses")
    @classmethod
    def _each_clause_once(cls, clauses: tuple[Clause1, ...]) -> tuple[Clause1, ...]:
        _unique(tuple(clause.id for clause in clauses))
        return clauses

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.ends is not None and self.ends < self.starts:
            raise ValueError("ends_before_start")
        if any(not {*c.from_states, *c.to_states} <= self._nameable() for c in self.clauses):
            raise ValueError("clause_of_no_party")
        return self

    def _nameable(self) -> set[str]:
        """States that a clause may name."""
        return set(self.parties)


class AgreementBody(AgreementBody1):
    """An agreement between states. It opens nothing before every party has signed exactly this text.

    `open_to`: states that may accede without being asked; any other takes the word of every party.
    """

    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=50)]
    open_to: Annotated[tuple[State, ...], Field(max_length=10)] = ()

    _open_once = field_validator("open_to")(_unique)

    @model_validator(mode="after")
    def _open_to_others(self) -> Self:
        if set(self.open_to) & set(self.parties):
            raise ValueError("open_to_a_party")
        return self

    def _nameable(self) -> set[str]:
        return {*self.parties, *self.open_to, EVERY_PARTY}


class SignatureBody1(Body):
    """A party agrees to exactly this text: `hash` is that of the agreement's record."""

    model_config = ConfigDict(title="Signature of an agreement")
    target: UUID
    hash: Hash
    party: State


class Reserve(Body):
    """Clauses that a party excludes for itself, both ways, as it signs or accedes."""

    clauses: Annotated[tuple[ClauseId, ...], Field(min_length=1, max_length=50)]
    reason: Line

    _once = field_validator("clauses")(_unique)


class SignatureBody(SignatureBody1):
    """A party agrees to exactly this text (`hash` is that of its record), or to another state's accession to one.

    What it reserves is closed to it from this record on, whether or not the reservations themselves have arrived.
    """

    reserves: Reserve | None = None


class AccessionBody(SignatureBody):
    """A state accedes to exactly this text: at once where the text is open to it, else when every party has signed.

    `after`: each denunciation by which it left this text before, as it comes back.
    """

    model_config = ConfigDict(title="Accession to an agreement")
    after: Annotated[tuple[UUID, ...], Field(max_length=50)] = ()

    _after_once = field_validator("after")(_unique)


class ReservationBody(Reserve):
    """A party excludes clauses for itself, both ways. A withdrawal of this record takes that back."""

    model_config = ConfigDict(title="Reservation to an agreement")
    target: UUID
    hash: Hash


class SuspensionBody(Body):
    """A party suspends an agreement, or some clauses of it (none named: the whole), from now on."""

    model_config = ConfigDict(title="Suspension of an agreement")
    target: UUID
    clauses: Annotated[tuple[ClauseId, ...], Field(max_length=50)] = ()
    reason: Line


class ResumptionBody(Body):
    """A party ends its own suspension; `target` is the suspension, so that the order of arrival does not matter."""

    model_config = ConfigDict(title="End of a suspension")
    target: UUID
    reason: Line


class DenunciationBody(Body):
    """A party leaves exactly this text; the others stay bound among themselves. It comes back by acceding anew."""

    model_config = ConfigDict(title="Denunciation of an agreement")
    target: UUID
    hash: Hash
    reason: Line


def _is_party(content: Content) -> list[Fault]:
    assert isinstance(content.body, AgreementBody1)
    return [] if settings.NODE.state in content.body.parties else [Fault("own_state_no_party", "body.parties")]


def _concerned(content: Content) -> Iterable[str]:
    body = content.body
    assert isinstance(body, AgreementBody1)
    named = [*body.parties, *(body.open_to if isinstance(body, AgreementBody) else ())]
    return [state for state in named if state != settings.NODE.state]


def _instrument(
    name: str,
    body: type[Body],
    review: dt.timedelta = 20 * YEAR,
    *,
    version: int = 1,
    four_eyes: bool = False,
    cosigned: bool = False,
) -> Kind:
    return register(
        Kind(
            name,
            version,
            body,
            personal=False,
            four_eyes=four_eyes,
            instrument=True,
            cosigned=cosigned,
            longest=20 * YEAR,
            review=review,
        )
    )


AGREEMENTS = [
    _instrument("agreement", body, 5 * YEAR, version=version, four_eyes=True, cosigned=True)
    for version, body in ((1, AgreementBody1), (2, AgreementBody))
]
for each in AGREEMENTS:
    each.check, each.addressees = _is_party, _concerned
AGREEMENT = AGREEMENTS[-1]
# These follow the agreement's review; `services` and `life` say whom they are for, since that stands in the agreement.
SIGNATURES = [
    _instrument("agreement.signature", body, version=version, four_eyes=True, cosigned=True)
    for version, body in ((1, SignatureBody1), (2, SignatureBody))
]
SIGNATURE = SIGNATURES[-1]
ACCESSION = _instrument("agreement.accession", AccessionBody, four_eyes=True, cosigned=True)
RESERVATION = _instrument("agreement.reservation", ReservationBody, cosigned=True)
SUSPENSION = _instrument("agreement.suspension", SuspensionBody)
RESUMPTION = _instrument("agreement.resumption", ResumptionBody)
DENUNCIATION = _instrument("agreement.denunciation", DenunciationBody)
LIFE = (*SIGNATURES, ACCESSION, RESERVATION, SUSPENSION, RESUMPTION, DENUNCIATION)
"""What is said about a text after it is issued, by its parties and by those that would be."""
