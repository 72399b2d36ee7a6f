"""Bodies of the records that agreements are made of: the text, a party's signature, a suspension, a resumption."""

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

Reference = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}(-[A-Z]{3}){0,9}-[0-9]{4}-[0-9]{2}$")]
ClauseId = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,10}(-[0-9]{1,3}){1,3}$")]
KindPattern = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*(\.\*)?$", max_length=60)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


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


class Clause(Body):
    """What opens: these kinds of record, for these purposes, from these states to those.

    A kind may end in `.*` and then covers every kind that begins so. `onward`: whether the recipient may pass on what
    it got under this clause.
    """

    id: ClauseId
    kinds: Annotated[tuple[KindPattern, ...], Field(min_length=1, max_length=50)]
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=len(Purpose))]
    from_states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    to_states: Annotated[tuple[State, ...], Field(min_length=1, max_length=10)]
    onward: Onward = "no"
    text: Wording

    _once = field_validator("kinds", "purposes", "from_states", "to_states")(_unique)


class AgreementBody(Body):
    """An agreement between states. It opens nothing before every party has signed exactly this text."""

    model_config = ConfigDict(title="Agreement between states")
    reference: Reference
    title: Title
    parties: Annotated[tuple[State, ...], Field(min_length=2, max_length=10)]
    clauses: Annotated[tuple[Clause, ...], Field(min_length=1, max_length=50)]
    starts: dt.date
    ends: dt.date | None
    legal_basis: Text

    _once = field_validator("parties")(_unique)

    @field_validator("clauses")
    @classmethod
    def _each_clause_once(cls, clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        _unique(tuple(clause.id for clause in clauses))
        return clauses

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.ends is not None and self.ends < self.starts:
            raise ValueError("ends_before_start")
        if any(not {*c.from_states, *c.to_states} <= set(self.parties) for c in self.clauses):
            raise ValueError("clause_of_no_party")
        return self


class SignatureBody(Body):
    """A party agrees to exactly this text: `hash` is that of the agreement's record."""

    model_config = ConfigDict(title="Signature of an agreement")
    target: UUID
    hash: Hash
    party: State


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


def _is_party(content: Content) -> list[Fault]:
    assert isinstance(content.body, AgreementBody)
    return [] if settings.NODE.state in content.body.parties else [Fault("own_state_no_party", "body.parties")]


def _other_parties(content: Content) -> Iterable[str]:
    assert isinstance(content.body, AgreementBody)
    return [party for party in content.body.parties if party != settings.NODE.state]


def _instrument(
    name: str, body: type[Body], review: dt.timedelta, *, four_eyes: bool = False, cosigned: bool = False
) -> Kind:
    return register(
        Kind(
            name,
            1,
            body,
            personal=False,
            four_eyes=four_eyes,
            instrument=True,
            cosigned=cosigned,
            longest=20 * YEAR,
            review=review,
        )
    )


AGREEMENT = _instrument("agreement", AgreementBody, 5 * YEAR, four_eyes=True, cosigned=True)
AGREEMENT.check, AGREEMENT.addressees = _is_party, _other_parties
# These follow the agreement's review; `services` says whom they are for, since that stands in the agreement.
SIGNATURE = _instrument("agreement.signature", SignatureBody, 20 * YEAR, four_eyes=True, cosigned=True)
SUSPENSION = _instrument("agreement.suspension", SuspensionBody, 20 * YEAR)
RESUMPTION = _instrument("agreement.resumption", ResumptionBody, 20 * YEAR)
