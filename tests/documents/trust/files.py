"""Files about trust as their publishers make them."""

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from django.utils import timezone

from jiwar.documents.logic import cms, known_defects, masterlist, tlv
from jiwar.documents.logic.pki import read_certificate
from tests.documents.trust.authorities import Authority, Holder

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


def ldif(*values: tuple[str, bytes]) -> bytes:
    out = [b"version: 1"]
    for number, (attribute, data) in enumerate(values):
        text = base64.b64encode(data)
        folded = b"\n ".join(text[i : i + 76] for i in range(0, len(text), 76))
        out += [b"", b"dn: cn=%d,dc=data,dc=download,dc=pkd" % number, attribute.encode() + b":: " + folded]
    return b"\n".join(out) + b"\n"
