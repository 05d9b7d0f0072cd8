"""What a provider owes: one method that streams a step; the others follow from it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Literal

from pydantic import SecretStr

from agent.core.errors import ProviderError
from agent.core.events import Delta, Noticed, StepFinished
from agent.core.messages import Message, Value
from agent.core.tools import ToolDefinition

Effort = Literal["none", "low", "medium", "high"]
AuthType = Literal["api_key", "oauth_token", "service_account", "none"]
"""A pasted key, a token by which a person has signed in, an account of Google Cloud; or nothing at all."""


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
    search: bool = False
    """Whether the model may search the web by its provider's own means; not meant to stand beside tools."""
    cache_key: str = ""
    """The same for requests that begin alike (a session's), so that a provider finds its cache again."""


class Credential(Value):
    """What opens a provider. Never stored in a State, a log or a prompt."""

    auth_type: AuthType = "api_key"
    secret: SecretStr = SecretStr("")
    """The key, the access token, or the service account as JSON (or the file that holds it)."""
    base_url: str = ""
    """Empty for the provider's own address."""
    project: str = ""
    location: str = ""
    refresh_token: SecretStr = SecretStr("")
    """Empty when the access token cannot be renewed."""
    expires_at: datetime | None = None
    """When the access token ends, in UTC; None when nobody said."""
    token_url: str = ""
    """Where it is renewed."""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")


Said = Delta | Noticed | StepFinished
"""What a stream gives: pieces without numbers, what a person should know meanwhile, and one end."""


class Provider(ABC):
    """Who serves a model."""

    name: str

    @abstractmethod
    def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step: deltas without numbers, then exactly one StepFinished.

        Raises:
            ProviderError: the step did not come to its end.
        """
        ...

    async def completion(self, request: Request) -> StepFinished:
        """One step, whole.

        Raises:
            ProviderError: the step did not come to its end.
        """
        async with aclosing(self.stream_completion(request)) as stream:
            async for said in stream:
                if isinstance(said, StepFinished):
                    return said
        raise ProviderError("cut", "The stream ended without its last word.")

    async def tool_completion(self, request: Request, tools: Sequence[ToolDefinition]) -> StepFinished:
        """One step in which the model may call these tools, whole; the calls are among its parts.

        Raises:
            ProviderError: the step did not come to its end.
        """
        return await self.completion(request.model_copy(update={"tools": tuple(tools)}))

    async def models(self) -> "list[ModelEntry]":
        """The models it serves, as it lists them itself; none where it does not say.

        Raises:
            ProviderError: it does not answer.
        """
        return []

    async def prove(self) -> None:
        """Find out whether the credential opens it, by the cheapest request that shows it.

        Raises:
            ProviderError: it does not, or nobody answers.
        """
        await self.models()

    async def close(self) -> None:  # noqa: B027  where nothing is open, nothing is closed
        """Close its connections; a later request makes new ones."""


class Abilities(Value):
    """What a model takes and does; None where nobody says."""

    tools: bool | None = None
    images: bool | None = None
    pdf: bool | None = None
    thinking: bool | None = None
    search: bool | None = None
    """Whether its provider lets it search the web."""


class Standing(Value):
    """How a provider fares right now."""

    provider: str
    failures: int
    """In a row; 0 when it is well, or was never asked."""
    rests_for: int
    """Seconds until it is asked again after too many failures; 0 when it may be asked."""


class ModelEntry(Value):
    """A model people can pick."""

    id: str
    """With our prefix: `anthropic:claude-…`."""
    name: str
    context_window: int | None = None
    """Tokens it can read; None when not known."""
    max_output: int | None = None
    """Tokens an answer can have; None when not known."""
    abilities: Abilities = Abilities()
    stands_for: str = ""
    """The id that an alias means right now; empty for a model's own id."""
