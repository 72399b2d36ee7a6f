"""The oblivious function of a blind match: VOPRF of RFC 9497, suite ristretto255-SHA512, mode 1.

The responder's side and every multiplication by a secret are the library `voprf` (curve25519-dalek). Its client keeps
the blind in an object that cannot be saved, and an answer may come weeks later by memory stick to another process; so
the asker's side is written here, with blinds that a stored seed gives again.

Blinding is additive: the asker sends B = H(x) + r·G and takes r·K off the evaluated element (K the responder's public
key). On the wire and for the responder this is RFC 9497: B is uniformly random, the output is the same. RFC 9497
blinds by multiplication because additive blinding needs a proof of the public key (Jarecki, Krawczyk, Xu, "On the
(In)Security of the Diffie-Hellman Oblivious PRF with Multiplicative Blinding", PKC 2021); the verifiable mode has it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from voprf.ristretto import BlindedInput
from voprf.ristretto import Evaluator as _Evaluator

from jiwar.matching.logic import ristretto
from jiwar.matching.logic.ristretto import NotAnElement

SEED_BYTES = 32
ELEMENT_BYTES = 32
PROOF_BYTES = 64
OUTPUT_BYTES = 64
_CONTEXT = b"OPRFV1-\x01-ristretto255-SHA512"
_TO_GROUP = b"HashToGroup-" + _CONTEXT
_TO_SCALAR = b"HashToScalar-" + _CONTEXT
_KEY_INFO = b"jiwar-match-key/1"
_BLIND_INFO = b"jiwar-match-blind/1 "


class AnswerWrong(ValueError):
    """An evaluation that is not the one of the key it names; `code`: `not_an_element`, `proof_wrong`, `wrong_count`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Key:
    """The responder's secret key, made from a seed of 32 bytes that stays with it."""

    def __init__(self, seed: bytes) -> None:
        self._evaluator = _Evaluator.from_seed(seed, _KEY_INFO)
        self.public = self._evaluator.public_key.serialize()

    def evaluate(self, blinded: Sequence[bytes]) -> tuple[list[bytes], bytes]:
        """Evaluated elements, and the proof that this key made them. Raises AnswerWrong("not_an_element")."""
        try:
            elements = [BlindedInput.deserialize(element) for element in blinded]
        except ValueError:
            raise AnswerWrong("not_an_element") from None
        done = self._evaluator.evaluate_batch(elements).serialize()
        return split(done[PROOF_BYTES:]), done[:PROOF_BYTES]

    def outputs(self, inputs: Iterable[bytes]) -> Iterator[bytes]:
        """The function's 64 bytes for each of the responder's own inputs."""
        return map(self._evaluator.evaluate_known_input, inputs)


def blind(seed: bytes, inputs: Iterable[bytes]) -> list[bytes]:
    """Blinded elements of a question; whoever has the seed can undo them, nobody else ever can."""
    blinded = []
    for number, text in enumerate(inputs):
        mask = ristretto.decode(_blind(seed, number).public_key.serialize())
        blinded.append(ristretto.encode(ristretto.add(ristretto.hash_to_group(text, _TO_GROUP), mask)))
    return blinded


def finish(
    seed: bytes,
    inputs: Sequence[bytes],
    blinded: Sequence[bytes],
    evaluated: Sequence[bytes],
    proof: bytes,
    public: bytes,
) -> list[bytes]:
    """The function's 64 bytes for each input. Raises AnswerWrong unless every element was made with the public key."""
    if not len(inputs) == len(blinded) == len(evaluated) or len(proof) != PROOF_BYTES:
        raise AnswerWrong("wrong_count")
    points = _verified(public, blinded, evaluated, proof)
    base = BlindedInput.deserialize(public)
    outputs = []
    for number, (text, point) in enumerate(zip(inputs, points, strict=True)):
        mask = ristretto.decode(_blind(seed, number).evaluate(base).serialize()[PROOF_BYTES:])
        outputs.append(output(text, ristretto.encode(ristretto.add(point, ristretto.negative(mask)))))
    return outputs


def verify(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes) -> None:
    """Raise AnswerWrong unless one key made all elements (VerifyProof, RFC 9497 section 2.2.2)."""
    _verified(public, blinded, evaluated, proof)


def output(text: bytes, unblinded: bytes) -> bytes:
    """The last step of Finalize and Evaluate (RFC 9497 section 3.3.1)."""
    return hashlib.sha512(_prefixed(text) + _prefixed(unblinded) + b"Finalize").digest()


def split(data: bytes, size: int = ELEMENT_BYTES) -> list[bytes]:
    """Pieces of one size."""
    return [data[start : start + size] for start in range(0, len(data), size)]


def _blind(seed: bytes, number: int) -> _Evaluator:
    """The blind of one element, as a key of the library: it multiplies by it and never shows it."""
    return _Evaluator.from_seed(seed, _BLIND_INFO + b"%d" % number)


def _verified(
    public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes], proof: bytes
) -> list[ristretto.Point]:
    try:
        key = ristretto.decode(public)
        sent = [ristretto.decode(element) for element in blinded]
        came = [ristretto.decode(element) for element in evaluated]
    except NotAnElement:
        raise AnswerWrong("not_an_element") from None
    if key[0] == 0 or any(point[0] == 0 for point in came):
        raise AnswerWrong("not_an_element")  # the identity: no key makes it
    factors = _composite_factors(public, blinded, evaluated)
    m, z = ristretto.sum_of_multiples(sent, factors), ristretto.sum_of_multiples(came, factors)
    _check_proof(public, key, m, z, proof)
    return came


def _composite_factors(public: bytes, blinded: Sequence[bytes], evaluated: Sequence[bytes]) -> list[int]:
    """The numbers d_i of ComputeComposites (RFC 9497 section 2.2.1)."""
    seed = hashlib.sha512(_prefixed(public) + _prefixed(b"Seed-" + _CONTEXT)).digest()
    return [
        ristretto.hash_to_scalar(
            _prefixed(seed) + number.to_bytes(2, "big") + _prefixed(c) + _prefixed(d) + b"Composite", _TO_SCALAR
        )
        for number, (c, d) in enumerate(zip(blinded, evaluated, strict=True))
    ]


def _check_proof(public: bytes, key: ristretto.Point, m: ristretto.Point, z: ristretto.Point, proof: bytes) -> None:
    c, s = (int.from_bytes(half, "little") for half in split(proof))
    if c >= ristretto.ORDER or s >= ristretto.ORDER:
        raise AnswerWrong("proof_wrong")
    t2 = ristretto.sum_of_multiples([ristretto.generator(), key], [s, c])
    t3 = ristretto.sum_of_multiples([m, z], [s, c])
    transcript = b"".join(_prefixed(part) for part in (public, *map(ristretto.encode, (m, z, t2, t3))))
    if ristretto.hash_to_scalar(transcript + b"Challenge", _TO_SCALAR) != c:
        raise AnswerWrong("proof_wrong")


def _prefixed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data
