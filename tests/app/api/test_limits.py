from typing import Any

import pytest
from fastapi import HTTPException
from starlette.types import Message, Receive, Scope, Send

from app.api.limits import MOST_BYTES, BodyLimit


async def weighed(sizes: list[int]) -> int:
    """What an application reads of a body that comes in pieces of these sizes."""
    read = 0
    coming = iter(sizes)

    async def receive() -> Message:
        size = next(coming, None)
        return {"type": "http.request", "body": b"x" * (size or 0), "more_body": size is not None}

    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal read
        message: dict[str, Any] = {"more_body": True}
        while message["more_body"]:
            message = dict(await receive())
            read += len(message["body"])

    async def send(_message: Message) -> None: ...

    await BodyLimit(reading)({"type": "http"}, receive, send)
    return read


async def test_a_body_may_weigh_its_limit() -> None:
    assert await weighed([MOST_BYTES // 2, MOST_BYTES // 2]) == MOST_BYTES


async def test_a_heavier_body_is_not_read() -> None:
    with pytest.raises(HTTPException) as refused:
        await weighed([MOST_BYTES, 1])
    assert refused.value.status_code == 413
