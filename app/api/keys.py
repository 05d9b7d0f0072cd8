"""Idempotency keys: a request that is sent twice under one key is done once, and answered twice."""

import hashlib
import re

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent import accounts
from agent.core.errors import Invalid, MaestroError, Unavailable
from agent.core.identity import User
from app.problems import MEDIA_TYPE, told

HEADER, REPLAYED = "idempotency-key", "idempotency-replayed"
KEY = re.compile(r"[!-~]{8,200}")
SECRETS = re.compile(r"/(tokens|credentials|cli/auth)(/|$)")
"""What is answered there is told once, and never kept."""
MOST_BYTES = 64_000
"""Of an answer that is kept."""
REFUSED, PASSING, BROKEN = 400, 429, 500
"""Where problems begin; the answer that is true only for a while; where those begin that are our fault."""

logger = structlog.get_logger()


class Idempotency:
    """ASGI middleware that keeps the answers of requests with a key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from before, or hand on and keep what is answered."""
        key = Headers(scope=scope).get(HEADER)
        user = scope.get("user")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if key is None or scope["method"] != "POST" or SECRETS.match(path) or not isinstance(user, User):
            return await self.app(scope, receive, send)
        message = await receive()
        try:
            before = await _before(user, key, scope, message.get("body", b""))
        except MaestroError as error:
            return await told(error)(scope, receive, send)
        if before is not None:
            return await _replay(before)(scope, receive, send)
        return await self._once(user, key, scope, _first(message, receive), send)

    async def _once(self, user: User, key: str, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer()

        async def sending(message: Message) -> None:
            answer.note(message)
            if answer.is_whole:  # kept before its end is told, or who asks again at once would be too early
                await _keep(user, key, answer)
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            if not answer.is_whole:
                await _keep(user, key, None)


class Answer:
    """What the application answers, noted while it is sent."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.is_whole = False

    def note(self, message: Message) -> None:
        """Take note of one message of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.is_whole = not message.get("more_body", False)
            if len(self.body) <= MOST_BYTES:
                self.body += message.get("body", b"")

    @property
    def is_worth_keeping(self) -> bool:
        """Whether it is of use later, and not too long; what broke may be tried again."""
        return self.status < BROKEN and self.status != PASSING and len(self.body) <= MOST_BYTES


async def _keep(user: User, key: str, answer: Answer | None) -> None:
    try:
        if answer is not None and answer.is_worth_keeping:
            await accounts.answer_request(user, key, answer.status, answer.body.decode())
        else:
            await accounts.drop_request(user, key)
    except Unavailable as error:
        logger.warning("an answer was not kept", reason=error.code)


async def _before(user: User, key: str, scope: Scope, body: bytes) -> accounts.Answered | None:
    if not KEY.fullmatch(key):
        raise Invalid("key_unusable")
    told = b"\0".join([scope["method"].encode(), scope["path"].encode(), scope["query_string"], body])
    return await accounts.take_request(user, key, hashlib.sha256(told).hexdigest())


def _replay(before: accounts.Answered) -> Response:
    answer = Response(before.body, before.status, {REPLAYED: "true"})
    if before.body:
        answer.headers["content-type"] = MEDIA_TYPE if before.status >= REFUSED else "application/json"
    return answer


def _first(message: Message, receive: Receive) -> Receive:
    """A message that was taken, and then the others."""
    waiting = [message]

    async def receiving() -> Message:
        return waiting.pop() if waiting else await receive()

    return receiving
