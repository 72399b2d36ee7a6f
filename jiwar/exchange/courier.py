"""The courier: carries what waits in the outbox to each node, and brings the receipts home.

One thread, a small pool, one round about twice a second. A node that cannot be reached is tried again later and later,
at most a minute apart; when it speaks to us, at once.
"""

import datetime as dt
import logging
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from django.db import close_old_connections, connection
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.services import as_node
from jiwar.exchange import protocol, services
from jiwar.exchange.models import Link, Outgoing
from jiwar.identity.queries import neighbours
from jiwar.records.services import expire, read_again

log = logging.getLogger(__name__)

ROUND = 0.4
"""Seconds between two looks into the outbox."""
HEARTBEAT = dt.timedelta(seconds=20)
"""A node that has heard nothing from us for so long gets a greeting."""
TIMEOUT = httpx.Timeout(20, connect=5)


class Courier:
    """Runs in the process of the exchange listener until `stop`."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="courier")
        self._clients: dict[str, tuple[str, httpx.Client]] = {}
        self._busy: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the letters in hand, then rest."""
        self._stopping.set()
        self._thread.join(timeout=30)
        self._pool.shutdown()

    def _run(self) -> None:
        by = as_node(Permission.EXCHANGE_MESSAGE_PASS)
        next_hour = 0.0
        while not self._stopping.wait(ROUND):
            try:
                close_old_connections()
                if time.monotonic() >= next_hour:
                    next_hour = time.monotonic() + 60
                    expire(by)
                    read_again(by)
                for node in due(timezone.now()):
                    if node not in self._busy:
                        self._busy.add(node)
                        self._pool.submit(self._visit, node)
            except Exception:
                log.exception("courier: this round failed")
        connection.close()

    def _visit(self, node: str) -> None:
        try:
            close_old_connections()
            self.visit(node)
        except Exception:
            log.exception("courier: the visit to %s failed", node)
            services.missed(node, "internal_error")
        finally:
            connection.close()
            self._busy.discard(node)

    def visit(self, node: str) -> None:
        """Bring a node everything that may leave for it, batch by batch, until nothing waits or it fails."""
        while not self._stopping.is_set():
            rows = services.depart(node)
            try:
                client, url = self._client(node)
                response = client.post(f"{url}/exchange/1", content=protocol.request(node, rows))
            except (httpx.HTTPError, ssl.SSLError, OSError) as error:
                services.missed(node, f"unreachable: {type(error).__name__}")
                return
            if response.status_code != httpx.codes.OK:
                services.missed(node, f"http {response.status_code} {response.text[:80]}")
                return
            try:
                problem = protocol.hear(node, response.content, rows)
            except protocol.NotUnderstood as error:
                services.missed(node, f"not_understood: {error.code}")
                return
            if problem:
                services.missed(node, problem)
                return
            if not rows:
                return

    def _client(self, node: str) -> tuple[httpx.Client, str]:
        """A connection kept alive, that trusts the certificate of the node's card and no other."""
        row = neighbours().get(code=node)
        known = self._clients.get(node)
        if known is None or known[0] != row.tls_certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.check_hostname = False  # the certificate itself is pinned, wherever the node moves
            context.load_verify_locations(cadata=row.tls_certificate)
            self._clients[node] = (row.tls_certificate, httpx.Client(verify=context, timeout=TIMEOUT, trust_env=False))
        return self._clients[node][1], row.exchange_url.rstrip("/")


def due(now: dt.datetime) -> list[str]:
    """Nodes to visit now: something waits for them, or they have heard nothing for a while."""
    waiting = set(
        Outgoing.objects.filter(state__in=[Outgoing.State.QUEUED, Outgoing.State.SEALED])
        .values_list("node", flat=True)
        .distinct()
    )
    links = {link.node: link for link in Link.objects.all()}
    codes = []
    for code in neighbours().values_list("code", flat=True):
        link = links.get(code)
        if link and link.next_attempt_at and link.next_attempt_at > now:
            continue
        silent = link is None or link.reached_at is None or now - link.reached_at > HEARTBEAT
        if code in waiting or silent:
            codes.append(code)
    return codes
