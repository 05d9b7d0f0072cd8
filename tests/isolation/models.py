"""A model server of the tests' own: it says Hello to everything, and keeps what it was told."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNKS = (
    {"delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None},
    {"delta": {}, "finish_reason": "stop"},
)


@dataclass
class Told:
    """What was asked: the keys, and everything else."""

    url: str
    keys: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


@contextmanager
def model_server() -> Iterator[Told]:
    """Serve until the end of the block."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._note(b"")
            self._answer("application/json", b'{"object": "list", "data": []}')

        def do_POST(self) -> None:
            self._note(self.rfile.read(int(self.headers.get("content-length", 0))))
            whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
            chunks = [json.dumps({**whole, "choices": [{"index": 0, **chunk}]}) for chunk in CHUNKS]
            body = "".join(f"data: {chunk}\n\n" for chunk in [*chunks, "[DONE]"])
            self._answer("text/event-stream", body.encode())

        def _note(self, body: bytes) -> None:
            told.keys.append(self.headers.get("authorization", ""))
            del self.headers["authorization"]
            told.rest.append(f"{self.path}\n{self.headers}\n{body.decode()}")

        def _answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002  the library's name
            """Keep still."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as serving:
        told = Told(f"http://127.0.0.1:{serving.server_address[1]}/v1")
        thread = threading.Thread(target=serving.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield told
        finally:
            serving.shutdown()
            thread.join()
