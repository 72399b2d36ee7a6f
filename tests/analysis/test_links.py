"""What a subject is linked with: relations both ways, numbers and addresses in common, hits; and who may know of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import Grant
from jiwar.analysis import services
from jiwar.audit.models import Leaf
from jiwar.identity.roles import Clearance
from jiwar.records.models import Record
from jiwar.watchlist import services as watchlist
from jiwar.watchlist.models import Tie
from tests.analysis.test_dossiers import READING, alert, by, issued  # noqa: F401
from tests.watchlist.alerts.conftest import alert_content, grant, niger, people  # noqa: F401
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

HOUSE = {"kind": "address", "country": "LBY", "text": "12 Fezzan street, Ubari"}


def about(name: str, subject: dict[str, Any], **body: Any) -> dict[str, Any]:
    content = alert_content(**body)
    content["body"]["subject"] = {
        "names": [{"text": name, "kind": "name"}],
        "birth_dates": [{"date": "1970-05-06"}],
    } | subject
    return content


@pytest.fixture
def linked(alert: Record, issued: Callable[..., Record]) -> dict[str, UUID]:  # noqa: F811
    """Salem with a hit; a brother who names him, one with his passport, and a discreet check at the brother's house."""
    others = {
        "brother": about(
            "Hamid Ould Khattar",
            {
                "relations": [
                    {"kind": "relative", "name": "Salem", "target": str(alert.uid)},
                    {"kind": "member", "name": "Katiba Ahrar"},
                ],
                "places": [HOUSE],
            },
        ),
        "bearer": about("Yusuf Barka", {"documents": [{"type": "passport", "country": "LBY", "number": "K 0451187"}]}),
        "watched": about("Idris Targui", {"places": [HOUSE]}, type="discreet_check", action="check_discreetly"),
    }
    return {"salem": alert.uid} | {name: issued(content).uid for name, content in others.items()}


def drawn(uid: UUID, *further: UUID, **grant_: Any) -> Any:
    return services.open_chart(by(P.ANALYSIS_SUBJECT_READ, **grant_), uid, further, rtl=False)


def said(chart: Any) -> set[tuple[str, str, str]]:
    return {(row.one.label, row.label, row.other.label) for row in chart.rows}


def test_links_run_both_ways_and_a_step_further_where_asked(linked: dict[str, UUID]) -> None:
    chart = drawn(linked["salem"])
    first = {
        ("Hamid Ould Khattar", "relative of", "Salem Ould Khattar"),
        ("Salem Ould Khattar", "passport", "K0451187"),
        ("Yusuf Barka", "passport", "K0451187"),
    }
    assert first <= said(chart)
    assert any(label == "hit" and "Madama" in place for _, label, place in said(chart))
    further = said(drawn(linked["salem"], linked["brother"]))
    assert ("Hamid Ould Khattar", "member of", "Katiba Ahrar") in further
    assert first <= further
    leaf = Leaf.objects.filter(act="links_read").order_by("index").first()
    assert leaf is not None
    assert (leaf.subject, leaf.case, str(linked["brother"]) in leaf.content) == (
        str(linked["salem"]), "LBY/2026/7", True,
    )  # fmt: skip


def test_a_discreet_check_is_linked_for_the_cleared_alone(linked: dict[str, UUID]) -> None:
    assert "Idris Targui" not in {name for row in said(drawn(linked["brother"])) for name in row}
    assert drawn(linked["watched"]) is None
    cleared = said(drawn(linked["brother"], clearance=Clearance.COVERT))
    assert ("Idris Targui", "address", HOUSE["text"]) in cleared


def test_what_has_ended_is_linked_no_longer(linked: dict[str, UUID], grant: Callable[..., Grant]) -> None:  # noqa: F811
    assert Tie.objects.filter(entry=linked["brother"]).count() == 2
    watchlist.withdraw_alert(grant(P.WATCHLIST_ALERT_WITHDRAW), linked["brother"], "Arrested at home")
    assert not Tie.objects.filter(entry=linked["brother"]).exists()
    assert "Hamid Ould Khattar" not in {name for row in said(drawn(linked["salem"])) for name in row}
    assert drawn(linked["salem"], may=READING - {P.WATCHLIST_ALERT_READ}) is None
