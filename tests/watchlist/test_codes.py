"""Words as numbers are as like a part asked for as `likeness` says."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jiwar.watchlist.logic.codes import Coder, code_words, consonant_costs, like_words
from jiwar.watchlist.logic.compiling import compiled
from jiwar.watchlist.logic.generate import subjects
from jiwar.watchlist.logic.likeness import likeness
from jiwar.watchlist.logic.names import Part, cut_name, read_name, read_part
from jiwar.watchlist.logic.vocabulary import Met

LISTED = sorted({part.word for one in subjects(300) for name in one.names for part in read_name(name.text).parts})
ODD = ("li", "liu", "abd", "عبد", "عبدالله", "abdallah", "jamal", "djamel", "جمال", "قاسم", "بلقاسم", "moha", "mohamed")
listed = st.sampled_from([*LISTED, *ODD])
letters = st.text("abdeghiklmnorstuwyhcjzqxfp", min_size=1, max_size=12) | st.text("ابتجحدرسشصعفقكلمنهويىة", min_size=1)
words = listed | letters
ODD_TOKENS = (
    "Ben",
    "el",
    "السيد",
    "Sidi",
    "Abou",
    "عبد",
    "الله",
    "Mohamedlemine",
    "dr.",
    "O\u0301scar",
    "َ",
    "金正恩",
    "김",
    "M.",
    "ⵎⵓⵃ",
)
texts = st.lists(words | st.sampled_from(ODD_TOKENS) | st.text(max_size=4), max_size=6).map(" ".join)
letter = st.sampled_from(" aeiouhslmkbtدرساوي")
changes = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), letter), max_size=12)


def changed(word: str, at: int, cut: int, letter: str) -> str:
    """With a letter put in, or in place of one or two."""
    return (word[:at] + letter.strip() + word[at + cut :])[:30] or word


def like(part: Part, others: list[Part], by_numba: bool) -> list[float]:
    codes = code_words(others)
    likes = np.empty(len(others))
    loops = compiled() if by_numba else None
    loop = loops.like_words if loops else like_words
    loop(codes, Coder(codes).asked(part), np.arange(len(others), dtype=np.uint32), consonant_costs(), likes)
    return likes.tolist()


@pytest.mark.parametrize("by_numba", [False, True])
@example("tarabulsi", ["taralbusi", "tarabusi", "arabulsi", "tarabulski"], [])
@example("li", ["liu", "la", "l"], [])
@given(words, st.lists(words, max_size=8), changes)
def test_numbers_say_what_likeness_says(
    by_numba: bool, asked: str, others: list[str], spelt: list[tuple[int, int, str]]
) -> None:
    part = read_part(asked)
    parts = [part, *map(read_part, others), *(read_part(changed(asked, *change)) for change in spelt)]
    assert like(part, parts, by_numba) == [likeness(part, other) for other in parts]


def test_of_everyone_listed_the_same_are_found() -> None:
    parts = list(map(read_part, LISTED))
    for part in parts[:100]:
        assert like(part, parts, True) == [likeness(part, other) for other in parts]


@example("Benali Abdelkader")
@example("السيد علي")
@given(texts)
def test_a_name_for_a_segment_is_cut_as_any_other(text: str) -> None:
    met = Met()
    cut = cut_name(text, read_part)
    assert met.name(text) == ([met.numbers[part.word] for part in cut.parts], cut.marks)
