"""OpenAI's Responses API, asked without anything stored there."""

import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from agent.config import Settings
from agent.core.provider import Abilities, AuthType, Credential, ModelEntry, Request, Said
from agent.providers import _prices
from agent.providers._connection import SdkProvider
from agent.providers._openai_client import openai_client
from agent.providers._wires.chat_stream import END
from agent.providers._wires.responses_answer import Step
from agent.providers._wires.responses_request import payload

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI
    from openai._response import AsyncAPIResponse

NAME = "openai"
SETTING = "OPENAI_API_KEY"
KNOWN = ("gpt-6.1-sol", "gpt-6.1-terra", "gpt-6-luna", "gpt-6-astra")
"""Models to offer when the provider's own list cannot be fetched, the best first."""
ALIASES = {family: rf"gpt-(\d+)(?:\.(\d+))?-{family}" for family in ("astra", "sol", "terra", "luna")}

ADDRESS = "https://api.openai.com/v1"
ANSWERS = ("gpt-", "chatgpt-", "o1", "o3", "o4", "codex-", "ft:")
SILENT = (
    "image",
    "audio",
    "realtime",
    "transcribe",
    "tts",
    "instruct",
    "live",
    "whisper",
    "translate",
    "search",
)
"""Models of the list that do not answer here."""

THINKING = Abilities(tools=True, images=True, pdf=True, thinking=True, search=True)
SEEING = Abilities(tools=True, images=True, pdf=True, thinking=False, search=True)
READING = Abilities(tools=True, images=False, pdf=False, thinking=False, search=False)
UNSEARCHING = {"search": False}
"""Old and small models are not offered OpenAI's web search."""
FAMILIES: tuple[tuple[str, int | None, Abilities], ...] = (
    (
        r"o1-(mini|preview)",
        65_536,
        Abilities(tools=False, images=False, pdf=False, thinking=True, search=False),
    ),
    (r"o3-mini", 100_000, READING.model_copy(update={"thinking": True})),
    (r"o1", 100_000, THINKING.model_copy(update=UNSEARCHING)),
    (r"o\d|codex-mini", 100_000, THINKING),
    (r"gpt-5-chat", 16_384, SEEING),
    (r"gpt-5\.\d-chat", 16_384, THINKING),
    (r"gpt-5-pro", 272_000, THINKING),
    (r"gpt-[56]\b", 128_000, THINKING),
    (r"gpt-4\.1-nano", 32_768, SEEING.model_copy(update=UNSEARCHING)),
    (r"gpt-4\.1", 32_768, SEEING),
    (r"chatgpt-4o", 16_384, SEEING.model_copy(update={"tools": False, **UNSEARCHING})),
    (r"gpt-4o-2024-05-13", 4096, SEEING),
    (r"gpt-4(o|\.5)", 16_384, SEEING),
    (r"gpt-4-turbo", 4096, SEEING.model_copy(update={"pdf": False, **UNSEARCHING})),
    (r"gpt-4-\d{4}-preview|gpt-3\.5", 4096, READING),
    (r"gpt-4\b", 8192, READING),
)
"""Patterns of names, of which the first that fits counts: tokens of an answer, and abilities."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.openai_api_key.get_secret_value():
        return None
    return Credential(secret=settings.openai_api_key, base_url=settings.openai_base_url)


def auth_types(settings: Settings) -> tuple[AuthType, ...]:  # noqa: ARG001 - needs no setting
    """Keys alone: OpenAI lets only its own programs sign in."""
    return ("api_key",)


def base_url(settings: Settings) -> str:
    """OpenAI's own address, or that of a gateway."""
    return settings.openai_base_url


def connect(credential: Credential) -> "OpenAIProvider":
    """A provider that uses this key."""
    return OpenAIProvider(credential)


def describe(name: str) -> ModelEntry:
    """What we know of a model by its name alone, or by the one it was tuned from.

    >>> describe("gpt-6.1-sol").max_output, describe("ft:gpt-4o-mini:us::1").abilities.thinking
    (128000, False)
    >>> describe("gpt-6.1-sol").abilities.search, describe("gpt-4.1-nano").abilities.search
    (True, False)
    >>> describe("of-my-gateway").abilities.tools is None
    True
    """
    family = name.removeprefix("ft:")
    found = ((output, abilities) for pattern, output, abilities in FAMILIES if re.match(pattern, family))
    output, abilities = next(found, (None, Abilities()))
    window = _prices.context_window(name, NAME)
    return ModelEntry(
        id=f"{NAME}:{name}", name=name, context_window=window, max_output=output, abilities=abilities
    )


class OpenAIProvider(SdkProvider["AsyncOpenAI"]):
    """Serves GPT."""

    name = NAME
    _is_summarized = True
    """Whether reasoning can be summarised; OpenAI does it only for organisations that it has verified."""

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            async with self._answer(client, request) as answer:
                async for piece in answer.iter_bytes():
                    for delta in step.hear(piece):
                        yield delta
            for delta in step.hear(END):
                yield delta
            yield step.finished(request.model)

    @asynccontextmanager
    async def _answer(
        self, client: "AsyncOpenAI", request: Request
    ) -> "AsyncGenerator[AsyncAPIResponse[Any]]":
        """The bytes of an answer; asked for once more where its reasoning must not be summarised.

        The SDK would walk through the whole request by its types, and make an object of each event: most of
        what a step costs, on the event loop.
        """
        from openai import BadRequestError  # noqa: PLC0415 - loaded with the client

        async with AsyncExitStack() as stack:
            create = client.responses.with_streaming_response.create
            asked = payload(request, summarized=self._is_summarized)
            try:
                answer = await stack.enter_async_context(create(extra_body=asked, stream=True))
            except BadRequestError as error:
                if error.param != "reasoning.summary":
                    raise
                self._is_summarized = False
                asked = payload(request, summarized=False)
                answer = await stack.enter_async_context(create(extra_body=asked, stream=True))
            yield answer

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask; OpenAI lists no more than their names."""
        async with self._asking() as client:
            listed = sorted([model.id async for model in client.models.list()], reverse=True)
        return [describe(name) for name in listed if answers(name)]

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncOpenAI":
        is_token = self._credential.auth_type == "oauth_token"
        key = "" if is_token else self._credential.secret.get_secret_value()
        client = openai_client(http, key, self._credential.base_url or ADDRESS, self._credential.project)
        _ = client.responses.with_streaming_response  # loads its types here, in the thread
        return client


def answers(name: str) -> bool:
    """Whether a listed model is one to talk to here.

    >>> answers("gpt-5.5"), answers("gpt-image-2"), answers("text-embedding-3-large")
    (True, False, False)
    """
    return name.startswith(ANSWERS) and not any(word in name for word in SILENT)
