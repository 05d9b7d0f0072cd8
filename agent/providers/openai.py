"""OpenAI's Responses API, asked without anything stored there."""

import json
from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

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
from agent.providers._errors import stream_error
from agent.providers._wires.parts import Fields, data_url, echoed, file_note, own, result_text, tool_call

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai.types.responses import Response, ResponseStreamEvent, ResponseUsage

NAME = "openai"
SETTING = "OPENAI_API_KEY"
WIRE = "openai-responses"
KNOWN = ("gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna", "gpt-6-astra")
"""Models to offer when the provider's own list cannot be fetched, the best first."""

ADDRESS = "https://api.openai.com/v1"
WITHOUT_REASONING = ("gpt-3", "gpt-4", "chatgpt", "ft:gpt-3", "ft:gpt-4")
"""Models that refuse to be asked for encrypted reasoning."""
ANSWERS = ("gpt-", "chatgpt-", "o1", "o3", "o4", "codex-", "ft:")
SILENT = (
    "image",
    "audio",
    "realtime",
    "transcribe",
    "tts",
    "instruct",
    "live",
    "whisper",
    "translate",
    "search",
)
"""Models of the list that do not answer here."""

BETWEEN = "\n\n"
"""Between the parts of a summary."""
UNSENT = frozenset({"status", "type", "role", "content", "name", "arguments", "call_id"})
"""Fields of an item that are not echoed: our parts hold them, or the API takes none back."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.openai_api_key.get_secret_value():
        return None
    return Credential(secret=settings.openai_api_key, base_url=settings.openai_base_url)


def connect(credential: Credential) -> "OpenAIProvider":
    """A provider that uses this key."""
    return OpenAIProvider(credential)


class OpenAIProvider(SdkProvider["AsyncOpenAI"]):
    """Serves GPT."""

    name = NAME

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            async with await client.responses.create(**payload(request), stream=True) as events:
                async for event in events:
                    delta = step.hear(event)
                    if delta is not None:
                        yield delta
            yield step.finished(request.model)

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask; OpenAI does not say how much they can read."""
        async with self._asking() as client:
            listed = sorted([model.id async for model in client.models.list()], reverse=True)
            return [
                ModelEntry(id=f"{NAME}:{name}", name=name, context_window=_prices.context_window(name, NAME))
                for name in listed
                if answers(name)
            ]

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncOpenAI":
        from openai import AsyncOpenAI  # noqa: PLC0415 - takes a second, in a thread

        client = AsyncOpenAI(
            api_key=self._credential.secret.get_secret_value(),
            base_url=self._credential.base_url or ADDRESS,
            organization="",
            project="",
            http_client=http,
            max_retries=0,
        )
        # Empty, they keep the SDK from reading the environment; None, no header is sent.
        client.organization = None
        client.project = self._credential.project or None
        return client


def answers(name: str) -> bool:
    """Whether a listed model is one to talk to here.

    >>> answers("gpt-5.5"), answers("gpt-image-2"), answers("text-embedding-3-large")
    (True, False, False)
    """
    return name.startswith(ANSWERS) and not any(word in name for word in SILENT)


class Step:
    """A step as it is heard: items come whole when they are done."""

    def __init__(self) -> None:
        self._items: dict[int, dict[str, Any]] = {}
        self._calls: dict[int, str] = {}
        self._final: Response | None = None

    def hear(self, event: "ResponseStreamEvent") -> Delta | None:
        """Take one event in; what a person can see of it is returned.

        Raises:
            ProviderError: the provider put an error into the stream.
        """
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                return Delta(kind="text", text=event.delta)
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return Delta(kind="thinking", text=event.delta)
            case "response.reasoning_summary_part.added":
                return Delta(kind="thinking", text=BETWEEN) if event.summary_index else None
            case "response.function_call_arguments.delta":
                call_id = self._calls.get(event.output_index)
                return Delta(kind="arguments", text=event.delta, call_id=call_id)
            case "response.output_item.added":
                if event.item.type == "function_call":
                    self._calls[event.output_index] = event.item.call_id
            case "response.output_item.done":
                self._items[event.output_index] = event.item.to_dict(warnings=False)
            case _:
                self._end(event)
        return None

    def _end(self, event: "ResponseStreamEvent") -> None:
        match event.type:
            case "response.completed" | "response.incomplete":
                self._final = event.response
            case "response.failed":
                error = event.response.error
                raise stream_error(error and error.code, error and error.message)
            case "error":
                raise stream_error(event.code, event.message)
            case _:
                pass

    def finished(self, model: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter.
        """
        if self._final is None:
            raise ProviderError("cut", "The stream ended without response.completed.")
        why = self._final.incomplete_details and self._final.incomplete_details.reason
        if why == "content_filter":
            raise ProviderError("safety", "The answer was blocked: content_filter")
        message = Message(role="assistant", parts=tuple(part(self._items[at]) for at in sorted(self._items)))
        stop: StepStop = "tool_use" if message.calls else "max_tokens" if why else "end_turn"
        if stop == "end_turn" and any(map(refuses, self._items.values())):
            stop = "refusal"
        return StepFinished(message=message, usage=usage(self._final.usage, model), stop=stop)


def part(item: dict[str, Any]) -> Part:
    """A finished item as a part.

    >>> part({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "grep", "arguments": ""}).opaque
    {'openai-responses': {'id': 'fc_1'}}
    """
    rest = echoed(WIRE, {key: value for key, value in item.items() if key not in UNSENT})
    match item["type"]:
        case "message":
            return Text(text="".join(words(item["content"])), opaque=rest)
        case "reasoning":
            shown: list[dict[str, Any]] = item.get("summary") or item.get("content") or []
            # Without its encrypted content a reasoning item means nothing to an API that stored nothing.
            kept = rest if item.get("encrypted_content") else {}
            return Thinking(text=BETWEEN.join(words(shown)), opaque=kept)
        case "function_call":
            return tool_call(item["call_id"], item["name"], item["arguments"], rest)
        case _:
            return Unknown(opaque=echoed(WIRE, item))


def words(content: list[dict[str, Any]]) -> list[str]:
    """The words of an item's content, refusals too.

    >>> words([{"type": "output_text", "text": "Yes."}, {"type": "refusal", "refusal": "No."}])
    ['Yes.', 'No.']
    """
    return [piece.get("text") or piece.get("refusal") or "" for piece in content]


def refuses(item: dict[str, Any]) -> bool:
    """Whether the model refuses in this item.

    >>> refuses({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]})
    True
    """
    return item["type"] == "message" and any(piece["type"] == "refusal" for piece in item["content"])


def usage(counted: "ResponseUsage | None", model: str) -> Usage:
    """Tokens as OpenAI counts them."""
    if counted is None:
        return Usage()
    read, said = counted.input_tokens_details, counted.output_tokens_details
    tokens = Usage(
        input=counted.input_tokens,
        cached=getattr(read, "cached_tokens", 0) or 0,
        cache_written=getattr(read, "cache_write_tokens", 0) or 0,
        output=counted.output_tokens,
        reasoning=getattr(said, "reasoning_tokens", 0) or 0,
    )
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, provider=NAME)})


def payload(request: Request) -> Any:
    """What the API is asked.

    >>> payload(Request(model="gpt-4o", messages=()))
    {'model': 'gpt-4o', 'input': [], 'store': False}
    """
    asked: Fields = {"model": request.model, "input": items(request.messages), "store": False}
    if not request.model.startswith(WITHOUT_REASONING):
        asked["include"] = ["reasoning.encrypted_content"]
        if request.effort:
            asked["reasoning"] = {"effort": request.effort, "summary": "auto"}
    if request.system:
        asked["instructions"] = request.system
    if request.max_tokens:
        asked["max_output_tokens"] = request.max_tokens
    if request.tools:
        asked["tools"] = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in request.tools
        ]
    return asked


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
    for spoken in message.parts:
        item = _item(spoken)
        if item is not None:
            yield item


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
            arguments = part.malformed or json.dumps(part.arguments)
            call: Fields = {
                "type": "function_call",
                "call_id": part.id,
                "name": part.name,
                "arguments": arguments,
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
        "call_id": result.call_id,
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
