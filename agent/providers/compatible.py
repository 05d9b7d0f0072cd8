"""Chat Completions as OpenRouter, Mistral, DeepSeek, Groq, Ollama, vLLM, llama.cpp and others speak it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.provider import AuthType, Credential, ModelEntry, Request, Said
from agent.providers import _dialects, _prices
from agent.providers._connection import SdkProvider
from agent.providers._dialects import OLLAMA, PLAIN, Dialect, dialect_at
from agent.providers._errors import Translated
from agent.providers._wires.chat_answer import Step
from agent.providers._wires.chat_list import answers, described, listed, shown
from agent.providers._wires.chat_request import payload
from agent.providers._wires.chat_stream import END, fields

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

DRAIN = 0.1
"""Seconds that the end of a whole answer is waited for, so that its connection can be used again."""
MOST_SHOWN, SHOWN_AT_ONCE, SHOW_WAIT = 20, 4, 5.0
"""Models that Ollama is asked about one by one, how many at the same time, and seconds for each."""


class CompatibleProvider(SdkProvider["AsyncOpenAI"]):
    """Serves whatever the address serves."""

    def __init__(self, credential: Credential, entry: Dialect = PLAIN, idle: float | None = None) -> None:
        super().__init__(credential, idle)
        self.name = entry.name
        self._address = credential.base_url or entry.address
        self._dialect = dialect_at(self._address) if entry is PLAIN else entry

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        """Stream one step."""
        step = Step()
        async with self._asking() as client:
            asked = payload(request, self._dialect)
            more = asked.pop("extra_body", {})
            # As `extra_body` it goes out as it is; else the SDK walks through all of it.
            sending = client.chat.completions.with_streaming_response.create(
                model=request.model, messages=[], extra_body={**asked, **more}, stream=True
            )
            async with sending as answer:
                pieces = answer.iter_bytes()
                async for piece in pieces:
                    for delta in step.hear(piece):
                        yield delta
                    if step.is_done:
                        await _drain(pieces)
                        break
                for delta in step.hear(END):
                    yield delta
            yield self._priced(step.finished(), request.model)

    async def models(self) -> list[ModelEntry]:
        """The models the server says it serves, with what it says of them."""
        async with self._asking() as client:
            found = listed(await client.get("/models", cast_to=object))
            if self._dialect is OLLAMA and len(found) <= MOST_SHOWN:
                turns = asyncio.Semaphore(SHOWN_AT_ONCE)
                async with asyncio.TaskGroup() as group:
                    asking = [group.create_task(self._shown(client, one, turns)) for one in found]
                found = [task.result() for task in asking]
        return [described(one, known(self.name, self._dialect, one["id"])) for one in found if answers(one)]

    async def prove(self) -> None:
        """Find out whether the key opens the server; some show their list to everybody."""
        if self._dialect is _dialects.OPENROUTER:
            async with self._asking() as client:
                await client.get("/key", cast_to=object)
            return
        await self.models()
        if self._dialect is PLAIN:
            await self._prove_unlisted()

    async def _prove_unlisted(self) -> None:
        """Send a request that costs nothing: it holds nothing, so who knows the key finds fault with that."""
        try:
            async with self._asking() as client:
                await client.post("/chat/completions", cast_to=object, body={"messages": []})
        except ProviderError as error:
            if error.kind in {"auth", "quota", "rate", "network"}:
                raise

    async def _shown(
        self, client: "AsyncOpenAI", model: Mapping[str, Any], turns: asyncio.Semaphore
    ) -> Mapping[str, Any]:
        """A model of Ollama's list with what Ollama's own API adds; as it was where that does not answer."""
        address = f"{self._address.rstrip('/').removesuffix('/v1')}/api/show"
        with suppress(ProviderError, TimeoutError), Translated(self._credential):
            async with turns, asyncio.timeout(SHOW_WAIT):
                told = await client.post(address, cast_to=object, body={"model": model["id"]})
                return {**model, **shown(fields(told))}
        return model

    def _priced(self, step: StepFinished, model: str) -> StepFinished:
        """The step with its cost, where the server did not say it and we know its prices."""
        tokens = step.usage
        if tokens.cost is not None and self._dialect is _dialects.OPENROUTER:
            return step
        cost = _prices.price(tokens, model, provider=self._dialect.prices, address=self._address)
        return step.model_copy(update={"usage": tokens.model_copy(update={"cost": cost})})

    def _client(self, http: "httpx2.AsyncClient") -> "AsyncOpenAI":
        from agent.providers._openai_client import openai_client  # noqa: PLC0415 - takes a second, in a thread

        is_token = self._credential.auth_type == "oauth_token"
        key = "" if is_token else self._credential.secret.get_secret_value()
        client = openai_client(http, key, self._address)
        _ = client.chat.completions.with_streaming_response  # loads its types here, in the thread
        return client


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN):
            async for _ in pieces:
                pass


def known(prefix: str, dialect: Dialect, name: str) -> ModelEntry:
    """What we know of a model by its name and by who serves it.

    >>> known("groq", _dialects.GROQ, "openai/gpt-oss-120b").context_window
    131072
    """
    window = _prices.context_window(name, dialect.prices) if dialect.prices else None
    able = dialect.abilities(name)
    return ModelEntry(id=f"{prefix}:{name}", name=name, context_window=window, abilities=able)


class Served:
    """A plug-in: one entry of the table of dialects."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.NAME = dialect.name
        self.SETTING = dialect.setting
        self.KNOWN = dialect.known
        self.ALIASES = dict(dialect.aliases)

    def credential(self, settings: Settings) -> Credential | None:
        """The server's own key or address; servers on one's own machine often want no key."""
        found = getattr(settings, self.SETTING.lower())
        if isinstance(found, SecretStr):
            return Credential(secret=found) if found.get_secret_value() else None
        if not found:
            return None
        key = settings.openai_compatible_api_key if self._dialect is PLAIN else SecretStr("")
        auth_type = "api_key" if key.get_secret_value() else "none"
        return Credential(auth_type=auth_type, secret=key, base_url=found)

    def auth_types(self, settings: Settings) -> tuple[AuthType, ...]:
        """A key, where there is a server and keys are its way."""
        has_keys = self._dialect is not OLLAMA and (self._dialect.address or self.base_url(settings))
        return ("api_key",) if has_keys else ()

    def base_url(self, settings: Settings) -> str:
        """Where the server's administrator lets it be asked; empty for a provider with its own address."""
        found = getattr(settings, self.SETTING.lower())
        return found if isinstance(found, str) else ""

    def connect(self, credential: Credential) -> CompatibleProvider:
        """A provider that uses this key, at this address."""
        return CompatibleProvider(credential, self._dialect)

    def describe(self, name: str) -> ModelEntry:
        """What we know of a model by its name alone."""
        return known(self.NAME, self._dialect, name)


PLUG_INS = tuple(map(Served, _dialects.ENTRIES))
