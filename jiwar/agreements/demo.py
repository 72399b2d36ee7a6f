"""The demo's agreement between Libya and Niger: data that the demo and the journeys feed through the real services."""

import datetime as dt
from typing import Any

_PURPOSES = ["border_check", "counter_terrorism", "criminal_investigation", "missing_persons"]
_BOTH = ["LBY", "NER"]


def demo_agreement(starts: dt.date, ends: dt.date | None = None) -> dict[str, Any]:
    """Body of LBY-NER-2026-01 for `draft_agreement`: alerts on persons, hits, outcomes, matches, letters, both ways.

    An alert is kept for a year at most and passed on with its issuer's consent; a hit is answered within a day.
    """
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
                "kinds": ["alert.group", "alert.object", "alert.person"],
                **ways,
                "onward": "ask",
                "retention_days": 365,
                "text": {
                    "ar": "يُبلّغ كل طرف الطرف الآخر بالتنبيهات عن الأشخاص والجماعات والأشياء التي يصدرها. ويستعملها "
                    "المتلقي على حدوده وحدها، ولا يحتفظ بها أكثر من سنة، ولا ينقلها إلى دولة أخرى إلا بموافقة المصدر.",
                    "fr": "Chaque partie communique à l’autre les signalements de personnes, de groupes et d’objets "
                    "qu’elle émet. Le destinataire les emploie à ses seules frontières, ne les garde pas plus d’un an "
                    "et ne les transmet à un autre État qu’avec l’accord de la partie émettrice.",
                    "en": "Each party makes known to the other the alerts on persons, groups and things that it "
                    "issues. The recipient uses them at its own borders only, keeps them for a year at most, and "
                    "passes them on to another state only with the consent of the party that issued them.",
                },
            },
            {
                "id": "art-4-1",
                "kinds": ["alert.hit", "case.outcome", "sighting"],
                **ways,
                "onward": "no",
                "retention_days": 730,
                "answer_within_hours": 24,
                "text": {
                    "ar": "يُبلّغ الطرف الذي وقعت لديه المطابقة الطرف المصدر بها دون تأخير، ويجيبه المصدر خلال أربع "
                    "وعشرين ساعة ويُبلّغه بنتيجة القضية. ولا يُحتفظ بهذه البيانات أكثر من سنتين.",
                    "fr": "La partie chez laquelle une concordance est constatée en informe sans délai la partie "
                    "émettrice, qui répond dans les vingt-quatre heures et lui fait connaître l’issue du dossier. Ces "
                    "données ne sont pas gardées plus de deux ans.",
                    "en": "The party where a match is found tells the issuing party without delay; that party answers "
                    "within twenty-four hours and makes the outcome of the case known to it. These data are kept for "
                    "two years at most.",
                },
            },
            {
                "id": "art-5-1",
                "kinds": ["match.request", "match.answer", "match.result"],
                **ways,
                "onward": "no",
                "text": {
                    "ar": "يجوز لكل طرف أن يسأل الآخر، بالمطابقة العمياء، عن المفاتيح التي لديهما معاً، "
                    "ضمن الحصة التي يحددها المجيب.",
                    "fr": "Chaque partie peut demander à l’autre, par concordance aveugle, quelles clés toutes deux "
                    "détiennent, dans le quota que fixe celle qui répond.",
                    "en": "Each party may ask the other, by blind matching, which keys both hold, within the quota "
                    "that the answering party sets.",
                },
            },
            {
                "id": "art-5-2",
                "kinds": ["inquiry", "inquiry.answer"],
                **ways,
                "onward": "no",
                "text": {
                    "ar": "يجوز لكل طرف أن يسأل الآخر هل لديه شيء عن شخص أو شيء معيّن، مع بيان الغرض والقضية، "
                    "ضمن الحصة التي يحددها المجيب. ويجيب هذا بنعم أو لا، ولا يبيّن أكثر مما يجوز له إرساله.",
                    "fr": "Chaque partie peut demander à l’autre, en disant le but et l’affaire, si elle détient "
                    "quelque chose sur une personne ou un objet, dans le quota que fixe celle qui répond. Celle-ci "
                    "répond par oui ou par non et ne dit rien de plus que ce qu’elle pourrait envoyer.",
                    "en": "Each party may ask the other, stating purpose and case, whether it holds something on a "
                    "person or a thing, within the quota that the answering party sets. That party answers yes or "
                    "no, and says no more than it could send.",
                },
            },
            {
                "id": "art-6-1",
                "kinds": ["letter"],
                **ways,
                "purposes": [*_PURPOSES, "cooperation", "judicial_cooperation"],
                "onward": "no",
                "text": {
                    "ar": "تتراسل نقطتا الاتصال مباشرةً في كل شؤون الخطة، وتردّ كل منهما في الموعد أو تبيّن سبب الرفض.",
                    "fr": "Les points de contact s’écrivent directement sur toute matière du Plan ; chacun répond "
                    "dans le délai ou dit le motif de son refus.",
                    "en": "The contact points write to each other directly on every matter of the Plan; each answers "
                    "in time or states the ground of its refusal.",
                },
            },
            {
                "id": "art-7-1",
                "kinds": ["document.authority"],
                **ways,
                "onward": "yes",
                "text": {
                    "ar": "يعرض كل طرف على الآخر شهادات سلطة إصدار وثائقه، ويقرر المتلقي بمن يثق.",
                    "fr": "Chaque partie montre à l’autre les certificats de l’autorité qui émet ses documents ; celle "
                    "qui les reçoit décide de ce qu’elle croit.",
                    "en": "Each party shows the other the certificates of the authority that issues its documents; "
                    "whoever receives them decides what to trust.",
                },
            },
            {
                "id": "art-7-2",
                "kinds": ["document.lost"],
                **ways,
                "onward": "yes",
                "text": {
                    "ar": "يبلّغ كل طرف الآخر بوثائقه المفقودة والمسروقة والملغاة، بأرقامها وحدها.",
                    "fr": "Chaque partie signale à l’autre ses documents perdus, volés ou annulés, par leurs seuls "
                    "numéros.",
                    "en": "Each party reports to the other its lost, stolen and invalid documents, by their numbers "
                    "alone.",
                },
            },
        ],
    }
