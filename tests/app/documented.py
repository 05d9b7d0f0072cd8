"""The API's document, which takes half a second to write: once for all modules that read it."""

from functools import cache
from typing import Any

from app.api.application import application


@cache
def document() -> dict[str, Any]:
    """What the API says of itself; nobody may change it."""
    return application().openapi()
