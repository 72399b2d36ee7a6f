"""What the files of a chip say against each other and against the page (ICAO Doc 9303-10; TR-03135-1, 4.3).

Nothing here is proven: that is passive authentication's. A file that cannot be read is aborted, for a state may have
written it so; only what contradicts the printed zone, or shows that somebody changed what the chip offers, is failed.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Final

from jiwar.documents.logic import lds_files
from jiwar.documents.logic.image_head import ImageUnreadable, read_image_head
from jiwar.documents.logic.lds import Group, read_group
from jiwar.documents.logic.lds_details import Details
from jiwar.documents.logic.lds_files import CARD_ACCESS, COM, LdsUnreadable, Zone
from jiwar.documents.logic.lds_images import Face, Faces
from jiwar.documents.logic.lds_security import SecurityInfos, read_card_access
from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.mrz_layout import LAYOUTS
from jiwar.documents.logic.report import Check, Result, evidence, group

_NO_MATTER: Final = frozenset({"number_check", "birth_date_check", "expiry_check", "optional_check", "composite_check"})


def check_lds(files: Mapping[str, bytes], mrz: Mrz | None, at: dt.date | None = None) -> Check:
    """The check ``chip.lds`` of the files by their names (``EF.COM``, ``EF.DG1``, ...): each group for itself, then
    ``zone`` (DG1 against `mrz`, the printed one), ``face``, ``birth_date`` and ``card_access``.

    `at` decides the century of a date of birth; without it that of DG11 is not compared.
    """
    raw = lds_files.groups(files)
    read: dict[int, Group] = {}
    children = [] if COM not in files else [_contents(files[COM], raw)]
    for number, data in raw.items():
        child, value = _group(number, data)
        children.append(child)
        if value is not None:
            read[number] = value
    zone = read.get(1)
    if isinstance(zone, Zone):
        children.append(_zone(zone, mrz))
    if isinstance(faces := read.get(2), Faces):
        children += [_face(face) for face in faces.faces]
    if isinstance(zone, Zone) and isinstance(holder := read.get(11), Details) and at is not None:
        children += _birth_date(zone, holder, at)
    children += _card_access(files.get(CARD_ACCESS), read.get(14))
    return group("chip.lds", children)


def unreadable(name: str, wrong: LdsUnreadable, data: bytes) -> Check:
    detail: dict[str, str | int] = {"file": wrong.field, "why": wrong.code, **wrong.detail}
    return Check(name, Result.ABORTED, "lds_unreadable", detail, evidence(data))


def _contents(data: bytes, raw: Mapping[int, bytes]) -> Check:
    """EF.COM, and what it names that was not read: nobody signed it, so that this changes no result."""
    try:
        named = lds_files.read_com(data).groups
    except LdsUnreadable as wrong:
        return unreadable("chip.lds.com", wrong, data)
    if missing := [number for number in named if number not in raw]:
        groups = ", ".join(map(str, missing))
        return Check("chip.lds.com", Result.NOT_SUPPORTED, "groups_not_read", {"groups": groups}, evidence(data))
    return Check("chip.lds.com", Result.SUCCESSFUL, evidence=evidence(data))


def _group(number: int, data: bytes) -> tuple[Check, Group | None]:
    name = f"chip.lds.dg{number}"
    try:
        return Check(name, Result.SUCCESSFUL, evidence=evidence(data)), read_group(number, data)
    except LdsUnreadable as wrong:
        return unreadable(name, wrong, data), None


def _zone(zone: Zone, printed: Mrz | None) -> Check:
    """DG1 character by character against the page. A page that was misread proves nothing against the chip."""
    name = "chip.lds.zone"
    if printed is None:
        return Check(name, Result.UNDETERMINED, "zone_not_seen")
    seen = "".join(printed.lines)
    if seen == zone.text:
        return Check(name, Result.SUCCESSFUL)
    fields = LAYOUTS[printed.format].fields
    if len(seen) != len(zone.text):
        differing = ["format"]
    else:
        differing = [field for field, span in fields.items() if seen[span] != zone.text[span]]
    detail = {"fields": ", ".join([field for field in differing if field not in _NO_MATTER] or differing)}
    if printed.failed:
        return Check(name, Result.UNDETERMINED, "zone_misread", detail)
    return Check(name, Result.FAILED, "zone_differs", detail)


def _face(face: Face) -> Check:
    """The portrait's header against its codestream, which counts: a wrong header is told, and fails nothing."""
    name, looked_at = "chip.lds.face", evidence(face.picture)
    try:
        head = read_image_head(face.picture)
    except ImageUnreadable as wrong:
        return Check(name, Result.ABORTED, "face_unreadable", {"why": wrong.code}, looked_at)
    found = f"{head.width} x {head.height} {head.format.value}"
    said = f"{face.width or head.width} x {face.height or head.height} {face.kind or head.format.value}"
    if said != found:
        return Check(name, Result.SUCCESSFUL, "face_header_differs", {"said": said, "found": found}, looked_at)
    return Check(name, Result.SUCCESSFUL, "", {"found": found}, looked_at)


def _birth_date(zone: Zone, holder: Details, at: dt.date) -> list[Check]:
    """The full date of birth of DG11 against that of DG1, as far as both are known."""
    full = holder.values.get("birth_date", "").replace("-", "")
    try:
        short = read_mrz(zone.text, at)
    except MrzUnreadable:
        return []
    printed = "".join(short.lines)[LAYOUTS[short.format].fields["birth_date"]]
    same = all(one in (other, "<") for one, other in zip(printed, full[2:], strict=False))
    if not full or same:
        return []
    detail = {"said": holder.values["birth_date"], "found": printed}
    return [Check("chip.lds.birth_date", Result.UNDETERMINED, "birth_date_differs", detail)]


def _card_access(data: bytes | None, signed: Group | None) -> list[Check]:
    """EF.CardAccess, which anybody could have changed, against DG14, which has the same again (9303-11, 9.2).

    A chip that offers less than DG14 has was made to; what it offers beside that is not proven. Whether a chip without
    the file was opened the old way is `chip_checking`'s to say: a folder may have left it out.
    """
    name = "chip.lds.card_access"
    try:
        offered = set() if data is None else {info.raw for info in read_card_access(data).pace}
    except LdsUnreadable as wrong:
        return [unreadable(name, wrong, data or b"")]
    known = {info.raw for info in signed.pace} if isinstance(signed, SecurityInfos) else set()
    if not offered and not known:
        return []
    if data is None:
        return [Check(name, Result.NOT_SUPPORTED, "card_access_not_read")]
    if known - offered:
        return [Check(name, Result.FAILED, "card_access_differs", evidence=evidence(data))]
    if offered - known:
        return [Check(name, Result.UNDETERMINED, "card_access_unsigned", evidence=evidence(data))]
    return [Check(name, Result.SUCCESSFUL, evidence=evidence(data))]
