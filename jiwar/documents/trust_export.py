"""What is trusted here as a file, for the authority to sign as this state's master list."""

import base64
import textwrap

from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.documents.trust_queries import trusted


def bundle(by: Grant, *, bilateral: bool = False) -> bytes:
    """Every authority that is trusted and within its time, in PEM (RFC 7468), by state.

    `bilateral`: only those for which two persons here vouch, not those of other states' lists.
    """
    by.check(Permission.DOCUMENTS_TRUST_IMPORT)
    now = timezone.now()
    rows = trusted("anchor").filter(not_before__lte=now, not_after__gt=now)
    if bilateral:
        rows = rows.filter(sources__until=None, sources__role="anchor", sources__source__startswith="bilateral:")
    blocks = []
    for row in rows.order_by("country", "fingerprint"):
        text = "\n".join(textwrap.wrap(base64.b64encode(bytes(row.der)).decode(), 64))
        blocks.append(
            f"{row.country} {row.fingerprint}\n-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
        )
    with transaction.atomic():
        append("trust_list_exported", by, "", {"certificates": len(blocks), "bilateral": bilateral})
    return "".join(blocks).encode()
