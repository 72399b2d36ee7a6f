"""A second implementation of what nodes of Jiwar seal and sign: it opens pouches, frames, envelopes and receipts.

Written from protocol.md alone. It imports nothing of the program: the standard library and `cryptography` are all.

    python exchange.py VECTORS.json     opens every test vector, and says what it found

Every function raises ValueError, with the reason, for what must not be believed.
"""

import base64
import hashlib
import json
import struct
import sys
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Reader:
    """Takes bytes apart from the front."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        piece = self.data[self.at : self.at + count]
        if len(piece) != count:
            raise ValueError("cut")
        self.at += count
        return piece

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def rest(self):
        return self.take(len(self.data) - self.at)


def key_id(public):
    return hashlib.sha256(public).digest()[:8]


def check(public, label, text, signature, stated):
    """Whether the holder of `public` signed a text under a label."""
    if stated != key_id(public):
        raise ValueError("another key")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, label + b"\n" + text)
    except InvalidSignature:
        raise ValueError("signature") from None


def canonical(text):
    """The value of canonical JSON; here it holds ASCII names, strings, integers, lists and objects only."""
    value = json.loads(text)
    if json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() != text:
        raise ValueError("not canonical")
    return value


def open_frame(data):
    """The items of a frame: a list of (kind, bytes)."""
    reader = Reader(data)
    if reader.take(4) != b"JWF\x02":
        raise ValueError("not a frame of version 2")
    items = []
    while reader.at < len(data):
        kind = reader.take(1).decode()
        items.append((kind, reader.take(reader.number(">I"))))
    if not items or items[0][0] != "h" or any(kind == "h" for kind, _ in items[1:]):
        raise ValueError("one hello, and first")
    return items


def open_pouch(data, signer, recipient, seed):
    """The header of a pouch, and its frames; keys as in `open_envelope`."""
    reader = Reader(data[:8192])
    if reader.take(4) != b"JWP\x01":
        raise ValueError("not a pouch of version 1")
    head = reader.take(reader.number(">H"))
    sealed = {reader.take(8): reader.take(reader.number(">H")) for _ in range(reader.number(">B"))}
    signed = data[: reader.at]
    stated, signature = reader.take(8), reader.take(64)
    check(signer, b"jiwar-pouch/1", signed, signature, stated)
    header = canonical(head)
    if header["v"] != 1 or header["to"] != recipient or any(reader.rest()):
        raise ValueError("head")
    if len(data) != 8192 + header["chunks"] * 16400:
        raise ValueError("cut")
    key = AESGCM(open_key(sealed, seed, b"jiwar-pouch/1\n" + hashlib.sha256(head).digest()))
    plain = b""
    for number in range(header["chunks"]):
        place = b"last" if number == header["chunks"] - 1 else b"more"
        at = 8192 + number * 16400
        about = b"jiwar-pouch/1\n" + struct.pack(">I", number) + place
        try:
            plain += key.decrypt(struct.pack(">QI", 0, number), data[at : at + 16400], about)
        except InvalidTag:
            raise ValueError(f"chunk {number + 1}") from None
    reader, frames = Reader(plain), []
    while length := reader.number(">I"):
        frames.append(reader.take(length))
    rest = reader.rest()
    if any(rest) or len(rest) >= 16384:
        raise ValueError("after the end")
    return header, frames


def open_key(sealed, seed, info):
    """The content key, of those that are sealed to the recipient's keys."""
    kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed[:64])
    curve = x25519.X25519PrivateKey.from_private_bytes(seed[64:])
    own = key_id(kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw())
    if own not in sealed:
        raise ValueError("sealed to others")
    try:
        return SUITE.decrypt(sealed[own], MLKEM768X25519PrivateKey(kem, curve), info=info)
    except InvalidTag:
        raise ValueError("seal") from None


def open_signed(label, item, public):
    """The JSON of a hello or a receipt."""
    reader = Reader(item)
    stated, signature, text = reader.take(8), reader.take(64), reader.rest()
    check(public, label, text, signature, stated)
    return canonical(text)


def open_envelope(data, signer, recipient, seed, at, prev):
    """Header and payload of an envelope.

    `signer`: raw Ed25519 public key; `seed`: 64 bytes ML-KEM-768 seed and 32 bytes X25519 scalar of the recipient;
    `at`: now; `prev`: the hash that the envelope before it has.
    """
    reader = Reader(data)
    if reader.take(4) != b"JWE\x02":
        raise ValueError("not an envelope of version 2")
    head = reader.take(reader.number(">H"))
    sealed = {reader.take(8): reader.take(reader.number(">H")) for _ in range(reader.number(">B"))}
    nonce, ciphertext = reader.take(12), reader.take(reader.number(">I"))
    signed = data[: reader.at]
    check(signer, b"jiwar-envelope/2", signed, data[reader.at + 8 :], reader.take(8))
    header = canonical(head)
    if header["v"] != 2 or header["to"] != recipient or header["prev"] != prev:
        raise ValueError("header")
    if datetime.fromisoformat(header["expires"]) <= at:
        raise ValueError("expired")
    key = open_key(sealed, seed, b"jiwar-envelope/2\n" + hashlib.sha256(head).digest())
    try:
        padded = AESGCM(key).decrypt(nonce, ciphertext, head)
    except InvalidTag:
        raise ValueError("seal") from None
    length = struct.unpack(">I", padded[:4])[0]
    if len(padded) < 1024 or len(padded) & (len(padded) - 1) or any(padded[4 + length :]):
        raise ValueError("padding")
    return header, padded[4 : 4 + length]


def open_payload(payload):
    """The first line of a message, and its statement."""
    first, statement = payload.split(b"\n")
    return canonical(first), statement


def main(path):
    vectors = json.loads(Path(path).read_text(encoding="utf-8"))
    raw = base64.b64decode
    keys = {name: raw(value) for name, value in vectors["keys"].items()}
    at, prev = datetime.fromisoformat(vectors["at"]), "0" * 64
    for kind, item in open_frame(raw(vectors["frame"])):
        if kind == "h":
            found = open_signed(b"jiwar-hello/2", item, keys["sender"])
        elif kind == "r":
            found = open_signed(b"jiwar-receipt/2", item, keys["sender"])
        else:
            header, payload = open_envelope(item, keys["sender"], "NER", keys["recipient_seed"], at, prev)
            prev = hashlib.sha256(item).hexdigest()
            head, statement = open_payload(payload)
            check(keys["sender"], b"jiwar-record/1", statement, raw(head["signature"]), bytes.fromhex(head["key"]))
            found = {"header": header, "message": head, "statement": json.loads(statement)}
        expected = vectors["expected"].pop(0)
        if found != expected:
            raise ValueError(f"{kind}: {found} is not {expected}")
        print(kind, "as expected")
    pouch = raw(vectors["pouch"])
    header, frames = open_pouch(pouch, keys["sender"], "NER", keys["recipient_seed"])
    if header["from"] != "LBY" or len(frames) != 3 or {frames[0], frames[2]} != {raw(vectors["frame"])}:
        raise ValueError("another pouch")
    print("pouch as expected")
    for name, text in vectors["refused"].items():
        refused(name, open_envelope, raw(text), keys["sender"], "NER", keys["recipient_seed"], at, "0" * 64)
    for name, wrong in wrong_pouches(pouch):
        refused(name, open_pouch, wrong, keys["sender"], "NER", keys["recipient_seed"])


def wrong_pouches(good):
    """What happens to a file on its way, and what somebody may do to it: each must be refused."""
    head, first, second = good[:8192], good[8192:24592], good[24592:]
    yield "pouch with an altered head", good[:50] + bytes([good[50] ^ 1]) + good[51:]
    yield "pouch with an altered chunk", good[:30000] + bytes([good[30000] ^ 1]) + good[30001:]
    yield "pouch that is cut", good[:-16400]
    yield "pouch with a chunk more", good + first
    yield "pouch with chunks exchanged", head + second + first
    yield "pouch with a chunk twice", head + first + first


def refused(name, opening, *arguments):
    try:
        opening(*arguments)
    except ValueError as why:
        print(f"refused as it must be ({name}): {why}")
    else:
        raise ValueError(f"{name} was taken")


if __name__ == "__main__":
    main(sys.argv[1])
