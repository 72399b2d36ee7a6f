"""Agreements: whatever clause is accepted compiles, and every question gets an answer. Forms as people send them."""

import datetime as dt
import json
import uuid
from urllib.parse import urlencode

from django.http import QueryDict
from pydantic import ValidationError

from jiwar.agreements import form
from jiwar.agreements.demo import demo_agreement
from jiwar.agreements.kinds import AGREEMENT
from jiwar.agreements.logic.register import Register
from jiwar.agreements.logic.verdicts import Facts, Question, Terms, standing
from jiwar.agreements.said import _clause
from jiwar.requests import letter_form
from jiwar.requests.kinds import LETTER
from jiwar.wire.strict_json import JsonRefused, parse
from tests.fuzz.target import storable, target

TODAY, AT, UID = dt.date(2026, 11, 25), dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC), uuid.UUID(int=1)


def sent(data: bytes) -> QueryDict:
    """A form as the console lets it pass: without NUL."""
    form = QueryDict(data[:20_000], mutable=True)
    for name, values in list(form.lists()):
        form.setlist(name, [value.replace("\0", "") for value in values])
    return form


def _flat(value: object, at: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for name, each in value.items() for pair in _flat(each, f"{at}.{name}")]
    if isinstance(value, list) and any(isinstance(each, dict) for each in value):
        return [pair for n, each in enumerate(value) for pair in _flat(each, f"{at}.{n}")]
    return [(at, str(each)) for each in (value if isinstance(value, list) else [value])]


@target("jiwar.agreements.form", corpus=lambda: [urlencode(_flat(demo_agreement(TODAY), "body")).encode()], cost=4)
def agreement_form(data: bytes) -> None:
    typed = form.read(sent(data))
    storable(typed)
    try:
        storable(AGREEMENT.body.model_validate(typed))
    except ValidationError:
        return


LETTER_FORM = {
    "purpose": "criminal_investigation", "legal_basis": "art. 5", "valid_until": "2027-01-01", "body.flow": "9",
    "body.to": "NER", "body.subject": "s", "body.text": "t", "body.urgency": "by_date",
    "body.answer_by": "2026-12-01T08:00", "body.references": "019ababa-0000-7000-8000-000000000001",
    "handling.tlp": "AMBER", "grading.source": "A", "grading.information": "1",
}  # fmt: skip


@target("jiwar.requests.letter_form", "jiwar.requests.kinds", corpus=lambda: [urlencode(LETTER_FORM).encode()], cost=2)
def a_letter_form(data: bytes) -> None:
    typed = letter_form.content_of(sent(data))
    storable(typed)
    letter_form.typed_of(typed)
    try:
        storable(LETTER.content.model_validate(typed))
    except ValidationError:
        return


def agreements() -> list[bytes]:
    return [json.dumps(demo_agreement(TODAY, dt.date(2030, 1, 1))).encode()]


@target("jiwar.agreements.kinds", "jiwar.agreements.said", "jiwar.agreements.logic", corpus=agreements, cost=10)
def agreement(data: bytes) -> None:
    """What a neighbour may put into an agreement can be decided by, and is refused before otherwise."""
    try:
        body = AGREEMENT.body.model_validate(parse(data))
    except (JsonRefused, ValidationError):
        return
    storable(body)
    plain, parties = body.model_dump(mode="json"), frozenset(body.parties)
    signed = dict.fromkeys(parties, dt.datetime.max.replace(tzinfo=dt.UTC))
    clauses = tuple(_clause(clause, parties) for clause in plain["clauses"])
    terms = Terms(UID, body.reference, parties, signed, body.starts, body.ends, AT, clauses)
    register = Register([terms])
    assert standing(terms, AT)
    asked = {kind for clause in clauses for kind in (*clause.kinds, "alert.person")}
    for kind in sorted(asked)[:3]:
        for facts in (Facts(), Facts(depth_km=12.5), Facts(origin="TUN", consents=parties, onward="ask", tlp="RED")):
            verdict = register.decide(Question(*sorted(parties)[:2], kind, "border_check", AT, facts))
            assert verdict.code != "not_decidable"
            if provision := register.provision(verdict):
                assert provision.policies.text()
