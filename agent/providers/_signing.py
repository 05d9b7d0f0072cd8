"""Signing in at a provider: a person goes there, comes back, and has a credential."""

import secrets
from datetime import UTC, datetime

from pydantic import BaseModel

from agent import accounts
from agent.config import settings
from agent.core.errors import Invalid, NotFound
from agent.core.identity import User
from agent.core.messages import Value
from agent.core.provider import Credential
from agent.providers import _choosing
from agent.providers._plug_ins import plug_ins
from agent.providers._sign_in import Begun, DeviceBegun, begin, begin_device, finish, poll, way

BACK = "/auth/connected"
"""Where a person comes back to."""


class DeviceSignIn(Value):
    """What a person types on another device; then one asks from time to time whether they have."""

    id: str
    user_code: str
    verification_uri: str
    interval: float
    """Seconds to leave between two such questions."""
    expires_at: datetime


class DevicePolled(Value):
    """Whether a person has signed in on the other device."""

    is_done: bool
    interval: float


async def begin_sign_in(user: User, provider: str) -> str:
    """Send a person to a provider; gives the address they go to.

    Raises:
        NotFound: there is no such provider.
        Invalid: it offers no sign-in, or this server has no client there.
        Unavailable: what must be known again cannot be sealed.
    """
    found = settings()
    begun = begin(way(_known(provider)), found, f"{found.origin}{BACK}")
    await accounts.keep_sign_in(begun.state, "provider", user.id, _written(begun))
    return begun.url


async def finish_sign_in(user: User, state: str, code: str) -> str:
    """Take in who comes back from a provider; gives the provider, whose credential they now have.

    Args:
        user: who has come back; only who went there may.
        state: as it came back, good once.
        code: as it came back; empty when the person said no.

    Raises:
        Invalid: nobody went there with this state, or the provider refuses it.
        Unavailable: the provider does not answer.
    """
    kept = await accounts.take_sign_in(state, "provider", user.id)
    if kept is None:
        raise Invalid("sign_in_state")
    begun = Begun.model_validate_json(kept)
    credential = await finish(way(begun.provider), settings(), begun, state, code)
    await _keep(user, begun.provider, credential)
    return begun.provider


async def begin_device_sign_in(user: User, provider: str) -> DeviceSignIn:
    """Give a person a code to type on another device.

    Raises:
        NotFound: there is no such provider.
        Invalid: it offers no such sign-in, or this server has no client there.
        Unavailable: the provider does not answer.
    """
    begun = await begin_device(way(_known(provider)), settings())
    shown = begun.model_dump(include={"user_code", "verification_uri", "interval", "expires_at"})
    told = DeviceSignIn(id=secrets.token_urlsafe(32), **shown)
    await accounts.keep_sign_in(told.id, "device", user.id, _written(begun), begun.expires_at)
    return told


async def poll_device_sign_in(user: User, provider: str, sign_in_id: str) -> DevicePolled:
    """Ask whether a person has signed in on the other device; then they have the credential.

    Raises:
        NotFound: they are not on the way there, or not any more.
        Invalid: they said no, or the provider refuses it.
        Unavailable: the provider does not answer.
    """
    whose: tuple[str, accounts.Purpose, str] = (sign_in_id, "device", user.id)
    kept = await accounts.look_at_sign_in(*whose)
    begun = DeviceBegun.model_validate_json(kept) if kept else None
    if kept is None or begun is None or begun.provider != provider:
        raise NotFound("sign_in")
    # Of several questions at once one alone is asked there, and none that comes too early.
    claimed = begun.asked_next(datetime.now(UTC))
    if claimed is None or not await accounts.replace_sign_in(*whose, kept, _written(claimed)):
        return DevicePolled(is_done=False, interval=begun.interval)
    try:
        answer = await poll(way(provider), settings(), begun)
    except Invalid:
        await accounts.take_sign_in(*whose)
        raise
    if isinstance(answer, DeviceBegun):
        await accounts.replace_sign_in(*whose, _written(claimed), _written(answer))
        return DevicePolled(is_done=False, interval=answer.interval)
    await accounts.take_sign_in(*whose)
    await _keep(user, provider, answer)
    return DevicePolled(is_done=True, interval=begun.interval)


async def _keep(user: User, provider: str, credential: Credential) -> None:
    await accounts.keep_credential(user, provider, credential, "signed_in")
    await _choosing.pool.drop(user.id, provider)


def _known(provider: str) -> str:
    if provider not in plug_ins():
        raise NotFound("provider")
    return provider


def _written(begun: BaseModel) -> bytes:
    return begun.model_dump_json().encode()
