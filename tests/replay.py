"""Serves recorded provider exchanges over real HTTP on loopback.

A provider's base URL is `Replay.url(recording, **options)`, with these options:
    chunk  bytes of a piece of the body (default: one SSE event a piece)
    delay  milliseconds between the pieces
    cut    bytes after which the connection is dropped
    hang   bytes after which nothing more comes
    flood  how many bytes come in one endless line
    fail   `K:STATUS[:RETRY_AFTER]`, the answer to the first K requests
Exchanges are served in recorded order, matched by method and endpoint; the last match repeats.
"""

import asyncio
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

UNSENT = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
INJECTED = {"type": "error", "error": {"type": "injected", "message": "An injected fault."}}

HOUR = 3600.0
ONE_LINE = b"data: " + 2**16 * b"x"


class CutError(Exception):
    """The connection is dropped on purpose."""


@dataclass
class Recording:
    """The exchanges of one recording, and what was asked of it."""

    exchanges: list[dict[str, Any]]
    requests: list[dict[str, Any]] = field(default_factory=list)
    served: set[int] = field(default_factory=set)
    failed: int = 0
    closed: threading.Event = field(default_factory=threading.Event)
    """Set when a client went away before its answer was whole."""

    def pick(self, method: str, path: str, sent: object) -> dict[str, Any] | None:
        """The next exchange that answers such a request."""
        rows = [row for row in self.exchanges if is_of(row, method, path)]
        if not endpoint(path).endswith("enerateContent"):
            wants_stream = isinstance(sent, dict) and bool(sent.get("stream"))
            rows = [row for row in rows if fits(row, wants_stream=wants_stream)] or rows
        for row in rows:
            if row["n"] not in self.served:
                self.served.add(row["n"])
                return row
        return rows[-1] if rows else None

    def fault(self, option: str) -> Response | None:
        """A failure, for the first requests."""
        count, status, *after = option.split(":")
        if self.failed >= int(count):
            return None
        self.failed += 1
        return JSONResponse(INJECTED, int(status), {"retry-after": after[0]} if after else None)


class Replay:
    """The recordings of some folders, served; every `url` starts its recording anew."""

    def __init__(self, port: int, roots: Iterable[Path]) -> None:
        self._port = port
        self._files = {
            f"{file.parent.name}/{file.stem}": file for root in roots for file in root.glob("*/*.jsonl")
        }
        self._runs: list[tuple[Recording, dict[str, str]]] = []
        self.app = Starlette(routes=[Route("/{run:int}/{rest:path}", self._answer, methods=["GET", "POST"])])

    def url(self, recording: str, **options: str | int) -> str:
        """Where a provider finds this recording."""
        return self.serve(exchanges(self._files[recording]), **options)

    def serve(self, rows: list[dict[str, Any]], **options: str | int) -> str:
        """Where a provider finds these exchanges."""
        self._runs.append((Recording(rows), {key: str(value) for key, value in options.items()}))
        return f"http://127.0.0.1:{self._port}/{len(self._runs) - 1}"

    def replace(self, url: str, rows: list[dict[str, Any]], **options: str | int) -> Recording:
        """Serve other exchanges at an address, so that a connected provider need not be connected anew."""
        recording = Recording(rows)
        self._runs[int(url.rpartition("/")[2])] = (
            recording,
            {key: str(value) for key, value in options.items()},
        )
        return recording

    @property
    def last(self) -> Recording:
        """The latest recording that was given an address."""
        return self._runs[-1][0]

    async def _answer(self, request: Request) -> Response:
        recording, options = self._runs[request.path_params["run"]]
        path, raw = "/" + request.path_params["rest"], await request.body()
        sent = json.loads(raw) if raw else None
        recording.requests.append({"path": path, "headers": dict(request.headers), "body": sent})
        if "fail" in options and (fault := recording.fault(options["fail"])):
            return fault
        row = recording.pick(request.method, path, sent)
        if row is None:
            return JSONResponse({"error": {"message": f"No {request.method} {path} was recorded."}}, 404)
        answer = row["response"]
        body = answer["body"].encode("utf-8", "surrogatepass")
        headers = {key: value for key, value in answer["headers"].items() if key.lower() not in UNSENT}
        if not (answer["stream"] or options):
            return Response(body, answer["status"], headers)
        return StreamingResponse(paced(body, options, recording.closed), answer["status"], headers)


async def paced(body: bytes, options: dict[str, str], closed: threading.Event) -> AsyncIterator[bytes]:
    """The pieces of a body, as the options say."""
    flood = int(options.get("flood", 0))
    left = int(options.get("cut") or options.get("hang") or flood or len(body))
    pause = float(options.get("delay", 0)) / 1000
    try:
        for piece in repeat(ONE_LINE) if flood else pieces(body, int(options.get("chunk", 0))):
            yield piece[:left]
            left -= len(piece)
            if left < 0:
                await asyncio.sleep(HOUR if "hang" in options else 0)
                raise CutError
            await asyncio.sleep(pause)
    except asyncio.CancelledError:
        closed.set()
        raise


def exchanges(file: Path) -> list[dict[str, Any]]:
    """The exchanges of a recording."""
    rows = map(json.loads, file.read_text("utf-8").splitlines())
    return [row for row in rows if row["kind"] == "exchange"]


def endpoint(path: str) -> str:
    """A path's endpoint, free of version prefixes and model names."""
    if re.search(r"/models/[^/:]+$", path):
        return "models/one"
    return path.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]


def is_of(row: dict[str, Any], method: str, path: str) -> bool:
    """Whether an exchange was at this endpoint."""
    asked = row["request"]
    return asked["method"] == method and endpoint(asked["path"]) == endpoint(path)


def fits(row: dict[str, Any], *, wants_stream: bool) -> bool:
    """Whether an exchange streams, or refuses, as is wanted."""
    return row["response"]["stream"] == wants_stream or row["response"]["status"] >= 400


def pieces(body: bytes, size: int) -> list[bytes]:
    """A body in pieces of a size, or of one event each."""
    if size:
        return [body[at : at + size] for at in range(0, len(body), size)]
    return [piece for piece in re.split(rb"(?<=\n\n)|(?<=\r\n\r\n)", body) if piece]


@contextmanager
def replaying(*roots: Path) -> Iterator[Replay]:
    """Serve the recordings of these folders, in a thread, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        replay = Replay(listening.getsockname()[1], roots)
        server = uvicorn.Server(uvicorn.Config(replay.app, log_level="critical", lifespan="off"))
        serving = threading.Thread(target=server.run, args=([listening],))
        serving.start()
        try:
            yield replay
        finally:
            server.should_exit = True
            serving.join()
