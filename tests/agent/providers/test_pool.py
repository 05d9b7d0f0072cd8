"""Which connections are held, and when they are closed."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from agent.core.events import Delta, StepFinished
from agent.core.messages import Message, Usage
from agent.core.provider import ModelEntry, Provider, Request, Said
from agent.providers import _pool
from agent.providers._asking import Patient
from agent.providers._catalogue import Catalogue
from agent.providers._health import Health
from agent.providers._pool import EVERYBODY, Pool
from tests.agent.providers.wires import prompt

DONE = StepFinished(message=Message(role="assistant", parts=()), usage=Usage(), stop="end_turn")


class Slow(Provider):
    """Answers when it may, and knows whether it was closed meanwhile."""

    NAME = name = "slow"
    KNOWN: tuple[str, ...] = ()
    ALIASES: dict[str, str] = {}

    def __init__(self) -> None:
        self.goes_on = asyncio.Event()
        self.closed = 0

    def describe(self, name: str) -> ModelEntry:
        return ModelEntry(id=name, name=name)

    async def stream_completion(self, request: Request) -> AsyncGenerator[Said, None]:  # noqa: ARG002
        yield Delta(kind="text", text="a")
        await self.goes_on.wait()
        assert not self.closed
        yield DONE

    async def close(self) -> None:
        self.closed += 1


def patient(slow: Slow) -> Patient:
    return Patient(slow, Catalogue(slow, slow), Health())


async def test_what_is_held_is_found_by_its_credential() -> None:
    pool, first = Pool(), patient(Slow())
    assert await pool.put("ada", "openai", 1, first) is first
    assert pool.get("ada", "openai", 1) is first
    assert pool.get("ada", "openai", 2) is None
    assert pool.get("bob", "openai", 1) is None
    assert pool.get("ada", "gemini", 1) is None


async def test_who_comes_second_with_the_same_takes_the_first() -> None:
    pool, first, second = Pool(), patient(Slow()), patient(Slow())
    await pool.put("ada", "openai", 1, first)
    assert await pool.put("ada", "openai", 1, second) is first


async def test_another_credential_closes_the_connection_of_the_one_before() -> None:
    pool, before, after = Pool(), Slow(), Slow()
    await pool.put("ada", "openai", 1, patient(before))
    await pool.put("ada", "openai", 2, patient(after))
    assert (before.closed, after.closed) == (1, 0)
    await pool.drop("ada", "openai")
    await pool.drop("ada", "openai")
    assert after.closed == 1


async def test_what_is_being_heard_is_heard_to_its_end() -> None:
    pool, slow = Pool(), Slow()
    held = await pool.put("ada", "openai", 1, patient(slow))
    stream = held.stream_completion(prompt())
    await anext(stream)
    await pool.drop("ada", "openai")
    assert slow.closed == 0
    slow.goes_on.set()
    assert [said async for said in stream] == [DONE]
    assert slow.closed == 1


async def test_of_too_many_the_longest_unused_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pool, "MOST", 2)
    pool, slow = Pool(), [Slow() for _ in range(4)]
    await pool.put(EVERYBODY, "openai", 1, patient(slow[0]))
    for name, each in zip(("ada", "bob", "cyd"), slow[1:], strict=True):
        await pool.put(name, "openai", 1, patient(each))
        pool.get("ada", "openai", 1)
    assert [each.closed for each in slow] == [0, 0, 1, 0]


async def test_what_is_unused_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, slow = Pool(), [Slow() for _ in range(3)]
    await pool.put(EVERYBODY, "openai", 1, patient(slow[0]))
    await pool.put("ada", "openai", 1, patient(slow[1]))
    monkeypatch.setattr(_pool, "UNUSED_FOR", -1.0)
    await pool.put(EVERYBODY, "gemini", 1, patient(slow[2]))
    assert [each.closed for each in slow] == [0, 1, 0]


async def test_at_the_end_all_are_closed() -> None:
    pool, slow = Pool(), [Slow(), Slow()]
    for name, each in zip((EVERYBODY, "ada"), slow, strict=True):
        await pool.put(name, "openai", 1, patient(each))
    await pool.close()
    assert [each.closed for each in slow] == [1, 1]
    assert pool.get("ada", "openai", 1) is None
