"""An answer of OpenAI's Responses API, as it is heard."""

import json
from collections.abc import Iterable
from typing import Any

from agent.core.errors import ProviderError
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import Message, Part, Source, Text, Thinking, Unknown, Usage
from agent.providers import _prices
from agent.providers._errors import stream_error
from agent.providers._wires.chat_stream import DONE, Events, Payload, fields, number
from agent.providers._wires.parts import echoed, in_form, tool_call
from agent.providers._wires.responses_request import WIRE

BETWEEN = "\n\n"
"""Between the parts of a summary."""
UNSENT = frozenset({"status", "type", "role", "content", "name", "arguments", "call_id"})
"""Fields of an item that are not echoed: our parts hold them, or the API takes none back."""


class Step:
    """A step as it is heard: items come whole when they are done."""

    def __init__(self) -> None:
        self._events = Events()
        self._items: dict[int, dict[str, Any]] = {}
        self._calls: dict[int, str] = {}
        self._final: Payload | None = None

    def hear(self, piece: bytes) -> Iterable[Delta]:
        """Take a piece of the stream in; what a person can see of it is returned.

        Raises:
            ProviderError: the provider put an error into the stream, or what is no event of its own.
        """
        for event in self._events.read(piece):
            if event.startswith(DONE):
                return
            if (delta := self._take(event)) is not None:
                yield delta

    @in_form
    def _take(self, raw: bytes) -> Delta | None:
        event: Payload = json.loads(raw)
        match event.get("type"):
            case "response.output_text.delta" | "response.refusal.delta":
                return Delta(kind="text", text=event["delta"])
            case "response.reasoning_summary_text.delta" | "response.reasoning_text.delta":
                return Delta(kind="thinking", text=event["delta"])
            case "response.reasoning_summary_part.added":
                return Delta(kind="thinking", text=BETWEEN) if event["summary_index"] else None
            case "response.function_call_arguments.delta":
                call_id = self._calls.get(event["output_index"])
                return Delta(kind="arguments", text=event["delta"], call_id=call_id)
            case "response.output_item.added":
                if event["item"]["type"] == "function_call":
                    self._calls[event["output_index"]] = event["item"]["call_id"]
            case "response.output_item.done":
                self._items[event["output_index"]] = event["item"]
            case _:
                self._end(event)
        return None

    def _end(self, event: Payload) -> None:
        match event.get("type"):
            case "response.completed" | "response.incomplete":
                self._final = event["response"]
            case "response.failed":
                error = fields(event["response"].get("error"))
                raise stream_error(error.get("code"), error.get("message"))
            case _:
                # The error stands in the event, or in a field of it; some say only that.
                error = fields(event.get("error")) or (event if event.get("type") == "error" else {})
                if error:
                    raise stream_error(error.get("code"), error.get("message"))

    @in_form
    def finished(self, model: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter.
        """
        if self._final is None:
            raise ProviderError("cut", "The stream ended without response.completed.")
        why = fields(self._final.get("incomplete_details")).get("reason")
        if why == "content_filter":
            raise ProviderError("safety", "The answer was blocked: content_filter")
        message = Message(role="assistant", parts=tuple(part(self._items[at]) for at in sorted(self._items)))
        stop: StepStop = "tool_use" if message.calls else "max_tokens" if why else "end_turn"
        if stop == "end_turn" and any(map(refuses, self._items.values())):
            stop = "refusal"
        return StepFinished(message=message, usage=usage(fields(self._final.get("usage")), model), stop=stop)


def part(item: dict[str, Any]) -> Part:
    """A finished item as a part.

    >>> part({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "grep", "arguments": ""}).opaque
    {'openai-responses': {'id': 'fc_1'}}
    """
    rest = {key: value for key, value in item.items() if key not in UNSENT}
    match item["type"]:
        case "message":
            content: list[dict[str, Any]] = item["content"]
            whole: dict[str, Any] = {} if is_plain(content) else {"content": content}
            opaque = echoed(WIRE, {**rest, **whole})
            return Text(text="".join(words(content)), opaque=opaque, sources=sources(content))
        case "reasoning":
            shown: list[dict[str, Any]] = item.get("summary") or item.get("content") or []
            # Without its encrypted content a reasoning item means nothing to an API that stored nothing.
            kept = rest if item.get("encrypted_content") else {}
            return Thinking(text=BETWEEN.join(words(shown)), opaque=echoed(WIRE, kept))
        case "function_call":
            return tool_call(item["call_id"], item["name"], item["arguments"], echoed(WIRE, rest))
        case _:
            return Unknown(opaque={WIRE: item})


def words(content: list[dict[str, Any]]) -> list[str]:
    """The words of an item's content, refusals too.

    >>> words([{"type": "output_text", "text": "Yes."}, {"type": "refusal", "refusal": "No."}])
    ['Yes.', 'No.']
    """
    return [piece.get("text") or piece.get("refusal") or "" for piece in content]


def is_plain(content: list[dict[str, Any]]) -> bool:
    """Whether a message's content is its text and nothing more.

    >>> is_plain([{"type": "output_text", "text": "Yes.", "annotations": [], "logprobs": []}])
    True
    """
    return len(content) <= 1 and all(
        piece["type"] == "output_text" and {key for key, value in piece.items() if value} <= {"type", "text"}
        for piece in content
    )


def sources(content: list[dict[str, Any]]) -> tuple[Source, ...]:
    """The pages that a message cites, each once.

    >>> page = {"type": "url_citation", "url": "https://a.example/", "title": "A"}
    >>> sources([{"type": "output_text", "text": "Yes.", "annotations": [page, page]}])
    (Source(url='https://a.example/', title='A'),)
    """
    found: dict[str, Source] = {}
    annotations: list[dict[str, Any]] = [one for piece in content for one in piece.get("annotations") or ()]
    for annotation in annotations:
        if url := annotation.get("url"):
            found.setdefault(url, Source(url=url, title=annotation.get("title") or ""))
    return tuple(found.values())


def refuses(item: dict[str, Any]) -> bool:
    """Whether the model refuses in this item.

    >>> refuses({"type": "message", "content": [{"type": "refusal", "refusal": "No."}]})
    True
    """
    return item["type"] == "message" and any(piece["type"] == "refusal" for piece in item["content"])


def usage(counted: Payload, model: str) -> Usage:
    """Tokens as OpenAI counts them.

    >>> usage({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 2}}, "gpt-6.1-sol").cached
    2
    """
    read, said = fields(counted.get("input_tokens_details")), fields(counted.get("output_tokens_details"))
    tokens = Usage(
        input=number(counted.get("input_tokens")),
        cached=number(read.get("cached_tokens")),
        cache_written=number(read.get("cache_write_tokens")),
        output=number(counted.get("output_tokens")),
        reasoning=number(said.get("reasoning_tokens")),
    )
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, provider="openai")})
