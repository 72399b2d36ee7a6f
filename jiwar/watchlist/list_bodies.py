"""What a reader gives, as the body of a record. What is longer than a record may hold is cut, and that is reported."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jiwar.watchlist.kinds import BirthDate, Listing, SubjectFacts
from jiwar.watchlist.list_catalogue import ListTerms
from jiwar.watchlist.logic.listed import Listed

Report = Callable[[str, str, str], None]
"""Takes a code of the words group `unread`, the place, and what stands there."""


def listing_of(listed: Listed, terms: ListTerms, report: Report) -> Listing:
    """The body; raises pydantic's ValidationError."""

    def cut(text: str, most: int, path: str) -> str:
        if len(text) > most:
            report("cut", path, text[:500])
        return text[:most].strip()

    def few(values: Sequence[Any], most: int, path: str) -> Sequence[Any]:
        if len(values) > most:
            report("cut", path, f"{len(values)} > {most}")
        return values[:most]

    facts: dict[str, Any] = {
        "type": listed.type,
        "names": [
            {"text": cut(text, 200, "name"), "kind": kind, "quality": quality}
            for text, kind, quality in few(listed.names, 50, "name")
        ],
        "birth_dates": [BirthDate.of(born) for born in few(listed.birth_dates, 20, "birth_date")],
        "sexes": listed.sexes,
        "nationalities": few(listed.nationalities, 20, "nationality"),
        "documents": [
            {"type": cut(type_, 100, "document_type"), "country": country, "number": cut(number, 100, "document")}
            for type_, country, number in few(listed.documents, 50, "document")
        ],
        "identifiers": [
            {"kind": kind, "country": country, "number": cut(number, 100, "identifier")}
            for kind, country, number in few(listed.identifiers, 50, "identifier")
        ],
        "places": [
            {"kind": kind, "country": country, "text": cut(text, 200, "place")}
            for kind, country, text in few(listed.places, 50, "place")
        ],
        "relations": [
            {"kind": kind, "name": cut(name, 200, "relation")} for kind, name in few(listed.relations, 50, "relation")
        ],
        "place_of_birth": cut("; ".join(_born_at(listed)), 200, "place_of_birth"),
    }
    return Listing.model_validate(
        {
            "list": terms.code,
            "list_title": terms.title,
            "reference": listed.reference,
            "un_list_type": cut("; ".join(listed.programmes), 200, "programme"),
            "subject": {name: value for name, value in facts.items() if name in SubjectFacts.model_fields},
            "listed_on": listed.listed_on,
            "designations": [cut(text, 1000, "designation") for text in few(listed.designations, 30, "designation")],
            "comments": cut("\n".join(listed.comments), 5000, "comment"),
            "source_updated_on": listed.updated_on,
        }
    )


def _born_at(listed: Listed) -> Iterable[str]:
    return (text for kind, _, text in listed.places if kind == "birth")
