"""Files about whose documents are believed: lists, the directory, revocations, defects."""

import base64
import datetime as dt
from functools import cache

from jiwar.documents.logic import known_defects, masterlist
from jiwar.documents.logic.known_defects import DefectsUnreadable, read_defects
from jiwar.documents.logic.pki import read_certificate
from jiwar.documents.trust_kinds import TrustChange
from jiwar.documents.trust_reading import is_one_certificate, read_file
from jiwar.wire.faults import Refused
from tests.documents.trust.authorities import START, Authority
from tests.documents.trust.files import GERMAN_DEVIATION, defect_list, ldif, master_list
from tests.fuzz.target import storable, target


@cache
def publisher() -> Authority:
    return Authority.make("DE")


def _files() -> list[bytes]:
    germany, niger = publisher(), Authority.make("NE")
    listed, crl, signer = master_list(germany, niger), niger.crl(START, 5), niger.signer("N1")
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(signer.der) + b"-----END CERTIFICATE-----\n"
    values = (("pkdMasterListContent", listed), ("userCertificate", signer.der), ("certificateRevocationList", crl))
    return [listed, crl, signer.der, pem, ldif(*values), defect_list(germany, signer)]


@target("jiwar.documents.logic.masterlist", "jiwar.documents.logic.ldif", "jiwar.documents.logic.pem",
        "jiwar.documents.trust_reading", corpus=_files, cost=4)  # fmt: skip
def trust_file(data: bytes) -> None:
    root = read_certificate(publisher().der)
    is_one_certificate(data)
    try:
        read = read_file(data, [root], {"DE": [root]})
    except Refused as refused:
        storable(refused.faults)
        return
    storable(read.faults)
    for listed in read.lists:
        # What is taken was signed whole: a list of which one bit is another is none.
        assert listed.publisher == root.fingerprint
        storable([(each.country, each.subject) for each in listed.certificates])
    for source, defects in read.defects.items():
        storable(TrustChange(source=source, by_hand=False, reason="fuzz", defects=defects))


@target("jiwar.documents.logic.known_defects", corpus=lambda: [
    GERMAN_DEVIATION, masterlist.read_list(defect_list(publisher(), publisher().signer("X1")),
        known_defects.DEFECT_LIST, "", [read_certificate(publisher().der)], dt.datetime.now(dt.UTC)).content
])  # fmt: skip
def defects_of_documents(data: bytes) -> None:
    for kind in (known_defects.DEVIATION_LIST, known_defects.DEFECT_LIST):
        try:
            storable(read_defects(kind, data))
        except DefectsUnreadable as unreadable:
            assert unreadable.code
