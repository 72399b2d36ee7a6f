"""The courier: carries what waits in the outbox to each node, and brings the receipts home.

One thread, two small pools, one round about twice a second. A node that cannot be reached is tried again later and
later, at most a minute apart; when it speaks to us, at once.
"""

import datetime as dt
import logging
import re
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
from django.db import close_old_connections, connection
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.exchange import protocol, services
from jiwar.exchange.attached import sweep
from jiwar.exchange.models import Link, Outgoing
from jiwar.identity.queries import neighbours
from jiwar.records.services import expire, read_again

log = logging.getLogger(__name__)

ROUND = 0.4
"""Seconds between two looks into the outbox."""
HEARTBEAT = dt.timedelta(seconds=20)
"""A node that has heard nothing from us for so long gets a greeting."""
TIMEOUT = httpx.Timeout(20, connect=5)
ANSWER_WITHIN = 60.0
"""Seconds for a whole answer: a peer that drips is a peer that is not there."""
QUICK, PATIENT = 16, 4
"""Visits at one time to nodes that answered last time, and to those that did not: these never keep those waiting."""
EACH_MINUTE: list[Callable[[Grant, dt.datetime], object]] = [sweep]
"""What else is done about once a minute, each in transactions of its own; rooms above add what falls due with them."""
_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: the certificate is pinned, and a post that woke with a wrong clock must get
through to learn of it."""


class Courier:
    """Runs in the process of the exchange listener until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._quick = ThreadPoolExecutor(QUICK, thread_name_prefix="courier")
        self._patient = ThreadPoolExecutor(PATIENT, thread_name_prefix="courier-patient")
        self._clients: dict[str, tuple[str, httpx.Client]] = {}
        self._busy: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the letters in hand, then rest."""
        self._stopping.set()
        self._thread.join(timeout=30)
        for pool in (self._quick, self._patient):
            pool.shutdown(cancel_futures=True)

    def _run(self) -> None:
        by = as_node(Permission.EXCHANGE_MESSAGE_PASS)
        next_minute = 0.0
        while not self._stopping.wait(ROUND):
            try:
                close_old_connections()
                if time.monotonic() >= next_minute:
                    next_minute = time.monotonic() + 60
                    expire(by)
                    read_again(by)
                    services.release()
                    for act in EACH_MINUTE:
                        act(by, timezone.now())
                for node, failing in due(timezone.now()).items():
                    if node not in self._busy:
                        self._busy.add(node)
                        (self._patient if failing else self._quick).submit(self._visit, node)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next round tries again
                log.error("courier: this round failed: %s", services.where(error))  # noqa: TRY400 - no content
        connection.close()

    def _visit(self, node: str) -> None:
        try:
            close_old_connections()
            self.visit(node)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next visit tries again
            log.error("courier: the visit to %s failed: %s", node, services.where(error))  # noqa: TRY400 - no content
            services.missed(node, "our_error")
        finally:
            connection.close()
            self._busy.discard(node)

    def visit(self, node: str) -> None:
        """Bring a node everything that may leave for it, batch by batch, until nothing waits or it fails.

        A node that was silent is greeted first: what is sealed is on its way and no later suspension holds it back, so
        nothing new is sealed for a node before it answers.
        """
        awake = _answered_lately(node, timezone.now())
        greeted = rewound = False
        while not self._stopping.is_set():
            rows = services.depart(node) if awake else []
            if greeted and not rows:
                return
            try:
                heard = protocol.hear(node, self._post(node, protocol.request(node, rows)), rows)
            except Missed as missed:
                services.missed(node, missed.code, missed.detail)
                return
            except protocol.NotUnderstood as error:
                services.missed(node, "not_understood", error.code)
                return
            if heard.problem:
                services.missed(node, heard.problem, heard.detail)
                return
            if rows and not heard.settled and (rewound or not heard.rewound):
                services.missed(node, "no_progress")
                return
            rewound = rewound or bool(heard.rewound)
            awake = greeted = True

    def _post(self, node: str, body: bytes) -> bytes:
        """The body of a node's answer; raises Missed."""
        deadline = time.monotonic() + ANSWER_WITHIN
        answer = bytearray()
        try:
            client, url = self._client(node)
            # Raw bytes: nothing that a peer compressed is unpacked.
            with client.stream("POST", f"{url}/exchange/1", content=body, headers=_HEADERS) as response:
                for piece in response.iter_raw():
                    answer += piece
                    if len(answer) > protocol.MAX_BYTES:
                        raise Missed("answer_too_large")
                    if time.monotonic() > deadline:
                        raise Missed("too_slow")
        except httpx.TimeoutException as error:
            raise Missed("too_slow", type(error).__name__) from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            code = "wrong_certificate" if "CERTIFICATE_VERIFY_FAILED" in str(error) else "unreachable"
            raise Missed(code, type(error).__name__) from None
        if response.status_code != httpx.codes.OK:
            raise Missed("http", f"{response.status_code} {_problem(bytes(answer))}".strip())
        return bytes(answer)

    def _client(self, node: str) -> tuple[httpx.Client, str]:
        """A connection kept alive, that trusts the certificate of the node's card and no other."""
        row = neighbours().get(code=node)
        known = self._clients.get(node)
        if known is None or known[0] != row.tls_certificate:
            if known:
                known[1].close()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.check_hostname = False  # the certificate itself is pinned, wherever the node moves
            context.verify_flags |= _NO_CHECK_TIME
            context.load_verify_locations(cadata=row.tls_certificate)
            self._clients[node] = (row.tls_certificate, httpx.Client(verify=context, timeout=TIMEOUT, trust_env=False))
        return self._clients[node][1], row.exchange_url.rstrip("/")


class Missed(Exception):
    """A visit that brought no answer; `code` is of the words group `link_failure`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail


_HEADERS = {"accept-encoding": "identity", "content-type": "application/json"}


def _problem(body: bytes) -> str:
    """The code in a refusal, if it has one: a word of ours, nothing that a stranger wrote."""
    found = re.fullmatch(rb'\{"problem":"([a-z_ A-Z]{1,60})"\}', body)
    return found[1].decode() if found else ""


def _answered_lately(node: str, now: dt.datetime) -> bool:
    link = Link.objects.filter(node=node).first()
    return bool(link and link.reached_at and not link.failures and now - link.reached_at < 2 * HEARTBEAT)


def due(now: dt.datetime) -> dict[str, bool]:
    """Nodes to visit now, and whether the last visit failed.

    Something waits for them, or they have heard nothing for a while.
    """
    waiting = set(
        Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.SEALED])
        .values_list("node", flat=True)
        .distinct()
    )
    links = {link.node: link for link in Link.objects.all()}
    found = {}
    for code in neighbours().values_list("code", flat=True):
        link = links.get(code)
        if link and link.next_attempt_at and link.next_attempt_at > now:
            continue
        silent = link is None or link.reached_at is None or now - link.reached_at > HEARTBEAT
        if code in waiting or silent:
            found[code] = bool(link and link.failures)
    return found
