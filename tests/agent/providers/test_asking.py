"""Asking with patience: what is asked again, what is not, and who is left alone for a while."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from agent import providers
from agent.core.errors import ProviderError, ProviderErrorKind, Resting
from agent.core.events import Delta, Noticed, StepFinished
from agent.core.guests import guest
from agent.core.messages import Message, Text
from agent.core.provider import Abilities, ModelEntry, Provider, Request, Said
from agent.providers import _asking
from agent.providers._asking import TRIES, Patient
from agent.providers._catalogue import Catalogue
from agent.providers._health import FAILURES, Health
from tests.agent.providers.wires import prompt
from tests.replay import Replay

USER = guest("g")
DONE = StepFinished(message=Message(role="assistant", parts=(Text(text="Done"),)), stop="end_turn")
PIECE = Delta(kind="text", text="Do")


class Moody(Provider):
    """Fails as often as it was told, then answers."""

    name = "moody"
    NAME = name
    KNOWN = ("m",)
    ALIASES: dict[str, str] = {"best": r"moody-(\d+)"}

    def __init__(self, *moods: ProviderError | None, speaks_first: bool = False) -> None:
        self.moods = list(moods)
        self.speaks_first = speaks_first
        self.requests: list[Request] = []
        self.abilities = Abilities()

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=f"moody:{name}", name=name, abilities=self.abilities)

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:
        self.requests.append(request)
        mood = self.moods.pop(0) if self.moods else None
        if mood is None or self.speaks_first:
            yield PIECE
        if mood is not None:
            raise mood
        yield DONE

    async def models(self) -> list[ModelEntry]:
        return [self.describe(name) for name in ("moody-9", "moody-10", "other-11")]


def patient(moody: Moody, health: Health | None = None) -> Patient:
    return Patient(moody, Catalogue(moody, moody), health or Health())


async def said_by(provider: Provider, request: Request | None = None) -> list[Said]:
    try:
        return [said async for said in provider.stream_completion(request or prompt())]
    finally:
        await provider.close()


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_asking, "WAIT", 0.01)
    monkeypatch.setattr(_asking, "JITTER", 0.0)


@pytest.mark.parametrize("kind", ["rate", "overloaded", "network", "cut"])
async def test_what_passes_is_asked_again_and_each_wait_is_told(kind: ProviderErrorKind) -> None:
    moody = Moody(ProviderError(kind), ProviderError(kind))
    first, second, *rest = await said_by(patient(moody))
    assert rest == [PIECE, DONE]
    assert isinstance(first, Noticed)
    assert isinstance(second, Noticed)
    assert (first.code, first.values["provider"], first.values["kind"]) == ("retry", "moody", kind)
    assert [first.values["tries"], second.values["tries"]] == [1, 2]


@pytest.mark.parametrize("kind", ["auth", "quota", "context", "safety", "bad_request"])
async def test_what_stays_is_asked_once(kind: ProviderErrorKind) -> None:
    moody = Moody(ProviderError(kind))
    with pytest.raises(ProviderError) as caught:
        await said_by(patient(moody))
    assert (caught.value.kind, len(moody.requests)) == (kind, 1)


async def test_what_the_provider_says_of_asking_again_holds() -> None:
    moody = Moody(ProviderError("bad_request", "Odd", is_passing=True))
    assert [one.type for one in await said_by(patient(moody)) if not isinstance(one, Delta)] == [
        "Noticed",
        "StepFinished",
    ]
    moody = Moody(ProviderError("overloaded", "Full", is_passing=False))
    with pytest.raises(ProviderError):
        await said_by(patient(moody))
    assert len(moody.requests) == 1


async def test_patience_ends() -> None:
    moody = Moody(*[ProviderError("network")] * 9)
    with pytest.raises(ProviderError):
        await said_by(patient(moody))
    assert len(moody.requests) == TRIES


async def test_nothing_is_asked_again_once_a_piece_was_heard() -> None:
    moody = Moody(ProviderError("cut"), speaks_first=True)
    stream = patient(moody).stream_completion(prompt())
    assert await anext(stream) == PIECE
    with pytest.raises(ProviderError):
        await anext(stream)
    assert len(moody.requests) == 1


async def test_the_providers_own_hint_is_waited_for() -> None:
    moody = Moody(ProviderError("rate", retry_after=0.2))
    clock = asyncio.get_running_loop().time
    before = clock()
    notice, *_ = await said_by(patient(moody))
    assert clock() - before >= 0.2
    assert isinstance(notice, Noticed)
    assert notice.values["seconds"] == 0.2


async def test_a_hint_that_is_too_long_is_told_instead() -> None:
    moody = Moody(ProviderError("rate", retry_after=3600.0))
    with pytest.raises(ProviderError) as caught:
        await said_by(patient(moody))
    assert (caught.value.retry_after, len(moody.requests)) == (3600.0, 1)


async def test_who_fails_again_and_again_is_left_alone_and_then_tried() -> None:
    health = Health(rest=1)
    failing = Moody(*[ProviderError("overloaded", "Too busy.")] * 99)
    for _ in range(2):
        with pytest.raises(ProviderError):
            await said_by(patient(failing, health))
    assert len(failing.requests) == FAILURES
    assert health.failures == FAILURES
    with pytest.raises(Resting) as caught:
        await said_by(patient(failing, health))
    assert (caught.value.retry_after, caught.value.message) == (1.0, "Too busy.")
    assert len(failing.requests) == FAILURES
    await asyncio.sleep(1.1)
    well = Moody()
    assert (await said_by(patient(well, health)))[-1] == DONE
    assert (health.failures, health.rests_for) == (0, 0)


@pytest.mark.parametrize("kind", ["overloaded", "network", "cut"])
async def test_every_kind_of_outage_counts_against_the_provider(kind: ProviderErrorKind) -> None:
    health = Health()
    with pytest.raises(ProviderError):
        await said_by(patient(Moody(*[ProviderError(kind)] * TRIES), health))
    assert health.failures == TRIES


@pytest.mark.parametrize("kind", ["rate", "quota", "auth", "context", "safety", "bad_request"])
async def test_what_tells_of_the_request_or_the_person_counts_against_nobody(kind: ProviderErrorKind) -> None:
    health = Health()
    with pytest.raises(ProviderError):
        await said_by(patient(Moody(*[ProviderError(kind)] * TRIES), health))
    assert health.failures == 0


async def test_an_answer_makes_up_for_the_failures_before_it() -> None:
    health = Health()
    for _ in range(FAILURES):
        moody = Moody(*[ProviderError("overloaded")] * (TRIES - 1))
        assert await patient(moody, health).completion(prompt()) == DONE
    assert health.rests_for == health.failures == 0


async def test_a_refused_request_tells_nothing_against_the_provider() -> None:
    health = Health()
    refusing = Moody(*[ProviderError("bad_request")] * 99)
    for _ in range(FAILURES + 1):
        with pytest.raises(ProviderError):
            await said_by(patient(refusing, health))
    assert health.rests_for == 0


async def test_who_stops_listening_in_a_wait_is_free_at_once() -> None:
    moody = Moody(ProviderError("rate", retry_after=50.0))
    async with aclosing(patient(moody).stream_completion(prompt())) as stream:
        assert isinstance(await anext(stream), Noticed)
    assert len(moody.requests) == 1


async def test_a_model_without_tools_is_asked_without_them_and_that_is_told() -> None:
    moody = Moody()
    moody.abilities = Abilities(tools=False)
    notice, *_ = await said_by(patient(moody))
    assert isinstance(notice, Noticed)
    assert (notice.code, notice.values) == ("model_without_tools", {"model": "moody:m"})
    assert moody.requests[0].tools == ()


async def test_an_alias_means_the_newest_of_the_list() -> None:
    moody = Moody()
    one = patient(moody)
    listed = await one.models()
    assert [(entry.id, entry.stands_for) for entry in listed[3:]] == [("moody:best", "moody:moody-10")]
    await said_by(one, prompt(model="best"))
    assert moody.requests[0].model == "moody-10"


async def test_all_three_ways_of_asking_come_to_the_same() -> None:
    moody = Moody(ProviderError("overloaded"))
    assert await patient(moody).completion(prompt()) == DONE
    tools = prompt().tools
    assert await patient(moody).tool_completion(prompt(tools=()), tools) == DONE
    assert moody.requests[-1].tools == tools


@pytest.mark.usefixtures("closed")
async def test_a_server_that_recovers_is_heard_over_http(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", replay.url("anthropic/text", fail="2:529"))
    found = await providers.provider(USER, "anthropic:claude-opus-5")
    said = [one async for one in found.stream_completion(prompt(model="claude-opus-5"))]
    assert [one.values["kind"] for one in said if isinstance(one, Noticed)] == ["overloaded"] * 2
    assert isinstance(said[-1], StepFinished)


@pytest.mark.usefixtures("closed")
async def test_how_a_provider_fares_can_be_seen(replay: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", replay.url("anthropic/text", fail="99:500"))
    found = await providers.provider(USER, "anthropic:claude-opus-5")
    for _ in range(2):
        with pytest.raises(ProviderError):
            await found.completion(prompt(model="claude-opus-5"))
    (standing,) = [one for one in await providers.health(USER) if one.provider == "anthropic"]
    assert standing.failures == FAILURES
    assert 0 < standing.rests_for <= 30


@pytest.fixture
async def closed() -> AsyncIterator[None]:
    yield
    await providers.close()
