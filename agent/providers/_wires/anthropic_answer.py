"""An answer of Anthropic's Messages API, as it is heard."""

import json
from typing import TYPE_CHECKING, Any, cast

from agent.core.errors import ProviderError
from agent.core.events import Delta, Noticed, StepFinished, StepStop
from agent.core.messages import Message, Part, Source, Text, Thinking, Unknown, Usage
from agent.providers import _prices
from agent.providers._wires.anthropic_request import WIRE
from agent.providers._wires.parts import Fields, echoed, in_form, tool_call

if TYPE_CHECKING:
    from anthropic.types import RawContentBlockDelta, RawMessageStreamEvent

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


class Step:
    """A step as it is heard: blocks grow by their index."""

    def __init__(self) -> None:
        self._blocks: dict[int, dict[str, Any]] = {}
        self._pieces: dict[int, list[str]] = {}
        """What a block grows by: text, thinking or a call's arguments."""
        self._usage: dict[str, Any] = {}
        self._stop: str | None = None
        self._details: dict[str, Any] = {}
        """Why it stopped, where the provider says more."""
        self._whole = False

    @in_form
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
                self._details = event.delta.stop_details.to_dict() if event.delta.stop_details else {}
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

    def refused(self, model: str) -> Noticed | None:
        """Why the model refuses, where it says so."""
        if self._stop != "refusal" or not self._details.get("category"):
            return None
        values = {"model": model, "category": self._details["category"]}
        return Noticed(code="refused", values={**values, "why": self._details.get("explanation") or ""})

    @in_form
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
            found = sources(block.get("citations") or [])
            return Text(text=block["text"] + grown, opaque=echoed(WIRE, rest), sources=found)
        case "thinking":
            return Thinking(text=block["thinking"] + grown, opaque=echoed(WIRE, rest))
        case "tool_use":
            raw = grown or json.dumps(block.get("input") or {})
            return tool_call(block["id"], block["name"], raw, echoed(WIRE, rest))
        case _:
            whole = {**block, "input": tool_call("", "", grown).arguments} if grown else block
            return Unknown(opaque={WIRE: whole})


def sources(citations: list[dict[str, Any]]) -> tuple[Source, ...]:
    """The pages that are cited, each once; a document that was sent is no page.

    >>> found = {"type": "web_search_result_location", "url": "https://a.example/", "title": "A"}
    >>> sources([found, {"type": "char_location", "document_title": "B"}, found])
    (Source(url='https://a.example/', title='A'),)
    """
    found: dict[str, Source] = {}
    for citation in citations:
        if url := citation.get("url"):
            found.setdefault(url, Source(url=url, title=citation.get("title") or ""))
    return tuple(found.values())


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
    return tokens.model_copy(update={"cost": _prices.price(tokens, model, provider="anthropic")})
