"""Groups in which a terminal and a chip agree on a secret (ICAO Doc 9303-11, 9.5.1): elliptic curves and primes.

The secrets are those of one session, made anew by the terminal. The arithmetic does not take the same time for every
value: whoever could measure it holds the document and the terminal in her hands.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from jiwar.documents.logic import tlv
from jiwar.documents.logic.curves import BY_NAME, EC_PUBLIC_KEY, Curve, CurveUnknown, Point, find
from jiwar.documents.logic.tlv import Tlv, TlvInvalid

DH_PKCS3: Final = "1.2.840.113549.1.3.1"
DH_X942: Final = "1.2.840.10046.2.1"
STANDARD_PARAMETERS: Final = "0.4.0.127.0.7.1.2"
"""An AlgorithmIdentifier that names parameters by their number (BSI TR-03110-3, A.2.1.1)."""
MOST_BITS: Final = 4096


class GroupInvalid(ValueError):
    """Parameters that are not known (``group_unknown``), or a public key that is not of the group (``key_invalid``)."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found}")
        self.code = code
        self.found = found


class Group(Protocol):
    """A group with a generator. Public keys are bytes as they travel (9.4.4 and 9.4.5)."""

    @property
    def name(self) -> str: ...

    def secret(self, entropy: Callable[[int], bytes]) -> int:
        """A private key."""

    def public(self, secret: int) -> bytes: ...

    def agree(self, secret: int, public: bytes) -> bytes:
        """The shared secret as bytes. Raises GroupInvalid."""

    def mapped(self, nonce: int, secret: int, public: bytes) -> "Group":
        """The group with the generator that a nonce and an anonymous agreement make (9.5.1.1, generic mapping)."""

    def encoded(self, number: int) -> "Group":
        """The group with the generator that a number of its field stands for (9.5.1.1 and appendix B, integrated)."""

    @property
    def modulus(self) -> int:
        """The prime of its field."""

    def check(self, public: bytes) -> None:
        """Raises GroupInvalid where these bytes are no public key of the group."""


@dataclass(frozen=True, slots=True)
class CurveGroup:
    curve: Curve
    generator: Point

    @property
    def name(self) -> str:
        return self.curve.name

    def secret(self, entropy: Callable[[int], bytes]) -> int:
        return _below(self.curve.n, entropy)

    def public(self, secret: int) -> bytes:
        return self.curve.encode(self._times(secret, self.generator))

    def agree(self, secret: int, public: bytes) -> bytes:
        x, _ = self._times(secret, self._point(public))
        return x.to_bytes(self.curve.size, "big")

    def mapped(self, nonce: int, secret: int, public: bytes) -> "CurveGroup":
        terms = (nonce % self.curve.n, self.generator), (secret, self._point(public))
        generator = self.curve.combine(*terms)
        if generator is None:
            raise GroupInvalid("key_invalid", "mapped to infinity")
        return CurveGroup(self.curve, generator)

    @property
    def modulus(self) -> int:
        return self.curve.p

    def encoded(self, number: int) -> "CurveGroup":
        """Appendix B.2, affine: one of two points whose first coordinates the number gives is on the curve."""
        p, a, b = self.curve.p, self.curve.a, self.curve.b
        if p % 4 != 3:
            raise GroupInvalid("group_unknown", f"integrated mapping on {self.name}")
        alpha = -number * number % p
        below = (alpha + alpha * alpha) % p
        if not below:
            raise GroupInvalid("key_invalid", "a number of no use")
        x = -b * pow(a, -1, p) * (1 + pow(below, -1, p)) % p
        height = (x * x * x + a * x + b) % p
        root = pow(height, p - 1 - (p + 1) // 4, p)
        if root * root * height % p == 1:
            return CurveGroup(self.curve, (x, root * height % p))
        return CurveGroup(self.curve, (alpha * x % p, root * pow(number, 3, p) * height % p))

    def times(self, factor: int, public: bytes) -> bytes:
        """A public key multiplied by a number. Raises GroupInvalid."""
        return self.curve.encode(self._times(factor % self.curve.n, self._point(public)))

    def check(self, public: bytes) -> None:
        self._point(public)

    def _point(self, public: bytes) -> Point:
        if public[:1] != b"\x04":
            raise GroupInvalid("key_invalid", "not an uncompressed point")
        try:
            return self.curve.point(public)
        except CurveUnknown as wrong:
            raise GroupInvalid("key_invalid", wrong.found) from None

    def _times(self, factor: int, point: Point) -> Point:
        found = self.curve.multiply(factor, point)
        if found is None:
            raise GroupInvalid("key_invalid", "the point at infinity")
        return found


@dataclass(frozen=True, slots=True)
class PrimeGroup:
    """Numbers modulo the prime `p`; `q` is the order of the generator where that is known, else None."""

    p: int
    g: int
    q: int | None

    @property
    def name(self) -> str:
        return f"dh{self.p.bit_length()}"

    @property
    def size(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def secret(self, entropy: Callable[[int], bytes]) -> int:
        return _below(self.q or self.p - 1, entropy)

    def public(self, secret: int) -> bytes:
        return pow(self.g, secret, self.p).to_bytes(self.size, "big")

    def agree(self, secret: int, public: bytes) -> bytes:
        return self._power(secret, public).to_bytes(self.size, "big")

    def mapped(self, nonce: int, secret: int, public: bytes) -> "PrimeGroup":
        generator = pow(self.g, nonce, self.p) * self._power(secret, public) % self.p
        return PrimeGroup(self.p, self._sane(generator), self.q)

    @property
    def modulus(self) -> int:
        return self.p

    def encoded(self, number: int) -> "PrimeGroup":
        if self.q is None:
            raise GroupInvalid("group_unknown", f"integrated mapping on {self.name}")
        return PrimeGroup(self.p, self._sane(pow(number, (self.p - 1) // self.q, self.p)), self.q)

    def check(self, public: bytes) -> None:
        self._number(public)

    def _power(self, secret: int, public: bytes) -> int:
        return self._sane(pow(self._number(public), secret, self.p))

    def _number(self, public: bytes) -> int:
        if len(public) > self.size:
            raise GroupInvalid("key_invalid", "longer than the prime")
        number = self._sane(int.from_bytes(public, "big"))
        if self.q is not None and pow(number, self.q, self.p) != 1:
            raise GroupInvalid("key_invalid", "of another subgroup")
        return number

    def _sane(self, number: int) -> int:
        if not 1 < number < self.p - 1:
            raise GroupInvalid("key_invalid", "a number of no use")
        return number


def standard(number: int) -> Group:
    """The standardised parameters with this number (9.5.1, table 4). Raises GroupInvalid."""
    if number in range(len(_PRIMES)):
        return _PRIMES[number]
    if (name := _CURVES.get(number)) is None:
        raise GroupInvalid("group_unknown", str(number))
    return of_curve(BY_NAME[name])


def of_curve(curve: Curve) -> CurveGroup:
    return CurveGroup(curve, curve.g)


def read_parameters(algorithm: Tlv) -> Group:
    """The group of an AlgorithmIdentifier. Raises GroupInvalid, TlvInvalid."""
    name, *rest = algorithm.expect(tlv.SEQUENCE).children()
    kind = tlv.oid(name)
    if not rest:
        raise GroupInvalid("group_unknown", kind)
    if kind == STANDARD_PARAMETERS:
        return standard(tlv.natural(rest[0], 2))
    if kind == EC_PUBLIC_KEY:
        try:
            return of_curve(find(rest[0]))
        except CurveUnknown as unknown:
            raise GroupInvalid("group_unknown", unknown.found) from None
    if kind in (DH_PKCS3, DH_X942):
        numbers = rest[0].expect(tlv.SEQUENCE).children()
        if len(numbers) < 2:
            raise TlvInvalid("tlv_cut", algorithm.start)
        p, g = (tlv.natural(number, MOST_BITS // 8 + 1) for number in numbers[:2])
        # The third number is the order in X9.42 and the length of private keys in PKCS #3.
        q = tlv.natural(numbers[2], MOST_BITS // 8 + 1) if kind == DH_X942 and len(numbers) > 2 else None
        return _prime_group(p, g, q)
    raise GroupInvalid("group_unknown", kind)


def read_public(info: Tlv) -> tuple[Group, bytes]:
    """Group and public key of a SubjectPublicKeyInfo. Raises GroupInvalid, TlvInvalid."""
    parts = info.expect(tlv.SEQUENCE).children()
    if len(parts) != 2:
        raise TlvInvalid("tlv_value", info.start, "SubjectPublicKeyInfo")
    group = read_parameters(parts[0])
    public = tlv.bits(parts[1])
    if isinstance(group, PrimeGroup):
        # DG14 holds an INTEGER within the bit string (RFC 3279, 2.3.3).
        public = tlv.natural(tlv.read(public), MOST_BITS // 8 + 1).to_bytes(group.size, "big")
    group.check(public)
    return group, public


def _prime_group(p: int, g: int, q: int | None) -> PrimeGroup:
    if not 1024 <= p.bit_length() <= MOST_BITS or p % 2 == 0 or not 1 < g < p - 1:
        raise GroupInvalid("group_unknown", f"a prime of {p.bit_length()} bits")
    if q is not None and (not 160 <= q.bit_length() < p.bit_length() or pow(g, q, p) != 1):
        raise GroupInvalid("group_unknown", "a generator of another order")
    known = next((group for group in _PRIMES if (group.p, group.g) == (p, g)), None)
    return known or PrimeGroup(p, g, q)


def _below(order: int, entropy: Callable[[int], bytes]) -> int:
    """A number from 1 to order - 1; 64 bits more than the order has leave no bias that matters (FIPS 186-5, A.2.1)."""
    return int.from_bytes(entropy((order.bit_length() + 71) // 8), "big") % (order - 1) + 1


def _prime(p: str, g: str, q: str) -> PrimeGroup:
    return PrimeGroup(int(p, 16), int(g, 16), int(q, 16))


# Numbers 0 to 2: RFC 5114, 2.1 to 2.3.
# fmt: off
_PRIMES: Final = (
    _prime(
        "B10B8F96A080E01DDE92DE5EAE5D54EC52C99FBCFB06A3C69A6A9DCA52D23B616073E28675A23D189838EF1E2EE652C013EC"
        "B4AEA906112324975C3CD49B83BFACCBDD7D90C4BD7098488E9C219A73724EFFD6FAE5644738FAA31A4FF55BCCC0A151AF5F"
        "0DC8B4BD45BF37DF365C1A65E68CFDA76D4DA708DF1FB2BC2E4A4371",
        "A4D1CBD5C3FD34126765A442EFB99905F8104DD258AC507FD6406CFF14266D31266FEA1E5C41564B777E690F5504F2131602"
        "17B4B01B886A5E91547F9E2749F4D7FBD7D3B9A92EE1909D0D2263F80A76A6A24C087A091F531DBF0A0169B6A28AD662A4D1"
        "8E73AFA32D779D5918D08BC8858F4DCEF97C2A24855E6EEB22B3B2E5",
        "F518AA8781A8DF278ABA4E7D64B7CB9D49462353",
    ),
    _prime(
        "AD107E1E9123A9D0D660FAA79559C51FA20D64E5683B9FD1B54B1597B61D0A75E6FA141DF95A56DBAF9A3C407BA1DF15EB3D"
        "688A309C180E1DE6B85A1274A0A66D3F8152AD6AC2129037C9EDEFDA4DF8D91E8FEF55B7394B7AD5B7D0B6C12207C9F98D11"
        "ED34DBF6C6BA0B2C8BBC27BE6A00E0A0B9C49708B3BF8A317091883681286130BC8985DB1602E714415D9330278273C7DE31"
        "EFDC7310F7121FD5A07415987D9ADC0A486DCDF93ACC44328387315D75E198C641A480CD86A1B9E587E8BE60E69CC928B2B9"
        "C52172E413042E9B23F10B0E16E79763C9B53DCF4BA80A29E3FB73C16B8E75B97EF363E2FFA31F71CF9DE5384E71B81C0AC4"
        "DFFE0C10E64F",
        "AC4032EF4F2D9AE39DF30B5C8FFDAC506CDEBE7B89998CAF74866A08CFE4FFE3A6824A4E10B9A6F0DD921F01A70C4AFAAB73"
        "9D7700C29F52C57DB17C620A8652BE5E9001A8D66AD7C17669101999024AF4D027275AC1348BB8A762D0521BC98AE2471504"
        "22EA1ED409939D54DA7460CDB5F6C6B250717CBEF180EB34118E98D119529A45D6F834566E3025E316A330EFBB77A86F0C1A"
        "B15B051AE3D428C8F8ACB70A8137150B8EEB10E183EDD19963DDD9E263E4770589EF6AA21E7F5F2FF381B539CCE3409D13CD"
        "566AFBB48D6C019181E1BCFE94B30269EDFE72FE9B6AA4BD7B5A0F1C71CFFF4C19C418E1F6EC017981BC087F2A7065B384B8"
        "90D3191F2BFA",
        "801C0D34C58D93FE997177101F80535A4738CEBCBF389A99B36371EB",
    ),
    _prime(
        "87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4FAF7DF4561B2AA3016C3"
        "D91134096FAA3BF4296D830E9A7C209E0C6497517ABD5A8A9D306BCF67ED91F9E6725B4758C022E0B1EF4275BF7B6C5BFC11"
        "D45F9088B941F54EB1E59BB8BC39A0BF12307F5C4FDB70C581B23F76B63ACAE1CAA6B7902D52526735488A0EF13C6D9A51BF"
        "A4AB3AD8347796524D8EF6A167B5A41825D967E144E5140564251CCACB83E6B486F6B3CA3F7971506026C0B857F689962856"
        "DED4010ABD0BE621C3A3960A54E710C375F26375D7014103A4B54330C198AF126116D2276E11715F693877FAD7EF09CADB09"
        "4AE91E1A1597",
        "3FB32C9B73134D0B2E77506660EDBD484CA7B18F21EF205407F4793A1A0BA12510DBC15077BE463FFF4FED4AAC0BB555BE3A"
        "6C1B0C6B47B1BC3773BF7E8C6F62901228F8C28CBB18A55AE31341000A650196F931C77A57F2DDF463E5E9EC144B777DE62A"
        "AAB8A8628AC376D282D6ED3864E67982428EBC831D14348F6F2F9193B5045AF2767164E1DFC967C1FB3F2E55A4BD1BFFE83B"
        "9C80D052B985D182EA0ADB2A3B7313D3FE14C8484B1E052588B9B7D2BBD2DF016199ECD06E1557CD0915B3353BBB64E0EC37"
        "7FD028370DF92B52C7891428CDC67EB6184B523D1DB246C32F63078490F00EF8D647D148D47954515E2327CFEF98C582664B"
        "4C0F6CC41659",
        "8CF83642A709A097B447997640129DA299B1A47D1EB3750BA308B0FE64F5FBD3",
    ),
)
# fmt: on
_CURVES: Final = {
    8: "secp192r1",
    9: "brainpoolP192r1",
    10: "secp224r1",
    11: "brainpoolP224r1",
    12: "secp256r1",
    13: "brainpoolP256r1",
    14: "brainpoolP320r1",
    15: "secp384r1",
    16: "brainpoolP384r1",
    17: "brainpoolP512r1",
    18: "secp521r1",
}
