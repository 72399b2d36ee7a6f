"""The oblivious function against the numbers of RFC 9497, against the library's own client, and against liars.

`voprf` keeps its client's blind to itself, so that the RFC's Blind step cannot be given to it. Every other step is
replayed: key derivation, evaluation and output by the library; hashing to the group, the proof and the unblinding by
our arithmetic, with the RFC's blinds multiplied in by a ladder that stands in this file alone.
"""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voprf.ristretto import BlindedInput, Client, Evaluator, PublicKey, VerifiableBatchOutput

from jiwar.matching.logic import oprf, ristretto
from jiwar.matching.logic.oprf import AnswerWrong, Key
from tests.matching.rfc9497 import KEY_INFO, MULTIPLES, PUBLIC, SECRET, SEED, VECTORS, Vector

SMALL = settings(max_examples=25)


def times(factor: int, element: bytes) -> bytes:
    """factor · element by double and add."""
    total, point = ristretto.IDENTITY, ristretto.decode(element)
    for bit in f"{factor:b}":
        total = ristretto.add(total, total)
        total = ristretto.add(total, point) if bit == "1" else total
    return ristretto.encode(total)


def number(scalar: bytes) -> int:
    return int.from_bytes(scalar, "little")


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.from_seed(SEED, KEY_INFO)


def test_the_library_derives_the_key_of_the_rfc(evaluator: Evaluator) -> None:
    assert evaluator.public_key.serialize() == PUBLIC
    assert times(number(SECRET), ristretto.encode(ristretto.generator())) == PUBLIC


@pytest.mark.parametrize("vector", VECTORS)
def test_the_library_evaluates_as_the_rfc(evaluator: Evaluator, vector: Vector) -> None:
    blinded = [BlindedInput.deserialize(element) for element in vector.blinded]
    done = evaluator.evaluate_batch(blinded).serialize()
    assert tuple(oprf.split(done[oprf.PROOF_BYTES :])) == vector.evaluated
    assert tuple(map(evaluator.evaluate_known_input, vector.inputs)) == vector.outputs
    # Its proof has a random number of its own; it proves what the RFC's proof proves.
    oprf.verify(PUBLIC, vector.blinded, vector.evaluated, done[: oprf.PROOF_BYTES])


@pytest.mark.parametrize("vector", VECTORS)
def test_hashing_to_the_group_is_that_of_the_rfc(vector: Vector) -> None:
    hashed = [ristretto.encode(ristretto.hash_to_group(x, oprf._TO_GROUP)) for x in vector.inputs]
    blinded = tuple(times(number(blind), element) for blind, element in zip(vector.blinds, hashed, strict=True))
    assert blinded == vector.blinded


@pytest.mark.parametrize("vector", VECTORS)
def test_the_proof_of_the_rfc_is_accepted(vector: Vector) -> None:
    oprf.verify(PUBLIC, vector.blinded, vector.evaluated, vector.proof)


@pytest.mark.parametrize("vector", VECTORS)
def test_unblinding_and_output_are_those_of_the_rfc(vector: Vector) -> None:
    inverses = [pow(number(blind), -1, ristretto.ORDER) for blind in vector.blinds]
    unblinded = [times(inverse, element) for inverse, element in zip(inverses, vector.evaluated, strict=True)]
    assert tuple(map(oprf.output, vector.inputs, unblinded)) == vector.outputs


def test_our_client_gets_the_output_of_the_rfc_from_the_key_of_the_rfc(evaluator: Evaluator) -> None:
    inputs = list(VECTORS[2].inputs)
    seed = secrets.token_bytes(32)
    blinded = oprf.blind(seed, inputs)
    done = evaluator.evaluate_batch([BlindedInput.deserialize(element) for element in blinded]).serialize()
    proof, evaluated = done[: oprf.PROOF_BYTES], oprf.split(done[oprf.PROOF_BYTES :])
    assert tuple(oprf.finish(seed, inputs, blinded, evaluated, proof, PUBLIC)) == VECTORS[2].outputs


def test_the_librarys_client_believes_our_responder() -> None:
    key = Key(secrets.token_bytes(32))
    inputs = [b"one", b"two", b"three"]
    clients, blinded = zip(*map(Client.blind, inputs), strict=True)
    evaluated, proof = key.evaluate([element.serialize() for element in blinded])
    batch = VerifiableBatchOutput.deserialize(proof + b"".join(evaluated))
    assert Client.finalize_batch(clients, batch, PublicKey.deserialize(key.public)) == list(key.outputs(inputs))


@SMALL
@given(st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=5), st.binary(min_size=32, max_size=32))
def test_what_the_asker_unblinds_is_what_the_responder_computes(inputs: list[bytes], seed: bytes) -> None:
    key = Key(seed[::-1])
    blinded = oprf.blind(seed, inputs)
    evaluated, proof = key.evaluate(blinded)
    assert oprf.finish(seed, inputs, blinded, evaluated, proof, key.public) == list(key.outputs(inputs))


def test_a_question_says_nothing_of_its_keys_nor_that_two_are_the_same() -> None:
    one, two = oprf.blind(b"a" * 32, [b"key", b"key"])
    assert len({one, two, *oprf.blind(b"b" * 32, [b"key"])}) == 3


# --- liars ------------------------------------------------------------------------------------------------------------


def lied_to(change: str) -> None:
    key, other, seed, inputs = Key(b"k" * 32), Key(b"o" * 32), b"s" * 32, [b"one", b"two"]
    blinded = oprf.blind(seed, inputs)
    evaluated, proof = key.evaluate(blinded)
    public = key.public
    match change:
        case "another key":
            public = other.public
        case "one element of another key":
            evaluated[1] = other.evaluate(blinded)[0][1]
        case "elements changed places":
            evaluated.reverse()
        case "another proof":
            proof = key.evaluate(oprf.blind(b"t" * 32, inputs))[1]
        case "a bit of the proof":
            proof = bytes([proof[0] ^ 1]) + proof[1:]
        case "a proof that is no number":
            proof = b"\xff" * 64
        case "no element":
            evaluated[0] = b"\xff" * 32
        case "the identity":
            evaluated[0] = bytes(32)
        case "the identity as key":
            public = bytes(32)
        case "an element too few":
            evaluated.pop()
        case "half a proof":
            proof = proof[:32]
    oprf.finish(seed, inputs, blinded, evaluated, proof, public)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("another key", "proof_wrong"),
        ("one element of another key", "proof_wrong"),
        ("elements changed places", "proof_wrong"),
        ("another proof", "proof_wrong"),
        ("a bit of the proof", "proof_wrong"),
        ("a proof that is no number", "proof_wrong"),
        ("no element", "not_an_element"),
        ("the identity", "not_an_element"),
        ("the identity as key", "not_an_element"),
        ("an element too few", "wrong_count"),
        ("half a proof", "wrong_count"),
    ],
)
def test_an_answer_that_is_not_of_one_key_is_not_believed(change: str, code: str) -> None:
    with pytest.raises(AnswerWrong) as wrong:
        lied_to(change)
    assert wrong.value.code == code


def test_the_same_answer_unchanged_is_believed() -> None:
    lied_to("nothing")


def test_what_is_no_element_is_not_evaluated() -> None:
    with pytest.raises(AnswerWrong, match="not_an_element"):
        Key(b"k" * 32).evaluate([b"\xff" * 32])


# --- the group --------------------------------------------------------------------------------------------------------


def test_multiples_of_the_generator_are_those_of_rfc_9496() -> None:
    total = ristretto.IDENTITY
    for expected in MULTIPLES:
        assert ristretto.encode(total) == expected
        assert ristretto.encode(ristretto.decode(expected)) == expected
        total = ristretto.add(total, ristretto.generator())


@pytest.mark.parametrize(
    "bad",
    [
        # RFC 9496, appendix A.2: not canonical, negative, not square, negative xy, and s = -1, which gives y = 0.
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ],
)
def test_an_encoding_that_is_not_the_one_is_refused(bad: str) -> None:
    with pytest.raises(ristretto.NotAnElement):
        ristretto.decode(bytes.fromhex(bad))


@SMALL
@given(st.binary(max_size=60), st.integers(1, 2**64))
def test_encoding_is_the_same_for_every_way_to_write_a_point(text: bytes, z: int) -> None:
    point = ristretto.hash_to_group(text, b"test")
    encoded = ristretto.encode(point)
    again = ristretto.decode(encoded)
    assert ristretto.encode(again) == encoded
    scaled = tuple(coordinate * z % ristretto.P for coordinate in again)
    assert ristretto.encode(scaled) == encoded  # type: ignore[arg-type]
    taken_away = ristretto.add(point, ristretto.negative(again))
    assert ristretto.encode(taken_away) == bytes(32)


@SMALL
@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, ristretto.ORDER - 1)), max_size=40))
def test_a_sum_of_multiples_is_the_sum_of_the_multiples(terms: list[tuple[bytes, int]]) -> None:
    points = [ristretto.hash_to_group(text, b"test") for text, _ in terms]
    expected = ristretto.IDENTITY
    for point, (_, factor) in zip(points, terms, strict=True):
        expected = ristretto.add(expected, ristretto.decode(times(factor, ristretto.encode(point))))
    found = ristretto.sum_of_multiples(points, [factor for _, factor in terms])
    assert ristretto.encode(found) == ristretto.encode(expected)
