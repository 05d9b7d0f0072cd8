"""Guests: browsers that nobody signed in with, and what is for people alone."""

import functools
from collections.abc import Awaitable, Callable
from typing import Concatenate, ParamSpec, TypeVar

from agent.core.errors import NotAllowed
from agent.core.identity import ANONYMOUS, User

P = ParamSpec("P")
T = TypeVar("T")


def guest(anonymous_session_id: str) -> User:
    """The guest of an id, which no person has.

    >>> guest("1").is_anonymous
    True
    """
    return User(id=anonymous_session_id, email="", name="Guest", provider=ANONYMOUS)


def require_person(user: User) -> None:
    """Go on only for somebody who is known.

    Raises:
        NotAllowed: it is a guest.

    >>> require_person(User(id="1", email="ada@example.org", name="Ada", provider="google"))
    """
    if user.is_anonymous:
        raise NotAllowed("guest")


def persons_only(
    verb: Callable[Concatenate[User, P], Awaitable[T]],
) -> Callable[Concatenate[User, P], Awaitable[T]]:
    """Let a door's function refuse guests: nothing is kept for them but their sessions.

    >>> import asyncio
    >>> async def rules(user: User) -> list[str]:
    ...     return ["mine"]
    >>> asyncio.run(persons_only(rules)(User(id="1", email="", name="Ada", provider="google")))
    ['mine']
    """

    @functools.wraps(verb)
    async def asked(user: User, *args: P.args, **kwargs: P.kwargs) -> T:
        require_person(user)
        return await verb(user, *args, **kwargs)

    return asked
