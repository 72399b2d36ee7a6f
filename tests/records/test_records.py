"""Records: two people, one content, one signature; what is not genuine is not stored, what is not known is kept."""

import base64
import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Actor, Grant
from jiwar.access.services import SYSTEM, actor_of_token, make_token
from jiwar.audit.models import Leaf
from jiwar.identity.models import NodeKey, Person
from jiwar.identity.queries import agency, cosigning_key
from jiwar.identity.roles import Role
from jiwar.identity.services import add_node, add_person, make_own_keys, revoke_node_key
from jiwar.records import drafts
from jiwar.records.arrivals import receive
from jiwar.records.content import Body, Line
from jiwar.records.kinds import KINDS, WITHDRAWAL, Kind, register
from jiwar.records.models import Draft, Record
from jiwar.records.queries import withdrawal_of
from jiwar.records.services import expire, issue, read_again, read_content, terms, withdraw
from jiwar.records.statement import content_hash
from jiwar.wire.faults import Refused
from jiwar.wire.strict_json import canonical
from tests.foreign import ForeignNode

pytestmark = pytest.mark.django_db


class Note(Body):
    text: Line


@pytest.fixture
def kind() -> Iterator[Kind]:
    new = register(Kind("test.note", 1, Note, four_eyes=True))
    yield new
    del KINDS["test.note", 1]


@pytest.fixture
def cosigned() -> Iterator[Kind]:
    new = register(Kind("test.bond", 1, Note, cosigned=True))
    yield new
    del KINDS["test.bond", 1]


@pytest.fixture
def people() -> tuple[Grant, Grant]:
    make_own_keys()
    both = [
        add_person(n, n, "a long pass phrase 7", agency=agency("cp", "CP"), roles=[r])
        for n, r in (("amal", Role.CONTACT_OFFICER), ("salem", Role.APPROVER))
    ]
    return grant(both[0]), grant(both[1])


def grant(person: Person) -> Grant:
    actor = Actor(str(person.id), "console", frozenset(Permission))
    return Grant(actor, Permission.WATCHLIST_ALERT_DRAFT, Purpose.BORDER_CHECK)


@pytest.fixture
def niger() -> ForeignNode:
    node = ForeignNode("NER")
    add_node(node.card())
    return node


def content(kind: Kind, text: str = "seen at Tummo", **changes: Any) -> dict[str, Any]:
    plain = kind.content.model_validate(terms("border_check", "law 1", 30, Note(text=text))).model_dump(mode="json")
    return plain | changes


def codes(refused: pytest.ExceptionInfo[Refused]) -> set[tuple[str, str]]:
    return {(fault.code, fault.field) for fault in refused.value.faults}


class TestTwoPeople:
    def submitted(self, kind: Kind, author: Grant) -> Draft:
        return drafts.submit_draft(author, drafts.save_draft(author, kind, content(kind)))

    def test_one_drafts_and_another_approves(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        author, approver = people
        draft = self.submitted(kind, author)
        record = drafts.approve_draft(approver, draft, draft.content_hash)
        assert record.data["approval"] == {
            "author": author.actor_id,
            "approver": approver.actor_id,
            "content_hash": content_hash("test.note", 1, record.data["content"]),
        }
        assert list(Leaf.objects.order_by("-index").values_list("act", flat=True)[:2]) == [
            "draft_approved",
            "record_issued",
        ]

    def test_the_author_does_not_approve(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        draft = self.submitted(kind, people[0])
        with pytest.raises(Refused) as refused:
            drafts.approve_draft(people[0], draft, draft.content_hash)
        assert codes(refused) == {("approver_is_author", "")}
        assert not Record.objects.exists()

    @pytest.mark.parametrize("who", ["token", "system", "left", "nobody", "no id"])
    def test_only_a_natural_person_drafts_or_decides(self, kind: Kind, people: tuple[Grant, Grant], who: str) -> None:
        author, approver = people
        draft = self.submitted(kind, author)
        if who == "token":
            given = [Permission.WATCHLIST_ALERT_READ]
            _, secret = make_token(author, agency("cp", "CP"), "x", given, Purpose.BORDER_CHECK)
            id_ = actor_of_token(secret).id
        elif who == "left":
            id_ = approver.actor_id
            Person.objects.filter(pk=id_).update(is_active=False)
        else:
            id_ = {"system": SYSTEM.id, "nobody": str(uuid4()), "no id": "-" * 36}[who]
        by = Grant(dataclasses.replace(approver.actor, id=id_), approver.permission, approver.purpose)
        before = Leaf.objects.count()
        for act in (
            lambda: drafts.save_draft(by, kind, content(kind)),
            lambda: drafts.submit_draft(by, draft),
            lambda: drafts.return_draft(by, draft, "which border?"),
            lambda: drafts.approve_draft(by, draft, draft.content_hash),
            lambda: drafts.discard_draft(by, draft),
        ):
            with pytest.raises(Refused) as refused:
                act()
            assert codes(refused) == {("not_a_person", "")}
        assert (Leaf.objects.count(), Draft.objects.count(), Record.objects.exists()) == (before, 1, False)

    def test_an_edit_after_submission_voids_it(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        author, approver = people
        draft = self.submitted(kind, author)
        seen = draft.content_hash
        drafts.save_draft(author, kind, content(kind, "another text"), draft)
        with pytest.raises(Refused) as refused:
            drafts.approve_draft(approver, draft, seen)
        assert codes(refused) == {("draft_is_not_submitted", "")}
        drafts.submit_draft(author, draft)
        with pytest.raises(Refused) as refused:
            drafts.approve_draft(approver, draft, seen)
        assert codes(refused) == {("approval_of_other_content", "")}
        assert not Record.objects.exists()

    def test_only_the_author_edits_and_submits(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        draft = drafts.save_draft(people[0], kind, content(kind))
        for act in (
            lambda: drafts.save_draft(people[1], kind, content(kind), draft),
            lambda: drafts.submit_draft(people[1], draft),
            lambda: drafts.discard_draft(people[1], draft),
        ):
            with pytest.raises(Refused, match="not_the_author"):
                act()

    def test_a_return_needs_reasons_and_gives_the_draft_back(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        draft = self.submitted(kind, people[0])
        with pytest.raises(Refused, match="missing reasons"):
            drafts.return_draft(people[1], draft, "  ")
        drafts.return_draft(people[1], draft, "which border?")
        draft = drafts.submit_draft(people[0], draft)
        assert drafts.approve_draft(people[1], draft, draft.content_hash).version == 1

    def test_an_issued_draft_is_closed(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        draft = self.submitted(kind, people[0])
        drafts.approve_draft(people[1], draft, draft.content_hash)
        with pytest.raises(Refused):
            drafts.approve_draft(people[1], draft, draft.content_hash)
        with pytest.raises(Refused, match="draft_is_closed"):
            drafts.save_draft(people[0], kind, content(kind), draft)
        assert Record.objects.count() == 1

    def test_a_discarded_draft_holds_nothing_any_more(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        draft = drafts.save_draft(people[0], kind, content(kind))
        drafts.discard_draft(people[0], draft)
        assert Draft.objects.get().content == {}


class TestContent:
    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"legal_basis": ""}, ("missing", "legal_basis")),
            ({"purpose": None}, ("missing", "purpose")),
            ({"purpose": "curiosity"}, ("not_in_list", "purpose")),
            ({"valid_until": "2020-01-01T00:00:00Z", "review_on": "2020-01-01"}, ("already_expired", "valid_until")),
            ({"valid_until": "2099-01-01T00:00:00Z"}, ("kept_too_long", "valid_until")),
            ({"review_on": "2098-01-01", "valid_until": "2099-01-01T00:00:00Z"}, ("review_too_late", "review_on")),
            ({"valid_until": "2030-01-01T00:00:00"}, ("wrong_form", "valid_until")),
            ({"religion": "x"}, ("unknown_field", "religion")),
            ({"body": {"text": "x" * 201}}, ("too_long", "body.text")),
            ({"body": {"text": "a\x07b"}}, ("control_character", "body.text")),
            ({"body": {}}, ("missing", "body.text")),
            ({"handling": {"tlp": "PINK"}}, ("not_in_list", "handling.tlp")),
            ({"grading": {"source": "A"}}, ("missing", "grading.information")),
        ],
    )
    def test_each_fault_is_named(self, kind: Kind, change: dict[str, Any], fault: tuple[str, str]) -> None:
        with pytest.raises(Refused) as refused:
            read_content(kind, content(kind) | change, timezone.now())
        assert fault in codes(refused)

    def test_a_review_comes_before_the_end(self, kind: Kind) -> None:
        late = content(kind) | {"review_on": (timezone.now() + dt.timedelta(days=40)).date().isoformat()}
        with pytest.raises(Refused, match="review_after_expiry"):
            read_content(kind, late, timezone.now())

    def test_no_kind_has_a_field_for_what_must_not_be_asked(self) -> None:
        """Rule R4: religion, ethnicity, tribe, politics, health, sexual life."""
        forbidden = ("religio", "ethnic", "tribe", "politic", "health", "sexual", "race")
        for (name, _), registered in KINDS.items():
            for field in fields(registered.content.model_json_schema()):
                # The rights screen asks whether an OFFENCE touches these; it is about the offence, not about a person.
                assert field in {"religious", "political"} or not any(f in field.lower() for f in forbidden), (
                    name,
                    field,
                )


def fields(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from fields(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from fields(value)


class TestReceiving:
    def test_a_genuine_record_is_stored_once(self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]) -> None:
        signed = niger.statement(kind, content(kind))
        assert receive(people[0], *signed, "NER") == receive(people[0], *signed, "NER")
        assert Record.objects.get().body == {"text": "seen at Tummo"}

    def test_a_record_from_a_clock_that_is_ahead_is_kept(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        signed = niger.statement(kind, content(kind), issued_at="2999-01-01T00:00:00+00:00")
        assert receive(people[0], *signed, "NER").state == Record.State.IN_FORCE

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"v": 2}, "version_unknown"),
            ({"origin": "LBY"}, "origin_wrong"),
            ({"version": 0}, "wrong_form"),
            ({"version": True}, "wrong_form"),
            ({"id": "not-a-uuid"}, "wrong_form"),
            ({"id": "9b2f6d2e-5c1c-4c0e-9a51-0d3c3a1b7d11"}, "wrong_form"),
            ({"issued_at": "2026-01-01T00:00:00"}, "wrong_form"),
            ({"issued_at": "0001-01-01T00:00:00+12:00"}, "wrong_form"),
            ({"approval": None}, "approval_missing"),
            ({"approval": {"author": "a", "approver": "a", "content_hash": ""}}, "approver_is_author"),
            ({"approval": {"author": "a", "approver": "b", "content_hash": "0" * 64}}, "approval_of_other_content"),
            ({"approval": {"author": ["a"], "approver": "b", "content_hash": ""}}, "approval_missing"),
        ],
    )
    def test_what_is_wrong_is_refused_and_not_stored(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant], change: dict[str, Any], fault: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            receive(people[0], *niger.statement(kind, content(kind), **change), "NER")
        assert {f.code for f in refused.value.faults} == {fault}
        assert not Record.objects.exists()

    @pytest.mark.parametrize("until", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"])
    def test_a_moment_beyond_the_calendar_is_refused(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant], until: str
    ) -> None:
        early = {"review_on": "0001-01-01"} if until.startswith("0001") else {}
        with pytest.raises(Refused) as refused:
            receive(people[0], *niger.statement(kind, content(kind, valid_until=until, **early)), "NER")
        assert codes(refused) == {("out_of_range", "content.valid_until")}
        later = Kind("test.later", 1, Note)
        with pytest.raises(Refused) as refused:
            receive(people[0], *niger.statement(later, content(kind, valid_until=until, **early)), "NER")
        assert codes(refused) == {("wrong_form", "content")}

    def test_a_cosigned_kind_takes_both_signatures(
        self, cosigned: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        signed = niger.statement(cosigned, content(cosigned))
        other = niger.statement(cosigned, content(cosigned)).cosignature
        stranger = ForeignNode("NER")
        for wrong, fault in (
            ("", "cosignature_missing"),
            (other, "cosignature_wrong"),
            (signed.cosignature[:-8], "cosignature_wrong"),
            (signed.cosignature.partition(":")[0], "cosignature_wrong"),
            (signed.cosignature + ":", "cosignature_wrong"),
            (stranger.cosign(signed[0]), "key_unknown"),
            # A signing key is no cosigning key, and the first signature is not the second.
            (f"{signed[1]}:{signed[2]}", "key_unknown"),
        ):
            with pytest.raises(Refused) as refused:
                receive(people[0], *signed, "NER", wrong)
            assert codes(refused) == {(fault, "cosignature")}
        assert not Record.objects.exists()
        record = receive(people[0], *signed, "NER", signed.cosignature)
        assert (record.state, record.cosignature) == ("in_force", signed.cosignature)

    def test_what_was_taken_before_cosignatures_stays(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        signed = niger.statement(kind, content(kind))
        record = receive(people[0], *signed, "NER")
        kind.cosigned = True
        assert receive(people[0], *signed, "NER") == record

    def test_an_unknown_kind_keeps_its_cosignature_and_is_applied_only_with_it(
        self, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        later = Kind("test.bond", 7, Note, cosigned=True)
        signed, bare = (niger.statement(later, content(later)) for _ in range(2))
        with pytest.raises(Refused):
            receive(people[0], *signed, "NER", bare.cosignature)
        kept = receive(people[0], *signed, "NER", signed.cosignature)
        naked = receive(people[0], *bare, "NER")
        register(later)
        try:
            assert read_again(people[0]) == 1
        finally:
            del KINDS["test.bond", 7]
        kept.refresh_from_db()
        naked.refresh_from_db()
        assert (kept.state, naked.state) == ("in_force", "not_understood")

    @pytest.mark.parametrize(
        "changes",
        [
            {"legal_basis": " law 1"}, {"legal_basis": None}, {"valid_until": 4_000_000_000},
            {"valid_until": "9999-12-31T23:59:59-12:00"}, {"review_on": "2026-12-01T00:00:00"}, {"more": 1},
            {"handling": {"tlp": "GREEN", "restrictions": []}}, {"body": {"text": "a", "loud": 1}},
            {"body": {"text": "a"}},
        ],
    )  # fmt: skip
    def test_content_stands_as_its_kind_writes_it(
        self, niger: ForeignNode, people: tuple[Grant, Grant], changes: dict[str, Any]
    ) -> None:
        """Who reads the signed bytes and who reads them by the schema read the same."""

        class Loud(Body):
            text: Line
            loud: bool = False

        kind = register(Kind("test.loud", 1, Loud))
        try:
            plain = kind.content.model_validate(terms("border_check", "law 1", 30, Loud(text="a"))).model_dump(
                mode="json"
            )
            with pytest.raises(Refused):
                receive(people[0], *niger.statement(kind, plain | changes, as_is=True), "NER")
            assert not Record.objects.exists()
            assert receive(people[0], *niger.statement(kind, plain), "NER").body == {"text": "a", "loud": False}
        finally:
            del KINDS["test.loud", 1]

    @pytest.mark.parametrize(
        "changes",
        [
            {"body": ...}, {"purpose": ["border_check"]}, {"handling": {"tlp": "GREEN", "restrictions": []}},
            {"valid_until": "9999-12-31T23:59:59-12:00"}, {"valid_until": "2030-01-01T00:00:00"}, {"review_on": 7},
        ],
    )  # fmt: skip
    def test_a_kind_that_nobody_knows_has_the_terms_of_every_kind(
        self, niger: ForeignNode, people: tuple[Grant, Grant], changes: dict[str, Any]
    ) -> None:
        later = Kind("test.later", 1, Note)
        plain = {name: value for name, value in (content(later) | changes).items() if value is not ...}
        with pytest.raises(Refused) as refused:
            receive(people[0], *niger.statement(later, plain, as_is=True), "NER")
        assert codes(refused) == {("wrong_form", "content")}

    @pytest.mark.parametrize(
        "at", ["0001-01-01T00:00:00+12:00", "2026-01-01T00:00:00", "9999-12-31T23:59:59-12:00", 7, None]
    )
    def test_a_statement_says_when_it_was_made(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant], at: object
    ) -> None:
        with pytest.raises(Refused) as refused:
            receive(people[0], *niger.statement(kind, content(kind), issued_at=at), "NER")
        assert codes(refused) == {("wrong_form", "issued_at")}

    def test_what_a_kind_refuses_after_the_upgrade_keeps_no_other_from_being_read(
        self, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        later = Kind("test.later", 1, Note)
        wrong, right = content(later) | {"body": {"text": 7}}, content(later)
        kept = [receive(people[0], *niger.statement(later, each), "NER") for each in (wrong, right)]
        register(later)
        try:
            assert read_again(people[0]) == 1
        finally:
            del KINDS["test.later", 1]
        assert [Record.objects.get(pk=each.pk).state for each in kept] == ["not_understood", "in_force"]

    def test_a_withdrawal_that_comes_before_a_record_of_an_unknown_kind_holds_after_the_upgrade(
        self, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        later = Kind("test.later", 1, Note)
        signed = niger.statement(later, content(later))
        body = {"target": json.loads(signed[0])["id"], "reason": "resolved"}
        plain = WITHDRAWAL.content.model_validate(terms("border_check", "law 1", 30, body)).model_dump(mode="json")
        receive(people[0], *niger.statement(WITHDRAWAL, plain), "NER")
        kept = receive(people[0], *signed, "NER")
        register(later)
        try:
            assert read_again(people[0]) == 0
        finally:
            del KINDS["test.later", 1]
        kept.refresh_from_db()
        assert kept.state == "withdrawn"

    def test_an_own_record_of_a_cosigned_kind_carries_both(self, cosigned: Kind, people: tuple[Grant, Grant]) -> None:
        record = issue(people[0], cosigned, read_content(cosigned, content(cosigned), timezone.now()))
        key, _, signature = record.cosignature.partition(":")
        signed = b"jiwar-record-cosignature/1\n" + record.statement.encode()
        cosigning_key("LBY", key).verify(base64.b64decode(signature), signed)

    def test_a_forged_an_altered_and_a_revoked_signature(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        statement, key, signature = niger.statement(kind, content(kind))
        stranger = ForeignNode("NER")
        with pytest.raises(Refused, match="key_unknown"):
            receive(people[0], *stranger.sign(statement), "NER")
        with pytest.raises(Refused, match="signature_wrong"):
            receive(people[0], statement.replace(b"Tummo", b"Ghatt"), key, signature, "NER")
        with pytest.raises(Refused, match="signature_wrong"):
            receive(people[0], statement, key, base64.b64encode(b"x" * 64).decode(), "NER")
        revoke_node_key(NodeKey.objects.get(id=key), "lost", by="admin")
        with pytest.raises(Refused, match="key_revoked"):
            receive(people[0], statement, key, signature, "NER")
        assert not Record.objects.exists()

    def test_a_form_that_says_the_same_otherwise_is_refused(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        statement, _, _ = niger.statement(kind, content(kind))
        loose = json.dumps(json.loads(statement)).encode()
        with pytest.raises(Refused, match="not_canonical"):
            receive(people[0], *niger.sign(loose), "NER")

    def test_only_the_origin_makes_a_new_version(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        first = niger.statement(kind, content(kind))
        receive(people[0], *first, "NER")
        tunisia = ForeignNode("TUN")
        add_node(tunisia.card())
        with pytest.raises(Refused, match="not_the_origin"):
            receive(people[0], *tunisia.statement(kind, content(kind), supersedes=first[0]), "TUN")
        second = niger.statement(kind, content(kind, "corrected"), supersedes=first[0])
        receive(people[0], *second, "NER")
        assert list(Record.objects.order_by("version").values_list("version", "state")) == [
            (1, "superseded"),
            (2, "in_force"),
        ]
        other = niger.statement(kind, content(kind, "another second"), supersedes=first[0])
        with pytest.raises(Refused, match="version_conflict"):
            receive(people[0], *other, "NER")

    def test_versions_may_come_in_any_order(self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]) -> None:
        first = niger.statement(kind, content(kind))
        second = niger.statement(kind, content(kind, "corrected"), supersedes=first[0])
        receive(people[0], *second, "NER")
        receive(people[0], *first, "NER")
        assert list(Record.objects.order_by("version").values_list("version", "state")) == [
            (1, "superseded"),
            (2, "in_force"),
        ]

    def test_a_withdrawal_works_whether_it_comes_after_or_before(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        for order in (1, -1):
            note = niger.statement(kind, content(kind))
            uid = json.loads(note[0])["id"]
            body = {"target": uid, "reason": "resolved"}
            end = WITHDRAWAL.content.model_validate(terms("border_check", "origin", 300, body))
            for signed in [note, niger.statement(WITHDRAWAL, end)][::order]:
                receive(people[0], *signed, "NER")
            record = Record.objects.get(uid=uid)
            assert record.state == "withdrawn"
            assert withdrawal_of(record).about == record.uid

    def test_nobody_withdraws_for_another_state(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        note = niger.statement(kind, content(kind))
        record = receive(people[0], *note, "NER")
        tunisia = ForeignNode("TUN")
        add_node(tunisia.card())
        body = {"target": str(record.uid), "reason": "mischief"}
        end = WITHDRAWAL.content.model_validate(terms("border_check", "origin", 300, body))
        receive(people[0], *tunisia.statement(WITHDRAWAL, end), "TUN")
        record.refresh_from_db()
        assert record.state == "in_force"
        with pytest.raises(Refused, match="not_the_origin"):
            withdraw(people[0], record, "mischief")


class TestTime:
    def test_expiry_and_a_missed_review_end_the_use(self, kind: Kind, people: tuple[Grant, Grant]) -> None:
        ended: list[Any] = []
        kind.retirements.append(ended.append)
        kind.four_eyes = False
        now = timezone.now()
        short = read_content(
            kind,
            content(kind, valid_until=(now + dt.timedelta(days=2)).isoformat(), review_on=now.date().isoformat()),
            now,
        )
        long = read_content(kind, content(kind), now)
        issue(people[0], kind, short), issue(people[0], kind, long)
        assert expire(people[0]) == 0
        assert expire(people[0], now + dt.timedelta(days=1, hours=1)) == 1  # its review was missed
        assert expire(people[0], now + dt.timedelta(days=31)) == 1
        assert len(ended) == 2
        assert set(Record.objects.values_list("state", flat=True)) == {"expired"}

    def test_a_record_that_arrives_too_late_is_never_used(
        self, kind: Kind, niger: ForeignNode, people: tuple[Grant, Grant]
    ) -> None:
        used: list[Any] = []
        kind.projections.append(lambda record, _: used.append(record))
        signed = niger.statement(kind, content(kind))
        with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
            assert receive(people[0], *signed, "NER").state == "expired"
        assert used == []


def test_what_is_signed_is_what_anyone_can_check(kind: Kind, people: tuple[Grant, Grant]) -> None:
    kind.four_eyes = False
    record = issue(people[0], kind, read_content(kind, content(kind), timezone.now()))
    assert canonical(json.loads(record.statement)).decode() == record.statement
