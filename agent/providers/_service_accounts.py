"""Service accounts as people paste them: nothing in one may send us anywhere but to Google."""

import json
from typing import Annotated, Literal, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.core.errors import Invalid

TOKENS = "https://oauth2.googleapis.com/token"
"""Where Google gives tokens for one."""
Word = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[!-~]+$")]


class ServiceAccount(BaseModel):
    """What is kept of one; everything else it may hold, such as addresses, is left out."""

    model_config = ConfigDict(frozen=True, strict=True, hide_input_in_errors=True)

    type: Literal["service_account"]
    project_id: Word
    private_key_id: Word
    private_key: Annotated[str, Field(min_length=1, max_length=8000, repr=False)]
    client_email: Word
    client_id: str = Field(default="", max_length=100)
    token_uri: Literal["https://oauth2.googleapis.com/token"] = TOKENS
    universe_domain: Literal["googleapis.com"] = "googleapis.com"


def service_account(text: str) -> str:
    """A service account's JSON with nothing in it but what is needed. It computes: call it in a thread.

    Raises:
        Invalid: it is none, or names an address that is not Google's, or its key is none.
    """
    try:
        written = json.loads(text)
        account = ServiceAccount.model_validate(written)
        load_pem_private_key(account.private_key.encode(), password=None)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False)[0]["loc"]
        raise Invalid("service_account", what=str(place[0]) if place else "type") from None
    except (ValueError, TypeError, RecursionError, UnsupportedAlgorithm):
        raise Invalid("service_account", what="private_key" if _is_object(text) else "type") from None
    return account.model_dump_json()


def is_service_account(text: str) -> bool:
    """Whether it is meant to be one.

    >>> is_service_account(' {"type": "service_account"}'), is_service_account("sk-1")
    (True, False)
    """
    return text.lstrip().startswith("{")


def _is_object(text: str) -> bool:
    try:
        return isinstance(cast("object", json.loads(text)), dict)
    except (ValueError, RecursionError):
        return False
