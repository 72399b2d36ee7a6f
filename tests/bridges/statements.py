"""Really signed statements of every kind that a bridge maps, and of one that it does not, without a database."""

import base64
import datetime as dt
import json
from typing import Any

from hypothesis import strategies as st

from jiwar.bridges.logic.statement import Signed, Statement
from jiwar.identity.keys import KeyRing
from jiwar.records.kinds import KINDS
from jiwar.records.words import word
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical, parse

RING = KeyRing.make()
AT = dt.datetime(2026, 11, 3, 9, 30, 15, 123456, dt.UTC)
ALERT_UID = str(uuid7(AT, b"alert12345"))
HIT_UID = str(uuid7(AT, b"hits123456"))


def say(group: str, code: str) -> str:
    return word(group, code, "en")


def sign(data: dict[str, Any]) -> Signed:
    """A statement as a node signs it."""
    statement = canonical(data)
    key = RING.signing[0]
    return Signed(statement, key.id, base64.b64encode(key.sign(b"jiwar-record/1\n" + statement)).decode())


def verify(signed: Signed) -> None:
    """Raises InvalidSignature."""
    RING.signing[0].private.public_key().verify(
        base64.b64decode(signed.signature), b"jiwar-record/1\n" + signed.statement
    )


def statement(kind: str, body: dict[str, Any], **changes: Any) -> Statement:
    """A statement whose content its kind's schema accepts; `changes` replace fields of the content."""
    content = {
        "purpose": "criminal_investigation",
        "legal_basis": "Code de procédure pénale, art. 21",
        "handling": {"tlp": "AMBER", "restrictions": ["no_arrest"], "onward": "no"},
        "grading": {"source": "A", "information": "1"},
        "valid_until": "2027-06-01T00:00:00Z",
        "review_on": "2027-05-01",
        "body": body,
        **changes,
    }
    plain = KINDS[kind, 1].content.model_validate(content).model_dump(mode="json")
    signed = sign(
        {
            "v": 1,
            "id": ALERT_UID if kind == "alert.person" else str(uuid7(AT, b"statement0")),
            "version": 1,
            "kind": kind,
            "kind_version": 1,
            "origin": "NER",
            "node": "NER",
            "issued_at": AT.isoformat(timespec="microseconds"),
            "content": plain,
            "supersedes": None,
            "approval": {"author": "a", "approver": "b", "content_hash": "0" * 64},
        }
    )
    data = parse(signed.statement)
    assert isinstance(data, dict)
    return Statement(signed, data)


SUBJECT: dict[str, Any] = {
    "type": "person",
    "names": [
        {"text": "Salem Ould Khattar"},
        {"text": "سالم ولد خطار", "kind": "original_script"},
        {"text": "Abu Salem", "kind": "alias", "quality": "low"},
    ],
    "birth_dates": [{"date": "1984-03-09"}, {"date": "1980/1985"}],
    "sexes": ["M"],
    "nationalities": ["LBY", "TUN"],
    "documents": [
        {"type": "passport", "country": "LBY", "number": "K0451187"},
        {"type": "driving licence", "country": "NER", "number": "D-77"},
    ],
    "place_of_birth": "Sabha",
}
ALERT: dict[str, Any] = {
    "type": "wanted_for_arrest",
    "action": "arrest_for_extradition",
    "subject": SUBJECT,
    "offence": {"title": "Trafic d’armes", "article": "Loi 7/1981, art. 3", "max_penalty": "15 years"},
    "warrant": {"authority": "Tripoli court", "number": "12/2026", "date": "2026-02-01", "country": "LBY"},
    "necessity": "Left for Madama on 3 November.",
    "officer": "Amal, contact point Tripoli",
    "contact": "+218 00 000 0001",
    "rights_screen": dict.fromkeys(("speech", "assembly", "insult", "membership", "military", "religious"), False),
    "grave_risk": False,
    "remarks": "Drives a white Hilux.",
}
MISSING: dict[str, Any] = ALERT | {
    "type": "missing",
    "action": "protect_and_locate",
    "offence": None,
    "warrant": None,
    "report": {"authority": "Police, Sabha", "number": "P-77", "date": "2026-10-01"},
    "protected": "child",
}
LISTING: dict[str, Any] = {
    "list": "un_security_council",
    "reference": "QDi.001",
    "un_list_type": "Al-Qaida",
    "subject": SUBJECT,
    "listed_on": "2001-01-25",
    "designations": ["Treasurer"],
    "comments": "Reported deceased.",
}
ENTITY: dict[str, Any] = LISTING | {
    "reference": "QDe.002",
    "subject": {"type": "organisation", "names": [{"text": "Al-Itihaad"}, {"text": "AIAI", "kind": "alias"}]},
}
HIT: dict[str, Any] = {
    "target": ALERT_UID,
    "target_version": 1,
    "reported_by": "NER-MADAMA",
    "at": AT.isoformat(),
    "place": "Madama, lane 2",
    "identifiers_confirmed": ["name", "document_number"],
    "action_taken": "held_for_contact",
    "direction": "entering",
    "note": "Calm.",
}
OUTCOME: dict[str, Any] = {
    "target": HIT_UID,
    "alert": ALERT_UID,
    "outcome": "confirmed_identity_action_requested",
    "text": "Thank you.",
}
REFUSAL: dict[str, Any] = {"target": ALERT_UID, "ground": "ne_bis_in_idem", "text": "Judged in Niamey in 2024."}
WITHDRAWAL: dict[str, Any] = {"target": ALERT_UID, "reason": "arrested"}
CROSSING: dict[str, Any] = {"target": ALERT_UID}
AGREEMENT: dict[str, Any] = {
    "reference": "LBY-NER-2026-01",
    "title": {"ar": "اتفاق", "fr": "Accord", "en": "Agreement on alerts"},
    "parties": ["LBY", "NER"],
    "clauses": [
        {
            "id": "art-3-1",
            "kinds": ["alert.person"],
            "purposes": ["criminal_investigation"],
            "from_states": ["LBY"],
            "to_states": ["NER"],
            "text": {"ar": "نص", "fr": "texte", "en": "The Parties exchange alerts."},
        }
    ],
    "starts": "2026-01-01",
    "ends": None,
    "legal_basis": "Tripoli Action Plan, 2012",
}
CAR: dict[str, Any] = {
    k: v for k, v in ALERT.items() if k not in {"offence", "warrant", "grave_risk", "ministerial_signoff"}
} | {
    "type": "stolen",
    "action": "seize_and_report",
    "subject": {
        "type": "vehicle",
        "names": [{"text": "Toyota Hilux, white", "kind": "name", "quality": "good"}],
        "identifiers": [
            {"kind": "plate", "country": "LBY", "number": "5-123456"},
            {"kind": "vin", "country": "", "number": "1M8GDM9AXKP042788"},
        ],
        "places": [{"kind": "seen", "country": "NER", "text": "Agadez"}],
        "relations": [{"kind": "owner", "name": "Mahmud Al Fitouri", "target": None}],
    },
    "report": {"authority": "Police, Sabha", "number": "V-12", "date": "2026-10-01"},
}
EVERY: dict[str, tuple[str, dict[str, Any]]] = {
    "alert": ("alert.person", ALERT),
    "missing child": ("alert.person", MISSING),
    "stolen car": ("alert.object", CAR),
    "listed person": ("listing.person", LISTING),
    "listed organisation": ("listing.entity", ENTITY),
    "hit": ("alert.hit", HIT),
    "outcome": ("case.outcome", OUTCOME),
    "refusal": ("alert.refusal", REFUSAL),
    "withdrawal": ("record.withdrawal", WITHDRAWAL),
    "agreement": ("agreement", AGREEMENT),
    "withholding, which no bridge maps": ("alert.withholding", {"target": ALERT_UID}),
}

_text = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60)
_line = _text.filter(lambda text: text.strip() != "")
_names = st.fixed_dictionaries(
    {
        "text": _line,
        "kind": st.sampled_from(["name", "alias", "former", "original_script"]),
        "quality": st.sampled_from(["good", "low"]),
    }
)
_day = st.dates(dt.date(1900, 1, 1), dt.date(2025, 1, 1))
_born = st.one_of(
    _day.map(lambda day: {"date": day.isoformat()}),
    _day.map(lambda day: {"date": day.isoformat()[:7], "approximate": True}),
    st.integers(1900, 2000).map(lambda year: {"date": f"{year}/{year + 3}"}),
)
_papers = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["", "passport", "Passport", "identity card", "permit"]),
        "country": st.sampled_from(["", "LBY", "NER", "XXA"]),
        "number": _line,
    }
)
_numbers = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["plate", "imo", "mmsi", "callsign", "hull", "tail", "serial", "imei", "phone"]),
        "country": st.sampled_from(["", "LBY"]),
        "number": _line,
    }
)
subjects = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["person", "organisation", "armed_group", "vehicle", "vessel", "aircraft", "device"]),
        "identifiers": st.lists(_numbers, max_size=3),
        "names": st.lists(_names, min_size=1, max_size=5),
        "birth_dates": st.lists(_born, max_size=3),
        "sexes": st.lists(st.sampled_from(["M", "F", "X"]), max_size=2, unique=True),
        "nationalities": st.lists(st.sampled_from(["LBY", "TUN", "NER", "XXA"]), max_size=3, unique=True),
        "documents": st.lists(_papers, max_size=4),
        "place_of_birth": st.one_of(st.just(""), _line),
    }
)


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    """Statements of every kind, with any subject and any free text."""
    kind, body = draw(st.sampled_from(list(EVERY.values())))
    body = json.loads(json.dumps(body))
    if "subject" in body:
        body["subject"] = draw(subjects)
    for field in ("remarks", "comments", "text", "note"):
        if field in body:
            body[field] = draw(_line)
    tlp = draw(st.sampled_from(["RED", "AMBER+STRICT", "AMBER", "GREEN", "CLEAR"]))
    return statement(kind, body, handling={"tlp": tlp, "restrictions": [], "onward": "yes"})
