"""The demo's agreement between Libya and Niger: data that the demo and the journeys feed through the real services."""

import datetime as dt
from typing import Any

_PURPOSES = ["border_check", "counter_terrorism", "criminal_investigation", "missing_persons"]
_BOTH = ["LBY", "NER"]


def demo_agreement(starts: dt.date, ends: dt.date | None = None) -> dict[str, Any]:
    """Body of LBY-NER-2026-01: alerts on persons, hits and outcomes of cases, both ways. For `draft_agreement`."""
    ways = {"purposes": _PURPOSES, "from_states": _BOTH, "to_states": _BOTH}
    return {
        "reference": "LBY-NER-2026-01",
        "title": {
            "ar": "اتفاق بين ليبيا والنيجر بشأن تبادل التنبيهات عن الأشخاص على الحدود المشتركة",
            "fr": "Accord entre la Libye et le Niger sur l’échange de signalements de personnes à la frontière commune",
            "en": "Agreement between Libya and Niger on the exchange of alerts on persons at the common border",
        },
        "parties": _BOTH,
        "starts": starts.isoformat(),
        "ends": ends.isoformat() if ends else None,
        "legal_basis": "Tripoli Action Plan, 2012; demonstration agreement, of no legal force",
        "clauses": [
            {
                "id": "art-3-1",
                "kinds": ["alert.person"],
                **ways,
                "onward": "no",
                "text": {
                    "ar": "يُبلّغ كل طرف الطرف الآخر بالتنبيهات عن الأشخاص التي يصدرها، "
                    "ويستعملها المتلقي على حدوده وحدها.",
                    "fr": "Chaque partie communique à l’autre les signalements de personnes qu’elle émet ; "
                    "le destinataire les emploie à ses seules frontières.",
                    "en": "Each party makes known to the other the alerts on persons that it issues; the recipient "
                    "uses them at its own borders only.",
                },
            },
            {
                "id": "art-4-1",
                "kinds": ["alert.hit", "case.outcome"],
                **ways,
                "onward": "no",
                "text": {
                    "ar": "يُبلّغ الطرف الذي وقعت لديه المطابقة الطرف المصدر بها دون تأخير، ويُبلّغ المصدر بنتيجة القضية.",
                    "fr": "La partie chez laquelle une concordance est constatée en informe sans délai la partie "
                    "émettrice, qui lui fait connaître l’issue du dossier.",
                    "en": "The party where a match is found tells the issuing party without delay, and learns the "
                    "outcome of the case from it.",
                },
            },
        ],
    }
