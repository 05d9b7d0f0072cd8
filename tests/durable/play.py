"""A model that does what its prompt says, in other words each time it is asked."""

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator
from typing import Any, ClassVar

from agent.config import Settings
from agent.core.events import Delta, StepFinished
from agent.core.messages import Message, Text, ToolCall
from agent.core.provider import Credential, ModelEntry, Provider, Request
from tests.durable.effects import tell
from tests.durable.faults import fail
from tests.durable.histories import heard_by_model

MODEL = "play:script"


class Play(Provider):
    """A whole provider: plug-in, connection and stream."""

    NAME = "play"
    SETTING = ""
    KNOWN = ("script",)
    ALIASES: ClassVar[dict[str, str]] = {}
    name = NAME

    def auth_types(self, _settings: Settings) -> tuple[()]:
        return ()

    def base_url(self, _settings: Settings) -> str:
        return ""

    def credential(self, _settings: Settings) -> Credential | None:
        return Credential(auth_type="none")

    def connect(self, _credential: Credential) -> "Play":
        return self

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=f"{self.NAME}:{name}", name=name)

    async def stream_completion(self, request: Request) -> AsyncGenerator[Delta | StepFinished, None]:
        script, number = _where(request.messages)
        name = f"{script['name']}/{number}"
        tell("MODEL", name, heard_by_model(request.messages))
        step = script["steps"][number] if number < len(script["steps"]) else {"say": 3}
        nonce, said = secrets.token_hex(4), ""
        try:
            for place in range(step.get("say", 1)):
                word = f"{nonce}-{place} "
                said += word
                yield Delta(kind="text", text=word)
                await asyncio.sleep(1 / step["rate"] if "rate" in step else 0)
            if fault := step.get("fault"):
                await fail(fault)
        except (asyncio.CancelledError, GeneratorExit):
            tell("HUSHED", name)
            raise
        calls = tuple(
            ToolCall(id=f"{nonce}-{place}", name=tool, arguments=arguments)
            for place, (tool, arguments) in enumerate(step.get("calls", ()))
        )
        message = Message(role="assistant", parts=(Text(text=said), *calls))
        yield StepFinished(message=message, stop="tool_use" if calls else "end_turn")


def _where(messages: tuple[Message, ...]) -> tuple[dict[str, Any], int]:
    """The script of the last prompt that is one, and the number of its step that is due."""
    number = 0
    for message in reversed(messages):
        if message.role == "assistant":
            number += 1
            continue
        for part in reversed(message.parts):
            if isinstance(part, Text) and part.text.startswith("{"):
                return json.loads(part.text), number
    raise ValueError("No prompt is a script.")
