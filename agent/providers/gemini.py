"""Google's Gemini API; Vertex AI speaks it too."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, cast

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.provider import Abilities, AuthType, Credential, ModelEntry, Request, Said
from agent.providers import _prices
from agent.providers._connection import SdkProvider, trust
from agent.providers._wires.gemini_answer import Step
from agent.providers._wires.gemini_request import payload

if TYPE_CHECKING:
    import httpx2
    from google.genai import Client, types
    from google.genai.client import DebugConfig

    Answer = AsyncGenerator[types.GenerateContentResponse, None]

# ruff: noqa: PLC0415 - the SDK takes a second, in a thread

NAME = "gemini"
SETTING = "GEMINI_API_KEY"
KNOWN = ("gemini-3.8-flash", "gemini-4-argon", "gemini-3.1-pro-preview", "gemini-3.5-flash-lite")
"""Models to offer when the provider's own list cannot be fetched, the best first."""
ALIASES = {
    family: rf"gemini-(\d+)(?:\.(\d+))?-{family}(?:-preview)?"
    for family in ("pro", "flash", "flash-lite", "argon")
}

ADDRESS = "https://generativelanguage.googleapis.com"
VERSION = "v1beta"
PLACEHOLDER = "token"
"""The SDK insists on a key; where there is a token, our HTTP client sends that and drops this."""
SERVER_TIMEOUT = 3_600_000
"""Milliseconds Google may work on an answer; how long it may be silent is ours to say."""

OTHER_WORK = re.compile(
    r"embedding|imagen|image|banana|omni|veo|lyria|tts|live|audio|streaming|computer-use|aqa|research"
)
"""Models that make pictures, sounds or vectors, or speak other protocols."""

ALL = Abilities(tools=True, images=True, pdf=True, thinking=True, search=True)
FAMILIES: tuple[tuple[str, int | None, int | None, Abilities], ...] = (
    (r"gemini-(2\.5|3)", 1_048_576, 65_536, ALL),
    (
        r"gemini-(1\.5|2\.0-flash-lite)",
        1_048_576,
        8192,
        ALL.model_copy(update={"thinking": False, "search": False}),
    ),
    (r"gemini-2\.0", 1_048_576, 8192, ALL.model_copy(update={"thinking": False})),
    (r"gemini-", None, None, ALL),
    (r"gemma-3", None, None, Abilities(tools=False, thinking=False, search=False)),
)
"""What models can read, in tokens, what they can say, and their abilities. Source: Gemini API, models."""


def credential(settings: Settings) -> Credential | None:
    """The server's own key."""
    if not settings.gemini_api_key.get_secret_value():
        return None
    return Credential(secret=settings.gemini_api_key, base_url=settings.google_gemini_base_url)


def auth_types(settings: Settings) -> tuple[AuthType, ...]:  # noqa: ARG001 - needs no setting
    """A key, or a token of Google's sign-in."""
    return ("api_key", "oauth_token")


def base_url(settings: Settings) -> str:
    """Google's own address, or that of a gateway."""
    return settings.google_gemini_base_url


def connect(credential: Credential) -> "GeminiProvider":
    """A provider that uses this key."""
    return GeminiProvider(credential)


def describe(name: str) -> ModelEntry:
    """What we know of a model by its name alone.

    >>> describe("gemini-2.5-pro").max_output, describe("gemini-2.0-flash").abilities.thinking
    (65536, False)
    >>> describe("tunedModels/mine").abilities.tools is None
    True
    """
    found = (family for family in FAMILIES if re.match(family[0], name))
    _, window, output, abilities = next(found, ("", None, None, Abilities()))
    return ModelEntry(
        id=f"{NAME}:{name}",
        name=name,
        context_window=_prices.context_window(name, "google") or window,
        max_output=output,
        abilities=abilities,
    )


class GeminiProvider(SdkProvider["Client"]):
    """Serves Gemini."""

    name = NAME
    in_pieces: ClassVar = False
    """Whether this API sends the arguments of a call while they grow."""

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        async with self._asking() as client:
            step = Step()
            models = cast("Any", client.aio.models)
            asked = payload(request, in_pieces=self.in_pieces)
            answer: Answer = await models.generate_content_stream(**asked)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    for delta in step.hear(chunk):
                        yield delta
            yield step.finished(request.model)

    async def models(self) -> list[ModelEntry]:
        """The models this key can ask."""
        async with self._asking() as client:
            listed: AsyncIterator[types.Model] = await client.aio.models.list(config={"page_size": 200})
            return [
                entry(self.name, model)
                async for model in listed
                if answers(model.name or "", model.supported_actions)
            ]

    def _client(self, http: "httpx2.AsyncClient") -> "Client":
        from google.genai import Client

        given, key, headers = self._credential, self._credential.secret.get_secret_value(), {}
        if given.auth_type == "oauth_token":
            key = PLACEHOLDER
            headers = {"x-goog-user-project": given.project} if given.project else {}
        return Client(
            enterprise=False,
            api_key=key,
            http_options=options(http, given.base_url or ADDRESS, VERSION, headers),
            debug_config=no_replay(),
        )


def no_replay() -> "DebugConfig":
    """The SDK's way to the network, whatever its tests' environment variables say."""
    from google.genai.client import DebugConfig

    return DebugConfig(client_mode="", replays_directory="", replay_id="")


def options(
    http: "httpx2.AsyncClient", address: str, version: str, headers: dict[str, str] | None = None
) -> "types.HttpOptions":
    """How the SDK reaches Google: over our client, without retries of its own."""
    from google.genai import types

    http.event_hooks["response"].append(only_events)
    return types.HttpOptions(
        base_url=address,
        api_version=version,
        headers=headers or {},
        httpx_async_client=http,
        client_args={"verify": trust()},  # a client we never use, made quickly
        timeout=SERVER_TIMEOUT,
    )


async def only_events(response: "httpx2.Response") -> None:
    """Refuse JSON where a stream was asked for; the SDK would take it for an answer.

    Raises:
        ProviderError: something on the way does not stream.
    """
    is_json = response.headers.get("content-type", "").startswith("application/json")
    if is_json and response.is_success and b"alt=sse" in response.url.query:
        raise ProviderError("cut", "JSON came instead of a stream.")


def answers(name: str, actions: Sequence[str] | None) -> bool:
    """Whether a listed model can answer here.

    Args:
        name: with Google's path.
        actions: what the list says it does; Vertex AI's says nothing, and names models of every sort.

    >>> answers("models/gemini-3.8-flash", ["generateContent"]), answers("models/imagen-4", ["predict"])
    (True, False)
    >>> answers("publishers/google/models/gemini-2.5-flash", None), answers("models/gemini-3.8-live", None)
    (True, False)
    """
    short = name.rpartition("/")[2]
    if OTHER_WORK.search(short):
        return False
    return "generateContent" in actions if actions else short.startswith("gemini-")


def entry(prefix: str, model: "types.Model") -> ModelEntry:
    """A listed model, free of Google's path; where the list is silent, what we know.

    >>> from google.genai import types
    >>> entry("gemini", types.Model(name="models/gemini-9-pro", output_token_limit=7)).max_output
    7
    """
    name = (model.name or "").rpartition("/")[2]
    known = describe(name)
    thinking = known.abilities.thinking if model.thinking is None else model.thinking
    return ModelEntry(
        id=f"{prefix}:{name}",
        name=model.display_name or name,
        context_window=model.input_token_limit or known.context_window,
        max_output=model.output_token_limit or known.max_output,
        abilities=known.abilities.model_copy(update={"thinking": thinking}),
    )
