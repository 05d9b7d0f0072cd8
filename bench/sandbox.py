"""What it costs to run `true` for a session, beside a bare process and a bare Python. Run by hand: `make sandbox-bench`."""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from agent.tooling.sandbox import Backend, Confinement, close, run
from agent.tooling.sandbox.choosing import chooser
from agent.tooling.spawning import PYTHON, spawn

ROUNDS = int(os.environ.get("ROUNDS", "40"))


async def bare(argv: list[str]) -> None:
    program = await spawn(argv)
    await program.communicate()


def confined(workspace: Path, backend: Backend) -> Callable[[], Awaitable[object]]:
    confinement = Confinement(workspace=workspace, is_bypassed=backend == "bypassed")
    return lambda: run("true", confinement, backend=backend)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        works: dict[str, Callable[[], Awaitable[object]]] = {
            "true": lambda: bare(["/bin/true"]),
            "python": lambda: bare([*PYTHON, "-c", ""]),
            "bypassed": confined(Path(folder), "bypassed"),
            "landlock": confined(Path(folder), "landlock"),
            "bubblewrap": confined(Path(folder), "bubblewrap"),
        }
        began = time.perf_counter()
        found = await chooser.choice()
        print(
            f"probe: {time.perf_counter() - began:.2f} s, once; chosen: {found.backend}; load {os.getloadavg()[0]:.1f}"
        )
        took: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(ROUNDS):  # side by side, so that all meet the same neighbours
            for name, work in works.items():
                began = time.perf_counter()
                await work()
                took[name].append((time.perf_counter() - began) * 1000)
        await close()
    print(f"{'':12}{'median':>9}{'90 %':>9}{'x python':>10}   ms, {ROUNDS} rounds")
    python = statistics.median(took["python"])
    for name, times in took.items():
        median = statistics.median(times)
        print(f"{name:12}{median:9.1f}{statistics.quantiles(times, n=10)[-1]:9.1f}{median / python:10.2f}")


asyncio.run(main())
