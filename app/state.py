"""What the page's States share: asking in a user's name, and showing what went wrong."""

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar, get_type_hints
from uuid import uuid4

import reflex as rx
import structlog
from pydantic import ConfigDict, ValidationError, validate_call

from agent.core.errors import Invalid, MaestroError
from agent.core.identity import User
from app.auth import who
from app.words import error_sentence

S = TypeVar("S", bound=rx.State)
P = ParamSpec("P")


class FlashState(rx.State):
    """A sentence about what went wrong, until it is closed."""

    sentence: str = ""

    @rx.event
    def close(self) -> None:
        """Take the sentence away."""
        self.sentence = ""


async def flash(state: rx.State, error: MaestroError) -> None:
    """Show what went wrong."""
    (await state.get_state(FlashState)).sentence = error_sentence(error)


def bring_up(state: rx.State, **values: object) -> None:
    """Give a State these values; those that it has already are not sent again."""
    for name, value in values.items():
        if getattr(state, name) != value:
            setattr(state, name, value)


def asked(
    verb: Callable[Concatenate[S, User, P], Awaitable[Any]],
) -> Callable[Concatenate[S, P], Awaitable[Any]]:
    """Make an event of a verb: the asking user is looked up, the arguments are checked, errors are shown.

    Whoever can open a socket can send any event with any arguments, so no event may do without this.
    """
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(verb)

    @functools.wraps(verb)
    async def event(self: S, *args: P.args, **kwargs: P.kwargs) -> Any:
        structlog.contextvars.bind_contextvars(request_id=uuid4().hex)
        try:
            return await checked(self, await who(self), *args, **kwargs)
        except ValidationError as error:
            await flash(self, Invalid("bad_arguments", what=str(error.errors()[0]["msg"])))
        except MaestroError as error:
            await flash(self, error)
        return None

    return _without_user(event, verb)


def _without_user(event: Callable[..., Any], verb: Callable[..., Any]) -> Callable[..., Any]:
    """Show Reflex the arguments a page sends, which the user is none of."""
    signature = inspect.signature(verb)
    own, user, *rest = signature.parameters.values()
    event.__signature__ = signature.replace(parameters=[own, *rest])  # pyright: ignore[reportFunctionMemberAccess]
    hints = get_type_hints(verb, include_extras=True)
    event.__annotations__ = {name: hint for name, hint in hints.items() if name != user.name}
    del event.__wrapped__  # pyright: ignore[reportFunctionMemberAccess]
    return event
