"""Chat Completions as OpenRouter, Ollama, vLLM, llama.cpp, DeepSeek, Mistral and others speak it."""

import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
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
    Usage,
)
from agent.core.provider import Credential, ModelEntry, Request, Said
from agent.providers import _prices
from agent.providers._connection import SdkProvider
from agent.providers._wires.parts import (
    Fields,
    data_url,
    echoed,
    file_note,
    is_prompt,
    own,
    result_text,
    tool_call,
)

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall

NAME = "compatible"
SETTING = "OPENAI_COMPATIBLE_BASE_URL"
WIRE = "openai-chat"
KNOWN: tuple[str, ...] = ()
"""Nobody knows what such a server serves."""

NO_KEY = "none"
"""The SDK wants a key even where the server wants none."""
REASONING = ("reasoning_content", "reasoning")
"""Where servers put their reasoning: DeepSeek and vLLM, OpenRouter and Ollama."""


def credential(settings: Settings) -> Credential | None:
    """The server's own address and key; many such servers want no key."""
    if not settings.openai_compatible_base_url:
        return None
    key = settings.openai_compatible_api_key
    return Credential(
        auth_type="api_key" if key.get_secret_value() else "none",
        secret=key,
        base_url=settings.openai_compatible_base_url,
    )


def connect(credential: Credential) -> "CompatibleProvider":
    """A provider at this address."""
    return CompatibleProvider(credential)


class CompatibleProvider(SdkProvider["AsyncOpenAI"]):
    """Serves whatever the address serves."""

    name = NAME

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            async with await client.chat.completions.create(**payload(request), stream=True) as chunks:
                async for chunk in chunks:
                    for delta in step.hear(chunk):
                        yield delta
            yield step.finished(request.model, self._credential.base_url)

    async def models(self) -> list[ModelEntry]:
        """The models the server says it serves."""
        async with self._asking() as client:
            return [
                ModelEntry(id=f"{NAME}:{model.id}", name=model.id) async for model in client.models.list()
            ]

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncOpenAI":
        from openai import AsyncOpenAI  # noqa: PLC0415 - takes a second, in a thread

        client = AsyncOpenAI(
            api_key=self._credential.secret.get_secret_value() or NO_KEY,
            base_url=self._credential.base_url,
            organization="",
            project="",
            http_client=http,
            max_retries=0,
        )
        # Empty, they keep the SDK from reading the environment; None, no header is sent.
        client.organization = None
        client.project = None
        return client


@dataclass
class Call:
    """A call that still grows."""

    id: str
    name: str = ""
    pieces: list[str] = field(default_factory=list[str])
    extra: Fields = field(default_factory=dict[str, Any])


class Step:
    """A step as it is heard, in any of the dialects."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refused = False
        self._thinking: list[str] = []
        self._reasoning: Fields = {}
        """Under which name reasoning came, and details that are to be echoed."""
        self._calls: dict[int, Call] = {}
        self._stop = ""
        self._usage: dict[str, Any] = {}

    def hear(self, chunk: "ChatCompletionChunk") -> Iterable[Delta]:
        """Take one chunk in; what a person can see of it is returned."""
        if chunk.usage:
            self._usage = chunk.usage.to_dict()
        for choice in chunk.choices or ():
            # Look-alikes leave out or null what the SDK's types promise.
            if choice.finish_reason:
                self._stop = choice.finish_reason
            if placed := (choice.model_extra or {}).get("usage"):
                self._usage = placed
            said = cast("ChoiceDelta | None", choice.delta)
            if said is not None:
                yield from self._reason(said.model_extra or {})
                yield from self._say(said)
                for place, piece in enumerate(said.tool_calls or ()):
                    yield from self._call(piece, place)

    def _reason(self, extra: dict[str, Any]) -> Iterable[Delta]:
        for name in REASONING:
            text = extra.get(name)
            if isinstance(text, str) and text:
                self._reasoning["field"] = name
                self._thinking.append(text)
                yield Delta(kind="thinking", text=text)
                break
        if details := extra.get("reasoning_details"):
            self._reasoning["details"] = [*cast("list[Any]", self._reasoning.get("details", [])), *details]

    def _say(self, said: "ChoiceDelta") -> Iterable[Delta]:
        if said.refusal:
            self._refused = True
            self._text.append(said.refusal)
            yield Delta(kind="text", text=said.refusal)
        content = cast("str | list[dict[str, Any]] | None", said.content)
        if isinstance(content, str) and content:
            self._text.append(content)
            yield Delta(kind="text", text=content)
        elif isinstance(content, list):
            for block in content:
                yield from self._block(block)

    def _block(self, block: dict[str, Any]) -> Iterable[Delta]:
        """Take in a block of a list, as Mistral's reasoning models send it."""
        if block.get("type") == "thinking":
            text = "".join(piece.get("text", "") for piece in block.get("thinking", []))
            self._thinking.append(text)
            yield Delta(kind="thinking", text=text)
        elif text := block.get("text"):
            self._text.append(text)
            yield Delta(kind="text", text=text)

    def _call(self, piece: "ChoiceDeltaToolCall", place: int) -> Iterable[Delta]:
        index = self._index(piece, place)
        call = self._calls.setdefault(index, Call(piece.id or f"call_{index}"))
        if extra := (piece.model_extra or {}).get("extra_content"):
            call.extra["extra_content"] = extra
        if piece.function is None:
            return
        call.name = call.name or piece.function.name or ""
        if arguments := piece.function.arguments:
            call.pieces.append(arguments)
            yield Delta(kind="arguments", text=arguments, call_id=call.id)

    def _index(self, piece: "ChoiceDeltaToolCall", place: int) -> int:
        """Which call a piece belongs to: some servers give no index, others the same one to every call."""
        index = cast("int | None", piece.index)
        if index is None:
            index = len(self._calls) if piece.id else place
        known = self._calls.get(index)
        if known and piece.id and piece.id != known.id:
            same = [at for at, call in self._calls.items() if call.id == piece.id]
            return same[0] if same else max(self._calls) + 1
        return index

    def finished(self, model: str, address: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter.
        """
        # Some servers never say why they stop; what they sent last tells that they did.
        if not (self._stop or self._usage or self._calls):
            raise ProviderError("cut", "The stream ended without a finish reason.")
        if self._stop == "content_filter":
            raise ProviderError("safety", "The answer was blocked: content_filter")
        message = Message(role="assistant", parts=tuple(self._parts()))
        stop: StepStop = "refusal" if self._refused else "end_turn"
        if self._stop in {"length", "model_length"}:
            stop = "max_tokens"
        if message.calls:
            stop = "tool_use"
        return StepFinished(message=message, usage=usage(self._usage, model, address), stop=stop)

    def _parts(self) -> Iterable[Part]:
        if self._thinking or self._reasoning:
            yield Thinking(text="".join(self._thinking), opaque=echoed(WIRE, self._reasoning))
        if self._text:
            yield Text(text="".join(self._text))
        for call in self._calls.values():
            yield tool_call(call.id, call.name, "".join(call.pieces), echoed(WIRE, call.extra))


def usage(counted: dict[str, Any], model: str, address: str) -> Usage:
    """Tokens as such servers count them.

    >>> usage({"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}, "m", "").cached
    3
    """
    read: dict[str, Any] = counted.get("prompt_tokens_details") or {}
    said: dict[str, Any] = counted.get("completion_tokens_details") or {}
    tokens = Usage(
        input=counted.get("prompt_tokens") or 0,
        cached=read.get("cached_tokens") or counted.get("prompt_cache_hit_tokens") or 0,
        cache_written=read.get("cache_write_tokens") or 0,
        output=counted.get("completion_tokens") or 0,
        reasoning=said.get("reasoning_tokens") or 0,
    )
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, address=address)})


def payload(request: Request) -> Any:
    """What the API is asked.

    >>> payload(Request(model="m", messages=(), max_tokens=5))["max_tokens"]
    5
    """
    asked: Fields = {
        "model": request.model,
        "messages": messages(request),
        "stream_options": {"include_usage": True},
    }
    if request.max_tokens:
        asked["max_tokens"] = request.max_tokens
    if request.effort:
        asked["reasoning_effort"] = request.effort
    if request.tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in request.tools
        ]
    return asked


def messages(request: Request) -> list[Any]:
    """The messages in this wire's form.

    >>> messages(Request(model="m", system="Be brief.", messages=()))
    [{'role': 'system', 'content': 'Be brief.'}]
    """
    prompts = [at for at, message in enumerate(request.messages) if is_prompt(message)]
    sent: list[Any] = [{"role": "system", "content": request.system}] if request.system else []
    for at, message in enumerate(request.messages):
        if message.role == "user":
            sent.extend(_asked(message))
        else:
            sent.extend(_said(message, is_current=at > max(prompts, default=0)))
    return sent


def _asked(message: Message) -> Iterable[Fields]:
    """Results in messages of their own; their files follow, as a tool's message holds only text."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    for result in results:
        yield {"role": "tool", "tool_call_id": result.call_id, "content": result_text(result)}
    shown = [file for result in results for file in result.files]
    said = [part for part in message.parts if isinstance(part, Text | File)]
    if said and all(isinstance(part, Text) for part in said) and not shown:
        yield {"role": "user", "content": "\n".join(part.text for part in said if isinstance(part, Text))}
    elif said or shown:
        yield {"role": "user", "content": [_content(part) for part in (*shown, *said)]}


def _said(message: Message, *, is_current: bool) -> Iterable[Fields]:
    turn: Fields = {"role": "assistant", "content": message.text or None}
    if message.calls:
        turn["tool_calls"] = [_call(call) for call in message.calls]
    if len(turn) > 2 or message.text:  # noqa: PLR2004 - more than its role and an empty content
        yield {**turn, **_reasoning(message, is_current=is_current)}


def _reasoning(message: Message, *, is_current: bool) -> Fields:
    """Reasoning as it came; the plain form only within a turn, as servers refuse or ignore it later."""
    echo: Fields = {}
    for part in message.parts:
        if isinstance(part, Thinking):
            kept = own(part.opaque, WIRE)
            if "details" in kept:
                echo["reasoning_details"] = kept["details"]
            elif "field" in kept and is_current:
                echo[str(kept["field"])] = part.text
    return echo


def _call(call: ToolCall) -> Fields:
    # Malformed arguments are not sent back: some servers fail on them; the result tells what was wrong.
    arguments = json.dumps(call.arguments)
    function: Fields = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function, **own(call.opaque, WIRE)}


def _content(part: Text | File) -> Fields:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if part.data and part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": data_url(part)}}
    if part.data and part.media_type == "application/pdf":
        return {"type": "file", "file": {"filename": part.name or "file.pdf", "file_data": data_url(part)}}
    return {"type": "text", "text": file_note(part)}
