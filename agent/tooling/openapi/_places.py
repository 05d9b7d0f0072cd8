"""Where a service is served, and how credentials are shown to it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from agent.core.addresses import address_fault
from agent.core.errors import Invalid
from agent.tooling.openapi._parameters import TOKEN
from agent.tooling.openapi.description import Scheme, Server, Variable
from agent.tooling.openapi.references import as_list, as_object, followed

UNDECLARED = {
    "bearer": Scheme(kind="bearer", told="a token"),
    "basic": Scheme(kind="basic", told="user:password"),
}
"""What may be given to a service that does not say how it is signed in to: GitHub's description is silent."""
MOST_SERVERS = 100
_GAP = re.compile(r"\{([^{}]+)\}")


def servers(said: Any) -> tuple[Server, ...]:
    """The servers that a document names."""
    found = map(as_object, as_list(said)[:MOST_SERVERS])
    return tuple(_server(each) for each in found if isinstance(each.get("url"), str))


def _server(said: dict[str, Any]) -> Server:
    variables: dict[str, Variable] = {}
    for name, each in as_object(said.get("variables")).items():
        variable = as_object(each)
        choices = tuple(str(choice) for choice in as_list(variable.get("enum")))
        variables[name] = Variable(
            default=str(variable.get("default", next(iter(choices), ""))), choices=choices
        )
    told = said.get("description")
    return Server(address=said["url"], told=told if isinstance(told, str) else "", variables=variables)


def filled(server: Server, values: Mapping[str, str] | None = None) -> str:
    """A server's address with its gaps filled: with these values, else with its own.

    >>> region = Variable(default="eu", choices=("eu", "us"))
    >>> filled(Server(address="https://{region}.example.org", variables={"region": region}), {"region": "us"})
    'https://us.example.org'

    Raises:
        Invalid: a value is none of those to choose from.
    """
    chosen = {name: variable.default for name, variable in server.variables.items()}
    for name, value in (values or {}).items():
        variable = server.variables.get(name)
        if variable is None or (variable.choices and value not in variable.choices):
            known = ", ".join(variable.choices if variable else server.variables)
            raise Invalid("service_variable", name=name, value=value, known=known or "none")
        chosen[name] = value
    return _GAP.sub(lambda gap: chosen.get(gap[1], gap[0]), server.address)


def chosen(described: tuple[Server, ...], wanted: str, values: Mapping[str, str], found_at: str) -> str:
    """The address that a service is asked at, without a slash at its end.

    Args:
        described: the servers of its description.
        wanted: one of them as it is written there, or any other address; empty for the first.
        values: for the gaps of the address.
        found_at: where the description was fetched; empty when it was given as text.

    Raises:
        Invalid: there is no address, or it is none that can be asked.
    """
    known = {each.address: each for each in described}
    server = known.get(wanted) or (
        Server(address=wanted) if wanted else next(iter(described), Server(address="/"))
    )
    # Variables of one that a person typed are those of the description.
    if not server.variables and wanted:
        pooled = {name: each for other in described for name, each in other.variables.items()}
        gaps = _GAP.findall(wanted)
        server = server.model_copy(update={"variables": {n: v for n, v in pooled.items() if n in gaps}})
    address = urljoin(found_at, filled(server, values)).rstrip("/")
    if "://" not in address:
        raise Invalid("service_server_missing")
    if "{" in address or address_fault(address) not in {None, "endpoint"} or ".." in urlsplit(address).path:
        raise Invalid("service_server", server=address)
    return address


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port: what a credential is bound to.

    >>> origin("https://Example.org/v1") == origin("https://example.org:443")
    True
    """
    parts = urlsplit(address)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"https": 443}.get(parts.scheme, 80)


def schemes(document: dict[str, Any]) -> dict[str, Scheme]:
    """The security schemes we can serve, by name."""
    named = as_object(as_object(document.get("components")).get("securitySchemes"))
    found = ((name, _scheme(followed(document, each) or {})) for name, each in named.items())
    return {name: scheme for name, scheme in found if scheme}


def _scheme(said: dict[str, Any]) -> Scheme | None:
    name, told = said.get("name"), said.get("description")
    told = told[:200] if isinstance(told, str) else ""
    match said.get("type"), said.get("in"), str(said.get("scheme", "")).lower():
        case "apiKey", "header" | "query" | "cookie" as place, _ if isinstance(name, str):
            return Scheme(kind=place, name=name, told=told) if TOKEN.fullmatch(name) else None
        case "http", _, "basic" | "bearer" as kind:
            return Scheme(kind=kind, told=told)
        case "oauth2" | "openIdConnect", _, _:
            return Scheme(kind="bearer", told=told)
        case _:
            return None
