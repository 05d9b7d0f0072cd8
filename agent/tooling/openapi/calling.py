"""One call of an operation: checked, sent with its credential to the service's own server, and told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from agent.core.errors import ToolFailed
from agent.tooling.openapi import credentials
from agent.tooling.openapi._places import origin
from agent.tooling.openapi.answering import told
from agent.tooling.openapi.checking import check
from agent.tooling.openapi.description import Description, Operation
from agent.tooling.openapi.writing import Written, write

if TYPE_CHECKING:
    import httpx2

SECONDS = 60.0
MOST_BYTES = 5_000_000
"""Of an answer, decompressed."""
MOST_REDIRECTS = 5
LONGEST_REFUSAL = 8_000
"""Characters of an answer that says no."""
MOVED = frozenset({301, 302, 303, 307, 308})
FAILED = 400


@dataclass(frozen=True)
class Target:
    """A service as it is asked."""

    name: str
    description: Description
    server: str
    """Without a slash at its end."""
    stored: Mapping[str, str]
    """Credentials by the name of their scheme."""


async def call(
    web: "httpx2.AsyncClient", target: Target, operation: Operation, arguments: Mapping[str, Any]
) -> str:
    """Call an operation and tell what came back.

    Args:
        web: judges where it connects to, and follows no redirect by itself.
        target: the service.
        operation: one of its operations.
        arguments: what the model sent.

    Raises:
        ToolFailed: an argument is wrong, a credential is missing, or the service refused or did not answer.
    """
    await asyncio.to_thread(check, target.description, operation, arguments)
    server = _server(target, operation)
    names = credentials.chosen(operation, target.stored)
    added = credentials.shown(target.description.schemes, names, target.stored)
    written = write(operation, arguments)
    cookies = "; ".join([*written.cookies, *added.cookies])
    headers = {**written.headers, **added.headers, **({"Cookie": cookies} if cookies else {})}
    if added.query:
        between = "&" if "?" in written.target else "?"
        written = replace(written, target=written.target + between + "&".join(added.query))
    try:
        async with asyncio.timeout(SECONDS):
            status, answer = await _asked(web, f"{server}{written.target}", replace(written, headers=headers))
    except TimeoutError:
        raise ToolFailed(_unanswered(operation, f"took longer than {SECONDS:.0f} seconds")) from None
    except Exception as error:
        if not _is_weather(error):
            raise
        why = credentials.masked(str(error) or type(error).__name__, target.stored)
        raise ToolFailed(_unanswered(operation, f"did not answer: {why:.500}")) from None
    answer = credentials.masked(answer, target.stored)
    if status >= FAILED:
        raise ToolFailed(f"{target.name}:{operation.name} answered {answer[:LONGEST_REFUSAL]}")
    return answer


def _server(target: Target, operation: Operation) -> str:
    """Where an operation is served; never elsewhere with the credentials of the service."""
    if not operation.server:
        return target.server
    server = urljoin(f"{target.server}/", operation.server).rstrip("/")
    if target.stored and origin(server) != origin(target.server):
        raise ToolFailed(
            f"{operation.name} is served at {server}, and the credentials of this service are for "
            f"{target.server} alone. The person can add it as a service of its own."
        )
    return server


async def _asked(web: "httpx2.AsyncClient", address: str, written: Written) -> tuple[int, str]:
    """The status, and the answer in words."""
    for _ in range(MOST_REDIRECTS + 1):
        async with web.stream(
            written.method, address, headers=written.headers, content=written.content, follow_redirects=False
        ) as response:
            onward = urljoin(address, response.headers.get("location", ""))
            if _may_follow(written.method, response.status_code, address, onward):
                address = onward
                continue
            content, is_all = await _read(response)
            return response.status_code, told(response.status_code, response.headers, content, is_all=is_all)
    raise ToolFailed(f"The service redirected more than {MOST_REDIRECTS} times.")


def _may_follow(method: str, status: int, address: str, onward: str) -> bool:
    """Whether a redirect is followed: nothing is done twice, and the credential stays where it belongs."""
    is_safe = method in {"GET", "HEAD"} and origin(onward) == origin(address)
    return status in MOVED and is_safe and onward != address


async def _read(response: "httpx2.Response") -> tuple[bytes, bool]:
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > MOST_BYTES:
            return bytes(content[:MOST_BYTES]), False
    return bytes(content), True


def _unanswered(operation: Operation, what: str) -> str:
    done = "" if operation.reads else " Whether it was done is not known; look before you call it again."
    return f"The service {what}.{done}"


def _is_weather(error: Exception) -> bool:
    import httpx2  # noqa: PLC0415 - whoever calls has it

    return isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | OSError)
