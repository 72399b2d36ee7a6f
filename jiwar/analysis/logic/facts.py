"""What several records say of one subject, as facts side by side: each value once, with the records that say it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

ONE_VALUE: Final = frozenset({"birth_date", "sex"})
"""Of these a subject has one: where records say several, they differ."""


@dataclass(frozen=True, slots=True)
class Source:
    """A record, as provenance of what it says. `number` is what facts refer to, from 1 on.

    `what` is a code of the words group `dossier_source`, `title` the list or foreign source where it is one, `node` the
    agency's node that issued it, `grading` source and information ("A1"), `action` what is asked where it is met.
    """

    number: int
    uid: str
    kind: str
    what: str
    title: str
    reference: str
    state: str
    node: str
    version: int
    standing: str
    purpose: str
    legal_basis: str
    issued_at: datetime
    valid_until: datetime
    review_on: date
    grading: str
    tlp: str
    onward: str
    restrictions: tuple[str, ...]
    alert_type: str = ""
    action: str = ""
    protected: str = ""

    @property
    def may_be_passed_on(self) -> bool:
        """Whether its origin lets it go on to others without being asked."""
        return self.onward == "yes" and self.tlp in {"CLEAR", "GREEN"}


class Told(NamedTuple):
    """One value of a body. `sort` is a (words group, code) that says what kind of it, `group` that of the value."""

    field: str
    value: str
    sort: tuple[str, str] | None = None
    group: str = ""
    weak: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One value, and the numbers of the sources that say it; `differs` where another says another."""

    field: str
    value: str
    sort: tuple[str, str] | None
    group: str
    weak: bool
    sources: tuple[int, ...]
    differs: bool = False


@dataclass(slots=True)
class _Gathered:
    told: Told
    numbers: list[int] = field(default_factory=list)
    weak: bool = True


def side_by_side(bodies: Iterable[tuple[int, Mapping[str, Any]]]) -> tuple[Fact, ...]:
    """The facts of these bodies, each with its source's number, in the order of FIELDS; equal values are one fact."""
    found: dict[tuple[str, str, object], _Gathered] = {}
    for number, body in bodies:
        for told in told_by(body):
            key = (told.field, " ".join(told.value.casefold().split()), told.sort)
            gathered = found.setdefault(key, _Gathered(told))
            gathered.weak = gathered.weak and told.weak
            if number not in gathered.numbers:
                gathered.numbers.append(number)
    rows = sorted(found.values(), key=lambda row: FIELDS.index(row.told.field))
    values: dict[str, int] = {}
    for row in rows:
        values[row.told.field] = values.get(row.told.field, 0) + 1
    return tuple(
        Fact(
            row.told.field,
            row.told.value,
            row.told.sort,
            row.told.group,
            row.weak,
            tuple(row.numbers),
            row.told.field in ONE_VALUE and values[row.told.field] > 1,
        )
        for row in rows
    )


FIELDS: Final = (
    "name", "birth_date", "birth_place", "sex", "nationality", "document", "identifier", "place", "relation",
    "alert_type", "action", "offence", "penalty", "warrant", "report", "necessity", "designation", "listed_on", "said",
    "remarks", "officer",
)  # fmt: skip
"""Every field of a fact, in the order of a dossier; the codes of the words group `dossier_field`."""


def told_by(body: Mapping[str, Any]) -> Iterator[Told]:
    """What the body of an alert or a listing says, value by value, empty ones left out."""
    for told in (*_of_subject(body.get("subject") or {}), *_of_alert(body), *_of_listing(body)):
        if told.value:
            yield told


def _of_subject(subject: Mapping[str, Any]) -> Iterator[Told]:
    for name in subject.get("names", ()):
        yield Told("name", name["text"], ("name_kind", name["kind"]), weak=name.get("quality") == "low")
    for born in subject.get("birth_dates", ()):
        yield Told("birth_date", _born(born))
    yield Told("birth_place", subject.get("place_of_birth", ""))
    for code in subject.get("sexes", ()):
        yield Told("sex", code, group="sex")
    for code in subject.get("nationalities", ()):
        yield Told("nationality", code, group="state")
    for paper in subject.get("documents", ()):
        yield Told("document", _joined(paper["type"], paper["country"], paper["number"]))
    for each in subject.get("identifiers", ()):
        yield Told("identifier", _joined(each["country"], each["number"]), ("identifier_kind", each["kind"]))
    for place in subject.get("places", ()):
        yield Told("place", _joined(place["text"], place["country"]), ("place_kind", place["kind"]))
    for relation in subject.get("relations", ()):
        other = relation.get("name") or str(relation.get("target") or "")
        yield Told("relation", other, ("relation_kind", relation["kind"]))


def _of_alert(body: Mapping[str, Any]) -> Iterator[Told]:
    offence, warrant, report = (body.get(part) or {} for part in ("offence", "warrant", "report"))
    if "rights_screen" in body:
        yield Told("alert_type", str(body.get("type", "")), group="alert_type")
        yield Told("action", str(body.get("action", "")), group="action")
    yield Told("offence", _joined(offence.get("title"), offence.get("article"), between=", "))
    yield Told("penalty", _joined(offence.get("max_penalty"), offence.get("actual_penalty"), between="; "))
    yield Told("warrant", _paper(warrant))
    yield Told("report", _paper(report))
    for name in ("necessity", "remarks"):
        yield Told(name, body.get(name) or "")
    yield Told("officer", _joined(body.get("officer"), body.get("contact"), between=", "))


def _of_listing(body: Mapping[str, Any]) -> Iterator[Told]:
    for text in body.get("designations", ()):
        yield Told("designation", text)
    yield Told("listed_on", str(body.get("listed_on") or ""))
    yield Told("remarks", body.get("comments") or "")
    for said in body.get("said", ()):
        yield Told("said", said["text"], ("foreign_said", said["what"]))


def _born(born: Mapping[str, Any]) -> str:
    return f"{'~' if born.get('approximate') else ''}{born['date']}"


def _paper(paper: Mapping[str, Any]) -> str:
    return _joined(*(paper.get(name) for name in ("authority", "number", "date", "country")), between=", ")


def _joined(*parts: object, between: str = " ") -> str:
    return between.join(str(part) for part in parts if part)


def name_of(bodies: Sequence[Mapping[str, Any]]) -> str:
    """What to call the subject: the first name of the first body."""
    names = [name["text"] for body in bodies for name in (body.get("subject") or {}).get("names", ())]
    return names[0] if names else ""
