"""Grouping records on one subject: nothing is lost, nothing twice, the most urgent action first."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.alert_kinds import Action
from jiwar.watchlist.logic.clusters import URGENCY, gathered, side_by_side, urgency
from jiwar.watchlist.telling import HIDDEN_ACTION

UIDS = st.integers(0, 12).map(lambda n: UUID(int=n))
FOUND = st.lists(st.tuples(UIDS, st.sampled_from([*URGENCY, "of_a_newer_program"])), unique_by=lambda pair: pair[0])
TOGETHER = st.dictionaries(UIDS, st.integers(0, 3).map(lambda n: UUID(int=n)))


@given(FOUND, TOGETHER)
def test_each_record_stands_once_and_the_most_urgent_first(found, together) -> None:
    groups = gathered(found, together, lambda pair: pair[0], lambda pair: pair[1])
    assert sorted(pair for group in groups for pair in group) == sorted(found)
    subject = {uid: together.get(uid, uid) for uid, _ in found}
    for group in groups:
        assert len({subject[uid] for uid, _ in group}) == 1
        assert [urgency(action) for _, action in group] == sorted(urgency(action) for _, action in group)
    firsts = [min(found.index(pair) for pair in group) for group in groups]
    assert firsts == sorted(firsts)
    assert len(groups) == len(set(subject.values()))


def test_every_action_has_its_place() -> None:
    assert set(URGENCY) == {*Action, HIDDEN_ACTION}
    assert urgency("of_a_newer_program") == len(URGENCY)


def test_side_by_side_says_what_agrees() -> None:
    one = {
        "names": [{"text": "Salem Ould Khattar"}, {"text": "سالم ولد خطار"}],
        "birth_dates": [{"date": "1984-03-09"}],
        "sexes": ["M"],
        "nationalities": [],
        "documents": [{"country": "LBY", "number": "K0451187"}],
        "place_of_birth": "",
    }
    other = {
        "names": [{"text": "SALEM OULD KHATTAR"}],
        "birth_dates": [{"date": "1984", "approximate": True}],
        "documents": [],
    }
    rows = {row.field: row for row in side_by_side([one, other])}
    assert {field: row.verdict for field, row in rows.items()} == {
        "names": "same",
        "birth_dates": "differs",
        "sexes": "unknown",
        "documents": "unknown",
    }
    assert rows["birth_dates"].values == (("1984-03-09",), ("~1984",))
    assert rows["documents"].values == (("LBY K0451187",), ())
