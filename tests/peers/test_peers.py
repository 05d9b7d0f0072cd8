"""Every wire against servers that others wrote: they know nothing of how we understand the formats."""

import asyncio
from collections.abc import Iterator
from itertools import product

import pytest

from agent.core.errors import ProviderError
from agent.core.messages import Message, Thinking
from agent.core.provider import Provider
from agent.providers._dialects import OPENROUTER
from agent.providers.compatible import CompatibleProvider
from tests.agent.providers.wires import (
    PROVIDERS,
    Connect,
    Step,
    connected,
    finish,
    key,
    prompt,
    reached,
    results,
)
from tests.peers.conftest import aimock

pytestmark = pytest.mark.peers

PATIENCE = 30.0
"""Seconds after which a step counts as hanging."""
SAID = "Grüße, Welt 🌍. This comes in more than one piece."


def openrouter(address: str) -> Provider:
    return CompatibleProvider(key(f"{address}/api/v1"), OPENROUTER, idle=5)


WIRES: dict[str, Connect] = {
    name: PROVIDERS[name] for name in ("openai", "anthropic", "compatible", "gemini")
}
WIRES["openrouter"] = openrouter
MODELS = {
    "openai": "gpt-5.5",
    "anthropic": "claude-opus-5",
    "compatible": "gpt-5.5",
    "gemini": "gemini-3.8-flash",
    "openrouter": "anthropic/claude-opus-5",
}
PROXIED = [*product(("compatible", "anthropic", "gemini"), ("chat", "claude"))]
"""Through litellm: the wire we speak, and the model, which tells the wire that litellm speaks."""


async def step(wire: str, model: str, address: str, text: str) -> Step:
    async with asyncio.timeout(PATIENCE):
        return await reached(WIRES[wire], address, prompt(text, model=model))


async def two_steps(wire: str, model: str, address: str) -> tuple[Step, Step]:
    """A step with calls, and the one that follows their results."""
    first = prompt("Please read both.", model=model)
    async with asyncio.timeout(PATIENCE), connected(WIRES[wire], address) as provider:
        calls = await finish(provider, first)
        said = calls.finished.message
        told = await finish(
            provider, first.model_copy(update={"messages": (*first.messages, said, results(said))})
        )
    return calls, told


def thoughts(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, Thinking))


def assert_both_read(calls: Step, told: Step) -> None:
    asked = [(call.name, call.arguments) for call in calls.finished.message.calls]
    assert asked == [("read_file", {"path": "a.txt"}), ("read_file", {"path": "b.txt"})]
    assert calls.finished.stop == "tool_use"
    assert (told.finished.message.text, told.finished.stop) == ("Both say hello.", "end_turn")


# aimock.


@pytest.mark.parametrize("wire", WIRES)
async def test_text_arrives_in_pieces_and_whole(wire: str, mock: str) -> None:
    said = await step(wire, MODELS[wire], mock, "Say it.")
    assert said.finished.message.text == said.heard("text") == SAID
    assert len(said.deltas) > 1
    assert said.finished.stop == "end_turn"


@pytest.mark.parametrize("wire", WIRES)
async def test_reasoning_is_heard(wire: str, mock: str) -> None:
    said = await step(wire, MODELS[wire], mock, "Think first.")
    assert thoughts(said.finished.message) == "First the files, then the folders."
    assert said.finished.message.text == "Two files."


@pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason")
@pytest.mark.parametrize("wire", WIRES)
async def test_two_calls_and_their_results(wire: str, mock: str) -> None:
    assert_both_read(*await two_steps(wire, MODELS[wire], mock))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(("text", "kind"), [("Too many", "rate"), ("Break", "overloaded")])
async def test_an_error_is_told_by_its_kind(wire: str, text: str, kind: str, mock: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await step(wire, MODELS[wire], mock, text)
    assert caught.value.kind == kind


@pytest.mark.parametrize("wire", WIRES)
async def test_half_an_answer_is_an_error(wire: str, mock: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await step(wire, MODELS[wire], mock, "Stop halfway")
    assert caught.value.kind == "cut"


@pytest.mark.parametrize("wire", sorted({*WIRES} - {"gemini"}))
async def test_its_models_are_listed(wire: str, mock: str) -> None:
    async with asyncio.timeout(PATIENCE), connected(WIRES[wire], mock) as provider:
        assert await provider.models()


KINDS = {
    "drop": {"overloaded"},
    "malformed": {"cut"},
    "disconnect": {"cut", "network"},
    "ratelimit": {"rate"},
}


@pytest.fixture(scope="module", params=KINDS)
def chaos(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """An aimock that does this to every request, and what it does."""
    with aimock(tmp_path_factory.mktemp("chaos"), f"--chaos-{request.param}", "1") as address:
        yield address, request.param


@pytest.mark.parametrize("wire", WIRES)
async def test_chaos_is_an_error_and_never_a_wait(wire: str, chaos: tuple[str, str]) -> None:
    address, name = chaos
    with pytest.raises(ProviderError) as caught:
        await step(wire, MODELS[wire], address, "Say it.")
    assert caught.value.kind in KINDS[name]


# litellm in front of aimock.


@pytest.mark.parametrize(("wire", "model"), PROXIED)
async def test_text_through_a_proxy(wire: str, model: str, proxy: str) -> None:
    said = await step(wire, model, proxy, "Say it.")
    assert said.finished.message.text == said.heard("text") == SAID
    assert said.finished.stop == "end_turn"


@pytest.mark.parametrize(("wire", "model"), PROXIED)
async def test_two_calls_through_a_proxy(wire: str, model: str, proxy: str) -> None:
    assert_both_read(*await two_steps(wire, model, proxy))


@pytest.mark.parametrize(("wire", "model"), [pair for pair in PROXIED if pair[0] != "gemini"])
async def test_reasoning_through_a_proxy(wire: str, model: str, proxy: str) -> None:
    said = await step(wire, model, proxy, "Think first.")
    assert said.finished.message.text == "Two files."
    assert thoughts(said.finished.message) == "First the files, then the folders."


@pytest.mark.parametrize(("wire", "model"), PROXIED)
@pytest.mark.parametrize(("text", "kind"), [("Too many", "rate"), ("Break", "overloaded")])
async def test_an_error_through_a_proxy(wire: str, model: str, text: str, kind: str, proxy: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await step(wire, model, proxy, text)
    # On Google's surface litellm answers 500, whatever the model's server has said.
    assert caught.value.kind in ({kind, "overloaded"} if wire == "gemini" else {kind})
