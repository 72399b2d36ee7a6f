"""A made-up network for the demonstration's analyst: a group, its lorry, a man who belongs to both, and one who shares
his telephone."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

ORDER = ("group", "lorry", "hamid", "yusuf")
ON = {"group": "group", "lorry": "object", "hamid": "person", "yusuf": "person"}
_PHONE = {"kind": "phone", "country": "LBY", "number": "+218 91 555 0101"}


def alert_content(name: str, made: Mapping[str, str], at: dt.datetime) -> dict[str, Any]:
    """What an author types for the alert of one of ORDER; `made` has the uids of those before it."""
    until = at + dt.timedelta(days=300)
    return {
        "purpose": "counter_terrorism",
        "legal_basis": "Law 3 of 2014 on combating terrorism, art. 29",
        "handling": {"tlp": "AMBER", "restrictions": ["contact_before_action"], "onward": "ask"},
        "grading": {"source": "B", "information": "2"},
        "valid_until": until.isoformat(),
        "review_on": (at + dt.timedelta(days=180)).date().isoformat(),
        "body": {
            "necessity": "Arms were carried from Ubari towards Madama on this road in the last month.",
            "officer": "Amal Ben Othman, contact point Tripoli",
            "contact": "+218 00 000 0001",
            "rights_screen": dict.fromkeys(
                ("speech", "assembly", "insult", "membership", "military", "religious"), False
            ),
            **_BODIES[name](made, at.date()),
        },
    }


def _group(made: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    return {
        "type": "designated",
        "action": "freeze_assets_report",
        "warrant": _decision("Council of Ministers", "88/2026", today, 60),
        "subject": {
            "type": "armed_group",
            "names": [{"text": "Katibat al-Sahra"}, {"text": "كتيبة الصحراء", "kind": "original_script"}],
            "places": [{"kind": "address", "country": "LBY", "text": "Warehouse 4, airport road, Ubari"}],
        },
    }


def _lorry(made: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    return {
        "type": "stolen",
        "action": "seize_and_report",
        "report": {
            "authority": "Police, Sabha",
            "number": "P-412",
            "date": (today - dt.timedelta(days=20)).isoformat(),
        },
        "subject": {
            "type": "vehicle",
            "names": [{"text": "White Toyota Hilux, 2019"}],
            "identifiers": [{"kind": "plate", "country": "LBY", "number": "5-123456"}],
            "relations": [{"kind": "other", "target": made["group"], "name": "Katibat al-Sahra"}],
        },
    }


def _hamid(made: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    body = _person("Hamid Ould Khattar", "حامد ولد خطار", "1979-01-14", "K0377120", today)
    body["subject"] |= {
        "places": [{"kind": "address", "country": "LBY", "text": "Warehouse 4, Airport Road, Ubari"}],
        "relations": [
            {"kind": "member", "target": made["group"], "name": "Katibat al-Sahra"},
            {"kind": "user", "target": made["lorry"], "name": "White Toyota Hilux, 2019"},
            {"kind": "relative", "name": "Salem Ould Khattar"},
        ],
    }
    return body


def _yusuf(made: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    return _person("Yusuf Barka", "يوسف بركة", "1990-08-02", "K0561208", today)


def _person(name: str, arabic: str, born: str, passport: str, today: dt.date) -> dict[str, Any]:
    return {
        "type": "wanted_for_arrest",
        "action": "arrest_for_extradition",
        "offence": {"title": "Arms trafficking", "article": "Law 7/1981, art. 3", "max_penalty": "15 years"},
        "warrant": _decision("Public prosecutor, Tripoli", f"{passport[-3:]}/2026", today, 30),
        "subject": _subject(name, arabic, born, passport),
        "grave_risk": False,
    }


def _subject(name: str, arabic: str, born: str, passport: str) -> dict[str, Any]:
    return {
        "names": [{"text": name}, {"text": arabic, "kind": "original_script"}],
        "birth_dates": [{"date": born}],
        "sexes": ["M"],
        "nationalities": ["LBY"],
        "documents": [{"type": "passport", "country": "LBY", "number": passport}],
        "identifiers": [_PHONE],
    }


def _decision(authority: str, number: str, today: dt.date, days: int) -> dict[str, str]:
    date = (today - dt.timedelta(days=days)).isoformat()
    return {"authority": authority, "number": number, "date": date, "country": "LBY"}


_BODIES = {"group": _group, "lorry": _lorry, "hamid": _hamid, "yusuf": _yusuf}
