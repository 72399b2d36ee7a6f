"""Several records on one subject: which speaks first, how they stand together, and how they compare side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar
from uuid import UUID

URGENCY: Final = (
    "arrest_for_extradition",
    "protect_and_locate",
    "check_discreetly",
    "seize_and_report",
    "refuse_entry_by_decision",
    "freeze_assets_report",
    "contact_and_tell",
    "refer_to_contact_point",
    "identify_and_record",
)
"""What an officer does, the most urgent first: what ends if she waits stands before what can be done later.

A discreet check stands before what the traveller would notice and that can wait, so that the first line warns no one.
"""
_ONE_VALUE: Final = ("place_of_birth",)
_SHOWN: Final = (
    "names",
    "birth_dates",
    "sexes",
    "nationalities",
    "place_of_birth",
    "documents",
    "identifiers",
    "places",
)
Verdict = Literal["same", "differs", "unknown"]
T = TypeVar("T")


def urgency(action: str) -> int:
    """The place of an action, 0 first. One that this program does not know stands behind those that it knows."""
    return URGENCY.index(action) if action in URGENCY else len(URGENCY)


def gathered(
    found: Sequence[T], together: Mapping[UUID, UUID], uid: Callable[[T], UUID], action: Callable[[T], str]
) -> list[tuple[T, ...]]:
    """What was found, those of one subject in one group: where its first stood, the most urgent action first in it.

    `together`: as `resolution.together` says it. Nothing is left out and nothing stands twice.
    """
    groups: dict[UUID, list[T]] = {}
    for each in found:
        groups.setdefault(together.get(uid(each), uid(each)), []).append(each)
    # The sort is stable: of two with one action the likelier stays first.
    return [tuple(sorted(group, key=lambda each: urgency(action(each)))) for group in groups.values()]


@dataclass(frozen=True, slots=True)
class Row:
    """One field of several subjects: what each says, in their order, and whether that agrees."""

    field: str
    values: tuple[tuple[str, ...], ...]
    verdict: Verdict


def side_by_side(subjects: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Facts of several subjects (kinds.SubjectFacts as plain data), field by field; fields that none has are left out.

    "same" where all that say something have a value in common, whatever its case; "unknown" where only one says it.
    """
    rows = []
    for field in _SHOWN:
        values = tuple(tuple(_texts(field, subject.get(field))) for subject in subjects)
        said = [{text.casefold() for text in texts} for texts in values if texts]
        if not said:
            continue
        verdict: Verdict = "unknown" if len(said) < 2 else "same" if set.intersection(*said) else "differs"
        rows.append(Row(field, values, verdict))
    return rows


def _texts(field: str, value: Any) -> list[str]:
    if not value:
        return []
    return [_text(each) for each in ([value] if field in _ONE_VALUE else value)]


def _text(value: Any) -> str:
    """One value as a line: a name its text, a date as written, a document its country and number."""
    if isinstance(value, str):
        return value
    if "text" in value:
        return " · ".join(filter(None, (value["text"], value.get("country", ""))))
    if "date" in value:
        return f"{'~' if value.get('approximate') else ''}{value['date']}"
    return " ".join(filter(None, (value.get("country", ""), value.get("number", ""))))
