"""The elliptic curves of travel documents (Doc 9303-12, 4.4.2; TR-03110-3, A.2.1.1), and nothing else.

A certificate may spell its curve out. It is taken only where the field, both coefficients, the generator, the order
and the cofactor are all those of a curve with a name: a key on a curve that differs in its generator alone proves
whatever its maker likes (CVE-2020-0601).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from jiwar.documents.logic import tlv
from jiwar.documents.logic.tlv import Tlv

EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
PRIME_FIELD: Final = "1.2.840.10045.1.1"
Point = tuple[int, int]


class CurveUnknown(ValueError):
    """Parameters that are not those of a curve with a name, or a point that is not on it; `found` says what stood."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


@dataclass(frozen=True)
class Curve:
    """y^2 = x^3 + ax + b modulo p; generator of prime order n, cofactor 1. `known` is what OpenSSL has for it."""

    name: str
    oid: str
    p: int
    a: int
    b: int
    g: Point
    n: int
    known: type[ec.EllipticCurve] | None = field(default=None, compare=False)

    @cached_property
    def size(self) -> int:
        """Bytes of a coordinate."""
        return (self.p.bit_length() + 7) // 8

    def point(self, encoded: bytes) -> Point:
        """A point that is on the curve, whole or compressed (SEC 1, 2.3.4). Raises CurveUnknown."""
        size, kind = self.size, encoded[:1]
        if kind == b"\x04" and len(encoded) == 1 + 2 * size:
            point = (int.from_bytes(encoded[1 : 1 + size], "big"), int.from_bytes(encoded[1 + size :], "big"))
        elif kind in {b"\x02", b"\x03"} and len(encoded) == 1 + size:
            x = int.from_bytes(encoded[1:], "big")
            y = self._root((x * x * x + self.a * x + self.b) % self.p)
            point = (x, y if y & 1 == kind[0] & 1 else self.p - y)
        else:
            raise CurveUnknown(f"a point of {len(encoded)} bytes on {self.name}")
        x, y = point
        if not (x < self.p and y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0):
            raise CurveUnknown(f"a point off {self.name}")
        return point

    def encode(self, point: Point) -> bytes:
        return b"\x04" + point[0].to_bytes(self.size, "big") + point[1].to_bytes(self.size, "big")

    def _root(self, square: int) -> int:
        if self.p & 3 != 3:
            raise CurveUnknown(f"a compressed point on {self.name}")
        return pow(square, (self.p + 1) >> 2, self.p)

    # Arithmetic, for verifying on the curves that OpenSSL as we have it lacks. It takes no secret: it is not made to
    # take the same time for every value.

    def add(self, one: Point | None, other: Point | None) -> Point | None:
        """The sum of two points; None is the point at infinity."""
        if one is None or other is None:
            return one or other
        (x, y), (u, v), p = one, other, self.p
        if x == u:
            if (y + v) % p == 0:
                return None
            slope = (3 * x * x + self.a) * pow(2 * y, -1, p) % p
        else:
            slope = (v - y) * pow(u - x, -1, p) % p
        w = (slope * slope - x - u) % p
        return w, (slope * (x - w) - y) % p

    def multiply(self, factor: int, point: Point) -> Point | None:
        return self.combine((factor, point))

    def combine(self, *terms: tuple[int, Point]) -> Point | None:
        """The sum of points, each so many times.

        In Jacobian coordinates, which need one inversion in place of hundreds; all terms share the doublings, and
        digits from -7 to 7 make one addition of five (wNAF).
        """
        p = self.p
        wanted = [(_digits(factor), self._odd(point)) for factor, point in terms]
        x, y, z = 0, 1, 0  # infinity
        for place in reversed(range(max(len(digits) for digits, _ in wanted))):
            square = y * y % p
            s, zz = 4 * x * square % p, z * z % p
            m = (3 * x * x + self.a * zz * zz) % p
            z, x = 2 * y * z % p, (m * m - 2 * s) % p
            y = (m * (s - x) - 8 * square * square) % p
            for digits, odd in wanted:
                digit = digits[place] if place < len(digits) else 0
                if not digit:
                    continue
                u, v = odd[abs(digit) >> 1]
                if digit < 0:
                    v = p - v
                zz = z * z % p
                h, r = (u * zz - x) % p, (v * z * zz - y) % p
                if not z:
                    x, y, z = u, v, 1
                elif not (h or r):  # the point itself: doubled; no point has the order two
                    (x, y), z = self.add((u, v), (u, v)) or (0, 1), 1
                else:
                    hh = h * h % p
                    hhh, w = h * hh % p, x * hh % p
                    x = (r * r - hhh - 2 * w) % p
                    y, z = (r * (w - x) - y * hhh) % p, z * h % p
        if not z:
            return None
        inverse = pow(z, -1, p)
        return x * inverse**2 % p, y * inverse**3 % p

    def _odd(self, point: Point) -> list[Point]:
        """The point 1, 3, 5 and 7 times."""
        twice, found = self.add(point, point), [point]
        while len(found) < 4:
            found.append(self.add(found[-1], twice) or point)
        return found

    def verifies(self, public: Point, hashed: bytes, r: int, s: int) -> bool:
        """Whether (r, s) is the ECDSA signature of the hash (FIPS 186-5, 6.4.2)."""
        if not (0 < r < self.n and 0 < s < self.n):
            return False
        e = int.from_bytes(hashed, "big") >> max(0, 8 * len(hashed) - self.n.bit_length())
        w = pow(s, -1, self.n)
        found = self.combine((e * w % self.n, self.g), (r * w % self.n, public))
        return found is not None and found[0] % self.n == r


def _digits(factor: int) -> list[int]:
    """A number as odd digits from -7 to 7 with three zeros at least between two, the lowest first."""
    found = []
    while factor:
        digit = 0
        if factor & 1:
            digit = factor & 15
            digit -= 16 if digit > 8 else 0
            factor -= digit
        found.append(digit)
        factor >>= 1
    return found or [0]


def find(parameters: Tlv) -> Curve:
    """The curve of ECParameters, by name or spelled out (RFC 3279, 2.3.5). Raises CurveUnknown, TlvInvalid."""
    if parameters.tag == tlv.OID:
        name = tlv.oid(parameters)
        if name not in BY_OID:
            raise CurveUnknown(name)
        return BY_OID[name]
    if parameters.tag != tlv.SEQUENCE:
        raise CurveUnknown("no parameters")
    raw = parameters.raw
    if known := _SEEN.get(raw):
        return known
    found = _spelled_out(parameters)
    if len(_SEEN) < 64:
        _SEEN[raw] = found
    return found


_SEEN: dict[bytes, Curve] = {}


def _spelled_out(parameters: Tlv) -> Curve:
    version, where, equation, base, order, *rest = parameters.parts(5, 7)
    kind, prime = where.parts(2)
    if tlv.oid(kind) != PRIME_FIELD or tlv.integer(version) not in {1, 2, 3}:
        raise CurveUnknown("no prime field")
    a, b, *_ = equation.parts(2, 3)
    p, n = tlv.natural(prime, 70), tlv.natural(order, 70)
    curve = BY_ORDER.get(n)
    if curve is None or p != curve.p:
        raise CurveUnknown(f"{p.bit_length()} bits without a name")
    cofactor = tlv.natural(rest[0]) if rest and rest[0].tag == tlv.INTEGER else 1
    same = (
        int.from_bytes(tlv.octets(a), "big") == curve.a
        and int.from_bytes(tlv.octets(b), "big") == curve.b
        and curve.point(tlv.octets(base)) == curve.g
        and cofactor == 1
    )
    if not same:
        raise CurveUnknown(f"like {curve.name}, and not it")
    return curve


def _curve(name: str, oid: str, known: type[ec.EllipticCurve] | None, p: str, a: str, b: str, g: str, n: str) -> Curve:
    x, y = g.split()
    return Curve(name, oid, int(p, 16), int(a, 16), int(b, 16), (int(x, 16), int(y, 16)), int(n, 16), known)


# fmt: off
CURVES: Final = (
    _curve(
        "secp192r1", "1.2.840.10045.3.1.1", ec.SECP192R1,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFC",
        "64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1",
        "188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012 "
        "07192B95FFC8DA78631011ED6B24CDD573F977A11E794811",
        "FFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831",
    ),
    _curve(
        "secp224r1", "1.3.132.0.33", ec.SECP224R1,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF000000000000000000000001",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFE",
        "B4050A850C04B3ABF54132565044B0B7D7BFD8BA270B39432355FFB4",
        "B70E0CBD6BB4BF7F321390B94A03C1D356C21122343280D6115C1D21 "
        "BD376388B5F723FB4C22DFE6CD4375A05A07476444D5819985007E34",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFF16A2E0B8F03E13DD29455C5C2A3D",
    ),
    _curve(
        "secp256r1", "1.2.840.10045.3.1.7", ec.SECP256R1,
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        "6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296 "
        "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    ),
    _curve(
        "secp384r1", "1.3.132.0.34", ec.SECP384R1,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFC",
        "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
        "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7 "
        "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    ),
    _curve(
        "secp521r1", "1.3.132.0.35", ec.SECP521R1,
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC",
        "0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF07"
        "3573DF883D2C34F1EF451FD46B503F00",
        "00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE"
        "3348B3C1856A429BF97E7E31C2E5BD66 "
        "011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761"
        "353C7086A272C24088BE94769FD16650",
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D0"
        "3BB5C9B8899C47AEBB6FB71E91386409",
    ),
    _curve(
        "brainpoolP160r1", "1.3.36.3.3.2.8.1.1.1", None,
        "E95E4A5F737059DC60DFC7AD95B3D8139515620F",
        "340E7BE2A280EB74E2BE61BADA745D97E8F7C300",
        "1E589A8595423412134FAA2DBDEC95C8D8675E58",
        "BED5AF16EA3F6A4F62938C4631EB5AF7BDBCDBC3 "
        "1667CB477A1A8EC338F94741669C976316DA6321",
        "E95E4A5F737059DC60DF5991D45029409E60FC09",
    ),
    _curve(
        "brainpoolP192r1", "1.3.36.3.3.2.8.1.1.3", None,
        "C302F41D932A36CDA7A3463093D18DB78FCE476DE1A86297",
        "6A91174076B1E0E19C39C031FE8685C1CAE040E5C69A28EF",
        "469A28EF7C28CCA3DC721D044F4496BCCA7EF4146FBF25C9",
        "C0A0647EAAB6A48753B033C56CB0F0900A2F5C4853375FD6 "
        "14B690866ABD5BB88B5F4828C1490002E6773FA2FA299B8F",
        "C302F41D932A36CDA7A3462F9E9E916B5BE8F1029AC4ACC1",
    ),
    _curve(
        "brainpoolP224r1", "1.3.36.3.3.2.8.1.1.5", None,
        "D7C134AA264366862A18302575D1D787B09F075797DA89F57EC8C0FF",
        "68A5E62CA9CE6C1C299803A6C1530B514E182AD8B0042A59CAD29F43",
        "2580F63CCFE44138870713B1A92369E33E2135D266DBB372386C400B",
        "0D9029AD2C7E5CF4340823B2A87DC68C9E4CE3174C1E6EFDEE12C07D "
        "58AA56F772C0726F24C6B89E4ECDAC24354B9E99CAA3F6D3761402CD",
        "D7C134AA264366862A18302575D0FB98D116BC4B6DDEBCA3A5A7939F",
    ),
    _curve(
        "brainpoolP256r1", "1.3.36.3.3.2.8.1.1.7", ec.BrainpoolP256R1,
        "A9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377",
        "7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9",
        "26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6",
        "8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262 "
        "547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997",
        "A9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7",
    ),
    _curve(
        "brainpoolP320r1", "1.3.36.3.3.2.8.1.1.9", None,
        "D35E472036BC4FB7E13C785ED201E065F98FCFA6F6F40DEF4F92B9EC7893EC28FCD412B1F1B32E27",
        "3EE30B568FBAB0F883CCEBD46D3F3BB8A2A73513F5EB79DA66190EB085FFA9F492F375A97D860EB4",
        "520883949DFDBC42D3AD198640688A6FE13F41349554B49ACC31DCCD884539816F5EB4AC8FB1F1A6",
        "43BD7E9AFB53D8B85289BCC48EE5BFE6F20137D10A087EB6E7871E2A10A599C710AF8D0D39E20611 "
        "14FDD05545EC1CC8AB4093247F77275E0743FFED117182EAA9C77877AAAC6AC7D35245D1692E8EE1",
        "D35E472036BC4FB7E13C785ED201E065F98FCFA5B68F12A32D482EC7EE8658E98691555B44C59311",
    ),
    _curve(
        "brainpoolP384r1", "1.3.36.3.3.2.8.1.1.11", ec.BrainpoolP384R1,
        "8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B412B1DA197FB71123ACD3A729901D1A71874700133107EC53",
        "7BC382C63D8C150C3C72080ACE05AFA0C2BEA28E4FB22787139165EFBA91F90F8AA5814A503AD4EB04A8C7DD22CE2826",
        "04A8C7DD22CE28268B39B55416F0447C2FB77DE107DCD2A62E880EA53EEB62D57CB4390295DBC9943AB78696FA504C11",
        "1D1C64F068CF45FFA2A63A81B7C13F6B8847A3E77EF14FE3DB7FCAFE0CBD10E8E826E03436D646AAEF87B2E247D4AF1E "
        "8ABE1D7520F9C2A45CB1EB8E95CFD55262B70B29FEEC5864E19C054FF99129280E4646217791811142820341263C5315",
        "8CB91E82A3386D280F5D6F7E50E641DF152F7109ED5456B31F166E6CAC0425A7CF3AB6AF6B7FC3103B883202E9046565",
    ),
    _curve(
        "brainpoolP512r1", "1.3.36.3.3.2.8.1.1.13", ec.BrainpoolP512R1,
        "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA703308717D4D9B009BC66842AECDA12AE6A380E62881"
        "FF2F2D82C68528AA6056583A48F3",
        "7830A3318B603B89E2327145AC234CC594CBDD8D3DF91610A83441CAEA9863BC2DED5D5AA8253AA10A2EF1C98B9AC8B57F11"
        "17A72BF2C7B9E7C1AC4D77FC94CA",
        "3DF91610A83441CAEA9863BC2DED5D5AA8253AA10A2EF1C98B9AC8B57F1117A72BF2C7B9E7C1AC4D77FC94CADC083E679840"
        "50B75EBAE5DD2809BD638016F723",
        "81AEE4BDD82ED9645A21322E9C4C6A9385ED9F70B5D916C1B43B62EEF4D0098EFF3B1F78E2D0D48D50D1687B93B97D5F7C6D"
        "5047406A5E688B352209BCB9F822 "
        "7DDE385D566332ECC0EABFA9CF7822FDF209F70024A57B1AA000C55B881F8111B2DCDE494A5F485E5BCA4BD88A2763AED1CA"
        "2B2FA8F0540678CD1E0F3AD80892",
        "AADD9DB8DBE9C48B3FD4E6AE33C9FC07CB308DB3B3C9D20ED6639CCA70330870553E5C414CA92619418661197FAC10471DB1"
        "D381085DDADDB58796829CA90069",
    ),
)
# fmt: on
BY_NAME: Final[Mapping[str, Curve]] = {curve.name: curve for curve in CURVES}
BY_OID: Final[Mapping[str, Curve]] = {curve.oid: curve for curve in CURVES}
BY_ORDER: Final[Mapping[int, Curve]] = {curve.n: curve for curve in CURVES}
