"""Who is asking: the user behind a tab, from the HttpOnly cookie of its connection."""

import reflex as rx
from starlette.requests import cookie_parser

from agent import accounts
from agent.config import settings
from agent.core.errors import NotAllowed
from agent.core.identity import User


def cookie_name(port: int) -> str:
    """The name of our cookie: a browser gives the cookies of all ports of a host to each of them.

    >>> cookie_name(3000)
    'maestro-3000'
    """
    return f"maestro-{port}"


def cookie_of(header: str, port: int) -> str:
    """Our cookie's value in a Cookie header; empty when it is not there.

    Cookies of other programs on this machine come along, and the standard library gives up at an odd one.

    >>> cookie_of('a={"b": 1}; maestro-3000=mss_x', 3000)
    'mss_x'
    """
    return cookie_parser(header).get(cookie_name(port), "")


async def who(state: rx.State, *, afresh: bool = False) -> User:
    """The user behind a tab; `afresh` asks the database, whatever is remembered.

    Raises:
        NotAllowed: nobody, or not any more.
    """
    token = cookie_of(state.router.headers.cookie, settings().maestro_port)
    user = await accounts.whose(token, afresh=afresh) if token else None
    if user is None:
        raise NotAllowed("not_signed_in")
    return user
