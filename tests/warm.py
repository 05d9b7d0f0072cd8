"""A program that has imported what Maestro imports, and becomes Maestro as often as it is asked.

Each program it becomes is a process of its own, from the first line of its main module on; what is saved is
the time of importing libraries. Orders come on its standard input, a socket; it ends with who holds the other
side.
"""

import importlib
import json
import os
import random
import runpy
import selectors
import socket
import sys
from typing import Any

IMPORTS = (
    "app.server",
    "app.words",
    "agent.logs",
    "alembic.command",
    "alembic.config",
    "dbos",
    "psycopg",
    "redis.asyncio",
    "typer",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)
"""What every server imports before Reflex, which reads its settings when it is imported."""
LONGEST = 1_000_000
"""Bytes of an order."""


def main() -> None:
    """Wait for orders; goes on as the program that was ordered."""
    for name in IMPORTS:
        importlib.import_module(name)
    ordered = Orders().next()
    if ordered is not None:
        become(**ordered)


class Orders:
    """What comes in, and the programs that were made of it."""

    def __init__(self) -> None:
        self.asking = socket.socket(fileno=os.dup(0))
        self.waiting = selectors.DefaultSelector()
        self.waiting.register(self.asking, selectors.EVENT_READ)

    def next(self) -> dict[str, Any] | None:
        """Make a program of each order. Returns in the program, and at the end, with nothing."""
        while True:
            for found, _ in self.waiting.select():
                if found.data:
                    self._ended(found.fileobj, *found.data)
                    continue
                order, passed, _, _ = socket.recv_fds(self.asking, LONGEST, 3)
                if not order:
                    return None
                answers = socket.socket(fileno=passed.pop())
                if (pid := os.fork()) == 0:
                    self._forget(answers)
                    return {**json.loads(order), "out": passed[0], "errors": passed[1]}
                for file in passed:
                    os.close(file)
                answers.send(str(pid).encode())
                self.waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, answers))

    def _ended(self, pidfd: Any, pid: int, answers: socket.socket) -> None:
        """Tell how a program has ended."""
        self.waiting.unregister(pidfd)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with answers:
            try:
                answers.send(str(code).encode())
            except OSError:
                return  # nobody wants to know

    def _forget(self, answers: socket.socket) -> None:
        """Close in a program what is not its own."""
        for found in [*self.waiting.get_map().values()]:
            if found.data:
                os.close(found.fd)
                found.data[1].close()
        self.waiting.close()
        self.asking.close()
        answers.close()


def become(
    *, program: str, arguments: list[str], folder: str, variables: dict[str, str], out: int, errors: int
) -> None:
    """Be a program, as `python -m` would begin it."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for own, number in ((nothing, 0), (out, 1), (errors, 2)):
        os.dup2(own, number)
        os.close(own)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    random.seed()
    sys.path[0] = folder
    sys.argv = [program, *arguments]
    runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
