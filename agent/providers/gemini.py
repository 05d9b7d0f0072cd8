"""Google's Gemini API; Vertex AI speaks it too."""

import base64
import json
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import (
    File,
    Message,
    Opaque,
    Part,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
    Usage,
)
from agent.core.provider import Credential, ModelEntry, Request, Said
from agent.providers import _prices
from agent.providers._connection import SdkProvider, trust
from agent.providers._wires.parts import Fields, all_calls, file_note, own, result_text

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client, types

    Answer = AsyncGenerator[types.GenerateContentResponse, None]

NAME = "gemini"
SETTING = "GEMINI_API_KEY"
WIRE = "gemini"
KNOWN = ("gemini-3.8-flash", "gemini-4-argon", "gemini-3.1-pro-preview", "gemini-3.5-flash-lite")
"""Models to offer when the provider's own list cannot be fetched, the best first."""

ADDRESS = "https://generativelanguage.googleapis.com"
VERSION = "v1beta"
SERVER_TIMEOUT = 3_600_000
"""Milliseconds Google may work on an answer; how long it may be silent is ours to say."""

THINKS = re.compile(r"gemini-(2\.5|[3-9])(?!.*(image|tts))")
BUDGETS = {"none": 0, "low": 2048, "medium": 8192, "high": 24_576}
"""Tokens of reasoning for models that know no level."""
PRO_BUDGET = 128
"""The least that a Pro model of that time takes."""

BLOCKED = frozenset(
    {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"}
)
"""Google's filters ended the answer, not the model."""
BROKEN = frozenset({"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"})
"""The model stumbled; asking once more helps."""

NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()
"""What Google takes for a call that another model made. Source: Gemini API, thought signatures."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.gemini_api_key.get_secret_value():
        return None
    return Credential(secret=settings.gemini_api_key, base_url=settings.google_gemini_base_url)


def connect(credential: Credential) -> "GeminiProvider":
    """A provider that uses this key."""
    return GeminiProvider(credential)


class GeminiProvider(SdkProvider["Client"]):
    """Serves Gemini."""

    name = NAME

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            models = cast("Any", client.aio.models)
            answer: Answer = await models.generate_content_stream(**payload(request))
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    for delta in step.hear(chunk):
                        yield delta
            yield step.finished(request.model)

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask."""
        async with self._asking() as client:
            listed: AsyncIterator[types.Model] = await client.aio.models.list(config={"page_size": 200})
            return [
                entry(self.name, model)
                async for model in listed
                if "generateContent" in (model.supported_actions or ["generateContent"])
            ]

    def _client(self, http: "httpx2.AsyncClient") -> "Client":
        from google.genai import Client  # noqa: PLC0415 - takes a second, in a thread

        return Client(
            enterprise=False,
            api_key=self._credential.secret.get_secret_value(),
            http_options=options(http, self._credential.base_url or ADDRESS, VERSION),
        )


def options(http: "httpx2.AsyncClient", address: str | None, version: str) -> "types.HttpOptions":
    """How the SDK reaches Google: over our client, without retries of its own."""
    from google.genai import types  # noqa: PLC0415 - takes a second, in a thread

    http.event_hooks["response"].append(only_events)
    return types.HttpOptions(
        base_url=address,
        api_version=version,
        httpx_async_client=http,
        client_args={"verify": trust()},  # a client we never use, made quickly
        timeout=SERVER_TIMEOUT,
    )


async def only_events(response: "httpx2.Response") -> None:
    """Refuse JSON where a stream was asked for; the SDK would take it for an answer.

    Raises:
        ProviderError: something on the way does not stream.
    """
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if is_json and response.is_success and b"alt=sse" in response.url.query:
        raise ProviderError("cut", "JSON came instead of a stream.")


@dataclass
class Spoken:
    """Text or thinking that still grows."""

    kind: type[Text | Thinking]
    pieces: list[str]
    signed: Opaque

    @property
    def part(self) -> Part:
        """What has grown, whole."""
        return self.kind(text="".join(self.pieces), opaque=self.signed)


class Step:
    """A step as it is heard: a list of parts, each kept with its signature."""

    def __init__(self) -> None:
        self._said: list[Spoken | Part] = []
        self._usage: types.GenerateContentResponseUsageMetadata | None = None
        self._stop = ""

    def hear(self, chunk: "types.GenerateContentResponse") -> Iterable[Delta]:
        """Take one chunk in; what a person can see of it is returned.

        Raises:
            ProviderError: Google's filters refused the prompt.
        """
        if chunk.usage_metadata:
            self._usage = chunk.usage_metadata
        if chunk.prompt_feedback and chunk.prompt_feedback.block_reason:
            raise ProviderError(
                "safety", f"The prompt was blocked: {chunk.prompt_feedback.block_reason.value}"
            )
        if not chunk.candidates:
            return
        candidate = chunk.candidates[0]
        if candidate.finish_reason:
            self._stop = candidate.finish_reason.value
        for part in (candidate.content and candidate.content.parts) or ():
            delta = self._take(part)
            if delta is not None:
                yield delta

    def _take(self, part: "types.Part") -> Delta | None:
        signed = signature(part)
        if part.function_call:
            call = tool_call(part.function_call, signed)
            self._said.append(call)
            return Delta(kind="arguments", text=json.dumps(call.arguments), call_id=call.id)
        if part.text is not None:
            return self._say(part.text, signed, Thinking if part.thought else Text)
        kept: Fields = part.model_dump(mode="json", by_alias=True, exclude_none=True)
        self._said.append(Unknown(opaque={WIRE: kept}))
        return None

    def _say(self, text: str, signed: Opaque, kind: type[Text | Thinking]) -> Delta | None:
        last = self._said[-1] if self._said else None
        # A signed part is never joined to another: its signature stands for it alone.
        if isinstance(last, Spoken) and last.kind is kind and not (last.signed or signed):
            last.pieces.append(text)
        elif text or signed:
            self._said.append(Spoken(kind, [text], signed))
        return Delta(kind="text" if kind is Text else "thinking", text=text) if text else None

    def finished(self, model: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter.
        """
        if not self._stop:
            raise ProviderError("cut", "The stream ended without a finish reason.")
        if self._stop in BLOCKED:
            raise ProviderError("safety", f"The answer was blocked: {self._stop}")
        if self._stop in BROKEN:
            raise ProviderError("cut", f"The model stumbled: {self._stop}")
        parts = (said.part if isinstance(said, Spoken) else said for said in self._said)
        message = Message(role="assistant", parts=tuple(parts))
        stop: StepStop = "max_tokens" if self._stop == "MAX_TOKENS" else "end_turn"
        return StepFinished(
            message=message, usage=usage(self._usage, model), stop="tool_use" if message.calls else stop
        )


def signature(part: "types.Part") -> Opaque:
    """What a part wants echoed."""
    signed = part.thought_signature
    return {WIRE: {"thought_signature": base64.b64encode(signed).decode()}} if signed else {}


def tool_call(asked: "types.FunctionCall", signed: Opaque) -> ToolCall:
    """A call; an id that we had to invent is not echoed."""
    return ToolCall(
        id=asked.id or f"call_{uuid.uuid4().hex[:12]}",
        name=asked.name or "",
        arguments=asked.args or {},
        opaque={WIRE: {**own(signed, WIRE), **({"id": asked.id} if asked.id else {})}},
    )


def usage(counted: "types.GenerateContentResponseUsageMetadata | None", model: str) -> Usage:
    """Tokens as Google counts them; what it thinks comes on top of what it says."""
    if counted is None:
        return Usage()
    thoughts = counted.thoughts_token_count or 0
    tokens = Usage(
        input=(counted.prompt_token_count or 0) + (counted.tool_use_prompt_token_count or 0),
        cached=counted.cached_content_token_count or 0,
        output=(counted.candidates_token_count or 0) + thoughts,
        reasoning=thoughts,
    )
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, provider="google")})


def entry(prefix: str, model: "types.Model") -> ModelEntry:
    """A listed model, free of Google's path."""
    name = (model.name or "").rpartition("/")[2]
    return ModelEntry(
        id=f"{prefix}:{name}", name=model.display_name or name, context_window=model.input_token_limit
    )


def payload(request: Request) -> dict[str, Any]:
    """What the API is asked.

    >>> sorted(payload(Request(model="gemini-3.8-flash", messages=())))
    ['config', 'contents', 'model']
    """
    config: dict[str, Any] = {"automatic_function_calling": {"disable": True}}
    if request.system:
        config["system_instruction"] = request.system
    if request.max_tokens:
        config["max_output_tokens"] = request.max_tokens
    if THINKS.match(request.model):
        config["thinking_config"] = reasoning(request)
    if request.tools:
        declared = [
            {"name": tool.name, "description": tool.description, "parameters_json_schema": tool.parameters}
            for tool in request.tools
        ]
        config["tools"] = [{"function_declarations": declared}]
    return {"model": request.model, "contents": contents(request.messages), "config": config}


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


def contents(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """The messages as Google's turns.

    >>> contents((Message(role="user", parts=(Text(text="Hi"),)),))
    [{'role': 'user', 'parts': [{'text': 'Hi'}]}]
    """
    calls = all_calls(messages)
    turns = (
        {
            "role": "model" if message.role == "assistant" else "user",
            "parts": [spoken for part in message.parts for spoken in _part(part, calls)],
        }
        for message in messages
    )
    return [_excused(turn) for turn in turns if turn["parts"]]


def _part(part: Part, calls: dict[str, ToolCall]) -> Iterable[dict[str, Any]]:
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
            yield _result(part, calls[part.call_id])
            yield from map(_file, part.files)
        case File():
            yield _file(part)
        case Unknown():
            if kept := own(part.opaque, WIRE):
                yield kept


def _call(call: ToolCall) -> dict[str, Any]:
    if WIRE not in call.opaque:
        return {"function_call": {"name": call.name, "args": call.arguments}, "foreign": True}
    kept = own(call.opaque, WIRE)
    asked = {"name": call.name, "args": call.arguments, **_only(kept, "id")}
    return {"function_call": asked, **_only(kept, "thought_signature")}


def _only(fields: Fields, key: str) -> Fields:
    return {key: fields[key]} if key in fields else {}


def _excused(turn: dict[str, Any]) -> dict[str, Any]:
    """Mark the first of a turn's calls that another model made as having no signature."""
    foreign = [part for part in turn["parts"] if part.pop("foreign", False)]
    for part in foreign[:1]:
        part["thought_signature"] = NO_SIGNATURE
    return turn


def _result(result: ToolResult, call: ToolCall) -> dict[str, Any]:
    key = "output" if result.outcome == "ok" else "error"
    given = {"name": call.name, "response": {key: result_text(result)}, **_only(own(call.opaque, WIRE), "id")}
    return {"function_response": given}


def _file(file: File) -> dict[str, Any]:
    if file.data and file.media_type.startswith(("image/", "audio/", "video/", "application/pdf", "text/")):
        return {"inline_data": {"mime_type": file.media_type, "data": file.data}}
    return {"text": file_note(file)}
