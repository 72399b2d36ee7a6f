"""Active authentication: a real passport's signatures, a known one of the standard's kind, and chips of our own."""

import dataclasses
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from jiwar.documents.logic.active_authentication import read_active, verify_active
from jiwar.documents.logic.curves import BY_NAME
from jiwar.documents.logic.lds import read_group
from jiwar.documents.logic.pki import CertificateUnreadable, PublicKey, SignatureWrong
from tests.documents import made_chips as chips
from tests.documents.virtual_card import sign

H = bytes.fromhex
PASSPORT = H(
    "6F81A230819F300D06092A864886F70D010101050003818D0030818902818100BD8620D45693E1CD8678639F22E9553F09E3AFD87BD26000113CE2"
    "798B7A02A2E0AB6B7525D09072109D938D6708167E8FAFAF83F17BFBA36CECCE26058C7ED9AE29516755B19F78CE0E73DA02340B117B8AB2ECA007"
    "F1390E93E896016335EB5C1E330B961C03E253D17874F7ABEE8D4962C49FFE578D46954FF23B26F5E5550203010001"
)
SIGNED = [
    (
        "47E4EE7F211F7326",
        (
            "8AECE4E0AB1A6B9E06B31ACBA51AE316D0B7B48E2F5FE13E575060F6B9DC27A2F9D03DCF67A141F466EEC753879106BE0992F46F5EAAD075"
            "EB1886D2ACE90D60C2EDA69880780CE4FA36EF27AB01C47527BD23B178EC8F213307281572C219487FC11B2C3D9C144DC98D96D1A79A7478"
            "449D692D3D14E8C044F81B3ADF0047E0"
        ),
    ),
    (
        "5DD17658F6E21C13",
        (
            "97251259E9EB453A8DC2D9CD85D5A49D2E83F31D6465CB1FBD09C5E7800D4F0FB9FF7312343CD3955CA3BE6768AD7938F3D36B0C9E220592"
            "3786949B5F48FBF1C94D01B5BC9DA88C8293E118F87E14E4CC409D52AA7ED266E20248AB3C04949838540DEB24588436607EA620B4825D00"
            "2C5FAB4F07B618D72C0A9EC247653FE7"
        ),
    ),
    (
        "0A2756299542EFCF",
        (
            "0854CF7B69FB54286F97FC8B396722E21156DFEEC38CF5C63035B09A59C4EA7FCA79865D5EE166548AAE5AE1F629A57459B46F5D1D1E4EFE"
            "9369C0075903D3CA282D6B2CF5843E62CE53BEA33E3D6AA7A48147CC38C9B534437FD0DCD0F0C787BE74061DFA844435253D651E7986BA47"
            "F49FA49D7041BD1FE72B5E5D09221FD1"
        ),
    ),
]
# An independent implementation's: an RSA key, eight zero bytes as the challenge.
OTHER_KEY = H(
    "30819f300d06092a864886f70d010101050003818d0030818902818100CDCBDABBF93BE8E8294E32B055256BBD0397735189BF75816341BB0D488D"
    "05D627991221DF7D59835C76A4BB4808ADEEB779E7794504E956ADC2A661B46904CDC71337DD29DDDD454124EF79CFDD7BC2C21952573CEFBA485C"
    "C38C6BD2428809B5A31A898A6B5648CAA4ED678D9743B589134B7187478996300EDBA16271A8610203010001"
)
OTHER = H(
    "482E20D1EDDED34359C38F5E7C01203F9D6B2641CDCA5C404D49ADAEDE034C7481D781D043722587761C90468DE69C6585A1E8B9C322F90E1B580E"
    "EDAB3F6007D0C366CF92B4DB8B41C8314929DCE2BE889C0129123484D2FD3D12763D2EBFD12AC8E51D7061AFCA1A53DEDEC7B9A617472A78C952CC"
    "C72467AE008E5F132994"
)
PLAIN = "0.4.0.127.0.7.1.1.4.1."
CHALLENGE = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def key_of(file: bytes) -> PublicKey:
    return read_active(read_group(15, file).info)  # type: ignore[union-attr]


@pytest.mark.parametrize(("challenge", "signature"), SIGNED)
def test_a_real_passport_signed_this(challenge: str, signature: str) -> None:
    key = key_of(PASSPORT)
    assert verify_active(key, H(challenge), H(signature), None) == "sha1"
    for place in (0, 63, 127):
        changed = bytearray(H(signature))
        changed[place] ^= 1
        with pytest.raises(SignatureWrong):
            verify_active(key, H(challenge), bytes(changed), None)
    with pytest.raises(SignatureWrong, match="signature_wrong"):
        verify_active(key, H(challenge)[::-1], H(signature), None)


def test_a_signature_of_an_independent_implementation() -> None:
    assert verify_active(read_active(OTHER_KEY), bytes(8), OTHER, None) == "sha1"


@pytest.mark.parametrize(
    "trailer",
    [
        (b"\xbc", "sha1"),
        (b"\x33\xcc", "sha1"),
        (b"\x34\xcc", "sha256"),
        (b"\x36\xcc", "sha384"),
        (b"\x35\xcc", "sha512"),
        (b"\x38\xcc", "sha224"),
    ],
)
def test_every_trailer(trailer: tuple[bytes, str]) -> None:
    key = key_of(chips.active_key(chips.rsa_key()))
    signature = sign(chips.rsa_key(), CHALLENGE, trailer)
    assert verify_active(key, CHALLENGE, signature, None) == trailer[1]
    with pytest.raises(SignatureWrong, match="signature_wrong"):
        verify_active(key, CHALLENGE[::-1], signature, None)


@pytest.mark.parametrize(
    "trailer", [(b"\xbc", "sha256"), (b"\x37\xcc", "sha512"), (b"\x34\xcd", "sha256"), (b"", "sha1")]
)
def test_trailers_that_say_another_hash_or_none(trailer: tuple[bytes, str]) -> None:
    key = key_of(chips.active_key(chips.rsa_key()))
    with pytest.raises(SignatureWrong):
        verify_active(key, CHALLENGE, sign(chips.rsa_key(), CHALLENGE, trailer), None)


def raw_rsa(message: bytes) -> bytes:
    numbers = chips.rsa_key().private_numbers()
    return pow(int.from_bytes(message, "big"), numbers.d, numbers.public_numbers.n).to_bytes(128, "big")


def test_a_message_that_leaves_the_challenge_out_is_refused() -> None:
    """Header 4A says that all of the message is recovered: it could have been signed on any other day."""
    told = bytes(106)
    key = key_of(chips.active_key(chips.rsa_key()))
    for message in (
        b"\x4a" + told + hashlib.sha1(told).digest() + b"\xbc",
        b"\x4a" + told + hashlib.sha1(told + CHALLENGE).digest() + b"\xbc",
        b"\x6b" + told + hashlib.sha1(told + CHALLENGE).digest() + b"\xbc",
    ):
        with pytest.raises(SignatureWrong, match="header"):
            verify_active(key, CHALLENGE, raw_rsa(message), None)
    padded = b"\x6b\xba" + told[1:] + hashlib.sha1(told[1:] + CHALLENGE).digest() + b"\xbc"
    assert verify_active(key, CHALLENGE, raw_rsa(padded), None) == "sha1"


@pytest.mark.parametrize("signature", [b"", bytes(127), bytes(128), bytes(129), b"\xff" * 128])
def test_what_is_no_signature_of_this_length(signature: bytes) -> None:
    with pytest.raises(SignatureWrong):
        verify_active(key_of(PASSPORT), CHALLENGE, signature, None)


@pytest.mark.parametrize(
    ("algorithm", "accepted"),
    [
        (PLAIN + "3", True),
        (None, True),
        ("1.2.840.10045.4.3.2", True),
        (PLAIN + "1", False),
        (PLAIN + "9", False),
        ("1.2.3", False),
    ],
)
def test_ecdsa_by_the_hash_that_the_chip_names(algorithm: str | None, accepted: bool) -> None:
    key = key_of(chips.active_key(chips.ec_key()))
    signature = sign(chips.ec_key(), CHALLENGE, (b"", "sha256"))
    if accepted:
        assert verify_active(key, CHALLENGE, signature, algorithm) == "sha256"
    else:
        with pytest.raises(SignatureWrong):
            verify_active(key, CHALLENGE, signature, algorithm)


def test_ecdsa_in_der_and_out_of_range() -> None:
    key = key_of(chips.active_key(chips.ec_key()))
    der = chips.ec_key().sign(CHALLENGE, ec.ECDSA(SHA256()))
    assert verify_active(key, CHALLENGE, der, PLAIN + "3") == "sha256"
    for bad in (bytes(64), b"\xff" * 64, der[:-1], b"", der + b"\0"):
        with pytest.raises(SignatureWrong):
            verify_active(key, CHALLENGE, bad, PLAIN + "3")


def test_ecdsa_on_a_curve_that_the_library_lacks() -> None:
    """brainpoolP224r1: signed here by hand with a fixed nonce."""
    curve, secret, nonce = BY_NAME["brainpoolP224r1"], 0x1234567, 0x7654321
    point, at = curve.multiply(secret, curve.g), curve.multiply(nonce, curve.g)
    assert point is not None
    assert at is not None
    r = at[0] % curve.n
    e = int.from_bytes(hashlib.sha224(CHALLENGE).digest(), "big")
    s = pow(nonce, -1, curve.n) * (e + r * secret) % curve.n
    key = PublicKey("ec", 224, curve, point, None)
    signature = r.to_bytes(28, "big") + s.to_bytes(28, "big")
    assert verify_active(key, CHALLENGE, signature, PLAIN + "2") == "sha224"
    with pytest.raises(SignatureWrong):
        verify_active(dataclasses.replace(key, point=curve.g), CHALLENGE, signature, PLAIN + "2")


@pytest.mark.parametrize("info", [b"", b"\x30\x00", OTHER_KEY[:-1], OTHER_KEY + b"\0"])
def test_what_is_no_key(info: bytes) -> None:
    with pytest.raises(CertificateUnreadable):
        read_active(info)
