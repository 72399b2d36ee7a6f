"""Active authentication (ICAO Doc 9303-11, 6.1): the chip signs the terminal's challenge, which a copy cannot.

RSA: ISO/IEC 9796-2, digital signature scheme 1, partial recovery, trailer BC or two bytes ending in CC. ECDSA: r and s
one after the other (BSI TR-03111, 5.2.1), or in DER as some chips have it.
"""

import hashlib
import hmac
from typing import Final

from jiwar.documents.logic import pki, tlv
from jiwar.documents.logic.apdu import SHORT_MAX, Command
from jiwar.documents.logic.curves import EC_PUBLIC_KEY, CurveUnknown
from jiwar.documents.logic.pki import CertificateUnreadable, PublicKey, SignatureWrong
from jiwar.documents.logic.tlv import TlvInvalid

CHALLENGE_SIZE: Final = 8
_BC_HASH: Final = "sha1"
# The byte before CC (ISO/IEC 10118-3, the numbers of dedicated hash functions).
_TRAILERS: Final = {0x33: "sha1", 0x34: "sha256", 0x35: "sha512", 0x36: "sha384", 0x38: "sha224"}
_PLAIN: Final = "0.4.0.127.0.7.1.1.4.1."
_HASHES: Final = {1: "sha1", 2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}


def challenge_command(challenge: bytes, expected: int = SHORT_MAX) -> Command:
    return Command(0x00, 0x88, 0x00, 0x00, challenge, expected)


def read_active(info: bytes) -> PublicKey:
    """The key of DG15. Raises CertificateUnreadable."""
    try:
        return pki.read_key(tlv.read(info))
    except (TlvInvalid, CurveUnknown) as wrong:
        raise CertificateUnreadable("key_unknown", "EF.DG15", {"found": wrong.found}) from None


def verify_active(key: PublicKey, challenge: bytes, signature: bytes, algorithm: str | None) -> str:
    """The name of the hash with which the chip signed the challenge. Raises SignatureWrong.

    `algorithm`: what DG14 names for ECDSA. Where it names none, each hash is tried: the challenge is the terminal's,
    so that a chip gains nothing by the choice.
    """
    if key.kind == "rsa":
        numbers = key.loaded.public_numbers()
        return _verify_recovering(numbers.n, numbers.e, challenge, signature)
    named = _named(algorithm)
    for name in [named] if named else _HASHES.values():
        try:
            _verify_ecdsa(key, signature, challenge, name)
        except SignatureWrong as wrong:
            if wrong.code != "signature_wrong":
                raise
        else:
            return name
    raise SignatureWrong("signature_wrong")


def _verify_recovering(n: int, e: int, challenge: bytes, signature: bytes) -> str:
    size = (n.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= n:
        raise SignatureWrong("signature_out_of_range", f"{len(signature)} bytes for {size}")
    opened = pow(number, e, n)
    # A signer may give the smaller of a signature and its complement; what is opened ends in C (9796-2, B.6 and B.7).
    if opened & 0xF != 0xC:
        opened = n - opened
    recovered = opened.to_bytes(size, "big")
    if recovered[-1] == 0xBC:
        name, body = _BC_HASH, recovered[:-1]
    elif recovered[-1] == 0xCC and recovered[-2] in _TRAILERS:
        name, body = _TRAILERS[recovered[-2]], recovered[:-2]
    else:
        raise SignatureWrong("signature_wrong", "trailer")
    hashed, told = _split(body, hashlib.new(name).digest_size)
    if not hmac.compare_digest(hashed, hashlib.new(name, told + challenge).digest()):
        raise SignatureWrong("signature_wrong", name)
    return name


def _split(body: bytes, size: int) -> tuple[bytes, bytes]:
    """The hash and the recovered part of the message. The header is 6, nibbles B, and A: more data follow outside.

    A header that says that all is recovered (4) would leave the challenge out, and is refused.
    """
    nibbles = body.hex()
    filled = nibbles[1:].lstrip("b")
    start = len(nibbles) - len(filled) + 1
    if nibbles[:1] != "6" or filled[:1] != "a" or start % 2 or len(body) < start // 2 + size:
        raise SignatureWrong("signature_wrong", "header")
    return body[len(body) - size :], body[start // 2 : len(body) - size]


def _named(algorithm: str | None) -> str:
    """The hash that DG14 names: by TR-03111 (plain) or by X9.62. "" where it names none that is known."""
    if algorithm is None:
        return ""
    if algorithm.startswith(_PLAIN) and (last := algorithm.removeprefix(_PLAIN)).isdecimal():
        if name := _HASHES.get(int(last)):
            return name
    elif name := pki.Algorithm(algorithm).hash_name:
        return name
    raise SignatureWrong("algorithm_unknown", algorithm)


def _verify_ecdsa(key: PublicKey, signature: bytes, challenge: bytes, name: str) -> None:
    if key.curve is not None and len(signature) == 2 * ((key.curve.n.bit_length() + 7) // 8):
        key.verify_raw(signature, challenge, name)
    else:
        pki.verify_signature(key, EC_PUBLIC_KEY, b"", signature, challenge, name)
