"""A request in the form of OpenAI's Responses API, which is to store nothing."""

import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import JsonValue

from agent.core.messages import File, Message, Part, Text, Thinking, ToolCall, ToolResult, Unknown
from agent.core.provider import Request
from agent.providers._wires.parts import Fields, data_url, file_note, fitting, own, result_text

WIRE = "openai-responses"

WITHOUT_REASONING = ("gpt-3", "gpt-4", "gpt-5-chat", "chatgpt", "ft:gpt-3", "ft:gpt-4")
"""Models that refuse to be asked for encrypted reasoning."""
LEAST: tuple[tuple[str, str], ...] = (
    (r"gpt-5-pro", "high"),
    (r"gpt-5\.\d-(pro|chat)", "medium"),
    (r"o\d|(gpt-5(\.\d)?-)?codex|gpt-6(\.\d)?-astra", "low"),
    (r"gpt-5(-mini|-nano)?(-\d{4}|$)", "minimal"),
)
"""Patterns of models that cannot be kept from reasoning, and the least they do."""
LEVELS = ("none", "minimal", "low", "medium", "high")


def payload(request: Request, *, summarized: bool = True) -> Any:
    """What the API is asked.

    Its cache needs no more than the key, which leads requests that begin alike to the same machine: by
    default the whole prefix is written to it, for half an hour or, before GPT-5.6, for a day. Other
    options would only shorten that, or ask a price for lengthening it.

    Args:
        request: what is asked.
        summarized: whether to ask for a summary of the reasoning.

    Source: https://developers.openai.com/api/docs/guides/prompt-caching

    >>> payload(Request(model="gpt-4o", messages=()))
    {'model': 'gpt-4o', 'input': [], 'store': False}
    """
    asked: Fields = {"model": request.model, "input": items(request.messages), "store": False}
    if not request.model.startswith(WITHOUT_REASONING):
        asked["include"] = ["reasoning.encrypted_content"]
        asked |= reasoning(request, summarized=summarized)
    if request.cache_key:
        asked["prompt_cache_key"] = fitting(request.cache_key)
    if request.system:
        asked["instructions"] = request.system
    if request.max_tokens:
        asked["max_output_tokens"] = request.max_tokens
    tools: list[JsonValue] = [
        {
            "type": "function",
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": False,
        }
        for tool in request.tools
    ]
    if request.search:
        tools.append({"type": "web_search"})
    if tools:
        asked["tools"] = tools
    return asked


def reasoning(request: Request, *, summarized: bool) -> Fields:
    """How much to reason, and whether to be shown it; with minimal reasoning no model can search.

    Source: https://developers.openai.com/api/docs/guides/reasoning and …/tools-web-search

    >>> reasoning(Request(model="gpt-6-luna", messages=(), effort="none"), summarized=False)
    {'reasoning': {'effort': 'none'}}
    >>> reasoning(Request(model="o3", messages=(), effort="none"), summarized=True)
    {'reasoning': {'effort': 'low', 'summary': 'auto'}}
    """
    wanted: Fields = {}
    if request.effort:
        least = next((least for pattern, least in LEAST if re.match(pattern, request.model)), "none")
        least = "low" if request.search and least == "minimal" else least
        wanted["effort"] = max(request.effort, least, key=LEVELS.index)
    if summarized:
        wanted["summary"] = "auto"
    return {"reasoning": wanted} if wanted else {}


def items(messages: tuple[Message, ...]) -> list[Any]:
    """The messages as items: results stand alone, what a person said stays together.

    >>> items((Message(role="user", parts=(Text(text="Hi"),)),))
    [{'role': 'user', 'content': [{'type': 'input_text', 'text': 'Hi'}]}]
    """
    return [
        item for message in messages for item in (_said if message.role == "assistant" else _asked)(message)
    ]


def _asked(message: Message) -> Iterable[Fields]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    yield from map(_result, results)
    content = [_content(part) for part in message.parts if isinstance(part, Text | File)]
    if content:
        yield {"role": "user", "content": [*content]}


def _said(message: Message) -> Iterable[Fields]:
    said = [item for part in message.parts if (item := _item(part))]
    # Reasoning that led to nothing, as the answer was cut short, is refused.
    while said and said[-1]["type"] == "reasoning":
        said.pop()
    return said


def _item(part: Part) -> Fields | None:
    match part:
        case Text(text=text):
            content: Fields = {"type": "output_text", "text": text, "annotations": []}
            item: Fields = {"type": "message", "role": "assistant", "content": [content]}
            kept = own(part.opaque, WIRE)
            return {**item, **kept} if text or kept else None
        case Thinking():
            kept = own(part.opaque, WIRE)
            return {"type": "reasoning", **kept} if kept else None
        case ToolCall():
            call: Fields = {
                "type": "function_call",
                "call_id": fitting(part.id),
                "name": fitting(part.name),
                "arguments": part.malformed or json.dumps(part.arguments),
            }
            return {**call, **own(part.opaque, WIRE)}
        case Unknown():
            return own(part.opaque, WIRE) or None
        case _:
            return None


def _result(result: ToolResult) -> Fields:
    words: Fields = {"type": "input_text", "text": result_text(result)}
    output: list[JsonValue] = [words, *map(_content, result.files)]
    return {
        "type": "function_call_output",
        "call_id": fitting(result.call_id),
        "output": output if result.files else result_text(result),
    }


def _content(part: Text | File) -> Fields:
    if isinstance(part, Text):
        return {"type": "input_text", "text": part.text}
    if part.data and part.media_type.startswith("image/"):
        return {"type": "input_image", "image_url": data_url(part), "detail": "auto"}
    if part.data and part.media_type == "application/pdf":
        return {"type": "input_file", "filename": part.name or "file.pdf", "file_data": data_url(part)}
    return {"type": "input_text", "text": file_note(part)}
