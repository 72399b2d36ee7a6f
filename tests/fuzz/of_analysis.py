"""Briefs: the signature that a PDF carries."""

from jiwar.analysis.logic.signed_pdf import BriefInvalid, verify
from tests.analysis.test_signed_pdf import PDF, signed
from tests.fuzz.target import storable, target


@target("jiwar.analysis.logic.signed_pdf", corpus=lambda: [PDF, signed(), signed(signed())])
def signed_brief(data: bytes) -> None:
    """A brief as somebody hands it on."""
    try:
        said = verify(data)
    except BriefInvalid:
        return
    storable(said)
