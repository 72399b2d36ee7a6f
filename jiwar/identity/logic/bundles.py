"""What a sitting of the ceremony hands back: a certificate with the public file of the root that signed it."""

from typing import Any

from jiwar.identity.logic import signed
from jiwar.identity.logic.certificates import Certificate, read_certificate
from jiwar.identity.logic.roots import RootFile, read_root

FORMAT, VERSION = "jiwar-certified", 1
MAX_BYTES = 50_000


def write_bundle(root: dict[str, Any], certificate: dict[str, Any]) -> dict[str, Any]:
    """The bundle."""
    return {"format": FORMAT, "v": VERSION, "root": root, "certificate": certificate}


def read_bundle(data: object) -> tuple[RootFile, Certificate]:
    """The root and the certificate that it signed; raises PaperRefused. Whether it is the state's, people know."""
    form = signed.check_form(data, FORMAT, VERSION, ("root", "certificate"))
    root, certificate = read_root(form["root"]), read_certificate(form["certificate"])
    certificate.verify(root.keys)
    return root, certificate
