"""The documentation is a test: what a page names exists, and what people can meet is explained."""

import argparse
import ast
import csv
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from django.dispatch import Signal

from jiwar import cli
from jiwar.access.permissions import Permission, Purpose
from jiwar.agreements.logic.verdicts import NEARNESS
from jiwar.analysis import dossiers
from jiwar.analysis.logic import facts, timeline
from jiwar.bridges import exports
from jiwar.bridges.logic import leaving
from jiwar.bridges.logic.lost import Why
from jiwar.bridges.models import Reading, ReadStatement
from jiwar.documents import permit_papers, permits, trust_kinds
from jiwar.documents.logic import known_defects
from jiwar.documents.logic.holder import Method
from jiwar.documents.logic.lost import LostStatus, LostType
from jiwar.documents.logic.permits import CODES as CODES_OF_PERMITS
from jiwar.documents.models import Blank, BlankHandover, Permit
from jiwar.exchange.logic import chunks
from jiwar.exchange.logic.receipt import STATUSES
from jiwar.exchange.logic.streams import Lane
from jiwar.identity import events
from jiwar.identity.logic import belief
from jiwar.identity.node import NodeSettings
from jiwar.identity.roles import Clearance, Role
from jiwar.records import content
from jiwar.records.kinds import KINDS
from jiwar.records.models import Record
from jiwar.records.words import LANGUAGES, words
from jiwar.requests import kinds as letters
from jiwar.requests.letter_form import BY_DATE, NO_CLOCK
from jiwar.requests.logic import clock
from jiwar.requests.logic.flows import FLOWS
from jiwar.watchlist import alert_kinds, finding, hit_kinds, kinds, telling
from jiwar.watchlist.list_catalogue import LISTS
from jiwar.watchlist.logic import identifiers, list_dates, table_list
from jiwar.watchlist.logic.evidence import Code, Field
from jiwar.watchlist.logic.listed import Problem
from jiwar.watchlist.logic.quality import RULE_CODES
from jiwar.watchlist.models import ListImport, ListRow
from jiwar.wire import faults

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PLAN = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
BUILT = {path.parent.name for path in (ROOT / "jiwar").glob("*/__init__.py")}
STATES = ("works", "begun", "planned")
CODE = re.compile(r"`([^`]+)`")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(text: str, heads: str) -> Iterator[list[str]]:
    """The cells of every row of each Markdown table whose head row reads so."""
    inside = False
    for line in text.splitlines():
        if line == heads:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|--"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


MEASURES = list(rows(PLAN, "| id | measure | room | state | test |"))
LACKS = list(rows(PLAN, "| id | stands | lacks |"))
RULES = list(rows(PLAN, "| rule | in short | enforced in | test | lacks |"))
FLOW_ROWS = list(rows(PLAN, "| flow | about | record kinds today | to come, from |"))


# --- the Plan ---------------------------------------------------------------------------------------------------------


def test_the_plan_has_every_measure_once(shared_data: Path) -> None:
    with (shared_data.parent / "reference" / "plan-inventory.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in MEASURES] == [row["id"] for row in csv.DictReader(file)]


def test_the_plan_has_every_flow_once(shared_data: Path) -> None:
    with (shared_data.parent / "reference" / "dataflows.csv").open(encoding="utf-8", newline="") as file:
        assert [row[0] for row in FLOW_ROWS] == [row["id"] for row in csv.DictReader(file)]


def test_the_plan_counts_what_it_lists() -> None:
    counts = [sum(row[3] == state for row in MEASURES) for state in STATES]
    works, begun, planned = counts
    assert len(MEASURES) == sum(counts) == 111
    assert f"**{works} work, {begun} are begun, {planned} are planned.**" in PLAN


def test_a_measure_stands_in_a_room() -> None:
    unbuilt = set(CODE.findall(next(line for line in PLAN.splitlines() if line.startswith("Rooms planned"))))
    assert unbuilt.isdisjoint(BUILT)
    for measure, _, room, state, _ in MEASURES:
        assert room.strip("`") in (BUILT | unbuilt if state == "planned" else BUILT), measure


def test_every_begun_measure_says_what_it_lacks() -> None:
    named = {measure for row in LACKS for measure in row[0].split(", ")}
    assert named == {measure for measure, _, _, state, _ in MEASURES if state == "begun"}


@pytest.mark.parametrize("row", MEASURES, ids=lambda row: row[0])
def test_a_measure_that_is_not_planned_is_shown_by_tests_that_exist(row: list[str]) -> None:
    tests = CODE.findall(row[4])
    assert bool(tests) == (row[3] != "planned")
    assert [test for test in tests if not _is_test(test)] == []


@pytest.mark.parametrize("row", RULES, ids=lambda row: row[0])
def test_a_rule_of_rights_is_enforced_in_files_and_attacked_by_tests_that_exist(row: list[str]) -> None:
    _, _, where, tests, _ = row
    assert [name for name in CODE.findall(where) if not (ROOT / name).is_file()] == []
    assert CODE.findall(where)
    assert CODE.findall(tests)
    assert [test for test in CODE.findall(tests) if not _is_test(test)] == []


def test_the_rules_of_rights_are_eleven() -> None:
    assert [row[0] for row in RULES] == [f"R{n}" for n in range(1, 12)]


def test_flows_name_kinds_that_exist() -> None:
    named = {kind for row in FLOW_ROWS for kind in CODE.findall(row[2])}
    under_all = set(CODE.findall(PLAN.partition("Under every flow:")[2]))
    assert named | under_all == {name for name, _ in KINDS}


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _is_test(node_id: str) -> bool:
    """Whether `path::name` or `path::Class::name` is a test of this repository."""
    name, *inside = node_id.split("::")
    path = ROOT / name
    if not path.is_file() or not inside or not inside[-1].startswith("test_"):
        return False
    body = _parsed(path).body
    for part in inside:
        named = (n for n in body if isinstance(n, ast.ClassDef | ast.FunctionDef) and n.name == part)
        found = next(named, None)
        if found is None:
            return False
        body = found.body
    return True


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            broken.append(link)
    assert broken == []


def _anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\s-]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_target_of_make_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", page("Makefile"), re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    said = [line for code in CODE.findall(text) for line in [code]] + list(_fenced(text))
    named = {
        word
        for line in said
        if line.startswith("make ")
        for word in shlex.split(line, comments=True)[1:]
        if re.fullmatch(r"[a-z-]+", word)
    }
    # A line of a fenced block may explain itself after two spaces: only what stands before is a command.
    assert named <= targets


def _fenced(text: str) -> Iterator[str]:
    """The commands of fenced blocks: each line up to the words that explain it."""
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            yield re.split(r"\s{2,}|\s#", line, maxsplit=1)[0]


COMMANDS = [
    (path.name, line.split("jiwar", 1)[1])
    for path in PAGES
    for line in _fenced(path.read_text(encoding="utf-8"))
    if re.match(r"(\.venv/bin/)?jiwar ", line)
]


@pytest.mark.parametrize(("name", "line"), COMMANDS)
def test_every_command_is_one(name: str, line: str) -> None:
    words_of_line = shlex.split(line.partition(" > ")[0])
    assert cli.parser().parse_args(words_of_line).verb


def test_every_verb_is_explained_to_the_administrator() -> None:
    verbs = next(a for a in cli.parser()._actions if isinstance(a, argparse._SubParsersAction))
    inner = {"prepare", "first-administrator", "restore-database", "demo-seed"}  # the program calls these itself
    said = set(re.findall(r"jiwar (?:--data \S+ )?([a-z-]+)", OPERATIONS)) | {"demo"}
    assert set(verbs.choices) - inner <= said


def test_every_setting_of_a_node_is_explained() -> None:
    named = [CODE.findall(row[0])[0] for row in rows(OPERATIONS, "| setting | meaning |")]
    assert sorted(named) == sorted(field.name for field in fields(NodeSettings))


def test_every_environment_variable_is_explained() -> None:
    used = {name for path in _modules() for name in re.findall(r"JIWAR_[A-Z_]+", path.read_text(encoding="utf-8"))}
    assert used == set(re.findall(r"JIWAR_[A-Z_]+", OPERATIONS))


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/where.md"])
def test_a_page_on_the_house_names_only_files_that_exist(name: str) -> None:
    named = {code for code in CODE.findall(page(name)) if re.fullmatch(r"[\w./-]+/|[\w./-]*\.(py|toml|md)", code)}
    assert [code for code in sorted(named) if not _exists(code)] == []


def _exists(code: str) -> bool:
    """A path from the root or from the package, or a file name that every room may have."""
    if (ROOT / code).exists() or (ROOT / "jiwar" / code).exists():
        return True
    return "/" not in code.rstrip("/") and any((ROOT / "jiwar").glob(f"*/{code}"))


@pytest.mark.parametrize("name", ["docs/architecture.md"])
def test_the_page_on_the_house_has_every_room(name: str) -> None:
    named = {room for row in rows(page(name), "| room | what it is |") for room in CODE.findall(row[0])}
    assert named == BUILT - {"locale"}


# --- words ------------------------------------------------------------------------------------------------------------

FAILURES = (
    "EnvelopeInvalid", "FrameInvalid", "KeyRefused", "Misplaced", "Missed", "NotUnderstood", "Problem", "Rejected",
)  # fmt: skip
"""What ends a visit to a node."""
CODES: dict[str, Callable[[], set[str]]] = {
    "act": lambda: set(_acts()),
    "action": lambda: {*alert_kinds.Action, telling.HIDDEN_ACTION},
    "action_taken": lambda: set(hit_kinds.ActionTaken),
    "alert_type": lambda: set(alert_kinds.AlertType),
    "blank_state": lambda: set(Blank.State.values),
    "bridge_format": lambda: set(exports.WRITERS),
    "clearance": lambda: set(Clearance),
    "chart_node": lambda: {"subject", "name", "document", "identifier", "address", "hit"},
    "date_form": lambda: set(list_dates.FORMS),
    "dossier_event": lambda: {what for group in timeline.GROUPS.values() for what in group},
    "dossier_events": lambda: set(timeline.GROUPS),
    "dossier_field": lambda: set(facts.FIELDS),
    "dossier_source": lambda: {*dossiers.WHAT.values(), "own_alert", "received_alert"},
    "fault": lambda: set(_fault_codes()),
    "finding_source": lambda: set(finding.SOURCES),
    "flow": lambda: set(FLOWS),
    "foreign_said": lambda: set(get_args(kinds.Said.model_fields["what"].annotation)),
    "holder_method": lambda: set(Method),
    "holder_worth": lambda: set(Method),
    "identifier": lambda: set(get_args(hit_kinds.Identifier)),
    "handover_state": lambda: set(BlankHandover.State.values),
    "identifier_kind": lambda: set(identifiers.KINDS),
    "information": lambda: set(get_args(content.InformationGrade)),
    "kind": lambda: {name for name, _ in KINDS},
    "lane": lambda: set(Lane),
    "letter_answer": lambda: set(letters.Answer),
    "letter_ground": lambda: set(letters.Ground),
    "letter_phase": lambda: set(clock.Phase),
    "letter_step": lambda: set(get_args(letters.Step)),
    "leaving": lambda: set(leaving.CODES) - {leaving.OPEN},
    "link_failure": lambda: {*belief.DOUBTS, *(code for name in FAILURES for code in _named(name))},
    "list": lambda: set(LISTS),
    "list_change": lambda: set(ListRow.Change.values),
    "list_state": lambda: set(ListImport.State.values),
    "listing_field": lambda: {*kinds.Listing.model_fields, *kinds.SubjectFacts.model_fields} - {"subject"},
    "lost": lambda: set(Why),
    "lost_hint": lambda: {"lookalike", "other_type"},
    "lost_registry": lambda: {"in_use", "none", "expired", "damaged"},
    "lost_status": lambda: set(LostStatus),
    "lost_type": lambda: set(LostType),
    "match_field": lambda: set(Field),
    "media_type": lambda: set(chunks.MEDIA_TYPES),
    "name_kind": lambda: set(get_args(kinds.NameKind)),
    "onward": lambda: set(get_args(content.Onward)),
    "outcome": lambda: set(hit_kinds.Outcome),
    "paper_form": lambda: set(permit_papers.FORMS),
    "permission": lambda: set(Permission),
    "permit_revocation": lambda: set(permits.REASONS),
    "permit_state": lambda: set(Permit.State.values),
    "permit_type": lambda: set(CODES_OF_PERMITS),
    "place_kind": lambda: set(get_args(kinds.PlaceFact.model_fields["kind"].annotation)),
    "protected": lambda: set(get_args(alert_kinds.Protected)),
    "pull_failure": lambda: set(_named("PullFailed")),
    "purpose": lambda: set(Purpose),
    "quality": lambda: set(RULE_CODES),
    "reading_state": lambda: set(Reading.State.values),
    "receipt_status": lambda: set(STATUSES),
    "record_state": lambda: set(Record.State.values),
    "referral": lambda: set(get_args(hit_kinds.Referral)),
    "refusal": lambda: set(_named("AccessRefused")),
    "refusal_ground": lambda: set(alert_kinds.RefusalGround),
    "relation_kind": lambda: set(get_args(kinds.RelationFact.model_fields["kind"].annotation)),
    "restriction": lambda: set(get_args(content.Restriction)),
    "rights_question": lambda: set(alert_kinds.RightsScreen.model_fields),
    "role": lambda: set(Role),
    "source": lambda: set(get_args(content.SourceGrade)),
    "statement_standing": lambda: set(ReadStatement.Standing.values),
    "subject_type": lambda: set(get_args(kinds.SubjectType)),
    "table_field": lambda: set(table_list.FIELDS),
    "tlp": lambda: set(get_args(content.Tlp)),
    "trust_defect": lambda: set(known_defects.CODES.values()),
    "trust_handed": lambda: set(get_args(trust_kinds.Handed)),
    "trust_role": lambda: set(get_args(trust_kinds.Role)),
    "unread": lambda: {*Problem, "cut", "entry_not_taken", "entry_repeated"},
    "urgency": lambda: {*get_args(letters.Urgency), NO_CLOCK, BY_DATE},
    "verdict": lambda: {*NEARNESS, "open"},
    "waiting": lambda: set(_named("Waiting")),
}
"""The codes that people see, by their group in `words.toml`."""


@pytest.mark.parametrize("group", CODES)
def test_every_code_has_words(group: str) -> None:
    assert sorted(CODES[group]() - set(words()[group])) == []


def test_every_group_that_a_face_asks_for_exists() -> None:
    asked = re.compile(r'\b(?:word|choices|badge)\("([a-z_]+)"')
    faces = [path for end in ("py", "html") for path in (ROOT / "jiwar").rglob(f"*.{end}")]
    assert {group for path in faces for group in asked.findall(path.read_text(encoding="utf-8"))} <= words().keys()


def test_every_reason_of_a_match_has_words() -> None:
    assert set(Code) <= {*words()["match_reason"], *words()["match_difference"]}


def test_every_word_is_said_in_three_languages() -> None:
    silent = [
        f"{group}.{code}"
        for group, entries in words().items()
        for code, entry in entries.items()
        if set(entry) != set(LANGUAGES) or not all(text.strip() for text in entry.values())
    ]
    assert silent == []


def test_arabic_is_written_in_arabic() -> None:
    latin = [
        f"{group}.{code}"
        for group, entries in words().items()
        for code, entry in entries.items()
        if not re.search(r"[\u0621-\u064a]", entry["ar"])
    ]
    assert latin == []


def test_a_detail_is_said_in_every_language_or_in_none() -> None:
    counts = {code: {text.count("{detail}") for text in entry.values()} for code, entry in words()["fault"].items()}
    assert [code for code, count in counts.items() if len(count) > 1] == []


def _modules() -> Iterator[Path]:
    return (path for path in sorted((ROOT / "jiwar").rglob("*.py")) if "migrations" not in path.parts)


def _calls(name: str) -> list[tuple[Path, ast.expr]]:
    """The first argument of every call of a function by its plain name."""
    return _all_calls().get(name, [])


@cache
def _all_calls() -> dict[str, list[tuple[Path, ast.expr]]]:
    """By name: the program is read once for all the codes that it says."""
    found: dict[str, list[tuple[Path, ast.expr]]] = {}
    for path in _modules():
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                found.setdefault(node.func.id, []).append((path, node.args[0]))
    return found


def _fault_codes() -> Iterator[str]:
    yield from faults._OF_PYDANTIC.values()
    for name in (
        "Fault",
        "CardInvalid",
        "KeyRefused",
        "ApproverRefused",
        "ImageUnreadable",
        "JobFailed",
        "JsonRefused",
        "PaperRefused",
        "PouchInvalid",
        "TemplateUnreadable",
        "Unreadable",
    ):
        yield from _named(name)
    yield from belief.DOUBTS
    for path, argument in _calls("ValueError"):
        # A validator of a record's body raises its code as ValueError; elsewhere it is a sentence.
        if path.name == "content.py" or path.stem.endswith("kinds"):
            yield from (code for code in _constants(argument) if code.isidentifier())


def _acts() -> Iterator[str]:
    yield from _named("append")
    yield from _named("Act")
    yield from (name for name, event in vars(events).items() if isinstance(event, Signal))


def _named(function: str) -> Iterator[str]:
    """The codes with which a function is called by name, where they stand in the call."""
    for _, argument in _calls(function):
        yield from _constants(argument)


def _constants(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _constants(node.body)
        yield from _constants(node.orelse)


def test_each_decision_has_a_number_of_its_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))
