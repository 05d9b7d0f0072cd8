"""Recorded answers of other projects through our adapters, compared with what their payloads say."""

import json
from collections import Counter
from typing import Any

import pytest

from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.messages import Thinking
from tests.agent.providers.expected import Expected, expected
from tests.agent.providers.framing import STREAMED_AT, streamed
from tests.agent.providers.recordings import (
    ENDS_IN_ERROR,
    ENTRIES,
    NOWHERE,
    OF_WIRE,
    OTHERS,
    Entry,
    Row,
    rows,
)
from tests.agent.providers.wires import TOOL, Reached, finish, prompt

pytestmark = pytest.mark.skipif(not ENTRIES, reason=NOWHERE)

SORTS = {
    "answer": 403,
    "broken answer": 6,
    "refusal": 24,
    "count_tokens": 4,
    "countTokens": 3,
    "input_tokens": 3,
    "compact": 1,
    "batchEmbedContents": 3,
    "stored": 2,
}
"""How many exchanges there are of each sort, so that none slips away."""
PIECE = 5000
"""Bytes of a piece, so that most streams are cut somewhere within an event."""
RESTARTED = {"vercel-ai-spliced-message-start-chunks"}
"""Streams in which a proxy begins the message anew; what was heard before stays heard until the step ends."""
REFUSALS = {"429": "rate", "tool_use_failed": "cut"}
"""What a refusal is, by its status or code; else a bad request."""


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["id"])
async def test_a_recorded_answer_comes_to_what_its_payloads_say(
    entry: Entry, reach: dict[str, Reached]
) -> None:
    reached = reach[OF_WIRE[entry["wire"]]]
    for row in rows(entry["file"]):
        match row["sort"]:
            case "answer":
                await answers(reached, entry, row)
            case "broken answer":
                kind, _ = ENDS_IN_ERROR[entry["id"], row["n"]]
                await fails(reached, as_stream(entry, row), kind)
            case "refusal":
                await fails(reached, refused(entry, row), refusal(row["response"]))
            case _:
                pass


def test_no_exchange_slips_away() -> None:
    found = Counter(row["sort"] for entry in ENTRIES for row in rows(entry["file"]))
    assert found == SORTS
    assert len(ENTRIES) == 280
    assert {*SORTS} - {*OTHERS} == {"answer", "broken answer", "refusal"}


def as_stream(entry: Entry, row: Row) -> Row:
    return row if row["response"]["stream"] else streamed(entry["wire"], row)


def refused(entry: Entry, row: Row) -> Row:
    """A refusal as it came, at the endpoint that we ask."""
    return {**row, "request": {**row["request"], "method": "POST", "path": STREAMED_AT[entry["wire"]]}}


def refusal(answer: dict[str, Any]) -> str:
    error = json.loads(answer["body"])["error"]
    told = (str(answer["status"]), str(error.get("code")))
    return next((REFUSALS[one] for one in told if one in REFUSALS), "bad_request")


async def answers(reached: Reached, entry: Entry, row: Row) -> None:
    """Ask in each of the ways there are, and compare what comes."""
    says = expected(entry["wire"], row["response"])
    reached.told(as_stream(entry, row), chunk=PIECE)
    step = await finish(reached.provider, prompt())
    compare(step.finished, says)
    assert entry["id"] in RESTARTED or step.heard("text") == says.text
    assert entry["id"] in RESTARTED or squeezed(step.heard("thinking")) == squeezed(says.thinking)
    compare(await reached.provider.completion(prompt(tools=())), says)
    compare(await reached.provider.tool_completion(prompt(tools=()), [TOOL]), says)


async def fails(reached: Reached, row: Row, kind: str) -> None:
    """Ask in each of the ways there are; each ends in this error."""
    reached.told(row)
    for way in (
        finish(reached.provider, prompt()),
        reached.provider.completion(prompt()),
        reached.provider.tool_completion(prompt(), [TOOL]),
    ):
        with pytest.raises(ProviderError) as caught:
            await way
        assert caught.value.kind == kind
        assert caught.value.message


def compare(finished: StepFinished, says: Expected) -> None:
    message, usage = finished.message, finished.usage
    thinking = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    assert message.text == says.text
    assert squeezed(thinking) == squeezed(says.thinking)
    assert [(call.name, None if call.malformed else call.arguments) for call in message.calls] == (
        says.parsed_calls
    )
    assert (usage.input, usage.cached, usage.output) == (says.input, says.cached, says.output)
    assert finished.stop == says.stop


def squeezed(text: str) -> str:
    """Free of space, which stands between the parts of a summary."""
    return "".join(text.split())
