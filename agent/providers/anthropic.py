"""Anthropic's Messages API."""

import re
from collections.abc import AsyncGenerator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from agent.config import Settings
from agent.core.provider import Abilities, AuthType, Credential, ModelEntry, Request, Said
from agent.providers import _prices
from agent.providers._connection import SdkProvider
from agent.providers._wires.anthropic_answer import Step
from agent.providers._wires.anthropic_request import payload

if TYPE_CHECKING:
    import httpx2
    from anthropic import AsyncAnthropic
    from anthropic.types import ModelInfo

NAME = "anthropic"
SETTING = "ANTHROPIC_API_KEY"
KNOWN = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2")
"""Models to offer when the provider's own list cannot be fetched, the best first."""
ALIASES = {
    family: rf"claude-{family}-(\d{{1,2}})(?:-(\d{{1,2}}))?"
    for family in ("opus", "sonnet", "haiku", "fable")
}

ADDRESS = "https://api.anthropic.com"
NO_KEY = "none"
"""The SDK wants a key even where the HTTP client brings the token."""

BLIND = Abilities(tools=True, images=True, pdf=False, thinking=False, search=False)
READING = Abilities(tools=True, images=True, pdf=True, thinking=False, search=True)
THINKING = Abilities(tools=True, images=True, pdf=True, thinking=True, search=True)
FAMILIES: tuple[tuple[str, int | None, Abilities], ...] = (
    (r"claude-3-(opus|sonnet|haiku)", 4096, BLIND),
    (r"claude-3-5", 8192, READING),
    (r"claude-opus-4(-[01])?(-\d{8})?$", 32_000, THINKING),
    (r"claude-(3-7|sonnet-4|haiku-4|opus-4-5)", 64_000, THINKING),
    (r"claude-[a-z]+-\d", 128_000, THINKING),
)
"""Patterns of names, the first that fits counts: tokens of an answer, and abilities."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.anthropic_api_key.get_secret_value():
        return None
    return Credential(secret=settings.anthropic_api_key, base_url=settings.anthropic_base_url)


def auth_types(settings: Settings) -> tuple[AuthType, ...]:  # noqa: ARG001 - needs no setting
    """Keys alone: Anthropic lets only its own programs sign in."""
    return ("api_key",)


def base_url(settings: Settings) -> str:
    """Anthropic's own address, or that of a gateway."""
    return settings.anthropic_base_url


def connect(credential: Credential) -> "AnthropicProvider":
    """A provider that uses this key."""
    return AnthropicProvider(credential)


def describe(name: str) -> ModelEntry:
    """What we know of a model by its name alone.

    >>> describe("claude-haiku-4-5").max_output, describe("claude-3-5-haiku-latest").abilities.thinking
    (64000, False)
    >>> describe("of-my-gateway").abilities.tools is None
    True
    """
    found = ((output, abilities) for pattern, output, abilities in FAMILIES if re.match(pattern, name))
    output, abilities = next(found, (None, Abilities()))
    window = _prices.context_window(name, NAME)
    return ModelEntry(
        id=f"{NAME}:{name}", name=name, context_window=window, max_output=output, abilities=abilities
    )


class AnthropicProvider(SdkProvider["AsyncAnthropic"]):
    """Serves Claude."""

    name = NAME
    _listed: Mapping[str, int] = MappingProxyType({})
    """Tokens of an answer by the models of its own list; empty until that was read."""

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step; why a model refuses is told as a Noticed before its end."""
        async with self._asking() as client:
            step = Step()
            asked = payload(request, self._listed.get(request.model))
            async with await client.messages.create(**asked, stream=True) as events:
                async for event in events:
                    delta = step.hear(event)
                    if delta is not None:
                        yield delta
            finished = step.finished(request.model)
            if (refused := step.refused(request.model)) is not None:
                yield refused
            yield finished

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask."""
        async with self._asking() as client:
            listed = [model async for model in client.models.list(limit=100)]
        self._listed = {model.id: model.max_tokens for model in listed if model.max_tokens}
        return [entry(model) for model in listed if model.lifecycle != "retired"]

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncAnthropic":
        from anthropic import AsyncAnthropic  # noqa: PLC0415 - takes two seconds, in a thread

        is_token = self._credential.auth_type == "oauth_token"
        key = NO_KEY if is_token else self._credential.secret.get_secret_value() or NO_KEY
        address = self._credential.base_url
        # Gateways and look-alikes still want the header that Anthropic itself no longer needs.
        headers = {"X-Api-Key": key} if address and not is_token else {}
        client = AsyncAnthropic(
            api_key=key,
            webhook_key="",
            base_url=address or ADDRESS,
            http_client=http,
            max_retries=0,
            open_telemetry=False,
        )
        # Given as `default_headers` they would be joined by those of ANTHROPIC_CUSTOM_HEADERS.
        client._custom_headers = headers  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return client


def entry(model: "ModelInfo") -> ModelEntry:
    """A model as the list describes it; what it leaves out, we know by the name."""
    known = describe(model.id)
    abilities = known.abilities
    if said := model.capabilities:
        told = {"images": said.image_input, "pdf": said.pdf_input, "thinking": said.thinking}
        abilities = abilities.model_copy(update={name: can.supported for name, can in told.items() if can})
    return known.model_copy(
        update={
            "name": model.display_name or model.id,
            "context_window": model.max_input_tokens or known.context_window,
            "max_output": model.max_tokens or known.max_output,
            "abilities": abilities,
        }
    )
