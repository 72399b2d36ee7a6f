"""The courier: visits each node that something waits for, and listens to the one that cannot be visited from there.

It sleeps until the bell rings (`wake`) or a second is over. A node that cannot be reached is tried again every second
or so; one that answers and does not agree, every minute; each at once when it speaks to us.
"""

import datetime as dt
import logging
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from django.conf import settings
from django.db import connection
from django.utils import timezone

from jiwar.access.permissions import Permission
from jiwar.access.policy import Grant
from jiwar.access.services import as_node
from jiwar.exchange import arrival, departure, links, pouch_folder, store
from jiwar.exchange.aside import Aside
from jiwar.exchange.attached import sweep
from jiwar.exchange.bus import Bus
from jiwar.exchange.directory import tend
from jiwar.exchange.line import Line, Missed
from jiwar.exchange.logic.conversation import ROOM, NotUnderstood, Visit, listen, visit
from jiwar.exchange.models import Link
from jiwar.exchange.standing import Moment, one_moment
from jiwar.exchange.this_node import CONTACTS, ThisNode
from jiwar.exchange.wake import Bell, ring
from jiwar.exchange.where import where
from jiwar.identity.queries import known_neighbours, one_look
from jiwar.records.services import expire, read_again
from jiwar.sql import renew

log = logging.getLogger(__name__)

HEARTBEAT = 20.0
"""Seconds: a node that has heard nothing from us for so long gets a greeting."""
LISTEN = 25
"""Seconds that a post asks its national node to keep a question open."""
VISITS = 32
"""Visits at one time."""
FIRST_PUSH = 64_000
"""Bytes of envelopes in a frame while the speed of a way is not known."""
LEAST_PUSH = 16_000
"""Bytes of envelopes in a frame on the slowest way."""
FRAME_SECONDS = 4.0
"""A frame is made as large as the way carries in this time, so that urgent messages get between."""
LOOK_EACH = 5.0
"""Seconds after which the courier asks again how fast a way may be used."""
EACH_MINUTE: list[Callable[[Grant, dt.datetime], object]] = [sweep, pouch_folder.sweep, tend]
"""What else is done about once a minute, each in transactions of its own; rooms above add what falls due with them."""
_BY = as_node(Permission.EXCHANGE_MESSAGE_PASS)


@dataclass(slots=True)
class Way:
    """What the courier remembers of the way to one node. Times are of the monotonic clock."""

    busy: bool = False
    again: bool = False
    woken: bool = False
    reached_at: float = float("-inf")
    heard_at: float = float("-inf")
    listened_at: float = float("-inf")
    answered_at: float = float("-inf")
    failed_at: float = float("-inf")
    wait: float = 0.0
    rate: float = 0.0
    cap: int | None = None
    looked_at: float = float("-inf")
    lines: dict[bool, Line] = field(default_factory=dict)
    """The line on which a question is kept open, and the one for all else."""

    def may_be_tried(self, now: float) -> bool:
        """Whether the wait after a failure is over, or was ended by the node's own word."""
        return now >= self.failed_at + self.wait or self.heard_at > self.failed_at

    def room(self) -> int:
        """Bytes that we take in an answer now: none from a node that brings us what it has by itself, or in answer to
        the question that we keep open there; the same things would come twice."""
        served = time.monotonic() - max(self.heard_at, self.answered_at) < 2 * HEARTBEAT
        return 0 if served else self.carries()

    def slow_down(self) -> None:
        """A frame did not pass: what was measured no longer holds, and the next ones are small."""
        known = min(self.rate or FIRST_PUSH, FIRST_PUSH / FRAME_SECONDS)
        self.rate = max(known / 2, LEAST_PUSH / FRAME_SECONDS)

    def carries(self) -> int:
        """Bytes of envelopes for the next frame, either way."""
        return min(ROOM, max(LEAST_PUSH, int(self.rate * FRAME_SECONDS))) if self.rate else FIRST_PUSH


class Courier:
    """Runs in the process of the listener until `stop`. `ringing` is told of the nodes that something waits for."""

    def __init__(self, ringing: Callable[[Iterable[str]], None] = lambda _: None) -> None:
        self._stopping = threading.Event()
        self._ways: defaultdict[str, Way] = defaultdict(Way)
        self._ringing = ringing
        self._moment = Moment()
        self._known: list[str] = []
        self._bell = Bell()
        url = settings.NODE.bus_url
        self._bus = Bus(url, settings.NODE.state, self._woken) if url else None
        self._pool = ThreadPoolExecutor(VISITS, thread_name_prefix="courier")
        self._helpers = ThreadPoolExecutor(4, thread_name_prefix="helper")
        self._threads = [threading.Thread(target=work, name=work.__name__, daemon=True) for work in self._work()]

    def _work(self) -> list[Callable[[], None]]:
        return [self._rounds, self._minutes, *([self._listening] if settings.NODE.role == "post" else [])]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        if self._bus:
            self._bus.start()

    def stop(self) -> None:
        """Finish the letters in hand, then rest."""
        self._stopping.set()
        for thread in self._threads:
            # Of a question that is still open at the national node nothing is lost: it is asked again.
            thread.join(timeout=1 if thread.name == self._listening.__name__ else 30)
        for pool in (self._pool, self._helpers):
            pool.shutdown(cancel_futures=True)
        if self._bus:
            self._bus.stop()
        self._bell.close()

    def _woken(self, posts: set[str]) -> None:
        """The bus says for whom something waits."""
        if settings.NODE.code in posts:
            self._ways[settings.NODE.state].woken = True
            ring()

    def heard(self, node: str, *, listening: bool) -> None:
        """A node spoke to us: what waits for it may go at once. `listening`: it takes what there is in our answers."""
        way, now = self._ways[node], time.monotonic()
        waited = not way.may_be_tried(now)
        way.heard_at = now
        if listening:
            way.listened_at = now
        if waited:
            ring()

    # --- rounds -------------------------------------------------------------------------------------------------------

    def _rounds(self) -> None:
        rang, asked_at = True, float("-inf")
        while not self._stopping.is_set():
            try:
                renew()
                second = time.monotonic() - asked_at >= 1.0
                if second:
                    asked_at = time.monotonic()
                    self._retry()
                due, waiting = self.due(thorough=second)
                if rang:
                    self._ringing(waiting)
                    if self._bus and settings.NODE.role == "national":
                        self._bus.wake(node for node in waiting if node[:3] == settings.NODE.state)
                for node in due:
                    self._ways[node].busy = True
                    self._pool.submit(self._visit, node)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next round tries again
                log.error("courier: this round failed: %s", where(error))  # noqa: TRY400 - no content
                self._stopping.wait(1)
            rang = self._bell.wait(1.0)
        connection.close()

    def _retry(self) -> None:
        """A person wants a node to be tried now."""
        for code, asked_at in Link.objects.exclude(retry_asked_at=None).values_list("node", "retry_asked_at"):
            self._ways[code].wait = 0.0
            Link.objects.filter(node=code, retry_asked_at=asked_at).update(retry_asked_at=None)

    def due(self, *, thorough: bool = True) -> tuple[list[str], set[str]]:
        """Nodes to visit now: something waits for them, or they have heard nothing from us for a while; and all that
        something waits for. Not `thorough`: for whom something is new, of the neighbours known a second ago."""
        now = time.monotonic()
        if thorough or not self._known:
            self._known = list(known_neighbours())
        waiting = store.waited_for(self._known)
        if thorough:
            waiting |= store.under_way()
        found = []
        for code in self._known:
            way = self._ways[code]
            if way.busy:
                # What came up during a visit may have come too late for it.
                way.again = way.again or code in waiting
                continue
            if not way.may_be_tried(now) or now - way.listened_at < 2 * LISTEN:
                continue
            if code in waiting or way.woken or now - way.reached_at > HEARTBEAT:
                way.woken = False
                found.append(code)
        return found, waiting

    def _minutes(self) -> None:
        while not self._stopping.is_set():
            renew()
            for act in (_expire, _read_again, _release, *EACH_MINUTE):
                try:
                    act(_BY, timezone.now())
                except Exception as error:  # noqa: BLE001 - the other duties are done all the same
                    log.error("courier: a duty of each minute failed: %s", where(error))  # noqa: TRY400 - no content
            self._stopping.wait(60)
        connection.close()

    # --- visits -------------------------------------------------------------------------------------------------------

    def _visit(self, node: str) -> None:
        way = self._ways[node]
        try:
            renew()
            self.visit(node)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next visit tries again
            log.error("courier: the visit to %s failed: %s", node, where(error))  # noqa: TRY400 - no content
            self._missed(node, "our_error")
        finally:
            renew()
            way.busy = False
            if way.again:
                way.again = False
                ring()

    def visit(self, node: str) -> Visit | None:
        """Bring a node everything that may leave for it, and take what it has; None when it was not reached."""
        way = self._ways[node]
        awake = time.monotonic() - way.reached_at < 2 * HEARTBEAT
        aside = Aside(self._helpers)
        here = ThisNode(reaching=True, aside=aside)
        frames = visit(here, CONTACTS[node], node, push=way.carries, room=way.room, awake=awake)
        return self._carry(node, frames, aside)

    def _listening(self) -> None:
        """A post that no bus wakes keeps a question open at its national node, which may not be able to reach it."""
        while not self._stopping.is_set():
            if self._bus and self._bus.is_up:
                self._stopping.wait(1)
                continue
            renew()
            for node in known_neighbours():
                way = self._ways[node]
                try:
                    frames = listen(ThisNode(reaching=True), CONTACTS[node], node, room=way.carries)
                    self._carry(node, frames, Aside(self._helpers), wait=LISTEN)
                except Exception as error:  # noqa: BLE001 - whatever it was, it is asked again
                    log.error("courier: listening to %s failed: %s", node, where(error))  # noqa: TRY400 - no content
                    self._missed(node, "our_error")
                self._stopping.wait(max(0.2, min(way.wait, 10.0)))
            self._stopping.wait(0.2)
        connection.close()

    def _carry(self, node: str, frames: Generator[bytes, bytes, Visit], aside: Aside, *, wait: int = 0) -> Visit | None:
        """Carry a conversation's frames until it ends; None when it was cut off."""
        way = self._ways[node]
        try:
            with aside:
                with self._one_frame():
                    data, line = next(frames), self._line(node, waiting=wait > 0)
                while not self._stopping.is_set():
                    reply = self._post(node, line, data, wait, aside)
                    aside.finish()
                    way.reached_at = time.monotonic()
                    if wait:
                        way.answered_at = way.reached_at
                    with self._one_frame():
                        data, line = frames.send(reply), self._line(node, waiting=wait > 0)
        except StopIteration as ended:
            done: Visit = ended.value
            if done.problem:
                self._missed(node, done.problem.code, done.problem.detail, patient=True)
            else:
                way.wait = 0.0
            return done
        except Missed as missed:
            way.slow_down()
            self._missed(node, missed.code, missed.detail, patient=missed.code == "http")
        except NotUnderstood as error:
            self._missed(node, "not_understood", error.code, patient=True)
        return None

    @contextmanager
    def _one_frame(self) -> Iterator[None]:
        """To make or to read one frame, the database is asked once for what changes seldom."""
        with one_look(), one_moment(self._moment):
            yield

    def _missed(self, node: str, code: str, detail: str = "", *, patient: bool = False) -> None:
        way = self._ways[node]
        way.failed_at = time.monotonic()
        # It may have forgotten us: our card goes with the next hello, and that one soon.
        patient, CONTACTS[node].knows = patient and not CONTACTS[node].knows, ""
        first, most = links.PATIENCE
        way.wait = links.LONG_PATIENCE if patient else min(most, max(first, way.wait * 1.2))
        links.missed(node, code, detail)

    def _post(self, node: str, line: Line, body: bytes, wait: int, aside: Aside) -> bytes:
        """The frame with which a node answers; raises Missed. What was put aside is done meanwhile."""
        way, started = self._ways[node], time.monotonic()
        answer = line.ask(aside.after(body), len(body), wait)
        if answer.status != HTTPStatus.OK:
            raise Missed("http", f"{answer.status} {_problem(answer.body)}".strip())
        # What was waited for says nothing of the way; only how long the answer then took.
        size, since = (len(answer.body), answer.began) if wait else (len(body) + len(answer.body), started)
        self._measure(node, way, size, time.monotonic() - since)
        return answer.body

    def _measure(self, node: str, way: Way, size: int, seconds: float) -> None:
        """Learn how fast a way is from frames that are large enough to tell, and keep to its cap."""
        if time.monotonic() - way.looked_at > LOOK_EACH:
            way.cap, way.looked_at = links.of(node).cap, time.monotonic()
        if way.cap and size / way.cap > seconds:
            self._stopping.wait(size / way.cap - seconds)
            seconds = size / way.cap
        if seconds > 0 and size > LEAST_PUSH // 2:
            before, way.rate = way.rate, size / seconds if not way.rate else (way.rate + size / seconds) / 2
            if not before or abs(way.rate - before) > before / 4:
                links.carried(node, way.rate)

    def _line(self, node: str, *, waiting: bool) -> Line:
        """The line to a node, by its newest card."""
        lines, row = self._ways[node].lines, known_neighbours()[node]
        line, leads_to = lines.get(waiting), (row.exchange_url, row.tls_certificate)
        if line is None or line.leads_to != leads_to:
            if line is not None:
                line.close()
            line = lines[waiting] = Line(*leads_to)
        return line


def _expire(by: Grant, at: dt.datetime) -> None:
    expire(by, at)


def _read_again(by: Grant, at: dt.datetime) -> None:
    read_again(by)
    arrival.read_again()


def _release(by: Grant, at: dt.datetime) -> None:
    departure.release()
    departure.compare_checkpoints(at)


def _problem(body: bytes) -> str:
    """The code in a refusal, if it has one: a word of ours, nothing that a stranger wrote."""
    found = re.fullmatch(rb'\{"problem":"([a-z_ A-Z]{1,60})"\}', body)
    return found[1].decode() if found else ""
