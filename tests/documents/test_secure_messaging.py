"""Sessions with a chip: the worked examples of Doc 9303-11, appendix D, and what no answer may look like."""

import datetime as dt
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.apdu import CardFault, Command, Response
from jiwar.documents.logic.bac import open_bac
from jiwar.documents.logic.chip_access import Password, card_password, typed_password, zone_password
from jiwar.documents.logic.chip_ciphers import FOR_ENCRYPTION, FOR_MAC, Suite
from jiwar.documents.logic.mrz import read_mrz
from jiwar.documents.logic.mrz_layout import check_digit
from jiwar.documents.logic.secure_messaging import Session
from tests.documents.virtual_card import _Session

H = bytes.fromhex
SECRET, COUNTER = H("0036D272F5C350ACAC50C3F572D23600"), 0x887022120C06C226


class Script:
    """A card that knows one conversation, and takes nothing else."""

    def __init__(self, *steps: str) -> None:
        self.steps = [step.replace(" ", "").split(">") for step in steps]

    def transmit(self, apdu: bytes) -> bytes:
        expected, answer = self.steps.pop(0)
        assert apdu.hex().upper() == expected
        return H(answer)

    def reset(self) -> None: ...


def parts(*pieces: str):
    left = [H(piece) for piece in pieces]

    def entropy(size: int) -> bytes:
        piece = left.pop(0)
        assert len(piece) == size
        return piece

    return entropy


def test_basic_access_control_as_in_appendix_d() -> None:
    """D.2 and D.3: keys from the zone, mutual authentication, and the session that D.4 goes on with."""
    card = Script(
        "0084000008 > 4608F91988702212 9000",
        "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28 >"
        "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F 2F2D235D074D7449 9000",
        "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800 > 990290008E08FA855A5D4C50A8ED9000",
    )
    password = typed_password("L898902C", "690806", "940623")
    session = open_bac(card, password, parts("781723860C06C226", "0B795240CB7049B01C19B33E32804F0B"))
    answer = session.open(card.transmit(session.protect(Command(0x00, 0xA4, 0x02, 0x0C, H("011E")))))
    assert answer == Response(b"", 0x9000)
    assert card.steps == []


def test_the_keys_of_appendix_d() -> None:
    """D.2: the parity bits, which nothing reads, are masked."""
    seed = typed_password("L898902C", "690806", "940623").seed
    assert seed == H("239AB9CB282DAF66231DC5A4DF6BFBAE")
    for purpose, key in (
        (FOR_ENCRYPTION, "AB94FDECF2674FDFB9B391F85D7F76F2"),
        (FOR_MAC, "7962D9ECE03D1ACD4C76089DCE131543"),
    ):
        derived = Suite.DES3.derive(seed, purpose)
        assert [byte & 0xFE for byte in derived] == [byte & 0xFE for byte in H(key)]


def test_secure_messaging_as_in_appendix_d() -> None:
    session = Session.of_secret(Suite.DES3, SECRET, COUNTER)
    for command, sent, got, plain in (
        (Command(0, 0xA4, 2, 12, H("011E")), "0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800",
         "990290008E08FA855A5D4C50A8ED9000", ""),
        (Command(0, 0xB0, 0, 0, expected=4), "0CB000000D9701048E08ED6705417E96BA5500",
         "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000", "60145F01"),
        (Command(0, 0xB0, 0, 4, expected=18), "0CB000040D9701128E082EA28A70F3C7B53500",
         "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
         "04303130365F36063034303030305C026175"),
    ):  # fmt: skip
        assert session.protect(command).hex().upper() == sent
        assert session.open(H(got)) == Response(H(plain), 0x9000)


def test_a_long_number_goes_whole_into_the_password() -> None:
    """D.2, the example of a document with a number of more than nine characters."""
    assert typed_password("D23145890734", "340712", "950712").secret.hex() == (
        hashlib.sha1(b"D23145890734934071279507122").hexdigest()
    )


@pytest.mark.parametrize(
    ("lines", "information"),
    [
        (("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<"),
         b"D23145890734934071279507122"),
        (("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8<<902C<3UTO6908061F9406236ZE184226B<<<<<14"),
         b"L8<<902C<" + check_digit("L8<<902C<").encode() + b"69080619406236"),
    ],
)  # fmt: skip
def test_the_password_of_a_printed_zone(lines: tuple[str, ...], information: bytes) -> None:
    """A long number whole; fillers within a short one each for itself."""
    zone = read_mrz("\n".join(lines), dt.date(2026, 11, 26))
    assert zone_password(zone).secret == hashlib.sha1(information).digest()


SUITES = st.sampled_from(Suite)
COMMANDS = st.builds(
    Command, st.sampled_from([0x00, 0x10]), st.sampled_from([0xA4, 0xB0, 0xB1, 0x88]), st.just(0), st.just(0),
    st.binary(max_size=300), st.one_of(st.none(), st.integers(1, 65536)),
)  # fmt: skip


@given(SUITES, st.binary(min_size=16, max_size=16), COMMANDS, st.binary(max_size=600), st.integers(0, 0xFFFF))
def test_what_is_protected_is_opened_by_the_other_side(
    suite: Suite, secret: bytes, command: Command, answer: bytes, status: int
) -> None:
    ours, theirs = Session.of_secret(suite, secret), _Session(suite, secret, 0)
    sent = ours.protect(command)
    extended = len(sent) > 5 and sent[4] == 0
    body = sent[7:-2] if extended else sent[5:-1]
    data, expected = theirs.opened(sent[:4], body) or (None, None)
    assert data == command.data
    assert expected == (command.expected or 0)
    odd = command.ins % 2 == 1
    assert ours.open(theirs.closed(answer, status, odd=odd)) == Response(answer, status)


@given(SUITES, st.binary(min_size=1, max_size=40), st.data())
def test_no_answer_with_one_bit_changed_is_taken(suite: Suite, answer: bytes, data: st.DataObject) -> None:
    ours, theirs = Session.of_secret(suite, SECRET), _Session(suite, SECRET, 1)
    ours.protect(Command(0, 0xB0, 0, 0, expected=40))
    raw = bytearray(theirs.closed(answer, 0x9000, odd=False))
    # The two bytes after the objects are outside of what is authenticated, and are not what is believed.
    place = data.draw(st.integers(0, len(raw) - 3))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(CardFault) as refused:
        ours.open(bytes(raw))
    assert refused.value.code in ("answer_forged", "answer_unprotected")


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "answer_short"),
        ("90", "answer_short"),
        ("9000", "answer_unprotected"),
        ("99029000 9000", "answer_unprotected"),
        ("8E08 0000000000000000 9000", "answer_forged"),
        ("8E08 0000000000000000 99029000 9000", "answer_forged"),
        ("99029000 99029000 8E08 0000000000000000 9000", "answer_forged"),
        ("87850000000001 9000", "answer_forged"),
        ("5F 9000", "answer_forged"),
    ],
)
def test_answers_that_are_none(raw: str, code: str) -> None:
    session = Session.of_secret(Suite.AES128, SECRET)
    with pytest.raises(CardFault) as refused:
        session.open(H(raw.replace(" ", "")))
    assert refused.value.code == code


@pytest.mark.parametrize("suite", Suite)
def test_an_answer_is_not_taken_twice(suite: Suite) -> None:
    ours, theirs = Session.of_secret(suite, SECRET), _Session(suite, SECRET, 1)
    ours.protect(Command(0, 0xB0, 0, 0, expected=4))
    first = theirs.closed(b"once", 0x9000, odd=False)
    assert ours.open(first).data == b"once"
    ours.protect(Command(0, 0xB0, 0, 0, expected=4))
    with pytest.raises(CardFault, match="answer_forged"):
        ours.open(first)


def test_basic_access_control_refuses_what_is_not_its_chip() -> None:
    password = typed_password("L898902C", "690806", "940623")
    entropy = parts("781723860C06C226", "0B795240CB7049B01C19B33E32804F0B")
    echoed = Script(
        "0084000008 > 4608F91988702212 9000",
        "0082000028 72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 28 >"
        "72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2 5F1448EEA8AD90A7 9000",
    )
    with pytest.raises(CardFault, match="answer_forged"):
        open_bac(echoed, password, entropy)
    with pytest.raises(CardFault, match="not_offered"):
        open_bac(echoed, card_password("123456"), entropy)
    with pytest.raises(CardFault, match="status_wrong"):
        open_bac(Script("0084000008 > 6982"), Password(1, password.secret), entropy)
