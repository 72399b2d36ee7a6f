"""Lists that a pinned root vouches for: the real ones of Germany and the Netherlands, and made-up ones gone wrong."""

import datetime as dt
import json
from pathlib import Path

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.audit.queries import leaves
from jiwar.documents import trust, trust_queries, trust_store
from jiwar.documents.logic import cms, known_defects, masterlist, tlv
from jiwar.documents.logic.known_defects import DefectsUnreadable, read_defects
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.models import TrustDefect, TrustFile, TrustSource
from jiwar.documents.trust_kinds import TRUST
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import canonical
from tests.documents.trust.authorities import START, Authority
from tests.documents.trust.conftest import Granting, Vouching
from tests.documents.trust.files import GERMAN_DEVIATION, defect_list, ldif, master_list, raw

IMPORT, READ = P.DOCUMENTS_TRUST_IMPORT, P.DOCUMENTS_TRUST_READ


def test_a_list_is_believed_under_a_pinned_root_alone(grant: Granting, vouch: Vouching) -> None:
    germany, niger, chad = (Authority.make(code) for code in ("DE", "NE", "TD"))
    data = master_list(germany, niger, chad)
    with pytest.raises(Refused, match="trust_publisher_unknown"):
        trust.import_file(grant(IMPORT), "de.ml", data, "from the site")
    vouch(germany.der)
    with pytest.raises(Refused, match="trust_publisher_unknown"):
        trust.import_file(grant(IMPORT), "de.ml", data, "an anchor is no pin")
    vouch(germany.der, "publisher")
    file = trust.import_file(grant(IMPORT), "de.ml", data, "from the site")
    assert (file.form, file.source, file.added, file.publisher) == ("master_list", "list:DE", 2, germany.fingerprint)
    said = {each.certificate.country: each.source for each in trust_store.current().anchors}
    assert said == {"DE": "bilateral:DE", "NE": "list:DE", "TD": "list:DE"}
    leaf = json.loads(leaves(act="trust_file_read").get().content)["detail"]
    assert (leaf["sha256"], leaf["added"]) == (file.sha256, 2)


def test_a_forged_list_changes_nothing(grant: Granting, vouch: Vouching) -> None:
    germany, niger = Authority.make("DE"), Authority.make("NE")
    vouch(germany.der, "publisher")
    data = bytearray(master_list(germany, niger))
    place = data.index(niger.der) + 40
    data[place] ^= 1
    with pytest.raises(Refused, match="trust_list_forged"):
        trust.import_file(grant(IMPORT), "de.ml", bytes(data), "changed on the way")
    assert (trust_store.current().anchors, TrustFile.objects.count()) == ((), 0)


def test_the_next_list_says_only_what_changed(grant: Granting, vouch: Vouching) -> None:
    germany = Authority.make("DE")
    vouch(germany.der, "publisher")
    old = [Authority.make(code) for code in ("NE", "TD", "TN")]
    by = grant(IMPORT)
    first = master_list(germany, *old, at=timezone.now() - dt.timedelta(days=30))
    trust.import_file(by, "1.ml", first, "May")
    assert trust.import_file(by, "1.ml", first, "May again").unchanged == 3
    records = Record.objects.filter(kind=TRUST.name).count()
    mali = Authority.make("ML")
    file = trust.import_file(by, "2.ml", master_list(germany, *old[:2], mali), "June")
    assert (file.added, file.ended, file.unchanged) == (1, 1, 2)
    assert {each.certificate.country for each in trust_store.current().anchors} == {"NE", "TD", "ML"}
    told = [record.body for record in Record.objects.filter(kind=TRUST.name)][: -records or None]
    assert sum(len(body["added"]) + len(body["ended"]) for body in told) == 2
    with pytest.raises(Refused, match="trust_list_older"):
        trust.import_file(by, "1.ml", first, "an old one, played again")


def test_what_two_lists_name_stays_while_one_does(grant: Granting, vouch: Vouching) -> None:
    germany, france = Authority.make("DE"), Authority.make("FR")
    for each in (germany, france):
        vouch(each.der, "publisher")
    niger, chad = Authority.make("NE"), Authority.make("TD")
    by = grant(IMPORT)
    for publisher in (germany, france):
        trust.import_file(by, "x.ml", master_list(publisher, niger, chad), "both")
    trust.import_file(by, "y.ml", master_list(germany, chad), "Germany dropped it")
    assert {each.certificate.country: each.source for each in trust_store.current().anchors} == {
        "NE": "list:FR",
        "TD": "list:DE, list:FR",
    }


def test_a_list_that_drops_most_of_itself_waits_for_a_word(grant: Granting, vouch: Vouching) -> None:
    germany = Authority.make("DE")
    vouch(germany.der, "publisher")
    many = [Authority.make("NE", name=f"CSCA {number}") for number in range(13)]
    by = grant(IMPORT)
    trust.import_file(by, "1.ml", master_list(germany, *many), "all")
    short = master_list(germany, many[0])
    with pytest.raises(Refused, match="trust_list_ends_many ends_many 12 / 13"):
        trust.import_file(by, "2.ml", short, "short")
    assert len(trust_store.current().anchors) == 13
    assert trust.import_file(by, "2.ml", short, "asked them", ends_many=True).ended == 12


def test_a_list_signed_by_any_signer_of_the_root_is_none(grant: Granting, vouch: Vouching) -> None:
    germany, niger = Authority.make("DE"), Authority.make("NE")
    vouch(germany.der, "publisher")
    signer = germany.signer("01")
    content = tlv.write(tlv.SEQUENCE, tlv.write_integer(0), tlv.write_set(niger.der))
    held = [read_certificate(each.der) for each in (signer, germany)]
    data = cms.write_signed_data(masterlist.MASTER_LIST, content, held, raw(signer), timezone.now())
    with pytest.raises(Refused, match="trust_list_forged"):
        trust.import_file(grant(IMPORT), "x.ml", data, "by a signer of documents")


# --- the directory ----------------------------------------------------------------------------------------------------


def test_the_directory_is_read_list_by_list(grant: Granting, vouch: Vouching) -> None:
    germany, france, niger = Authority.make("DE"), Authority.make("FR"), Authority.make("NE")
    vouch(germany.der, "publisher")
    chip = niger.signer("Document Signer 7")
    data = ldif(
        ("pkdMasterListContent", master_list(germany, niger)),
        ("pkdMasterListContent", master_list(france, france)),
        ("userCertificate;binary", niger.signer("N1").der),
        ("userCertificate;binary", chip.der),
        ("certificateRevocationList;binary", niger.crl(START, 9)),
        ("certificateRevocationList;binary", france.crl(START)),
    )
    file = trust.import_file(grant(IMPORT), "pkd.ldif", data, "icaopkd-002")
    assert (file.form, file.source, file.added, file.crls) == ("ldif", "pkd", 2, 1)
    assert trust_queries.files(grant(READ)).filter(form="master_list", source="list:DE").get().added == 1
    assert [fault["code"] for fault in file.faults] == ["trust_publisher_unknown", "trust_crl_issuer_unknown"]
    store = trust_store.current()
    assert [each.country for each in store.signers] == ["NE"]
    assert [each.certificate.country for each in store.anchors] == ["NE"]


@pytest.mark.parametrize("data", [b"version: 1\n", b"version: 1\nnothing\n", b"dn: x\nuserCertificate:: !!\n"])
def test_a_directory_of_nothing_is_refused(grant: Granting, data: bytes) -> None:
    with pytest.raises(Refused, match="trust_"):
        trust.import_file(grant(IMPORT), "x.ldif", data, "test")


# --- defects and deviations -------------------------------------------------------------------------------------------


def test_the_german_list_of_deviations_says_what_is_wrong_with_its_authority() -> None:
    [known] = read_defects(known_defects.DEVIATION_LIST, GERMAN_DEVIATION)
    assert (known.country, known.code) == ("DE", "signer_encoding")
    assert known.about == ("C=DE,O=bund,OU=bsi,SERIALNUMBER=013,CN=csca-germany 142",)
    assert known.text == "Country name is encoded as UTF-8 instead of Printable String. (5)"


@pytest.mark.parametrize("cut", [0, 1, 3, 20, 60, 150])
def test_a_list_of_deviations_that_was_cut_is_refused(cut: int) -> None:
    with pytest.raises(DefectsUnreadable, match="defects_form"):
        read_defects(known_defects.DEVIATION_LIST, GERMAN_DEVIATION[:cut])


@pytest.mark.parametrize("entry", [b"", tlv.write(tlv.SEQUENCE), tlv.write(tlv.SEQUENCE, b"\x02\x01\x01")])
def test_an_empty_defect_is_refused(entry: bytes) -> None:
    """Found by the fuzzer."""
    inner = tlv.write_set(tlv.write(tlv.SEQUENCE, entry))
    with pytest.raises(DefectsUnreadable, match="defects_form"):
        read_defects(known_defects.DEFECT_LIST, tlv.write(tlv.SEQUENCE, tlv.write_integer(0), inner))


def test_a_defect_list_revokes_a_signer_until_a_newer_one_does_not(grant: Granting, vouch: Vouching) -> None:
    germany, niger = Authority.make("DE"), Authority.make("NE")
    vouch(germany.der, "publisher")
    vouch(niger.der)
    bad = niger.signer("B1")
    by = grant(IMPORT)
    trust.import_file(by, "b1.cer", bad.der, "from Niamey")
    chip = niger.signer("DS")  # no store holds signers of chips: the list names it by issuer and serial
    for serials in ([bad, chip], []):
        trust.import_file(by, "defects.bin", defect_list(germany, *serials), "from the site")
        held = trust_store.current()
        for each in (bad, chip):
            known = held.defect_of(read_certificate(each.der), "certificate_revoked")
            assert (known is not None) == (each in serials)
    assert TrustDefect.objects.filter(ended_by=None).count() == 0


# --- the real ones ----------------------------------------------------------------------------------------------------


def test_both_real_master_lists_are_read_in(grant: Granting, vouch: Vouching, shared_data: Path) -> None:
    folder = shared_data / "documents" / "masterlists"
    by = grant(IMPORT)
    for root in ("DE_ROOT_CA_CSCA07.cer", "NL_ROOT_CA.cer"):
        vouch((folder / root).read_bytes(), "publisher")
    for name, least in (("DE_ML_2026-05-28-08-28-45.ml", 570), ("NL_ML_2026-07-22.ml", 400)):
        file = trust.import_file(by, name, (folder / name).read_bytes(), "as published")
        assert file.added >= least, file.faults
    assert len(trust_store.current().anchors) >= 600
    sizes = [len(canonical(record.data)) for record in Record.objects.filter(kind=TRUST.name)]
    assert max(sizes) < 400_000
    covered = {row.country: row for row in trust_queries.coverage(grant(READ), timezone.now())}
    assert [covered[code].code for code in ("LY", "TN", "ML", "MR", "NE", "TD")] == ["none"] * 6
    assert [covered[code].anchors > 0 for code in ("DZ", "MA", "EG", "SD")] == [True] * 4
    assert TrustSource.objects.filter(until=None, role="anchor").count() >= 970
