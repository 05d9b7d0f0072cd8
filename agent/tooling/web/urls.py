"""Addresses of pages as models write them: checked, compared, and led to the text itself."""

import re
from urllib.parse import urlsplit, urlunsplit

from agent.core.errors import ToolFailed

MAX_LENGTH = 8000
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NEVER = re.compile(r"[\s\\\x00-\x1f\x7f]")
"""What browsers and servers read differently, or drop."""
_BLOB = re.compile(r"/([^/]+/[^/]+)/blob/(.+)")


def checked(url: str) -> str:
    """The address of a page, when it is a whole one.

    >>> checked(" https://example.org/a ")
    'https://example.org/a'
    >>> checked("ftp://example.org")
    Traceback (most recent call last):
    agent.core.errors.ToolFailed: 'ftp://example.org' cannot be read: only http and https addresses can.

    Raises:
        ToolFailed: it is none, of another scheme, or holds a password.
    """
    url = url.strip()
    told = f"{url!r:.200}"
    if len(url) > MAX_LENGTH or _NEVER.search(url):
        raise ToolFailed(f"{told} is no address: it is too long, or has a space or control sign in it.")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ToolFailed(f"{told} is no address.") from None
    if parts.scheme not in _DEFAULT_PORTS:
        if parts.scheme.isalnum() and "://" in url:
            raise ToolFailed(f"{told} cannot be read: only http and https addresses can.")
        raise ToolFailed(f"{told} is no address; write it out, such as https://example.org/page.")
    if not host:
        raise ToolFailed(f"{told} names no host.")
    if "@" in parts.netloc:
        raise ToolFailed(f"The address of {host} holds a user name or password; leave it out.")
    return url


def same(url: str) -> str:
    """What is equal for two addresses of one page: without usual port, last slash and fragment.

    >>> same("HTTP://Example.org:80/a/#top"), same("https://example.org")
    ('http://example.org/a', 'https://example.org/')
    """
    parts = urlsplit(url)
    port = parts.port if parts.port != _DEFAULT_PORTS.get(parts.scheme) else None
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}").lower()
    netloc = f"{host}:{port}" if port is not None else host
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/") or "/", parts.query, ""))


def raw(url: str) -> str:
    """Where GitHub has the file itself that a page of it shows; any other address is its own.

    >>> raw("https://github.com/ada/engine/blob/main/notes/README.md")
    'https://raw.githubusercontent.com/ada/engine/main/notes/README.md'
    >>> raw("https://github.com/ada/engine")
    'https://github.com/ada/engine'
    """
    parts = urlsplit(url)
    found = _BLOB.fullmatch(parts.path) if parts.netloc.lower() == "github.com" else None
    if found is None:
        return url
    return urlunsplit((parts.scheme, "raw.githubusercontent.com", f"/{found[1]}/{found[2]}", parts.query, ""))
