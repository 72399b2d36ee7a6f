"""A data group of a chip as a typed value (ICAO Doc 9303-10)."""

from collections.abc import Callable
from functools import partial
from typing import Final

from jiwar.documents.logic import lds_details, lds_images, lds_security
from jiwar.documents.logic.lds_details import Contact, Details, Images
from jiwar.documents.logic.lds_files import LdsUnreadable, Opaque, Zone, group_name, read_opaque, read_zone
from jiwar.documents.logic.lds_images import Faces, Fingers, Irises
from jiwar.documents.logic.lds_security import ActiveKey, SecurityInfos

Group = (
    Zone | Faces | Fingers | Irises | Images | Details | SecurityInfos | ActiveKey | tuple[Contact, ...] | Opaque
)  # fmt: skip


def read_group(number: int, data: bytes) -> Group:
    """DG1 to DG16. Raises LdsUnreadable (code, field, detail)."""
    if (read := _READERS.get(number)) is None:
        raise LdsUnreadable("lds_unknown", group_name(number))
    return read(data)


_READERS: Final[dict[int, Callable[[bytes], Group]]] = {
    **{number: partial(read_opaque, number) for number in (6, 8, 9, 10, 13)},
    1: read_zone,
    2: lds_images.read_faces,
    3: lds_images.read_fingers,
    4: lds_images.read_irises,
    5: partial(lds_details.read_images, 5),
    7: partial(lds_details.read_images, 7),
    11: lds_details.read_holder,
    12: lds_details.read_document,
    14: lds_security.read_security,
    15: lds_security.read_active_key,
    16: lds_details.read_contacts,
}
