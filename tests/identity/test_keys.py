"""The key ring: private stays private."""

import datetime as dt
import json
import ssl
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from jiwar.identity.keys import KeyRing, KeyRingInvalid, cosigning_public, make_tls, ring

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
RING = KeyRing.make()


def test_a_ring_comes_back_from_its_file_which_is_its_owners_alone(tmp_path: Path) -> None:
    RING.write(tmp_path)
    again = ring(tmp_path)
    assert again.signing[0].public == RING.signing[0].public
    assert again.sealing[0].public == RING.sealing[0].public
    assert again.cosigning[0].public == RING.cosigning[0].public
    assert (tmp_path / "keyring.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"v":2}',
        '{"v":1,"signing":["?"],"sealing":[]}',
        '{"v":1,"signing":[""]}',
        '{"v":1,"signing":[],"sealing":[]}',
        '{"v":3,"signing":[],"sealing":[],"cosigning":[]}',
    ],
)
def test_a_damaged_ring_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "keyring.json").write_text(text)
    with pytest.raises(KeyRingInvalid, match=r"keyring\.json"):
        KeyRing.read(tmp_path)


@pytest.mark.parametrize("use", ["signing", "sealing", "cosigning"])
def test_a_ring_that_lacks_a_key_is_refused(tmp_path: Path, use: str) -> None:
    RING.write(tmp_path)
    path = tmp_path / "keyring.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {use: []}))
    with pytest.raises(KeyRingInvalid, match="missing"):
        KeyRing.read(tmp_path)


def test_a_ring_of_version_1_is_read_and_completed(tmp_path: Path) -> None:
    RING.write(tmp_path)
    path = tmp_path / "keyring.json"
    old = json.loads(path.read_text()) | {"v": 1}
    del old["cosigning"]
    path.write_text(json.dumps(old))
    read = KeyRing.read(tmp_path)
    assert (read.signing[0].id, read.sealing[0].id, read.cosigning) == (RING.signing[0].id, RING.sealing[0].id, ())
    whole = read.complete()
    whole.write(tmp_path)
    again = KeyRing.read(tmp_path)
    assert (again.signing[0].id, again.sealing[0].id) == (RING.signing[0].id, RING.sealing[0].id)
    assert again.complete().cosigning[0].id == whole.cosigning[0].id


def test_a_cosignature_holds_for_its_key_and_its_bytes_alone() -> None:
    key, other = RING.cosigning[0], KeyRing.make().cosigning[0]
    assert len(key.public) == 1952
    signature = key.sign(b"checkpoint")
    cosigning_public(key.public).verify(signature, b"checkpoint")
    for public, data in ((key.public, b"checkpoinT"), (other.public, b"checkpoint")):
        with pytest.raises(InvalidSignature):
            cosigning_public(public).verify(signature, data)


def test_the_certificate_serves_tls(tmp_path: Path) -> None:
    make_tls(tmp_path, "NER", "https://127.0.0.1:1", NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")
    assert (tmp_path / "tls.key").stat().st_mode & 0o077 == 0
