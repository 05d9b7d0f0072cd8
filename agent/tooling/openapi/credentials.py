"""Which credential a request carries, and how; what a service may never be told of is masked."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from agent.core.errors import ToolFailed
from agent.tooling.openapi.description import Operation, Scheme

SHORTEST = 4
"""Characters of a credential that is masked; shorter ones would mask ordinary text."""
MASK = "[credential]"


@dataclass
class Shown:
    """What is added to a request."""

    headers: dict[str, str] = field(default_factory=dict[str, str])
    query: list[str] = field(default_factory=list[str])
    cookies: list[str] = field(default_factory=list[str])


def chosen(operation: Operation, stored: Mapping[str, str]) -> tuple[str, ...]:
    """The schemes to use: of the alternatives that the stored credentials satisfy the one with most of them.

    >>> needs = (("key",), ("key", "token"), ())
    >>> chosen(Operation(name="a", method="get", path="/", schemes=needs), {"key": "k"})
    ('key',)

    Raises:
        ToolFailed: a credential is needed that is not there.
    """
    possible = [each for each in operation.schemes if all(name in stored for name in each)]
    if not possible:
        wanted = " or ".join(" with ".join(each) for each in operation.schemes)
        raise ToolFailed(
            f"{operation.name} needs a credential ({wanted}) that is not stored. The person can add it in "
            "the settings of this service; do not ask for it here."
        )
    return max(possible, key=len)


def shown(schemes: Mapping[str, Scheme], names: tuple[str, ...], stored: Mapping[str, str]) -> Shown:
    """How the credentials of these schemes are put into a request.

    >>> shown({"key": Scheme(kind="header", name="X-Key")}, ("key",), {"key": "k"}).headers
    {'X-Key': 'k'}
    """
    added = Shown()
    for name in names:
        scheme, secret = schemes[name], stored[name]
        match scheme.kind:
            case "header":
                added.headers[scheme.name] = secret
            case "query":
                added.query.append(f"{quote(scheme.name, safe='')}={quote(secret, safe='')}")
            case "cookie":
                added.cookies.append(f"{scheme.name}={quote(secret, safe='')}")
            case "basic":
                added.headers["Authorization"] = f"Basic {_base64(secret)}"
            case "bearer":
                added.headers["Authorization"] = f"Bearer {secret}"
    return added


def masked(text: str, stored: Mapping[str, str]) -> str:
    """A text without the stored credentials, however they are written.

    >>> masked("key=se%2Fcret", {"key": "se/cret"})
    'key=[credential]'
    """
    forms: set[str] = set()
    for secret in stored.values():
        password = secret.partition(":")[2]
        for each in (secret, password):
            forms |= {each, quote(each, safe=""), quote(each), _base64(each), each.replace('"', '\\"')}
        forms.add(_base64(secret))
    for form in sorted((form for form in forms if len(form) >= SHORTEST), key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
