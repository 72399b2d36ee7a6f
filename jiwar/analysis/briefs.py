"""A signed brief on a subject, as PDF/UA: what the dossier says, with its sources, for whoever reads it on paper.

WeasyPrint sets it; it needs Pango and HarfBuzz of the system, and loads nothing but the fonts of the font package.
Nothing of it is kept here but the leaf of its making, with both hashes.
"""

import datetime as dt
import hashlib
import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.analysis.charts import Row as LinkRow
from jiwar.analysis.charts import links_for
from jiwar.analysis.dossiers import Dossier, check, read
from jiwar.analysis.logic.signed_pdf import sign
from jiwar.audit.services import append
from jiwar.identity.keys import ring
from jiwar.identity.queries import full_names
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.ids import uuid7
from jiwar.wire.strict_json import canonical

if TYPE_CHECKING:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

LANGUAGES: Final = ("ar", "fr", "en")
_STRICT: Final = ("CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
_FONTS: Final = Path(str(files("fontpkg_ibm_plex_sans_arabic"))) / "files"
_CSS: Final = Path(__file__).parent / "brief.css"


@dataclass(frozen=True, slots=True)
class Brief:
    """A signed PDF; `content` is the hash on its pages, `sha256` that of the whole file."""

    id: UUID
    pdf: bytes
    content: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Names nobody."""
        return f"brief-{self.id}.pdf"


def make_brief(by: Grant, uid: UUID, language: str) -> Brief | None:
    """The brief on the subject of a record; None where the reader may know of none, or nothing of it is in force.

    Raises AccessRefused, or Refused: case_missing, not_in_list (language), pdf_unavailable.
    """
    check(by, Permission.ANALYSIS_BRIEF_MAKE)
    if language not in LANGUAGES:
        raise Refused(Fault("not_in_list", "language"))
    if not is_available():
        raise Refused(Fault("pdf_unavailable"))
    dossier = read(by, uid)
    if dossier is None or not dossier.facts:
        return None
    at = timezone.now()
    number = uuid7(at)
    with translation.override(language):
        links = links_for(by, uid)
        content = hashlib.sha256(canonical(_plain(dossier, links, number, at, by))).hexdigest()
        page = render_to_string("analysis/brief.html", _context(by, dossier, links, number, at, content, language))
    unsigned = _pdf(_isolated(page))
    key = ring(settings.KEYS).signing[0].private
    pdf = sign(unsigned, node=settings.NODE.code, brief=str(number), made_at=at, content=content, key=key)
    brief = Brief(number, pdf, content, hashlib.sha256(pdf).hexdigest())
    with transaction.atomic():
        detail = {"subject": str(uid), "sha256": brief.sha256, "content": content, "language": language}
        detail["records"] = [source.uid for source in dossier.sources]  # type: ignore[assignment]
        append("brief_made", by, str(number), detail)
    return brief


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether this machine has what WeasyPrint needs of it."""
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        return False
    return True


def strictest(dossier: Dossier) -> str:
    """The TLP of the whole: that of its strictest source."""
    return max((source.tlp for source in dossier.sources), key=_STRICT.index)


def _context(
    by: Grant, dossier: Dossier, links: tuple[LinkRow, ...], number: UUID, at: dt.datetime, content: str, language: str
) -> dict[str, Any]:
    return {
        "dossier": dossier,
        "by_number": {source.number: source for source in dossier.sources},
        "links": links,
        "number": number,
        "at": at,
        "content": content,
        "tlp": strictest(dossier),
        "closed": [source for source in dossier.sources if not source.may_be_passed_on],
        "made_by": full_names([by.actor_id]).get(by.actor_id, by.actor_id),
        "made_for": by,
        "node": settings.NODE,
        "lang": language,
        "direction": "rtl" if language == "ar" else "ltr",
    }


def _plain(dossier: Dossier, links: tuple[LinkRow, ...], number: UUID, at: dt.datetime, by: Grant) -> dict[str, Any]:
    """Everything that a brief says, as plain JSON: what its hash is of."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(name): plain(part) for name, part in value.items()}
        if isinstance(value, list | tuple):
            return [plain(part) for part in value]
        return value if isinstance(value, bool | int | str) or value is None else str(value)

    return {
        "brief": str(number),
        "made_at": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "node": settings.NODE.code,
        "by": by.actor_id,
        "purpose": str(by.purpose),
        "case": by.case,
        "dossier": plain(asdict(dossier)),
        "links": plain([asdict(row) for row in links]),
    }


def _isolated(page: str) -> str:
    """The page with characters that isolate (Unicode annex 9) in place of elements: WeasyPrint sets each element by
    itself and knows no `unicode-bidi: isolate`."""
    page = re.sub(r"</?time[^>]*>", "", page)
    return (
        re.sub(r'<bdi class="code" dir="ltr">', "\u2066", page).replace("<bdi>", "\u2068").replace("</bdi>", "\u2069")
    )


def _pdf(page: str) -> bytes:
    from weasyprint import HTML

    style, fonts = _style()
    made = HTML(string=page, url_fetcher=_nothing_else()).write_pdf(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1"
    )
    assert made is not None
    return made


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
    """Loads the fonts and nothing else, whatever stands in a record."""
    from weasyprint.urls import URLFetcher

    class Fonts(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if not url.startswith(f"{_FONTS.as_uri()}/"):
                raise ValueError(f"not loaded: {url[:80]}")
            return super().fetch(url, headers)

    return Fonts(allowed_protocols=["file"])
