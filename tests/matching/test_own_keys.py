"""Which own keys take part: a hit tells a neighbour, so what it may not be told takes no part, and silently."""

from typing import Any

import pytest
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.permissions import Purpose
from jiwar.access.policy import Grant, allow
from jiwar.access.services import actor_of_person
from jiwar.identity.models import Agency
from jiwar.identity.roles import Role
from jiwar.identity.services import add_person
from jiwar.matching import own_keys, services
from jiwar.matching.logic.key_types import KeyType, Mode
from jiwar.matching.models import Inquiry
from jiwar.records.services import Approval, Record, content_hash, expire, issue, read_content, terms, withdraw
from jiwar.watchlist.alert_kinds import ALERT
from jiwar.watchlist.kinds import SubjectFacts
from jiwar.watchlist.services import protect, refuse_alert
from jiwar.wire.faults import Refused
from tests.matching.conftest import BY, Niger, agree
from tests.matching.test_answering import Granting, enter
from tests.post import DISCREET, MISSING_ADULT, alert_body

K = KeyType
PURPOSE = "criminal_investigation"
DOCUMENT = "LBY K0451187"
SALEM = {
    "names": [{"text": "Salim Walad Khatar"}],
    "birth_dates": [{"date": "1984-03-09"}],
    "documents": [{"country": "LBY", "number": "K0451187"}],
}


@pytest.fixture
def approver() -> Grant:
    agency = Agency.objects.create(code="contact-point", name="Contact point")
    person = add_person("khalid", "Khalid", "a long walk in the Fezzan", agency=agency, roles=[Role.APPROVER])
    return allow(actor_of_person(person), P.WATCHLIST_ALERT_APPROVE, Purpose.CRIMINAL_INVESTIGATION)


def own_alert(purpose: str = PURPOSE, **body: Any) -> Record:
    """An alert that Libya issued."""
    content = read_content(ALERT, terms(purpose, "law 7/1981", 100, alert_body(**body)), timezone.now())
    digest = content_hash(ALERT.name, ALERT.version, content.model_dump(mode="json"))
    return issue(BY, ALERT, content, approval=Approval("one", "two", digest))


def held(key_type: KeyType = K.DOCUMENT, state: str = "NER", purpose: str = PURPOSE) -> set[str]:
    return set(own_keys.held(key_type, purpose, state))


def test_an_own_alert_takes_part_by_its_documents_and_by_its_names_with_the_day_of_birth() -> None:
    alert = own_alert()
    assert own_keys.held(K.DOCUMENT, PURPOSE, "NER") == {DOCUMENT: [{"alert": str(alert.uid)}]}
    assert "1984-03-09 ktr slm" in held(K.NAME_BIRTH)
    assert held(K.PHONE) == set()


def test_both_spellings_of_the_name_meet_the_neighbours_spelling() -> None:
    own_alert()
    asked = own_keys.reader().read(K.NAME_BIRTH, ("SALIM WALAD KHATAR", "1984-03-09"))
    assert held(K.NAME_BIRTH) & set(asked)


def test_it_takes_part_for_its_own_purpose_alone() -> None:
    own_alert("border_check")
    assert held() == set()
    assert held(purpose="border_check") == {DOCUMENT}


@pytest.mark.parametrize("body", [DISCREET, MISSING_ADULT, {"type": "missing", "protected": "child"} | MISSING_ADULT])
def test_discreet_checks_and_people_to_protect_take_no_part(body: dict[str, Any]) -> None:
    own_alert(**body)
    assert held() == held(K.NAME_BIRTH) == set()


def test_what_ended_takes_no_part() -> None:
    withdraw(BY, own_alert(), "found")
    assert held() == set()
    alert = own_alert()
    assert held() == {DOCUMENT}
    Record.objects.filter(pk=alert.pk).update(valid_until=timezone.now())
    assert held() == set()  # before the minute in which it is retired
    expire(BY)
    assert held() == set()


def test_a_vague_birth_date_a_low_quality_name_and_a_document_of_no_state_are_no_keys() -> None:
    subject = {
        "names": [{"text": "Salem Khattar", "quality": "low"}, {"text": "Salem"}],
        "birth_dates": [{"date": "1984"}, {"date": "1984-03-09", "approximate": True}, {"date": "1984-01-01"}],
        "documents": [{"number": "K0451187"}],
    }
    own_alert(subject=subject)
    assert held() == held(K.NAME_BIRTH) == set()


# --- what others said -------------------------------------------------------------------------------------------------


@pytest.fixture
def tunisia() -> Niger:
    return Niger("TUN")


@pytest.mark.parametrize(("onward", "takes_part"), [("no", False), ("ask", False), ("yes", True)])
def test_what_a_third_state_said_takes_part_only_when_it_may_be_passed_on(
    tunisia: Niger, onward: str, takes_part: bool
) -> None:
    content = terms(PURPOSE, "law", 100, alert_body(), onward=onward)  # type: ignore[arg-type]
    tunisia.deliver(tunisia.node.statement(ALERT, ALERT.content.model_validate(content)))
    assert held() == set()  # no agreement opens alerts to Niger at all
    agree(Niger(), "alert.person")
    assert held() == ({DOCUMENT} if takes_part else set())
    assert held(state="TUN") == set()  # its own alert tells a state nothing


def test_what_a_third_state_keeps_for_border_checks_takes_part_in_no_match_for_another_purpose(tunisia: Niger) -> None:
    content = terms(PURPOSE, "law", 100, alert_body(), onward="yes")
    content["handling"] = content["handling"].model_copy(update={"restrictions": ("border_check_only",)})
    tunisia.deliver(tunisia.node.statement(ALERT, ALERT.content.model_validate(content)))
    agree(Niger(), "alert.person")
    assert held() == set()


def test_a_refused_alert_takes_no_part(tunisia: Niger, approver: Grant) -> None:
    content = terms(PURPOSE, "law", 100, alert_body(), onward="yes")
    record = tunisia.deliver(tunisia.node.statement(ALERT, ALERT.content.model_validate(content)))
    agree(Niger(), "alert.person")
    assert held() == {DOCUMENT}
    refuse_alert(approver, record.uid, "political", "An opinion.")
    assert held() == set()


# --- protection (R5) --------------------------------------------------------------------------------------------------


def test_whom_this_state_protects_from_the_asker_stands_on_no_list(by: Granting, approver: Grant) -> None:
    """By whatever spelling and document the alert knows her: the state that she fears learns nothing, others do."""
    own_alert()
    own_alert(subject=alert_body()["subject"] | {"documents": [{"country": "NER", "number": "09PC11873"}]})
    enter(by, K.DOCUMENT, "LBY;K0451187\nLBY;X9999999")
    enter(by, K.NAME_BIRTH, "سالم ولد خطار;1984-03-09\nMariama Abdou;1979-01-24")
    everything = held()
    assert everything == {DOCUMENT, "NER 09PC11873", "LBY X9999999"}
    protect(approver, SubjectFacts.model_validate(SALEM), "NER", "asylum file 2026/41")
    assert held(state="NER") == {"LBY X9999999"}
    assert held(state="TUN") == everything
    assert held(K.NAME_BIRTH, "NER") == set(own_keys.reader().read(K.NAME_BIRTH, ("Mariama Abdou", "1979-01-24")))


def test_a_question_about_a_protected_person_is_answered_like_any_other(
    niger: Niger, by: Granting, approver: Grant
) -> None:
    enter(by, K.DOCUMENT, "LBY;K0451187")
    answers = []
    for _ in range(2):
        question = niger.ask(K.DOCUMENT, [DOCUMENT])
        services.work()
        [answer] = niger.answers(question)
        answers.append((niger.open(question)[0], len(answer.piece.data)))  # type: ignore[union-attr]
        protect(approver, SubjectFacts.model_validate(SALEM), "NER", "asylum file 2026/41")
    assert [hits for hits, _ in answers] == [[True], [False]]
    assert len({length for _, length in answers}) == 1
    assert {inquiry.state for inquiry in Inquiry.objects.all()} == {"answered"}


def test_nor_does_this_state_ask_about_whom_it_protects(niger: Niger, by: Granting, approver: Grant) -> None:
    own_alert()
    protect(approver, SubjectFacts.model_validate(SALEM), "NER", "asylum file 2026/41")
    for key_type, source in (
        (K.DOCUMENT, {"watchlist": True}),
        (K.DOCUMENT, {"typed": b"LBY;K0451187"}),
        (K.NAME_BIRTH, {"typed": b"Salem Ould Khattar;1984-03-09"}),
    ):
        asked = services.Asked("NER", key_type, Mode.ONLINE, "art. 5", **source)  # type: ignore[arg-type]
        with pytest.raises(Refused, match="match_nothing_to_ask"):
            services.ask(by(P.MATCHING_REQUEST_MAKE), asked)


def test_the_watchlist_is_asked_with(niger: Niger, by: Granting) -> None:
    alert = own_alert()
    asked = services.Asked("NER", K.NAME_BIRTH, Mode.ONLINE, "art. 5", watchlist=True)
    question = services.ask(by(P.MATCHING_REQUEST_MAKE), asked)
    services.work()
    assert {each.normal for each in question.elements.all()} == held(K.NAME_BIRTH)
    for signed in niger.answer(["1984-03-09 ktr slm"]):
        niger.deliver(signed)
    services.work()
    [hit] = question.found.all()
    assert hit.owners == [{"alert": str(alert.uid)}]


def test_the_number_of_queries_does_not_grow_with_the_list(django_assert_num_queries: Any) -> None:
    for number in range(3):
        own_alert(subject=alert_body()["subject"] | {"documents": [{"country": "LBY", "number": f"K045118{number}"}]})
    with django_assert_num_queries(5):
        assert len(held()) == 3


def test_agreements_are_not_needed_to_know_ones_own_keys() -> None:
    own_alert()
    agree(Niger())
    assert held() == {DOCUMENT}
