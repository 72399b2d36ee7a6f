"""What is known of a node by its words, fresh ones and old ones."""

from hypothesis import given
from hypothesis import strategies as st

from jiwar.exchange.logic.hello import Sent
from jiwar.exchange.logic.last_word import Word, hear

NAMES = st.sampled_from(["urgent.1.0", "routine.1.0", "routine.2.0"])
SENT = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(lambda pair: Sent(max(pair), min(pair)))
WORDS = st.builds(
    Word,
    epoch=st.integers(1, 3),
    have=st.dictionaries(NAMES, st.integers(0, 9)),
    sent=st.dictionaries(NAMES, SENT),
    lack=st.dictionaries(st.sampled_from(["a" * 64, "b" * 64]), st.integers(0, 3)),
)


@given(WORDS, WORDS)
def test_a_fresh_word_stands_unless_it_is_of_an_epoch_that_is_over(known: Word, said: Word) -> None:
    assert hear(known, said, fresh=True) == (said if said.epoch >= known.epoch else known)
    assert hear(None, said, fresh=False) == said


@given(WORDS, WORDS)
def test_an_old_word_lowers_nothing_within_an_epoch(known: Word, said: Word) -> None:
    now = hear(known, said, fresh=False)
    if said.epoch < known.epoch:
        assert now == known
    elif said.epoch > known.epoch:
        assert now == said
    else:
        for name in {**known.have, **said.have}:
            assert now.have[name] == max(known.have.get(name, 0), said.have.get(name, 0))
        for name, sent in {**known.sent, **said.sent}.items():
            assert now.sent[name].sealed >= sent.sealed
            assert now.sent[name].acked >= sent.acked


@given(st.lists(WORDS, min_size=1, max_size=5), st.randoms())
def test_the_order_of_pouches_does_not_matter_to_what_a_node_has(said: list[Word], order: object) -> None:
    def after(words: list[Word]) -> Word:
        known: Word | None = None
        for word in words:
            known = hear(known, word, fresh=False)
        assert known is not None
        return known

    shuffled = list(said)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    a, b = after(said), after(shuffled)
    assert (a.epoch, a.have, a.sent) == (b.epoch, b.have, b.sent)


def test_what_a_node_lacks_is_taken_from_the_words_that_are_not_behind() -> None:
    late = Word(have={"routine.1.0": 5}, sent={"routine.1.0": Sent(3, 3)}, lack={"a" * 64: 2})
    for earlier in (
        Word(have={"routine.1.0": 4}, sent={"routine.1.0": Sent(3, 3)}, lack={"b" * 64: 0}),
        Word(have={"routine.1.0": 5}, sent={"routine.1.0": Sent(2, 2)}, lack={"b" * 64: 0}),
    ):
        assert hear(late, earlier, fresh=False).lack == hear(earlier, late, fresh=False).lack == {"a" * 64: 2}
    assert hear(late, Word(have={"routine.1.0": 6}, sent=late.sent), fresh=False).lack == {}
