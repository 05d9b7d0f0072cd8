"""What an issuer says of somebody, and what it must say to be meant for us."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from agent.core.messages import Value
from agent.oauth import TokenError


class Expected(Value):
    """What an ID token must say to be meant for us."""

    issuers: frozenset[str]
    client_id: str
    nonce: str = Field(repr=False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_said(value: object) -> bool:
    # Some issuers say it in quotes.
    return value is True or value == "true"


class Claims(BaseModel):
    """Somebody, as an issuer describes them. Source: OpenID Connect Core 1.0, section 5.1."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    sub: str = Field(max_length=255, pattern="^[ -~]+$")
    """Who they are, for ever; an address or a name may change hands."""
    email: Annotated[str, BeforeValidator(_text)] = ""
    email_verified: Annotated[bool, BeforeValidator(_is_said)] = False
    name: Annotated[str, BeforeValidator(_text)] = ""


def told(document: Mapping[str, JsonValue], subject: str) -> Claims:
    """What the userinfo endpoint says of somebody. Source: OpenID Connect Core 1.0, section 5.3.4.

    Args:
        document: its answer.
        subject: who signed in.

    Raises:
        TokenError: it speaks of somebody else, or of nobody.

    >>> told({"sub": "1", "email": "ada@example.org", "email_verified": True}, "1").email
    'ada@example.org'
    """
    if document.get("sub") != subject:
        raise TokenError("unusable", "userinfo")
    try:
        return Claims.model_validate(document)
    except ValidationError:
        raise TokenError("unusable", "userinfo") from None
