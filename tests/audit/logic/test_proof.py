"""proof: one leaf that anyone can verify, and every change of it."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.audit.logic import merkle, notes
from jiwar.audit.logic.cosignature import cosign
from jiwar.audit.logic.leaf import Leaf, content
from jiwar.audit.logic.proof import MAX_CHARACTERS, LeafUnproven, verify_proof, with_cosignatures, write_proof
from tests.audit.books import Log
from tests.ledger_vectors import AT, COSIGNING, SIGNING, WITNESS, _checkpoint, make

KEY, SECOND = SIGNING.public_key(), COSIGNING.public_key()
WITNESSES = {"NER": WITNESS.public_key()}


def leaf(index: int, **change: object) -> bytes:
    parts = {"index": index, "at": AT, "node": "LBY", "actor": "p", "via": "api", "act": "done", "salt": "a" * 32}
    return content(Leaf(**parts | change))


CONTENTS = [leaf(n, subject="ليبيا") for n in range(11)]
LOG = Log(CONTENTS)
NOTE = _checkpoint(LOG, 11)["note"]
COSIGNED = with_cosignatures(NOTE, [cosign(NOTE, "NER", WITNESS, AT), cosign(NOTE, "TUN", SIGNING, AT)])


def path(index: int) -> list[bytes]:
    return merkle.inclusion_path(index, 11, lambda *at: LOG.nodes[at])


def proof(index: int = 6, contents: bytes | None = None, note: str = COSIGNED) -> str:
    return write_proof(CONTENTS[index] if contents is None else contents, index, path(index), note)


def code_of(text: str, key=KEY, second=SECOND, witnesses=WITNESSES) -> str:
    with pytest.raises(LeafUnproven) as caught:
        verify_proof(text, key, second, witnesses)
    assert caught.value.code in str(caught.value)
    return caught.value.code


def test_has_the_form_of_the_standard():
    lines = proof().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert base64.b64decode(lines[1].removeprefix("extra ")) == CONTENTS[6]
    assert lines[2] == "index 6"
    assert lines[3:7] == [base64.b64encode(each).decode() for each in path(6)]
    assert lines[7] == ""
    assert "\n".join(lines[8:]) == COSIGNED


@pytest.mark.parametrize("index", range(11))
def test_proves_each_leaf_and_who_witnessed(index):
    proven = verify_proof(proof(index), KEY, SECOND, WITNESSES)
    assert (proven.leaf.index, proven.leaf.subject, proven.checkpoint.size) == (index, "ليبيا", 11)
    assert proven.cosigned
    assert proven.witnesses == {"NER": AT}
    assert proven.unknown == ("jiwar/TUN",)


def test_without_the_second_key_and_the_cards_it_proves_less():
    proven = verify_proof(proof(), KEY)
    assert (proven.cosigned, proven.witnesses, proven.unknown) == (False, {}, ("jiwar/NER", "jiwar/TUN"))


@given(st.data())
def test_any_changed_character_is_refused_or_proves_less(data):
    """A signature line whose name or key changed is one of a stranger: it is passed over, as the standard asks."""
    text = proof(note=NOTE)
    position = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("aZ09+/= \n—").filter(lambda c: c != text[position]))
    changed = text[:position] + other + text[position + 1 :]
    try:
        proven = verify_proof(changed, KEY, SECOND)
    except LeafUnproven:
        return
    assert not proven.cosigned
    assert position > text.rindex("— ")
    assert content(proven.leaf) == CONTENTS[6]


@given(st.data())
def test_a_changed_cosignature_of_a_known_witness_is_refused(data):
    text = proof()
    start = text.index("— jiwar/NER") + len("— jiwar/NER ") + 6  # past the id of the key
    position = data.draw(st.integers(start, text.index("\n", start) - 3))
    other = data.draw(st.sampled_from("aZ09+/").filter(lambda c: c != text[position]))
    assert code_of(text[:position] + other + text[position + 1 :]) == "checkpoint"


def test_codes():
    lines = proof().split("\n")
    assert code_of("\n".join(["c2sp.org/tlog-proof@v2", *lines[1:]])) == "form"
    assert code_of("\n".join([lines[0], *lines[2:]])) == "form"
    assert code_of("") == "form"
    assert code_of("x" * (MAX_CHARACTERS + 1)) == "form"
    assert code_of(proof().replace("index 6", "index 06")) == "form"
    assert code_of(proof().replace("index 6", "index 7")) == "index"
    assert code_of(proof(contents=b"{}")) == "leaf"
    assert code_of(proof(contents=leaf(6, node="NER"))) == "node"
    assert code_of(proof(contents=leaf(6, subject="x"))) == "path"
    assert code_of(proof(note=_checkpoint(LOG, 10)["note"])) == "path"
    assert code_of("\n".join([*lines[:3], lines[4], lines[3], *lines[5:]])) == "path"
    assert code_of(proof(), key=WITNESS.public_key()) == "checkpoint"
    assert code_of(proof().replace("\n\n", "\n" + "A" * 44 + "\n\n", 1)) == "path"


def test_the_vectors_say_the_same():
    proven = verify_proof(make()["proof"], KEY, SECOND, WITNESSES)
    assert (proven.leaf.index, proven.leaf.actor, proven.checkpoint.epoch) == (4, "فاطمة", 2)
    assert proven.witnesses == {"NER": datetime(2026, 11, 25, 12, tzinfo=UTC)}


def test_cosignatures_stand_below_the_nodes_own():
    _, lines = notes.read(COSIGNED)
    assert [line.name for line in lines] == ["jiwar/LBY", "jiwar/LBY", "jiwar/NER", "jiwar/TUN"]
