"""Google's wire, outwards: a request as generateContent takes it.

Implicit caching is Google's own and shows in the usage; explicit caches cost storage, so we make none.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from agent.core.messages import File, Message, Part, Text, Thinking, ToolCall, ToolResult, Unknown
from agent.core.provider import Request
from agent.providers._wires.parts import Fields, all_calls, file_note, fitting, own, result_text

WIRE = "gemini"

NEW = re.compile(r"gemini-([3-9]|\d\d|[a-z-]+-latest$)")
"""Generation 3 and later: levels of reasoning, files inside results, arguments in pieces."""
THINKS = re.compile(rf"({NEW.pattern}|gemini-2\.5)(?!.*(image|tts))")
BUDGETS = {"none": 0, "low": 2048, "medium": 8192, "high": 24_576}
"""Tokens of reasoning for models that know no level."""
PRO_BUDGET = 128
"""The least that a Pro model of that time takes."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")
"""A function's name. Source: google.genai.types.FunctionDeclaration."""
NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()
"""What Google takes for a call that another model made. Source: Gemini API, thought signatures."""
RESULT_MEDIA = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf"})
"""What the result of a call may hold. Source: Gemini API, multimodal function responses."""


def payload(request: Request, *, in_pieces: bool = False) -> dict[str, Any]:
    """What the API is asked.

    Args:
        request: the step.
        in_pieces: whether this API can send the arguments of a call while they grow.

    >>> sorted(payload(Request(model="gemini-3.8-flash", messages=())))
    ['config', 'contents', 'model']
    """
    messages, token = continued(request.messages)
    config: dict[str, Any] = {
        "automatic_function_calling": {"disable": True},
        "automatic_continuation": False,  # else one step may be many requests, each billed
    }
    if token:
        config["continuation_token"] = base64.b64decode(token)
    if request.system:
        config["system_instruction"] = request.system
    if request.max_tokens:
        config["max_output_tokens"] = request.max_tokens
    if THINKS.match(request.model):
        config["thinking_config"] = reasoning(request)
    is_new = NEW.match(request.model) is not None
    if request.tools:
        config |= _tools(request, in_pieces=in_pieces and is_new)
    if request.search:
        config["tools"] = [*config.get("tools", ()), {"google_search": {}}]
    return {"model": request.model, "contents": contents(messages, files_inside=is_new), "config": config}


def _tools(request: Request, *, in_pieces: bool) -> dict[str, Any]:
    declared = [
        {"name": tool.name, "description": tool.description, "parameters_json_schema": tool.parameters}
        for tool in request.tools
    ]
    asked: dict[str, Any] = {"tools": [{"function_declarations": declared}]}
    if in_pieces:
        asked["tool_config"] = {"function_calling_config": {"stream_function_call_arguments": True}}
    return asked


def reasoning(request: Request) -> Fields:
    """How much to reason, in the words the model knows.

    >>> reasoning(Request(model="gemini-3.8-flash", messages=(), effort="low"))
    {'include_thoughts': True, 'thinking_level': 'low'}
    >>> reasoning(Request(model="gemini-2.5-flash", messages=(), effort="none"))
    {'include_thoughts': False, 'thinking_budget': 0}
    """
    shown: Fields = {"include_thoughts": request.effort != "none"}
    is_pro = "flash" not in request.model
    if request.effort is None:
        return shown
    if request.model.startswith("gemini-2"):
        return {**shown, "thinking_budget": max(BUDGETS[request.effort], PRO_BUDGET if is_pro else 0)}
    least = "low" if is_pro else "minimal"
    return {**shown, "thinking_level": least if request.effort == "none" else request.effort}


def continued(messages: Sequence[Message]) -> tuple[Sequence[Message], str]:
    """The messages to ask with, and the token with which Google goes on where it paused.

    The same is asked once more, without what was said since.

    >>> paused = Unknown(opaque={"gemini": {"continuation_token": "dG9r"}})
    >>> said = Message(role="assistant", parts=(Text(text="Once upon"), paused))
    >>> continued([Message(role="user", parts=(Text(text="Tell."),)), said])[1]
    'dG9r'
    """
    last = messages[-1].parts[-1] if messages and messages[-1].parts else None
    token = own(last.opaque, WIRE).get("continuation_token") if isinstance(last, Unknown) else None
    if not isinstance(token, str):
        return messages, ""
    asked = max((at for at, message in enumerate(messages) if message.role == "user"), default=-1)
    return messages[: asked + 1], token


def contents(messages: Sequence[Message], *, files_inside: bool = False) -> list[dict[str, Any]]:
    """The messages as Google's turns.

    Args:
        messages: the history.
        files_inside: whether the model takes files inside the result of a call; else they stand beside it.

    >>> contents((Message(role="user", parts=(Text(text="Hi"),)),))
    [{'role': 'user', 'parts': [{'text': 'Hi'}]}]
    """
    calls = all_calls(messages)
    turns = [
        ("model" if message.role == "assistant" else "user", parts)
        for message in messages
        if (parts := [one for part in message.parts for one in _part(part, calls, files_inside=files_inside)])
    ]
    # Sides must alternate, also where one said what Google has no part for, or spoke twice.
    sides = groupby(turns, key=itemgetter(0))
    joined = [(role, [part for _, parts in said for part in parts]) for role, said in sides]
    return [{"role": role, "parts": _excused(parts, every=files_inside)} for role, parts in joined]


def function_name(name: str) -> str:
    """A function's name as Google takes it; models of others invent stranger ones.

    >>> function_name("functions.read_file:0"), function_name("7zip"), function_name("größe")
    ('functions.read_file:0', '_7zip', 'gr__e_d353a267')
    """
    if NAME.fullmatch(name):
        return name
    fits = fitting(name, 127)
    return fits if NAME.fullmatch(fits) else f"_{fits}"


def _part(part: Part, calls: dict[str, ToolCall], *, files_inside: bool) -> Iterable[dict[str, Any]]:
    match part:
        case Text(text=text):
            kept = own(part.opaque, WIRE)
            if text or kept:
                yield {"text": text, **kept}
        case Thinking(text=text):
            if kept := own(part.opaque, WIRE):
                yield {"text": text, "thought": True, **kept}
        case ToolCall():
            yield _call(part)
        case ToolResult():
            yield from _result(part, calls[part.call_id], files_inside=files_inside)
        case File():
            yield _file(part)
        case Unknown():
            kept = own(part.opaque, WIRE)
            if kept and "continuation_token" not in kept:
                yield kept


def _call(call: ToolCall) -> dict[str, Any]:
    asked = {"name": function_name(call.name), "args": call.arguments}
    if WIRE not in call.opaque:
        return {"function_call": asked, "foreign": True}
    kept = own(call.opaque, WIRE)
    return {"function_call": {**asked, **_only(kept, "id")}, **_only(kept, "thought_signature")}


def _only(fields: Fields, key: str) -> Fields:
    return {key: fields[key]} if key in fields else {}


def _excused(parts: list[dict[str, Any]], *, every: bool) -> list[dict[str, Any]]:
    """A turn's parts, its first call excused when it lacks a signature: another's call, or every one."""
    calls = [part for part in parts if "function_call" in part]
    foreign = [part.pop("foreign", False) for part in calls]
    if calls and "thought_signature" not in calls[0] and (every or foreign[0]):
        calls[0]["thought_signature"] = NO_SIGNATURE
    return parts


def _result(result: ToolResult, call: ToolCall, *, files_inside: bool) -> Iterable[dict[str, Any]]:
    key = "output" if result.outcome == "ok" else "error"
    given: dict[str, Any] = {
        "name": function_name(call.name),
        "response": {key: result_text(result)},
        **_only(own(call.opaque, WIRE), "id"),
    }
    inside = [file for file in result.files if files_inside and file.data and file.media_type in RESULT_MEDIA]
    if inside:
        given["parts"] = [_file(file) for file in inside]
    yield {"function_response": given}
    yield from (_file(file) for file in result.files if file not in inside)


def _file(file: File) -> dict[str, Any]:
    if file.data and file.media_type.startswith(("image/", "audio/", "video/", "application/pdf")):
        return {"inline_data": {"mime_type": file.media_type, "data": file.data}}
    return {"text": file_note(file)}
