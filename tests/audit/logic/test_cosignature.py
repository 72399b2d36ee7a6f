"""Signature lines: the ML-DSA-65 line of a checkpoint, a witness's line, the names of keys, epochs in the text."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.logic import cosignature, notes
from jiwar.audit.logic.checkpoint import (
    Checkpoint,
    CheckpointInvalid,
    Epoch,
    open_checkpoint,
    origin,
    plain,
    read_origin,
    read_unverified,
    sign_checkpoint,
)
from jiwar.audit.logic.cosignature import cosign, open_cosignature

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
SECOND = MLDSA65PrivateKey.from_seed_bytes(bytes(range(32)))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
ROOT = bytes(range(32))
NOTE = sign_checkpoint("jiwar/LBY", 8, ROOT, AT, KEY, cosigning_key=SECOND)
LINE = cosign(NOTE, "NER", WITNESS, AT)


def code_of(call, *arguments) -> str:
    with pytest.raises(CheckpointInvalid) as caught:
        call(*arguments)
    return caught.value.code


class TestSecondSignature:
    def test_is_a_line_of_the_same_name_with_a_type_that_the_standard_leaves_free(self):
        body, (first, second) = notes.read(NOTE)
        assert (first.name, second.name) == ("jiwar/LBY", "jiwar/LBY")
        raw = SECOND.public_key().public_bytes_raw()
        assert second.key_id == notes.key_id("jiwar/LBY", b"\xffjiwar-ml-dsa-65", raw)
        assert (len(raw), len(second.signature)) == (1952, 3309)
        SECOND.public_key().verify(second.signature, b"jiwar-checkpoint/1\n" + body.encode())

    def test_is_passed_over_by_who_does_not_know_the_key(self):
        opened = open_checkpoint(NOTE, PUBLIC, "jiwar/LBY")
        assert (opened.size, opened.cosigners) == (8, ("jiwar/LBY",))

    def test_must_be_there_and_hold_for_who_does(self):
        public = SECOND.public_key()
        assert open_checkpoint(NOTE, PUBLIC, "jiwar/LBY", public).cosigners == ()
        assert code_of(open_checkpoint, plain(NOTE), PUBLIC, "jiwar/LBY", public) == "uncosigned"
        other = MLDSA65PrivateKey.from_seed_bytes(bytes(32)).public_key()
        assert code_of(open_checkpoint, NOTE, PUBLIC, "jiwar/LBY", other) == "uncosigned"
        body, (first, second) = notes.read(NOTE)
        bent = bytes([second.signature[0] ^ 1]) + second.signature[1:]
        changed = notes.write(body, [first.text, notes.write_line(second.name, second.key_id, bent)])
        assert code_of(open_checkpoint, changed, PUBLIC, "jiwar/LBY", public) == "signature"
        doubled = notes.write(body, [first.text, second.text, second.text])
        assert code_of(open_checkpoint, doubled, PUBLIC, "jiwar/LBY", public) == "signature_line"

    def test_does_not_stand_for_the_first(self):
        body, (_, second) = notes.read(NOTE)
        assert code_of(open_checkpoint, notes.write(body, [second.text]), PUBLIC, "jiwar/LBY") == "unsigned"

    def test_binds_the_whole_text(self):
        other = sign_checkpoint("jiwar/LBY", 9, ROOT, AT, KEY)
        _, (_, second) = notes.read(NOTE)
        body, (first,) = notes.read(other)
        moved = notes.write(body, [first.text, second.text])
        assert code_of(open_checkpoint, moved, PUBLIC, "jiwar/LBY", SECOND.public_key()) == "signature"


class TestWitness:
    def test_known_answer(self):
        """Put together by hand from C2SP tlog-cosignature: the message is the time, then the text of the note."""
        body, _ = notes.read(NOTE)
        seconds = 1_795_608_000
        assert AT.timestamp() == seconds
        message = b"cosignature/v1\ntime 1795608000\n" + body.encode()
        blob = notes.key_id("jiwar/NER", b"\x04", WITNESS.public_key().public_bytes_raw())
        blob += seconds.to_bytes(8, "big") + WITNESS.sign(message)
        assert f"— jiwar/NER {base64.b64encode(blob).decode()}" == LINE
        assert len(blob) == 4 + 8 + 64

    def test_key_id_and_time_of_the_standard_s_example(self):
        """The witness line of the example in tlog-cosignature: its time is 1679315147."""
        line = notes.read_line(
            "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
            "qhf5nNo0xUe+mbIUBkBIfZ+qnA=="
        )
        assert line.key_id.hex() == "8d66cf3f"
        assert int.from_bytes(line.signature[:8], "big") == 1_679_315_147
        assert len(line.signature) == 72

    def test_opens_and_says_when(self):
        assert open_cosignature(NOTE, LINE, "NER", WITNESS.public_key()) == AT

    def test_is_of_the_text_alone(self):
        """Lines that others add below the text change nothing."""
        assert open_cosignature(plain(NOTE), LINE, "NER", WITNESS.public_key()) == AT

    @given(st.integers(0, 71), st.integers(1, 255))
    def test_any_changed_byte_is_refused(self, position, mask):
        read = notes.read_line(LINE)
        changed = bytearray(read.signature)
        changed[position] ^= mask
        line = notes.write_line(read.name, read.key_id, bytes(changed))
        assert code_of(open_cosignature, NOTE, line, "NER", WITNESS.public_key()) == "signature"

    def test_is_refused_for_another_text_another_witness_another_key(self):
        public = WITNESS.public_key()
        other = sign_checkpoint("jiwar/LBY", 9, ROOT, AT, KEY)
        assert code_of(open_cosignature, other, LINE, "NER", public) == "signature"
        assert code_of(open_cosignature, NOTE, LINE, "TUN", public) == "unsigned"
        assert code_of(open_cosignature, NOTE, LINE, "NER", PUBLIC) == "unsigned"
        assert code_of(open_cosignature, NOTE, LINE.replace("—", "-"), "NER", public) == "signature_line"

    def test_the_two_uses_of_a_key_do_not_mix(self):
        """A node's signature of its own checkpoint is no cosignature of it, and the other way round."""
        own = cosign(NOTE, "LBY", KEY, AT)
        body, (first, _) = notes.read(NOTE)
        swapped = notes.write_line("jiwar/LBY", first.key_id, notes.read_line(own).signature)
        assert code_of(open_checkpoint, notes.write(body, [swapped]), PUBLIC, "jiwar/LBY") == "signature"
        line = notes.write_line("jiwar/LBY", cosignature.key_id("LBY", PUBLIC), bytes(8) + first.signature)
        assert code_of(open_cosignature, NOTE, line, "LBY", PUBLIC) == "signature"

    def test_a_time_past_all_calendars(self):
        body, _ = notes.read(NOTE)
        seconds = 2**60
        signature = seconds.to_bytes(8, "big") + WITNESS.sign(f"cosignature/v1\ntime {seconds}\n{body}".encode())
        line = notes.write_line("jiwar/NER", cosignature.key_id("NER", WITNESS.public_key()), signature)
        assert code_of(open_cosignature, NOTE, line, "NER", WITNESS.public_key()) == "at"

    def test_whole_seconds_count(self):
        late = cosign(NOTE, "NER", WITNESS, AT + timedelta(milliseconds=999))
        assert open_cosignature(NOTE, late, "NER", WITNESS.public_key()) == AT


class TestOrigins:
    @pytest.mark.parametrize(
        ("code", "epoch", "text"), [("LBY", 1, "jiwar/LBY"), ("NER-MADAMA", 12, "jiwar/NER-MADAMA/12")]
    )
    def test_name_node_and_epoch(self, code, epoch, text):
        assert origin(code, epoch) == text
        assert read_origin(text) == (code, epoch)

    @pytest.mark.parametrize(
        "text",
        [
            "", "LBY", "jiwar/", "jiwar/lby", "jiwar/LBY/1", "jiwar/LBY/0", "jiwar/LBY/02", "jiwar/LBY/2/3",
            "jiwar/LBY/", "jiwar/LBY-", "jiwar/LBY/٢", "jiwar/LBY/9999999",
        ],
    )  # fmt: skip
    def test_others_are_none(self, text):
        assert code_of(read_origin, text) == "origin"


class TestEpochs:
    def signed(self, size: int, *epochs: Epoch) -> Checkpoint:
        name = origin("LBY", epochs[-1].number if epochs else 1)
        note = sign_checkpoint(name, size, ROOT, AT, KEY, epochs=epochs)
        opened = open_checkpoint(note, PUBLIC, name)
        assert read_unverified(note) == opened
        return opened

    def test_are_said_by_each_checkpoint(self):
        epochs = (Epoch(2, 40, ROOT), Epoch(5, 90, bytes(32)))
        says = self.signed(100, *epochs)
        assert (says.node, says.epoch, says.epochs, says.extensions) == ("LBY", 5, epochs, ())

    def test_share_the_leaves_before_the_first_that_is_later(self):
        """Epoch 3 was lost: the copy from which epoch 5 began was of epoch 2."""
        says = self.signed(100, Epoch(2, 40, ROOT), Epoch(5, 90, ROOT))
        assert [says.shares(epoch) for epoch in range(1, 7)] == [40, 90, 90, 90, 100, 0]
        assert self.signed(100).shares(1) == 100

    @pytest.mark.parametrize(
        "lines",
        [
            [],  # the origin names epoch 3
            ["epoch 2 4 ROOT"],
            ["epoch 3 4 ROOT", "epoch 4 5 ROOT"],
            ["epoch 3 9 ROOT"],  # larger than the tree
            ["epoch 2 5 ROOT", "epoch 3 5 ROOT"],
            ["epoch 2 6 ROOT", "epoch 3 5 ROOT"],
            ["epoch 3 5 ROOT", "epoch 2 4 ROOT"],
            ["epoch 1 2 ROOT", "epoch 3 5 ROOT"],
            ["epoch 3 5 ROOT", "epoch 3 5 ROOT"],
            ["epoch 3 5 AAAA"],
            ["epoch 3 05 ROOT"],
            ["epoch three"],
        ],
    )
    def test_that_make_no_sense_are_refused(self, lines):
        root = base64.b64encode(ROOT).decode()
        text = "\n".join(["jiwar/LBY/3", "8", root, "at 2026-11-25T12:00:00.000000Z", *lines, ""]).replace("ROOT", root)
        line = notes.write_line(
            "jiwar/LBY/3", notes.key_id("jiwar/LBY/3", b"\x01", PUBLIC.public_bytes_raw()), KEY.sign(text.encode())
        )
        assert code_of(open_checkpoint, notes.write(text, [line]), PUBLIC, "jiwar/LBY/3") == "epoch"

    def test_cannot_be_signed_for_another_epoch(self):
        with pytest.raises(ValueError, match="epoch"):
            sign_checkpoint("jiwar/LBY", 8, ROOT, AT, KEY, epochs=[Epoch(2, 4, ROOT)])


def test_a_plain_note_has_the_first_signature_alone():
    body, lines = notes.read(plain(f"{NOTE}{LINE}\n"))
    assert [line.key_id for line in lines] == [notes.key_id("jiwar/LBY", b"\x01", PUBLIC.public_bytes_raw())]
    assert open_checkpoint(notes.write(body, [lines[0].text]), PUBLIC, "jiwar/LBY").size == 8


def test_the_key_id_of_go_s_note_package_for_its_published_key():
    typed = base64.b64decode("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    public = Ed25519PublicKey.from_public_bytes(typed[1:])
    assert notes.key_id("PeterNeumann", typed[:1], public.public_bytes_raw()).hex() == "c74f20a3"
