"""The real server as a program of its own, and what a client needs to speak to it."""

import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx2

from agent.accounts.tokens import hashed, new_token
from tests.forking import begun, executed
from tests.servers import NO_TLS, free_port

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 20.0
VISIT = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
"""What a browser says of a visit that a person begins."""
ORIGINS = (
    "https://evil.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1:{port}.evil.example",
    "http://evil@127.0.0.1:{port}",
    "file://",
    "",
)
"""Where pages of others come from, some of which look like ours."""


@dataclass
class Server:
    """A running server."""

    running: subprocess.Popen[str]
    port: int
    data: Path
    log: Path
    greeting: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.data / "api-token").read_text().strip()

    def stranger(self) -> httpx2.Client:
        """A client nobody knows."""
        return httpx2.Client(base_url=self.url, timeout=PATIENCE, verify=NO_TLS)

    def client(self) -> httpx2.Client:
        """A client with the owner's token, at the API."""
        bearer = {"authorization": f"Bearer {self.token}"}
        url = f"{self.url}/api/v1/"
        return httpx2.Client(base_url=url, headers=bearer, timeout=PATIENCE, verify=NO_TLS)

    def cookie(self) -> str:
        """The cookie that a browser's first visit gets."""
        with self.stranger() as browser:
            browser.get("/", headers=VISIT).raise_for_status()
            [(name, value)] = browser.cookies.items()
            return f"{name}={value}"

    def sign_out(self, cookie: str) -> None:
        """Take a cookie's right away, as an administrator would in the database."""
        token = hashed(cookie.partition("=")[2])
        with self.database() as database:
            database.execute("DELETE FROM login_sessions WHERE token_hash = ?", [token])

    def neighbour(self) -> tuple[str, str]:
        """Make another person with a session; gives their token and the session's id."""
        user, token = uuid4().hex, new_token("mst")
        with self.database() as database:
            database.execute(
                "INSERT INTO users (id, email, name, provider, provider_uid, is_admin, created_at)"
                " SELECT ?, ?, 'Neighbour', 'test', ?, 0, created_at FROM users LIMIT 1",
                [user, user, user],
            )
            database.execute(
                "INSERT INTO api_tokens (id, user_id, name, token_hash, created_at)"
                " SELECT ?, ?, 'test', ?, created_at FROM users LIMIT 1",
                [uuid4().hex, user, hashed(token)],
            )
        with self.client() as theirs:
            theirs.headers["authorization"] = f"Bearer {token}"
            return token, theirs.post("sessions", json={"name": "Private"}).json()["id"]

    def stored(self, session: str) -> tuple[object, ...]:
        """What the database holds of a session, whoever owns it."""
        columns = "name, model, mode, workspace, last_seq, deleted_at"
        with self.database() as database:
            found = database.execute(f"SELECT {columns} FROM sessions WHERE id = ?", [UUID(session).hex])  # noqa: S608
            return found.fetchone()

    @contextmanager
    def database(self) -> Iterator[sqlite3.Connection]:
        """The server's database, written from outside."""
        with closing(sqlite3.connect(self.data / "app.db", timeout=PATIENCE)) as database, database:
            yield database


def started(
    data: Path,
    arguments: tuple[str, ...] = ("serve",),
    program: str = "app.cli",
    begin: Callable[..., subprocess.Popen[str]] = executed,
    **settings: str,
) -> subprocess.Popen[str]:
    """Start the command, or a program that wraps it, in a folder without an `.env`."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "MAESTRO_DATA_DIR": str(data), **settings}
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "log").open("a") as log:
        return begin(program, arguments, data, environment, log)


@contextmanager
def serving(data: Path, program: str = "app.cli", **settings: str) -> Iterator[Server]:
    """Serve from a data folder until the end of the block."""
    port = int(settings.setdefault("MAESTRO_PORT", str(free_port())))
    with started(data, program=program, begin=begun, **settings) as running:
        try:
            assert running.stdout
            greeting = running.stdout.readline()
            assert greeting, (data / "log").read_text()
            server = Server(running, port, data, data / "log", greeting)
            with server.stranger() as asking:
                asking.get("/healthz").raise_for_status()  # waits: the port is taken before it answers
            yield server
        finally:
            running.terminate()
            running.wait(PATIENCE)
