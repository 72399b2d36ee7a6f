"""The policy of screening as a signed record: from which score a candidate is shown, by type of alert and state."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from jiwar.records.content import Body, Content, Line
from jiwar.records.kinds import YEAR, Kind, nobody, register
from jiwar.watchlist.alert_kinds import AlertType
from jiwar.watchlist.logic.thresholds import ANY, LEAST, MOST, Thresholds
from jiwar.wire.faults import Fault

Percent = Annotated[int, Field(ge=LEAST, le=MOST, strict=True)]


class ThresholdRule(Body):
    """One exception: `listed` is a type of alert, "listing" for every list, or "" for all; `state` the issuer or ""."""

    listed: AlertType | Literal["", "listing"] = ""
    state: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    threshold: Percent
    reason: Line


class ScreeningPolicyBody(Body):
    """From which score, in per cent, a candidate is shown to an officer; each threshold has its reason."""

    model_config = ConfigDict(title="Thresholds of screening")
    threshold: Percent
    reason: Line
    rules: Annotated[tuple[ThresholdRule, ...], Field(max_length=60)] = ()

    @property
    def thresholds(self) -> Thresholds:
        rules = {(str(rule.listed), rule.state): rule.threshold / 100 for rule in self.rules}
        return Thresholds(self.threshold / 100, rules)


def _check(content: Content) -> list[Fault]:
    body = content.body
    assert isinstance(body, ScreeningPolicyBody)
    faults, seen = [], set()
    for i, rule in enumerate(body.rules):
        about = (str(rule.listed), rule.state)
        if about == (ANY, ANY):
            faults.append(Fault("rule_for_everything", f"body.rules.{i}"))
        elif about in seen:
            faults.append(Fault("said_twice", f"body.rules.{i}"))
        seen.add(about)
    return faults


# It says of nobody anything, and stays in the state: its posts search by it.
SCREENING_POLICY = register(
    Kind(
        "screening.policy",
        1,
        ScreeningPolicyBody,
        personal=False,
        four_eyes=True,
        posts=True,
        addressees=nobody,
        longest=2 * YEAR,
        review=YEAR,
        check=_check,
        priority=1,
    )
)
