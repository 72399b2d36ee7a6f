"""Lists that a pinned root vouches for: the real ones of Germany and the Netherlands, and made-up ones gone wrong."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
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
from tests.documents.trust.authorities import START, Authority, Holder
from tests.documents.trust.conftest import Granting, Vouching

IMPORT, READ = P.DOCUMENTS_TRUST_IMPORT, P.DOCUMENTS_TRUST_READ
GERMAN_DEVIATION = bytes.fromhex(
    "3081bd020100300706052b0e03021a3181ae3081ab3057a155304f310b3009060355040613024445310d300b060355040a0c0462756e64"
    "310c300a060355040b0c03627369310c300a06035504051303303133311530130603550403 0c0c637363612d6765726d616e7902020142"
    "3150304e133d436f756e747279206e616d6520697320656e636f646564206173205554462d3820696e7374656164206f66205072696e74"
    "61626c6520537472696e672e06086781080101070102a0030a0105"
)
"""What the German deviation list of 2018 says of its authority, without the signature."""


def raw(holder: Holder) -> Any:
    """How a signer of lists signs: r and s, one after the other."""

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(holder.sign(data))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign


def master_list(publisher: Authority, *authorities: Authority, at: Any = None) -> bytes:
    signer = publisher.signer("ML", lists=True)
    listed = [read_certificate(each.der) for each in authorities]
    root = read_certificate(publisher.der)
    return masterlist.write_master_list(listed, read_certificate(signer.der), root, raw(signer), at or timezone.now())


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


def ldif(*values: tuple[str, bytes]) -> bytes:
    out = [b"version: 1"]
    for number, (attribute, data) in enumerate(values):
        text = base64.b64encode(data)
        folded = b"\n ".join(text[i : i + 76] for i in range(0, len(text), 76))
        out += [b"", b"dn: cn=%d,dc=data,dc=download,dc=pkd" % number, attribute.encode() + b":: " + folded]
    return b"\n".join(out) + b"\n"


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


def test_a_defect_list_revokes_a_signer_until_a_newer_one_does_not(grant: Granting, vouch: Vouching) -> None:
    germany, niger = Authority.make("DE"), Authority.make("NE")
    vouch(germany.der, "publisher")
    vouch(niger.der)
    bad = niger.signer("B1")
    by = grant(IMPORT)
    trust.import_file(by, "b1.cer", bad.der, "from Niamey")
    for serials in ([bad], []):
        trust.import_file(by, "defects.bin", defect_list(germany, *serials), "from the site")
        found = trust_store.current().defects
        assert [(each.code, each.fingerprint) for each in found] == [
            ("certificate_revoked", each.fingerprint) for each in serials
        ]
    assert TrustDefect.objects.filter(ended_by=None).count() == 0


def defect_list(publisher: Authority, *revoked: Holder) -> bytes:
    """TR-03129-2, 7, signed under the publisher's root."""
    entries = []
    for each in revoked:
        read = read_certificate(each.der)
        signer = tlv.write(tlv.SEQUENCE, read.issuer_name, tlv.write_integer(read.serial))
        known = tlv.write(tlv.SEQUENCE, tlv.write_oid(f"{known_defects.DEFECT_LIST}.1.1"))
        entries.append(tlv.write(tlv.SEQUENCE, signer, tlv.write_set(known)))
    content = tlv.write(
        tlv.SEQUENCE, tlv.write_integer(0), tlv.write_oid("2.16.840.1.101.3.4.2.1"), tlv.write_set(*entries)
    )
    signer = publisher.signer("DL")
    held = [read_certificate(each.der) for each in (signer, publisher)]
    return cms.write_signed_data(known_defects.DEFECT_LIST, content, held, raw(signer), timezone.now())


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
