"""What the body of a request may be: how large, how deep, and JSON that every reader understands alike."""

import asyncio
import json
import math
import re
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.core.errors import Invalid, LimitReached
from app.problems import problem, told

MOST_BYTES = 8_000_000
"""Of a body; a prompt may carry pictures."""
PATIENCE = 300.0
"""Seconds a body may take to come in: the largest needs 27 kB a second."""
MOST_LEVELS = 100
MOST_VALUES = 50_000
"""In lists and objects, all together: each takes far more memory than it has letters."""
MOST_DIGITS = 1000
SHOWN = 20
"""Letters of what is refused that the answer repeats."""
LONG = 64_000
"""Bytes from which on a body is looked at in a thread."""
OAUTH = "/cli/auth/"
"""Where OAuth's clients speak, in forms too, and are answered in its words."""
RAW = re.compile(r"/sessions/[^/]+/attachments/?$")
"""Where a body is a file, as it is."""

STRING = re.compile(r'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
BRACKET = re.compile(r"[\[\]{}]")
DIGITS = re.compile(rf"[0-9]{{{MOST_DIGITS + 1}}}")


class BodyLimit:
    """ASGI middleware that reads a body as far as it may weigh, and hands on only what can be understood."""

    def __init__(self, app: ASGIApp, patience: float = PATIENCE) -> None:
        self.app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or hand on."""
        try:
            async with asyncio.timeout(self._patience):
                body = await _read(receive)
        except ClientDisconnect:
            return None
        except TimeoutError:
            return await problem(408, LimitReached("too_slow"))(scope, receive, send)
        answer = await _refusal(scope, body)
        return await (answer or self.app)(scope, _again(body or b"", receive), send)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is too large."""
    pieces: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        more = message.get("more_body", False)
        if size > MOST_BYTES:
            return None
    return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, in one piece; then whatever else comes."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return first.pop() if first else await receive()

    return receiving


async def _refusal(scope: Scope, body: bytes | None) -> Response | None:
    """What a body is answered with that is not handed on."""
    if body is None:
        return problem(413, LimitReached("too_large"))
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    if not body or OAUTH in scope["path"] or RAW.search(scope["path"]):
        return None
    if kind != "application/json" and not kind.endswith("+json"):
        return problem(415, Invalid("wrong_type"))
    try:
        await asyncio.to_thread(judge, body) if len(body) > LONG else judge(body)
    except Invalid as error:
        return told(error)
    except ValueError:
        return problem(400, Invalid("unreadable"))
    return None


def judge(body: bytes) -> None:
    """Look whether a body is JSON that means one thing, and that costs no more to read than it should.

    >>> judge(b'{"name": "x", "seq": 3}')

    Raises:
        ValueError: it is no JSON in UTF-8.
        Invalid: it is, and goes too far.
    """
    text = body.decode("utf-8")
    bare = STRING.sub('""', text)
    if bare.count(",") + bare.count("[") + bare.count("{") > MOST_VALUES:
        raise Invalid("too_many_values", most=MOST_VALUES)
    level = 0
    for bracket in BRACKET.finditer(bare):
        level += 1 if bracket[0] in "[{" else -1
        if level > MOST_LEVELS:
            raise Invalid("too_deep", most=MOST_LEVELS)
    if long := DIGITS.search(bare):
        raise Invalid("number", number=f"{long[0][:SHOWN]}…")
    json.loads(text, parse_float=_number, parse_constant=_constant, object_pairs_hook=_each_once)


def _number(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise Invalid("number", number=written[:SHOWN])
    return number


def _constant(name: str) -> float:
    raise Invalid("number", number=name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; two readers may each take another one of two values under one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))
        raise Invalid("name_twice", name=twice[:SHOWN])
    return found
