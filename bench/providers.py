"""What our side of a provider costs beside its bare SDK: each event, the first token, the start, a cancel.

Run by hand: `make provider-bench`. It prints tables for bench/README.md, within a minute and a half. The provider is a
server of our own in a process of its own, on loopback; the SDK, its client and its connections are the same for
both sides, which take turns.
"""

# ruff: noqa: SLF001 - the bare SDK is to use the very client that ours uses

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import uvloop

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from peer import MODELS, served  # noqa: E402

from agent import providers, tooling  # noqa: E402
from agent.core.events import Delta  # noqa: E402
from agent.core.guests import guest  # noqa: E402
from agent.core.identity import Session  # noqa: E402
from agent.core.messages import Message, Text, ToolCall, ToolResult  # noqa: E402
from agent.core.provider import Request  # noqa: E402
from agent.providers._asking import Patient  # noqa: E402
from agent.providers._dialects import PLAIN  # noqa: E402
from agent.providers._wires import (  # noqa: E402
    anthropic_request,
    chat_request,
    gemini_request,
    responses_request,
)
from agent.sessions.stream.bus import bus  # noqa: E402
from agent.sessions.stream.speech import Speech  # noqa: E402
from agent.sessions.turns import steps  # noqa: E402
from agent.sessions.turns.context import Context  # noqa: E402
from agent.sessions.turns.prompting import system_prompt  # noqa: E402

EVENTS = 1000
TURNS = (1, 10, 100)
"""Of a history, four messages each."""
KINDS = ("text", "arguments", "thinking")
SDKS = ("anthropic", "openai", "google.genai", "httpx2", "genai_prices")
STARTS = {"python -c pass": "pass", "import agent.providers": "import agent.providers"}

# The two sides.

USER = guest("g")


def session(wire: str) -> Session:
    now = datetime.now(UTC)
    place = {"mode": "edit", "workspace": "/tmp", "last_seq": 0, "created_at": now, "updated_at": now}  # noqa: S108
    model = f"{wire}:{MODELS[wire]}"
    return Session.model_validate({"id": wire, "user_id": USER.id, "name": "B", "model": model, **place})


def history(says: str, turns: int = 0) -> tuple[Message, ...]:
    """Turns with a tool each, and then a prompt that says what to stream."""
    past: list[Message] = []
    for number in range(turns):
        call = ToolCall(id=f"call_{number}", name="read_file", arguments={"path": f"src/{number}.py"})
        result = ToolResult(call_id=call.id, outcome="ok", text="A line of a file.\n" * 40)
        past += [
            Message(role="user", parts=(Text(text="What does the next one do?"),)),
            Message(role="assistant", parts=(Text(text="Let me look."), call)),
            Message(role="user", parts=(result,)),
            Message(role="assistant", parts=(Text(text="It says the same line many times. " * 10),)),
        ]
    return (*past, Message(role="user", parts=(Text(text=f"bench {says}"),)))


@dataclass
class Side:
    """One wire from both sides: ours as the product has it, and the SDK that is under it."""

    wire: str
    patient: Patient
    client: Any = None

    def request(self, says: str, turns: int = 0) -> Request:
        found = session(self.wire)
        tools, system = tooling.definitions(USER, found), system_prompt(found)
        messages = history(says, turns)
        return Request(
            model=MODELS[self.wire], system=system, messages=messages, tools=tools, cache_key=found.id
        )

    def asked(self, request: Request) -> Any:
        match self.wire:
            case "anthropic":
                return anthropic_request.payload(request, None)
            case "openai":
                return responses_request.payload(request)
            case "compatible":
                return chat_request.payload(request, PLAIN)
            case _:
                return gemini_request.payload(request, in_pieces=False)

    @asynccontextmanager
    async def bare(self, asked: Any) -> AsyncIterator[AsyncIterator[Any]]:
        """The SDK's own stream of events."""
        match self.wire:
            case "anthropic":
                stream = await self.client.messages.create(**asked, stream=True)
            case "openai":
                stream = await self.client.responses.create(**asked, stream=True)
            case "compatible":
                stream = await self.client.chat.completions.create(**asked, stream=True)
            case _:
                stream = aclosing(await self.client.aio.models.generate_content_stream(**asked))
        async with stream as events:
            yield events

    def ways(self, says: str, turns: int = 0) -> dict[str, Callable[[], Any]]:
        """A stream of events by each way; the SDK is given its payload ready made."""
        request = self.request(says, turns)
        asked = self.asked(request)
        return {
            "SDK": lambda: self.bare(asked),
            "adapter": lambda: aclosing(self.patient._provider.stream_completion(request)),
            "Patient": lambda: aclosing(self.patient.stream_completion(request)),
        }


def is_said(event: Any) -> bool:
    """Whether a person would see something of an event, be it ours or an SDK's."""
    if isinstance(event, Delta):
        return True
    if choices := getattr(event, "choices", None):
        return bool(choices[0].delta.content)
    kind = getattr(event, "type", None) or ""
    return kind == "content_block_delta" or kind.endswith(".delta") or bool(getattr(event, "candidates", ()))


# What is measured.


async def drained(way: Callable[[], Any]) -> None:
    async with way() as events:
        async for _ in events:
            pass


async def step(side: Side, says: str) -> None:
    """As a turn does it: numbered, told to one follower."""
    found = session(side.wire)
    follower = await bus.subscribe(found.id)
    speech = Speech(found.id, "t", 1)
    said = await steps.ask_model(USER, found, history(says), speech, print, Context(USER))
    assert said.message.parts
    assert len(follower.take()) >= EVENTS
    await bus.leave(follower)


async def measured(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU and wall in ms."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    await work()
    return 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)


def interleaved(keys: list[str], number: int) -> list[str]:
    """The same ones, beginning with another each round, so that no place is anybody's."""
    at = number % len(keys)
    return keys[at:] + keys[:at]


async def event_costs(sides: list[Side], rounds: int) -> None:
    taken: dict[tuple[str, str], dict[str, list[tuple[float, float]]]] = {}
    for number, kind, side in product(range(rounds), KINDS, sides):
        says = f"{kind} {EVENTS}"
        works = {way: partial(drained, opened) for way, opened in side.ways(says).items()}
        works["step"] = partial(step, side, says)
        costs = taken.setdefault((side.wire, kind), {way: [] for way in works})
        for way in interleaved([*works], number):
            costs[way].append(await measured(works[way]))
    print(f"\n| {EVENTS} events, CPU ms, least of {rounds} | SDK | adapter | Patient | turn's step |")
    print("|---|---|---|---|---|")
    for place, costs in taken.items():
        least = (f"{min(cost[0] for cost in pairs):.0f}" for pairs in costs.values())
        print(f"| {', '.join(place)} | {' | '.join(least)} |")
    print("\n| over the SDK just beside it, ms and ratio, median | adapter | Patient | turn's step |")
    print("|---|---|---|---|")
    for side, (at, what) in product(sides, enumerate(("CPU", "wall"))):
        own = [costs for (wire, _), costs in taken.items() if wire == side.wire]
        bare, *ours = ([cost[at] for costs in own for cost in costs[way]] for way in own[0])
        told = (more(bare, others) for others in ours)
        print(f"| {side.wire}, {what} | {' | '.join(told)} |")


def more(bare: list[float], ours: list[float]) -> str:
    pairs = [*zip(bare, ours, strict=True)]
    ratio = statistics.median(our / sdk for sdk, our in pairs)
    return f"{statistics.median(our - sdk for sdk, our in pairs):+.0f}, x{ratio:.2f}"


async def first(way: Callable[[], Any]) -> float:
    """Milliseconds from the call to the first word."""
    heard = 0.0
    began = time.perf_counter()
    async with way() as events:
        async for event in events:
            if not heard and is_said(event):
                heard = time.perf_counter()
    return 1000 * (heard - began)


async def first_tokens(sides: list[Side], requests: int) -> None:
    print(f"\n| first word, ms, p50 / p95 of {requests} | SDK | Patient | difference of pairs, p50 / p95 |")
    print("|---|---|---|---|")
    for side in sides:
        ways = side.ways("text 20")
        taken: dict[str, list[float]] = {"SDK": [], "Patient": []}
        for number in range(-5, requests):
            for way in interleaved([*taken], number):
                took = await first(ways[way])
                if number >= 0:
                    taken[way].append(took)
        above = [ours - bare for bare, ours in zip(taken["SDK"], taken["Patient"], strict=True)]
        print(f"| {side.wire} | {' | '.join(map(spread, (*taken.values(), above)))} |")


async def request_costs(sides: list[Side], times: int) -> None:
    """What a request costs, nearly all of it before it is sent, while the loop stands still for everybody."""
    heads = " | ".join(f"after {turns}: SDK | ours" for turns in TURNS)
    print(f"\n| a request after that many turns, CPU ms, least of {times} | {heads} |")
    print("|---" * (1 + 2 * len(TURNS)) + "|")
    for side in sides:
        told: list[str] = []
        for turns in TURNS:
            ways = side.ways("text 1", turns)
            taken = [
                [(await measured(partial(drained, ways[way])))[0] for way in ("SDK", "Patient")]
                for _ in range(times)
            ]
            told += [f"{min(costs):.1f}" for costs in zip(*taken, strict=True)]
        print(f"| {side.wire} | {' | '.join(told)} |")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} / {statistics.quantiles(values, n=20)[-1]:.1f}"


async def cancels(sides: list[Side], url: str, times: int) -> None:
    print(f"\n| cancel to connection closed at the server, ms, p50 / most of {times} | SDK | Patient |")
    print("|---|---|---|")
    for side in sides:
        ways = side.ways("hang 3")
        taken: dict[str, list[float]] = {"SDK": [], "Patient": []}
        for number in range(times):
            for way in interleaved([*taken], number):
                taken[way].append(await cancelled(ways[way], f"{url}/closed"))
        told = (f"{statistics.median(one):.1f} / {max(one):.1f}" for one in taken.values())
        print(f"| {side.wire} | {' | '.join(told)} |")


async def cancelled(way: Callable[[], Any], closed: str) -> float:
    heard = asyncio.Event()

    async def listen() -> None:
        async with way() as events:
            async for event in events:
                if is_said(event):
                    heard.set()

    task = asyncio.create_task(listen())
    await heard.wait()
    await asyncio.sleep(0.005)  # it waits for more by now
    began = time.monotonic()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    answer = await asyncio.to_thread(urlopen, closed)
    return 1000 * (json.load(answer)["at"] - began)


async def first_use(wires: Iterable[str]) -> list[Side]:
    """The first request of each in this process, with the longest time that the loop stood still for it."""
    print("\n| first request of a process, ms | in all | longest that the loop stood still |\n|---|---|---|")
    sides: list[Side] = []
    for wire in wires:
        gaps: list[float] = []
        watching = asyncio.create_task(watch(gaps))
        await asyncio.sleep(0.05)
        began = time.perf_counter()
        side = Side(wire, await providers.provider(USER, session(wire).model))
        await drained(side.ways("text 20")["Patient"])
        took = 1000 * (time.perf_counter() - began)
        await asyncio.sleep(0.01)
        watching.cancel()
        print(f"| {wire} | {took:.0f} | {1000 * max(gaps):.0f} |")
        assert await side.patient.models()
        side.client = await side.patient._provider._open()  # type: ignore[attr-defined]
        sides.append(side)
    return sides


async def watch(gaps: list[float]) -> None:
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - began - 0.001)


def starts(times: int) -> None:
    taken: dict[str, list[float]] = {name: [] for name in STARTS}
    for number in range(times):
        for name in interleaved([*STARTS], number):
            began = time.perf_counter()
            python(STARTS[name])
            taken[name].append(1000 * (time.perf_counter() - began))
    print(f"\n| a fresh process, ms, of {times} | least | median | over pass |\n|---|---|---|---|")
    bare = statistics.median(taken["python -c pass"])
    for name, took in taken.items():
        middle = statistics.median(took)
        print(f"| {name} | {min(took):.0f} | {middle:.0f} | {middle - bare:.0f} |")
    for name in ("agent.providers", "app.server"):
        code = f"import sys, {name}; print(*[one for one in {SDKS} if one in sys.modules])"
        print(f"\n{name} loads of {', '.join(SDKS)}: {python(code).strip() or 'none'}")


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True, text=True
    ).stdout


async def measure(url: str, chosen: argparse.Namespace) -> None:
    sides = await first_use(MODELS)
    gc.collect()
    gc.freeze()  # as the server does
    await event_costs(sides, chosen.rounds)
    await first_tokens(sides, chosen.requests)
    await request_costs(sides, chosen.rounds)
    await cancels(sides, url, chosen.cancels)
    await providers.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--cancels", type=int, default=30)
    parser.add_argument("--starts", type=int, default=10)
    chosen = parser.parse_args()
    began = time.monotonic()
    print(f"load average {os.getloadavg()[0]:.1f} before")
    starts(chosen.starts)
    keys = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "OPENAI_COMPATIBLE_API_KEY", "GEMINI_API_KEY")
    with tempfile.TemporaryDirectory() as folder, served() as url:
        os.environ.update(dict.fromkeys(keys, "sk-of-the-bench"), MAESTRO_DATA_DIR=folder)
        os.environ.update(ANTHROPIC_BASE_URL=f"{url}/anthropic", OPENAI_BASE_URL=f"{url}/openai/v1")
        os.environ.update(GOOGLE_GEMINI_BASE_URL=f"{url}/gemini")
        os.environ.update(OPENAI_COMPATIBLE_BASE_URL=f"{url}/compatible/v1")
        os.chdir(folder)
        sys.setswitchinterval(0.0005)  # as the server does
        uvloop.run(measure(url, chosen))
    print(f"\nload average {os.getloadavg()[0]:.1f} after, {time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()
