"""Anthropic's Messages API."""

import json
import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, cast

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import (
    File,
    Message,
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
from agent.providers._connection import SdkProvider
from agent.providers._wires.parts import Fields, echoed, file_note, own, result_text, tool_call

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic
    from anthropic.types import RawContentBlockDelta, RawMessageStreamEvent

NAME = "anthropic"
SETTING = "ANTHROPIC_API_KEY"
WIRE = "anthropic"
KNOWN = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2")
"""Models to offer when the provider's own list cannot be fetched, the best first."""

ADDRESS = "https://api.anthropic.com"
MAX_TOKENS = 32_000
"""Tokens of an answer when nobody says; every model of the fourth generation and later takes it."""
OLD_MAX_TOKENS = {"claude-3-haiku": 4096, "claude-3-opus": 4096, "claude-3-5": 8192}
BUDGETS = {"low": 2048, "medium": 8192, "high": 16_384}
"""Tokens of reasoning for models that know no effort."""
WITHOUT_EFFORT = re.compile(r"claude-3|-4-[015]\b|-4-2025")

STOPS: dict[str | None, StepStop] = {
    "tool_use": "tool_use",
    "pause_turn": "pause",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "max_tokens",
    "refusal": "refusal",
}
CARRIED: dict[str, tuple[str, ...]] = {
    "text": ("type", "text"),
    "thinking": ("type", "thinking"),
    "tool_use": ("type", "id", "name", "input"),
}
"""Fields of a block that our parts hold themselves; the rest is echoed."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.anthropic_api_key.get_secret_value():
        return None
    return Credential(secret=settings.anthropic_api_key, base_url=settings.anthropic_base_url)


def connect(credential: Credential) -> "AnthropicProvider":
    """A provider that uses this key."""
    return AnthropicProvider(credential)


class AnthropicProvider(SdkProvider["AsyncAnthropic"]):
    """Serves Claude."""

    name = NAME

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            async with await client.messages.create(**payload(request), stream=True) as events:
                async for event in events:
                    delta = step.hear(event)
                    if delta is not None:
                        yield delta
            yield step.finished(request.model)

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask."""
        async with self._asking() as client:
            return [
                ModelEntry(
                    id=f"{NAME}:{model.id}", name=model.display_name, context_window=model.max_input_tokens
                )
                async for model in client.models.list(limit=100)
            ]

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic  # noqa: PLC0415 - takes two seconds, in a thread

        secret = self._credential.secret.get_secret_value()
        is_token = self._credential.auth_type == "oauth_token"
        address = self._credential.base_url
        return AsyncAnthropic(
            api_key=None if is_token else secret,
            auth_token=secret if is_token else None,
            base_url=address or ADDRESS,
            # Gateways and look-alikes still want the header that Anthropic itself no longer needs.
            default_headers={"X-Api-Key": secret} if address and not is_token else None,
            http_client=http,
            max_retries=0,
            open_telemetry=False,
        )


class Step:
    """A step as it is heard: blocks grow by their index."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, list[str]] = {}
        """What a block grows by: text, thinking or a call's arguments."""
        self._usage: dict[str, Any] = {}
        self._stop: str | None = None
        self._whole = False

    def hear(self, event: "RawMessageStreamEvent") -> Delta | None:
        """Take one event in; what a person can see of it is returned."""
        # What follows a message's end in one stream belongs to no step of ours.
        if self._whole:
            return None
        match event.type:
            case "content_block_delta":
                return self._grow(event.index, event.delta)
            case "content_block_start":
                self._blocks[event.index] = event.content_block.to_dict()
                self._pieces[event.index] = []
            case "message_start":
                # A proxy that asks anew starts a second message; the first one is void.
                self._blocks, self._pieces = {}, {}
                self._usage = event.message.usage.to_dict()
            case "message_delta":
                self._stop = event.delta.stop_reason
                self._usage.update(event.usage.to_dict())
            case "message_stop":
                self._whole = True
            case _:
                pass
        return None

    def _grow(self, index: int, delta: "RawContentBlockDelta") -> Delta | None:
        block, pieces = self._blocks[index], self._pieces[index]
        match delta.type:
            case "text_delta":
                pieces.append(delta.text)
                return Delta(kind="text", text=delta.text)
            case "thinking_delta":
                pieces.append(delta.thinking)
                return Delta(kind="thinking", text=delta.thinking)
            case "input_json_delta":
                pieces.append(delta.partial_json)
                if block["type"] == "tool_use":
                    return Delta(kind="arguments", text=delta.partial_json, call_id=block["id"])
            case "signature_delta":
                block["signature"] = delta.signature
            case "citations_delta":
                block["citations"] = [*(block.get("citations") or []), delta.citation.to_dict()]
            case _:
                pass
        return None

    def finished(self, model: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended before the message did.
        """
        if not self._whole:
            raise ProviderError("cut", "The stream ended without message_stop.")
        grown = ((self._blocks[index], "".join(self._pieces[index])) for index in sorted(self._blocks))
        message = Message(role="assistant", parts=tuple(part(*block) for block in grown))
        stop = "tool_use" if message.calls else STOPS.get(self._stop, "end_turn")
        return StepFinished(message=message, usage=usage(self._usage, model), stop=stop)


def part(block: dict[str, Any], grown: str = "") -> Part:
    """A block and what it has grown by as a part.

    >>> part({"type": "thinking", "thinking": "", "signature": "c2ln"}, "Hm").opaque
    {'anthropic': {'signature': 'c2ln'}}
    >>> part({"type": "redacted_thinking", "data": "e30="}).type
    'Unknown'
    """
    kind = block["type"]
    rest = cast("Fields", {key: value for key, value in block.items() if key not in CARRIED.get(kind, ())})
    match kind:
        case "text":
            return Text(text=block["text"] + grown, opaque=echoed(WIRE, rest))
        case "thinking":
            return Thinking(text=block["thinking"] + grown, opaque=echoed(WIRE, rest))
        case "tool_use":
            raw = grown or json.dumps(block.get("input") or {})
            return tool_call(block["id"], block["name"], raw, echoed(WIRE, rest))
        case _:
            whole = {**block, "input": tool_call("", "", grown).arguments} if grown else block
            return Unknown(opaque=echoed(WIRE, whole))


def usage(counted: dict[str, Any], model: str) -> Usage:
    """Tokens as Anthropic counts them; what it reads from and writes to its cache comes on top of its input.

    >>> usage({"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens": 2}, "claude-opus-5").input
    10
    """
    details: dict[str, Any] = counted.get("output_tokens_details") or {}
    cached = counted.get("cache_read_input_tokens") or 0
    written = counted.get("cache_creation_input_tokens") or 0
    tokens = Usage(
        input=(counted.get("input_tokens") or 0) + cached + written,
        cached=cached,
        cache_written=written,
        output=counted.get("output_tokens") or 0,
        reasoning=details.get("thinking_tokens") or 0,
    )
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, provider=NAME)})


def payload(request: Request) -> Any:
    """What the API is asked.

    >>> sorted(payload(Request(model="claude-opus-5", messages=())))
    ['cache_control', 'max_tokens', 'messages', 'model']
    """
    asked: Fields = {
        "model": request.model,
        "max_tokens": request.max_tokens or max_tokens(request.model),
        "messages": [turn for message in request.messages if (turn := _message(message))["content"]],
        "cache_control": {"type": "ephemeral"},
    }
    if request.system:
        asked["system"] = request.system
    if request.tools:
        asked["tools"] = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
            for tool in request.tools
        ]
    return {**asked, **reasoning(request)}


def max_tokens(model: str) -> int:
    """Tokens an answer may have when nobody says.

    >>> max_tokens("claude-opus-5"), max_tokens("claude-3-haiku-20240307")
    (32000, 4096)
    """
    return next((limit for old, limit in OLD_MAX_TOKENS.items() if model.startswith(old)), MAX_TOKENS)


def reasoning(request: Request) -> Fields:
    """How much to reason, in the words the model knows.

    >>> reasoning(Request(model="claude-opus-5", messages=(), effort="low"))["output_config"]
    {'effort': 'low'}
    >>> reasoning(Request(model="claude-haiku-4-5", messages=(), effort="low"))["thinking"]["budget_tokens"]
    2048
    """
    if request.effort is None:
        return {}
    if request.effort == "none":
        return {"thinking": {"type": "disabled"}}
    if WITHOUT_EFFORT.search(request.model):
        budget = min(BUDGETS[request.effort], (request.max_tokens or MAX_TOKENS) // 2)
        return {"thinking": {"type": "enabled", "budget_tokens": budget}}
    return {
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {"effort": request.effort},
    }


def _message(message: Message) -> dict[str, Any]:
    """A message with its results first, as the API demands."""
    parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
    return {"role": message.role, "content": [block for part in parts if (block := _block(part))]}


def _block(part: Part) -> Fields | None:
    """A part as a block; None where there is nothing this API could read."""
    match part:
        case Text(text=text):
            return {"type": "text", "text": text, **own(part.opaque, WIRE)} if text else None
        case Thinking(text=text):
            kept = own(part.opaque, WIRE)
            return {"type": "thinking", "thinking": text, **kept} if kept else None
        case ToolCall():
            call: Fields = {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
            return {**call, **own(part.opaque, WIRE)}
        case ToolResult():
            return _result(part)
        case File():
            return _file(part)
        case Unknown():
            return own(part.opaque, WIRE) or None


def _result(result: ToolResult) -> Fields:
    words: Fields = {"type": "text", "text": result_text(result)}
    block: Fields = {
        "type": "tool_result",
        "tool_use_id": result.call_id,
        "content": [words, *map(_file, result.files)],
    }
    return block if result.outcome == "ok" else {**block, "is_error": True}


def _file(file: File) -> Fields:
    source: Fields = {"type": "base64", "media_type": file.media_type, "data": file.data}
    if file.data and file.media_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}:
        return {"type": "image", "source": source}
    if file.data and file.media_type == "application/pdf":
        return {"type": "document", "source": source}
    return {"type": "text", "text": file_note(file)}
