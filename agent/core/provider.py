"""What a provider owes: one method that streams a step."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import SecretStr

from agent.core.events import Delta, StepFinished
from agent.core.messages import Message, Value
from agent.core.tools import ToolDefinition

Effort = Literal["none", "low", "medium", "high"]


class Request(Value):
    """One step asked of a model."""

    model: str
    """The provider's own name of the model, without our prefix."""
    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[ToolDefinition, ...] = ()
    max_tokens: int | None = None
    """Tokens the answer may have; None for the provider's own limit."""
    effort: Effort | None = None
    """How much to reason; None for the model's own default."""


class Credential(Value):
    """What opens a provider. Never stored in a State, a log or a prompt."""

    auth_type: Literal["api_key", "oauth_token", "service_account", "none"] = "api_key"
    secret: SecretStr = SecretStr("")
    base_url: str = ""
    """Empty for the provider's own address."""
    project: str = ""
    location: str = ""


class Provider(Protocol):
    """Who serves a model."""

    name: str

    def stream(self, request: Request) -> AsyncGenerator[Delta | StepFinished, None]:
        """Stream one step: deltas without numbers, then exactly one StepFinished.

        Raises:
            ProviderError: the step did not come to its end.
        """
        ...


class ModelEntry(Value):
    """A model people can pick."""

    id: str
    """With our prefix: `anthropic:claude-…`."""
    name: str
    context_window: int | None = None
    """Tokens; None when not known."""
