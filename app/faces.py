"""Whom a request speaks for: by its bearer token alone when it names one, else by our cookie."""

from typing import Literal, NamedTuple

from starlette.datastructures import Headers

from agent import accounts
from agent.config import Settings
from agent.core.identity import Principal
from app.auth import cookie_of


class Credential(NamedTuple):
    """What a request shows to say whom it speaks for."""

    way: Literal["cookie", "token"]
    token: str

    async def principal(self) -> Principal | None:
        """Who shows it; a cookie that is sent as a token, or the other way round, is nobody's."""
        found = await accounts.identify(self.token) if self.token else None
        return found if found and found.way == self.way else None


def credential(headers: Headers, settings: Settings) -> Credential | None:
    """What a request shows; None when it shows nothing.

    A request that names an authorization is judged by it alone: no second way opens where the first is shut.

    >>> credential(Headers({"authorization": "Bearer mst_x", "cookie": "maestro-3000=mss_x"}), Settings())
    Credential(way='token', token='mst_x')
    """
    named = headers.getlist("authorization")
    if named:
        scheme, _, bearer = named[0].partition(" ")
        is_bearer = scheme.lower() == "bearer" and len(named) == 1
        return Credential("token", bearer.strip() if is_bearer else "")
    cookie = cookie_of(headers.get("cookie", ""), settings)
    return Credential("cookie", cookie) if cookie else None
