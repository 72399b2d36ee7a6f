"""Static files that come inside Python packages: fonts. Nothing third-party is committed."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

FONTS = {
    f"fonts/{name}": f"IBMPlexSansArabic-{weight}.ttf"
    for name, weight in (
        ("plex-arabic-regular.ttf", "Regular"),
        ("plex-arabic-medium.ttf", "Medium"),
        ("plex-arabic-bold.ttf", "Bold"),
    )
}


class _Fonts(FileSystemStorage):
    """The font package's folder under our names."""

    def path(self, name: str) -> str:
        return str(Path(self.location) / FONTS[name])


class PackageFinder(BaseFinder):
    """Finds `fonts/plex-arabic-*.ttf` in the installed font package (OFL 1.1)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = _Fonts(Path(str(files("fontpkg_ibm_plex_sans_arabic"))) / "files")

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_: Any) -> str | list[str]:
        found = self.storage.path(path) if path in FONTS else None
        return ([found] if found else []) if find_all else (found or [])

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, Any]]:
        yield from ((name, self.storage) for name in FONTS)
