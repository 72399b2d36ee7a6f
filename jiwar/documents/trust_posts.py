"""Trust at the posts: each says what it holds, and the national node sends what one that came later lacks."""

import datetime as dt

from django.conf import settings

from jiwar.access.permissions import Permission, Purpose
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.documents import trust_store
from jiwar.documents.models import TrustCrl
from jiwar.documents.trust_kinds import HELD, OFFERED, TRUST, HeldTrust, OfferedCertificate
from jiwar.documents.trust_queries import posts, trusted
from jiwar.documents.trust_reading import offered
from jiwar.exchange.courier import EACH_MINUTE
from jiwar.exchange.routing import catch_up
from jiwar.records.content import Content
from jiwar.records.queries import held
from jiwar.records.services import Record, issue, read_content, terms
from jiwar.wire.faults import Fault, Refused

_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


def keep_posts(_by: Grant, at: dt.datetime) -> None:
    """At a post: say what is trusted, where that changed. At the national node: help who holds nothing."""
    if settings.NODE.role == "post":
        tell(at)
        return
    for post in posts(trust_store.version()):
        # One that holds something is in the stream, in which nothing is lost.
        if not post.certificates:
            catch_up(_BY, TRUST, post.node)


def tell(at: dt.datetime) -> Record | None:
    """Say which trust this post holds; None where that was said before. Four queries where it was not."""
    last = held(HELD.name).filter(node=settings.NODE.code).first()
    version = trust_store.version()
    if version == (last.body["version"] if last is not None else ""):
        return None
    body = HeldTrust(
        version=version,
        certificates=trusted().count(),
        crls=TrustCrl.objects.filter(current=True).count(),
    )
    content = terms(Purpose.BORDER_CHECK, "trust of this state, for its own posts", 360, body, tlp="GREEN")
    return issue(_BY, HELD, read_content(HELD, content, at))


def _hear(record: Record, content: Content) -> None:
    if record.origin != settings.NODE.state:
        raise Refused(Fault("origin_wrong", "origin", record.origin))


def _is_an_authority(record: Record, content: Content) -> None:
    """What a neighbour shows changes nothing by itself; what is no certificate is not taken."""
    assert isinstance(content.body, OfferedCertificate)
    offered(content.body, record.origin)


HELD.projections.append(_hear)
OFFERED.projections.append(_is_an_authority)
EACH_MINUTE.append(keep_posts)
