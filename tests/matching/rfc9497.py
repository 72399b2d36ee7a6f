"""RFC 9497, appendix A.1.2: ristretto255-SHA512, VOPRF mode. All values in hexadecimal, as the RFC prints them."""

from dataclasses import dataclass

SEED = bytes.fromhex("a3" * 32)
KEY_INFO = b"test key"
SECRET = bytes.fromhex("e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909")
PUBLIC = bytes.fromhex("c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e")


@dataclass(frozen=True)
class Vector:
    """One test vector; a batch has several inputs and one proof."""

    inputs: tuple[bytes, ...]
    blinds: tuple[bytes, ...]
    blinded: tuple[bytes, ...]
    evaluated: tuple[bytes, ...]
    proof: bytes
    outputs: tuple[bytes, ...]


def _many(*texts: str) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, texts))


_INPUT = ("00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a")
_BLIND = (
    "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706",
    "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e",
)
_OUTPUT = (
    (
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7d"
        "a4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c"
    ),
    (
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60"
        "356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6"
    ),
)
VECTORS = (
    Vector(
        _many(_INPUT[0]),
        _many(_BLIND[0]),
        _many("863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"),
        _many("aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"),
        bytes.fromhex(
            "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd06"
            "6d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d"
        ),
        _many(_OUTPUT[0]),
    ),
    Vector(
        _many(_INPUT[1]),
        _many(_BLIND[0]),
        _many("cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"),
        _many("60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"),
        bytes.fromhex(
            "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a"
            "67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02"
        ),
        _many(_OUTPUT[1]),
    ),
    Vector(
        _many(*_INPUT),
        _many(*_BLIND),
        _many(
            "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
            "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
        ),
        _many(
            "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
            "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
        ),
        bytes.fromhex(
            "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a"
            "5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08"
        ),
        _many(*_OUTPUT),
    ),
)

MULTIPLES = _many(
    "0000000000000000000000000000000000000000000000000000000000000000",
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
    "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
    "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
)
"""RFC 9496, appendix A.1: the first multiples of the generator."""
