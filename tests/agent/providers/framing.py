"""Whole answers re-framed as streams of their wires, so that what was recorded without one is heard too."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.agent.providers.expected import Payload, in_list

GROWING = {"text": "", "thinking": "", "signature": "", "input": {}}
"""Fields of a block that come in deltas, and what the block begins with."""


def streamed(wire: str, row: dict[str, Any]) -> dict[str, Any]:
    """An exchange whose answer is JSON, as a stream of its wire."""
    events = "".join(FRAMES[wire](json.loads(row["response"]["body"])))
    answer = {"status": 200, "headers": {"content-type": "text/event-stream"}, "stream": True, "body": events}
    return {**row, "request": {**row["request"], "path": STREAMED_AT.get(wire, "")}, "response": answer}


STREAMED_AT = {
    "anthropic-messages": "/v1/messages",
    "openai-responses": "/v1/responses",
    "openai-chat": "/v1/chat/completions",
    "gemini": "/v1beta/models/m:streamGenerateContent",
    "vertex": "/v1beta1/models/m:streamGenerateContent",
}


def event(payload: Payload) -> str:
    name = f"event: {payload['type']}\n" if "type" in payload else ""
    return f"{name}data: {json.dumps(payload)}\n\n"


def anthropic(message: Payload) -> Iterable[str]:
    begun = {**message, "content": [], "stop_reason": None}
    yield event({"type": "message_start", "message": begun})
    for index, block in enumerate(message["content"]):
        opened = {key: GROWING.get(key, value) for key, value in block.items() if key != "citations"}
        yield event({"type": "content_block_start", "index": index, "content_block": opened})
        for delta in anthropic_deltas(block):
            yield event({"type": "content_block_delta", "index": index, "delta": delta})
        yield event({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": message.get("stop_sequence")}
    yield event({"type": "message_delta", "delta": ended, "usage": message["usage"]})
    yield event({"type": "message_stop"})


def anthropic_deltas(block: Payload) -> Iterable[Payload]:
    for citation in block.get("citations") or ():
        yield {"type": "citations_delta", "citation": citation}
    for kind in ("text", "thinking", "signature"):
        if block.get(kind):
            yield {"type": f"{kind}_delta", kind: block[kind]}
    if block.get("input"):
        yield {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}


def responses(answer: Payload) -> Iterable[str]:
    for index, item in enumerate(answer["output"]):
        added = {key: GROWING.get(key, value) for key, value in item.items() if key != "content"}
        yield event({"type": "response.output_item.added", "output_index": index, "item": added})
        for kind, more in responses_deltas(item):
            yield event({"type": f"response.{kind}", "output_index": index, **more})
        yield event({"type": "response.output_item.done", "output_index": index, "item": item})
    status = answer["status"]
    ended = {"complete": "completed"}.get(status, status)
    yield event({"type": f"response.{ended}", "response": answer})


def responses_deltas(item: Payload) -> Iterable[tuple[str, Payload]]:
    for at, piece in enumerate(item.get("summary") or ()):
        yield "reasoning_summary_part.added", {"summary_index": at, "part": {**piece, "text": ""}}
        yield "reasoning_summary_text.delta", {"summary_index": at, "delta": piece["text"]}
    for at, piece in enumerate(item.get("content") or ()):
        kind = piece["type"]
        said = piece.get("refusal") if kind == "refusal" else piece["text"]
        yield f"{kind}.delta", {"content_index": at, "delta": said}
    if item["type"] == "function_call":
        yield "function_call_arguments.delta", {"delta": item["arguments"]}


def chat(answer: Payload) -> Iterable[str]:
    outer = {**answer, "object": "chat.completion.chunk", "usage": None}
    (choice,) = answer["choices"]
    said = {key: value for key, value in choice["message"].items() if value is not None}
    calls = [{**call, "index": at} for at, call in enumerate(said.pop("tool_calls", ()))]
    if calls:
        said["tool_calls"] = calls
    yield event({**outer, "choices": [{"index": 0, "delta": said, "finish_reason": None}]})
    ended = {"index": 0, "delta": {}, "finish_reason": choice.get("finish_reason")}
    yield event({**outer, "choices": [ended]})
    yield event({**outer, "choices": [], "usage": answer.get("usage")})
    yield "data: [DONE]\n\n"


def gemini(answer: Payload | list[Payload]) -> Iterable[str]:
    return (event(chunk) for chunk in in_list(answer))


FRAMES: dict[str, Callable[[Any], Iterable[str]]] = {
    "anthropic-messages": anthropic,
    "openai-responses": responses,
    "openai-chat": chat,
    "gemini": gemini,
    "vertex": gemini,
}
