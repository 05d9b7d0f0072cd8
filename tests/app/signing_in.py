"""A server where people sign in at an issuer: a real one, run beside it."""

import asyncio
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.app.serving import Server, serving
from tests.oauth import authorization_server, visit
from tests.servers import NO_TLS, free_port


@dataclass
class Community:
    """The server, and who people sign in at."""

    server: Server
    issuer: str

    @property
    def callback(self) -> str:
        return f"{self.server.url}/auth/callback"

    def browser(self) -> httpx2.Client:
        """A browser that nobody has used; it says what page it is on."""
        url = self.server.url
        return httpx2.Client(base_url=url, headers={"origin": url}, timeout=20, verify=NO_TLS)

    def leave(self, browser: httpx2.Client, login: str, onward: str = "/") -> dict[str, str]:
        """Somebody goes to the issuer and signs in there; what they come back with."""
        left = browser.get("/auth/login", params={"next": onward})
        assert left.status_code == 303, left.text
        address = left.headers["location"]
        assert address.startswith(self.issuer), address
        # In a thread of its own: the test may have a loop already.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, visit(address, {"login": login}, self.callback)).result()

    @contextmanager
    def signed_in(self, login: str) -> Iterator[httpx2.Client]:
        """A browser in which somebody has signed in."""
        with self.browser() as browser:
            back = browser.get("/auth/callback", params=self.leave(browser, login))
            assert (back.status_code, back.headers["location"]) == (303, "/"), back.headers
            yield browser

    def cookie(self, browser: httpx2.Client) -> str:
        """What a browser shows to say whom it speaks for."""
        name = f"maestro-{self.server.port}"
        return f"{name}={browser.cookies[name]}"


def leads_to(answer: httpx2.Response) -> tuple[int, str, dict[str, str]]:
    """Status, path and query of a redirect."""
    parts = urlsplit(answer.headers.get("location", ""))
    query = dict(re.findall(r"([^&=]+)=([^&]*)", parts.query))
    return answer.status_code, parts.path, query


@contextmanager
def community(folder: Path, **settings: str) -> Iterator[Community]:
    """Run both until the end of the block."""
    port = free_port()
    with authorization_server(f"http://127.0.0.1:{port}/auth/callback") as authority:
        own = {
            "MAESTRO_PORT": str(port),
            "MAESTRO_AUTH": "oidc",
            "OIDC_ISSUER": authority.url,
            "OIDC_CLIENT_ID": "maestro",
            "OIDC_CLIENT_SECRET": "the-secret-of-our-own-client",
            "MAESTRO_SECRET_KEY": secrets.token_urlsafe(32),
        }
        with serving(folder, **{**own, **settings}) as server:
            yield Community(server, authority.url)
