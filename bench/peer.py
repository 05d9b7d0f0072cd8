"""The provider that bench/providers.py asks: every format, bodies of our own making, one chunk an event."""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import dialects
import uvicorn

MODELS = {
    "anthropic": "claude-opus-5-5",
    "openai": "gpt-6.1-sol",
    "compatible": "qwen3:8b",
    "gemini": "gemini-3.8-flash",
}
ASKED = re.compile(rb"bench (\w+) (\d+)")


def pieces(kind: str, count: int) -> list[str]:
    said = [f"word{number % 10} " for number in range(count)]
    return ['{"content": "', *said[2:], '"}'] if kind == "arguments" else said


def anthropic(kind: str, count: int) -> list[bytes]:
    wire = dialects.Anthropic("m", 10)
    tool = {"type": "tool_use", "id": "toolu_1", "name": "write_file", "input": {}}
    block, delta, field = {
        "text": ({"type": "text", "text": ""}, "text_delta", "text"),
        "thinking": ({"type": "thinking", "thinking": "", "signature": ""}, "thinking_delta", "thinking"),
        "arguments": (tool, "input_json_delta", "partial_json"),
    }[kind]
    grown = [wire.delta({"type": delta, field: piece}) for piece in pieces(kind, count)]
    return [wire.begin(10, block), *grown, wire.end("tool_use" if block is tool else "end_turn", count)]


def openai(kind: str, count: int) -> list[bytes]:
    wire, said = dialects.Responses("m", 10), pieces(kind, count)
    whole = "".join(said)
    call = {"id": "i", "type": "function_call", "call_id": "c", "name": "write_file", "arguments": whole}
    summary = [{"type": "summary_text", "text": whole}]
    item, name, place = {
        "text": (wire.message("completed", whole), "output_text", {"content_index": 0}),
        "thinking": (
            {"id": "i", "type": "reasoning", "summary": summary},
            "reasoning_summary_text",
            {"summary_index": 0},
        ),
        "arguments": (call, "function_call_arguments", {}),
    }[kind]
    place = {"item_id": item["id"], "output_index": 0, **place}
    empty = {key: [] if isinstance(value, list) else value for key, value in item.items()} | (
        {"arguments": ""} if item is call else {}
    )
    usage = {"input_tokens": 10, "output_tokens": count, "total_tokens": count + 10}
    return [
        wire.event("response.created", 0, response=wire.response("in_progress", [])),
        wire.event("response.output_item.added", 1, output_index=0, item=empty),
        *(
            wire.event(f"response.{name}.delta", number + 2, delta=piece, **place)
            for number, piece in enumerate(said)
        ),
        wire.event("response.output_item.done", count + 2, output_index=0, item=item),
        wire.event("response.completed", count + 3, response=wire.response("completed", [item], usage=usage)),
    ]


def compatible(kind: str, count: int) -> list[bytes]:
    wire, said = dialects.Chat("m", 10), pieces(kind, count)
    if kind == "arguments":
        call = {"index": 0, "id": "call_1", "type": "function"}
        begun = {**call, "function": {"name": "write_file", "arguments": ""}}
        grown = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in said]
        deltas = [{"role": "assistant", "content": None, "tool_calls": [begun]}, *grown]
    else:
        field = "content" if kind == "text" else "reasoning_content"
        deltas = [{"role": "assistant", "content": ""}, *({field: piece} for piece in said)]
    return [*map(wire.delta, deltas), wire.last("", count)]


def gemini(kind: str, count: int) -> list[bytes]:
    wire, said = dialects.Gemini("m", 10), pieces("text", count)
    parts: list[dict[str, Any]] = [{"text": piece} for piece in said]
    if kind == "thinking":
        parts = [{**part, "thought": True} for part in parts]
    if kind == "arguments":
        grown = [{"jsonPath": "$.content", "stringValue": piece, "willContinue": True} for piece in said]
        calls = [{"partialArgs": [piece], "willContinue": True} for piece in grown]
        calls = [{"name": "write_file", "willContinue": True}, *calls, {}]
        parts = [{"functionCall": call} for call in calls]
    chunks = [dialects.sse({"candidates": [wire.candidate(part)], "modelVersion": "m"}) for part in parts]
    return [*chunks, wire.last("", count)]


BODIES = {"anthropic": anthropic, "openai": openai, "compatible": compatible, "gemini": gemini}


@cache
def body(wire: str, kind: str, count: int) -> list[bytes]:
    return BODIES[wire](kind, count)


def listed(wire: str) -> dict[str, Any]:
    """Its list of models, as each wire has it."""
    name = MODELS[wire]
    if wire == "gemini":
        return {"models": [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]}]}
    times = {"created": 1, "created_at": "2026-01-01T00:00:00Z"}
    kinds = {"object": "model", "type": "model", "owned_by": "us", "display_name": name}
    return {"object": "list", "has_more": False, "data": [{"id": name, **times, **kinds}]}


class Peer:
    """The server: `bench KIND COUNT` in a prompt says what is streamed; after `hang` it waits for the client to go."""

    def __init__(self) -> None:
        self._closed: asyncio.Queue[float] = asyncio.Queue()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        asked = b""
        while (message := await receive()).get("more_body"):
            asked += message["body"]
        found = ASKED.search(asked + message["body"])
        wire = scope["path"].split("/")[1]
        if not found:
            told = {"at": await self._closed.get()} if wire == "closed" else listed(wire)
            await self._send(send, "application/json", [json.dumps(told).encode()])
            return
        kind, count = found[1].decode(), int(found[2])
        if kind == "hang":
            await self._send(send, "text/event-stream", body(wire, "text", count)[:-1], is_last=False)
            await receive()
            self._closed.put_nowait(time.monotonic())
            return
        await self._send(send, "text/event-stream", body(wire, kind, count))

    @staticmethod
    async def _send(send: Any, media_type: str, body: list[bytes], *, is_last: bool = True) -> None:
        headers = [(b"content-type", media_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for chunk in body:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if is_last:
            await send({"type": "http.response.body"})


def serve() -> None:
    server = uvicorn.Server(uvicorn.Config(Peer(), port=0, log_level="critical", lifespan="off"))
    listener = server.config.bind_socket()
    print(listener.getsockname()[1], flush=True)
    server.run([listener])


@contextmanager
def served() -> Iterator[str]:
    """Where the peer listens."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as peer:
        assert peer.stdout
        try:
            yield f"http://127.0.0.1:{int(peer.stdout.readline())}"
        finally:
            peer.terminate()


if __name__ == "__main__":
    serve()
