"""A holder compared with the document: closed without an agreement, a score that is no decision, nothing kept."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import AccessRefused, Actor, Grant
from jiwar.agreements.demo import demo_agreement
from jiwar.audit.models import Leaf
from jiwar.documents import holder
from jiwar.documents.holder import compare
from jiwar.documents.jobs import COMPARING
from jiwar.documents.logic.finger_template import read_template
from jiwar.documents.logic.holder import MEASURES, Method, nearer
from jiwar.identity.roles import Clearance
from jiwar.wire.faults import Refused
from tests.agreements.conftest import agency, approver, grant, in_force, issued, niger, officer, own_keys  # noqa: F401
from tests.documents.test_finger_template import template as standard
from tests.documents.test_image_head import drawn, png_of

COMPARE = Permission.DOCUMENTS_HOLDER_COMPARE
OFFICER = Actor("officer-1", "console", frozenset({COMPARE}), Clearance.STANDARD)
need_faces = pytest.mark.skipif(
    COMPARING[Method.FACE].missing, reason="the extra `faces` is not installed (its models: 100 MB)"
)
need_fingers = pytest.mark.skipif(COMPARING[Method.FINGER].missing, reason="the extra `fingers` is not installed")


@pytest.fixture
def body() -> dict[str, Any]:
    """The demo's agreement with a clause on comparisons, for border checks alone."""
    wording = {"ar": "مقارنة حامل الوثيقة", "fr": "comparaison du titulaire", "en": "comparison of the holder"}
    clause = {
        "id": "art-9", "kinds": ["holder.comparison"], "purposes": ["border_check"],
        "from_states": ["LBY", "NER"], "to_states": ["LBY", "NER"], "text": wording,
    }  # fmt: skip
    today = timezone.localdate()
    made = demo_agreement(today - dt.timedelta(days=1), today + dt.timedelta(days=700))
    return made | {"clauses": [*made["clauses"], clause]}


def by(purpose: Purpose = Purpose.BORDER_CHECK, permission: Permission = COMPARE) -> Grant:
    return Grant(OFFICER, permission, purpose)


def faults(method: Method, live: bytes, reference: bytes, issuer: str = "NER", **of_grant: Any) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        compare(by(**of_grant), method, issuer, live, reference)
    return {(fault.code, fault.field) for fault in refused.value.faults}


@pytest.fixture
def bsi(shared_data: Path) -> Path:
    return shared_data / "documents" / "bsi_tr03105_5"


def test_without_an_agreement_nothing_is_looked_at(own_keys: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Not even the head of a picture: the way is closed before."""
    monkeypatch.setattr(holder, "read_image_head", None)
    assert faults(Method.FACE, b"", b"") == {("holder_closed", "issuer")}
    assert not Leaf.objects.filter(act="holder_compared").exists()


@pytest.mark.usefixtures("in_force")
@pytest.mark.parametrize(
    ("issuer", "purpose"), [("NER", "counter_terrorism"), ("TUN", "border_check"), ("LBY", "border_check")]
)
def test_another_purpose_another_state_and_the_own_stay_closed(issuer: str, purpose: str) -> None:
    assert faults(Method.FACE, b"", b"", issuer, purpose=Purpose(purpose)) == {("holder_closed", "issuer")}


@pytest.mark.usefixtures("issued")
def test_an_agreement_that_the_other_has_not_signed_opens_nothing() -> None:
    assert faults(Method.FINGER, b"", b"") == {("holder_closed", "issuer")}


@pytest.mark.usefixtures("in_force")
def test_an_unknown_state_and_another_permission_are_refused() -> None:
    assert faults(Method.FACE, b"", b"", "XX1") == {("not_in_list", "issuer")}
    with pytest.raises(AccessRefused):
        compare(by(permission=Permission.WATCHLIST_PERSON_SCREEN), Method.FACE, "NER", b"", b"")


@pytest.mark.usefixtures("in_force")
def test_what_cannot_be_compared_is_named_at_its_field_before_a_process_starts() -> None:
    bomb = png_of(30_000, 30_000)
    assert faults(Method.FACE, bomb, b"\x75\x03abc") == {
        ("image_too_large", "live"),
        ("holder_dg2_unreadable", "reference"),
    }
    assert faults(Method.FACE, b"", bomb) == {("image_empty", "live"), ("image_too_large", "reference")}
    assert faults(Method.FINGER, b"GIF89a", b"FMR") == {("image_format", "live"), ("template_format", "reference")}


@need_faces
@pytest.mark.usefixtures("in_force")
def test_a_face_is_near_its_own_document_and_far_from_another(bsi: Path, shared_data: Path) -> None:
    """The live picture: the specimen's face turned a little, darker and grainy, against the DG2 of its chip."""
    with Image.open(bsi / "Datagroup2_face.img") as face:
        live = io.BytesIO()
        face.convert("RGB").rotate(6, fillcolor="grey").point(lambda tone: int(tone * 0.8)).save(
            live, "JPEG", quality=60
        )
    found = compare(by(), Method.FACE, "NER", live.getvalue(), (bsi / "Datagroup2.bin").read_bytes())
    assert found.score < 0.4
    assert found.near
    assert (found.quality, found.clause) == (None, "art-9")
    other = (shared_data / "documents" / "vds" / "face_image_gen_female.jp2").read_bytes()
    stranger = compare(by(), Method.FACE, "NER", live.getvalue(), other)
    assert not stranger.near
    leaf = Leaf.objects.filter(act="holder_compared").latest("index")
    assert leaf.purpose == "border_check"


@need_faces
@pytest.mark.usefixtures("in_force")
def test_a_picture_without_a_face_is_said(bsi: Path) -> None:
    face = (bsi / "Datagroup2_face.img").read_bytes()
    assert faults(Method.FACE, drawn("JPEG", (300, 300)), face) == {("face_none", "live")}


@need_fingers
@pytest.mark.usefixtures("in_force")
def test_a_print_is_near_its_own_template_and_far_from_another(bsi: Path) -> None:
    with Image.open(bsi / "finger_pos2.png") as image:
        turned = io.BytesIO()
        image.convert("L").rotate(8, fillcolor=255).save(turned, "PNG")
    short = (bsi / "finger_pos2.iso19794-2").read_bytes()
    template = standard(read_template(short).minutiae)  # what a card holds; the matcher alone would read none of it
    same = compare(by(), Method.FINGER, "NER", turned.getvalue(), template)
    other = compare(by(), Method.FINGER, "NER", (bsi / "finger_pos7.png").read_bytes(), template)
    assert (same.near, other.near) == (True, False)
    assert same.score > 150
    assert other.score < 25
    assert same.quality is not None
    assert 30 < same.quality <= 100
    assert Leaf.objects.filter(act="holder_compared").count() == 2


@need_fingers
@pytest.mark.usefixtures("in_force")
def test_a_picture_without_a_print_says_nothing(bsi: Path) -> None:
    template = (bsi / "finger_pos2.iso19794-2").read_bytes()
    assert faults(Method.FINGER, drawn("PNG", (300, 300)), template) == {("finger_too_poor", "live")}


def test_the_threshold_itself_is_near() -> None:
    for method, measure in MEASURES.items():
        farther = measure.threshold + (0.01 if measure.lower_is_nearer else -1)
        assert nearer(method, measure.threshold)
        assert not nearer(method, farther)
