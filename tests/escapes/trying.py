"""Making an attempt: confined by a backend, or raw, as the same person with nothing in between."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from uuid import uuid4

from agent.tooling import sandbox
from tests.escapes.attempts import Attempt
from tests.escapes.field import Field
from tests.escapes.inside import REPORT

CONFINED = ("bubblewrap", "landlock")
RAW = "raw"
PATIENCE = 20.0
PYTHON = (os.path.realpath(sys.executable), "-I", "-S", "-B")


@dataclass(frozen=True)
class Tried:
    """What came of it."""

    output: str
    reason: str
    changes: tuple[str, ...]
    secret: str

    @property
    def reports(self) -> list[dict[str, object]]:
        lines = [line for line in self.output.splitlines() if line.startswith(REPORT)]
        return [json.loads(line.removeprefix(REPORT)) for line in lines]

    @property
    def escape(self) -> str:
        """How it got through; empty when it did not."""
        if self.changes:
            return "; ".join(self.changes)
        if self.secret in self.output:
            return "it has the secret"
        return "it says so" if any(report["loot"] is True for report in self.reports) else ""

    @property
    def is_broken(self) -> bool:
        """Whether it came to no end of its own: its refusal would prove nothing."""
        return not self.reports and self.reason == "exit"


async def tried(attempt: Attempt, field: Field, backend: str) -> Tried:
    """Make an attempt in a field, and look at the field afterwards."""
    program = str(field.workspace / ".attempts/tests/escapes/inside.py")
    command = [*PYTHON, program, attempt.theme, attempt.name, json.dumps(asdict(field.places))]
    run = raw if backend == RAW else confined
    async with visiting(field) if attempt.is_visited else nullcontext():
        output, reason = await run(command, field, backend, attempt.limits)
    changes = tuple(await asyncio.to_thread(field.changes))
    return Tried(output, reason, changes, field.secret)


async def confined(
    command: list[str], field: Field, backend: str, limits: Mapping[str, float]
) -> tuple[str, str]:
    """Run it as the shell tool does."""
    confinement = sandbox.Confinement(
        workspace=field.workspace,
        limits=sandbox.Limits.model_validate({"wall": PATIENCE, **limits}),
        session_id=uuid4().hex,
    )
    output, ending = await sandbox.run(command, confinement, backend=backend)
    return output.decode(errors="replace") + ending.complaint, ending.reason


async def raw(command: list[str], field: Field, _backend: str, _limits: object) -> tuple[str, str]:
    """Run it as a careless app would: its environment, its descriptors, its input, and no end to it."""
    start, end = os.pipe()
    os.write(end, field.secret.encode())
    os.set_inheritable(field.places.inherited, True)  # noqa: FBT003
    program = await asyncio.create_subprocess_exec(
        *command,
        cwd=field.workspace,
        env=field.environment(),
        stdin=start,
        stdout=PIPE,
        stderr=STDOUT,
        close_fds=False,
    )
    try:
        output, _ = await asyncio.wait_for(program.communicate(), PATIENCE)
    finally:
        os.close(start)
        os.close(end)
    return output.decode(errors="replace"), "exit"


@asynccontextmanager
async def visiting(field: Field) -> AsyncIterator[None]:
    """Somebody outside calls whoever listens, and brings the secret."""
    visitor = asyncio.create_task(_visit(field))
    try:
        yield
    finally:
        visitor.cancel()
        with suppress(asyncio.CancelledError):
            await visitor


async def _visit(field: Field) -> None:
    told = field.workspace / "port"
    while True:
        port = int(told.read_text() or 0) if told.exists() else field.places.free
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(field.secret.encode())
            writer.close()
        await asyncio.sleep(0.02)
