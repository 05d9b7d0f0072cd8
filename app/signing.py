"""Signing in and out: the page, the way to the issuer and back, and the end of it."""

import re
import secrets
from html import escape
from urllib.parse import quote, unquote, urlsplit

import structlog
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from agent import accounts
from agent.config import Settings
from agent.core.errors import Invalid, LimitReached, MaestroError
from agent.core.identity import Principal, User
from app.auth import cookie_header, cookie_name, cookie_of, is_private
from app.problems import told
from app.words import NAME, error_sentence
from app.words.signing import GO_ON_AS_GUEST, LOGIN_ERRORS, SIGN_IN, SIGN_IN_AT, WELCOME_BACK

LOGINS = "30/minute"
"""Of one place: as many as a school class needs, and far fewer than somebody who tries things."""
ON_THE_WAY = 600
"""Seconds somebody may be away to sign in."""
LONGEST = 2000
"""Characters of an address to go on to."""
PRIVATE = {"cache-control": "no-store"}

logger = structlog.get_logger()


def within(onward: str) -> str:
    r"""Where to go on within this site; the first page for everything that would lead elsewhere.

    >>> within("/s/42?q=a%20b"), within("/device?code=ABCD-EFGH")
    ('/s/42?q=a%20b', '/device?code=ABCD-EFGH')
    >>> [
    ...     within(bad)
    ...     for bad in ("//evil", r"/\evil", "https:evil", "/%2fevil", "/%255c/evil", "/\t/evil", "")
    ... ]
    ['/', '/', '/', '/', '/', '/', '/']
    >>> within("/auth/login"), within("/login?next=/login")
    ('/', '/')
    """
    read = onward
    for _ in range(3):
        # What comes later reads it in its own way, so every way must stay here.
        if len(read) > LONGEST or not re.fullmatch(r"/(?![/\\])[^\\\x00-\x1f\x7f]*", read):
            return "/"
        read = unquote(read)
    if re.match(r"/(auth|login|api|_\w+)([/?#]|$)", onward):
        return "/"
    return quote(onward, safe="/?&=%:;,+@!$'()*~-._[]")


def login_address(onward: str, code: str = "") -> str:
    """The page where one signs in, and goes on from.

    >>> login_address("/s/42"), login_address("//evil", "login_denied")
    ('/login?next=%2Fs%2F42', '/login?error=login_denied')
    """
    onward = within(onward)
    words = [f"error={code}"] if code else []
    words += [f"next={quote(onward, safe='')}"] if onward != "/" else []
    return "/login" + (f"?{'&'.join(words)}" if words else "")


def issuer_name(issuer: str) -> str:
    """What people call who vouches for them.

    >>> issuer_name("https://accounts.google.com"), issuer_name("https://login.example.org/realm")
    ('Google', 'login.example.org')
    """
    host = urlsplit(issuer).hostname or issuer
    return "Google" if host == "accounts.google.com" else host


def routes(settings: Settings) -> list[Route]:
    """The addresses of signing in and out."""
    signing = Signing(settings)
    return [
        Route("/login", signing.page),
        Route("/auth/login", signing.leave),
        Route("/auth/callback", signing.come_back),
        Route("/auth/logout", signing.sign_out, methods=["POST"]),
    ]


class Signing:
    """Signing in and out, as the settings have it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._on_the_way = cookie_name(settings).replace("maestro-", "maestro-signing-")

    async def page(self, request: Request) -> Response:
        """The page where one signs in; who is signed in already, or need not be, goes on."""
        onward = within(request.query_params.get("next", "/"))
        if not self._settings.has_issuer or person(request):
            return RedirectResponse(onward, 303, PRIVATE)
        code = request.query_params.get("error", "")
        return self._shown(onward, LOGIN_ERRORS.get(code, ""))

    async def leave(self, request: Request) -> Response:
        """Send a browser to the issuer, with a cookie by which it is known when it comes back."""
        onward = within(request.query_params.get("next", "/"))
        if not self._settings.has_issuer:
            return RedirectResponse(onward, 303, PRIVATE)
        browser = self._browser(request) or secrets.token_urlsafe(32)
        try:
            await self._count(request)
            address = await accounts.begin_login(browser, onward)
        except MaestroError as error:
            return self._refused(error, onward)
        answer = RedirectResponse(address, 303, PRIVATE)
        answer.headers.append("set-cookie", self._cookie(browser, ON_THE_WAY))
        return answer

    async def come_back(self, request: Request) -> Response:
        """Let in whom the issuer vouches for; what the browser was before is over."""
        onward = "/"
        try:
            await self._count(request)
            back = await accounts.finish_login(self._browser(request), _answer(request))
            onward = back.onward
            token = await self._sign_in(request, back.user)
        except MaestroError as error:
            return self._refused(error, onward)
        answer = RedirectResponse(within(onward), 303, PRIVATE)
        age = int(accounts.SIGNED_IN_FOR.total_seconds())
        answer.headers.append("set-cookie", cookie_header(self._settings, token, age))
        answer.headers.append("set-cookie", self._cookie("", 0))
        return answer

    async def sign_out(self, request: Request) -> Response:
        """End the sign-in of this browser; its open pages and streams end within two seconds."""
        token = self._token(request)
        if token:
            await accounts.sign_out(token)
        answer = RedirectResponse("/login" if self._settings.maestro_auth == "oidc" else "/", 303, PRIVATE)
        answer.headers.append("set-cookie", cookie_header(self._settings, "", 0))
        return answer

    async def _sign_in(self, request: Request, user: User) -> str:
        """A new cookie for a new sign-in: one from before, whoever put it there, is worth nothing after."""
        before = self._token(request)
        if before:
            await accounts.claim(user, before)
            await accounts.sign_out(before)
        browser = request.headers.get("user-agent", "")
        return await accounts.sign_in(user, browser, request.scope.get("place", ""))

    async def _count(self, request: Request) -> None:
        if self._settings.is_limited:
            await accounts.hit(f"logins/{accounts.network(request.scope['place'])}", LOGINS)

    def _refused(self, error: MaestroError, onward: str) -> Response:
        logger.info("sign-in refused", code=error.code)
        if error.code in LOGIN_ERRORS:
            return RedirectResponse(login_address(onward, error.code), 303, PRIVATE)
        answer = self._shown(onward, error_sentence(error))
        answer.status_code = told(error).status_code
        if isinstance(error, LimitReached):
            answer.headers["retry-after"] = str(error.values.get("seconds", 60))
        return answer

    def _shown(self, onward: str, sentence: str) -> HTMLResponse:
        issuer = issuer_name(self._settings.oidc_issuer)
        leads_to = f"/auth/login?next={quote(onward, safe='')}"
        has_guests = self._settings.maestro_auth == "anonymous"
        page = PAGE.format(
            title=escape(f"{SIGN_IN} · {NAME}"),
            name=escape(NAME),
            sentence=escape(sentence or WELCOME_BACK),
            role="alert" if sentence else "note",
            address=escape(leads_to),
            button=escape(SIGN_IN_AT.format(issuer=issuer)),
            guest=GUEST.format(text=escape(GO_ON_AS_GUEST)) if has_guests else "",
        )
        return HTMLResponse(page, headers=PRIVATE)

    def _browser(self, request: Request) -> str:
        found = cookie_parser(request.headers.get("cookie", "")).get(self._on_the_way, "")
        return found if re.fullmatch(r"[\w-]{43}", found, re.ASCII) else ""

    def _token(self, request: Request) -> str:
        return cookie_of(request.headers.get("cookie", ""), self._settings)

    def _cookie(self, value: str, seconds: int) -> str:
        secure = "; Secure" if is_private(self._settings) else ""
        return f"{self._on_the_way}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"


def person(request: Request) -> User | None:
    """Who is signed in, in this browser; None for nobody and for a guest."""
    principal: Principal | None = request.scope.get("principal")
    if principal is None or principal.way != "cookie" or principal.user.is_anonymous:
        return None
    return principal.user


def _answer(request: Request) -> accounts.Answer:
    """What came back in the address; what comes twice is somebody's trick.

    Raises:
        Invalid: it is one.
    """
    given = request.query_params.multi_items()
    named = {name: value for name, value in given if name in accounts.Answer.model_fields}
    if sum(name in named for name, _ in given) != len(named):
        raise Invalid("login_state")
    return accounts.Answer(**named)


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<script src="/appearance.js"></script>
<link rel="stylesheet" href="/maestro.css">
</head>
<body>
<main class="login">
<img src="/icon.svg" alt="" width="48" height="48">
<h1>{name}</h1>
<p role="{role}">{sentence}</p>
<a class="button primary" href="{address}">{button}</a>
{guest}</main>
</body>
</html>
"""
GUEST = '<a class="button" href="/">{text}</a>\n'
