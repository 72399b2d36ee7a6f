"""Which lines of a picture are a zone: on its head, in pieces, among other text, with fillers miscounted."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.mrz_finding import MISCOUNTED, Line, find_zone

AT = date(2026, 11, 26)
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD2 = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
VISA = "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX7408122F96121096ZE184226B<<<<<<"
ZONES = st.sampled_from([TD3, TD2, TD1, VISA])
NOISE = st.text(st.characters(codec="ascii"), max_size=60)


def lines(*texts: str, upside_down: bool = False) -> list[Line]:
    """The texts from the top down, as one sees them who holds the page right or on its head."""
    if upside_down:
        return [Line("1>>07", text, 500, 40.0 * -row, 30) for row, text in enumerate(texts)]
    return [Line(text, "1>>07", 500, 40.0 * row, 30) for row, text in enumerate(texts)]


@given(ZONES, st.booleans(), st.lists(NOISE, max_size=4), st.lists(NOISE, max_size=3), st.randoms())
def test_a_zone_is_found_among_other_text_either_way_up(
    zone: str, upside_down: bool, above: list[str], below: list[str], chance: object
) -> None:
    seen = lines(*above, *zone.split("\n"), *below, upside_down=upside_down)
    chance.shuffle(seen)  # type: ignore[attr-defined]
    found = find_zone(seen, AT)
    assert found is not None
    assert (found.text, found.wrong, found.fillers) == (zone, 0, 0)


@given(ZONES, st.integers(-3, MISCOUNTED), st.data())
def test_fillers_that_were_miscounted_in_the_name_are_made_good(zone: str, added: int, data: st.DataObject) -> None:
    rows = zone.split("\n")
    name = 2 if zone == TD1 else 0
    row = rows[name].rstrip("<")
    fillers = len(rows[name]) - len(row) - added
    rows[name] = row + "<" * fillers
    found = find_zone(lines(*rows, upside_down=data.draw(st.booleans())), AT)
    assert found is not None
    assert (found.text, found.fillers) == (zone, added)


def test_the_check_digits_say_where_a_filler_of_the_lower_line_is_lost() -> None:
    upper, lower = TD3.split("\n")
    found = find_zone(lines(upper, lower.replace("B<<<<<10", "B<<<10")), AT)
    assert found is not None
    assert (found.text, found.wrong) == (TD3, 0)


@given(st.integers(3, 41), st.booleans())
def test_a_line_that_was_broken_in_two_is_put_together(place: int, upside_down: bool) -> None:
    upper, lower = lines(*TD3.split("\n"), upside_down=upside_down)
    text = lower.against if upside_down else lower.along
    side = -1 if upside_down else 1
    pieces = [(text[:place], 300.0), (text[place:], 700.0)]
    made = [
        Line("" if upside_down else part, part if upside_down else "", x * side, lower.y + nudge, 30)
        for (part, x), nudge in zip(pieces, (4.0, -4.0), strict=True)
    ]
    found = find_zone([made[1], upper, made[0]], AT)
    assert found is not None
    assert found.text == TD3


def test_what_cannot_stand_at_its_place_is_read_as_its_like_and_told() -> None:
    upper, lower = TD3.split("\n")
    found = find_zone(lines(upper.replace("UTOERIKSSON", "UT0ER1KSS0N"), lower.replace("7408122F", "74O8IZ2F")), AT)
    assert found is not None
    assert (found.text, found.wrong) == (TD3, 0)
    assert [str(change) for change in found.changes] == [
        "1:5 0 > O", "1:8 1 > I", "1:12 0 > O", "2:16 O > 0", "2:18 I > 1", "2:19 Z > 2",
    ]  # fmt: skip


def test_a_number_is_never_changed_by_its_place() -> None:
    """Letters and digits both stand there: the check digit fails, and what to do is the officer's to say."""
    upper, lower = TD3.split("\n")
    found = find_zone(lines(upper, lower.replace("L898902C3", "L8989O2C3")), AT)
    assert found is not None
    assert (found.zone.number, found.zone.failed, found.changes) == ("L8989O2C3", ("number", "composite"), ())


def test_what_stands_for_a_filler_is_read_as_one() -> None:
    upper, lower = TD3.split("\n")
    found = find_zone(lines(upper.replace("<<ANNA", "«anna"), lower.replace("<", "く")), AT)
    assert found is not None
    assert found.text == TD3


@given(st.lists(st.builds(Line, NOISE, NOISE, st.floats(0, 1e4), st.floats(0, 1e4), st.floats(1, 99)), max_size=90))
def test_any_text_is_a_zone_or_none(seen: list[Line]) -> None:
    found = find_zone(seen, AT)
    assert found is None or len(found.zone.lines) in (2, 3)


def test_text_of_the_length_of_a_zone_is_told_from_one_by_what_does_not_hold() -> None:
    words = "THE BEARER OF THIS PASSPORT MAY PASS FREELY ANYWHERE".replace(" ", "")[:44].ljust(44, "X")
    found = find_zone(lines(words, words, *TD3.split("\n")), AT)
    assert found is not None
    assert found.text == TD3
    alone = find_zone(lines(words, words), AT)
    assert alone is None or alone.wrong > 5


def test_a_page_without_long_lines_holds_none() -> None:
    assert find_zone(lines("PASSPORT", "ERIKSSON", "ANNA MARIA"), AT) is None
    assert find_zone([], AT) is None
