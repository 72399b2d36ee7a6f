"""Bodies of a question whether a neighbour holds something on a subject, and of its answer: yes or no, hardly more."""

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.records.content import Body, Content, Line, Moment, State
from jiwar.records.kinds import Kind, register
from jiwar.watchlist.kinds import BirthDate, DocumentFact, IdentifierFact, SubjectFacts

if TYPE_CHECKING:
    from jiwar.records.services import Record

DAYS = 14
"""How long a question waits: time for a memory stick to go and come back."""
MOST_RECORDS = 5
REFUSALS = ("inquiry_quota",)
Refusal = Annotated[str, StringConstraints(pattern=r"^inquiry_[a-z_]{1,40}$")]
"""One of REFUSALS; a neighbour's newer program may have others."""
_LEAST_NUMBER = 4


class InquirySubject(Body):
    """Whom or what is asked about, and no more than tells them from others.

    A name with a date of birth, or a number of a document or a thing: a name alone would fetch every namesake.
    """

    names: Annotated[tuple[Line, ...], Field(max_length=3)] = ()
    birth_date: Annotated[str, StringConstraints(max_length=10)] = ""
    documents: Annotated[tuple[DocumentFact, ...], Field(max_length=3)] = ()
    identifiers: Annotated[tuple[IdentifierFact, ...], Field(max_length=3)] = ()

    @field_validator("birth_date")
    @classmethod
    def _is_a_date(cls, text: str) -> str:
        if text:
            BirthDate(date=text)
        return text

    @model_validator(mode="after")
    def _tells_one_from_another(self) -> Self:
        if not any(sum(c.isalnum() for c in number) >= _LEAST_NUMBER for number in self._numbers):
            if not self.names:
                raise ValueError("query_empty")
            if not self.birth_date:
                raise ValueError("inquiry_name_alone")
        return self

    @property
    def _numbers(self) -> list[str]:
        return [*(each.number for each in self.documents), *(each.number for each in self.identifiers)]

    @property
    def facts(self) -> SubjectFacts:
        """The same as the watchlist compares it."""
        names = [{"text": name} for name in self.names]
        without = {"text": "?", "quality": "low"}
        return SubjectFacts.model_validate(
            {
                "names": names or [without],
                "birth_dates": [{"date": self.birth_date}] if self.birth_date else [],
                "documents": self.documents,
                "identifiers": self.identifiers,
            }
        )


class InquiryBody(Body):
    """A question to one state: does it hold something on this subject, for this purpose? `case`: the asker's own."""

    model_config = ConfigDict(title="Question on a subject")
    addressee: State
    subject: InquirySubject
    case: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    urgent: bool = False


class InquiryAnswerBody(Body):
    """The answer to one question. `records`: what is held, of which the asker could be sent each under an agreement.

    A hit without records: it holds something that it does not send; its contact point is to be asked. No hit: nothing
    is held that it may tell of. Refused: with when it may be asked again.
    """

    model_config = ConfigDict(title="Answer to a question on a subject")
    target: UUID
    addressee: State
    answer: Literal["hit", "no_hit", "refused"]
    records: Annotated[tuple[UUID, ...], Field(max_length=MOST_RECORDS)] = ()
    refusal: Refusal | None = None
    again_at: Moment | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.refusal is not None) != (self.answer == "refused") or (self.records and self.answer != "hit"):
            raise ValueError("inquiry_answer_incoherent")
        return self


def _addressee(content: Content) -> Iterable[str]:
    assert isinstance(content.body, InquiryBody | InquiryAnswerBody)
    return (content.body.addressee,)


def _is_urgent(record: "Record") -> bool:
    return record.body.get("urgent") is True


_SPAN = dt.timedelta(days=DAYS + 1)
INQUIRY = register(
    Kind(
        "inquiry", 1, InquiryBody, longest=_SPAN, review=_SPAN, addressees=_addressee, urgent_if=_is_urgent, priority=3
    )
)
ANSWER = register(
    Kind("inquiry.answer", 1, InquiryAnswerBody, longest=_SPAN, review=_SPAN, addressees=_addressee, priority=3)
)
