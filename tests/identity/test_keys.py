"""The key ring: private stays private."""

import datetime as dt
import ssl
from pathlib import Path

import pytest

from jiwar.identity.keys import KeyRing, KeyRingInvalid, make_tls, ring

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
RING = KeyRing.make()


def test_a_ring_comes_back_from_its_file_which_is_its_owners_alone(tmp_path: Path) -> None:
    RING.write(tmp_path)
    again = ring(tmp_path)
    assert again.signing[0].public == RING.signing[0].public
    assert again.sealing[0].public == RING.sealing[0].public
    assert (tmp_path / "keyring.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text", ["", "{}", '{"v":2}', '{"v":1,"signing":["?"],"sealing":[]}', "[]", '{"v":1,"signing":[""]}']
)
def test_a_damaged_ring_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "keyring.json").write_text(text)
    with pytest.raises(KeyRingInvalid, match=r"keyring\.json"):
        KeyRing.read(tmp_path)


def test_the_certificate_serves_tls(tmp_path: Path) -> None:
    make_tls(tmp_path, "NER", "https://127.0.0.1:1", NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    assert (tmp_path / "tls.key").stat().st_mode & 0o077 == 0
