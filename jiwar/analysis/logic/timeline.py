"""What happened to a subject and what was said of it, in the order of time, the newest first."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

GROUPS: Final = {
    "life": ("born",),
    "law": ("warrant", "report", "listed"),
    "records": ("issued", "amended", "withdrawn", "expired", "refused"),
    "seen": ("sighted", "hit"),
    "outcomes": ("case_opened", "outcome", "case_closed"),
}
"""The filters of a timeline, with the events that each shows: codes of the words group `dossier_event`."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something at a time: `at` is a date, whole or in part ("1984", "~1984-03", "1970/1975"), or an ISO moment.

    `source` is the number of the record that says it; `detail` a (words group, code) of what came of it; `case` the
    case that it opened here; `note` what was seen, in words.
    """

    at: str
    what: str
    source: int
    where: str = ""
    who: str = ""
    detail: tuple[str, str] | None = None
    case: str = ""
    note: str = ""

    @property
    def is_moment(self) -> bool:
        return "T" in self.at


def newest_first(events: Iterable[Event], groups: Iterable[str] = ()) -> tuple[Event, ...]:
    """The events of these groups, of all where none is named; of one time the later source first."""
    wanted = {what for group in groups for what in GROUPS.get(group, ())}
    kept = [event for event in dict.fromkeys(events) if not wanted or event.what in wanted]
    return tuple(sorted(kept, key=lambda event: (_order(event.at), event.source), reverse=True))


def dates_in(number: int, body: Mapping[str, Any]) -> Iterator[Event]:
    """The dates that stand in the body of an alert or a listing."""
    for born in (body.get("subject") or {}).get("birth_dates", ()):
        yield Event(f"{'~' if born.get('approximate') else ''}{born['date']}", "born", number)
    for what in ("warrant", "report"):
        paper = body.get(what) or {}
        if paper.get("date"):
            yield Event(str(paper["date"]), what, number, where=str(paper.get("country") or ""), who=paper["authority"])
    if body.get("listed_on"):
        yield Event(str(body["listed_on"]), "listed", number)


def _order(at: str) -> str:
    """A year alone comes before its months, and of a span its beginning counts."""
    return at.removeprefix("~").partition("/")[0]
