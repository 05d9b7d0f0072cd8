"""What durable turns cost, on both databases: the start, a prompt, a step, an idle minute, a thousand waiting approvals.

Run by hand: `make turns`. It prints a table for bench/README.md.
"""

import argparse
import asyncio
import ctypes
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from agent import providers, sessions  # noqa: E402
from agent.config import settings  # noqa: E402
from agent.core.commands import Answer, Prompt  # noqa: E402
from agent.core.events import ApprovalRequested, Noticed, StepFinished, TurnFinished  # noqa: E402
from agent.core.messages import Message, Text, ToolCall  # noqa: E402
from agent.core.provider import Credential, ModelEntry, Provider, Request  # noqa: E402
from agent.running import migrate, running  # noqa: E402
from agent.sessions.turns import turn  # noqa: E402
from tests.servers import new_database, postgres_programs, postgres_server  # noqa: E402

STEPS = 10
TURNS = 40


class Quick(Provider):
    """A model that answers at once: after as many calls of a tool as its name says."""

    NAME = name = "quick"
    SETTING, KNOWN, ALIASES = "", (), {}

    def __init__(self) -> None:
        self.asked: list[float] = []

    def credential(self, _settings):
        return Credential(auth_type="none")

    def connect(self, _credential):
        return self

    def describe(self, name):
        return ModelEntry(id=f"{self.NAME}:{name}", name=name)

    async def stream_completion(self, request: Request) -> AsyncGenerator[StepFinished, None]:
        self.asked.append(time.perf_counter())
        wanted = int(request.model.partition("-")[2] or 0)
        done = len(request.messages) // 2
        if request.model.startswith("write"):
            call = ToolCall(id="w", name="write_file", arguments={"path": "a.txt", "content": "a"})
        else:
            call = ToolCall(id=f"c{done}", name="list_directory", arguments={"path": "."})
        if done < wanted:
            yield StepFinished(message=Message(role="assistant", parts=(call,)), stop="tool_use")
        else:
            yield StepFinished(message=Message(role="assistant", parts=(Text(text="Done"),)), stop="end_turn")


async def until(following: sessions.Following, kind: type, code: str = "") -> float:
    async for _, event in following:
        if isinstance(event, kind) and getattr(event, "code", code) == code:
            return time.perf_counter()
    raise AssertionError


async def one_turn(owner, quick: Quick, model: str) -> tuple[float, float]:
    """Seconds from the prompt to the request at the model, and to the turn's end."""
    session = await sessions.create(owner, model=f"quick:{model}")
    await sessions.prepare(owner, session.id)
    quick.asked.clear()
    async with await sessions.follow(owner, session.id) as following:
        began = time.perf_counter()
        await sessions.submit(owner, session.id, Prompt(parts=(Text(text="Go"),)))
        ended = await until(following, TurnFinished)
    return quick.asked[0] - began, ended - began


def memory() -> float:
    """Resident MB of this process, without what it has freed and its allocator still holds."""
    gc.collect()
    with suppress(OSError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


async def cpu_share(seconds: float) -> float:
    began = time.process_time()
    await asyncio.sleep(seconds)
    return 100 * (time.process_time() - began) / seconds


async def measure(waiting: int) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    quick = Quick()
    providers.plug_ins()["quick"] = quick
    await asyncio.to_thread(migrate, settings())
    began = time.perf_counter()
    async with running(settings()) as owner:
        rows.append(("open the agent, imports included, s", f"{time.perf_counter() - began:.2f}"))
        for _ in range(5):
            await one_turn(owner, quick, "answer")
        answers = [await one_turn(owner, quick, "answer") for _ in range(TURNS)]
        works = [await one_turn(owner, quick, f"work-{STEPS}") for _ in range(TURNS // 4)]
        requests = sorted(asked for asked, _ in answers)
        rows.append(("prompt to request at the model, p50 / p95, ms", f"{spread(requests)}"))
        rows.append(("turn of one answer, p50, ms", f"{1000 * statistics.median(e for _, e in answers):.0f}"))
        per_step = (statistics.median(e for _, e in works) - statistics.median(e for _, e in answers)) / STEPS
        rows.append(
            ("one more step with its tool: two recorded steps, three events, ms", f"{1000 * per_step:.1f}")
        )
        await asyncio.sleep(3)
        rows.append(("idle CPU of the agent alone, %", f"{await cpu_share(10):.1f}"))
        before = memory()
        parked = [await ask(owner) for _ in range(waiting)]
        await asyncio.gather(*(is_parked(owner, session) for session in parked))
        await asyncio.sleep(5)
        rows.append((f"{waiting} parked approvals: memory, MB", f"{memory() - before:+.0f}"))
        rows.append((f"{waiting} parked approvals: idle CPU, %", f"{await cpu_share(10):.1f}"))
        requests = [await one_turn(owner, quick, "answer") for _ in range(TURNS)]
        rows.append(
            (f"{waiting} parked: prompt to request, p50 / p95, ms", spread(sorted(a for a, _ in requests)))
        )
    began = time.perf_counter()
    async with running(settings()) as owner:
        rows.append((f"{waiting} parked: open again, s", f"{time.perf_counter() - began:.2f}"))
        began = time.perf_counter()
        async with await sessions.follow(owner, parked[0].id) as following:
            async for _, event in following:
                if isinstance(event, ApprovalRequested):
                    yes = Answer(approval_id=event.approval_id, answer="allow_once")
                    await sessions.submit(owner, parked[0].id, yes)
                if isinstance(event, TurnFinished):
                    break
        rows.append(
            ("answer to a parked one, to its turn's end, ms", f"{1000 * (time.perf_counter() - began):.0f}")
        )
    return rows


def spread(seconds: list[float]) -> str:
    return f"{1000 * statistics.median(seconds):.1f} / {1000 * seconds[int(len(seconds) * 0.95)]:.1f}"


async def ask(owner):
    """A session whose turn waits for a person."""
    session = await sessions.create(owner, model="quick:write-1")
    await sessions.submit(owner, session.id, Prompt(parts=(Text(text="Write"),)))
    return session


async def is_parked(owner, session) -> None:
    async with await sessions.follow(owner, session.id) as following:
        await until(following, Noticed, "parked")


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'app.db'}"
        return
    with ExitStack() as stack:
        programs = postgres_programs()
        assert programs, "PostgreSQL is not installed"
        yield new_database(stack.enter_context(postgres_server(programs)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--kind", choices=["sqlite", "postgresql"], help="one database alone, in this process"
    )
    parser.add_argument("--waiting", type=int, default=1000)
    chosen = parser.parse_args()
    if not chosen.kind:
        for kind in ("sqlite", "postgresql"):
            command = [sys.executable, __file__, "--kind", kind, "--waiting", str(chosen.waiting)]
            subprocess.run(command, check=True)
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, database(chosen.kind, Path(folder)) as url:
        os.environ.update(DATABASE_URL=url, MAESTRO_DATA_DIR=str(Path(folder) / "data"))
        os.chdir(folder)
        turn.PARK_AFTER = 1.0
        sys.setswitchinterval(0.0005)  # as the server does
        rows = asyncio.run(measure(chosen.waiting))
    print(f"\n{chosen.kind}, load average {load:.1f} before\n")
    for what, value in rows:
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
