"""Record bodies of the watchlist, and the facts about a listed subject that all of them carry."""

import datetime as dt
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, field_validator, model_validator

from jiwar.records.content import Body, Line, Moment, State
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.watchlist.logic import evidence, identifiers
from jiwar.watchlist.logic.alert_rules import SUBJECTS
from jiwar.watchlist.logic.dates import PartialDate
from jiwar.watchlist.logic.quality import quality

NameKind = Literal["name", "alias", "former", "original_script"]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]


SubjectType = Literal[
    "person", "organisation", "armed_group", "vehicle", "vessel", "aircraft", "document", "device", "account", "object"
]
GROUPS: Final = frozenset(SUBJECTS["group"])
THINGS: Final = frozenset(SUBJECTS["object"])
NAMED: Final = frozenset({"person", "vessel"}) | GROUPS
"""What is found by its name. Of any other thing the name only describes it: white Toyota Hilux."""


class NameFact(Body):
    """One spelling. `script` is an ISO 15924 code where the source says it; `source` where it is not the record's."""

    text: Line
    script: Annotated[str, StringConstraints(pattern=r"^([A-Z][a-z]{3})?$")] = ""
    kind: NameKind = "name"
    quality: Literal["good", "low"] = "good"
    source: Annotated[str, StringConstraints(max_length=200)] = ""


class BirthDate(Body):
    """`date` is "1974", "1974-12", "1974-12-05" or "1970/1975" (between); `approximate` where the source says about."""

    date: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?|/[0-9]{4})?$")]
    approximate: bool = False

    @field_validator("date")
    @classmethod
    def _is_a_date(cls, text: str) -> str:
        PartialDate.parse(text)
        return text

    @property
    def partial(self) -> PartialDate:
        return PartialDate.parse(f"{'~' if self.approximate else ''}{self.date}")

    @classmethod
    def of(cls, date: PartialDate) -> "BirthDate":
        return cls(date=str(date).removeprefix("~"), approximate=date.approximate)


class DocumentFact(Body):
    """`type` as the source words it; `country` the issuing state, empty where unknown; `number` as written."""

    type: Annotated[str, StringConstraints(max_length=100)] = ""
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    number: Annotated[str, StringConstraints(min_length=1, max_length=100)]


IdentifierKind = Literal[
    "account", "callsign", "hull", "iban", "icao24", "imei", "imo", "imsi", "mmsi", "other", "phone", "plate",
    "serial", "tail", "vin",
]  # fmt: skip


class IdentifierFact(Body):
    """A number of a thing or of a line, as written; `country` is where it is registered, empty where unknown."""

    kind: IdentifierKind
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    number: Annotated[str, StringConstraints(min_length=1, max_length=identifiers.LONGEST)]

    @property
    def fault(self) -> str:
        """Why it stops nobody: a code of the words group `fault`, or ""."""
        return identifiers.fault(self.kind, self.number, self.country)


class PlaceFact(Body):
    """A place of a subject, as the source words it."""

    kind: Literal["birth", "residence", "address", "seen", "other"]
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    text: Line


class RelationFact(Body):
    """What the subject is to another: a `relative` of, the `owner` of. The other by name, or by its record's uid."""

    kind: Literal[
        "associate", "crew", "financier", "leader", "member", "other", "owner", "relative", "supplier", "user"
    ]  # fmt: skip
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    target: UUID | None = None

    @model_validator(mode="after")
    def _to_someone(self) -> Self:
        if not self.name and self.target is None:
            raise ValueError("missing")
        return self


class SubjectFacts(Body):
    """Who or what is listed: what screening compares and an officer reads.

    No field for religion, tribe, politics or health (rule R4).
    """

    type: SubjectType = "person"
    names: Annotated[tuple[NameFact, ...], Field(min_length=1, max_length=50)]
    birth_dates: Annotated[tuple[BirthDate, ...], Field(max_length=20)] = ()
    sexes: Annotated[tuple[Literal["M", "F", "X"], ...], Field(max_length=3)] = ()
    nationalities: Annotated[tuple[State, ...], Field(max_length=20)] = ()
    documents: Annotated[tuple[DocumentFact, ...], Field(max_length=50)] = ()
    place_of_birth: Annotated[str, StringConstraints(max_length=200)] = ""
    identifiers: Annotated[tuple[IdentifierFact, ...], Field(max_length=50)] = ()
    places: Annotated[tuple[PlaceFact, ...], Field(max_length=50)] = ()
    relations: Annotated[tuple[RelationFact, ...], Field(max_length=50)] = ()


_LOGIC_KIND = {"name": "primary"}


def to_subject(key: str, facts: SubjectFacts, card: str = "") -> evidence.Subject:
    """What the index compares; `key` is the record's uid.

    A number that can be none of its kind is left out (rule R16), and so is what only describes a thing.
    """
    names = facts.names if facts.type in NAMED else ()
    return evidence.Subject(
        key=key,
        names=tuple(evidence.Name(n.text, _LOGIC_KIND.get(n.kind, n.kind), n.quality) for n in names),
        birth_dates=tuple(born.partial for born in facts.birth_dates),
        sexes=facts.sexes,
        nationalities=facts.nationalities,
        documents=tuple(evidence.Document(d.type, d.country, d.number) for d in facts.documents),
        identifiers=tuple(evidence.Identifier(i.kind, i.country, i.number) for i in facts.identifiers if not i.fault),
        type=facts.type,
        card=card,
        birth_places=tuple(
            filter(None, (facts.place_of_birth, *(place.text for place in facts.places if place.kind == "birth")))
        ),
        relatives=tuple(one.name for one in facts.relations if one.kind == "relative" and one.name),
    )


def to_question(facts: SubjectFacts) -> evidence.Query:
    """What a screening would ask about a subject itself: of what it asks one value of, the only one, or none."""
    good = [name.text for name in facts.names if name.quality != "low"] or [facts.names[0].text]
    return evidence.Query(
        names=tuple(good[:5]) if facts.type in NAMED else (),
        birth_date=facts.birth_dates[0].partial if len(facts.birth_dates) == 1 else None,
        sex=facts.sexes[0] if len(facts.sexes) == 1 and facts.sexes[0] != "X" else "",
        nationality=facts.nationalities[0] if len(facts.nationalities) == 1 else "",
        documents=tuple(evidence.Document(d.type, d.country, d.number) for d in facts.documents[:5]),
        identifiers=tuple(
            evidence.Identifier(i.kind, i.country, i.number) for i in facts.identifiers[:5] if not i.fault
        ),
    )


def is_complete(facts: SubjectFacts) -> bool:
    """Whether these facts can tell one subject from another well enough to stop anyone (rule R16), by `logic.quality`.

    The least for a person is a document number of four characters, or a name that is not of low quality and has two
    parts, or one such part with a date of birth. An organisation or an armed group needs a name that can be read; a
    thing a number that can be right, a lost document its own.
    """
    return quality(facts.model_dump(mode="json")).stops


ListCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,39}$")]


class Listing(Body):
    """One entry of a list, as it stood when it was read. `reference` is the list's own number.

    `list` is of the words group `list`, or a spreadsheet's own code, which `list_title` explains; `un_list_type` is the
    regime or the programmes, by whichever list.
    """

    list: ListCode
    list_title: Annotated[str, StringConstraints(max_length=200)] = ""
    reference: Reference
    un_list_type: Annotated[str, StringConstraints(max_length=200)] = ""
    subject: SubjectFacts
    listed_on: dt.date | None = None
    designations: Annotated[tuple[Annotated[str, StringConstraints(max_length=1000)], ...], Field(max_length=30)] = ()
    comments: Annotated[str, StringConstraints(max_length=5000)] = ""
    source_updated_on: dt.date | None = None


SourceCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,29}$")]


class Said(Body):
    """One thing that a source says of a subject and that has no field; `what` is of the words group `foreign_said`."""

    what: Literal[
        "address", "appearance", "authority", "birth_place", "confidence", "contact", "description", "document",
        "event", "goal", "label", "note", "pattern", "place", "programme", "reason", "reference", "relation", "role",
        "sector", "seen", "title",
    ]  # fmt: skip
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class ForeignListing(Body):
    """A subject of what a source outside the exchange says, as it stood when a person took it in.

    `said_by` is the state that speaks in it, empty where none does; `reference` the source's own identifier.
    """

    model_config = ConfigDict(title="Entry of a foreign list")
    source: SourceCode
    source_title: Line
    said_by: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    format: Literal["ftm", "misp", "stix"]
    reference: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    subject: SubjectFacts
    said: Annotated[tuple[Said, ...], Field(max_length=60)] = ()
    said_at: Moment | None = None


# Every state reads the list itself: a listing stays with its importer and its posts.
LISTING_PERSON = register(Kind("listing.person", 1, Listing, posts=True, addressees=nobody, priority=6))
LISTING_ENTITY = register(Kind("listing.entity", 1, Listing, posts=True, addressees=nobody, priority=6))
LISTING_FOREIGN = register(
    Kind("listing.foreign", 1, ForeignListing, posts=True, addressees=nobody, longest=YEAR, review=YEAR, priority=6)
)
