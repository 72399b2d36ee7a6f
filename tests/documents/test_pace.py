"""PACE: the worked examples of Doc 9303-11, appendices G.1 (ECDH), G.2 (DH) and I (chip authentication mapping)."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiwar.documents.logic import pace
from jiwar.documents.logic.apdu import CardFault, Command
from jiwar.documents.logic.chip_access import card_password, typed_password
from jiwar.documents.logic.chip_authentication import verify_mapped
from jiwar.documents.logic.chip_groups import CurveGroup, Group, GroupInvalid, standard
from jiwar.documents.logic.chip_transcripts import Mapped
from jiwar.documents.logic.curves import CURVES, Curve
from jiwar.documents.logic.lds_security import ChipKey, read_card_access
from jiwar.documents.logic.pki import SignatureWrong
from tests.documents import made_chips as chips
from tests.documents.test_secure_messaging import Script
from tests.documents.virtual_card import VirtualCard

H = bytes.fromhex
PASSWORD = typed_password("T22000129", "640812", "101031")
CURVE_INFO = read_card_access(H("31143012060A04007F0007020204020202010202010D")).pace[0]
PRIME_INFO = read_card_access(H("31143012060A04007F00070202040102020102020100")).pace[0]
CAM_INFO = read_card_access(H("31143012060A04007F0007020204060202010202010D")).pace[0]
CHIP_MAP = (
    "04824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
    "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C54"
)
CHIP_KEY = (
    "049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
    "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F094"
)
CONVERSATION = (
    "0022C1A40F800A04007F00070202040202830101 > 9000",
    "10860000027C0000 > 7C12801095A3A016522EE98D01E76CB6B98B42C39000",
    (
        "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
        f"544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00 > 7C438241{CHIP_MAP}9000"
    ),
    (
        "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
        f"3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200 > 7C438441{CHIP_KEY}9000"
    ),
    "008600000C7C0A8508C2B0BD78D94BA86600 > 7C0A86083ABB9674BCE93C089000",
)
TERMINAL_KEYS = (
    "7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99",
    "A73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595",
)


def keys(group: Group, *wanted: str):
    """Entropy from which the group makes these private keys."""
    left = [int(number, 16) for number in wanted]

    def entropy(size: int) -> bytes:
        return (left.pop(0) - 1).to_bytes(size, "big")

    return entropy


def test_on_a_curve_as_in_appendix_g_1() -> None:
    card = Script(*CONVERSATION)
    opened = pace.open_pace(card, CURVE_INFO, PASSWORD, keys(standard(13), *TERMINAL_KEYS))
    assert card.steps == []
    assert opened.mapped is None
    # The keys of the session, by what they make of a command: those of G.1, KSenc F5F0..., KSmac FE25...
    expected = pace.Session(
        CURVE_INFO.suite, H("F5F0E35C0D7161EE6724EE513A0D9A7F"), H("FE251C7858B356B24514B3BD5F4297D1")
    )
    command = Command(0x00, 0xA4, 0x04, 0x0C, H("A0000002471001"))
    assert opened.session.protect(command) == expected.protect(command)


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_no_changed_answer_opens_a_session(place: int) -> None:
    """One bit of nonce, mapping key, agreement key or token: the conversation goes another way, or ends."""

    class Changed(VirtualCard):
        pass

    def tamper(count: int, answer: bytes) -> bytes:
        if count == place + 1:
            return answer[:-3] + bytes((answer[-3] ^ 1,)) + answer[-2:]
        return answer

    chip = chips.modern()
    card = Changed(chip, tamper)
    info = read_card_access(chip.files["EF.CardAccess"]).pace[0]
    with pytest.raises(CardFault) as refused:
        pace.open_pace(card, info, chips.PASSWORD, secrets.token_bytes)
    assert refused.value.code in ("password_refused", "key_invalid", "token_wrong")


def test_a_prime_group_as_in_appendix_g_2() -> None:
    """Nonce, mapped generator, shared secret and tokens of the example in the 1,024-bit group."""
    group = standard(0)
    nonce = PRIME_INFO.suite.decrypt(PRIME_INFO.suite.derive(PASSWORD.secret, 3), H("854D8DF5827FA6852D1A4FA701CDDDCA"))
    assert nonce == H("FA5B7E3E49753A0DB9178B7B9BD898C8")
    secret = int("5265030F751F4AD18B08AC565FC7AC952E41618D", 16)
    chip_map = H(
        "78879F57225AA8080D52ED0FC890A4B25336F699AA89A2D3A189654AF70729E623EA5738B26381E4DA19E004706FACE7"
        "B235C2DBF2F38748312F3C98C2DD4882A41947B324AA1259AC22579DB93F7085655AF30889DBB845D9E6783FE42C9F24"
        "49400306254C8AE8EE9DD812A804C0B66E8CAFC14F84D8258950A91B44126EE6"
    )
    mapped = group.mapped(int.from_bytes(nonce, "big"), secret, chip_map)
    assert mapped.public(1) == H(
        "7C9CBFE98F9FBDDA8D143506FA7D9306F4CB17E3C71707AFF5E1C1A12370249684D64EE37AF44B8DBD9D45BF6023919C"
        "BAA027AB97ACC771666C8E98FF483301BFA4872DEDE9034EDFACB70814166B7F360676829B826BEA57291B5AD69FBC84"
        "EF1E779032A305803F74341793E869742D401325B37EE8565FFCDEE618342DC5"
    )
    chip_key = H(
        "075693D9AE941877573E634B6E644F8E60AF17A0076B8B123D9201074D36152BD8B3A213F53820C42ADC79AB5D0AEEC3"
        "AEFB91394DA476BD97B9B14D0A65C1FC71A0E019CB08AF55E1F729005FBA7E3FA5DC41899238A250767A6D46DB974064"
        "386CD456743585F8E5D90CC8B4004B1F6D866C79CE0584E49687FF61BC29AEA1"
    )
    secret = int("89CCD99B0E8D3B1F11E1296DCA68EC53411CF2CA", 16)
    own = mapped.public(secret)
    assert own[:8] == H("907D89E2D425A178")
    shared = mapped.agree(secret, chip_key)
    assert shared[:8] == H("6BABC7B3A72BCD7E")
    suite, name = PRIME_INFO.suite, H("04007F00070202040102")
    mac = suite.derive(shared, 2)
    assert mac == H("805A1D27D45A5116F73C54469462B7D8")
    assert suite.derive(shared, 1) == H("2F7F46ADCC9E7E521B45D192FAFA9126")
    assert pace.token(suite, mac, name, mapped, chip_key) == H("B46DD9BD4D98381F")
    assert pace.token(suite, mac, name, mapped, own) == H("917F37B5C0E6D8D1")


def test_integrated_mapping_on_a_curve_as_in_appendix_h_1() -> None:
    info = read_card_access(H("31143012060A04007F0007020204040202010202010D")).pace[0]
    chip_key = standard(13).encoded(
        pace.pseudo_random(info.suite, H("2923BE84E16CD6AE529049F1F1BBE9EB"), MIXED, standard(13).modulus)
    )
    assert chip_key.public(1) == H(
        "048E82D31559ED0FDE92A4D0498ADD3C23BABA94FB77691E31E90AEA77FB17D427"
        "4C1AE14BD0C3DBAC0C871B7F3608169364437CA30AC243A089D3F266C1E60FAD"
    )
    theirs = chip_key.public(int("107CF58696EF6155053340FD633392BA81909DF7B9706F226F32086C7AFF974A", 16)).hex().upper()
    nonce = info.suite.encrypt(info.suite.derive(PASSWORD.secret, 3), H("2923BE84E16CD6AE529049F1F1BBE9EB")).hex()
    ours = (
        "0489CBA23FFE96AA18D824627C3E934E54A9FD0B87A95D1471DC1C0ABFDCD640D4"
        "6755DE9B7B778280B6BEBD57439ADFEB0E21FD4ED6DF42578C13418A59B34C37"
    )
    mac = H("B01E89E3D9E8719E586B50B4A7506E0B")
    token = pace.token(info.suite, mac, H("04007F00070202040402"), chip_key, H(ours)).hex()
    card = Script(
        "0022C1A40F800A04007F00070202040402830101 > 9000",
        f"10860000027C0000 > 7C128010{nonce}9000",
        "10860000147C1281105DD4CBFC96F5453B130D890A1CDBAE3200 > 7C0282009000",
        f"10860000457C438341{ours}00 > 7C438441{theirs}9000",
        f"008600000C7C0A8508450F02B86F6A090900 > 7C0A8608{token}9000",
    )
    agreement = keys(standard(13), TERMINAL_KEYS[1])
    mixing = iter([MIXED])
    opened = pace.open_pace(card, info, PASSWORD, lambda size: next(mixing, None) or agreement(size))
    expected = pace.Session(info.suite, H("0D3FEB33251A6370893D62AE8DAAF51B"), mac)
    command = Command(0x00, 0xA4, 0x04, 0x0C, H("A0000002471001"))
    assert opened.session.protect(command) == expected.protect(command)


def test_integrated_mapping_modulo_a_prime_as_in_appendix_h_2() -> None:
    suite, group = PRIME_INFO.suite, standard(0)
    nonce, other = H("FA5B7E3E49753A0DB9178B7B9BD898C8"), H("B3A6DB3C870C3E99245E0D1C06B747DE")
    mapped = group.encoded(pace.pseudo_random(suite, nonce, other, group.modulus))
    assert mapped.public(1) == H(
        "1D7D767F11E333BCD6DBAEF40E799E7A926B96973550656FF3C830726D118D61C276CDCC61D475CF03A98E0C0E79CAEB"
        "A5BE25578BD4551D0B10903236F0B0F976852FA78EEA14EA0ACA87D1E91F688FE0DFF897BBE35A472621D343564B262F"
        "34223AE8FC59B664BFEDFA2BFE7516CA5510A6BBB633D517EC25D4E0BBAA16C2"
    )


@pytest.mark.parametrize("number", [8, 9, 11, 12, 13, 14, 15, 16, 17, 18])
def test_every_number_gives_a_point_of_the_curve(number: int) -> None:
    group = standard(number)
    for value in (2, 3, 12345, group.modulus - 2, secrets.randbelow(group.modulus)):
        group.check(group.encoded(value).public(1))
    for useless in (0, 1, group.modulus - 1):
        with pytest.raises(GroupInvalid, match="key_invalid"):
            group.encoded(useless)
    with pytest.raises(GroupInvalid, match="group_unknown"):
        standard(10).encoded(5)  # the prime of P-224 is 1 modulo 4


MIXED = H("5DD4CBFC96F5453B130D890A1CDBAE32")
STATIC = H(
    "041872709494399E7470A6431BE25E83EEE24FEA568C2ED28DB48E05DB3A610DC8"
    "84D256A40E35EFCB59BF6753D3A489D28C7A4D973C2DA138A6E7A4A08F68E16F"
)
MAPPED = H(
    "04A234236AA9B9621E8EFB73B5245C0E09D2576E5277183C1208BDD55280CAE8B3"
    "04F365713A356E65A451E165ECC9AC0AC46E3771342C8FE5AEDD092685338E23"
)


def test_chip_authentication_mapping_as_in_appendix_i() -> None:
    encryption = H("0A9DA4DB03BDDE39FC5202BC44B2E89E")
    enciphered = H("1EEA964DAAE372AC990E3EFDE6333353BFC89A6704D93DA8798CF77F5B7A54BD10CBA372B42BE0B9B5F28AA8DE2F4F92")
    data = pace._chip_data(CAM_INFO.suite, encryption, enciphered)
    assert data == H("85DC3FA93D0952BFA82F5FD189EE75BD82F11D1F0B8ED4BF5319AC9B53C426B3")
    other = ChipKey(2, standard(13), H(CHIP_MAP), "", b"")
    known = ChipKey(1, standard(13), STATIC, "", b"")
    assert verify_mapped([other, known], standard(13), Mapped(13, MAPPED, data)) is known
    for keys_, transcript in (
        ([other], Mapped(13, MAPPED, data)),
        ([], Mapped(13, MAPPED, data)),
        ([known], Mapped(13, H(CHIP_MAP), data)),
        ([known], Mapped(13, MAPPED, data[:-1] + b"\0")),
        ([known], Mapped(13, MAPPED, b"")),
        ([ChipKey(1, standard(12), STATIC, "", b"")], Mapped(13, MAPPED, data)),
    ):
        with pytest.raises(SignatureWrong):
            verify_mapped(keys_, standard(13), transcript)


@pytest.mark.parametrize("number", [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18])
def test_two_sides_agree_on_every_curve(number: int) -> None:
    group = standard(number)
    assert isinstance(group, CurveGroup)
    assert group.curve.multiply(group.curve.n, group.curve.g) is None
    ours, theirs = (group.secret(secrets.token_bytes) for _ in range(2))
    shared = group.agree(ours, group.public(theirs))
    assert shared == group.agree(theirs, group.public(ours))
    assert len(shared) == group.curve.size


@pytest.mark.parametrize("number", [0, 1, 2])
def test_two_sides_agree_modulo_every_prime(number: int) -> None:
    group = standard(number)
    ours, theirs = (group.secret(secrets.token_bytes) for _ in range(2))
    assert group.agree(ours, group.public(theirs)) == group.agree(theirs, group.public(ours))
    size = len(group.public(1))
    for useless in (0, 1):
        with pytest.raises(GroupInvalid):
            group.agree(ours, useless.to_bytes(size, "big"))
    with pytest.raises(GroupInvalid):
        group.agree(ours, (2).to_bytes(size, "big"))  # of another subgroup
    with pytest.raises(GroupInvalid):
        group.agree(ours, bytes(size + 1))


def test_points_that_are_none_are_refused() -> None:
    group = standard(13)
    good = group.public(7)
    for bad in (b"", b"\x04", good[:-1], good[:-1] + bytes((good[-1] ^ 1,)), b"\x02" + good[1:33], b"\x00"):
        with pytest.raises(GroupInvalid, match="key_invalid"):
            group.agree(5, bad)
    with pytest.raises(GroupInvalid, match="group_unknown"):
        standard(19)


def test_the_best_way_is_chosen_and_none_where_none_is_known() -> None:
    infos = read_card_access(
        chips.card_access(
            chips.pace_info(chips.GENERIC.format(2), 13),
            chips.pace_info(chips.GENERIC.format(4), 18),
            chips.pace_info(chips.BSI + "4.4.4", 18),  # integrated mapping
            chips.pace_info(chips.BSI + "4.5.4", 18),  # a mapping of the future
            chips.pace_info(chips.GENERIC.format(4), 99),
        )
    ).pace
    chosen = pace.best(infos)
    assert chosen is not None
    assert (chosen.protocol, chosen.parameter) == (chips.GENERIC.format(4), 18)
    integrated = [info for info in infos if info.mapping == "integrated"]
    assert pace.best(integrated) == integrated[0]
    assert pace.best([info for info in infos if info.mapping is None]) is None
    assert pace.best([info for info in infos if info.group is None]) is None


def test_the_card_number_opens_too_and_a_wrong_one_does_not() -> None:
    chip = chips.modern()
    info = read_card_access(chip.files["EF.CardAccess"]).pace[0]
    pace.open_pace(VirtualCard(chip), info, card_password(chips.CAN), secrets.token_bytes)
    with pytest.raises(CardFault, match="password_refused"):
        pace.open_pace(VirtualCard(chip), info, card_password("654321"), secrets.token_bytes)


@given(st.sampled_from(CURVES), st.integers(0, 2**64), st.integers(0, 2**64), st.integers(-9, 9))
@settings(max_examples=40)
def test_multiplying_is_adding_again_and_again(curve: Curve, one: int, other: int, near: int) -> None:
    """Sums of multiples, and multiples beside the order, against addition point by point."""
    point = curve.multiply(other + 2, curve.g)
    assert point is not None
    assert curve.combine((one, curve.g), (other, point)) == curve.multiply(one + other * (other + 2), curve.g)
    slow = None
    for _ in range(abs(near)):
        slow = curve.add(slow, curve.g)
    if near < 0 and slow is not None:
        slow = (slow[0], curve.p - slow[1])
    assert curve.multiply(curve.n + near, curve.g) == slow
    assert curve.combine((one + 1, curve.g), (curve.n - one - 1, curve.g)) is None
