"""Our own: the certificate that we show to neighbours, and the master list that our authority signs."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from django.utils import timezone

from jiwar import cli
from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused
from jiwar.audit.queries import leaves
from jiwar.documents import trust, trust_offers, trust_queries, trust_store
from jiwar.documents.logic import masterlist, seal_signers
from jiwar.documents.logic.list_signer import sign_list
from jiwar.documents.logic.pem import PemInvalid, read_pem
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.trust_export import bundle
from jiwar.documents.trust_kinds import OFFERED
from jiwar.identity.models import Person
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.documents.issuing import authority, moment
from tests.documents.trust.authorities import Authority
from tests.documents.trust.conftest import Granting, Vouching

IMPORT, APPROVE, READ = P.DOCUMENTS_TRUST_IMPORT, P.DOCUMENTS_TRUST_APPROVE, P.DOCUMENTS_TRUST_READ
PASSWORD = "a long walk in the Fezzan"


def show(grant: Granting, der: bytes) -> Record:
    by = grant(IMPORT)
    draft = trust.submit_change(by, trust_offers.draft_offer(by, der, "since 2026").pk)
    return trust.approve_change(grant(APPROVE), draft.pk, draft.content_hash)


def test_two_people_show_our_authority_and_take_it_back(grant: Granting) -> None:
    own = Authority.make("LY")
    record = show(grant, own.der)
    assert (record.kind, record.body["fingerprint"]) == (OFFERED.name, own.fingerprint)
    assert leaves(act="authority_shown").get().subject == str(record.uid)
    assert trust_store.current().anchors == ()
    assert trust_queries.offers() == []
    with pytest.raises(Refused, match="said_twice"):
        trust_offers.draft_offer(grant(IMPORT), own.der, "")
    with pytest.raises(AccessRefused):
        trust_offers.take_back(grant(IMPORT), record.uid, "x")
    trust_offers.take_back(grant(APPROVE), record.uid, "Replaced")
    record.refresh_from_db()
    assert record.state == "withdrawn"


def test_only_our_own_authority_is_shown(grant: Granting) -> None:
    by = grant(IMPORT)
    with pytest.raises(Refused, match="trust_of_other_state file NE"):
        trust_offers.draft_offer(by, Authority.make("NE").der, "")
    with pytest.raises(Refused, match="trust_not_an_authority"):
        trust_offers.draft_offer(by, Authority.make("LY").signer().der, "")


# --- our master list --------------------------------------------------------------------------------------------------


def test_another_state_reads_our_list_in(grant: Granting, vouch: Vouching) -> None:
    for country in ("NE", "TD", "TN"):
        vouch(Authority.make(country).der)
    vouch(Authority.make("DZ", years=0.5).der)
    data = bundle(grant(IMPORT))
    listed = [read_certificate(der) for der in read_pem(data)]
    assert [each.country for each in listed] == ["NE", "TD", "TN"]
    key, csca = authority("LY", "LBY")
    made = sign_list(listed, csca, key, ec.generate_private_key(ec.SECP256R1()), 7, moment())
    with pytest.raises(masterlist.ListRefused, match="list_root_unknown"):
        masterlist.read_master_list(made, [listed[0]], timezone.now())
    vouch(seal_signers.der(csca), "publisher")
    file = trust.import_file(grant(IMPORT), "ly.ml", made, "our own, as others read it")
    assert (file.source, file.added, file.refused) == ("list:LY", 3, 0)


def test_only_what_two_persons_vouch_for(grant: Granting, vouch: Vouching) -> None:
    vouch(Authority.make("NE").der)
    vouch(Authority.make("DE").der, "publisher")
    assert bundle(grant(IMPORT), bilateral=True).count(b"BEGIN CERTIFICATE") == 1
    detail = json.loads(leaves(act="trust_list_exported").get().content)["detail"]
    assert detail == {"bilateral": True, "certificates": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN X-----",
        b"-----BEGIN X-----\nAAA\n-----END X-----",
        b"-----BEGIN X-----\nAAAA\n-----END Y-----",
    ],
)
def test_pem_that_does_not_end_is_refused(data: bytes) -> None:
    with pytest.raises(PemInvalid, match="pem_form"):
        list(read_pem(data))


# --- at the terminal --------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(staff: dict[str, Person], settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`terminal(…)` runs a verb as Amal types it."""
    staff["amal"].set_password(PASSWORD)
    staff["amal"].save()
    monkeypatch.setenv("JIWAR_PASSWORD", PASSWORD)
    monkeypatch.setattr("jiwar.cli._load", lambda folder: None)
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    return lambda *arguments: cli.main([str(each) for each in arguments])


def test_the_terminal_reads_in_lists_and_signs_our_own(
    terminal: Any, vouch: Vouching, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    niger = Authority.make("NE")
    (tmp_path / "niger.cer").write_bytes(niger.der)
    common = ("--user", "amal", "--reason", "Note 114")
    said = ("--handed", "in_person", "--checked", "by telephone")
    assert terminal("document", "trust", "import", tmp_path / "niger.cer", *common, *said) == 0
    assert "waits for a second person" in capsys.readouterr().out
    assert trust_queries.open_drafts().count() == 1
    vouch(niger.der)
    (tmp_path / "niger.crl").write_bytes(niger.crl(timezone.now()))
    assert terminal("document", "trust", "import", tmp_path / "niger.crl", *common) == 0
    assert "1 lists of revocations" in capsys.readouterr().out
    (tmp_path / "broken.ml").write_bytes(b"nothing")
    assert terminal("document", "trust", "import", tmp_path / "broken.ml", *common) == 1
    assert "neither a master list" in capsys.readouterr().err
    assert terminal("document", "trust", "list") == 0
    assert "NE     1 of    1" in capsys.readouterr().out
    key, csca = authority("LY", "LBY")
    folder = tmp_path / "authority"
    folder.mkdir()
    (folder / "csca.crt").write_bytes(seal_signers.der(csca))
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode()))
    (folder / "csca.key").write_bytes(locked)
    assert terminal("document", "trust", "export", tmp_path / "all.pem", "--user", "amal") == 0
    out = tmp_path / "ly.ml"
    assert terminal("document", "trust", "sign-list", folder, tmp_path / "all.pem", "--out", out) == 0
    root = read_certificate(seal_signers.der(csca))
    found = masterlist.read_master_list(out.read_bytes(), [root], timezone.now())
    assert [each.fingerprint for each in found.certificates] == [niger.fingerprint]
    assert terminal("document", "trust", "sign-list", folder, folder / "csca.key", "--out", out) == 1
