"""Writing seals: what is written is read back, and what would not be is refused before anybody signs."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiwar.documents.logic.seal import read_seal
from jiwar.documents.logic.seal_profiles import LANGUAGES, profile_of, read_content, read_profiles
from jiwar.documents.logic.seal_writing import SealUnwritable, seal_bytes
from jiwar.documents.seal_catalogue import profiles
from tests.documents.seals import CONVOY, HEADER, NOMAD, samples

LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12)
MONTH_DAY = st.dates().map(lambda day: f"{day:%m-%d}")
PERMITS = st.fixed_dictionaries(
    {
        "number": st.text("ABCDEF0123456789", min_size=1, max_size=12),
        "kind": st.sampled_from(["nomad", "border_resident"]),
        "name": st.builds("{}<<{}".format, LETTERS, LETTERS),
        "birth": st.sampled_from(["1974-XX-XX", "1974-05-XX", "19XX-XX-XX", "XXXX-XX-XX", "2001-02-28"]),
        "nationality": st.sampled_from(["NER", "TCD", "LBY"]),
        "valid_from": st.dates().map(str),
        "valid_until": st.dates().map(str),
        "zones": st.lists(LETTERS, min_size=1, max_size=5),
    },
    optional={
        "seasons": st.lists(st.fixed_dictionaries({"from": MONTH_DAY, "until": MONTH_DAY}), min_size=1, max_size=4),
        "herd": st.lists(
            st.fixed_dictionaries({"species": st.sampled_from(["camel", "goat"]), "count": st.integers(0, 65_535)}),
            min_size=1,
            max_size=6,
        ),
        "family": st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["child", "spouse"]), "name": LETTERS, "birth": st.dates().map(str)},
                optional={"number": LETTERS},
            ),
            min_size=1,
            max_size=8,
        ),
        "photo": st.binary(min_size=1, max_size=800).map(bytes.hex),
    },
)


def unsigned(data: bytes) -> bytes:
    return bytes(64)


@given(PERMITS, st.sampled_from([3, 4]))
def test_a_permit_comes_back_as_it_was_written(permit: dict[str, Any], version: int) -> None:
    profile = profiles()["crossing_permit"]
    if version == 3:
        permit.pop("photo", None)
        permit["family"] = permit.get("family", [{"role": "child", "name": "A", "birth": "2001-02-28"}])[:4]
    raw = seal_bytes(profile, permit, replace(HEADER, version=version), unsigned)
    seal = read_seal(raw)
    assert seal.header == replace(
        HEADER, version=version, certificate=HEADER.certificate.rjust(5, "0") if version == 3 else HEADER.certificate,
        reference=0xA1, kind=0x02,
    )  # fmt: skip
    content = read_content(seal, profile)
    assert content.values == permit
    assert content.unknown == ()


def test_a_convoy_comes_back_as_it_was_written() -> None:
    raw = seal_bytes(profiles()["convoy_permit"], CONVOY, HEADER, unsigned)
    assert read_content(read_seal(raw), profiles()["convoy_permit"]).values == CONVOY


def test_every_real_sample_is_written_again_byte_for_byte(shared_data: Path) -> None:
    """All but those whose writer left the order of tags, or further messages, to itself."""
    written = 0
    for sample in samples(shared_data).values():
        if sample.name in {"utoVisa", "rawSeal", "meldebescheinigung", "ankunftsnwPapier"}:
            continue
        seal = read_seal(sample.raw)
        profile = profile_of(profiles(), seal.header.profile)
        assert profile is not None
        values = read_content(seal, profile).values
        assert seal_bytes(profile, values, seal.header, lambda _, seal=seal: seal.signature) == sample.raw, sample.name
        written += 1
    assert written == 13


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"number": None}, "missing", "number"),
        ({"tribe": "X"}, "unknown", "tribe"),
        ({"number": "ne1"}, "bad_value", "number"),
        ({"number": 7}, "bad_value", "number"),
        ({"number": "A" * 13}, "too_long", "number"),
        ({"kind": "tourist"}, "bad_value", "kind"),
        ({"name": "KHATTAR  SALEM"}, "bad_value", "name"),  # read back, it has fillers for blanks
        ({"birth": "1974"}, "bad_value", "birth"),
        ({"birth": "1974-02-30"}, "bad_value", "birth"),
        ({"birth": "19XX-13-01"}, "bad_value", "birth"),
        ({"birth": "1974-XX-32"}, "bad_value", "birth"),
        ({"valid_until": "2027-1X-01"}, "bad_value", "valid_until"),
        ({"zones": []}, "bad_value", "zones"),
        ({"zones": ["NE 1"]}, "bad_value", "zones"),
        ({"zones": ["NE-1"]}, "bad_value", "zones"),
        ({"seasons": [{"from": "02-30", "until": "03-01"}]}, "bad_value", "seasons"),
        ({"seasons": [{"from": "02-20"}]}, "bad_value", "seasons"),
        ({"herd": [{"species": "camel", "count": 65_536}]}, "bad_value", "herd"),
        ({"herd": [{"species": "camel", "count": True}]}, "bad_value", "herd"),
        ({"herd": [{"species": "dragon", "count": 1}]}, "bad_value", "herd"),
        ({"family": [{"role": "child", "birth": "2001-01-01"}]}, "bad_value", "family"),
        (
            {"family": [{"role": "child", "name": "A"}]},
            "bad_value",
            "family",
        ),  # read back, it says that no day is known
        ({"family": [{"role": "child", "name": "A" * 60, "birth": "2001-01-01"}] * 10}, "too_long", "family"),
        ({"photo": "zz"}, "bad_value", "photo"),
        ({"name_arabic": "ا\u202eب"}, "bad_value", "name_arabic"),
    ],
)
def test_what_no_reader_could_read_is_not_signed(change: dict[str, Any], code: str, field: str) -> None:
    values = {name: value for name, value in (NOMAD | change).items() if value is not None}

    def never(data: bytes) -> bytes:
        raise AssertionError

    with pytest.raises(SealUnwritable) as refused:
        seal_bytes(profiles()["crossing_permit"], values, HEADER, never)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (replace(HEADER, country="NIGER"), "country"),
        (replace(HEADER, signer="NE"), "signer"),
        (replace(HEADER, signer="ne01"), "certificate"),
        (replace(HEADER, certificate=""), "certificate"),
        (replace(HEADER, certificate="A" * 65), "certificate"),
        (replace(HEADER, certificate="123456", version=3), "certificate"),
        (replace(HEADER, version=5), "version"),
    ],
)
def test_a_head_that_no_reader_could_read_is_not_signed(header: Any, field: str) -> None:
    with pytest.raises(SealUnwritable) as refused:
        seal_bytes(profiles()["crossing_permit"], NOMAD, header, unsigned)
    assert refused.value.field == field


def test_a_family_of_eight_is_under_600_bytes() -> None:
    """What one DataMatrix of 96 modules holds (ISO/IEC 16022, table 7: 696 codewords)."""
    assert len(NOMAD["family"]) == 8
    assert len(seal_bytes(profiles()["crossing_permit"], NOMAD, HEADER, unsigned)) < 600


CODING = {
    "C40": "c40", "MRZ": "mrz", "MRZ_MRVA": "mrz", "MRZ_MRVB": "mrz", "UTF8_STRING": "utf8", "BYTE": "byte",
    "BYTES": "bytes", "MASKED_DATE": "masked_date", "DATE_STRING": "utf8", "VALIDITY_DATES": "bytes",
}  # fmt: skip


def test_the_profiles_are_those_of_the_tables_that_a_public_reader_has(shared_data: Path) -> None:
    folder = shared_data / "documents" / "vds"
    tables = [
        (profile_of(profiles(), said["documentRef"]), [(one, "minBytes", "maxBytes") for one in said["messages"]])
        for said in json.loads((folder / "VdsDocumentTypes.json").read_text())
    ]
    barcode = json.loads((folder / "IdbMessageTypes.json").read_text())
    tables.append((profiles()["icao_barcode"], [(one, "min_length", "max_length") for one in barcode]))
    assert len(tables) == 16
    for profile, messages in tables:
        assert profile is not None
        fields = {field.tag: field for field in profile.fields}
        assert fields.keys() == {said["tag"] for said, _, _ in messages}, profile.name
        for said, least, most in messages:
            field = fields[said["tag"]]
            assert field.most == said[most], (profile.name, field.name)
            assert field.least <= said[least], (profile.name, field.name)  # real pictures have less than 900 bytes
            # The stay is three bytes with a meaning (Doc 9303-7).
            assert field.coding == ("stay" if field.name == "stay" else CODING[said["coding"]]), field.name


def test_every_profile_and_field_has_words_in_three_languages() -> None:
    for profile in profiles().values():
        said = [profile.words, *(field.words for field in profile.fields)]
        said += [words for field in profile.fields for words in field.code_words.values()]
        for words in said:
            assert set(words) == set(LANGUAGES), (profile.name, words)
            assert all(text.strip() for text in words.values()), (profile.name, words)


@pytest.mark.parametrize(
    "text",
    [
        'x = {reference = "0001"}',
        '[x]\nreference="0001"\nsource="s"\nar="ا"\nfr="f"\nen="e"\n[[x.fields]]\nname="a"\ntag=1\ncoding="no"\nbytes=[1,1]',
    ],
)
def test_a_profile_that_is_none_is_refused(text: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        read_profiles(text)
