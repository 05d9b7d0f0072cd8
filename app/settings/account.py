"""The section of one's own account: how a person leaves for good."""

from typing import Any

import reflex as rx

from agent import sessions
from agent.core.errors import Invalid
from agent.core.identity import User
from app.state import asked


class AccountState(rx.State):
    """The person's own account."""

    @rx.event
    @asked
    async def leave(self, user: User, form: dict[str, Any]) -> Any:
        """Delete the account with all that is the person's, and lead to where one signs in.

        Raises:
            Invalid: the typed address is not theirs.
        """
        if not is_same(form.get("email"), user.email):
            raise Invalid("email_differs")
        await sessions.remove_person(user, user.id)
        return rx.redirect("/login", is_external=True)


def is_same(typed: object, email: str) -> bool:
    """Whether somebody typed this address; nobody has an empty one.

    >>> is_same(" Ada@example.org ", "ada@example.org"), is_same("", "")
    (True, False)
    """
    return isinstance(typed, str) and bool(email) and typed.strip().casefold() == email.casefold()
