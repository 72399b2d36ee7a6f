"""A common name proves little, a long rare one much, whatever list is at hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.watchlist.logic.frequency import usual
from jiwar.watchlist.logic.lexicon import FAMILY
from jiwar.watchlist.logic.names import read_name, read_part


def share(name: str) -> float:
    (part,) = read_name(name).parts
    return usual(part)


@pytest.mark.parametrize(
    ("common", "rarer"),
    [
        ("محمد", "أحمد"),
        ("Mohamed", "Ahmed"),
        ("علي", "هارون"),
        ("Ali", "Megaryef"),
        ("Diop", "Ouattara"),
        ("Ba", "Coulibaly"),
        ("Li", "Bouteflika"),
        ("التواتي", "بوتفليقة"),
        ("Djamel", "Zerrouki"),
    ],
)
def test_the_commoner_name_is_the_more_frequent(common: str, rarer: str) -> None:
    assert share(common) > share(rarer)


@pytest.mark.parametrize("spellings", ["محمد Mohamed Mamadou Mahamat", "جمال Djamel Jamal", "يوسف Youcef Issoufou"])
def test_every_spelling_of_a_name_is_as_frequent(spellings: str) -> None:
    assert len({share(name) for name in spellings.split()}) == 1


def test_no_band_is_of_a_family_that_is_not() -> None:
    from jiwar.watchlist.logic import frequency

    assert set(frequency._FAMILY) <= set(FAMILY.values())


@given(st.text(min_size=1, max_size=60))
def test_any_part_has_a_share(text: str) -> None:
    for part in read_name(text).parts:
        assert 0 < usual(part) < 1
        assert usual(read_part(part.word)) == usual(part)
