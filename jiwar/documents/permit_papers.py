"""A permit on paper: A4 or card, in Arabic and French side by side, with its seal as DataMatrix (ISO/IEC 16022).

The paper says what the seal says, field by field, from the seal's own bytes. WeasyPrint sets it and loads nothing but
the fonts of the font package and the barcode that is made here.
"""

import base64
import io
import math
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zxingcpp
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext, gettext_noop
from PIL import Image, ImageOps

from jiwar.documents.barcodes import MODULE_MM, modules
from jiwar.documents.logic import permits as said
from jiwar.documents.logic.seal import read_seal
from jiwar.documents.logic.seal_profiles import Field, read_content
from jiwar.documents.models import Permit
from jiwar.documents.seal_catalogue import profiles
from jiwar.records.words import word

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

LANGUAGES: Final = ("ar", "fr")
FORMS: Final = ("a4", "card")
MODULE: Final = 6
"""Pixels of a module in the barcode's picture."""

_FONTS: Final = Path(str(files("fontpkg_ibm_plex_sans_arabic"))) / "files"
_CSS: Final = Path(__file__).parent / "paper.css"
_OTHER: Final = {"ar": "fr", "fr": "ar"}
_IMAGE = re.compile(rb"/Subtype\s*/Image\b")
_NUMBER = {
    name: re.compile(rb"/" + name + rb"\s+([0-9]+)") for name in (b"Width", b"Height", b"BitsPerComponent", b"Length")
}
_KIND: Final = zxingcpp.BarcodeFormats((zxingcpp.BarcodeFormat.DataMatrix,))
_MOST_SIDE: Final = 4_000
_SKIPPED: Final = {"number", "kind", "photo", "mrz", "family", "crew"}
_HEAD: Final = ("name", "name_arabic")

TITLES: Final = {
    "convoy": gettext_noop("Convoy permit"),
    "crossing": gettext_noop("Border crossing permit"),
    "emergency": gettext_noop("Emergency travel document"),
}
_LABELS: Final = {
    "authority": gettext_noop("Issuing authority"),
    "birth": gettext_noop("Date of birth"),
    "destination": gettext_noop("For one journey to"),
    "given_names": gettext_noop("Given names"),
    "holder": gettext_noop("Holder"),
    "issued": gettext_noop("Issued on"),
    "name_arabic": gettext_noop("Name in Arabic"),
    "nationality": gettext_noop("Nationality"),
    "number": gettext_noop("Number"),
    "photo": gettext_noop("Photograph"),
    "scan": gettext_noop("This seal is signed. Any post verifies it without a network."),
    "sex": gettext_noop("Sex"),
    "signature": gettext_noop("Signature and stamp"),
    "surname": gettext_noop("Surname"),
    "valid_from": gettext_noop("Valid from"),
    "valid_until": gettext_noop("Valid until"),
    "void": gettext_noop("Void if altered. What the seal says counts, not what is printed."),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One text in the first and in the second language of the paper."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Row:
    """A label in both languages and a value; `texts` are its parts, each isolated."""

    label: Said
    texts: tuple[Said, ...]
    name: str


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether this machine has what WeasyPrint needs of it."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def make(permit: Permit, form: str, language: str) -> bytes:
    """The PDF of a permit that is sealed."""
    from weasyprint import HTML

    raw = bytes(permit.seal)
    body = permit.record.body
    seal = read_seal(raw)
    profile = profiles()[said.PROFILES[permit.type]]
    values = read_content(seal, profile).values
    rows = [*_of_holder(body, language)] if permit.type == "emergency" else []
    rows += [
        Row(_words(field.words, language), tuple(_texts(field, values[field.name], language)), field.name)
        for field in profile.fields
        if field.name in values and field.name not in _SKIPPED
    ]
    people = [
        (_words(field.code_words[str(each["role"])], language), {**each, "born": _day(str(each["birth"]))})
        for field in profile.fields
        if field.name in {"family", "crew"}
        for each in _list(values.get(field.name))
    ]
    context = {
        "permit": permit,
        "body": body,
        "form": form,
        "title": _both(TITLES[permit.type], language),
        "kind": _kind(body, language),
        "state": Said(*(word("state", body["issuer"], code) for code in (language, _OTHER[language]))),
        "node": settings.NODE,
        "rows": rows,
        "main": [row for row in rows if row.name in _MAIN],
        "rest": [row for row in rows if row.name not in _MAIN],
        "people": people,
        "labels": {name: _both(text, language) for name, text in _LABELS.items()},
        "issued": _day(seal.header.signed.isoformat()),
        "mrz": said.zone(body).split("\n") if permit.type == "emergency" else [],
        "barcode": base64.b64encode(barcode(raw)).decode(),
        "side": _side(raw, form),
        "pattern": base64.b64encode(_pattern(permit.number).encode()).decode(),
        "photo": _photo(body.get("photo", "")),
        "signer": permit.signer,
        "lang": language,
        "second": _OTHER[language],
        "direction": "rtl" if language == "ar" else "ltr",
    }
    with translation.override(language):
        page = render_to_string("documents/paper.html", context)
    style, fonts = _style()
    made = HTML(string=_isolated(page), url_fetcher=_nothing_else()).write_pdf(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1"
    )
    assert made is not None
    return made


_MAIN: Final = frozenset(
    {"surname", "given_names", "name", "name_arabic", "birth", "sex", "nationality", "identity_number", "operator"}
    | {"valid_from", "valid_until", "destination"}
)


def barcode(raw: bytes) -> bytes:
    """The seal as DataMatrix without its quiet zone, which the paper's white gives: a grey PNG."""
    ink = np.kron(modules(raw), np.ones((MODULE, MODULE), dtype=np.bool_))
    out = io.BytesIO()
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def seal_in(pdf: bytes) -> bytes | None:
    """What the barcode of a PDF says: its own picture, taken out of the file and read. None where none can be read."""
    for picture in pictures(pdf):
        found = zxingcpp.read_barcodes(ImageOps.expand(picture, 4 * MODULE, 255), formats=_KIND)
        if found and found[0].valid:
            return found[0].bytes
    return None


def pictures(pdf: bytes) -> Iterator[Image.Image]:
    """The grey pictures of a PDF that this room made (ISO 32000-1, 8.9.5): Flate data with the predictor of PNG."""
    for found in _IMAGE.finditer(pdf):
        start = pdf.rfind(b" obj", 0, found.start())
        end = pdf.find(b"stream", found.end())
        head = pdf[start:end]
        numbers = {name: _NUMBER[name].search(head) for name in _NUMBER}
        if not all(numbers.values()) or b"/DeviceGray" not in head or b"/FlateDecode" not in head:
            continue
        width, height, depth, length = (int(numbers[name][1]) for name in _NUMBER)  # type: ignore[index]
        if max(width, height) > _MOST_SIDE or depth not in {1, 8}:
            continue
        data = pdf[end + len(b"stream") :].lstrip(b"\r\n")[:length]
        head_of = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
        png = b"\x89PNG\r\n\x1a\n" + b"".join(
            _chunk(*each) for each in ((b"IHDR", head_of), (b"IDAT", data), (b"IEND", b""))
        )
        try:
            yield Image.open(io.BytesIO(png)).convert("L")
        except (OSError, SyntaxError, ValueError):
            continue


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _of_holder(body: Mapping[str, Any], language: str) -> Iterator[Row]:
    """What an emergency travel document prints of its holder beside the zone."""
    holder = body["holder"]
    shown = {
        "surname": holder["surname"],
        "given_names": holder["given_names"],
        "name_arabic": holder["name_arabic"],
        "birth": _day(holder["birth"]),
        "sex": holder["sex"],
    }
    for name, value in shown.items():
        if value:
            yield Row(_both(_LABELS[name], language), (Said(value, ""),), name)
    for name, state in (("nationality", holder["nationality"]), ("destination", body["destination"])):
        yield Row(_both(_LABELS[name], language), (_state(state, language),), name)
    for name in ("valid_from", "valid_until"):
        yield Row(_both(_LABELS[name], language), (Said(_day(body[name]), ""),), name)


def _texts(field: Field, value: Any, language: str) -> Iterator[Said]:
    match field.coding:
        case "words":
            yield from (Said(each, "") for each in value)
        case "seasons":
            yield from (Said(f"{_day_of_year(each['from'])} – {_day_of_year(each['until'])}", "") for each in value)
        case "herd":
            for each in value:
                species = _words(field.code_words[each["species"]], language)
                yield Said(f"{each['count']} {species.first}", species.second)
        case "load":
            yield from (Said(f"{each['heading']}: {each['kilograms']} kg", "") for each in value)
        case "date" | "masked_date":
            yield Said(_day(str(value)), "")
        case "mrz":
            yield Said(str(value).replace("<<", ", ").replace("<", " "), "")
        case _ if field.name == "nationality":
            yield _state(str(value), language)
        case _:
            yield Said(str(value), "")


def _list(value: Any) -> list[Mapping[str, Any]]:
    return value or []


def _kind(body: Mapping[str, Any], language: str) -> Said | None:
    if not body.get("kind"):
        return None
    words = profiles()[said.PROFILES["crossing"]].field("kind").code_words[body["kind"]]
    return _words(words, language)


def _state(code: str, language: str) -> Said:
    return Said(*(word("state", code, each) for each in (language, _OTHER[language])))


def _both(text: str, language: str) -> Said:
    found = []
    for code in (language, _OTHER[language]):
        with translation.override(code):
            found.append(gettext(text))
    return Said(*found)


def _words(words: Mapping[str, str], language: str) -> Said:
    return Said(words[language], words[_OTHER[language]])


def _day(text: str) -> str:
    """Day/month/year; what is not known stays out."""
    parts = [part for part in text.split("-") if part and "X" not in part]
    return "/".join(reversed(parts))


def _day_of_year(text: str) -> str:
    return "/".join(reversed(text.split("-")))


def _side(raw: bytes, form: str) -> float:
    """Side of the barcode in millimetres: modules of 0.5 mm on A4, on a card as a telephone needs them (`barcodes`)."""
    return round(max(modules(raw).shape) * (0.5 if form == "a4" else MODULE_MM), 1)


def _photo(text: str) -> str:
    """The small picture as PNG, whatever it came as; "" where there is none."""
    if not text:
        return ""
    out = io.BytesIO()
    with Image.open(io.BytesIO(bytes.fromhex(text))) as picture:
        picture.convert("RGB").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _pattern(number: str) -> str:
    """Fine waves behind the text, other ones for each number: a copy of another paper shows."""
    seed = zlib.crc32(number.encode())
    lines = []
    for i in range(14):
        rise, length, shift = 6 + (seed >> i) % 7, 60 + (seed >> i + 3) % 50, (seed >> i + 5) % 360
        points = " ".join(
            f"{x},{i * 8 + 4 + rise * math.sin(x * 2 * math.pi / length + shift):.1f}" for x in range(0, 601, 6)
        )
        lines.append(f'<polyline points="{points}"/>')
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 120" width="600" height="120">'
        f'<g fill="none" stroke="#0a5a52" stroke-opacity="0.16" stroke-width="0.6">{"".join(lines)}</g></svg>'
    )


def _isolated(page: str) -> str:
    """As in a brief: characters that isolate (Unicode annex 9), for WeasyPrint knows no `unicode-bidi: isolate`."""
    return (
        re.sub(r'<bdi class="code" dir="ltr">', "\u2066", page).replace("<bdi>", "\u2068").replace("</bdi>", "\u2069")
    )


def _style() -> "tuple[CSS, FontConfiguration]":
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    fonts = FontConfiguration()
    faces = "".join(
        f'@font-face {{ font-family: Plex; font-weight: {weight}; src: url("{(_FONTS / name).as_uri()}") }}\n'
        for weight, name in ((400, "IBMPlexSansArabic-Regular.ttf"), (700, "IBMPlexSansArabic-Bold.ttf"))
    )
    text = faces + _CSS.read_text(encoding="utf-8")
    return CSS(string=text, font_config=fonts, url_fetcher=_nothing_else()), fonts


def _nothing_else() -> Any:
    """Loads the fonts, and pictures that stand in the page itself; nothing else, whatever stands in a record."""
    from weasyprint.urls import URLFetcher

    class Own(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith((f"{_FONTS.as_uri()}/", "data:image/png;base64,", "data:image/svg+xml;base64,")):
                raise ValueError(f"not loaded: {url[:80]}")
            return super().fetch(url, headers)

    return Own(allowed_protocols=["file", "data"])
