"""The node's own certificate, from the request to its use; the rotation of its keys, killed at every step."""

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.audit.models import Leaf
from jiwar.identity import revoking
from jiwar.identity.cards import read_card
from jiwar.identity.certification import install, install_paper, request_certificate, rotate
from jiwar.identity.keys import KeyRing, ring
from jiwar.identity.logic.bundles import write_bundle
from jiwar.identity.logic.certificates import certify, read_request
from jiwar.identity.logic.revocations import Place, write_by_root
from jiwar.identity.logic.revocations import read_request as read_list_request
from jiwar.identity.logic.roots import Root as RootKey
from jiwar.identity.logic.roots import write_root
from jiwar.identity.logic.signed import PaperRefused
from jiwar.identity.queries import KeyRefused, root_of, sealing_key, signing_key
from jiwar.identity.services import hear_card, make_own_keys, own_card
from jiwar.operation.first_start import prepare
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db
ROOT, OTHER = RootKey.of("LBY", bytes(32)), RootKey.of("LBY", bytes([1] * 32))
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def keys(settings: Any, tmp_path: Path) -> Path:
    settings.KEYS = tmp_path / "keys"
    make_own_keys()
    return tmp_path / "keys"


def signed(root: RootKey = ROOT, days: int = 180, previous: RootKey | None = None, **changes: Any) -> dict[str, Any]:
    """What a sitting hands back for the node's request of now."""
    now = timezone.now()
    of = dataclasses.replace(read_request(request_certificate()).of, **changes)
    return write_bundle(write_root(root, now, previous), certify(root, of, now, days, uuid7(now)))


def code_of(work: Callable[[], Any]) -> str:
    with pytest.raises((PaperRefused, Refused)) as refused:
        work()
    return str(refused.value).split(":")[0].split()[0]


def heard(root: RootKey = ROOT) -> str:
    return root.public.fingerprint


def test_a_certificate_is_asked_for_installed_and_carried_by_the_card(keys: Path) -> None:
    assert read_card(own_card()).certificate is None
    install(signed(), heard=heard(), by="admin")
    card = read_card(own_card())
    assert card.certificate is not None
    assert card.fingerprint == heard()
    assert (root_of("LBY").hash, root_of("LBY").how) == (ROOT.public.hash, "hands")
    assert ring(keys).certificate == card.certificate.data
    assert (keys / "keyring.json").stat().st_mode & 0o777 == 0o600
    own = ring(keys).signing[0].id
    with pytest.raises(KeyRefused, match="key_expired"):
        signing_key("LBY", own, timezone.now() + 200 * DAY)
    acts = ["own_keys_made", "root_believed", "certificate_taken", "own_certificate_installed", "record_issued"]
    assert list(Leaf.objects.order_by("index").values_list("act", flat=True))[:5] == acts


def test_the_root_is_read_once(keys: Path) -> None:
    for wrong in (None, "", "0000 " * 8, heard(OTHER)):
        assert code_of(lambda wrong=wrong: install(signed(), heard=wrong, by="admin")) == "root_unread"
    assert root_of("LBY") is None
    assert ring(keys).certificate is None
    install(signed(), heard=heard().upper().replace(" ", ""), by="admin")
    install(signed(), heard=None, by="admin")
    assert code_of(lambda: install(signed(OTHER), heard=heard(OTHER), by="admin")) == "root_differs"
    install(signed(OTHER, previous=ROOT), heard=None, by="admin")
    assert root_of("LBY").hash == OTHER.public.hash


def test_a_certificate_that_is_not_this_nodes_is_refused() -> None:
    stranger = ForeignNode("LBY").ring
    other_date = write_root(ROOT, timezone.now()) | {"made_at": "2020-01-01T00:00:00Z"}
    cases = {
        "certificate_of_other_node": signed(subject="LBY-GHAT", role="post"),
        "certificate_of_other_keys": signed(keys=stranger.public),
        "paper_signature_wrong": signed() | {"root": other_date},
        "certificate_of_other_root": signed() | {"root": write_root(OTHER, timezone.now())},
        "paper_of_other_format": {"format": "x"},
    }
    for code, data in cases.items():
        assert code_of(lambda data=data: install_paper(data, heard=heard(), by="admin")) == code
    old = signed(days=10)
    with time_machine.travel(timezone.now() + 11 * DAY):
        assert code_of(lambda: install(old, heard=heard(), by="admin")) == "certificate_over"
    assert root_of("LBY") is None


def test_an_uncertified_node_uses_new_keys_at_once_and_keeps_the_old(keys: Path) -> None:
    old = ring(keys)
    assert rotate(by="admin")
    new = ring(keys)
    assert [k.id for k in new.signing] == [new.signing[0].id, old.signing[0].id]
    assert new.sealing[1].id == old.sealing[0].id
    card = read_card(own_card())
    assert card.key_ids["signing"] == new.signing[0].id
    assert card.previous is not None
    assert card.previous[0] == old.signing[0].id
    old.signing[0].private.public_key().verify(card.previous[1], card.said)
    for key in (old, new):
        assert signing_key("LBY", key.signing[0].id)
    assert sealing_key("LBY")[0] == new.sealing[0].id
    leaf = json.loads(Leaf.objects.get(act="own_keys_rotated").content)
    assert leaf["detail"] == {"signing": new.signing[0].id, "before": old.signing[0].id}


def test_a_certified_nodes_new_keys_wait_for_their_certificate(keys: Path) -> None:
    install(signed(), heard=heard(), by="admin")
    old = ring(keys)
    assert not rotate(by="admin")
    waiting = ring(keys)
    assert (waiting.signing[0].id, waiting.certificate) == (old.signing[0].id, old.certificate)
    assert not rotate(by="admin")
    assert ring(keys).next.signing[0].id == waiting.next.signing[0].id
    assert read_request(request_certificate()).of.keys == waiting.next.public
    install(signed(), heard=None, by="admin")
    new = ring(keys)
    assert (new.signing[0].id, new.next) == (waiting.next.signing[0].id, None)
    assert new.signing[1].id == old.signing[0].id
    assert read_card(own_card()).certificate.of.keys == new.public


@pytest.mark.parametrize("certified", [True, False])
def test_a_rotation_that_was_killed_before_the_file_turned_is_finished_by_the_next_start(
    keys: Path, certified: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if certified:
        install(signed(), heard=heard(), by="admin")
        rotate(by="admin")
    bundle = signed()
    real, writes = KeyRing.write, []

    def write(self: KeyRing, folder: Path) -> None:
        writes.append(self)
        if self.next is None:
            raise OSError("killed")
        real(self, folder)

    monkeypatch.setattr(KeyRing, "write", write)
    with pytest.raises(OSError, match="killed"):
        install(bundle, heard=None, by="admin") if certified else rotate(by="admin")
    monkeypatch.undo()
    waiting = ring(keys)
    assert waiting.next is not None
    prepare()
    done = ring(keys)
    assert (done.signing[0].id, done.next) == (waiting.next.signing[0].id, None)
    assert (done.certificate is not None) == certified
    assert read_card(own_card()).key_ids["signing"] == done.signing[0].id
    before = (keys / "keyring.json").read_bytes()
    prepare()
    assert (keys / "keyring.json").read_bytes() == before


def test_keys_that_only_wait_are_not_turned_by_a_start(keys: Path) -> None:
    install(signed(), heard=heard(), by="admin")
    rotate(by="admin")
    before = (keys / "keyring.json").read_bytes()
    prepare()
    assert (keys / "keyring.json").read_bytes() == before


class TestRevoking:
    @pytest.fixture(autouse=True)
    def post(self) -> ForeignNode:
        install(signed(), heard=heard(), by="admin")
        node = ForeignNode("LBY-GHAT", role="post")
        node.certify(ROOT)
        hear_card(node.card(), by="LBY")
        return node

    def test_a_stolen_post_is_revoked_at_once(self, post: ForeignNode) -> None:
        assert revoking.revoke(["LBY-GHAT"], "compromised", by="admin") == Place(0, 1)
        for use in ("signing", "cosigning"):
            with pytest.raises(KeyRefused, match="key_revoked"):
                signing_key("LBY-GHAT", post.ring.signing[0].id) if use == "signing" else sealing_key("LBY-GHAT")

    def test_supplements_add_up(self, post: ForeignNode) -> None:
        second = ForeignNode("LBY-SABHA", role="post")
        second.certify(ROOT)
        hear_card(second.card(), by="LBY")
        revoking.revoke([post.ring.signing[0].id], "compromised", by="admin")
        assert revoking.revoke(["LBY-SABHA"], "retired", by="admin") == Place(0, 2)
        asked = read_list_request(revoking.ask_root(["LBY"], "retired"))
        assert (asked.number, len(asked.entries)) == (1, 1 + 3 + 3)

    def test_a_supplement_builds_on_the_roots_list(self, post: ForeignNode) -> None:
        install_paper(write_by_root(ROOT, 5, timezone.now(), [], days=30), heard=None, by="admin")
        assert revoking.revoke(["LBY-GHAT"], "compromised", by="admin") == Place(5, 1)
        assert read_list_request(revoking.ask_root(["LBY-GHAT"], "compromised")).number == 6
        with time_machine.travel(timezone.now() + 30 * DAY):
            assert code_of(lambda: revoking.revoke(["LBY-GHAT"], "retired", by="admin")) == "list_of_root_over"

    def test_what_it_may_not_revoke_is_refused(self, settings: Any, post: ForeignNode) -> None:
        for subjects, code in (
            (["LBY"], "root_alone_revokes"),
            (["LBY-NALUT"], "key_unknown"),
            (["LBY-GHAT", "NER"], "key_unknown"),
        ):
            assert code_of(lambda s=subjects: revoking.revoke(s, "compromised", by="admin")) == code
        assert (
            code_of(lambda: revoking.revoke(["LBY-GHAT"], "retired", dt.datetime(2026, 1, 1), by="x")) == "wrong_form"
        )
        settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
        assert code_of(lambda: revoking.revoke(["LBY-GHAT"], "compromised", by="admin")) == "revoker_uncertified"


def test_a_node_without_a_certificate_revokes_nobody() -> None:
    assert code_of(lambda: revoking.revoke(["LBY-GHAT"], "compromised", by="admin")) == "revoker_uncertified"


def test_a_supplement_is_renewed_by_itself_before_it_is_out_of_date() -> None:
    install(signed(), heard=heard(), by="admin")
    assert not revoking.renew(timezone.now())
    post = ForeignNode("LBY-GHAT", role="post")
    post.certify(ROOT)
    hear_card(post.card(), by="LBY")
    revoking.revoke(["LBY-GHAT"], "compromised", by="admin")
    now = timezone.now()
    assert not revoking.renew(now)
    with time_machine.travel(now + 31 * DAY):
        assert revoking.renew(timezone.now())
        assert not revoking.renew(timezone.now())
        assert code_of(lambda: refused_key(post)) == "key_revoked"
    with time_machine.travel(now + 70 * DAY):
        install_paper(write_by_root(ROOT, 1, timezone.now(), [], days=40), heard=None, by="admin")
        assert not revoking.renew(timezone.now())
        assert revoking.revoke(["LBY-GHAT"], "compromised", by="admin") == Place(1, 1)
    with time_machine.travel(now + 95 * DAY):
        assert revoking.renew(timezone.now())
    with time_machine.travel(now + 109.5 * DAY):
        assert not revoking.renew(timezone.now())


def refused_key(post: ForeignNode) -> None:
    try:
        signing_key("LBY-GHAT", post.ring.signing[0].id)
    except KeyRefused as refused:
        raise Refused(Fault(refused.code)) from None
