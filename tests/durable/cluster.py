"""Programs of one Maestro, each a process of its own, to be killed and frozen by name."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from agent.config import Settings
from tests.durable.effects import FILE, Effects
from tests.forking import begun
from tests.servers import NO_TLS

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 20.0
READY = ("Maestro is at", "Maestro works")


@dataclass
class Program:
    """A running program."""

    name: str
    running: subprocess.Popen[str]
    port: int

    @property
    def role(self) -> str:
        return self.name.rstrip("0123456789")

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def wait(self, log: Path) -> None:
        """Wait until it is ready."""
        assert self.running.stdout
        greeting = self.running.stdout.readline()
        assert greeting.startswith(READY), log.read_text()[-4000:]
        if self.role != "worker":
            httpx2.get(
                f"http://127.0.0.1:{self.port}/healthz", timeout=PATIENCE, verify=NO_TLS
            ).raise_for_status()


class Cluster:
    """Programs over one data folder and one database; a name without its number is the role."""

    def __init__(self, data: Path, database_url: str = "", **settings: str) -> None:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.data = data
        self.database = database_url or f"sqlite:///{data / 'app.db'}"
        self.effects = Effects(data / "effects")
        self.settings = {**settings, **({"DATABASE_URL": database_url} if database_url else {})}
        self.programs: dict[str, Program] = {}

    def start(self, *names: str) -> None:
        """Start programs side by side; returns when all are ready."""
        started = [self._spawned(name) for name in names]
        try:
            for program in started:
                program.wait(self.data / "log")
        except BaseException:
            for program in started:
                _end(program.running)
            raise
        self.programs.update({program.name: program for program in started})

    def complete(self, *names: str) -> None:
        """Start those that do not run, whatever ended them."""
        for name, program in [*self.programs.items()]:
            if program.running.poll() is not None:
                self.kill(name)
        self.start(*(name for name in names if name not in self.programs))

    def kill(self, name: str) -> None:
        """End a program as a power cut would."""
        _end(self.programs.pop(name).running)

    def freeze(self, name: str) -> None:
        self.programs[name].running.send_signal(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.programs[name].running.send_signal(signal.SIGCONT)

    async def gone(self, name: str) -> int:
        """Wait until a program has ended by itself; gives its exit code."""
        program = self.programs.pop(name)
        code = await asyncio.to_thread(program.running.wait, PATIENCE)
        _end(program.running)
        return code

    def stop(self) -> None:
        """End whatever runs."""
        for name in [*self.programs]:
            self.kill(name)

    def owner(self, pid: int) -> str:
        """The name of the program with this process id."""
        return next(name for name, program in self.programs.items() if program.running.pid == pid)

    def _spawned(self, name: str) -> Program:
        known = {field.upper() for field in Settings.model_fields}
        outside = {key: value for key, value in os.environ.items() if key.upper() not in known}
        port, role = _port(), name.rstrip("0123456789")
        environment = {
            **outside,
            "PYTHONPATH": str(ROOT),
            "MAESTRO_DATA_DIR": str(self.data),
            "MAESTRO_PORT": str(port),
            "MAESTRO_ROLE": role,
            FILE: str(self.effects.path),
            **self.settings,
        }
        with (self.data / "log").open("a") as log:
            running = begun("tests.durable.program", ("serve",), self.data, environment, log)
        return Program(name, running, port)

    @property
    def servers(self) -> list[Program]:
        """The programs that serve a port."""
        return [program for program in self.programs.values() if program.role != "worker"]


def _port() -> int:
    """A port that no outgoing connection takes while the program starts: systems give those higher ones."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _end(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait()
    assert running.stdout
    running.stdout.close()
