"""The form in which an agreement is typed: its fields, their names, and what came of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiwar.agreements import queries
from jiwar.agreements.kinds import EVERY_PARTY
from jiwar.agreements.wording import does
from jiwar.agreements.wording import states as states_in_words
from jiwar.identity.queries import neighbours
from jiwar.records.words import LANGUAGES, word

MOST_CLAUSES = 20  # of one form
_SETS = ("kinds", "purposes", "from_states", "to_states")
_NUMBERS = ("depth_km", "retention_days", "answer_within_hours")
EMPTY_CLAUSE = {
    "id": "",
    "onward": "no",
    "text": dict.fromkeys(LANGUAGES, ""),
    **dict.fromkeys(_SETS, ()),
    **dict.fromkeys(_NUMBERS),
}
"""What a draft that is not complete may lack."""


def read(post: QueryDict) -> dict[str, Any]:
    """The form as the body of an agreement; a clause whose every field is empty is left out."""
    clauses = [clause for i in range(MOST_CLAUSES) if (clause := read_clause(post, f"body.clauses.{i}"))]
    return {
        "reference": _one(post, "body.reference"),
        "title": {language: _one(post, f"body.title.{language}") for language in LANGUAGES},
        "parties": post.getlist("body.parties"),
        "open_to": post.getlist("body.open_to"),
        "starts": _one(post, "body.starts"),
        "ends": _one(post, "body.ends") or None,
        "legal_basis": _one(post, "body.legal_basis"),
        "clauses": clauses,
    }


def read_clause(post: QueryDict, at: str) -> dict[str, Any]:
    """One clause of the form; {} when nothing is typed in it."""
    clause: dict[str, Any] = {"id": _one(post, f"{at}.id")}
    clause |= {field: post.getlist(f"{at}.{field}") for field in _SETS}
    clause |= {field: _one(post, f"{at}.{field}") or None for field in _NUMBERS}
    clause["text"] = {language: _one(post, f"{at}.text.{language}") for language in LANGUAGES}
    if not any(clause["text"].values()) and not any(value for key, value in clause.items() if key != "text"):
        return {}
    return clause | {"onward": _one(post, f"{at}.onward") or "no"}


def context(body: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a body, complete or not."""
    clauses = body.get("clauses") or [{}]
    kinds = queries.coverable_kinds()
    families = {f"{kind.partition('.')[0]}.*" for kind in kinds if "." in kind}
    chosen = {kind for clause in clauses for kind in clause.get("kinds", ())}
    named = {*body.get("parties", ()), *body.get("open_to", ())}
    states = [_named(settings.NODE.state), *states_known(*named)]
    return {
        "clauses": [(clause, does(clause)) for clause in clauses],
        "labels": labels(len(clauses)),
        "kind_choices": kind_choices({*kinds, *families, *chosen}),
        "states": states,
        "ways": [(EVERY_PARTY, _("every party, those that accede included")), *states],
        "may_add": len(clauses) < MOST_CLAUSES,
    }


def kind_choices(kinds: Iterable[str]) -> list[tuple[str, str]]:
    """Kinds of record for a list."""
    language = get_language() or "en"
    return [(kind, word("kind", kind, language)) for kind in sorted(kinds)]


def states_known(*more: str) -> list[tuple[str, str]]:
    """Neighbours' states and further ones, with their names."""
    known = {node.state for node in neighbours() if node.role != "post"}
    return [_named(code) for code in sorted({*known, *more} - {settings.NODE.state})]


def _named(state: str) -> tuple[str, str]:
    return state, f"{state} {states_in_words([state])}"


def labels(clauses: int) -> dict[str, str]:
    """Names of the form's fields, for the summary of faults."""
    languages = {"ar": _("Arabic"), "fr": _("French"), "en": _("English")}
    found = {
        "body": _("Agreement"),
        "body.reference": _("Reference"),
        "body.parties": _("Parties"),
        "body.open_to": _("Open to the accession of"),
        "body.starts": _("In force from"),
        "body.ends": _("In force until"),
        "body.legal_basis": _("Legal basis"),
        "body.clauses": _("Clauses"),
        **{f"body.title.{code}": f"{_('Title')} ({name})" for code, name in languages.items()},
    }
    fields = {
        "id": _("Number of the clause"),
        "kinds": _("Kinds of record"),
        "purposes": _("Purposes"),
        "from_states": _("From"),
        "to_states": _("To"),
        "onward": _("Onward transfer"),
        "depth_km": _("Corridor (km)"),
        "retention_days": _("Kept at most (days)"),
        "answer_within_hours": _("Answered within (hours)"),
        **{f"text.{code}": f"{_('Text')} ({name})" for code, name in languages.items()},
    }
    for i in range(clauses):
        clause = _("Clause %(number)s") % {"number": i + 1}
        found |= {f"body.clauses.{i}.{field}": f"{clause}: {name}" for field, name in fields.items()}
    return found


def _one(post: QueryDict, name: str) -> str:
    return post.get(name, "").strip()
