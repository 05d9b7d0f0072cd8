"""Google's Vertex AI: Gemini by an account of Google Cloud, a token or an express key."""

import re
from typing import TYPE_CHECKING, Any, cast

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.provider import AuthType, Credential, ModelEntry
from agent.providers import gemini
from agent.providers.gemini import GeminiProvider, options

if TYPE_CHECKING:
    import httpx2
    from google.auth.credentials import Credentials
    from google.genai import Client

# ruff: noqa: PLC0415 - the SDK takes a second, in a thread

NAME = "vertex"
SETTING = "GOOGLE_APPLICATION_CREDENTIALS"
KNOWN = ("gemini-3.8-flash", "gemini-3.1-pro-preview")
"""Models to offer when the provider's own list cannot be fetched, the best first."""
ALIASES = gemini.ALIASES

VERSION = "v1beta1"
ANYWHERE = "global"
"""The location that Google chooses itself."""
REGIONS = frozenset({"us", "eu"})
"""Locations that are more than one place."""


def credential(settings: Settings) -> Credential | None:
    """The server's own: a service account, else an express key, else the machine's account for a project."""
    place = {"project": settings.google_cloud_project, "location": settings.google_cloud_location}
    if settings.google_application_credentials and settings.google_cloud_project:
        account = {"auth_type": "service_account", "secret": settings.google_application_credentials}
        return Credential.model_validate({**account, **place})
    if settings.vertex_api_key.get_secret_value():
        return Credential(secret=settings.vertex_api_key)
    if settings.google_cloud_project:
        return Credential.model_validate({"auth_type": "none", **place})
    return None


def auth_types(settings: Settings) -> tuple[AuthType, ...]:  # noqa: ARG001 - needs no setting
    """A service account, an express key, or a token of Google's sign-in."""
    return ("service_account", "api_key", "oauth_token")


def base_url(settings: Settings) -> str:  # noqa: ARG001 - needs no setting
    """Google's own address, which the location says."""
    return ""


def connect(credential: Credential) -> "VertexProvider":
    """A provider that uses this account, token or key."""
    return VertexProvider(credential)


def describe(name: str) -> ModelEntry:
    """What we know of a model by its name alone.

    >>> describe("gemini-2.5-pro").id
    'vertex:gemini-2.5-pro'
    """
    return gemini.describe(name).model_copy(update={"id": f"{NAME}:{name}"})


class VertexProvider(GeminiProvider):
    """Serves Gemini from a Google Cloud project."""

    name = NAME
    in_pieces = True

    async def prove(self) -> None:
        """Find out whether the account opens Vertex AI: not every one may read its list of models."""
        async with self._asking() as client:
            await cast("Any", client.aio.models).count_tokens(model=KNOWN[0], contents=NAME)

    def _client(self, http: "httpx2.AsyncClient") -> "Client":
        from google.genai import Client

        given = self._credential
        whose: dict[str, Any] = {"api_key": given.secret.get_secret_value()}
        if given.auth_type != "api_key":
            whose = _account(given)
        where = given.base_url or address(whose.get("location", ANYWHERE))
        return Client(
            enterprise=True,
            http_options=options(http, where, VERSION),
            debug_config=gemini.no_replay(),
            **whose,
        )


def account(credential: Credential) -> "Credentials":
    """Google's form of a credential: a token, the machine's own account, or a service account.

    Raises:
        ProviderError: there is none, it cannot be read, or it is of a kind we do not load.
    """
    from agent.providers import _google_account

    secret = credential.secret.get_secret_value()
    match credential.auth_type:
        case "oauth_token":
            return _google_account.token(secret)
        case "none":
            return _google_account.machine()
        case _:
            return _google_account.account(secret, SETTING)


def address(location: str) -> str:
    """Where a location's models are asked. Source: google.genai, BaseApiClient.

    >>> address("global"), address("us-east1")
    ('https://aiplatform.googleapis.com', 'https://us-east1-aiplatform.googleapis.com')
    """
    if location == ANYWHERE:
        return "https://aiplatform.googleapis.com"
    if location in REGIONS:
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _account(given: Credential) -> dict[str, Any]:
    """Whose models are asked, where, and with which account.

    Raises:
        ProviderError: it does not say whose, or what it says is no name.
    """
    from agent.providers._google_account import Renewing

    found = account(given)
    project = given.project or str(getattr(found, "project_id", None) or "")
    location = given.location or ANYWHERE
    # Both become part of an address, which must stay Google's.
    if not re.fullmatch(r"[a-z0-9][a-z0-9.:-]*", project):
        raise ProviderError("auth", "GOOGLE_CLOUD_PROJECT names no project.")
    if not re.fullmatch(r"[a-z0-9-]+", location):
        raise ProviderError("auth", "GOOGLE_CLOUD_LOCATION names no location.")
    is_token = given.auth_type == "oauth_token"  # renewed by our HTTP client, not by the SDK
    return {
        "credentials": found if is_token else Renewing(found),
        "project": project,
        "location": location,
    }
