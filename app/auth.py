"""Who is asking: the user behind a tab, from the HttpOnly cookie of its connection."""

import reflex as rx
import structlog
from starlette.requests import cookie_parser

from agent import accounts
from agent.config import Settings, settings
from agent.core.errors import NotSignedIn
from agent.core.identity import Principal, User


def is_private(settings: Settings) -> bool:
    """Whether people reach the page over https."""
    return settings.origin.startswith("https:")


def cookie_name(settings: Settings) -> str:
    """The name of our cookie: a browser gives the cookies of all ports of a host to each of them.

    Over https its prefix makes the browser take it from this very host alone, and never over http.

    >>> cookie_name(Settings(maestro_port=3000, maestro_public_url="https://maestro.example.org"))
    '__Host-maestro-3000'
    """
    return f"{'__Host-' if is_private(settings) else ''}maestro-{settings.maestro_port}"


def cookie_of(header: str, settings: Settings) -> str:
    """Our cookie's value in a Cookie header; empty when it is not there.

    Cookies of other programs on this machine come along, and the standard library gives up at an odd one.

    >>> cookie_of('a={"b": 1}; maestro-3000=mss_x', Settings(maestro_port=3000, _env_file=None))
    'mss_x'
    """
    return cookie_parser(header).get(cookie_name(settings), "")


def cookie_header(settings: Settings, token: str, seconds: int) -> str:
    """What lets a browser keep our cookie for so long; 0 takes it away.

    >>> cookie_header(Settings(maestro_port=3000, _env_file=None), "", 0)
    'maestro-3000=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0'
    """
    secure = "; Secure" if is_private(settings) else ""
    return f"{cookie_name(settings)}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}"


async def who(state: rx.State, *, afresh: bool = False) -> User:
    """The user behind a tab; `afresh` asks the database, whatever is remembered.

    Raises:
        NotSignedIn: nobody, or not any more.
    """
    user = (await principal_of(state, afresh=afresh)).user
    structlog.contextvars.bind_contextvars(user=user.id)
    return user


async def principal_of(state: rx.State, *, afresh: bool = False) -> Principal:
    """Who is behind a tab, and by which sign-in.

    Raises:
        NotSignedIn: nobody, or not any more.
    """
    token = cookie_of(state.router.headers.cookie, settings())
    principal = await accounts.identify(token, afresh=afresh) if token else None
    if principal is None or principal.way != "cookie":
        raise NotSignedIn
    return principal


def place_of(state: rx.State) -> str:
    """The address that a tab's connection comes from, as the guard believes it."""
    return state.router.session.client_ip
