"""The page of one share, to be printed: HTML that needs nothing else, in the language of the people at the table."""

import datetime as dt
import gettext
from pathlib import Path

import qrcode
from jinja2 import Environment, FileSystemLoader
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage

from jiwar.identity.logic import shares
from jiwar.identity.logic.shares import Share

_ROOM = Path(__file__).parent
_RTL = {"ar"}


def page_of(share: Share, fingerprint: str, on: dt.date, language: str) -> str:
    """The page as HTML. `fingerprint` is the root's; no other page holds this share."""
    text = shares.write(share)
    environment = Environment(
        loader=FileSystemLoader(_ROOM / "templates"), autoescape=True, extensions=["jinja2.ext.i18n"]
    )
    folder = _ROOM.parent / "locale"
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        gettext.translation("django", folder, [language], fallback=True), newstyle=True
    )
    return environment.get_template("identity/share.html").render(
        share=share,
        lines=text.split("\n"),
        code=_code(text),
        fingerprint=fingerprint,
        on=on.isoformat(),
        language=language,
        direction="rtl" if language in _RTL else "ltr",
    )


def _code(text: str) -> str:
    """The share as a QR code (ISO/IEC 18004) in SVG: its 80 symbols in one line."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text.replace(" ", "").replace("\n", ""))
    code.make(fit=True)
    return str(code.make_image(image_factory=SvgPathImage).to_string(encoding="unicode"))
