"""The pages of trust as a person meets them: who may, what is refused and how it is said, and at what price."""

import base64
import dataclasses
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.documents import trust, trust_queries
from jiwar.documents.models import TrustFile, TrustSource
from jiwar.identity.models import Person
from tests.console import client_of, text
from tests.documents.trust.authorities import START, Authority
from tests.documents.trust.conftest import Granting, Vouching

HERE = "/documents/trust/"


@pytest.fixture
def amal(staff: dict[str, Person], settings: Any) -> Client:
    settings.NODE = dataclasses.replace(settings.NODE, require_second_factor=False)
    return client_of(staff["amal"])


def sent(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("niger.cer", data)


def test_what_lacks_is_named_at_its_field_and_nothing_is_kept(amal: Client) -> None:
    page = amal.post(f"{HERE}vouch/", {"file": sent(Authority.make("NE").der), "role": "anchor", "reason": "x"})
    assert page.status_code == 422
    said = text(page)
    assert "How it came" in said
    assert "How its fingerprint was compared" in said
    page = amal.post(f"{HERE}read/", {"reason": "x"})
    assert (page.status_code, "File" in text(page)) == (422, True)


@pytest.mark.parametrize("role", ["", "king", "anchor "])
def test_a_role_that_is_none_is_refused(amal: Client, role: str) -> None:
    page = amal.post(f"{HERE}vouch/", {"file": sent(Authority.make("NE").der), "role": role})
    assert page.status_code == 422
    assert not trust_queries.open_drafts().exists()


def test_a_refused_file_says_why(amal: Client) -> None:
    page = amal.post(f"{HERE}read/", {"file": sent(b"nothing"), "reason": "test"})
    assert page.status_code == 422
    assert "neither a master list" in text(page)
    assert not TrustFile.objects.exists()


def test_the_end_of_a_trust_is_proposed_on_the_page_and_decided_by_the_other(
    amal: Client, vouch: Vouching, staff: dict[str, Person]
) -> None:
    niger = Authority.make("NE")
    vouch(niger.der)
    address = f"{HERE}certificates/{niger.fingerprint}/"
    source = TrustSource.objects.get()
    for wrong in ("", "x", "999999", "1" * 40):
        assert amal.post(address, {"source": wrong, "reason": "x"}).status_code == 422
    assert amal.post(address, {"source": source.pk, "reason": ""}).status_code == 422
    page = amal.post(address, {"source": source.pk, "reason": "Its key was stolen"}, follow=True)
    assert "End of a trust" in text(page)
    assert "Approve and sign" not in text(page)
    salem = client_of(staff["salem"])
    here = page.redirect_chain[-1][0]
    assert salem.post(here, {"act": "dance"}).status_code == 422
    draft = trust_queries.open_drafts().exclude(state="draft").get()
    assert salem.post(here, {"act": "return", "reasons": ""}).status_code == 422
    done = salem.post(here, {"act": "approve", "seen": draft.content_hash}, follow=True)
    assert "Approved and signed" in text(done)
    assert "no longer trusted" in text(amal.get(f"{HERE}states/NE/"))


def test_what_waits_stands_on_the_approvers_home_page(amal: Client, grant: Granting, staff: dict[str, Person]) -> None:
    by = grant(P.DOCUMENTS_TRUST_IMPORT)
    said = {"handed": "in_person", "checked": "by telephone", "reason": "Visit"}
    trust.submit_change(by, trust.draft_certificate(by, Authority.make("NE").der, **said).pk)
    assert "changes of trust" in text(client_of(staff["salem"]).get("/"))
    assert "changes of trust" not in text(amal.get("/"))


def test_who_vouches_sees_at_home_which_state_must_be_asked_for_its_next(amal: Client, vouch: Vouching) -> None:
    soon = (timezone.now() - START).days + 100
    for country, days in (("NE", soon), ("TN", soon + 900), ("FR", soon)):
        vouch(Authority.make(country, days / 365).der)
    vouch(Authority.make("TN", soon / 365).der)
    said = text(amal.get("/"))
    assert "1 states of the Plan whose documents can soon no longer be proven" in said
    assert "certificates that neighbours" not in said


def test_an_officer_reads_and_changes_nothing(amal: Client, staff: dict[str, Person], vouch: Vouching) -> None:
    niger = Authority.make("NE")
    vouch(niger.der)
    mariama = client_of(staff["mariama"])
    for path in ("", "states/NE/", f"certificates/{niger.fingerprint}/", "files/", "own/"):
        page = mariama.get(HERE + path)
        assert page.status_code == 200, path
        assert '<input type="file"' not in page.content.decode(), path
    for path in ("read/", "vouch/", "export/"):
        assert mariama.post(HERE + path).status_code == 403, path
    file = mariama.get(f"{HERE}certificates/{niger.fingerprint}/file")
    assert file.content == niger.der


@pytest.mark.parametrize(
    "path", ["states/ne/", "states/NER/", "states/N1/", "certificates/00/", "certificates/00/file", "drafts/x/",
             "vouch/?offer=x", "vouch/?offer=00000000-0000-0000-0000-000000000000"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(amal: Client, path: str) -> None:
    assert amal.get(HERE + path).status_code == 404


def test_the_page_costs_the_same_for_three_states_and_for_one(
    amal: Client, vouch: Vouching, django_assert_max_num_queries: Any
) -> None:
    for country in ("NE", "TN", "FR"):
        vouch(Authority.make(country).der)
    amal.get(HERE)
    with django_assert_max_num_queries(26):
        amal.get(HERE)


def test_a_file_that_was_read_in_tells_what_was_not_taken(amal: Client, vouch: Vouching) -> None:
    niger, chad = Authority.make("NE"), Authority.make("TD")
    vouch(niger.der)
    both = b"".join(
        b"-----BEGIN X509 CRL-----\n" + base64.b64encode(each.crl(START)) + b"\n-----END X509 CRL-----\n"
        for each in (niger, chad)
    )
    page = amal.post(f"{HERE}read/", {"file": sent(both), "reason": "by hand"}, follow=True)
    assert page.status_code == 200
    assert "no authority of which is trusted here: TD" in text(page)
    assert "niger.cer" in text(amal.get(f"{HERE}files/"))
