"""Files of a chip: the German reference data set, files of our own making, and files that are none."""

import datetime as dt
from pathlib import Path

import pytest

from jiwar.documents.logic import lds_files, tlv
from jiwar.documents.logic.lds import read_group
from jiwar.documents.logic.lds_checking import check_lds
from jiwar.documents.logic.lds_details import Contact, Details, Images
from jiwar.documents.logic.lds_files import Contents, LdsUnreadable, Opaque, Zone, read_com
from jiwar.documents.logic.lds_images import Face, Faces, Finger, Fingers, Irises
from jiwar.documents.logic.lds_security import Mapping, SecurityInfos, read_card_access, read_card_security
from jiwar.documents.logic.mrz import Mrz, read_mrz
from jiwar.documents.logic.report import Check, Result
from jiwar.records.words import words
from tests.documents import made_chips as chips

AT = dt.date(2026, 11, 26)
H = bytes.fromhex


@pytest.fixture(scope="session")
def reference(shared_data: Path) -> Path:
    folder = shared_data / "documents" / "bsi_tr03105_5"
    if not folder.exists():
        pytest.skip("no reference data set")
    return folder


def said(check: Check) -> str:
    """The sentence of a check, in every language: a code without words, or words without their values, raise."""
    texts = [
        text.format(**leaf.detail)
        for leaf in check.walk()
        if leaf.code
        for text in words()["document_check"][leaf.code].values()
    ]
    return "\n".join(texts)


def result(check: Check, name: str) -> tuple[Result, str]:
    found = check.find(name)
    assert found is not None, name
    said(check)
    return found.result, found.code


def printed(*lines: str) -> Mrz:
    return read_mrz("\n".join(lines or chips.LINES), AT)


def test_the_reference_data_set_is_read_whole(reference: Path) -> None:
    files = {name: path.read_bytes() for path in reference.iterdir() if (name := lds_files.name_of(path.name))}
    assert sorted(files) == ["EF.COM", "EF.DG1", "EF.DG14", "EF.DG15", "EF.DG2", "EF.DG3", "EF.DG4", "EF.SOD"]
    assert read_com(files["EF.COM"]) == Contents("0107", "040000", (1, 2, 3, 4, 14))
    zone, faces, fingers, irises = (read_group(number, files[f"EF.DG{number}"]) for number in range(1, 5))
    assert isinstance(zone, Zone)
    assert zone.text.startswith("P<D<<MUSTERMANN<<ERIKA<")
    assert isinstance(faces, Faces)
    assert faces.faces[0].picture == (reference / "Datagroup2_face.img").read_bytes()
    assert (faces.faces[0].kind, faces.faces[0].width, faces.faces[0].height) == ("jpeg2000", 337, 449)
    assert fingers == Fingers((Finger(2, 100, 620, 620, 2, 16389), Finger(7, 100, 620, 620, 2, 15931)))
    assert irises == Irises(2)
    infos = read_group(14, files["EF.DG14"])
    assert isinstance(infos, SecurityInfos)
    assert infos.keys[0].group is not None
    assert infos.keys[0].group.name == "brainpoolP224r1"
    zone_seen = read_mrz(zone.text, AT)
    check = check_lds(files, zone_seen, AT)
    # Its portrait is larger than its header says: told, and no reason to doubt the document.
    assert result(check, "chip.lds.face") == (Result.SUCCESSFUL, "face_header_differs")
    assert (check.find("chip.lds.face") or check).detail == {
        "said": "337 x 449 jpeg2000",
        "found": "413 x 531 jpeg2000",
    }
    assert check.result is Result.SUCCESSFUL


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Datagroup14.bin", "EF.DG14"),
        ("EF_SOD.bin", "EF.SOD"),
        ("a/b/dg01.der", "EF.DG1"),
        ("EF.DG2", "EF.DG2"),
        ("ef.cardaccess", "EF.CardAccess"),
        ("EF_CardSecurity.bin", "EF.CardSecurity"),
        ("DG17.bin", None),
        ("DG0", None),
        ("DG14_pk.bin", None),
        ("face.jp2", None),
    ],
)
def test_names_in_folders(path: str, name: str | None) -> None:
    assert lds_files.name_of(path) == name


def details(tag: int, *parts: tuple[int, bytes]) -> bytes:
    listed = b"".join(number.to_bytes(2, "big") for number, _ in parts if number > 0xFF)
    return tlv.write(tag, tlv.write(0x5C, listed), *(tlv.write(number, value) for number, value in parts))


def test_details_of_holder_and_document() -> None:
    others = tlv.write(0x02, b"\x02") + tlv.write(0x5F0F, b"AMADOU<<H") + tlv.write(0x5F0F, "أمادو".encode())
    holder = details(
        0x6B,
        (0x5F0E, b"AMADOU<<HALIMA\0"),
        (0x5F2B, H("19740812")),
        (0x5F11, "AGADEZ<ZINDER É".encode("latin-1")),
        (0x5F16, b"\xff\xd8"),
        (0xA0, others),
    )
    found = read_group(11, holder)
    assert isinstance(found, Details)
    assert found.values == {"name": "AMADOU<<HALIMA", "birth_date": "1974-08-12", "birth_place": "AGADEZ<ZINDER É"}
    assert found.others == ("AMADOU<<H", "أمادو")
    assert list(found.images) == ["citizenship_proof"]
    document = details(0x6C, (0x5F19, b"NIAMEY"), (0x5F26, b"20200131"), (0x5F55, H("20200131120005")))
    found = read_group(12, document)
    assert isinstance(found, Details)
    assert found.values == {"authority": "NIAMEY", "issued": "2020-01-31", "personalised": "2020-01-31T12:00:05"}


@pytest.mark.parametrize(("raw", "told"), [("19740000", "1974"), ("19740800", "1974-08"), ("20240229", "2024-02-29")])
def test_dates_that_are_known_in_part(raw: str, told: str) -> None:
    found = read_group(11, details(0x6B, (0x5F2B, H(raw))))
    assert isinstance(found, Details)
    assert found.values["birth_date"] == told


def test_the_other_groups() -> None:
    images = tlv.write(0x67, tlv.write(0x02, b"\x01"), tlv.write(0x5F43, b"signature"))
    assert isinstance(read_group(7, images), Images)
    person = tlv.write(0x5F50, H("20200131")) + tlv.write(0x5F51, b"MOUSSA") + tlv.write(0x5F52, b"+227 20")
    people = tlv.write(0x70, tlv.write(0x02, b"\x01"), tlv.write(0xA1, person))
    assert read_group(16, people) == (Contact("2020-01-31", "MOUSSA", "+227 20", ""),)
    assert read_group(13, tlv.write(0x6D, b"12345")) == Opaque(5)
    assert read_group(3, tlv.write(0x63, tlv.write(0x7F61, tlv.write(0x02, b"\0")))) == Fingers(())


def test_a_face_as_iso_39794_has_it() -> None:
    size = tlv.write(0xA7, tlv.write(0x80, b"\x23"), tlv.write(0x81, b"\x2d"))
    flat = tlv.write(0x80, chips.picture()) + tlv.write(0xA1, tlv.write(0xA0, b""), size)
    representation = tlv.write(0x30, tlv.write(0x80, b"\0"), tlv.write(0xA1, tlv.write(0xA0, tlv.write(0xA0, flat))))
    block = tlv.write(0x65, tlv.write(0xA0, b""), tlv.write(0xA1, representation))
    found = read_group(2, chips.biometric(0x75, 0x7F2E, block))
    assert found == Faces((Face(chips.picture(), "", 35, 45, "iso39794-5"),))


def test_what_a_chip_offers() -> None:
    infos = read_card_access(H("31143012060A04007F0007020204020202010202010D"))
    assert [(info.mapping, info.parameter) for info in infos.pace] == [(Mapping.GENERIC, 13)]
    chip = chips.modern(chips.CAM.format(3), 15)
    inside = read_card_security(chip.files["EF.CardSecurity"])
    assert inside.pace[0].mapping is Mapping.CHIP_AUTHENTICATION
    assert inside.keys == read_group(14, chip.files["EF.DG14"]).keys  # type: ignore[union-attr]
    own = tlv.write(0x30, tlv.write_oid(chips.BSI + "4.2"), EXPLICIT_P256, tlv.write_integer(40))
    infos = read_card_access(chips.card_access(chips.pace_info(chips.GENERIC.format(2), 40), own))
    assert infos.pace[0].group is not None
    assert infos.pace[0].group.name == "secp256r1"


EXPLICIT_P256 = tlv.write(
    0x30, tlv.write_oid("1.2.840.10045.2.1"), tlv.write_oid("1.2.840.10045.3.1.7")
)  # fmt: skip

BROKEN = [
    (1, tlv.write(0x61, tlv.write(0x5F1F, b"short")), "lds_value"),
    (1, tlv.write(0x61, tlv.write(0x5F1F, b"a" * 88)), "lds_value"),
    (1, tlv.write(0x75, b""), "lds_tag"),
    (1, tlv.write(0x61), "lds_missing"),
    (1, chips.zone() + b"\0", "lds_structure"),
    (1, chips.zone()[:-1], "lds_structure"),
    (1, tlv.write(0x61, *[tlv.write(0x5F1F, "".join(chips.LINES).encode())] * 2), "lds_value"),
    (1, b"", "lds_structure"),
    (1, b"\x61\x84\xff\xff\xff\xff", "lds_structure"),
    (2, tlv.write(0x75, tlv.write(0x7F61, tlv.write(0x02, b"\x01"))), "lds_value"),
    (2, chips.biometric(0x75, 0x5F2E, b"FAC\x00010\x00" + b"\xff" * 6), "lds_value"),
    (2, chips.biometric(0x75, 0x5F2E), "lds_missing"),
    (2, chips.biometric(0x75, 0x5F2E, *[b""] * 33), "lds_too_long"),
    (3, chips.biometric(0x63, 0x5F2E, b"FIR\x00010\x00" + bytes(24)), "lds_value"),
    (11, details(0x6B, (0x5F2B, b"19741332")), "lds_value"),
    (11, details(0x6B, (0x5F2B, b"\xff" * 4)), "lds_value"),
    (11, tlv.write(0x6B, tlv.write(0x5C, b"\x5f")), "lds_value"),
    (11, tlv.write(0x6B, tlv.write(0x5C, b"\x5f\x0e")), "lds_missing"),
    (11, details(0x6B, (0x5F0E, b"A" * 2001)), "lds_too_long"),
    (12, details(0x6C, (0x5F55, b"yesterday")), "lds_value"),
    (14, tlv.write(0x6E, tlv.write(0x04, b"")), "lds_tag"),
    (14, tlv.write(0x6E, tlv.write(0x31, tlv.write(0x30, tlv.write(0x04)))), "lds_structure"),
    (14, chips.security(*[chips.pace_info(chips.GENERIC.format(2), 13)] * 65), "lds_too_long"),
    (15, tlv.write(0x6F, b"\x04\x00"), "lds_structure"),
    (16, tlv.write(0x70, tlv.write(0x02, b"\x02"), tlv.write(0xA1)), "lds_value"),
    (17, b"", "lds_unknown"),
]


@pytest.mark.parametrize(("number", "raw", "code"), BROKEN)
def test_a_file_that_is_not_what_the_standard_says(number: int, raw: bytes, code: str) -> None:
    with pytest.raises(LdsUnreadable) as refused:
        read_group(number, raw)
    assert refused.value.code == code
    if number in lds_files.TAGS:
        check = check_lds({lds_files.group_name(number): raw}, None)
        assert result(check, f"chip.lds.dg{number}") == (Result.ABORTED, "lds_unreadable")


def test_a_file_that_is_too_long_is_not_looked_into() -> None:
    with pytest.raises(LdsUnreadable, match="lds_too_long"):
        read_group(13, tlv.write(0x6D, bytes(lds_files.MOST_BYTES)))


# Against the page -----------------------------------------------------------------------------------------------------


def test_the_page_and_the_chip_say_the_same() -> None:
    check = check_lds({"EF.DG1": chips.zone()}, printed())
    assert result(check, "chip.lds.zone") == (Result.SUCCESSFUL, "")
    assert check.result is Result.SUCCESSFUL


def test_another_name_on_the_page_is_failed() -> None:
    altered = chips.LINES[0].replace("HALIMA", "FATIMA"), chips.LINES[1]
    check = check_lds({"EF.DG1": chips.zone()}, printed(*altered))
    assert result(check, "chip.lds.zone") == (Result.FAILED, "zone_differs")
    assert (check.find("chip.lds.zone") or check).detail == {"fields": "name"}


def test_a_misread_page_proves_nothing() -> None:
    misread = chips.LINES[0], chips.LINES[1].replace("740812", "748012")
    check = check_lds({"EF.DG1": chips.zone()}, printed(*misread))
    assert result(check, "chip.lds.zone") == (Result.UNDETERMINED, "zone_misread")


def test_no_page_and_a_page_of_another_form() -> None:
    assert result(check_lds({"EF.DG1": chips.zone()}, None), "chip.lds.zone") == (
        Result.UNDETERMINED,
        "zone_not_seen",
    )
    small = printed(
        "I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
    )
    assert result(check_lds({"EF.DG1": chips.zone()}, small), "chip.lds.zone") == (Result.FAILED, "zone_differs")


@pytest.mark.parametrize(
    ("image", "kind", "code", "outcome"),
    [
        (chips.picture(), 1, "", Result.SUCCESSFUL),
        (chips.picture(40, 45), 1, "face_header_differs", Result.SUCCESSFUL),
        (chips.picture(kind="JPEG"), 1, "face_header_differs", Result.SUCCESSFUL),
        (b"no picture", 0, "face_unreadable", Result.ABORTED),
        (b"", 0, "face_unreadable", Result.ABORTED),
    ],
)
def test_the_portraits_header_against_its_codestream(image: bytes, kind: int, code: str, outcome: Result) -> None:
    check = check_lds({"EF.DG2": chips.face(image, 35, 45, kind)}, None)
    assert result(check, "chip.lds.face") == (outcome, code)


def test_a_portrait_of_a_billion_points_is_not_opened() -> None:
    bomb = bytearray(chips.picture(kind="JPEG"))
    at = bomb.index(b"\xff\xc0")
    bomb[at + 5 : at + 9] = b"\x75\x30\x75\x30"
    check = check_lds({"EF.DG2": chips.face(bytes(bomb), 30000, 30000, 0)}, None)
    assert result(check, "chip.lds.face") == (Result.ABORTED, "face_unreadable")


def test_another_date_of_birth_in_full() -> None:
    files = {"EF.DG1": chips.zone(), "EF.DG11": details(0x6B, (0x5F2B, H("19740813")))}
    assert result(check_lds(files, printed(), AT), "chip.lds.birth_date") == (Result.UNDETERMINED, "birth_date_differs")
    files["EF.DG11"] = details(0x6B, (0x5F2B, H("19740812")))
    assert check_lds(files, printed(), AT).find("chip.lds.birth_date") is None


def test_groups_that_were_named_and_not_read() -> None:
    check = check_lds({"EF.COM": chips.contents(1, 2, 14), "EF.DG1": chips.zone()}, printed())
    assert result(check, "chip.lds.com") == (Result.NOT_SUPPORTED, "groups_not_read")
    assert check.result is Result.SUCCESSFUL


def test_a_chip_made_to_offer_less_than_its_state_signed() -> None:
    chip = chips.modern()
    access, signed = chip.files["EF.CardAccess"], chip.files["EF.DG14"]
    name = "chip.lds.card_access"
    whole = {"EF.CardAccess": access, "EF.DG14": signed}
    assert result(check_lds(whole, None), name) == (Result.SUCCESSFUL, "")
    assert result(check_lds({"EF.DG14": signed}, None), name) == (Result.NOT_SUPPORTED, "card_access_not_read")
    weaker = chips.pace_info(chips.GENERIC.format(1), 13)
    other = whole | {"EF.CardAccess": chips.card_access(weaker)}
    assert result(check_lds(other, None), name) == (Result.FAILED, "card_access_differs")
    more = whole | {"EF.CardAccess": chips.card_access(weaker, chips.pace_info(chips.GENERIC.format(2), 13))}
    assert result(check_lds(more, None), name) == (Result.UNDETERMINED, "card_access_unsigned")
    assert result(check_lds({"EF.CardAccess": access}, None), name) == (Result.UNDETERMINED, "card_access_unsigned")
    assert result(check_lds({"EF.CardAccess": b"\x31\x05"}, None), name) == (Result.ABORTED, "lds_unreadable")
