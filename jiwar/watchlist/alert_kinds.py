"""Bodies of alerts on persons, on groups and on things.

No field exists for religion, ethnicity, tribe, politics, health, sexual life (R4).
"""

import datetime as dt
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, StringConstraints

from jiwar.records.content import Body, Line, State, Text
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.watchlist.kinds import SubjectFacts

Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Protected = Literal["child", "victim", "witness", "missing_adult"]


class AlertType(StrEnum):
    """Why somebody or something is looked for; `logic.alert_rules.ACTIONS_ON` says which fits what."""

    WANTED_FOR_ARREST = "wanted_for_arrest"
    DISCREET_CHECK = "discreet_check"
    MISSING = "missing"
    REFUSED_ENTRY = "refused_entry"
    DESIGNATED = "designated"
    STOLEN = "stolen"
    LOST = "lost"
    EVIDENCE = "evidence"
    FROZEN = "frozen"


class Action(StrEnum):
    """What an officer who finds the subject is asked to do; the sentence she reads stands in words.toml."""

    ARREST_FOR_EXTRADITION = "arrest_for_extradition"
    CHECK_DISCREETLY = "check_discreetly"
    CONTACT_AND_TELL = "contact_and_tell"
    FREEZE_ASSETS_REPORT = "freeze_assets_report"
    PROTECT_AND_LOCATE = "protect_and_locate"
    REFER_TO_CONTACT_POINT = "refer_to_contact_point"
    REFUSE_ENTRY_BY_DECISION = "refuse_entry_by_decision"
    SEIZE_AND_REPORT = "seize_and_report"


class Offence(Body):
    """What the person is accused or convicted of; penalties as the law and the judgment word them."""

    title: Line
    article: Line
    max_penalty: Line
    actual_penalty: Line | None = None


class Warrant(Body):
    """The judicial or administrative decision that the alert rests on."""

    authority: Line
    number: Reference
    date: dt.date
    country: State


class Report(Body):
    """The report of a missing person, or of a thing that was stolen or lost."""

    authority: Line
    number: Reference
    date: dt.date


class RightsScreen(Body):
    """Whether the offence touches a protected freedom or is political, military or religious (rule R3)."""

    speech: bool
    assembly: bool
    insult: bool
    membership: bool
    military: bool
    religious: bool


class AnyAlertBody(Body):
    """What every alert says. What depends on its type is checked by `logic.alert_rules`; `on` is as there."""

    on: ClassVar[str]
    type: AlertType
    action: Action
    subject: SubjectFacts
    offence: Offence | None = None
    warrant: Warrant | None = None
    report: Report | None = None
    necessity: Text
    officer: Line
    contact: Line
    rights_screen: RightsScreen
    remarks: Text | None = None


class AlertBody(AnyAlertBody):
    """An alert on a person."""

    model_config = ConfigDict(title="Alert on a person")
    on = "person"
    grave_risk: bool
    ministerial_signoff: Reference | None = None
    protected: Protected | None = None
    location_consent: bool | None = None


class GroupAlertBody(AnyAlertBody):
    """An alert on an organisation or an armed group."""

    model_config = ConfigDict(title="Alert on a group")
    on = "group"


class ObjectAlertBody(AnyAlertBody):
    """An alert on a thing: a vehicle, a vessel, an aircraft, a document, a device, an account, another object."""

    model_config = ConfigDict(title="Alert on a thing")
    on = "object"


def _alert(name: str, body: type[AnyAlertBody]) -> Kind:
    return register(Kind(name, 1, body, four_eyes=True, longest=5 * YEAR, review=YEAR, posts=True, priority=2))


ALERT = _alert("alert.person", AlertBody)
GROUP_ALERT = _alert("alert.group", GroupAlertBody)
OBJECT_ALERT = _alert("alert.object", ObjectAlertBody)
ALERTS: Final = {kind.name: kind for kind in (ALERT, GROUP_ALERT, OBJECT_ALERT)}
"""Every kind of alert, by its name."""
ALERT_ON: Final = {"person": ALERT, "group": GROUP_ALERT, "object": OBJECT_ALERT}


class WithholdingBody(Body):
    """A national node tells its own posts to use a record no longer. It says no reason and goes to no other state."""

    model_config = ConfigDict(title="Word to own posts to leave a record unused")
    target: UUID


WITHHOLDING = register(
    Kind("alert.withholding", 1, WithholdingBody, personal=False, posts=True, addressees=nobody, longest=5 * YEAR)
)


class RefusalGround(StrEnum):
    """Why a state refuses to act on another's alert: the grounds of the UN Model Treaty on Extradition (A/RES/45/116,
    articles 3 and 4), and facts that do not suffice. Protection (rule R5) is none of them: it is never told.
    """

    POLITICAL = "political"
    MILITARY = "military"
    RELIGIOUS_OR_RACIAL = "religious_or_racial"
    FAIR_TRIAL = "fair_trial"
    DEATH_PENALTY_OR_TORTURE = "death_penalty_or_torture"
    NE_BIS_IN_IDEM = "ne_bis_in_idem"
    INSUFFICIENT_FACTS = "insufficient_facts"
    OTHER = "other"


class RefusalBody(Body):
    """A state that received an alert refuses to act on it, in all its versions, and tells the issuer why (rule R3).

    It speaks for the state that signs it alone. It is withdrawn like any record; then the alert is used again.
    """

    model_config = ConfigDict(title="Refusal of an alert")
    target: UUID
    ground: RefusalGround
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


# An instrument: it answers a record that came under an agreement and carries no personal data but that record's id; an
# agreement suspended meanwhile does not keep the issuer from learning it. Its end would let the alert stop people
# again, so it outlives every alert.
REFUSAL = register(
    Kind(
        "alert.refusal",
        1,
        RefusalBody,
        personal=False,
        instrument=True,
        posts=True,
        longest=10 * YEAR,
        review=10 * YEAR,
    )
)
