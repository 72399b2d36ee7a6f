"""A signed brief: what it says and to whom, that its signature holds, and that no byte of it can change unseen."""

import datetime as dt
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jiwar import cli
from jiwar.access.permissions import Permission as P
from jiwar.analysis import briefs, services
from jiwar.analysis.logic.signed_pdf import BriefInvalid, sign, verify
from jiwar.audit.models import Leaf
from jiwar.identity.keys import ring
from jiwar.identity.services import own_card
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.analysis.test_dossiers import READING, alert, by, issued  # noqa: F401
from tests.analysis.test_links import linked  # noqa: F401
from tests.watchlist.alerts.conftest import alert_content, grant, niger, people  # noqa: F401
from tests.watchlist.conftest import live_index, own_keys  # noqa: F401

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
PDF = (
    b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\nxref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    b"trailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n45\n%%EOF\n"
)
MAY = READING | {P.ANALYSIS_BRIEF_MAKE}
needs_pango = pytest.mark.skipif(not briefs.is_available(), reason="no Pango on this machine (`make test` installs it)")


def signed(pdf: bytes = PDF) -> bytes:
    return sign(pdf, node="LBY", brief="b", made_at=AT, content="c" * 64, key=KEY)


def test_a_signature_says_who_made_what_and_when() -> None:
    said = verify(signed(), KEY.public_key().public_bytes_raw())
    assert (said.node, said.brief, said.made_at, said.content) == ("LBY", "b", AT, "c" * 64)
    assert signed().startswith(PDF)
    assert verify(signed(signed())).sha256 != said.sha256  # a signature over a signed file covers it too


@given(st.integers(0, len(signed()) - 1), st.integers(1, 255))
def test_no_byte_can_change(place: int, change: int) -> None:
    data = bytearray(signed())
    data[place] ^= change
    with pytest.raises(BriefInvalid):
        verify(bytes(data), KEY.public_key().public_bytes_raw())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_a_pdf"),
        (PDF, "unsigned"),
        (signed() + b"\n", "changed"),
        (signed()[:-1], "changed"),
        (b"%PDF-1.7\n" + b" " * 20_000_000, "too_large"),
        (signed().replace(PDF, PDF.replace(b"Catalog", b"Katalog")), "changed"),
    ],
)
def test_what_proves_nothing_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(BriefInvalid) as refused:
        verify(data)
    assert refused.value.code == code


def test_another_key_is_refused() -> None:
    with pytest.raises(BriefInvalid) as refused:
        verify(signed(), bytes(32))
    assert refused.value.code == "key"
    with pytest.raises(BriefInvalid):
        sign(b"%PDF-1.7 no end", node="LBY", brief="b", made_at=AT, content="c", key=KEY)


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
