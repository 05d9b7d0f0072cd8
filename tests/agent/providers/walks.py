"""Histories in which models of several wires spoke: what follows an answer, and answers nobody gave."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from agent.core.events import EVENT, Event, PromptSteered, StepFinished, ToolCallFinished, TurnStarted
from agent.core.history import messages, with_own_ids
from agent.core.messages import (
    File,
    Message,
    Opaque,
    Outcome,
    Part,
    PromptPart,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Unknown,
)
from tests.agent.core import strategies

OUTCOMES: tuple[Outcome, ...] = ("ok", "failed", "rejected", "cancelled", "unknown")
FILES = (
    File(media_type="image/png", data="aVZCT1J3MEtHZ28=", name="a.png"),
    File(media_type="application/pdf", data="JVBERi0xLjcKJeLj", name="b.pdf"),
    File(media_type="audio/ogg", data="T2dnUwACAAAAAAAA", name="c.ogg"),
    File(media_type="image/tiff", path="d.tiff"),
)
"""What wires show, show in part, or tell of."""
WIRES = ("anthropic", "openai-responses", "openai-chat", "gemini")


@dataclass(frozen=True)
class Step:
    """What a model said, and what came then."""

    said: Message
    outcome: int = 0
    """Of its first call; each further one has the next outcome."""
    files: tuple[File, ...] = ()
    """In the last result, or in the prompt that follows."""
    words: str = "Go on."
    """The prompt that follows; between steps the words that steer, if any."""
    pauses: bool = False
    """Whether nobody speaks before the next step, unless there were calls."""


def history(steps: Iterable[Step]) -> tuple[Message, ...]:
    """What a session would send after these steps, its events stored and read back."""
    events: list[Event] = [_prompt("Begin.", FILES[:2])]
    past: list[Message] = []
    for step in steps:
        finished = with_own_ids(StepFinished(message=step.said, stop="end_turn"), past)
        past.append(finished.message)
        events += [finished, *_follows(step, finished.message)]
    if isinstance(events[-1], StepFinished):
        events.append(_prompt("And now?"))
    return messages(EVENT.validate_json(event.model_dump_json()) for event in events)


def _follows(step: Step, said: Message) -> Iterable[Event]:
    for place, call in enumerate(said.calls):
        outcome = OUTCOMES[(step.outcome + place) % len(OUTCOMES)]
        text = "" if outcome == "cancelled" else f"Came to {outcome} at {place}."
        files = step.files if place == len(said.calls) - 1 else ()
        yield ToolCallFinished(result=ToolResult(call_id=call.id, outcome=outcome, text=text, files=files))
    if said.calls and step.words:
        yield PromptSteered(prompt_id="p", prompt=(Text(text=step.words),))
    elif not (said.calls or step.pauses):
        yield _prompt(step.words, step.files)


def _prompt(words: str, files: tuple[File, ...] = ()) -> TurnStarted:
    also = () if words.strip() else (Text(text="Go on."),)
    prompt: tuple[PromptPart, ...] = (Text(text=words), *files, *also)
    return TurnStarted(prompt=prompt, model="m", mode="ask")


IDS = ("call_1", "functions.read_file:0", "", "0", "toolu 01", "größe", "D681PevKs", "c" * 50, "i" * 200)
NAMES = ("read_file", "functions.read_file:0", "", "7zip", "größe", "a b", "n" * 150)
marks = st.integers(0, 10**6)
ids = st.sampled_from(IDS) | strategies.text
names = st.sampled_from(NAMES) | strategies.text


def mark(wire: str, number: int) -> str:
    """What only this wire may be sent, as base64 may be decoded on the way."""
    return base64.b64encode(f"signed by {wire} {number}".encode()).decode()


def answers(wire: str) -> st.SearchStrategy[Message]:
    """Answers in the form that this wire's adapter gives them."""
    thinking = st.builds(Thinking, text=strategies.text, opaque=marks.map(THINKING[wire]))
    unsigned = st.builds(Thinking, text=strategies.text)
    texts = st.builds(Text, text=strategies.text, opaque=_maybe(wire, TEXT))
    calls = st.builds(ToolCall, id=ids, name=names, arguments=strategies.arguments, opaque=_maybe(wire, CALL))
    broken = st.builds(ToolCall, id=ids, name=names, arguments=st.just({}), malformed=st.just('{"path": "a'))
    parts: list[st.SearchStrategy[Part]] = [thinking, unsigned, texts, calls, broken]
    if wire in UNKNOWN:
        parts.append(st.builds(Unknown, opaque=marks.map(lambda at: {wire: UNKNOWN[wire](mark(wire, at))})))
    return st.lists(st.one_of(parts), max_size=5).map(lambda some: _said(wire, some))


def _maybe(wire: str, made: dict[str, Any]) -> st.SearchStrategy[Opaque]:
    if wire not in made:
        return st.just({})
    return st.just({}) | marks.map(lambda at: {wire: made[wire](mark(wire, at))})


def _said(wire: str, parts: list[Part]) -> Message:
    """An answer; in Chat Completions there is but one text and one thinking, and they come first."""
    if wire == "openai-chat":
        firsts = [[part for part in parts if isinstance(part, kind)][:1] for kind in (Thinking, Text)]
        parts = [*firsts[0], *firsts[1], *(part for part in parts if isinstance(part, ToolCall))]
    return Message(role="assistant", parts=tuple(parts))


def _chat_thinking(at: int) -> Opaque:
    details = [{"type": "reasoning.encrypted", "data": mark("openai-chat", at)}]
    fields = [
        {"field": "reasoning_content"},
        {"field": "reasoning"},
        {"field": "content"},
        {"details": details},
    ]
    return {"openai-chat": fields[at % 4]}


def _reasoning(at: int) -> Opaque:
    item = {"id": f"rs_{at}", "summary": [], "encrypted_content": mark("openai-responses", at)}
    return {"openai-responses": item}


THINKING: dict[str, Any] = {
    "anthropic": lambda at: {"anthropic": {"signature": mark("anthropic", at) if at % 5 else ""}},
    "openai-responses": _reasoning,
    "openai-chat": _chat_thinking,
    "gemini": lambda at: {"gemini": {"thought_signature": mark("gemini", at)}},
}
"""What the wires want echoed of their thinking."""
TEXT: dict[str, Any] = {
    "anthropic": lambda own: {
        "citations": [
            {
                "type": "char_location",
                "cited_text": own,
                "document_index": 0,
                "document_title": None,
                "start_char_index": 0,
                "end_char_index": 1,
            }
        ]
    },
    "openai-responses": lambda own: {"id": f"msg_{own}"},
    "gemini": lambda own: {"thought_signature": own},
}
CALL: dict[str, Any] = {
    "openai-responses": lambda own: {"id": f"fc_{own}"},
    "openai-chat": lambda own: {"extra_content": {"google": {"thought_signature": own}}},
    "gemini": lambda own: {"id": f"own {own}", "thought_signature": own},
}
UNKNOWN: dict[str, Any] = {
    "anthropic": lambda own: {"type": "redacted_thinking", "data": own},
    "openai-responses": lambda own: {
        "type": "web_search_call",
        "id": f"ws_{own}",
        "status": "completed",
        "action": {"type": "search", "query": own},
    },
    "gemini": lambda own: {"executableCode": {"language": "PYTHON", "code": own}},
}
"""Parts that only their wire understands."""


def steps(wire: str) -> st.SearchStrategy[Step]:
    """Any answer of a wire, and whatever may follow it."""
    return st.builds(
        Step,
        said=answers(wire),
        outcome=st.integers(0, 4),
        files=st.lists(st.sampled_from(FILES), max_size=2, unique=True).map(tuple),
        words=st.sampled_from(["Go on.", "", "Größer!", " \n"]),
        pauses=st.booleans(),
    )


def in_turn(said: Iterable[Message]) -> list[Step]:
    """Answers one after the other, each followed by something else."""
    words = ("Go on.", "", "Look again.")
    return [
        Step(one, outcome=at, files=FILES[at % 5 : at % 5 + at % 3], words=words[at % 3], pauses=at % 4 == 3)
        for at, one in enumerate(said)
    ]
