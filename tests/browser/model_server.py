"""A model server on loopback that answers by the words of the prompt, well or badly."""

import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.browser.answers import ANSWERS

REFUSALS = {
    "refuse the key": (401, {}, "Incorrect API key provided"),
    "be busy": (429, {"retry-after": "120"}, "Rate limit reached"),
    "fall over": (500, {}, "Internal error"),
}
STUMBLE = "stumble"
"""Refused the first time, answered the second."""


class CutError(Exception):
    """The connection is dropped on purpose."""


def chunk(**choice: Any) -> bytes:
    body = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "x"}
    return b"data: " + json.dumps({**body, "choices": [{"index": 0, **choice}]}).encode() + b"\n\n"


async def told(text: str) -> AsyncIterator[bytes]:
    """A whole answer, in pieces that break words."""
    size = max(7, len(text) // 200)
    for start in range(0, len(text), size):
        yield chunk(delta={"content": text[start : start + size]}, finish_reason=None)
    yield chunk(delta={}, finish_reason="stop")
    yield b"data: [DONE]\n\n"


async def cut() -> AsyncIterator[bytes]:
    """An answer that breaks off."""
    yield chunk(delta={"role": "assistant", "content": "The beginning of "}, finish_reason=None)
    raise CutError


async def garbage() -> AsyncIterator[bytes]:
    yield chunk(delta={"role": "assistant", "content": "The beginning of "}, finish_reason=None)
    yield b"data: {this is no JSON\n\n"


async def completions(request: Request) -> Response:
    sent = await request.json()
    prompt = next(message["content"] for message in reversed(sent["messages"]) if message["role"] == "user")
    prompt = prompt if isinstance(prompt, str) else prompt[0]["text"]
    state = request.app.state
    if prompt == STUMBLE and not state.has_stumbled:
        state.has_stumbled = True
        return JSONResponse({"error": {"message": "Overloaded"}}, 503)
    if prompt in REFUSALS:
        status, headers, message = REFUSALS[prompt]
        return JSONResponse({"error": {"message": message}}, status, headers)
    bodies = {"break off": cut, "talk garbage": garbage}
    body = bodies[prompt]() if prompt in bodies else told(ANSWERS.get(prompt, f"You said: {prompt}"))
    return StreamingResponse(body, media_type="text/event-stream")


async def models(_request: Request) -> Response:
    return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in ("x", "y")]})


@contextmanager
def model_server() -> Iterator[str]:
    """Serve until the end of the block; gives the base URL."""
    routes = [
        Route("/v1/chat/completions", completions, methods=["POST"]),
        Route("/v1/models", models),
    ]
    app = Starlette(routes=routes)
    app.state.has_stumbled = False
    # What it breaks off on purpose is nothing to tell of.
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()
