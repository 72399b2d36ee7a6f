"""Where the key of the seal signer lies: in the node's key folder, or in a security module behind PKCS #11.

A key of either store is an `EllipticCurvePrivateKey` to whoever signs with it.
"""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

_HALF = 32


class KeyUnavailable(Exception):
    """The key cannot be used: `code` is key_damaged, module_missing, module_refused, token_missing, key_missing."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


def make_in_file() -> dict[str, str]:
    """A new P-256 key as the manifest keeps it."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"store": "file", "pem": pem.decode()}


def make_in_module(library: str, token: str, label: str, pin_file: Path) -> dict[str, str]:
    """A new P-256 key that never leaves a security module; raises KeyUnavailable."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    session = _session(library, token, pin_file)
    try:
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        parameters.generate_keypair(store=True, label=label)
    except pkcs11.PKCS11Error as error:
        raise KeyUnavailable("module_refused", type(error).__name__) from None
    return {"store": "pkcs11", "library": library, "token": token, "label": label, "pin_file": str(pin_file)}


def open_key(kept: dict[str, str]) -> ec.EllipticCurvePrivateKey:
    """The key that a manifest names; raises KeyUnavailable."""
    if kept.get("store") == "pkcs11":
        return ModuleKey(kept["library"], kept["token"], kept["label"], Path(kept["pin_file"]))
    try:
        key = serialization.load_pem_private_key(kept["pem"].encode(), None)
    except (KeyError, ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyUnavailable("key_damaged") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise KeyUnavailable("key_damaged")
    return key


def raw_signature(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """ECDSA with SHA-256 as r || s, 64 bytes (9303-13: signature zone)."""
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


class ModuleKey(ec.EllipticCurvePrivateKey):
    """A P-256 key in a security module: it signs there, and nothing else can be had of it."""

    def __init__(self, library: str, token: str, label: str, pin_file: Path) -> None:
        import pkcs11

        session = _session(library, token, pin_file)
        try:
            self._key = session.get_key(pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.KeyType.EC, label)
            public = session.get_key(pkcs11.ObjectClass.PUBLIC_KEY, pkcs11.KeyType.EC, label)
            wrapped = public[pkcs11.Attribute.EC_POINT]
        except (pkcs11.NoSuchKey, pkcs11.MultipleObjectsReturned) as error:
            raise KeyUnavailable("key_missing", f"{label} ({type(error).__name__})") from None
        except pkcs11.PKCS11Error as error:
            raise KeyUnavailable("module_refused", type(error).__name__) from None
        # CKA_EC_POINT is an OCTET STRING around the point (PKCS #11 v3.1, 6.3.3): 04 41 and 65 bytes.
        self._public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes(wrapped[-65:]))

    def sign(self, data: Any, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:
        """DER signature over SHA-256 of the data, as the class promises."""
        import pkcs11

        if not isinstance(signature_algorithm.algorithm, hashes.SHA256):
            raise UnsupportedAlgorithm("SHA-256 alone")
        try:
            raw = self._key.sign(hashlib.sha256(data).digest(), mechanism=pkcs11.Mechanism.ECDSA)
        except pkcs11.PKCS11Error as error:
            raise KeyUnavailable("module_refused", type(error).__name__) from None
        half = len(raw) // 2
        return utils.encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return self._public

    @property
    def curve(self) -> ec.EllipticCurve:
        return self._public.curve

    @property
    def key_size(self) -> int:
        return self._public.key_size

    def _kept_inside(self, *_args: Any, **_more: Any) -> NoReturn:
        raise KeyUnavailable("key_missing", "a key of a security module does not leave it")

    exchange = private_numbers = private_bytes = __copy__ = __deepcopy__ = _kept_inside


@lru_cache(maxsize=2)
def _opened(library: str, token: str, pin: str) -> Any:
    try:
        import pkcs11
    except ImportError:
        raise KeyUnavailable("module_missing", "pip install python-pkcs11") from None
    try:
        return pkcs11.lib(library).get_token(token_label=token).open(rw=True, user_pin=pin)
    except (pkcs11.NoSuchToken, pkcs11.TokenNotPresent, pkcs11.MultipleTokensReturned):
        raise KeyUnavailable("token_missing", token) from None
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise KeyUnavailable("module_refused", f"{library}: {type(error).__name__}") from None


def _session(library: str, token: str, pin_file: Path) -> Any:
    try:
        pin = pin_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise KeyUnavailable("module_refused", f"{pin_file}: {error.strerror}") from None
    return _opened(library, token, pin)
