"""Google's wire, inwards: the chunks of a stream as deltas, and the step they come to."""

import base64
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.core.errors import ProviderError
from agent.core.events import Delta, StepFinished, StepStop
from agent.core.messages import Message, Opaque, Part, Source, Text, Thinking, ToolCall, Unknown, Usage
from agent.providers import _prices
from agent.providers._wires.gemini_arguments import Arguments, numbered, path
from agent.providers._wires.gemini_request import WIRE
from agent.providers._wires.parts import Fields, own, parsed_call, tool_call

if TYPE_CHECKING:
    from google.genai import types

BLOCKED = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "ESCALATION",
        "PUP_LIMITED_DISABLED",
        "MODEL_ARMOR",
    }
)
"""Google's filters ended the answer, not the model."""
BROKEN = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MALFORMED_RESPONSE",
        "NO_IMAGE",
        "IMAGE_OTHER",
    }
)
"""The model stumbled; asking once more helps."""
REFUSED = "MISSING_THOUGHT_SIGNATURE"
"""The history lacks a signature; asking once more does not help."""


@dataclass
class Spoken:
    """Text or thinking that still grows."""

    kind: type[Text | Thinking]
    pieces: list[str]
    signed: Opaque
    sources: dict[str, Source] = field(default_factory=dict[str, Source])
    """By address."""

    @property
    def text(self) -> str:
        """Its words so far."""
        return "".join(self.pieces)

    @property
    def part(self) -> Part:
        """What has grown, whole."""
        if self.kind is Thinking:
            return Thinking(text=self.text, opaque=self.signed)
        return Text(text=self.text, opaque=self.signed, sources=tuple(self.sources.values()))


@dataclass
class Growing:
    """A call whose arguments come in pieces."""

    id: str
    name: str
    opaque: Opaque
    arguments: Arguments = field(default_factory=Arguments)
    pieces: list[str] = field(default_factory=list[str])
    is_whole: bool = False

    def hear(self, asked: "types.FunctionCall") -> str:
        """Take a piece in; it is returned as JSON."""
        said = [self.arguments.add((key,), value) for key, value in (asked.args or {}).items()]
        said += [
            self.arguments.add(path(piece.json_path or ""), numbered(piece))
            for piece in asked.partial_args or ()
        ]
        self.is_whole = not asked.will_continue
        if self.is_whole:
            said.append(self.arguments.end())
        self.pieces += said
        return "".join(said)

    @property
    def part(self) -> ToolCall:
        """The call; malformed when its end never came."""
        if not self.is_whole:
            return tool_call(self.id, self.name, "".join(self.pieces) or "{", self.opaque)
        return parsed_call(self.id, self.name, self.arguments.value, self.opaque)


class Step:
    """A step as it is heard: a list of parts, each kept with its signature."""

    def __init__(self) -> None:
        self._said: list[Spoken | Growing | Part] = []
        self._grounds: list[types.GroundingMetadata] = []
        self._usage: types.GenerateContentResponseUsageMetadata | None = None
        self._token: bytes | None = None
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
        self._token = candidate.continuation_token or self._token
        if candidate.grounding_metadata:
            self._grounds.append(candidate.grounding_metadata)
        for part in (candidate.content and candidate.content.parts) or ():
            yield from self._take(part)
        if candidate.finish_reason:
            self._stop = candidate.finish_reason.value
            yield from self._close()

    def _take(self, part: "types.Part") -> Iterator[Delta]:
        signed = signature(part)
        if part.function_call:
            yield from self._call(part.function_call, signed)
        elif part.text is not None:
            yield from self._say(part.text, signed, Thinking if part.thought else Text)
        else:
            kept: Fields = part.model_dump(mode="json", by_alias=True, exclude_none=True)
            self._said.append(Unknown(opaque={WIRE: kept}))

    def _say(self, text: str, signed: Opaque, kind: type[Text | Thinking]) -> Iterator[Delta]:
        last = self._said[-1] if self._said else None
        # A signed part is never joined to another: its signature stands for it alone.
        if isinstance(last, Spoken) and last.kind is kind and not (last.signed or signed):
            last.pieces.append(text)
        elif text or signed:
            self._said.append(Spoken(kind, [text], signed))
        if text:
            yield Delta(kind="text" if kind is Text else "thinking", text=text)

    def _call(self, asked: "types.FunctionCall", signed: Opaque) -> Iterator[Delta]:
        growing = next((one for one in reversed(self._growing) if _goes_on(one, asked)), None)
        if growing is None and not asked.name:
            return  # the end of a call that had ended
        if growing is None and not (asked.partial_args or asked.will_continue):
            whole = _whole(asked, signed)
            self._said.append(whole)
            said = whole.malformed or json.dumps(whole.arguments)
            yield Delta(kind="arguments", text=said, call_id=whole.id)
            return
        if growing is None:
            begun = _whole(asked, signed)
            growing = Growing(begun.id, begun.name, begun.opaque)
            self._said.append(growing)
        if said := growing.hear(asked):
            yield Delta(kind="arguments", text=said, call_id=growing.id)

    @property
    def _growing(self) -> list[Growing]:
        return [said for said in self._said if isinstance(said, Growing) and not said.is_whole]

    def _close(self) -> Iterator[Delta]:
        """End the calls that nobody ended; where the answer stopped early they stay in pieces."""
        if self._stop != "STOP":
            return
        for growing in self._growing:
            growing.is_whole = True
            yield Delta(kind="arguments", text=growing.arguments.end(), call_id=growing.id)

    def finished(self, model: str) -> StepFinished:
        """The whole step.

        Raises:
            ProviderError: the stream ended early, or was ended by a filter, or said nothing.
        """
        if not self._stop:
            raise ProviderError("cut", "The stream ended without a finish reason.")
        if self._stop in BLOCKED:
            raise ProviderError("safety", f"The answer was blocked: {self._stop}")
        if self._stop in BROKEN:
            raise ProviderError("cut", f"The model stumbled: {self._stop}")
        if self._stop == REFUSED:
            raise ProviderError("bad_request", f"The history was refused: {self._stop}")
        if not (self._said or self._token or self._stop == "MAX_TOKENS"):
            raise ProviderError("cut", "The model said nothing.")
        self._ground()
        parts = [said.part if isinstance(said, Spoken | Growing) else said for said in self._said]
        stop: StepStop = "max_tokens" if self._stop in {"MAX_TOKENS", "CONTINUATION"} else "end_turn"
        if self._stop == "CONTINUATION" and self._token:
            token = base64.b64encode(self._token).decode()
            parts, stop = [*parts, Unknown(opaque={WIRE: {"continuation_token": token}})], "pause"
        message = Message(role="assistant", parts=tuple(parts))
        return StepFinished(
            message=message, usage=usage(self._usage, model), stop="tool_use" if message.calls else stop
        )

    def _ground(self) -> None:
        """Give each source to the text that was drawn from it; else to the last one."""
        texts = [
            said for said in self._said if isinstance(said, Spoken) and said.kind is Text and any(said.pieces)
        ]
        for found in self._grounds if texts else ():
            for source, quotes in sources(found):
                homes = (text for text in texts if any(quote in text.text for quote in quotes))
                next(homes, texts[-1]).sources.setdefault(source.url, source)


def _goes_on(growing: Growing, asked: "types.FunctionCall") -> bool:
    """Whether this is the next piece of a call: it does not begin one, and names no other."""
    begins = asked.name and not asked.partial_args
    return not begins and asked.name in {None, "", growing.name} and asked.id in {None, "", growing.id}


def _whole(asked: "types.FunctionCall", signed: Opaque) -> ToolCall:
    """A call; an id that we had to invent is not echoed."""
    return parsed_call(
        asked.id or f"call_{uuid.uuid4().hex[:12]}",
        asked.name or "",
        asked.args or {},
        {WIRE: {**own(signed, WIRE), **({"id": asked.id} if asked.id else {})}},
    )


def signature(part: "types.Part") -> Opaque:
    """What a part wants echoed.

    >>> from google.genai import types
    >>> signature(types.Part(text="", thought_signature=b"signed")), signature(types.Part(text=""))
    ({'gemini': {'thought_signature': 'c2lnbmVk'}}, {})
    """
    signed = part.thought_signature
    return {WIRE: {"thought_signature": base64.b64encode(signed).decode()}} if signed else {}


def sources(found: "types.GroundingMetadata") -> Iterator[tuple[Source, list[str]]]:
    """The pages that Google's search found, each with the words that were drawn from it.

    >>> from google.genai import types
    >>> page = types.GroundingChunk(web=types.GroundingChunkWeb(uri="https://example.org/a", title="A"))
    >>> [source.url for source, _ in sources(types.GroundingMetadata(grounding_chunks=[page]))]
    ['https://example.org/a']
    """
    for index, chunk in enumerate(found.grounding_chunks or ()):
        page = chunk.web or chunk.retrieved_context or chunk.maps
        if page and page.uri and page.uri.startswith(("https://", "http://")):
            drawn = (
                one for one in found.grounding_supports or () if index in (one.grounding_chunk_indices or ())
            )
            quotes = [one.segment.text for one in drawn if one.segment and one.segment.text]
            yield Source(url=page.uri, title=page.title or ""), quotes


def usage(counted: "types.GenerateContentResponseUsageMetadata | None", model: str) -> Usage:
    """Tokens as Google counts them; what it thinks comes on top of what it says.

    >>> usage(None, "gemini-3.8-flash").input
    0
    """
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
