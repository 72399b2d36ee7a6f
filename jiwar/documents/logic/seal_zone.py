"""The machine readable zone inside a seal: its own check digits, and the zone that is printed beside it.

ICAO Doc 9303-8, appendix A, and 9303-7 for visas, whose seals keep the second line up to the date of expiry's digit.
"""

from collections.abc import Mapping
from datetime import date

from jiwar.documents.logic.mrz import Mrz, MrzUnreadable, read_mrz
from jiwar.documents.logic.mrz_layout import FILLER
from jiwar.documents.logic.report import Check, Result
from jiwar.documents.logic.seal_coding import SealValue

_WHOLE = {"mrz": 0, "mrz_a": 88, "mrz_b": 72, "mrz_td1": 0, "mrz_td2": 0, "mrz_td3": 0}
"""By field, how long the zone is on paper; 0: as long as in the seal."""


def zone_in(values: Mapping[str, SealValue]) -> str:
    """The characters of the zone as the seal keeps them, without line breaks; "" where it has none."""
    return next((str(values[name]) for name in _WHOLE if name in values), "")


def check_zone(values: Mapping[str, SealValue], country: str, at: date) -> list[Check]:
    """``seal.mrz``: the check digits of the zone in the seal; ``seal.issuer``: it names the seal's own state,
    `country`; ``seal.validity``. [] where it has no zone."""
    field = next((name for name in _WHOLE if name in values), "")
    if not field:
        return []
    try:
        zone = read_mrz(str(values[field]).ljust(_WHOLE[field], FILLER), at)
    except MrzUnreadable as unreadable:
        return [Check("seal.mrz", Result.FAILED, "seal_mrz_wrong", {"fields": unreadable.code})]
    if zone.failed:
        return [Check("seal.mrz", Result.FAILED, "seal_mrz_wrong", {"fields": ", ".join(zone.failed)})]
    said = Check("seal.mrz", Result.SUCCESSFUL, "", {"format": zone.format.value})
    return [said, _issuer(zone, country), _validity(zone)]


def check_printed(values: Mapping[str, SealValue], printed: str, at: date) -> list[Check]:
    """``seal.printed``: the zone on the paper is that of the seal, character by character; [] where there is none.

    A printed zone that cannot be read is the business of its own check (`mrz_checking`), and compared with nothing.
    """
    sealed = zone_in(values)
    if not sealed or not printed:
        return []
    try:
        found = "".join(read_mrz(printed, at).lines)
    except MrzUnreadable:
        return [Check("seal.printed", Result.UNDETERMINED, "seal_not_compared")]
    differ = [place for place, (one, other) in enumerate(zip(sealed, found, strict=False), 1) if one != other]
    if differ or len(found) < len(sealed):
        detail = {"position": (differ or [len(found) + 1])[0]}
        return [Check("seal.printed", Result.FAILED, "seal_document_mismatch", detail)]
    return [Check("seal.printed", Result.SUCCESSFUL)]


def _issuer(zone: Mrz, country: str) -> Check:
    """A state may write for another (Doc 9303-13, A.3); one whose key is stolen writes for whomever it likes."""
    detail = {"country": country, "found": zone.issuer}
    if zone.issuer != country:
        return Check("seal.issuer", Result.UNDETERMINED, "seal_zone_of_another_state", detail)
    return Check("seal.issuer", Result.SUCCESSFUL, "", detail)


def _validity(zone: Mrz) -> Check:
    detail = {"date": str(zone.expiry)}
    if zone.expired is None:
        return Check("seal.validity", Result.UNDETERMINED, "mrz_expiry_unknown")
    if zone.expired:
        return Check("seal.validity", Result.FAILED, "document_expired", detail)
    return Check("seal.validity", Result.SUCCESSFUL, "", detail)
