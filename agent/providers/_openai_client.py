"""The OpenAI SDK's client as we use it: everything is said here, nothing is read from the environment."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

NO_KEY = "none"
"""The SDK wants a key even where the server wants none, or where the HTTP client brings it."""


def openai_client(
    http: "httpx2.AsyncClient", key: str, address: str, project: str | None = None
) -> "AsyncOpenAI":
    """Import the SDK, which takes a second, and make its client; call it in a thread.

    Args:
        http: carries the requests; it stays its owner's, who closes it.
        key: sent as the bearer; empty where the HTTP client says who asks, or nobody need say.
        address: of the API, with its version.
        project: whose usage it is, where the provider tells projects apart.
    """
    from openai import AsyncOpenAI  # noqa: PLC0415 - takes a second, in a thread

    client = AsyncOpenAI(
        api_key=key or NO_KEY,
        admin_api_key="",
        organization="",
        project="",
        webhook_secret="",
        base_url=address,
        http_client=http,
        max_retries=0,
    )
    # Empty, they keep the SDK from reading the environment; None, no header is sent.
    client.organization = None
    client.project = project or None
    # It takes headers from OPENAI_CUSTOM_HEADERS too, and lets nobody forbid it.
    client._custom_headers = {}  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return client
