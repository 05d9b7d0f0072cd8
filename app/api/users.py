"""The routes of people: who there is, who is an administrator, and where one is signed in."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from agent import accounts, sessions
from app.api.routes import Asker, Asking, Body

router = APIRouter()

Id = Annotated[str, Path(max_length=36)]


class UserChanges(Body):
    """What changes of a person."""

    is_admin: bool = Field(strict=True)


class SignIn(accounts.SignIn):
    """A browser in which somebody is signed in."""

    is_current: bool
    """Whether it is the one that asks."""


@router.get("/users")
async def users(user: Asking) -> list[accounts.Person]:
    """Everybody who ever signed in, the newest first; for administrators."""
    return await accounts.users(user)


@router.patch("/users/{user_id}")
async def change(user: Asking, user_id: Id, changes: UserChanges) -> accounts.Person:
    """Make somebody an administrator, or no longer; for administrators. There is always one."""
    return await accounts.change_user(user, user_id, is_admin=changes.is_admin)


@router.delete("/users/{user_id}", status_code=204)
async def remove(user: Asking, user_id: Id) -> None:
    """Remove somebody with all that is theirs: oneself, or anybody for administrators.

    Their sign-ins and tokens end first, then their turns; what was open ends within two seconds.
    """
    await sessions.remove_person(user, user_id)


@router.get("/me/sign-ins")
async def sign_ins(user: Asking, by: Asker) -> list[SignIn]:
    """The browsers in which the asking user is signed in, the newest first."""
    return [SignIn(**one.model_dump(), is_current=one.id == by.id) for one in await accounts.signed_in(user)]


@router.delete("/me/sign-ins/{sign_in_id}", status_code=204)
async def end_sign_in(user: Asking, sign_in_id: Id) -> None:
    """Sign a browser out; its open pages end within two seconds."""
    await accounts.end_sign_in(user, sign_in_id)


@router.post("/me/sign-out-everywhere", status_code=204)
async def sign_out_everywhere(user: Asking) -> None:
    """Sign every browser out, this one too; tokens stay."""
    await accounts.sign_out_everywhere(user)
