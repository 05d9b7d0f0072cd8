"""The gate in front of everything: own host, own origin, a known face, and the headers of a careful page."""

import json
from collections.abc import Iterable
from pathlib import Path
from secrets import compare_digest
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent import accounts
from agent.config import LOOPBACK, Settings
from agent.core.errors import NotAllowed, Unavailable
from agent.core.identity import User
from app.auth import cookie_name, cookie_of
from app.building import POLICY
from app.problems import problem

OPEN = ("/healthz", "/api/v1/openapi.json")
"""Answered without a face."""


def own_hosts(settings: Settings) -> frozenset[str]:
    """The Host headers we answer to.

    >>> sorted(own_hosts(Settings(maestro_port=3000, _env_file=None)))
    ['127.0.0.1:3000', '[::1]:3000', 'localhost:3000']
    """
    hosts = {f"[{host}]" if ":" in host else host for host in (*LOOPBACK, settings.maestro_host)}
    public = urlsplit(settings.maestro_public_url).netloc
    return frozenset({f"{host}:{settings.maestro_port}" for host in hosts} | ({public} if public else set()))


def own_origins(settings: Settings) -> frozenset[str]:
    """The origins of our own page.

    >>> "http://localhost:3000" in own_origins(Settings(maestro_port=3000, _env_file=None))
    True
    """
    return frozenset(f"{scheme}://{host}" for host in own_hosts(settings) for scheme in ("http", "https"))


def content_policy(built: Path) -> str:
    """The Content-Security-Policy of the built page: its own scripts, nothing evaluated, nobody else."""
    file = built / POLICY
    hashes: Iterable[str] = json.loads(file.read_text("utf-8")) if file.exists() else ()
    scripts = " ".join(["'self'", *(f"'{hashed}'" for hashed in hashes)])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )


class Guard:
    """ASGI middleware. What it lets through to the API or the socket carries `scope["user"]`."""

    def __init__(self, app: ASGIApp, settings: Settings, built: Path, local_key: str) -> None:
        self.app = app
        self.settings = settings
        self.local_key = local_key
        self.owner: User | None = None
        """Who a first visit is signed in as; set when the server has started, None but in local mode."""
        self._hosts = own_hosts(settings)
        self._origins = own_origins(settings)
        self._headers = {
            "content-security-policy": content_policy(built),
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "x-frame-options": "DENY",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, sign in, or let through."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer = self._foreign(scope, headers)
        cookie = ""
        if answer is None and scope["path"] not in OPEN:
            try:
                scope["user"] = await self._known(headers)
                if scope["user"] is None:
                    cookie = await self._first_visit(scope, headers)
                    answer = self._stranger(scope, cookie)
            except Unavailable as error:
                answer = problem(503, error)
        if answer is not None:
            await _refuse(answer, scope, receive, self._with_headers(send, ""))
            return
        await self.app(scope, receive, self._with_headers(send, cookie))

    def _foreign(self, scope: Scope, headers: Headers) -> Response | None:
        """Refuse hosts and origins that are not ours: rebinding, and other sites' pages."""
        if headers.get("host", "").lower() not in self._hosts:
            return problem(403, NotAllowed("foreign_host"))
        origin = headers.get("origin")
        needs_origin = scope["type"] == "websocket" and "authorization" not in headers
        if (origin is None and needs_origin) or (origin is not None and origin not in self._origins):
            return problem(403, NotAllowed("foreign_origin"))
        return None

    async def _known(self, headers: Headers) -> User | None:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookie = cookie_of(headers.get("cookie", ""), self.settings.maestro_port)
        token = bearer.strip() if scheme.lower() == "bearer" else cookie
        return await accounts.whose(token) if token else None

    async def _first_visit(self, scope: Scope, headers: Headers) -> str:
        """Sign the owner in, when a browser of this machine opens the page itself; gives the cookie."""
        is_visit = (
            self.owner is not None
            and scope["type"] == "http"
            and scope["method"] == "GET"
            and headers.get("sec-fetch-mode") == "navigate"
            and headers.get("sec-fetch-dest") == "document"
            and headers.get("sec-fetch-site") in ("none", "same-origin")
            and (scope.get("client") or ("",))[0] in LOOPBACK
        )
        if not is_visit or self.owner is None or not self._has_key(scope):
            return ""
        secure = "; Secure" if self.settings.origin.startswith("https") else ""
        token = await accounts.sign_in(self.owner)
        age = int(accounts.SIGNED_IN_FOR.total_seconds())
        name = cookie_name(self.settings.maestro_port)
        return f"{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"

    def _has_key(self, scope: Scope) -> bool:
        if self.settings.maestro_local_key != "required":
            return True
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("key", [""])[0]
        return compare_digest(given.encode(), self.local_key.encode())

    def _stranger(self, scope: Scope, cookie: str) -> Response | None:
        """What someone without a face gets: the page's files hold no secret, all else does."""
        path = scope["path"]
        if cookie and self.settings.maestro_local_key == "required":
            return RedirectResponse("/", 303, {"set-cookie": cookie})
        is_closed = path.startswith(("/api/", "/_")) or scope["type"] == "websocket"
        if cookie or not is_closed:
            return None
        return problem(401, NotAllowed("not_signed_in"))

    def _with_headers(self, send: Send, cookie: str) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if cookie:
                    headers.append("set-cookie", cookie)
            await send(message)

        return sending


async def _refuse(answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    else:
        await answer(scope, receive, send)
