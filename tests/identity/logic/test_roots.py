"""Roots: both keys sign, both must hold; a root file names its successor or nobody does."""

import copy
import datetime as dt
from typing import Any

import pytest

from jiwar.identity.logic.roots import Root, read_root, write_root
from jiwar.identity.logic.signed import PaperRefused

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
ROOT, OTHER = Root.of("LBY", bytes(32)), Root.of("LBY", bytes([1] * 32))


def refused(data: Any) -> tuple[str, str]:
    with pytest.raises(PaperRefused) as error:
        read_root(data)
    return error.value.code, error.value.field


def test_the_same_secret_is_the_same_root_and_another_state_another_one() -> None:
    assert Root.of("LBY", bytes(32)).public == ROOT.public
    assert len({Root.of(state, bytes(32)).public.hash for state in ("LBY", "NER", "TUN")}) == 3
    assert Root.of("NER", bytes(32)).public.ed25519 != ROOT.public.ed25519
    assert ROOT.public.fingerprint.replace(" ", "") == ROOT.public.hash[:32]
    assert "private" not in repr(ROOT).lower()
    for state, secret in (("lby", bytes(32)), ("LBY", bytes(31))):
        with pytest.raises(ValueError, match="root"):
            Root.of(state, secret)


def test_a_root_file_is_read_and_an_altered_one_is_not() -> None:
    file = write_root(ROOT, NOW)
    read = read_root(copy.deepcopy(file))
    assert (read.keys, read.made_at, read.previous) == (ROOT.public, NOW, None)
    other = write_root(OTHER, NOW)
    for field in ("state", "ed25519", "ml_dsa_65", "made_at"):
        altered = file | {field: {"state": "NER", "made_at": "2026-11-23T12:00:01Z"}.get(field, other[field])}
        assert refused(altered)[0] == "paper_signature_wrong", field


@pytest.mark.parametrize("lost", ["ed25519", "ml_dsa_65"])
def test_one_right_signature_is_not_enough(lost: str) -> None:
    file, other = write_root(ROOT, NOW), write_root(OTHER, NOW)
    signatures = file["signatures"]
    assert refused(file | {"signatures": signatures | {lost: other["signatures"][lost]}})[0] == "paper_signature_wrong"
    assert refused(file | {"signatures": signatures | {lost: ""}}) == ("paper_field_wrong", lost)
    del signatures[lost]
    assert refused(file) == ("paper_field_wrong", "signatures")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "jiwar-certificate"}, "paper_of_other_format"),
        ({"v": 2}, "paper_version_unknown"),
        ({"v": True}, "paper_version_unknown"),
        ({"more": 1}, "paper_field_unknown"),
        ({"state": "LIBYA"}, "paper_field_wrong"),
        ({"ed25519": "AAAA"}, "paper_field_wrong"),
        ({"ed25519": 5}, "paper_field_wrong"),
        ({"made_at": "2026-11-23"}, "paper_field_wrong"),
        ({"made_at": "2026-13-23T12:00:00Z"}, "paper_field_wrong"),
        ({"previous": {}}, "paper_field_wrong"),
        ({"previous": "x"}, "paper_field_wrong"),
        ({"signatures": []}, "paper_field_wrong"),
    ],
)
def test_a_wrong_form_is_named(changes: dict[str, Any], code: str) -> None:
    assert refused(write_root(ROOT, NOW) | changes)[0] == code


def test_no_object_is_no_root() -> None:
    assert refused([])[0] == "paper_of_other_format"
    file = write_root(ROOT, NOW)
    del file["previous"]
    assert refused(file) == ("paper_field_missing", "previous")


def test_a_successor_is_named_by_the_old_root_alone() -> None:
    new = Root.of("LBY", bytes([2] * 32))
    named = read_root(write_root(new, NOW, previous=ROOT))
    ROOT.public.verify_successor(named)
    with pytest.raises(PaperRefused, match="root_not_the_successor"):
        OTHER.public.verify_successor(named)
    with pytest.raises(PaperRefused, match="root_not_the_successor"):
        ROOT.public.verify_successor(read_root(write_root(new, NOW)))
    stolen = named.data | {"previous": {"root": OTHER.public.hash, "signatures": named.data["previous"]["signatures"]}}
    forged = new.sign("jiwar-root/1", {name: value for name, value in stolen.items() if name != "signatures"})
    with pytest.raises(PaperRefused, match="paper_signature_wrong"):
        OTHER.public.verify_successor(read_root(forged))
