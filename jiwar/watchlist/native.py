"""Screening by programs without the framework's request stack: `POST /screen` and `POST /screen/batch`.

The token, the question, the answer and the refusals are those of `POST /api/v1/screenings`. A few threads take a
question each, from its token to its answer. They tell in turns: whatever waits when one comes round goes into one
transaction, so that one write to the disk serves all of them, and nobody hears an answer whose leaf is not on the disk
(decision 0030).
"""

import asyncio
import json
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from pydantic import ValidationError

from jiwar.access.bearer import MINUTE, TooManyBadTokens, actor_of_header
from jiwar.access.permissions import Permission
from jiwar.access.policy import AccessRefused, Actor, Grant, allow
from jiwar.audit.services import append_as
from jiwar.exchange.where import where
from jiwar.records.refusals import faults_said
from jiwar.records.words import accepted, word
from jiwar.sql import renew
from jiwar.watchlist import thresholds
from jiwar.watchlist.logic.thresholds import Thresholds
from jiwar.watchlist.questions import QuestionIn, answer_of, query_of
from jiwar.watchlist.screening import MANY, Screening, Searched, search, tell
from jiwar.wire.faults import Fault, Refused, of_pydantic
from jiwar.wire.strict_json import JsonRefused, parse

log = logging.getLogger(__name__)

ONE, BATCH = "/screen", "/screen/batch"
MOST_BYTES = {ONE: 65_536, BATCH: 1_000_000}
"""Bytes of a question, and of a batch of at most `screening.MANY`."""
BODY_SECONDS = 10
"""How long a body may take to come."""
THREADS = 8
"""Questions under way at once: most wait for the disk, and while they do others are searched."""
MOST_WAITING = 1_000
"""Requests taken in and not answered: beyond these a program is asked to come back."""
TOGETHER = 100
"""Searches that one transaction tells, but for a batch, which is never parted."""

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class _NotTaken(Exception):
    """A request that asks nothing: its answer."""

    def __init__(self, status: int, *faults: Fault, **headers: str) -> None:
        super().__init__(status)
        self.status, self.faults = status, faults
        self.headers = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())


class Front:
    """Takes requests while it runs. Threads start with the first of them."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, "screening")
        self._teller = _Teller()
        self._waiting = 0
        self._one_batch = asyncio.Lock()

    def stop(self) -> None:
        """Answer what was taken in, and take nothing more."""
        self._pool.shutdown()

    async def serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """One request of one of the two addresses."""
        headers = dict(scope["headers"])
        language = accepted(headers.get(b"accept-language", b"").decode("latin-1"), settings.LANGUAGE_CODE)
        try:
            body = await _body(scope, headers, receive)
            if body is None:
                return
            answer = await self._answer(scope, headers, language, body)
        except _NotTaken as no:
            answer = _refusal(no.status, language, *no.faults, headers=no.headers)
        said = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer.body)).encode()),
            (b"cache-control", b"no-store"),
            (b"vary", b"Accept-Language, Authorization"),
            (b"x-content-type-options", b"nosniff"),
            *answer.headers,
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": said})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(
        self, scope: dict[str, Any], headers: Mapping[bytes, bytes], language: str, body: bytes
    ) -> Answer:
        if self._waiting >= MOST_WAITING:
            raise _NotTaken(503, Fault("busy"), retry_after="1")
        stated = headers.get(b"authorization", b"").decode("latin-1")
        address = (scope.get("client") or ("",))[0]
        self._waiting += 1
        try:
            if scope["path"] == ONE:
                return await self._work(language, partial(_ask_one, stated, address, body))
            async with self._one_batch:  # a long one holds up one thread, not all of them
                return await self._work(language, partial(_ask_many, stated, address, body))
        finally:
            self._waiting -= 1

    async def _work(self, language: str, ask: Callable[[], "_Asked"]) -> Answer:
        """Search, tell and write, in one thread: to pass a question on costs more than either."""

        def work() -> Answer:
            asked = ask()
            return asked.write(self._teller.tell(asked.searched) if asked.searched else [])

        return await asyncio.get_running_loop().run_in_executor(self._pool, _safely, language, work)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was searched, and how its answers are written."""

    searched: Sequence[Searched]
    write: Callable[[Sequence[Screening | Refused]], Answer]


def _ask_one(stated: str, address: str, body: bytes) -> _Asked:
    actor = _actor(stated, address)
    searched = _search(actor, parse(body, max_bytes=MOST_BYTES[ONE]))

    def write(told: Sequence[Screening | Refused]) -> Answer:
        [answer] = told
        if isinstance(answer, Refused):
            raise answer
        return Answer(200, answer_of(answer).model_dump_json().encode())

    return _Asked([searched], write)


def _ask_many(stated: str, address: str, body: bytes) -> _Asked:
    """Each question is searched or refused by itself; what is wrong with the batch as a whole refuses all of it."""
    actor = _actor(stated, address)
    questions = _questions(parse(body, max_bytes=MOST_BYTES[BATCH]))
    places: list[Searched | Refused] = []
    limits = thresholds.in_force()
    for question in questions:
        try:
            places.append(_search(actor, question, limits))
        except Refused as refused:
            places.append(refused)

    def write(told: Sequence[Screening | Refused]) -> Answer:
        answers = iter(told)
        settled = [next(answers) if isinstance(place, Searched) else place for place in places]
        lines = [
            b'{"index":%d,"faults":%s}' % (index, _json(faults_said(one.faults)))
            if isinstance(one, Refused)
            else b'{"index":%d,"screening":%s}' % (index, answer_of(one).model_dump_json().encode())
            for index, one in enumerate(settled)
        ]
        return Answer(200, b'{"answers":[%s]}' % b",".join(lines))

    return _Asked([place for place in places if isinstance(place, Searched)], write)


def _questions(asked: object) -> list[object]:
    if not isinstance(asked, dict):
        raise Refused(Fault("wrong_form"))
    if unknown := [Fault("unknown_field", name) for name in asked if name != "questions"]:
        raise Refused(*unknown)
    questions = asked.get("questions")
    if not isinstance(questions, list) or not questions:
        raise Refused(Fault("missing" if not questions else "wrong_form", "questions"))
    if len(questions) > MANY:
        raise Refused(Fault("too_many", "questions"))
    return questions


def _actor(stated: str, address: str) -> Actor:
    """Whom the token stands for, who must be allowed to screen at all."""
    actor = actor_of_header(stated, address)
    _grant(actor, "")
    return actor


def _grant(actor: Actor, case: str) -> Grant:
    return allow(actor, Permission.WATCHLIST_PERSON_SCREEN, next(iter(actor.purposes or ()), None), case)


def _search(actor: Actor, asked: object, limits: Thresholds | None = None) -> Searched:
    try:
        question = QuestionIn.model_validate(asked)
    except ValidationError as error:
        raise Refused(*of_pydantic(error.errors(include_url=False))) from None
    by = _grant(actor, question.case)
    return search(by, query_of(question), channel="api", reason=question.reason, limits=limits)


# Telling --------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Waiting:
    searched: Sequence[Searched]
    told: "Future[list[Screening | Refused]]" = field(default_factory=Future)


class _Teller:
    """Tells answers, one group at a time. While the disk takes one group of leaves, the next one gathers."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._turn = threading.Lock()

    def tell(self, searched: Sequence[Searched]) -> list[Screening | Refused]:
        """The answers, once their leaves are on the disk, where whoever came round first has put them with its own.

        Raises the error for which there are none.
        """
        waiting = _Waiting(searched)
        self._waiting.append(waiting)
        with self._turn:
            while not waiting.told.done():
                _tell_together(self._gather())
        return waiting.told.result()

    def _gather(self) -> list[_Waiting]:
        group, size = [self._waiting.popleft()], 0
        while self._waiting and (size := size + len(group[-1].searched)) < TOGETHER:
            group.append(self._waiting.popleft())
        return group


def _tell_together(group: Sequence[_Waiting]) -> None:
    try:
        told = iter(tell([one for each in group for one in each.searched]))
        answers = [[next(told) for _ in each.searched] for each in group]
    except Exception as error:  # noqa: BLE001 - each that waits hears it
        for each in group:
            each.told.set_exception(error)
    else:
        for each, own in zip(group, answers, strict=True):
            each.told.set_result(own)


# Requests and refusals ------------------------------------------------------------------------------------------------


async def _body(scope: dict[str, Any], headers: Mapping[bytes, bytes], receive: Receive) -> bytes | None:
    """The body; None where the other end went away. Raises _NotTaken."""
    if scope["method"] != "POST":
        raise _NotTaken(405, Fault("method_not_allowed"), allow="POST")
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != b"application/json":
        raise _NotTaken(415, Fault("not_json"))
    most = MOST_BYTES[scope["path"]]
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > 12 or int(length) > most:
        raise _NotTaken(413, Fault("too_large"), connection="close")
    body, more = bytearray(), True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                body += event.get("body", b"")
                if len(body) > most:
                    raise _NotTaken(413, Fault("too_large"), connection="close")
                more = event.get("more_body", False)
    except TimeoutError:
        raise _NotTaken(408, Fault("too_slow", "", str(BODY_SECONDS)), connection="close") from None
    return bytes(body)


def _safely(language: str, act: Callable[[], Answer]) -> Answer:
    """Do a piece of work in this thread's own connection and in a language; every refusal is an answer."""
    renew()
    try:
        with translation.override(language):
            return act()
    except Refused as refused:
        return _refusal(422, language, *refused.faults)
    except JsonRefused as no:
        return _refusal(413 if no.code == "too_large" else 400, language, Fault(no.code, "", no.detail))
    except TooManyBadTokens:
        return _refusal(429, language, Fault("too_many_bad_tokens"), headers=((b"retry-after", b"%d" % MINUTE),))
    except AccessRefused as refused:
        return _not_allowed(language, refused)
    except Exception as error:  # noqa: BLE001 - a program learns that it failed here, and nothing else
        log.error("screening: a request failed: %s", where(error))  # noqa: TRY400 - no content
        return _refusal(503, language, Fault("server_error"))


def _not_allowed(language: str, refused: AccessRefused) -> Answer:
    with transaction.atomic():
        detail = {"permission": refused.permission, "code": refused.code}
        append_as("access_refused", refused.actor or "anonymous", "api", detail=detail)
    signed_in = refused.code != "not_signed_in"
    said = Fault(refused.code, "", refused.permission if signed_in else "")
    return _refusal(
        403 if signed_in else 401,
        language,
        said,
        message=lambda fault: word("refusal", fault.code, language),
        headers=() if signed_in else ((b"www-authenticate", b"Bearer"),),
    )


def _refusal(
    status: int,
    language: str,
    *faults: Fault,
    message: Callable[[Fault], str] | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> Answer:
    with translation.override(language):
        return Answer(status, b'{"faults":%s}' % _json(faults_said(faults, message)), headers)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
