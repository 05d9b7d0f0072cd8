"""Google's Vertex AI: Gemini by a service account."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.provider import Credential
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

VERSION = "v1beta1"
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


def credential(settings: Settings) -> Credential | None:
    """The server's own service account."""
    if not (settings.google_application_credentials and settings.google_cloud_project):
        return None
    return Credential.model_validate(
        {
            "auth_type": "service_account",
            "secret": settings.google_application_credentials,
            "project": settings.google_cloud_project,
            "location": settings.google_cloud_location,
        }
    )


def connect(credential: Credential) -> "VertexProvider":
    """A provider that uses this account."""
    return VertexProvider(credential)


class VertexProvider(GeminiProvider):
    """Serves Gemini from a Google Cloud project."""

    name = NAME

    def _client(self, http: "httpx2.AsyncClient") -> "Client":
        from google.genai import Client

        return Client(
            enterprise=True,
            credentials=account(self._credential),
            project=self._credential.project,
            location=self._credential.location or "global",
            http_options=options(http, self._credential.base_url or None, VERSION),
        )


def account(credential: Credential) -> "Credentials":
    """Google's form of a credential: a token, or an account written as JSON or named by its file.

    Raises:
        ProviderError: the file cannot be read, or is of a kind we do not load.
    """
    from google.oauth2 import credentials, service_account

    secret = credential.secret.get_secret_value()
    if credential.auth_type == "oauth_token":
        return credentials.Credentials(secret)
    try:
        written = json.loads(secret if secret.lstrip().startswith("{") else Path(secret).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ProviderError("auth", f"{SETTING} cannot be read: {type(error).__name__}") from error
    # Other kinds name addresses and programs to ask; we load none that a stranger could have written.
    match written.get("type"):
        case "service_account":
            load = cast("Any", service_account.Credentials).from_service_account_info
        case "authorized_user":
            load = cast("Any", credentials.Credentials).from_authorized_user_info
        case other:
            raise ProviderError("auth", f"{SETTING} is of the kind {other}, not a service account.")
    return load(written, scopes=SCOPES)
