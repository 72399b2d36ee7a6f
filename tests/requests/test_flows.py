"""Each of the sixteen flows that the Plan names is carried by a kind of record."""

import csv
import re
from pathlib import Path

import pytest

from jiwar.access.permissions import Purpose
from jiwar.records.kinds import KINDS
from jiwar.records.models import Record
from jiwar.records.words import words
from jiwar.requests.kinds import LETTER, LetterBody
from jiwar.requests.logic.flows import FLOWS, FOUR_EYES
from tests.requests.conftest import Sending

WORDS = Path(__file__).resolve().parents[2] / "jiwar/records/words.toml"


@pytest.fixture(scope="module")
def plan(shared_data: Path) -> dict[str, list[str]]:
    """Id of each flow of the Plan, and the lines that name it."""
    with (shared_data.parent / "reference" / "dataflows.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["lines"].split(";") for row in csv.DictReader(file)}


def test_the_flows_are_the_plans(plan: dict[str, list[str]]) -> None:
    assert list(FLOWS) == list(plan) == list(words()["flow"])


def test_each_flow_names_the_lines_of_the_plan(plan: dict[str, list[str]]) -> None:
    said = dict(
        re.findall(r"^\[flow\.([0-9]+)\] # Plan, lines? (.+)$", WORDS.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {flow: re.findall(r"[0-9]+(?:-[0-9]+)?", lines) for flow, lines in said.items()} == plan


@pytest.mark.parametrize("flow", FLOWS)
def test_a_letter_is_sent_on_each_flow(sent: Sending, flow: str) -> None:
    record = sent(flow=flow, urgency="three_days")
    assert (record.kind, record.state, record.body["flow"]) == ("letter", Record.State.IN_FORCE, flow)
    assert bool(record.data["approval"]) is (flow in FOUR_EYES)


def test_every_flow_is_carried_by_a_kind() -> None:
    schema = KINDS["letter", 1].content.model_json_schema()["$defs"][LetterBody.__name__]["properties"]["flow"]
    assert schema["enum"] == list(FLOWS)
    assert LETTER.personal
    assert not LETTER.instrument


def test_what_is_no_matter_of_police_has_a_purpose_too(sent: Sending) -> None:
    # Training, progress of the Plan and assistance (flows 14 to 16) serve none of the purposes of police.
    assert Purpose.COOPERATION in Purpose
    assert sent(flow="14").purpose == "criminal_investigation"
