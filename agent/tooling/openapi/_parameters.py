"""What an operation takes besides its body."""

import re
from collections import Counter
from typing import Any, cast

from agent.tooling.openapi.description import Parameter, Place, Style
from agent.tooling.openapi.references import as_object, followed
from agent.tooling.openapi.schemas import Schemas

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""What a header or a cookie may be called."""
GAP = re.compile(r"\{([^{}]+)\}")
OURS = frozenset(
    {
        *("accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length"),
        *("content-type", "cookie", "expect", "forwarded", "host", "keep-alive", "proxy-authorization", "te"),
        *("trailer", "transfer-encoding", "upgrade", "via"),
    }
)
"""Headers that are not the model's to set, whatever a description says."""
STYLES: dict[Place, tuple[Style, ...]] = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
"""How a value may be written; the first is how it is when nothing is said."""


class Parameters:
    """The parameters of one document; those that many operations share are made once."""

    def __init__(self, document: dict[str, Any], schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas
        self._made: dict[tuple[int, str], tuple[dict[str, Any], Parameter]] = {}
        """By the identity of what the document says, which is kept with it, and what the model calls it."""

    def of(self, path: str, said: list[Any], *, taken: set[str]) -> tuple[Parameter, ...]:
        """What an operation takes, that which goes into its path first.

        Args:
            path: with a gap for each parameter that goes there.
            said: parameters or references to them; a later one stands in place of an earlier of its name.
            taken: names that no argument may have.

        Raises:
            ValueError: one cannot be understood.
        """
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for each in said:
            parameter = followed(self._document, each)
            if parameter is None:
                raise ValueError(f"a parameter is not in this document: {each!r:.200}")
            if isinstance(name := parameter.get("name"), str) and parameter.get("in") in tuple(STYLES):
                found[parameter["in"], name] = parameter
        gaps = dict.fromkeys(GAP.findall(path))
        for gap in gaps:
            found.setdefault(("path", gap), {"name": gap, "in": "path", "schema": {"type": "string"}})
        kept = [key for key in found if _is_ours_to_send(*key, gaps)]
        kept.sort(key=lambda key: key[0] != "path")
        times = Counter(name for _, name in kept)
        return tuple(
            self._parameter(
                found[place, name], f"{place}_{name}" if times[name] > 1 or name in taken else name
            )
            for place, name in kept
        )

    def _parameter(self, said: dict[str, Any], argument: str) -> Parameter:
        key = id(said), argument
        if key not in self._made:
            self._made[key] = said, _parameter(self._schemas, said, argument)
        return self._made[key][1]


def _is_ours_to_send(place: str, name: str, gaps: dict[str, None]) -> bool:
    match place:
        case "path":
            return name in gaps
        case "header":
            return name.lower() not in OURS and TOKEN.fullmatch(name) is not None
        case "cookie":
            return TOKEN.fullmatch(name) is not None
        case _:
            return True


def _parameter(schemas: Schemas, said: dict[str, Any], argument: str) -> Parameter:
    place = cast("Place", said["in"])
    styles = STYLES[place]
    style = said.get("style")
    media_type, media = next(iter(as_object(said.get("content")).items()), ("", said))
    accepts = schemas.convert(as_object(media).get("schema", {}))
    about = said.get("description")
    if isinstance(about, str) and about.strip() and isinstance(accepts, dict):
        accepts = {**accepts, "description": about.strip()[:1000]}
    used = style if style in styles else styles[0]
    explodes = said.get("explode")
    return Parameter(
        argument=argument,
        name=said["name"],
        place=place,
        style=used,
        explodes=explodes if isinstance(explodes, bool) else used in {"form", "deepObject"},
        is_required=place == "path" or said.get("required") is True,
        keeps_reserved=said.get("allowReserved") is True,
        media_type=media_type,
        accepts=accepts,
    )
