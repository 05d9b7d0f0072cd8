"""Google's accounts and the tokens they give. It loads google-auth: imported in a thread."""

import json
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import google.auth
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2 import credentials, service_account

from agent.core.errors import ProviderError

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
PATIENCE = 10
"""Seconds for one request to a token endpoint; google-auth makes three at most."""
LENGTH = 200
"""Characters of a token endpoint's own words that are kept."""


class Renewing(Credentials):
    """An account's token, renewed in bounded time; the SDK does so in a thread, once for all who wait."""

    def __init__(self, account: Credentials) -> None:
        super().__init__()
        self._account = account
        self._quota_project_id = cast("Any", account).quota_project_id

    def refresh(self, request: object) -> None:  # noqa: ARG002 - the SDK's own would wait for minutes
        """Ask for a new token.

        Raises:
            ProviderError: the account is refused (auth), or nobody answers (network).
        """
        account = cast("Any", self._account)
        try:
            account.refresh(partial(Request(), timeout=PATIENCE))
        except GoogleAuthError as error:
            words = str(error.args[0] if error.args else error)[:LENGTH]
            if isinstance(error, TransportError) or cast("Any", error).retryable:
                raise ProviderError("network", f"No token comes: {words}") from error
            raise ProviderError("auth", words) from error
        self.token, self.expiry = account.token, account.expiry


def machine() -> Credentials:
    """The account of the machine we run on: of `gcloud auth`, of a virtual machine, of a cluster.

    Raises:
        ProviderError: it has none.
    """
    try:
        found, _ = cast("Any", google.auth).default(scopes=SCOPES)
    except GoogleAuthError as error:
        sentence = (
            "This machine has no application default credentials: `gcloud auth application-default login`."
        )
        raise ProviderError("auth", sentence) from error
    return found


def token(secret: str) -> Credentials:
    """A token that others renew."""
    return cast("Any", credentials).Credentials(secret)


def account(secret: str, setting: str) -> Credentials:
    """An account written as JSON, or named by its file.

    Args:
        secret: the JSON, or the file's name.
        setting: what a person calls it.

    Raises:
        ProviderError: it cannot be read, or is of a kind we do not load.
    """
    is_written = secret.lstrip().startswith("{")
    try:
        written = json.loads(secret if is_written else Path(secret).read_text("utf-8"))
        return _loaded(written, setting, is_trusted=not is_written)
    except (OSError, TypeError, ValueError, GoogleAuthError) as error:
        raise ProviderError("auth", f"{setting} cannot be read: {type(error).__name__}") from error


def _loaded(written: dict[str, Any], setting: str, *, is_trusted: bool) -> Credentials:
    if not isinstance(cast("object", written), dict):
        raise TypeError
    # Other kinds name addresses and programs to ask; we load none that a stranger could have written.
    match written.get("type"):
        case "service_account":
            load = cast("Any", service_account.Credentials).from_service_account_info
        case "authorized_user":
            load = cast("Any", credentials.Credentials).from_authorized_user_info
        case other:
            raise ProviderError("auth", f"{setting} is of the kind {other}, not a service account.")
    # A file is the administrator's own. What is pasted may be anybody's, and must not send us anywhere.
    address = urlsplit(str(written.get("token_uri", "")))
    is_google = address.scheme == "https" and f".{address.hostname}".endswith(
        (".googleapis.com", ".google.com")
    )
    if not (is_trusted or is_google or not written.get("token_uri")):
        raise ProviderError("auth", f"{setting} names a token_uri that is not Google's.")
    return load(written, scopes=SCOPES)
