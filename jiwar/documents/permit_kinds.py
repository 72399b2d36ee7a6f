"""The record of a permit: what this state issued to whom. It stays here: the paper carries what others need (R5).

An emergency travel document, a crossing permit of a border resident or nomad, or a convoy permit.
"""

import datetime as dt
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.documents.logic.permits import LONGEST_DAYS, MOST_NAME, mrz_name
from jiwar.records.content import Body, Content, Line, State
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.wire.faults import Fault

PermitType = Literal["convoy", "crossing", "emergency"]
FamilyRole = Literal[
    "spouse", "child", "parent", "sibling", "grandchild", "grandparent", "other_relative", "ward", "herder"
]
CrewRole = Literal["driver", "second_driver", "mechanic", "guide", "escort", "goods_owner"]
Species = Literal["camel", "cattle", "sheep", "goat", "donkey", "horse"]
KEPT = dt.timedelta(days=60)
"""How long a permit's record is kept after its last day: a paper shown late is asked about (rule R9)."""

BlankNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}[0-9]{6,7}$")]
"""The number printed on the blank: two letters of the series, six or seven digits."""
LatinName = Annotated[str, StringConstraints(pattern=r"^[A-Za-zÀ-ÖØ-öø-žẀ-ỹ’' \-]{1,60}$")]
PartOfDate = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?$")]
"""EDTF (ISO 8601-2): a year, a month or a day; empty where nobody knows."""
Number = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{0,18}$")]
Place = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,12}$")]
"""A zone, a crossing point or a point of a route, by its code in capitals and digits."""
Plate = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,12}$")]
DayOfYear = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$")]


class Holder(Body):
    """Whom the permit is for; `identity_number` of the card that was shown, where there is one."""

    surname: LatinName
    given_names: Annotated[str, StringConstraints(pattern=r"^([A-Za-zÀ-ÖØ-öø-žẀ-ỹ’' \-]{1,60})?$")] = ""
    name_arabic: Annotated[str, StringConstraints(pattern=r"^[؀-ۿ ]{0,39}$")] = ""
    birth: PartOfDate = ""
    sex: Literal["", "M", "F", "X"] = ""
    nationality: State
    identity_number: Number = ""


class Season(Body):
    """From one day of the year to another, both inside, month and day: 11-01 to 03-31."""

    start: DayOfYear
    end: DayOfYear


class Animals(Body):
    species: Species
    count: Annotated[int, Field(ge=1, le=20_000, strict=True)]


class Member(Body):
    """One of the family, or who herds with it."""

    role: FamilyRole
    name: LatinName
    birth: PartOfDate = ""
    number: Number = ""


class Crew(Body):
    role: CrewRole
    name: LatinName
    birth: PartOfDate = ""
    number: Number = ""


class Goods(Body):
    """A heading of the Harmonized System (WCO) and its weight."""

    heading: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    kilograms: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class PermitBody(Body):
    """One document on one numbered blank; what its type does not have is empty.

    `replaces`: number of the one that it takes the place of. `photo` in hexadecimal, small.
    """

    model_config = ConfigDict(title="Permit or emergency travel document")
    type: PermitType
    number: BlankNumber
    issuer: State
    valid_from: dt.date
    valid_until: dt.date
    reason: Line
    replaces: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}[0-9]{6,7})?$")] = ""
    holder: Holder | None = None
    kind: Literal["", "border_resident", "nomad"] = ""
    zones: Annotated[tuple[Place, ...], Field(max_length=12)] = ()
    posts: Annotated[tuple[Place, ...], Field(max_length=8)] = ()
    seasons: Annotated[tuple[Season, ...], Field(max_length=4)] = ()
    herd: Annotated[tuple[Animals, ...], Field(max_length=6)] = ()
    family: Annotated[tuple[Member, ...], Field(max_length=12)] = ()
    photo: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2}){0,800}$")] = ""
    destination: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    operator: Annotated[str, StringConstraints(max_length=40)] = ""
    route: Annotated[tuple[Place, ...], Field(max_length=10)] = ()
    vehicles: Annotated[tuple[Plate, ...], Field(max_length=15)] = ()
    crew: Annotated[tuple[Crew, ...], Field(max_length=15)] = ()
    load: Annotated[tuple[Goods, ...], Field(max_length=12)] = ()


NEEDED = {
    "convoy": ("operator", "route", "vehicles", "crew"),
    "crossing": ("holder", "kind", "zones"),
    "emergency": ("holder", "destination"),
}
ALLOWED = {
    "convoy": ("load",),
    "crossing": ("posts", "seasons", "herd", "family", "photo"),
    "emergency": (),
}
_OF_TYPES = {name for names in (*NEEDED.values(), *ALLOWED.values()) for name in names}


def _check(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, PermitBody)
    faults = [Fault("missing", f"body.{name}") for name in NEEDED[body.type] if not getattr(body, name)]
    may = {*NEEDED[body.type], *ALLOWED[body.type]}
    faults += [Fault("not_of_this_type", f"body.{name}") for name in sorted(_OF_TYPES - may) if getattr(body, name)]
    if body.valid_until < body.valid_from:
        faults.append(Fault("ends_before_start", "body.valid_until"))
    elif (body.valid_until - body.valid_from).days >= LONGEST_DAYS[body.type]:
        faults.append(Fault("permit_too_long", "body.valid_until", str(LONGEST_DAYS[body.type])))
    for name in ("zones", "posts", "vehicles"):
        if len(set(getattr(body, name))) < len(getattr(body, name)):
            faults.append(Fault("said_twice", f"body.{name}"))
    if len({each.species for each in body.herd}) < len(body.herd):
        faults.append(Fault("said_twice", "body.herd"))
    for i, season in enumerate(body.seasons):
        faults += [Fault("wrong_form", f"body.seasons.{i}") for day in (season.start, season.end) if not _is_day(day)]
    faults += [Fault("wrong_form", field) for field, text in _births(body) if not _is_birth(text, body.valid_from)]
    if body.holder and not mrz_name(body.holder.surname, ""):
        faults.append(Fault("missing", "body.holder.surname"))
    if body.holder and len(f"{body.holder.surname}  {body.holder.given_names}") > MOST_NAME + 20:
        faults.append(Fault("too_long", "body.holder.given_names"))
    return faults


def _births(body: PermitBody) -> list[tuple[str, str]]:
    found = [("body.holder.birth", body.holder.birth)] if body.holder else []
    found += [(f"body.family.{i}.birth", each.birth) for i, each in enumerate(body.family)]
    return found + [(f"body.crew.{i}.birth", each.birth) for i, each in enumerate(body.crew)]


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(f"2000-{text}")
    except ValueError:
        return False
    return True


def _is_birth(text: str, until: dt.date) -> bool:
    """A day that was, its missing parts taken as the first."""
    if not text:
        return True
    try:
        day = dt.date.fromisoformat(f"{text}-01-01"[:10] if len(text) < 10 else text)
    except ValueError:
        return False
    return dt.date(1880, 1, 1) <= day <= until


PERMIT = register(
    Kind(
        "document.permit",
        1,
        PermitBody,
        four_eyes=True,
        addressees=nobody,
        longest=YEAR + KEPT + dt.timedelta(days=31),
        review=YEAR + KEPT + dt.timedelta(days=31),
        check=_check,
        priority=6,
    )
)
