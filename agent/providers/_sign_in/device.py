"""Signing in on another device: a short code that a person types there. Source: RFC 8628."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from agent.config import Settings
from agent.core.addresses import is_private
from agent.core.errors import Invalid
from agent.core.messages import Value
from agent.core.provider import Credential
from agent.oauth import TokenError
from agent.providers._sign_in.asking import asking, signed_in
from agent.providers._sign_in.ways import Way

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
SLOWER = 5.0
"""Seconds that `slow_down` adds to the interval. Source: RFC 8628, section 3.5."""


class DeviceBegun(Value):
    """A person was given a code to type; whoever keeps it binds it to that person."""

    provider: str
    user_code: str
    """What the person types."""
    verification_uri: str
    """Where."""
    device_code: str = Field(repr=False)
    interval: float
    """Seconds between two polls."""
    ask_at: datetime
    """When the server may be asked next."""
    expires_at: datetime

    def asked_next(self, moment: datetime) -> "DeviceBegun | None":
        """The same, to be asked again an interval after this moment; None when it is too early now."""
        ask_at = moment + timedelta(seconds=self.interval)
        return self.model_copy(update={"ask_at": ask_at}) if moment >= self.ask_at else None


class DeviceAnswer(BaseModel):
    """What a device endpoint says. Source: RFC 8628, section 3.2."""

    model_config = ConfigDict(hide_input_in_errors=True)

    device_code: str = Field(min_length=1, max_length=4096)
    user_code: str = Field(min_length=1, max_length=64, pattern="^[ -~]+$")
    # Google still has the name of a draft.
    verification_uri: str = Field(validation_alias=AliasChoices("verification_uri", "verification_url"))
    expires_in: float = Field(gt=0, le=3600)
    interval: float = Field(default=5, gt=0, le=60)


async def begin_device(way: Way, settings: Settings) -> DeviceBegun:
    """Give a person a code to type on another device; then poll.

    Raises:
        Invalid: the provider offers it not, or this server has no client there.
        Unavailable: the provider does not answer.
    """
    client = way.require_client(settings)
    if not way.device_url:
        raise Invalid("sign_in_not_offered", provider=way.provider)
    async with asking(way.provider, way.device_url, client) as server:
        said = await server.answer(data={"scope": " ".join(way.scopes)})
    return _begun(way, said)


async def poll(way: Way, settings: Settings, begun: DeviceBegun) -> Credential | DeviceBegun:
    """The person's credential, or what to poll with next: not before its `ask_at`.

    Raises:
        Invalid: the person said no, or took too long.
        Unavailable: the provider does not answer.
    """
    now = datetime.now(UTC)
    if begun.provider != way.provider or now >= begun.expires_at:
        raise Invalid("sign_in_expired", provider=way.provider)
    if now < begun.ask_at:
        return begun
    async with asking(way.provider, way.token_url, way.require_client(settings)) as server:
        try:
            given = await server.tokens(GRANT, device_code=begun.device_code)
        except TokenError as error:
            slower = {"authorization_pending": 0.0, "slow_down": SLOWER}.get(error.code)
            if slower is None:
                raise
            interval = begun.interval + slower
            later = {"interval": interval, "ask_at": now + timedelta(seconds=interval)}
            return begun.model_copy(update=later)
    return signed_in(way, settings, given)


def _begun(way: Way, said: Mapping[str, JsonValue]) -> DeviceBegun:
    now = datetime.now(UTC)
    try:
        answer = DeviceAnswer.model_validate(said)
    except ValidationError:
        raise Invalid("sign_in_answer", provider=way.provider) from None
    if not is_private(answer.verification_uri):
        raise Invalid("sign_in_answer", provider=way.provider)
    return DeviceBegun(
        provider=way.provider,
        user_code=answer.user_code,
        verification_uri=answer.verification_uri,
        device_code=answer.device_code,
        interval=answer.interval,
        ask_at=now + timedelta(seconds=answer.interval),
        expires_at=now + timedelta(seconds=answer.expires_in),
    )
