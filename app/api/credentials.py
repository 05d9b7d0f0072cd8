"""The routes of a person's credentials for providers; they go in and never come out."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from agent import providers
from agent.core.messages import Value
from app.api.routes import Asking

router = APIRouter(prefix="/credentials")

Named = Annotated[str, Path(max_length=40)]
SignInId = Annotated[str, Path(max_length=100)]


class Going(Value):
    """Where a person goes to sign in at a provider, within ten minutes and in this browser."""

    url: str


class OnDevice(Value):
    """What a person types on another device."""

    id: str
    user_code: str
    verification_uri: str
    interval: float
    """Seconds to leave between two questions whether they have."""
    expires_in: int
    """Seconds."""


@router.get("")
async def states(user: Asking) -> list[providers.CredentialState]:
    """With what the asking user asks each provider: their own credential, the server's or none."""
    return await providers.credentials(user)


@router.get("/{provider}")
async def state(user: Asking, provider: Named) -> providers.CredentialState:
    """With what the asking user asks a provider."""
    return await providers.credential(user, provider)


@router.put("/{provider}")
async def store(
    user: Asking, provider: Named, new: providers.NewCredential, *, test: Annotated[bool, Query()] = False
) -> providers.CredentialState:
    """Store a credential in the place of the one before; with `test` only if the provider takes it."""
    return await providers.store_credential(user, provider, new, is_tested=test)


@router.delete("/{provider}", status_code=204)
async def remove(user: Asking, provider: Named) -> None:
    """Remove a credential; it is not asked with from the next step on."""
    await providers.remove_credential(user, provider)


@router.post("/{provider}/test")
async def try_out(user: Asking, provider: Named) -> providers.Tested:
    """Ask the provider whether it takes the credential that the asking user asks it with."""
    return await providers.test_credential(user, provider)


@router.post("/{provider}/sign-in")
async def sign_in(user: Asking, provider: Named) -> Going:
    """Begin to sign in at a provider; who comes back has a credential."""
    return Going(url=await providers.begin_sign_in(user, provider))


@router.post("/{provider}/device", status_code=201)
async def begin_on_device(user: Asking, provider: Named) -> OnDevice:
    """Begin to sign in at a provider on another device, by a short code."""
    begun = await providers.begin_device_sign_in(user, provider)
    left = begun.expires_at - datetime.now(begun.expires_at.tzinfo)
    shown = begun.model_dump(exclude={"expires_at"})
    return OnDevice(**shown, expires_in=max(0, int(left.total_seconds())))


@router.post("/{provider}/device/{sign_in_id}")
async def ask_again(user: Asking, provider: Named, sign_in_id: SignInId) -> providers.DevicePolled:
    """Ask whether it was done on the other device; then the credential is there."""
    return await providers.poll_device_sign_in(user, provider, sign_in_id)
