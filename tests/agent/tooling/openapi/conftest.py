"""A description of every kind of thing, and servers that answer to it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent.tooling.openapi.describing import describe
from agent.tooling.openapi.description import Description, Operation
from agent.tooling.openapi.reading import read
from agent.tooling.web.fetching import Web
from agent.tooling.web.guard import Guard

EVERYTHING = Path(__file__).with_name("everything.yaml")


@pytest.fixture(scope="session")
def everything() -> Description:
    return describe(read(EVERYTHING.read_text("utf-8")))


Describe = Callable[..., Operation]


@pytest.fixture
def operation() -> Describe:
    """Makes an operation of what a document says of it."""

    def make(path: str = "/a", method: str = "get", version: str = "3.0.3", **said: Any) -> Operation:
        return describe({"openapi": version, "paths": {path: {method: said}}}).operations[0]

    return make


class Echo(ThreadingHTTPServer):
    """Answers with what it was asked, or as its `answers` say by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def web(self) -> Web:
        """A way that leads here and to no other private address."""
        return Web(Guard(allowed=frozenset({("127.0.0.1", self.port)})))


class _Answering(BaseHTTPRequestHandler):
    server: Echo

    def _answer(self) -> None:
        size = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(size).decode("latin-1")
        asked = {"method": self.command, "target": self.path, "headers": headers, "body": body}
        self.server.asked.append(asked)
        default = 200, {"content-type": "application/json"}, json.dumps(asked).encode()
        status, answered, content = self.server.answers.get(self.path.partition("?")[0], default)
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **answered}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def echoing() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def echo() -> Iterator[Echo]:
    with echoing() as server:
        yield server
