"""An answer in the form of Chat Completions, in any dialect: its events, and the step they come to."""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from agent.core.errors import ProviderError, ProviderErrorKind
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import Message, Part, Source, Text, Thinking, Usage
from agent.providers._errors import MESSAGE_LENGTH, classify, wait
from agent.providers._wires.chat_request import NAMES, WIRE
from agent.providers._wires.chat_stream import DONE, Events, Payload, fields, items, number, words
from agent.providers._wires.parts import Fields, echoed, tool_call

STOPS: dict[str, StepStop] = {
    "length": "max_tokens",
    "model_length": "max_tokens",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
}
"""What ends an answer early; any other reason is an end of its own."""
FAILURES: dict[str, ProviderErrorKind] = {
    "content_filter": "safety",
    "sensitive": "safety",
    "error": "overloaded",
    "network_error": "overloaded",
    "insufficient_system_resource": "overloaded",
}
"""Reasons that mean that there is no answer."""
JOINED = {"reasoning.text": "text", "reasoning.summary": "summary"}
"""Reasoning details that come in pieces, and the field that grows; a signature holds for the whole."""


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
        self._events = Events()
        self.is_done = False
        """Whether `[DONE]` was heard."""
        self._text: list[str] = []
        self._refused = False
        self._sources: dict[str, Source] = {}
        self._thinking: list[str] = []
        self._field = ""
        """Under which name reasoning came; `content` for blocks of it."""
        self._details: list[dict[str, Any]] = []
        self._calls: dict[int, Call] = {}
        self._stop = ""
        self._usage: Payload = {}

    def hear(self, piece: bytes) -> Iterable[Delta]:
        """Take a piece of the stream in; what a person can see of it is returned.

        Raises:
            ProviderError: the server put an error into the stream.
            ValueError: an event is no JSON.
        """
        for event in self._events.read(piece):
            if event.startswith(DONE):
                self.is_done = True
            if self.is_done:
                return
            yield from self._take(fields(json.loads(event)))

    def _take(self, payload: Payload) -> Iterable[Delta]:
        require_no_error(payload)
        self._count(payload)
        self._cite(payload.get("search_results"))
        for choice in map(fields, items(payload.get("choices"))):
            self._stop = words(choice.get("finish_reason")) or self._stop
            self._count(choice)
            said = fields(choice.get("delta"))
            yield from self._reason(said)
            yield from self._say(said)
            self._cite(said.get("annotations"))
            for place, piece in enumerate(items(said.get("tool_calls"))):
                yield from self._call(fields(piece), place)
            if legacy := fields(said.get("function_call")):
                yield from self._call({"index": 0, "function": legacy}, 0)

    def _count(self, holder: Payload) -> None:
        """Take usage from where it stands: the event, a choice (Moonshot), or Groq's own place."""
        self._usage = (
            fields(holder.get("usage")) or fields(fields(holder.get("x_groq")).get("usage")) or self._usage
        )

    def _reason(self, said: Payload) -> Iterable[Delta]:
        details = [dict(fields(detail)) for detail in items(said.get("reasoning_details"))]
        name = next((name for name in NAMES if words(said.get(name))), "")
        text = words(said.get(name)) or "".join(
            words(detail.get(JOINED.get(words(detail.get("type")), ""))) for detail in details
        )
        self._field = name or self._field
        for detail in details:
            join(self._details, detail)
        if text:
            self._thinking.append(text)
            yield Delta(kind="thinking", text=text)

    def _say(self, said: Payload) -> Iterable[Delta]:
        if refusal := words(said.get("refusal")):
            self._refused = True
            yield self._told(refusal)
        content = said.get("content")
        if words(content):
            yield self._told(words(content))
        for block in map(fields, items(content)):
            yield from self._block(block)

    def _block(self, block: Payload) -> Iterable[Delta]:
        """Take in a block of a list, as Mistral sends it."""
        if block.get("type") == "thinking":
            text = "".join(words(fields(piece).get("text")) for piece in items(block.get("thinking")))
            self._field = "content"
            self._thinking.append(text)
            yield Delta(kind="thinking", text=text)
        elif text := words(block.get("text")):
            yield self._told(text)
        self._cite([block])

    def _told(self, text: str) -> Delta:
        self._text.append(text)
        return Delta(kind="text", text=text)

    def _cite(self, cited: object) -> None:
        for one in map(fields, items(cited)):
            place = fields(one.get("url_citation")) or one
            url = words(place.get("url"))
            # A page shows them as links: nothing but the web.
            if url.startswith(("https://", "http://")):
                self._sources.setdefault(url, Source(url=url, title=words(place.get("title"))))

    def _call(self, piece: Payload, place: int) -> Iterable[Delta]:
        index, given = self._index(piece, place), words(piece.get("id"))
        call = self._calls.setdefault(index, Call(given or f"call_{uuid.uuid4().hex[:16]}"))
        if extra := piece.get("extra_content"):
            call.extra["extra_content"] = extra
        function = fields(piece.get("function"))
        call.name = call.name or words(function.get("name"))
        arguments = function.get("arguments")
        text = json.dumps(arguments) if isinstance(arguments, dict) else words(arguments)
        if text:
            call.pieces.append(text)
            yield Delta(kind="arguments", text=text, call_id=call.id)

    def _index(self, piece: Payload, place: int) -> int:
        """Which call a piece belongs to: some servers give no index, others the same one to every call."""
        index, given = piece.get("index"), words(piece.get("id"))
        if not isinstance(index, int):
            index = len(self._calls) if given else place
        known = self._calls.get(index)
        if known and given and given != known.id:
            same = [at for at, call in self._calls.items() if call.id == given]
            return same[0] if same else max(self._calls) + 1
        return index

    def finished(self) -> StepFinished:
        """The whole step, its cost still unknown unless the server says it.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter.
        """
        parts = tuple(self._parts())
        # Some servers never say why they stop; they do say that the stream is done.
        if not (self._stop or (self.is_done and parts)):
            raise ProviderError("cut", "The stream ended without a finish reason.")
        if self._stop in FAILURES:
            raise ProviderError(FAILURES[self._stop], f"The answer was ended by the server: {self._stop}")
        message = Message(role="assistant", parts=parts)
        stop: StepStop = "refusal" if self._refused else STOPS.get(self._stop, "end_turn")
        return StepFinished(
            message=message, usage=usage(self._usage), stop="tool_use" if message.calls else stop
        )

    def _parts(self) -> Iterable[Part]:
        kept: Fields = {"field": self._field or None, "details": cast("Any", self._details) or None}
        if self._thinking or self._details:
            yield Thinking(text="".join(self._thinking), opaque=echoed(WIRE, kept))
        if self._text:
            yield Text(text="".join(self._text), sources=tuple(self._sources.values()))
        for call in self._calls.values():
            yield tool_call(call.id, call.name, "".join(call.pieces), echoed(WIRE, call.extra))


def require_no_error(payload: Payload) -> None:
    """Raise what a server put into its stream in place of an answer.

    >>> require_no_error({"error": {"message": "Slow down", "code": 429}})
    Traceback (most recent call last):
    agent.core.errors.ProviderError: Slow down 429

    Raises:
        ProviderError: there is an error in it.
    """
    error = payload.get("error") or (payload if payload.get("object") == "error" else None)
    if not error:
        return
    said = fields(error)
    status = said.get("code") or said.get("status_code")
    told = [said.get(name) for name in ("message", "type", "code")] if said else [error]
    message = " ".join(str(word) for word in told if word)
    kind = classify(status if isinstance(status, int) else None, message)
    raise ProviderError(kind, message[:MESSAGE_LENGTH], wait(message))


def join(details: list[dict[str, Any]], detail: dict[str, Any]) -> None:
    """Add a reasoning detail; the pieces of one become one, as its signature is over the whole.

    >>> details = [{"type": "reasoning.text", "text": "First ", "index": 0}]
    >>> join(details, {"type": "reasoning.text", "text": "this.", "index": 0})
    >>> join(details, {"type": "reasoning.text", "signature": "c2ln", "index": 0})
    >>> details
    [{'type': 'reasoning.text', 'text': 'First this.', 'index': 0, 'signature': 'c2ln'}]
    """
    last = details[-1] if details else {}
    grows = JOINED.get(words(detail.get("type")))
    same = all(last.get(name) == detail.get(name) for name in ("type", "index"))
    if grows is None or not same or last.get("signature"):
        details.append(detail)
        return
    whole = words(last.get(grows)) + words(detail.get(grows))
    last.update({name: value for name, value in detail.items() if value is not None}, **{grows: whole})


def usage(counted: Payload) -> Usage:
    """Tokens as such servers count them; the cost where OpenRouter says it, in USD.

    >>> usage({"prompt_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}).cached
    3
    """
    read, said = (
        fields(counted.get("prompt_tokens_details")),
        fields(counted.get("completion_tokens_details")),
    )
    cost = counted.get("cost")
    return Usage(
        input=number(counted.get("prompt_tokens")),
        cached=number(
            read.get("cached_tokens")
            or counted.get("prompt_cache_hit_tokens")
            or counted.get("cached_tokens")
        ),
        cache_written=number(read.get("cache_write_tokens")),
        output=number(counted.get("completion_tokens")),
        reasoning=number(said.get("reasoning_tokens") or counted.get("reasoning_tokens")),
        cost=float(cost) if isinstance(cost, int | float) else None,
    )
