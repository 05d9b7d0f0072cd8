"""Guests as tests need them."""

from typing import NamedTuple

from agent import accounts
from agent.core.identity import User


class Visitor(NamedTuple):
    """A guest with the cookie that makes it one."""

    user: User
    cookie: str


async def visitor(place: str = "192.0.2.1") -> Visitor:
    """A new guest from a place."""
    cookie = await accounts.new_guest(place)
    user = await accounts.whose(cookie)
    assert user is not None
    return Visitor(user, cookie)


async def guest(place: str = "192.0.2.1") -> User:
    """A new guest from a place."""
    return (await visitor(place)).user
