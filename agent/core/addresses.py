"""Addresses and keys as people write them: what is wrong with them, told without asking anybody."""

import re
from typing import Literal
from urllib.parse import SplitResult, urlsplit

AddressFault = Literal["no_url", "user", "query", "endpoint"]
"""Why it is no server's address: no URL, names a user, has more than a path, or goes one step too deep."""

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
ENDPOINT = re.compile(r"(/chat/completions|/responses|(/v1)?/messages)/*$")
"""What the SDKs append themselves."""


def clean(key: str) -> str:
    r"""A key as it was meant: without the white space that comes along when it is pasted.

    >>> clean("  sk-1\r\n")
    'sk-1'
    """
    return key.strip()


def is_key(key: str) -> bool:
    r"""Whether it can be sent as a key or a token: one word of visible ASCII characters.

    >>> is_key("sk-ant-1_2.3/4=")
    True
    >>> is_key("sk 1"), is_key("sk-1\n"), is_key("sk–1"), is_key("")
    (False, False, False, False)
    """
    return re.fullmatch(r"[!-~]+", key) is not None


def address_fault(address: str) -> AddressFault | None:
    """What is wrong with a server's address; None when it can be asked.

    >>> address_fault("https://models.example.org/v1") is None
    True
    >>> address_fault("models.example.org/v1"), address_fault("ftp://example.org"), address_fault("http://")
    ('no_url', 'no_url', 'no_url')
    >>> address_fault("https://me:key@example.org"), address_fault("https://example.org/v1?key=1")
    ('user', 'query')
    >>> address_fault("http://127.0.0.1:11434/v1/chat/completions")
    'endpoint'
    """
    parts = _split(address)
    if parts is None:
        return "no_url"
    if "@" in parts.netloc:
        return "user"
    if "?" in address or "#" in address:
        return "query"
    return "endpoint" if ENDPOINT.search(parts.path) else None


def mended(address: str) -> str:
    """The address that was probably meant, without user, query and endpoint; empty when nobody can tell.

    >>> mended("https://me:key@example.org/v1/chat/completions?key=1")
    'https://example.org/v1'
    >>> mended("https://api.anthropic.com/v1/messages"), mended("models.example.org")
    ('https://api.anthropic.com', '')
    """
    parts = _split(address)
    if parts is None:
        return ""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{ENDPOINT.sub('', parts.path)}"


def is_private(address: str) -> bool:
    """Whether nobody on the way can read what is sent there: over https, or to this machine.

    >>> is_private("https://example.org/token"), is_private("http://127.0.0.1:4000/token")
    (True, True)
    >>> is_private("http://example.org/token"), is_private("nonsense")
    (False, False)
    """
    parts = _split(address)
    return parts is not None and (parts.scheme == "https" or parts.hostname in LOOPBACK)


def _split(address: str) -> SplitResult | None:
    """The parts of an absolute http(s) URL; None when it is none."""
    # What urlsplit would drop silently, and what browsers and servers read differently.
    if re.search(r"[\s\\\x00-\x1f\x7f]", address):
        return None
    try:
        parts = urlsplit(address)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_url else None
