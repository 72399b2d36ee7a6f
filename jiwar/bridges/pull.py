"""The TAXII 2.1 client: fetches what a source's collection has added since the last time, into a reading that waits.

One address, over HTTPS; nothing is followed elsewhere and nothing compressed is unpacked. Whole pages or nothing: a
page that does not come whole, or is not what it should be, is fetched again the next time.
"""

import base64
import os
import re
import ssl
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.audit.services import append
from jiwar.bridges.logic.found import MOST_BYTES, MOST_ITEMS, MOST_OBJECTS, Found
from jiwar.bridges.logic.lost import Unreadable
from jiwar.bridges.logic.stix_reading import read_objects
from jiwar.bridges.logic.taxii import MEDIA_TYPE, MOST_CONTENT, BadRequest, instant, is_ours
from jiwar.bridges.models import Reading, Source
from jiwar.bridges.readings import keep, refused_of
from jiwar.bridges.sources import source_of
from jiwar.wire.faults import Fault, Refused
from jiwar.wire.strict_json import JsonRefused, parse

TIMEOUT = httpx.Timeout(20, connect=5)
WITHIN = 120.0
"""Seconds for a whole pull: a server that drips is a server that is not there."""
MOST_PAGES = 200
CREDENTIAL = "JIWAR_TAXII_CREDENTIAL"
"""`bearer TOKEN` or `basic USER:PASSWORD`; else the file keys/taxii/SOURCE of the data folder says it."""


class PullFailed(Exception):
    """A page that did not come; `code` is of the words group `pull_failure`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Pulled:
    """What a pull brought. `reading` None: nothing new. `failure`: why it ended early, "" where it came to the end."""

    objects: int = 0
    pages: int = 0
    reading: Reading | None = None
    failure: str = ""


@dataclass(slots=True)
class _Gathered:
    objects: list[Any] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    pages: int = 0
    added_after: str = ""
    next: str = ""
    last: str = ""


def pull(by: Grant, code: str) -> Pulled:
    """Fetch what is new. Raises AccessRefused, or Refused: no address, no credential to be read, a hostile page."""
    by.check(Permission.WATCHLIST_LIST_IMPORT)
    source = source_of(code)
    by.check_purpose(source.purpose)
    if not source.url:
        raise Refused(Fault("missing", "url"))
    authorization = _authorization(source.code)
    gathered = _Gathered(added_after=source.added_after, next=source.next)
    failure = ""
    try:
        with _client(source) as client:
            _pages(client, source, authorization, gathered)
    except PullFailed as failed:
        failure = str(failed)
    return _store(by, source, gathered, failure)


def _pages(client: httpx.Client, source: Source, authorization: str, gathered: _Gathered) -> None:
    """Whole pages, until the end, a limit or a failure. Raises PullFailed; what came whole before it stands."""
    deadline = time.monotonic() + WITHIN
    address = f"{source.url.rstrip('/')}/collections/{source.collection}/objects/"
    while gathered.pages < MOST_PAGES and len(gathered.objects) < MOST_OBJECTS // 2:
        asked = {"added_after": gathered.added_after, "next": gathered.next, "limit": "1000"}
        query = urlencode({name: value for name, value in asked.items() if value})
        try:
            headers, body = _get(client, f"{address}?{query}", authorization, deadline)
        except PullFailed as failed:
            if gathered.next and not gathered.pages and failed.code == "http" and failed.detail in {"400", "404"}:
                gathered.next = ""  # the server has forgotten the place: begin this listing anew
                continue
            raise
        page = _page(body)
        last = headers.get("x-taxii-date-added-last", "")
        if len(gathered.raw) + len(body) > MOST_BYTES:
            return
        gathered.objects += page.get("objects", [])
        gathered.raw += body
        gathered.pages += 1
        gathered.last = last if _is_instant(last) else gathered.last
        following = page.get("next", "") if page.get("more") is True else ""
        if not page.get("more"):
            gathered.added_after, gathered.next = gathered.last or gathered.added_after, ""
            return
        if not following and _is_instant(last) and last != gathered.added_after:
            gathered.added_after = last  # section 3.5: a server without `next` pages by time
        elif not following or following == gathered.next:
            raise PullFailed("no_progress")
        gathered.next = following


def _store(by: Grant, source: Source, gathered: _Gathered, failure: str) -> Pulled:
    try:
        found = read_objects(gathered.objects)
    except Unreadable as unreadable:
        _note(source, f"unreadable {unreadable.code}")
        raise refused_of(unreadable) from None
    pulled = Pulled(len(gathered.objects), gathered.pages, None, failure)
    with transaction.atomic():
        if found != Found():
            data = bytes(gathered.raw)
            pulled.reading = keep(
                by, source, "stix", found, data, via="pull", file_name=source.url, objects_read=pulled.objects
            )
        if gathered.pages:
            source.added_after, source.next = gathered.added_after, gathered.next
        source.pulled_at, source.failure = timezone.now(), failure
        source.save(update_fields=["added_after", "next", "pulled_at", "failure"])
        append("source_pulled", by, source.code, {"objects": pulled.objects, "pages": pulled.pages, "failure": failure})
    return pulled


def _note(source: Source, failure: str) -> None:
    Source.objects.filter(pk=source.pk).update(failure=failure[:60], pulled_at=timezone.now())


# One page -------------------------------------------------------------------------------------------------------------


def _get(client: httpx.Client, address: str, authorization: str, deadline: float) -> tuple[httpx.Headers, bytes]:
    headers = {"accept": MEDIA_TYPE, "accept-encoding": "identity", "user-agent": "jiwar"}
    if authorization:
        headers["authorization"] = authorization
    body = bytearray()
    try:
        with client.stream("GET", address, headers=headers) as response:
            if response.is_redirect:
                raise PullFailed("redirected")
            if response.status_code != httpx.codes.OK:
                raise PullFailed("http", str(response.status_code))
            if not is_ours(response.headers.get("content-type", "")):
                raise PullFailed("not_taxii")
            for piece in response.iter_raw():
                body += piece
                if len(body) > MOST_CONTENT:
                    raise PullFailed("answer_too_large")
                if time.monotonic() > deadline:
                    raise PullFailed("too_slow")
    except httpx.TimeoutException:
        raise PullFailed("too_slow") from None
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError) as error:
        code = "wrong_certificate" if "CERTIFICATE_VERIFY_FAILED" in str(error) else "unreachable"
        raise PullFailed(code) from None
    return response.headers, bytes(body)


def _page(body: bytes) -> dict[str, Any]:
    """An envelope (section 3.7); raises PullFailed."""
    try:
        page = parse(body, max_bytes=MOST_CONTENT, max_items=MOST_ITEMS)
    except JsonRefused:
        raise PullFailed("not_taxii") from None
    if not isinstance(page, dict) or not isinstance(page.get("objects", []), list):
        raise PullFailed("not_taxii")
    following = page.get("next", "")
    if not isinstance(following, str) or not re.fullmatch(r"[!-~]{0,1000}", following):
        raise PullFailed("not_taxii")
    return page


def _is_instant(text: str) -> bool:
    try:
        instant(text, "")
    except BadRequest:
        return False
    return len(text) <= 40


@contextmanager
def _client(source: Source) -> Iterator[httpx.Client]:
    """A connection that trusts the pinned certificate and no other, or the authorities of this machine."""
    context = ssl.create_default_context()
    if source.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # the certificate itself is pinned, wherever the server stands
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=source.certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with httpx.Client(verify=context, timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        yield client


def _authorization(code: str) -> str:
    """The header from the environment, else from the source's file, which nobody else may read; "" without either."""
    told = os.environ.get(CREDENTIAL, "")
    path = settings.KEYS / "taxii" / code
    if not told and path.exists():
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise Refused(Fault("file_is_open", "credential", f"keys/taxii/{code}"))
        told = path.read_text(encoding="utf-8").strip()
    if not told:
        return ""
    scheme, _, secret = told.partition(" ")
    if scheme.lower() == "bearer" and re.fullmatch(r"[!-~]{1,500}", secret):
        return f"Bearer {secret}"
    if scheme.lower() == "basic" and ":" in secret:
        return f"Basic {base64.b64encode(secret.encode()).decode()}"
    raise Refused(Fault("wrong_form", "credential"))
