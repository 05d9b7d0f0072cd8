"""The gate in front of everything: own host, own origin, a known face, limits, a careful page's headers."""

import json
import re
from collections.abc import Iterable
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent import accounts
from agent.config import LOOPBACK, Settings
from agent.core.errors import MaestroError, NotAllowed, NotFound, NotSignedIn
from agent.core.identity import Principal
from app.building import POLICY
from app.connections import Socket, opened
from app.faces import Credential, credential
from app.places import place
from app.problems import told
from app.visits import Visits, is_page

FOR_ALL = ("/healthz", "/readyz", "/api/v1/openapi.json")
"""Answered without a look at who asks."""
SIGNING = ("/auth/", "/api/v1/cli/auth/")
"""Where one comes to be known."""
PROBLEM = 400
"""Where the statuses of answers begin that say what went wrong."""
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
"""Methods that change nothing."""
REQUEST_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
REQUESTS, STRANGERS, FAILURES = "600/minute", "60/minute", "30/minute"
"""Of one user, of all strangers of a place, and of the tokens there that are none."""

logger = structlog.get_logger()


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
    """ASGI middleware; the scope of what it lets through says who asks (`principal`, `user`), from where."""

    def __init__(self, app: ASGIApp, settings: Settings, built: Path, local_key: str) -> None:
        self.app = app
        self.settings = settings
        self.visits = Visits(settings, local_key)
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
        self._name(scope, headers)
        send = self._careful(scope, send)
        with ExitStack() as stack:
            try:
                answer = await self._admit(scope, headers)
                if answer is None and scope["type"] == "websocket":
                    line = stack.enter_context(opened(scope["principal"], scope["token_hash"]))
                    socket = Socket(line, receive, send)
                    receive, send = socket.receive, socket.send
            except MaestroError as error:
                scope["refused"] = True
                logger.info("refused", code=error.code, path=written(scope), place=scope["place"])
                answer = told(error)
            await (answer or self.app)(scope, receive, send)

    def _name(self, scope: Scope, headers: Headers) -> None:
        """Find out where a request comes from, and let all that is logged say to which it belongs."""
        wished = headers.get("x-request-id", "")
        scope["request_id"] = wished if REQUEST_ID.fullmatch(wished) else uuid4().hex
        host, port = scope.get("client") or ("", 0)
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        scope["place"] = place(host, forwarded, self.settings.trusted_proxies)
        scope["client"] = (scope["place"], port)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=scope["request_id"])

    async def _admit(self, scope: Scope, headers: Headers) -> Response | None:
        """What stands for the application's answer; None when that may answer itself.

        Raises:
            MaestroError: it may not even be asked.
        """
        shown = credential(headers, self.settings)
        self._require_own(scope, headers, shown)
        if scope["path"] in FOR_ALL:
            return None
        principal = await self._principal(scope, shown)
        answer: Response | None = None
        if shown is None or principal is None:
            answer = await self._stranger(scope, headers, shown)
        else:
            await self._let_in(scope, principal, shown)
        if answer is None and CONTROL.search(scope["path"]):
            raise NotFound("no_such_address")  # the routes do not agree on what such an address is
        return answer

    async def _let_in(self, scope: Scope, principal: Principal, shown: Credential) -> None:
        """Say in the scope who asks.

        Raises:
            LimitReached: too often.
        """
        scope.update(principal=principal, user=principal.user, token_hash=accounts.hashed(shown.token))
        structlog.contextvars.bind_contextvars(user=principal.user.id)
        if is_closed(scope):
            await self._count(f"requests/{principal.user.id}", REQUESTS)

    def _require_own(self, scope: Scope, headers: Headers, shown: Credential | None) -> None:
        """Refuse hosts and origins that are not ours: rebinding, and other sites' pages.

        A browser adds our cookie to what other pages ask; then its word that the page is ours must be there.
        """
        if headers.get("host", "").lower() not in self._hosts:
            raise NotAllowed("foreign_host")
        origin = headers.get("origin")
        is_browsers = shown is not None and shown.way == "cookie"
        changes = is_browsers and scope.get("method") not in SAFE
        site = headers.get("sec-fetch-site", "none") if scope["type"] == "http" else "none"
        is_foreign = origin not in self._origins if origin is not None else changes
        if is_foreign or (changes and site not in ("same-origin", "none")):
            raise NotAllowed("foreign_origin")

    async def _principal(self, scope: Scope, shown: Credential | None) -> Principal | None:
        """Who asks; a socket is a page's, which has a cookie and no token."""
        if shown is None or (scope["type"] == "websocket" and shown.way != "cookie"):
            return None
        return await shown.principal()

    async def _stranger(self, scope: Scope, headers: Headers, shown: Credential | None) -> Response | None:
        """What someone without a face gets: the page's files hold no secret, all else does."""
        path: str = scope["path"]
        where = accounts.network(scope["place"])
        if is_closed(scope):
            if shown is not None and shown.way == "token":
                await self._count(f"failures/{where}", FAILURES)
            else:
                await self._count(f"strangers/{where}", STRANGERS)
            if scope["type"] == "http" and path.startswith(SIGNING):
                return None
            raise NotSignedIn
        if path == "/login" or path.startswith(SIGNING):
            return None
        cookie = scope["new_cookie"] = await self.visits.cookie(scope, headers)
        if cookie and self.visits.needs_key:
            return RedirectResponse("/", 303)
        if self.settings.maestro_auth == "oidc" and is_page(path):
            return self._to_login(scope)
        return None

    def _to_login(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise NotSignedIn
        query = scope.get("query_string", b"").decode("latin-1")
        way_on = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"/login?next={quote(way_on, safe='/')}", 303)

    async def _count(self, key: str, rate: str) -> None:
        if self.settings.is_limited:
            await accounts.hit(key, rate)

    def _careful(self, scope: Scope, send: Send) -> Send:
        """Add to each answer what makes a browser careful, its request's id, and a first visit's cookie."""

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                if message["status"] >= PROBLEM and is_closed(scope) and "refused" not in scope:
                    # Whoever was told the request's id may ask with it what happened.
                    logger.info("problem", status=message["status"], path=written(scope))
                headers = MutableHeaders(scope=message)
                # What an answer allows itself is less than what our page may.
                own = headers.get("content-security-policy")
                headers.update({**self._headers, "x-request-id": scope["request_id"]})
                if own:
                    headers["content-security-policy"] = own
                headers.setdefault("cache-control", kept(scope, message.get("status", 0)))
                if cookie := scope.get("new_cookie"):
                    headers.append("set-cookie", cookie)
            await send(message)

        return sending


def kept(scope: Scope, status: int) -> str:
    """How long a browser may keep an answer: without a word it would guess, and show the page of before.

    >>> (
    ...     kept({"path": "/assets/root-1a.js"}, 200),
    ...     kept({"path": "/s/42"}, 200),
    ...     kept({"path": "/api/v1/me"}, 200),
    ... )
    ('public, max-age=31536000, immutable', 'no-cache', 'no-store')
    """
    if scope["path"].startswith("/api/"):
        return "no-store"
    has_version = scope["path"].startswith("/assets/") or scope.get("query_string", b"").startswith(b"v=")
    return "public, max-age=31536000, immutable" if has_version and status == HTTPStatus.OK else "no-cache"


def written(scope: Scope) -> str:
    """The address of a request as it was written, short enough for a line of the log.

    >>> written({"raw_path": b"/api/v1/me"})
    '/api/v1/me'
    """
    return scope.get("raw_path", b"")[:200].decode("latin-1")


def is_closed(scope: Scope) -> bool:
    """Whether there is more behind an address than the page's files: the API, a socket, Reflex's own doors.

    >>> is_closed({"type": "http", "path": "/api/v1/me"}), is_closed({"type": "http", "path": "/maestro.css"})
    (True, False)
    """
    return scope["type"] == "websocket" or scope["path"].startswith(("/api/", "/_"))
