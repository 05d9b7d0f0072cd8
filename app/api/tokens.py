"""The routes of a person's API tokens."""

from typing import Annotated

from fastapi import APIRouter, Path

from agent import accounts
from app.api.routes import Asker, Asking

router = APIRouter(prefix="/tokens")

Id = Annotated[str, Path(max_length=36)]


class Made(accounts.ApiToken):
    """A new token, which is told this once."""

    token: str


@router.get("")
async def tokens(user: Asking) -> list[accounts.ApiToken]:
    """The tokens of the asking user, the newest first; never what they are, only how they begin."""
    return await accounts.issued_tokens(user)


@router.post("", status_code=201)
async def make(user: Asking, new: accounts.NewToken, by: Asker) -> Made:
    """Make a token, which is seen in this answer alone; a token makes none that is worth more than itself."""
    made = await accounts.make_token(user, new, by)
    return Made(**made.model_dump(exclude={"token"}), token=made.token.get_secret_value())


@router.delete("/{token_id}", status_code=204)
async def revoke(user: Asking, token_id: Id) -> None:
    """Take a token's right away; what is open with it ends within two seconds."""
    await accounts.revoke_token(user, token_id)
