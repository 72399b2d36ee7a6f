"""A nomad's permit, from the office that seals it to the post that refuses it, with real nodes and a real paper.

Libya issues it and prints it; at Niger's post of Madama, which hears nobody since yesterday, it is photographed, read
and verified; Libya revokes it, the list of revoked seals arrives, and the same photograph is refused.
"""

import base64
import json
import time
from typing import Any

import numpy as np
import pytest

from jiwar.documents import permit_papers
from tests.documents.paper import Shot, photographed, printed
from tests.journeys.conftest import Nodes

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.timeout(420)]

ISSUE = """
import base64, json
from django.conf import settings
from django.utils import timezone
from jiwar.access.permissions import Permission as P
from jiwar.documents import permits, revoked_seals, signer
from jiwar.identity.queries import person
from tests.documents.issuing import Office, crossing, with_signer
authority = with_signer(settings.KEYS)
office = Office(person("amal"), person("salem"))
revoked_seals.keep_list(office.by(P.DOCUMENTS_PERMIT_APPROVE), timezone.now())
office.blanks("crossing", "CP000001", "CP000100")
permit = office.issued(crossing("CP000001", timezone.localdate()))
made = permits.print_permit(office.by(P.DOCUMENTS_PERMIT_READ), permit.uid, "a4", "ar")
from jiwar.documents.logic.seal_signers import der
said = {"authority": der(authority), "signer": signer.current().der, "seal": bytes(permit.seal), "pdf": made.pdf}
print(json.dumps({"uid": str(permit.uid)} | {name: base64.b64encode(data).decode() for name, data in said.items()}))
"""
VOUCH = """
import base64
from jiwar.access.permissions import Permission as P, Purpose
from jiwar.access.policy import allow
from jiwar.access.services import actor_of_person
from jiwar.documents import trust
from jiwar.identity.queries import person
moussa, aissata = (
    allow(actor_of_person(person(name)), permission, Purpose.BORDER_CHECK)
    for name, permission in (("moussa", P.DOCUMENTS_TRUST_IMPORT), ("aissata", P.DOCUMENTS_TRUST_APPROVE))
)
for role, data in (("anchor", {authority!r}), ("signer", {signer!r})):
    draft = trust.draft_certificate(
        moussa, base64.b64decode(data), role=role, handed="diplomatic", checked="read aloud", reason="Note 114",
    )
    trust.submit_change(moussa, draft.pk)
    draft.refresh_from_db()
    trust.approve_change(aissata, draft.pk, draft.content_hash)
"""
CHECK = """
import datetime as dt, json, pathlib
from django.utils import timezone
from jiwar.documents import checks
from jiwar.documents.check_files import of_paths, read_files
at = timezone.now() + dt.timedelta(days={days})
checked = checks.report_on(read_files(of_paths([pathlib.Path({photo!r})]), at.date()), at)
leaves = {{each.id: [each.result, each.code] for each in checked.report.root.walk() if not each.children}}
print(json.dumps({{"colour": checked.verdict.colour, "code": checked.verdict.code, "leaves": leaves}}))
"""
HELD = """
from jiwar.documents import revoked_seals, trust_store
print(len(trust_store.current().signers), revoked_seals.of_states().get("LBY", 0), bool(revoked_seals.lists_of("LBY")))
"""
REVOKE = """
from jiwar.access.permissions import Permission as P
from jiwar.documents import permits
from jiwar.identity.queries import person
from tests.documents.issuing import Office
permits.revoke_permit(Office(person("amal"), person("salem")).by(P.DOCUMENTS_PERMIT_REVOKE), "{uid}", "stolen")
"""


@pytest.mark.skipif(not permit_papers.is_available(), reason="no Pango on this machine (`make test` installs it)")
def test_a_nomads_permit_holds_at_a_post_without_a_link_and_is_refused_once_it_is_revoked(
    nodes: Nodes, tmp_path: Any
) -> None:
    issued = json.loads(nodes.python("LBY", ISSUE))
    nodes.python("NER", VOUCH.format(**issued))
    until(nodes, "1 0 True")

    # The paper: the barcode of the file itself, printed with five dots a module, in a hand that shakes.
    [picture] = permit_papers.pictures(base64.b64decode(issued["pdf"]))
    side = permit_papers.MODULE
    modules = np.asarray(picture)[side // 2 :: side, side // 2 :: side]
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photographed(printed(modules, 5), Shot(degrees=17, tilt=0.04, blur=0.1)))

    # Niger's national node is down: the post hears nobody, today and tomorrow.
    nodes["NER"].stop()
    for days in (0, 1):
        found = json.loads(nodes.python("NER-MADAMA", CHECK.format(photo=str(photo), days=days)))
        assert (found["colour"], found["code"]) == ("green", "document_proven"), found
        assert found["leaves"]["seal.revocation"][0] == "successful"

    nodes.python("LBY", REVOKE.format(**issued))
    again = json.loads(nodes.python("NER-MADAMA", CHECK.format(photo=str(photo), days=0)))
    assert again["leaves"]["seal.revocation"][0] == "successful"  # nobody told it yet
    nodes["NER"].start()
    until(nodes, "1 1 True")
    refused = json.loads(nodes.python("NER-MADAMA", CHECK.format(photo=str(photo), days=0)))
    assert (refused["colour"], refused["code"]) == ("red", "seal_revoked")


def until(nodes: Nodes, held: str, seconds: float = 60) -> None:
    started = time.monotonic()
    while (now := nodes.python("NER-MADAMA", HELD)) != held:
        assert time.monotonic() - started < seconds, now
        time.sleep(0.3)
