"""Letters on the database: what is refused, who sees what when, what an answer ends, what ends a letter."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused, Actor, allow
from jiwar.audit.models import Leaf
from jiwar.exchange import attachments
from jiwar.exchange.attachments import Descriptor
from jiwar.exchange.models import Attached, Outgoing
from jiwar.exchange.queries import deliveries
from jiwar.identity.models import Person
from jiwar.identity.services import add_node
from jiwar.records.models import Draft, Record
from jiwar.records.services import withdraw
from jiwar.requests import queries, services
from jiwar.requests.kinds import LETTER, Ground, LetterBody
from jiwar.requests.models import Addressee, Letter
from jiwar.requests.services import Wanted
from jiwar.wire.faults import Refused
from tests.foreign import ForeignNode
from tests.requests.conftest import (
    NODE,
    NOW,
    Granting,
    Sending,
    a_file,
    agree,
    letter_content,
    letter_from,
    take,
    word_from,
)

READ, WRITE, APPROVE = P.REQUESTS_LETTER_READ, P.REQUESTS_LETTER_WRITE, P.REQUESTS_LETTER_APPROVE


def faults(act: Any) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        act()
    return {(fault.code, fault.field) for fault in refused.value.faults}


def steps_told(letter: Record) -> list[str]:
    rows = Record.objects.filter(kind="letter.progress", about=letter.uid).order_by("id")
    return [row.body["step"] for row in rows]


def row_of(letter: Record, state: str) -> Addressee:
    return Addressee.objects.get(letter__uid=letter.uid, state=state)


class TestWriting:
    @pytest.mark.parametrize(
        ("body", "code", "field"),
        [
            ({"to": []}, "missing", "body.to"),
            ({"to": ["LBY"]}, "addressed_to_oneself", "body.to"),
            ({"to": ["NER", "NER"]}, "said_twice", "body.to"),
            ({"to": ["EGY"]}, "state_unknown", "body.to"),
            ({"flow": "17"}, "not_in_list", "body.flow"),
            ({"flow": ""}, "missing", "body.flow"),
            ({"subject": " "}, "missing", "body.subject"),
            ({"subject": "x" * 201}, "too_long", "body.subject"),
            ({"text": "x" * 8001}, "too_long", "body.text"),
            ({"urgency": "soon"}, "not_in_list", "body.urgency"),
            ({"answer_by": "2026-12-01T00:00:00Z"}, "two_deadlines", "body.answer_by"),
            ({"urgency": None, "answer_by": "2026-11-24T07:59:00Z"}, "already_expired", "body.answer_by"),
            ({"answer": "information"}, "answers_nothing", "body.answer"),
            ({"ground": "political"}, "ground_without_refusal", "body.ground"),
            ({"depth_km": 50}, "depth_without_pursuit", "body.depth_km"),
            ({"flow": "7", "depth_km": 501}, "out_of_range", "body.depth_km"),
            ({"references": ["not-a-uuid"]}, "wrong_form", "body.references.0"),
            ({"religion": "x"}, "unknown_field", "body.religion"),
        ],
    )
    def test_what_does_not_fit_is_named(
        self, grant: Granting, niger: ForeignNode, clock: Any, body: dict[str, Any], code: str, field: str
    ) -> None:
        draft = services.draft_letter(grant(WRITE), letter_content(**body))
        assert (code, field) in faults(lambda: services.send_letter(grant(WRITE), draft.pk))
        assert not Record.objects.filter(kind="letter").exists()

    def test_a_judicial_letter_leaves_on_the_word_of_two_alone(self, grant: Granting, niger: ForeignNode) -> None:
        draft = services.draft_letter(grant(WRITE), letter_content(flow="8"))
        assert faults(lambda: services.send_letter(grant(WRITE), draft.pk)) == {("approval_missing", "approval")}
        draft = services.submit_letter(grant(WRITE), draft.pk)
        with pytest.raises(AccessRefused, match="permission_missing"):
            services.approve_letter(grant(WRITE), draft.pk, draft.content_hash)
        seen = draft.content_hash
        changed = letter_content(flow="8", text="Another text.")
        draft = services.submit_letter(grant(WRITE), services.draft_letter(grant(WRITE), changed, draft.pk).pk)
        wrong = faults(lambda: services.approve_letter(grant(APPROVE), draft.pk, seen))
        assert wrong == {("approval_of_other_content", "")}
        record = services.approve_letter(grant(APPROVE), draft.pk, draft.content_hash)
        assert record.data["approval"]["author"] != record.data["approval"]["approver"]

    def test_one_person_sends_any_other(self, sent: Sending) -> None:
        record = sent(flow="9")
        assert record.data["approval"] is None
        assert {(d.node, d.state, d.reason) for d in deliveries(record.uid)} == {("NER", "held", "no_agreement")}
        assert Leaf.objects.filter(act="letter_sent", subject=str(record.uid)).exists()

    def test_it_goes_to_the_named_alone(self, sent: Sending, tunisia: ForeignNode) -> None:
        record = sent(to=["TUN"])
        assert [d.node for d in deliveries(record.uid)] == ["TUN"]

    def test_a_draft_is_its_authors(self, grant: Granting, niger: ForeignNode) -> None:
        draft = services.draft_letter(grant(WRITE), letter_content())
        for act in (services.open_draft, services.submit_letter, services.send_letter, services.discard_letter):
            with pytest.raises(AccessRefused, match="permission_missing"):
                act(grant(WRITE, "huda"), draft.pk)

    def test_a_program_writes_nothing(self, people: dict[str, Person], niger: ForeignNode) -> None:
        program = Actor("token:1", "api", frozenset(P))
        by = allow(program, WRITE, letter_purpose())
        assert faults(lambda: services.draft_letter(by, letter_content())) == {("not_a_person", "")}

    def test_a_post_does_not_speak_for_its_state(self, grant: Granting, niger: ForeignNode, settings: Any) -> None:
        import dataclasses

        settings.NODE = dataclasses.replace(settings.NODE, code="LBY-GHAT", role="post")
        code = faults(lambda: services.draft_letter(grant(WRITE), letter_content()))
        assert code == {("not_the_national_node", "")}

    def test_sensitive_words_warn(self) -> None:
        found = services.warnings(letter_content(subject="A Tuareg convoy", text="of the opposition"))
        assert {(w.field, w.group) for w in found} == {("body.subject", "ethnicity"), ("body.text", "politics")}
        assert services.warnings({}) == []


def letter_purpose() -> Any:
    from jiwar.access.permissions import Purpose

    return Purpose.CRIMINAL_INVESTIGATION


class TestFiles:
    def draft(self, grant: Granting, *files: Descriptor) -> Draft:
        draft = services.draft_letter(grant(WRITE), letter_content())
        for file in files:
            draft = services.attach(grant(WRITE), draft.pk, file)
        return draft

    def test_they_go_with_the_letter_and_with_it_alone(
        self, grant: Granting, niger: ForeignNode, django_capture_on_commit_callbacks: Any
    ) -> None:
        one, two = a_file(), a_file()
        draft = self.draft(grant, one, two)
        # What is typed afterwards keeps the files.
        services.draft_letter(grant(WRITE), letter_content(text="Another text."), draft.pk)
        with django_capture_on_commit_callbacks(execute=True):
            services.detach(grant(WRITE), draft.pk, two.blob)
        assert attachments.held(two) == 0
        record = services.send_letter(grant(WRITE), draft.pk)
        assert [file["blob"] for file in record.body["attachments"]] == [one.blob]
        assert list(Attached.objects.values_list("blob", "record", "draft")) == [(one.blob, record.pk, None)]
        with django_capture_on_commit_callbacks(execute=True):
            services.withdraw_letter(grant(WRITE), record.uid, "Sent by mistake.")
        assert attachments.held(one) == 0

    def test_a_discarded_draft_takes_its_files_along(
        self, grant: Granting, niger: ForeignNode, django_capture_on_commit_callbacks: Any
    ) -> None:
        file = a_file()
        draft = self.draft(grant, file)
        with django_capture_on_commit_callbacks(execute=True):
            services.discard_letter(grant(WRITE), draft.pk)
        assert attachments.held(file) == 0
        assert not Attached.objects.exists()

    def test_ten_and_no_more(self, grant: Granting, niger: ForeignNode) -> None:
        draft = self.draft(grant, *(a_file() for _ in range(10)))
        assert faults(lambda: services.attach(grant(WRITE), draft.pk, a_file())) == {("too_many", "file")}

    def test_an_approval_binds_to_the_files(self, grant: Granting, niger: ForeignNode) -> None:
        draft = services.draft_letter(grant(WRITE), letter_content(flow="5"))
        draft = services.attach(grant(WRITE), draft.pk, a_file())
        seen = services.submit_letter(grant(WRITE), draft.pk).content_hash
        services.attach(grant(WRITE), draft.pk, a_file())
        draft = services.submit_letter(grant(WRITE), draft.pk)
        wrong = faults(lambda: services.approve_letter(grant(APPROVE), draft.pk, seen))
        assert wrong == {("approval_of_other_content", "")}

    def test_the_second_person_opens_them_before_she_decides(self, grant: Granting, niger: ForeignNode) -> None:
        file = a_file()
        draft = services.draft_letter(grant(WRITE), letter_content(flow="5"))
        services.attach(grant(WRITE), draft.pk, file)
        services.submit_letter(grant(WRITE), draft.pk)
        _, pieces = services.open_draft_file(grant(APPROVE), draft.pk, 0)
        assert b"".join(pieces).startswith(b"%PDF")
        leaf = Leaf.objects.get(act="letter_file_read")
        assert (leaf.subject, leaf.actor) == (str(draft.pk), grant(APPROVE).actor_id)

    def test_a_letter_does_not_leave_without_them(self, grant: Granting, niger: ForeignNode) -> None:
        file = a_file()
        draft = self.draft(grant, file)
        attachments.drop(file.blob)
        code = faults(lambda: services.send_letter(grant(WRITE), draft.pk))
        assert code == {("attachment_not_here", "file")}

    def test_a_received_one_is_opened_when_it_is_whole(
        self, grant: Granting, niger: ForeignNode, django_capture_on_commit_callbacks: Any
    ) -> None:
        file = a_file(300_000)
        chunks = [attachments.chunk(file.blob, n) for n in range(2)]
        attachments.drop(file.blob)
        record = take(letter_from(niger, attachments=[file.model_dump(mode="json")]))
        assert list(Attached.objects.values_list("blob", "record")) == [(file.blob, record.pk)]
        assert attachments.missing(file) == 0
        attachments.put(file.blob, 0, chunks[0])
        assert services.arrival(grant(READ), record.uid) == [(file, 1)]
        not_here = faults(lambda: services.open_file(grant(READ), record.uid, 0))
        assert not_here == {("attachment_not_here", "")}
        attachments.put(file.blob, 1, chunks[1])
        descriptor, pieces = services.open_file(grant(READ), record.uid, 0)
        assert sum(map(len, pieces)) == descriptor.size
        for number in (1, -1, 10**9):
            with pytest.raises(Letter.DoesNotExist):
                services.open_file(grant(READ), record.uid, number)
        with django_capture_on_commit_callbacks(execute=True):
            take(niger.statement(*withdrawal_of(record)))
        assert attachments.held(file) == 0
        with pytest.raises(Letter.DoesNotExist):
            services.open_file(grant(READ), record.uid, 0)


def withdrawal_of(record: Record) -> tuple[Any, dict[str, Any]]:
    from jiwar.records.kinds import WITHDRAWAL

    content = letter_content() | {"body": {"target": str(record.uid), "reason": "Sent by mistake."}}
    return WITHDRAWAL, WITHDRAWAL.content.model_validate(content).model_dump(mode="json")


class TestArriving:
    def test_the_sender_learns_how_far_it_has_come(
        self, grant: Granting, people: dict[str, Person], niger: ForeignNode, clock: Any
    ) -> None:
        record = take(letter_from(niger))
        assert steps_told(record) == ["received"]
        clock.shift(dt.timedelta(minutes=10))
        services.open_letter(grant(READ), record.uid)
        services.open_letter(grant(READ, "huda"), record.uid)
        clock.shift(dt.timedelta(minutes=10))
        services.assign(grant(WRITE), record.uid, str(people["huda"].pk))
        services.assign(grant(WRITE), record.uid, str(people["amal"].pk))
        assert steps_told(record) == ["received", "read", "assigned"]
        row = row_of(record, "LBY")
        times = [(row.received_at - NOW).seconds // 60, (row.read_at - NOW).seconds // 60]  # type: ignore[operator]
        assert times == [0, 10]
        out = Outgoing.objects.filter(record__kind="letter.progress")
        # An instrument: it needs no agreement, and names nobody.
        assert {(o.node, o.state) for o in out} == {("NER", "queued")}
        assert all("amal" not in o.record.statement.lower() for o in out)

    def test_a_programs_reading_is_not_a_persons(self, grant: Granting, niger: ForeignNode) -> None:
        record = take(letter_from(niger))
        services.open_letter(allow(Actor("token:1", "api", frozenset(P)), READ, letter_purpose()), record.uid)
        assert steps_told(record) == ["received"]
        assert Leaf.objects.filter(act="letter_read", actor="token:1").exists()

    def test_what_is_not_for_us_is_refused(self, niger: ForeignNode, tunisia: ForeignNode) -> None:
        assert faults(lambda: take(letter_from(niger, to=["TUN"]))) == {("not_addressed", "content.body.to")}
        assert not Letter.objects.exists()

    def test_a_judicial_letter_without_two_people_is_refused(self, niger: ForeignNode) -> None:
        content = LETTER.content.model_validate(letter_content(to=["LBY"], flow="5")).model_dump(mode="json")
        alone = niger.statement(LETTER, content, approval=None)
        assert faults(lambda: take(alone)) == {("approval_missing", "approval")}
        assert take(niger.statement(LETTER, content)).state == "in_force"

    def test_an_approval_of_other_content_is_a_lie_on_any_flow(self, niger: ForeignNode) -> None:
        content = LETTER.content.model_validate(letter_content(to=["LBY"])).model_dump(mode="json")
        lie = {"author": "a", "approver": "b", "content_hash": "0" * 64}
        signed = niger.statement(LETTER, content, approval=lie)
        assert ("approval_of_other_content", "approval.content_hash") in faults(lambda: take(signed))
        assert take(niger.statement(LETTER, content, approval=None)).state == "in_force"

    @pytest.mark.parametrize(
        "body",
        [{"answer": "information"}, {"ground": "political"}, {"depth_km": 5}, {"answer_by": "2027-01-01T00:00Z"}],
    )
    def test_a_letter_that_contradicts_itself_is_refused(self, niger: ForeignNode, body: dict[str, Any]) -> None:
        with pytest.raises(Refused):
            take(letter_from(niger, **body))
        assert not Letter.objects.exists()

    def test_only_those_who_may_be_given_it(
        self, grant: Granting, people: dict[str, Person], niger: ForeignNode
    ) -> None:
        record = take(letter_from(niger))
        for name in ("salem", "mariama"):
            refused = faults(lambda: services.assign(grant(WRITE), record.uid, str(people[name].pk)))  # noqa: B023
            assert refused == {("not_in_list", "person")}
        own = faults(lambda: services.assign(grant(WRITE), record.uid, "x"))
        assert own == {("not_in_list", "person")}

    def test_the_same_letter_twice_is_one(self, niger: ForeignNode) -> None:
        signed = letter_from(niger)
        assert take(signed) == take(signed)
        assert Letter.objects.count() == 1


class TestProgress:
    def test_an_addressee_alone_speaks_of_a_letter(
        self, sent: Sending, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        record = sent()
        assert faults(lambda: take(word_from(tunisia, record, "read"), "TUN")) == {
            ("letter_unknown", "content.body.target")
        }
        theirs = take(letter_from(tunisia), "TUN")
        assert faults(lambda: take(word_from(niger, theirs, "read"))) == {("letter_unknown", "content.body.target")}

    def test_the_first_word_stands_and_is_never_later_than_its_signature(
        self, sent: Sending, niger: ForeignNode, clock: Any
    ) -> None:
        record = sent()
        take(word_from(niger, record, "read", NOW + dt.timedelta(days=9000)))
        clock.shift(dt.timedelta(hours=1))
        take(word_from(niger, record, "read"))
        assert row_of(record, "NER").read_at == NOW


class TestAnswers:
    def answer(self, grant: Granting, letter: Record, answer: str, **body: Any) -> Record:
        draft = services.begin_answer(grant(WRITE), letter.uid)
        content = draft.content | {"body": draft.content["body"] | {"answer": answer, "text": "We looked.", **body}}
        return services.send_letter(grant(WRITE), services.draft_letter(grant(WRITE), content, draft.pk).pk)

    def test_information_ends_the_clock_and_goes_back(self, grant: Granting, niger: ForeignNode) -> None:
        letter = take(letter_from(niger, flow="13"))
        answer = self.answer(grant, letter, "information")
        assert (answer.body["to"], answer.body["flow"], answer.body["target"]) == (["NER"], "13", str(letter.uid))
        assert [d.node for d in deliveries(answer.uid)] == ["NER"]
        row = row_of(letter, "LBY")
        assert (row.answered_at, row.answer) == (answer.issued_at, "information")
        assert steps_told(letter) == ["received", "answered"]

    @pytest.mark.parametrize("kind", ["partial", "acknowledgement"])
    def test_a_part_does_not(self, grant: Granting, niger: ForeignNode, kind: str) -> None:
        letter = take(letter_from(niger))
        self.answer(grant, letter, kind)
        row = row_of(letter, "LBY")
        assert (row.answered_at, row.answer) == (None, kind)
        assert steps_told(letter) == ["received"]

    def test_a_refusal_names_a_ground_of_the_list(self, grant: Granting, niger: ForeignNode) -> None:
        letter = take(letter_from(niger))
        assert faults(lambda: self.answer(grant, letter, "refusal")) == {("missing", "body.ground")}
        assert faults(lambda: self.answer(grant, letter, "refusal", ground="no wish")) == {
            ("not_in_list", "body.ground")
        }
        self.answer(grant, letter, "refusal", ground=Ground.NE_BIS_IN_IDEM)
        assert row_of(letter, "LBY").answered_at is not None

    def test_an_answer_keeps_the_flow_and_so_its_second_person(
        self, grant: Granting, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        letter = take(letter_from(niger, flow="8"))
        assert faults(lambda: self.answer(grant, letter, "information", flow="9")) == {("flow_differs", "body.flow")}
        away = faults(lambda: self.answer(grant, letter, "information", flow="8", to=["TUN"]))
        assert away == {("answers_nothing", "body.to")}
        alone = faults(lambda: self.answer(grant, letter, "information", to=["NER"]))
        assert alone == {("approval_missing", "approval")}

    def test_one_open_answer_for_each_author(self, grant: Granting, niger: ForeignNode) -> None:
        letter = take(letter_from(niger))
        first = services.begin_answer(grant(WRITE), letter.uid)
        assert services.begin_answer(grant(WRITE), letter.uid) == first
        assert services.begin_answer(grant(WRITE, "huda"), letter.uid) != first

    def test_own_letters_and_ended_ones_are_not_answered(
        self, grant: Granting, sent: Sending, niger: ForeignNode
    ) -> None:
        own = sent()
        assert faults(lambda: services.begin_answer(grant(WRITE), own.uid)) == {("letter_unknown", "target")}
        letter = take(letter_from(niger))
        take(niger.statement(*withdrawal_of(letter)))
        assert faults(lambda: services.begin_answer(grant(WRITE), letter.uid)) == {("not_in_force", "target")}

    def test_a_neighbours_answer_ends_ours(self, sent: Sending, niger: ForeignNode, tunisia: ForeignNode) -> None:
        letter = sent(to=["NER", "TUN"])
        more = {"target": str(letter.uid), "answer": "information", "urgency": None}
        assert faults(lambda: take(letter_from(niger, **more, flow="1"))) == {("flow_differs", "content.body.flow")}
        take(letter_from(niger, **more))
        assert row_of(letter, "NER").answered_at is not None
        assert row_of(letter, "TUN").answered_at is None
        thread = queries.thread(Letter.objects.get(uid=letter.uid))
        assert [row.origin for row in thread] == ["LBY", "NER"]
        assert queries.thread(thread[1]) == thread

    def test_nobody_answers_what_was_not_asked_of_him(
        self, sent: Sending, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        letter = sent(to=["NER"])
        more = {"target": str(letter.uid), "answer": "information", "urgency": None}
        assert faults(lambda: take(letter_from(tunisia, **more), "TUN")) == {("answers_nothing", "content.body.target")}

    def test_an_answer_that_is_taken_back_answers_nothing(
        self, grant: Granting, sent: Sending, niger: ForeignNode
    ) -> None:
        letter = sent()
        answer = take(letter_from(niger, target=str(letter.uid), answer="information", urgency=None))
        take(niger.statement(*withdrawal_of(answer)))
        row = row_of(letter, "NER")
        assert (row.answered_at, row.answer) == (None, "")
        theirs = take(letter_from(niger))
        own = self.answer(grant, theirs, "information")
        withdraw(NODE, own, "wrong")
        assert row_of(theirs, "LBY").answered_at is None


class TestTheInbox:
    def listed(self, grant: Granting, **wanted: Any) -> list[str]:
        return [row.letter.subject for row in services.browse_letters(grant(READ), Wanted(**wanted), timezone.now())]

    def test_the_most_overdue_stands_first_and_what_waits_for_nothing_last(
        self, grant: Granting, niger: ForeignNode, tunisia: ForeignNode, clock: Any
    ) -> None:
        take(letter_from(niger, subject="week", urgency="seven_days"))
        take(letter_from(niger, subject="no clock", urgency=None))
        take(letter_from(tunisia, subject="urgent", urgency="urgent", flow="13"), "TUN")
        take(letter_from(niger, subject="days", urgency="three_days"))
        done = take(letter_from(niger, subject="answered", urgency="urgent"))
        gone = take(letter_from(niger, subject="withdrawn", urgency="urgent"))
        TestAnswers().answer(grant, done, "information")
        take(niger.statement(*withdrawal_of(gone)))
        clock.shift(dt.timedelta(days=2))
        assert self.listed(grant)[:3] == ["urgent", "days", "week"]
        assert set(self.listed(grant)[3:]) == {"no clock", "answered", ""}
        assert self.listed(grant, phase="overdue") == ["urgent"]
        assert self.listed(grant, phase="half_gone") == ["days"]
        assert self.listed(grant, phase="running") == ["week"]
        assert self.listed(grant, phase="no_clock") == ["no clock"]
        assert self.listed(grant, phase="answered") == ["answered"]
        assert self.listed(grant, neighbour="TUN") == self.listed(grant, flow="13") == ["urgent"]

    def test_mine_and_not_read_yet(self, grant: Granting, people: dict[str, Person], niger: ForeignNode) -> None:
        one = take(letter_from(niger, subject="one"))
        take(letter_from(niger, subject="two"))
        services.assign(grant(WRITE), one.uid, str(people["amal"].pk))
        services.open_letter(grant(READ), one.uid)
        assert self.listed(grant, mine=True) == ["one"]
        assert self.listed(grant, unread=True) == ["two"]
        by = allow(Actor("token:1", "api", frozenset(P)), READ, letter_purpose())
        assert services.browse_letters(by, Wanted(mine=True), timezone.now()) == []

    def test_sent_ones_stand_once_for_each_addressee(
        self, grant: Granting, sent: Sending, niger: ForeignNode, tunisia: ForeignNode
    ) -> None:
        sent(to=["NER", "TUN"])
        rows = services.browse_letters(grant(READ), Wanted(whose="sent"), timezone.now())
        assert [row.state for row in rows] == ["NER", "TUN"]
        assert self.listed(grant) == []

    def test_each_look_is_in_the_ledger(self, grant: Granting, niger: ForeignNode) -> None:
        record = take(letter_from(niger))
        self.listed(grant)
        services.open_letter(grant(READ), record.uid)
        leaf = Leaf.objects.get(act="letter_read")
        assert (leaf.subject, leaf.actor, leaf.purpose) == (
            str(record.uid), grant(READ).actor_id, "criminal_investigation",
        )  # fmt: skip
        assert Leaf.objects.filter(act="letters_listed").count() == 1
        assert not Leaf.objects.filter(content__contains=record.body["subject"]).exists()

    def test_a_list_of_any_length_takes_as_many_queries(
        self, grant: Granting, niger: ForeignNode, django_assert_num_queries: Any
    ) -> None:
        for _ in range(3):
            take(letter_from(niger))
        with django_assert_num_queries(1):
            assert [row.letter.record.kind for row in queries.received()] == ["letter"] * 3

    def test_no_other_grant_opens_anything(self, grant: Granting, niger: ForeignNode) -> None:
        record = take(letter_from(niger))
        for act in (services.open_letter, services.arrival):
            with pytest.raises(AccessRefused):
                act(grant(WRITE), record.uid)
        with pytest.raises(AccessRefused):
            services.browse_letters(grant(WRITE), Wanted(), timezone.now())
        with pytest.raises(AccessRefused):
            services.open_file(grant(WRITE), record.uid, 0)
        with pytest.raises(AccessRefused):
            grant(READ, "mariama")


class TestTheAgreementsClock:
    """A clause may say how soon its letters are answered: it counts where the letter itself names no time."""

    def test_it_starts_a_clock_at_both_ends(self, sent: Sending, niger: ForeignNode, clock: Any) -> None:
        agree(niger, answer_within_hours=72)
        ours, theirs = sent(urgency=None), take(letter_from(niger, urgency=None))
        for row in (row_of(ours, "NER"), row_of(theirs, "LBY")):
            assert (row.half_at, row.due_at) == (NOW + dt.timedelta(hours=36), NOW + dt.timedelta(hours=72))

    def test_what_the_letter_says_goes_before_it(self, sent: Sending, niger: ForeignNode, clock: Any) -> None:
        agree(niger, answer_within_hours=72)
        assert row_of(sent(urgency="seven_days"), "NER").due_at == NOW + dt.timedelta(days=7)

    def test_an_answer_has_none(self, sent: Sending, niger: ForeignNode, clock: Any) -> None:
        agree(niger, answer_within_hours=72)
        letter = sent(urgency=None)
        answer = take(letter_from(niger, target=str(letter.uid), answer="partial", urgency=None))
        assert row_of(answer, "LBY").due_at is None

    def test_it_starts_the_senders_too_where_the_clause_opened_later(
        self, sent: Sending, niger: ForeignNode, clock: Any
    ) -> None:
        """The letter waited for it; what has arrived runs by the same clock at both ends."""
        letter = sent(urgency=None)
        assert row_of(letter, "NER").due_at is None
        clock.shift(dt.timedelta(hours=10))
        agree(niger, answer_within_hours=72)
        assert row_of(letter, "NER").due_at is None  # nothing has arrived that could be answered
        take(word_from(niger, letter, "received"))
        row = row_of(letter, "NER")
        assert (row.half_at, row.due_at) == (NOW + dt.timedelta(hours=36), NOW + dt.timedelta(hours=72))
        assert row.received_at == NOW + dt.timedelta(hours=10)

    def test_where_no_clause_opens_the_way_there_is_none(self, sent: Sending, niger: ForeignNode, clock: Any) -> None:
        agree(niger, purposes=["cooperation"], answer_within_hours=72)
        assert row_of(sent(urgency=None), "NER").due_at is None


class TestHotPursuit:
    """An agreement opens a corridor along the border: a letter on a pursuit that reaches deeper does not leave."""

    @pytest.mark.parametrize(("depth", "state", "reason"), [(50, "queued", ""), (51, "held", "outside_corridor")])
    def test_no_deeper_than_the_corridor(
        self, sent: Sending, niger: ForeignNode, depth: int, state: str, reason: str
    ) -> None:
        agree(niger, depth_km=50)
        record = sent(flow="7", depth_km=depth)
        assert [(d.node, d.state, d.reason) for d in deliveries(record.uid)] == [("NER", state, reason)]

    def test_it_goes_ahead_of_what_is_routine(self, sent: Sending, niger: ForeignNode) -> None:
        agree(niger)
        pursuit, urgent, other = sent(flow="7", urgency=None), sent(urgency="urgent"), sent(urgency="seven_days")
        lanes = dict(Outgoing.objects.filter(record__kind="letter").values_list("record", "lane"))
        assert lanes == {pursuit.pk: "urgent", urgent.pk: "urgent", other.pk: "routine"}


class TestReminders:
    def test_at_half_time_and_at_the_end_once_each(self, niger: ForeignNode, clock: Any) -> None:
        record = take(letter_from(niger, urgency="urgent"))
        told = []
        for hours in range(10):
            services.remind(NODE, timezone.now())
            told.append((hours, steps_told(record)[1:]))
            clock.shift(dt.timedelta(hours=1))
        assert told[3] == (3, [])
        assert told[4] == (4, ["reminded"])
        assert told[7] == (7, ["reminded"])
        assert told[9] == (9, ["reminded", "overdue"])
        assert (
            Leaf.objects.filter(act="letter_reminded").count() == Leaf.objects.filter(act="letter_overdue").count() == 1
        )

    def test_a_node_that_was_off_notes_only_that_it_is_late(self, niger: ForeignNode, clock: Any) -> None:
        record = take(letter_from(niger, urgency="urgent"))
        clock.shift(dt.timedelta(days=3))
        assert services.remind(NODE, timezone.now()) == 1
        assert services.remind(NODE, timezone.now()) == 0
        assert steps_told(record) == ["received", "overdue"]

    def test_the_senders_own_clock_speaks_where_no_word_comes(
        self, sent: Sending, niger: ForeignNode, clock: Any
    ) -> None:
        record = sent(urgency="urgent")
        clock.shift(dt.timedelta(hours=5))
        services.remind(NODE, timezone.now())
        assert row_of(record, "NER").reminded_at == timezone.now()
        take(word_from(niger, record, "reminded"))
        clock.shift(dt.timedelta(hours=5))
        assert services.remind(NODE, timezone.now()) == 1
        assert row_of(record, "NER").overdue_at == timezone.now()
        assert not Record.objects.filter(kind="letter.progress", origin="LBY").exists()

    def test_nobody_is_reminded_of_what_is_answered_or_ended(
        self, grant: Granting, niger: ForeignNode, clock: Any
    ) -> None:
        done, gone = take(letter_from(niger)), take(letter_from(niger))
        take(letter_from(niger, urgency=None))
        TestAnswers().answer(grant, done, "information")
        take(niger.statement(*withdrawal_of(gone)))
        clock.shift(dt.timedelta(days=1))
        assert services.remind(NODE, timezone.now()) == 0

    def test_what_waits_for_whom(
        self, grant: Granting, people: dict[str, Person], sent: Sending, niger: ForeignNode, clock: Any
    ) -> None:
        def waits(name: str) -> dict[str, tuple[int, bool]]:
            from jiwar.access.services import actor_of_person

            return {w.what: (w.count, w.urgent) for w in queries.waiting(actor_of_person(people[name]))}

        assert waits("amal") == waits("mariama") == {}
        record = take(letter_from(niger, urgency="urgent"))
        sent(urgency="three_days")
        assert waits("amal") == waits("salem") == {"letters_unread": (1, False)}
        services.open_letter(grant(READ), record.uid)
        services.assign(grant(WRITE), record.uid, str(people["amal"].pk))
        assert waits("amal") == {"letters_assigned": (1, False)}
        clock.shift(dt.timedelta(hours=4))
        assert waits("amal") == {"letters_assigned": (1, False), "letters_half_gone": (1, False)}
        clock.shift(dt.timedelta(hours=4))
        # Overdue escalates: the approver hears of it too.
        assert waits("salem") == {"letters_overdue": (1, True)}
        clock.shift(dt.timedelta(days=3))
        assert waits("salem") == {"letters_overdue": (1, True), "letters_unanswered": (1, True)}
        draft = services.draft_letter(grant(WRITE), letter_content(flow="5"))
        services.submit_letter(grant(WRITE), draft.pk)
        assert waits("salem")["letters_to_approve"] == (1, False)
        services.return_letter(grant(APPROVE), draft.pk, "Name the court.")
        assert waits("amal")["letters_returned"] == (1, False)
        assert waits("mariama") == {}


class TestEnding:
    def test_a_withdrawn_letter_is_read_no_longer(self, grant: Granting, niger: ForeignNode) -> None:
        record = take(letter_from(niger))
        take(niger.statement(*withdrawal_of(record)))
        letter = Letter.objects.get(uid=record.uid)
        assert (letter.subject, letter.record.state) == ("", "withdrawn")

    def test_only_own_letters_are_withdrawn(self, grant: Granting, niger: ForeignNode) -> None:
        record = take(letter_from(niger))
        refused = faults(lambda: services.withdraw_letter(grant(WRITE), record.uid, "x"))
        assert refused == {("not_the_origin", "")}

    def test_a_new_version_replaces_the_old(self, niger: ForeignNode, clock: Any) -> None:
        signed = letter_from(niger)
        old = take(signed)
        clock.shift(dt.timedelta(minutes=1))
        content = LETTER.content.model_validate(letter_content(to=["LBY"], subject="Corrected")).model_dump(mode="json")
        new = take(niger.statement(LETTER, content, supersedes=signed[0]))
        letter = Letter.objects.get(uid=old.uid)
        assert (letter.subject, letter.record) == ("Corrected", new)


def test_the_body_of_a_letter_has_no_field_for_what_must_not_be_asked() -> None:
    assert not {"religion", "tribe", "ethnicity", "politics", "health"} & set(LetterBody.model_fields)


def test_time_machine_is_real() -> None:
    with time_machine.travel(NOW, tick=False):
        assert timezone.now() == NOW


def test_a_neighbours_post_speaks_for_nobody(niger: ForeignNode) -> None:
    post = ForeignNode("NER-MADAMA", role="post")
    add_node(post.card())
    with pytest.raises(Refused):
        take(letter_from(post), "NER")
