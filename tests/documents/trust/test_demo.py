"""What the demonstration makes of trust: a state's authority, its signer, and its two people's word for it."""

from pathlib import Path
from typing import Any

import pytest

from jiwar.documents import signer, trust_store
from jiwar.documents.demo import make_authority
from jiwar.documents.trust_kinds import TRUST
from jiwar.documents.trust_offers import shown
from jiwar.identity.models import Person
from jiwar.operation import seed
from jiwar.records.models import Record


def test_a_state_of_the_demonstration_trusts_itself_and_shows_itself_once(
    staff: dict[str, Person], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    monkeypatch.setattr(seed, "COUNTRIES", {"LBY": "LY"})
    (tmp_path / "cards").mkdir()
    make_authority(tmp_path / "ceremony" / "LBY" / "authority", "LY", "LBY", seed.PASSWORD)
    seed.trust(tmp_path / "cards")
    held = trust_store.current()
    [anchor] = held.anchors
    assert (anchor.source, anchor.certificate.country, len(held.crls)) == ("own", "LY", 1)
    assert [each.der for each in held.signers] == [signer.current().der]
    assert held.anchor_of(held.signers[0]) == anchor
    assert [record.body["fingerprint"] for record in shown()] == [anchor.certificate.fingerprint]
    count = Record.objects.filter(kind=TRUST.name).count()
    seed.trust(tmp_path / "cards")
    assert (trust_store.current().version, shown().count()) == (held.version, 1)
    assert Record.objects.filter(kind=TRUST.name).count() == count
