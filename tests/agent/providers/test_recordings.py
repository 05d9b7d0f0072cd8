"""Recorded streams of other projects through our adapters, compared with what their payloads say."""

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import ProviderError
from agent.core.messages import Thinking
from tests.agent.providers.expected import PARSERS, Expected
from tests.agent.providers.wires import PROVIDERS, Step, after, connected, finish, prompt, turn_sent
from tests.replay import Replay, exchanges

ROOT = Path(os.environ.get("MAESTRO_ACCEPTANCE_DATA", ""), "recordings")
INDEX = ROOT / "INDEX.jsonl"
ENTRIES = [json.loads(line) for line in INDEX.read_text("utf-8").splitlines()] if INDEX.is_file() else []
STREAMS = [entry for entry in ENTRIES if "stream" in entry["tags"]]

OF_WIRE = {
    "anthropic-messages": "anthropic",
    "openai-responses": "openai",
    "openai-chat": "compatible",
    "gemini": "gemini",
    "vertex": "vertex",
}
ENDS_IN_ERROR = {
    "gemini-cli-context-compress-interactive-compress": ("cut", "the model made a malformed call"),
    "pai-test-tool-use-failed-error-streaming": ("cut", "the server refused the model's own call"),
}
"""Streams that end in an error, its kind and the reason; their other exchanges still count."""
LEFT_OUT: dict[str, str] = {
    "vercel-ai-google-vertex-stream-tool-call-arguments-nested-1-chunks": "partial arguments, not asked for",
}
"""Streams we cannot be sent, with the reason."""
ANOTHER_AGENT_FOLLOWS = {"pai-test-anthropic-text-parts-ahead-of-built-in-tool-call"}
"""Recordings whose next request belongs to another session."""
RESTARTED = {"vercel-ai-spliced-message-start-chunks"}
"""Streams in which a proxy begins the message anew; what was heard before stays heard until the step ends."""


@pytest.mark.skipif(not STREAMS, reason="MAESTRO_ACCEPTANCE_DATA names no folder with recordings")
@pytest.mark.parametrize("entry", STREAMS, ids=lambda entry: entry["id"])
async def test_a_recorded_stream_comes_to_what_its_payloads_say(
    entry: dict[str, Any], replay: Replay
) -> None:
    if entry["id"] in LEFT_OUT:
        pytest.skip(LEFT_OUT[entry["id"]])
    rows = [row for row in exchanges(ROOT / entry["file"]) if row["response"]["stream"]]
    ends: list[str] = []
    async with connected(PROVIDERS[OF_WIRE[entry["wire"]]], replay.serve(rows)) as provider:
        for row in rows:
            try:
                step = await finish(provider, prompt())
            except ProviderError as error:
                ends.append(error.kind)
            else:
                compare(
                    step, PARSERS[entry["wire"]](row["response"]["body"]), restarted=entry["id"] in RESTARTED
                )
    assert ends == [kind for kind, _ in [ENDS_IN_ERROR.get(entry["id"], ("", ""))] if kind]


def compare(step: Step, expected: Expected, *, restarted: bool) -> None:
    message, usage = step.finished.message, step.finished.usage
    thinking = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    assert message.text == expected.text
    assert squeezed(thinking) == squeezed(expected.thinking)
    assert restarted or step.heard("text") == expected.text
    assert restarted or squeezed(step.heard("thinking")) == squeezed(expected.thinking)
    assert [(call.name, None if call.malformed else call.arguments) for call in message.calls] == (
        expected.parsed_calls
    )
    assert (usage.input, usage.cached, usage.output) == (expected.input, expected.cached, expected.output)
    assert step.finished.stop == expected.stop


def squeezed(text: str) -> str:
    """Free of space, which stands between the parts of a summary."""
    return "".join(text.split())


ECHOED = ("signature", "thoughtSignature", "thought_signature", "encrypted_content", "reasoning_details")


@pytest.mark.skipif(not STREAMS, reason="MAESTRO_ACCEPTANCE_DATA names no folder with recordings")
@pytest.mark.parametrize(
    "entry",
    [entry for entry in STREAMS if entry["exchanges"] > 1 and entry["id"] not in ENDS_IN_ERROR],
    ids=lambda entry: entry["id"],
)
async def test_what_we_echo_is_what_the_recorded_client_echoed(entry: dict[str, Any], replay: Replay) -> None:
    if entry["id"] in ANOTHER_AGENT_FOLLOWS:
        pytest.skip("the next request belongs to another session")
    name = OF_WIRE[entry["wire"]]
    for row, following in pairwise(exchanges(ROOT / entry["file"])):
        if row["response"]["stream"] and following["request"]["body"]:
            url = replay.serve([row])
            served = replay.last
            async with connected(PROVIDERS[name], url) as provider:
                step = await finish(provider, prompt())
                await finish(provider, after(step.finished))
            ours = echoed(turn_sent(name, served.requests[1]["body"]))
            assert ours <= echoed(following["request"]["body"])


def echoed(sent: Any) -> set[str]:
    """All signatures and encrypted reasoning in a request, in one of base64's two alphabets."""
    if isinstance(sent, list):
        return set().union(*map(echoed, sent))
    if not isinstance(sent, dict):
        return set()
    own = {
        json.dumps(value).replace("_", "/").replace("-", "+") for key, value in sent.items() if key in ECHOED
    }
    return own.union(*map(echoed, sent.values()))
