"""Where and how one signs in, provider by provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from agent.config import Settings
from agent.core.addresses import is_private
from agent.core.errors import Invalid
from agent.oauth import Client


def nobody(settings: Settings) -> Client:  # noqa: ARG001 - the form of all of them
    """For servers that ask only for the verifier."""
    return Client()


def google_client(settings: Settings) -> Client:
    """The client that this server's administrator registered; never another product's."""
    return Client(id=settings.google_oauth_client_id, secret=settings.google_oauth_client_secret)


@dataclass(frozen=True)
class Way:
    """How a person signs in at a provider."""

    provider: str
    authorize_url: str
    token_url: str
    device_url: str = ""
    """Empty where the device flow is not offered for these scopes."""
    scopes: tuple[str, ...] = ()
    asks: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else the authorization endpoint is told."""
    gives: Literal["token", "key"] = "token"
    """An access token by OAuth 2.0, or an API key by OpenRouter's form of it."""
    setting: str = ""
    """The setting that names our client; empty where none is needed."""
    client: Callable[[Settings], Client] = nobody

    def require_client(self, settings: Settings) -> Client:
        """Who we are there.

        Raises:
            Invalid: the server has no client of its own there, or an endpoint could be listened to.
        """
        client = self.client(settings)
        if self.setting and not client.id:
            raise Invalid("sign_in_client_missing", provider=self.provider, setting=self.setting)
        for address in filter(None, (self.authorize_url, self.token_url, self.device_url)):
            if not is_private(address):
                raise Invalid("sign_in_not_private", provider=self.provider)
        return client


CLOUD = "https://www.googleapis.com/auth/cloud-platform"
MODELS = "https://www.googleapis.com/auth/generative-language.retriever"
"""Without it the Gemini API refuses its list of models. Source: Gemini API, authentication with OAuth."""


def _google(provider: str, *scopes: str) -> Way:
    # Google's device flow takes none of these scopes, so there is no device endpoint here.
    # Source: Google Identity, OAuth 2.0 for TV and limited-input devices, allowed scopes.
    return Way(
        provider=provider,
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        scopes=scopes,
        # It gives a refresh token only then.
        asks={"access_type": "offline", "prompt": "consent"},
        setting="GOOGLE_OAUTH_CLIENT_ID",
        client=google_client,
    )


WAYS = {
    "gemini": _google("gemini", CLOUD, MODELS),
    "vertex": _google("vertex", CLOUD),
    # Source: OpenRouter, OAuth PKCE.
    "openrouter": Way(
        provider="openrouter",
        authorize_url="https://openrouter.ai/auth",
        token_url="https://openrouter.ai/api/v1/auth/keys",  # noqa: S106 - an address
        gives="key",
    ),
}
"""Anthropic and OpenAI let only their own programs sign in for the use of models; there one pastes a key."""


def way(provider: str) -> Way:
    """How one signs in at a provider.

    Raises:
        Invalid: it does not offer that.

    >>> way("openrouter").gives
    'key'
    """
    if provider not in WAYS:
        raise Invalid("sign_in_not_offered", provider=provider)
    return WAYS[provider]
