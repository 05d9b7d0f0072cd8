"""An authorization server that is not ours, run on loopback, and a person with a browser."""

import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx2
from pydantic import SecretStr

from agent.config import Settings
from agent.core.provider import Credential
from agent.providers._sign_in import begin, finish
from agent.providers._sign_in.ways import Way, google_client
from tests.servers import NO_TLS

ROOT = Path(__file__).parent.parent
PLACES = (ROOT / "node_modules", ROOT / ".tools" / "oauth" / "node_modules")
CALLBACK = "http://127.0.0.1:3000/callback"
SETTINGS = Settings(
    google_oauth_client_id="maestro", google_oauth_client_secret=SecretStr("the-secret-of-our-own-client")
)
"""Of a server that has a client of its own."""


@dataclass(frozen=True)
class AuthorizationServer:
    """oidc-provider, run by node."""

    url: str

    async def signed_in(self) -> Credential:
        """Somebody who has just signed in."""
        begun = begin(self.way, SETTINGS, CALLBACK)
        back = await visit(begun.url)
        return await finish(self.way, SETTINGS, begun, back["state"], back["code"])

    @property
    def way(self) -> Way:
        """How one signs in there."""
        return Way(
            provider="gemini",
            authorize_url=f"{self.url}/auth",
            token_url=f"{self.url}/token",
            device_url=f"{self.url}/device/auth",
            scopes=("openid", "offline_access"),
            asks={"prompt": "consent"},
            setting="GOOGLE_OAUTH_CLIENT_ID",
            client=google_client,
        )

    async def end(self, token: str) -> None:
        """End an access token before its time."""
        async with httpx2.AsyncClient(verify=NO_TLS) as client:
            (await client.post(f"{self.url}/end", headers={"token": token})).raise_for_status()


@contextmanager
def authorization_server(*callbacks: str) -> Iterator[AuthorizationServer]:
    """Run the server until the end of the block; people may be sent back to these addresses."""
    node = shutil.which("node")
    assert node, "node is needed, as it is for building the page"
    command = (node, Path(__file__).parent / "oauth" / "server.mjs", _package(), *(callbacks or (CALLBACK,)))
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as running:
        assert running.stdin
        assert running.stdout
        try:
            url = running.stdout.readline().strip()
            assert url, "the authorization server did not start"
            yield AuthorizationServer(url)
        finally:
            running.stdin.close()
            running.wait(10)


def _package() -> Path:
    found = [place / "oidc-provider" for place in PLACES if (place / "oidc-provider").is_dir()]
    assert found, "oidc-provider is not installed: npm ci"
    return found[0]


async def visit(
    address: str, answers: Mapping[str, str] | None = None, back: str = CALLBACK
) -> dict[str, str]:
    """A person opens an address and fills in every form; what the last one sends back to us, if any.

    Args:
        address: where it begins.
        answers: fields, in addition to a name and a password.
        back: where they are sent in the end.
    """
    answers = {"login": "ada", "password": "lovelace", **(answers or {})}
    async with httpx2.AsyncClient(verify=NO_TLS) as browser:
        page = await browser.get(address)
        for _ in range(20):
            if "interrupted" in page.text:
                return {}
            if page.is_redirect:
                target = urljoin(str(page.url), page.headers["location"])
                if target.startswith(back):
                    return dict(parse_qsl(urlsplit(target).query))
                page = await browser.get(target)
            elif (form := re.search(r'<form[^>]*action="([^"]*)"', page.text)) and page.is_success:
                target = urljoin(str(page.url), unescape(form[1]))
                page = await browser.post(target, data={**_hidden(page.text), **answers})
            else:
                return {}
    raise AssertionError("The pages go in circles.")


def _hidden(page: str) -> dict[str, str]:
    inputs = re.findall(r"<input[^>]*>", page)
    named = [(re.search(r'name="([^"]*)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs]
    return {name[1]: unescape(value[1]) for name, value in named if name and value}


@dataclass
class Endpoint:
    """An endpoint that says one thing to everybody."""

    url: str
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    """Headers (their names in lower case) and body of each request."""
    was_asked: threading.Event = field(default_factory=threading.Event)


@contextmanager
def endpoint(
    body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, delay: float = 0
) -> Iterator[Endpoint]:
    """Serve one answer, after a delay in seconds, until the end of the block."""
    told = Endpoint("")

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length", 0))
            named = {name.lower(): value for name, value in self.headers.items()}
            told.asked.append((named, self.rfile.read(length)))
            told.was_asked.set()
            time.sleep(delay)
            self.send_response(status)
            for name, value in {"content-type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # who asked may be gone
                self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            told.url = f"http://127.0.0.1:{server.server_port}"
            yield told
        finally:
            server.shutdown()
            serving.join()
