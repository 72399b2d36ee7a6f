"""A signed brief: made in three languages, verified offline, in the ledger; and why one cannot be made."""

import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from jiwar import cli
from jiwar.access.permissions import Permission as P
from jiwar.analysis import briefs, services
from jiwar.analysis.logic.signed_pdf import verify
from jiwar.audit.models import Leaf
from jiwar.identity.keys import ring
from jiwar.identity.services import own_card
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.analysis.test_dossiers import READING, alert, by, issued  # noqa: F401
from tests.analysis.test_links import linked  # noqa: F401
from tests.watchlist.alerts.conftest import alert_content, grant, niger, people  # noqa: F401
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

MAY = READING | {P.ANALYSIS_BRIEF_MAKE}
needs_pango = pytest.mark.skipif(not briefs.is_available(), reason="no Pango on this machine (`make test` installs it)")


@needs_pango
def test_a_brief_is_made_signed_and_verified_offline(
    linked: dict[str, UUID],  # noqa: F811
    settings: Any,
    tmp_path: Path,
    capsys: Any,
) -> None:
    made = [
        services.make_brief(by(P.ANALYSIS_BRIEF_MAKE, may=MAY), linked["salem"], code) for code in ("ar", "fr", "en")
    ]
    for brief, language in zip(made, ("ar", "fr", "en"), strict=True):
        assert brief is not None
        said = verify(brief.pdf, ring(settings.KEYS).signing[0].public)
        assert (said.brief, said.content, said.node) == (str(brief.id), brief.content, "LBY")
        leaf = Leaf.objects.get(act="brief_made", subject=str(brief.id))
        assert (leaf.case, brief.sha256 in leaf.content, brief.content in leaf.content) == ("LBY/2026/7", True, True)
        assert "Khattar" not in brief.file_name
        if folder := os.environ.get("SHOTS"):
            Path(folder, f"brief-{language}.pdf").write_bytes(brief.pdf)
    file, card = tmp_path / "brief.pdf", tmp_path / "LBY.card.json"
    file.write_bytes(made[2].pdf)  # type: ignore[union-attr]
    card.write_text(own_card(), encoding="utf-8")
    assert cli.main(["verify-brief", str(file), "--card", str(card)]) == 0
    assert str(made[2].id) in capsys.readouterr().out  # type: ignore[union-attr]
    file.write_bytes(made[2].pdf.replace(b"%PDF-1.7", b"%PDF-1.6"))  # type: ignore[union-attr]
    assert cli.main(["verify-brief", str(file), "--card", str(card)]) == 1
    assert "NOT PROVEN" in capsys.readouterr().err


def test_what_cannot_be_made_says_why(alert: Record, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    grant_ = by(P.ANALYSIS_BRIEF_MAKE, may=MAY)
    for language, available, code in (("de", True, "not_in_list"), ("en", False, "pdf_unavailable")):
        monkeypatch.setattr(briefs, "is_available", lambda available=available: available)
        with pytest.raises(Refused) as refused:
            services.make_brief(grant_, alert.uid, language)
        assert [fault.code for fault in refused.value.faults] == [code]
    assert not Leaf.objects.filter(act="brief_made").exists()
