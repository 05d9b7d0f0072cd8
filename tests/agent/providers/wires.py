"""The providers by wire, and what one step through them comes to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from agent.core.errors import ProviderError
from agent.core.events import Delta, StepFinished
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.core.provider import Credential, Provider, Request
from agent.core.tools import ToolDefinition
from agent.providers.anthropic import AnthropicProvider
from agent.providers.compatible import CompatibleProvider
from agent.providers.gemini import GeminiProvider
from agent.providers.openai import OpenAIProvider
from agent.providers.vertex import VertexProvider
from tests.replay import Recording, Replay

KEY = "sk-a-key-of-the-tests"
TOOL = ToolDefinition(
    name="read_file",
    description="Read a file.",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
    kind="read",
    effect="pure",
)


@dataclass
class Step:
    """The deltas of a step and its end."""

    deltas: list[Delta] = field(default_factory=list)
    ends: list[StepFinished] = field(default_factory=list)

    @property
    def finished(self) -> StepFinished:
        (end,) = self.ends
        return end

    def heard(self, kind: str, call_id: str | None = None) -> str:
        return "".join(
            delta.text
            for delta in self.deltas
            if delta.kind == kind and (call_id is None or delta.call_id == call_id)
        )


Connect = Callable[[str], Provider]


@dataclass
class Reached:
    """A provider that stays connected to an address of the replay server."""

    replay: Replay
    url: str
    provider: Provider

    def told(self, *rows: dict[str, Any], **options: str | int) -> Recording:
        """From here on its address serves these exchanges."""
        return self.replay.replace(self.url, list(rows), **options)


def key(address: str) -> Credential:
    return Credential.model_validate({"secret": KEY, "base_url": address})


def vertex(address: str, idle: float) -> VertexProvider:
    credential = key(address).model_copy(update={"auth_type": "oauth_token", "project": "p", "location": "l"})
    return VertexProvider(credential, idle=idle)


MAKERS: dict[str, Callable[[str, float], Provider]] = {
    "anthropic": lambda address, idle: AnthropicProvider(key(address), idle=idle),
    "openai": lambda address, idle: OpenAIProvider(key(f"{address}/v1"), idle=idle),
    "compatible": lambda address, idle: CompatibleProvider(key(f"{address}/v1"), idle=idle),
    "gemini": lambda address, idle: GeminiProvider(key(address), idle=idle),
    "vertex": vertex,
}
"""How a provider is made, from its address and the seconds that it may be silent."""
IDLE = 5.0
PROVIDERS: dict[str, Connect] = {name: partial(make, idle=IDLE) for name, make in MAKERS.items()}


def prompt(text: str = "Say it.", **more: object) -> Request:
    """A request with one prompt and one tool."""
    asked = {"model": "m", "messages": (Message(role="user", parts=(Text(text=text),)),), "tools": (TOOL,)}
    return Request.model_validate({**asked, **more})


async def finish(provider: Provider, request: Request, step: Step | None = None) -> Step:
    """Everything that a provider yields for a request; a given step holds it also when there is no end."""
    step = step or Step()
    async for event in provider.stream_completion(request):
        if isinstance(event, StepFinished):
            step.ends.append(event)
        elif isinstance(event, Delta):
            step.deltas.append(event)
    return step


async def outcome(provider: Provider) -> tuple[Step, ProviderError | None]:
    """What was heard of a step, and the error that ended it."""
    step = Step()
    try:
        await finish(provider, prompt(), step)
    except ProviderError as error:
        return step, error
    return step, None


@asynccontextmanager
async def connected(connect: Connect, address: str) -> AsyncIterator[Provider]:
    """A provider at an address, its connections closed at the end."""
    provider = connect(address)
    try:
        yield provider
    finally:
        await provider.close()


async def reached(connect: Connect, address: str, request: Request) -> Step:
    """One step at an address."""
    async with connected(connect, address) as provider:
        return await finish(provider, request)


def results(message: Message, outcome: str = "ok") -> Message:
    """A result for each call, and a prompt that came meanwhile."""
    answers = [ToolResult.model_validate(given(call, outcome)) for call in message.calls]
    return Message(role="user", parts=(*answers, *(() if answers else (Text(text="Go on."),))))


def given(call: ToolCall, outcome: str) -> dict[str, Any]:
    return {"call_id": call.id, "outcome": outcome, "text": f"It says {call.arguments}."}


def after(step: StepFinished, outcome: str = "ok") -> Request:
    """The request that follows a step: what it said, and the results of its calls."""
    first = prompt()
    return first.model_copy(
        update={"messages": (*first.messages, step.message, results(step.message, outcome))}
    )


def turn_sent(name: str, body: dict[str, Any]) -> Any:
    """The assistant's turn in a request."""
    match name:
        case "anthropic":
            return body["messages"][1]["content"]
        case "openai":
            outputs = ("function_call_output",)
            return [
                item for item in body["input"] if item.get("role") != "user" and item["type"] not in outputs
            ]
        case "compatible":
            return body["messages"][1]
        case _:
            return body["contents"][1]["parts"]
