"""Who is asking: the user behind a tab, from the HttpOnly cookie of its connection."""

from http.cookies import CookieError, SimpleCookie

import reflex as rx

from agent import accounts
from agent.core.errors import NotAllowed
from agent.core.identity import User

COOKIE = "maestro"


def cookie_of(header: str) -> str:
    """Our cookie's value in a Cookie header; empty when it is not there.

    >>> cookie_of("a=b; maestro=mss_x")
    'mss_x'
    """
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


async def who(state: rx.State) -> User:
    """The user behind a tab.

    Raises:
        NotAllowed: nobody, or not any more.
    """
    token = cookie_of(state.router.headers.cookie)
    user = await accounts.whose(token) if token else None
    if user is None:
        raise NotAllowed("not_signed_in")
    return user
