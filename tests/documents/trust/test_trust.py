"""Trust as signed changes: two people vouch, lists are read in under a pinned root, posts follow, nobody else does."""

import datetime as dt
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.utils import timezone

from jiwar.access.permissions import Permission as P
from jiwar.access.policy import AccessRefused
from jiwar.audit.queries import leaves
from jiwar.documents import trust, trust_queries, trust_store
from jiwar.documents.models import TrustCertificate, TrustCrl, TrustSource
from jiwar.identity.models import RoleGrant
from jiwar.records.models import Record
from jiwar.wire.faults import Refused
from tests.documents.trust.authorities import START, Authority
from tests.documents.trust.conftest import Granting, Vouching

IMPORT, APPROVE, READ = P.DOCUMENTS_TRUST_IMPORT, P.DOCUMENTS_TRUST_APPROVE, P.DOCUMENTS_TRUST_READ


def test_a_certificate_is_trusted_when_two_people_vouched_and_not_before(grant: Granting) -> None:
    niger = Authority.make("NE")
    by = grant(IMPORT)
    draft = trust.draft_certificate(by, niger.der, handed="in_person", checked="by telephone", reason="Visit to Niamey")
    draft = trust.submit_change(by, draft.pk)
    assert trust_store.current().anchors == ()
    with pytest.raises(AccessRefused):
        trust.approve_change(by, draft.pk, draft.content_hash)
    with pytest.raises(Refused, match="approval_of_other_content"):
        trust.approve_change(grant(APPROVE), draft.pk, "0" * 64)
    record = trust.approve_change(grant(APPROVE), draft.pk, draft.content_hash)
    [anchor] = trust_store.current().anchors
    assert (anchor.certificate.fingerprint, anchor.source) == (niger.fingerprint, "bilateral:NE")
    leaf = leaves(act="trust_changed_by_hand").get()
    assert (leaf.subject, json.loads(leaf.content)["detail"]["added"]) == (str(record.uid), [niger.fingerprint])


def test_the_author_cannot_approve_even_with_both_roles(grant: Granting, staff: dict[str, Any]) -> None:
    RoleGrant.objects.create(person=staff["amal"], role="approver")
    by = grant(IMPORT)
    draft = trust.draft_certificate(by, Authority.make("NE").der, handed="other", checked="no", reason="x")
    draft = trust.submit_change(by, draft.pk)
    with pytest.raises(Refused, match="approver_is_author"):
        trust.approve_change(grant(APPROVE, "amal"), draft.pk, draft.content_hash)


@pytest.mark.parametrize("missing", ["handed", "checked", "reason"])
def test_who_vouches_says_how_it_came_how_it_was_compared_and_why(grant: Granting, missing: str) -> None:
    said = {"handed": "in_person", "checked": "by telephone", "reason": "Visit"} | {missing: ""}
    by = grant(IMPORT)
    draft = trust.draft_certificate(by, Authority.make("NE").der, **said)
    with pytest.raises(Refused, match=f"missing body.{missing}"):
        trust.submit_change(by, draft.pk)


@pytest.mark.parametrize("data", [b"", b"\x30\x03\x02\x01", b"not a certificate", b"\x30\x80" * 40, b"\xff" * 200_000])
def test_what_is_no_certificate_is_refused_and_nothing_is_kept(grant: Granting, data: bytes) -> None:
    with pytest.raises(Refused, match=r"trust_certificate_unreadable|trust_file_too_large"):
        trust.draft_certificate(grant(IMPORT), data)
    assert not trust_queries.open_drafts().exists()


def test_a_signer_is_no_authority(grant: Granting) -> None:
    with pytest.raises(Refused, match="trust_not_an_authority"):
        trust.draft_certificate(grant(IMPORT), Authority.make("NE").signer().der, role="anchor")


def test_pem_is_read_as_der_is(vouch: Vouching) -> None:
    niger = Authority.make("NE")
    pem = niger.certificate.public_bytes(Encoding.PEM)
    vouch(pem)
    assert TrustCertificate.objects.get().fingerprint == niger.fingerprint


def test_trust_ends_by_two_people_and_its_history_stays(grant: Granting, vouch: Vouching) -> None:
    niger = Authority.make("NE")
    vouch(niger.der)
    before = trust_store.version()
    by = grant(IMPORT)
    draft = trust.submit_change(by, trust.draft_end(by, TrustSource.objects.get().pk, "Its key was stolen").pk)
    assert len(trust_store.current().anchors) == 1
    trust.approve_change(grant(APPROVE), draft.pk, draft.content_hash)
    assert trust_store.current().anchors == ()
    assert trust_store.version() == ""
    assert before
    row = trust_queries.one(grant(READ), niger.fingerprint)
    assert row is not None
    [source] = row.sources.all()
    assert (source.why_ended, source.until is not None) == ("Its key was stolen", True)
    vouch(niger.der)
    assert trust_store.version() == before


def test_two_sources_vouch_and_one_ends(grant: Granting, vouch: Vouching) -> None:
    germany, niger = Authority.make("DE"), Authority.make("NE")
    vouch(germany.der, "publisher")
    vouch(germany.der, "anchor")
    vouch(niger.der)
    assert [each.certificate.country for each in trust_store.current().anchors] == ["DE", "NE"]
    assert [each.country for each in trust.pinned_roots()] == ["DE"]
    by = grant(IMPORT)
    pin = TrustSource.objects.get(role="publisher")
    draft = trust.submit_change(by, trust.draft_end(by, pin.pk, "Not needed").pk)
    trust.approve_change(grant(APPROVE), draft.pk, draft.content_hash)
    assert trust.pinned_roots() == []
    assert len(trust_store.current().anchors) == 2


# --- lists of revocations and signers ---------------------------------------------------------------------------------


def test_revocations_are_taken_from_a_trusted_authority_alone_and_only_newer(grant: Granting, vouch: Vouching) -> None:
    niger, forged = Authority.make("NE"), Authority.make("NE")
    vouch(niger.der)
    by, day = grant(IMPORT), START + dt.timedelta(days=400)
    with pytest.raises(Refused, match="trust_crl_issuer_unknown file NE"):
        trust.import_file(by, "x.crl", forged.crl(day, 5), "test")
    file = trust.import_file(by, "x.crl", niger.crl(day, 5, number=2), "fetched by hand")
    assert (file.form, file.crls, file.refused) == ("crl", 1, 0)
    trust.import_file(by, "old.crl", niger.crl(day - dt.timedelta(days=1), number=1), "an older one")
    [held] = TrustCrl.objects.filter(current=True)
    assert (held.number, held.revoked, held.country) == ("2", 1, "NE")
    [crl] = trust_store.current().crls
    assert list(crl.revoked) == [5]


def test_signers_of_seals_are_read_in_under_their_authority(grant: Granting, vouch: Vouching) -> None:
    niger, other = Authority.make("NE"), Authority.make("NE")
    vouch(niger.der)
    good, strange = niger.signer("01"), other.signer("02")
    pem = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (good, strange))
    file = trust.import_file(grant(IMPORT), "signers.pem", pem, "from Niamey")
    assert (file.added, file.refused, file.faults[0]["code"]) == (1, 1, "trust_signer_unknown")
    assert [each.fingerprint for each in trust_store.current().signers] == [good.fingerprint]
    again = trust.import_file(grant(IMPORT), "signers.pem", pem, "once more")
    assert (again.added, again.unchanged) == (0, 1)


def test_an_authority_alone_is_not_read_in_by_one_person(grant: Granting) -> None:
    with pytest.raises(Refused, match="trust_needs_two"):
        trust.import_file(grant(IMPORT), "csca.cer", Authority.make("NE").der, "test")


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"{}", b"-----BEGIN X-----\nAAAA\n-----END X-----"])
def test_a_file_of_another_form_is_refused(grant: Granting, data: bytes) -> None:
    with pytest.raises(Refused, match="trust_form_unknown"):
        trust.import_file(grant(IMPORT), "x", data, "test")
    assert not Record.objects.exists()


def test_reading_in_needs_a_reason_and_the_permission(grant: Granting) -> None:
    with pytest.raises(Refused, match="missing reason"):
        trust.import_file(grant(IMPORT), "x", b"", " ")
    with pytest.raises(AccessRefused):
        trust.import_file(grant(READ), "x", b"", "test")


# --- how far it reaches -----------------------------------------------------------------------------------------------


def test_coverage_names_the_states_of_the_plan_and_what_ends(grant: Granting, vouch: Vouching) -> None:
    at = START + dt.timedelta(days=365)
    for country, years in (("NE", 10), ("TN", 1.2), ("DZ", 0.9), ("FR", 10)):
        vouch(Authority.make(country, years).der)
    by = grant(READ)
    found = {row.country: row for row in trust_queries.coverage(by, at)}
    assert [found[code].code for code in ("NE", "TN", "DZ", "LY", "FR")] == ["good", "soon", "expired", "none", "good"]
    assert list(found)[:10] == list(trust_queries.PLAN_STATES)
    assert (found["FR"].of_plan, found["DZ"].valid, found["DZ"].anchors) == (False, 0, 1)
    assert [row.country for row in trust_queries.expiring(by, at)] == ["TN"]


def test_coverage_costs_two_queries(grant: Granting, vouch: Vouching, django_assert_num_queries: Any) -> None:
    for country in ("NE", "TN", "FR"):
        vouch(Authority.make(country).der)
    by = grant(READ)
    with django_assert_num_queries(2):
        trust_queries.coverage(by, timezone.now())


def test_the_store_is_read_once_while_nothing_changes(vouch: Vouching, django_assert_num_queries: Any) -> None:
    vouch(Authority.make("NE").der)
    first = trust_store.current()
    with django_assert_num_queries(1):
        assert trust_store.current() is first
    vouch(Authority.make("TN").der)
    assert len(trust_store.current().anchors) == 2
