"""What we would send next says what the recorded client sent next, and the provider accepted."""

from collections import Counter
from functools import cache

import pytest

from agent.core.events import StepFinished
from agent.core.messages import Message, Text, ToolResult
from agent.core.provider import Request
from tests.agent.providers.framing import streamed
from tests.agent.providers.history import Piece, said
from tests.agent.providers.recordings import ENTRIES, GENERATIONS, NOWHERE, OF_WIRE, Entry, Row, rows
from tests.agent.providers.wires import Reached, finish, prompt
from tests.replay import endpoint

pytestmark = [
    pytest.mark.skipif(not ENTRIES, reason=NOWHERE),
    pytest.mark.filterwarnings("ignore:(?s).*is deprecated and will reach end-of-life:DeprecationWarning"),
]

CONTINUATIONS = {
    "anthropic-messages": 23,
    "openai-responses": 42,
    "openai-chat": 26,
    "gemini": 17,
    "vertex": 6,
}
"""How many requests go on from an answer before them, by wire."""

ADDED = "the client adds a call or a list of tools of its own, which no model asked for"
CHANGED = "the client changes what the model said, to see what the provider makes of it"
SEARCHED = "the client rewrites a search for tools, which we do not offer"
SPLIT = "the client takes thinking out of the text, or writes it into the text"
DIFFERENT = {
    ("pai-test-anthropic-deferred-capability-tool-callable-without-tool-search", 1): ADDED,
    ("pai-test-anthropic-thinking-agui-0-1-10-drops-prefix", 2): CHANGED,
    ("pai-test-cerebras-thinking-part-survives-multiturn", 1): "we echo plain reasoning only within its turn",
    ("pai-test-deepseek-deferred-capability-with-thinking", 1): ADDED,
    ("pai-test-groq-model-thinking-part", 1): SPLIT,
    ("pai-test-tool-use-failed-error-streaming", 2): SPLIT,
    ("pai-test-openai-client-tool-search-streaming", 1): SEARCHED,
    ("pai-test-openai-live-delta-preserves-the-warmed-cache-prefix", 1): ADDED,
    ("pai-test-openai-native-tool-search-gpt-5-6", 1): SEARCHED,
    ("pai-test-openai-native-tool-search-with-deferred-capability-gpt-5-6-sol", 1): SEARCHED,
    ("pai-test-openai-native-tool-search-with-deferred-capability-gpt-5-6-sol", 2): ADDED,
    ("pai-test-openai-responses-stream", 1): "the client takes the id of an item for that of its call",
    ("pai-test-openai-responses-thinking-with-modified-history", 1): CHANGED,
    ("pai-test-openai-responses-thinking-with-modified-history", 2): CHANGED,
}
"""What we send otherwise (recording, exchange), with the reason."""


@cache
def continuations(file: str, wire: str) -> list[tuple[Row, Row, list[Piece]]]:
    """The requests of a recording that go on from an answer: both exchanges, and what the later one adds."""
    asked = [
        (row, said(wire, row["request"]["body"]))
        for row in rows(file)
        if row["request"]["body"] and endpoint(row["request"]["path"]) in GENERATIONS
    ]
    found = [
        [
            (before, row, follows[len(first) :])
            for before, first in asked[:place]
            if before["sort"] == "answer" and first == follows[: len(first)] != follows
        ]
        for place, (row, follows) in enumerate(asked)
    ]
    return [ways[-1] for ways in found if ways]


CONTINUED = [entry for entry in ENTRIES if continuations(entry["file"], entry["wire"])]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("entry", CONTINUED, ids=lambda entry: entry["id"])
async def test_we_send_next_what_the_recorded_client_sent(entry: Entry, reach: dict[str, Reached]) -> None:
    wire = entry["wire"]
    for before, row, more in continuations(entry["file"], wire):
        sent = await ours(reach[OF_WIRE[wire]], wire, before, more)
        if (entry["id"], row["n"]) in DIFFERENT:
            assert sent != more, "no longer different"
        else:
            assert sent == more


def test_no_continuation_slips_away() -> None:
    found = [(entry, row) for entry in CONTINUED for _, row, _ in continuations(entry["file"], entry["wire"])]
    assert Counter(entry["wire"] for entry, _ in found) == CONTINUATIONS
    assert {(entry["id"], row["n"]) for entry, row in found} >= DIFFERENT.keys()


async def ours(reached: Reached, wire: str, before: Row, more: list[Piece]) -> list[Piece]:
    """What we send after our own step was stored and read back."""
    told = reached.told(before if before["response"]["stream"] else streamed(wire, before))
    asked = before["request"]
    model = asked["body"].get("model") or endpoint(asked["path"].partition(":")[0])
    step = await finish(reached.provider, prompt(model=model))
    stored = StepFinished.model_validate_json(step.finished.model_dump_json())
    await finish(reached.provider, after(prompt(model=model), stored, more))
    return said(wire, told.requests[-1]["body"])[1:]


def after(first: Request, step: StepFinished, more: list[Piece]) -> Request:
    """Our next request, with the results and the words that the recorded client sent."""
    texts = [piece[2] for piece in more if piece[0] == "result"]
    results = [
        ToolResult(call_id=call.id, outcome="ok", text=text)
        for call, text in zip(step.message.calls, texts, strict=False)
    ]
    words = [Text(text=piece[1]) for piece in more if piece[0] == "user"]
    told = Message(role="user", parts=(*results, *words))
    return first.model_copy(update={"messages": (*first.messages, step.message, told)})
