"""What an operation's body is, and how each part of a form is written."""

from typing import Any

from agent.tooling.openapi._parameters import STYLES
from agent.tooling.openapi.description import Content, Part, Schema
from agent.tooling.openapi.references import as_object, followed
from agent.tooling.openapi.schemas import BYTES, Schemas

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
ANY = "application/octet-stream"
FORM_STYLES = STYLES["query"]


def kind(media_type: str) -> str:
    """The bare type, in small letters.

    >>> kind("Application/JSON; charset=utf-8")
    'application/json'
    """
    return media_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether it is JSON, or a format in it.

    >>> is_json("application/json; charset=utf-8"), is_json("application/hal+json"), is_json("text/plain")
    (True, True, False)
    """
    return kind(media_type).endswith(("/json", "+json"))


def is_text(media_type: str) -> bool:
    """Whether it is text of any format.

    >>> is_text("text/csv"), is_text("application/xml"), is_text("image/svg+xml"), is_text("image/png")
    (True, True, True, False)
    """
    plain = kind(media_type)
    others = (
        "/xml",
        "+xml",
        "/yaml",
        "/x-yaml",
        "+yaml",
        "/javascript",
        "/graphql",
        "/x-ndjson",
        "/jsonl",
        "/sql",
    )
    return plain.startswith("text/") or is_json(plain) or plain.endswith(others)


def content(document: dict[str, Any], schemas: Schemas, said: Any) -> Content | None:
    """The body, in the type of those offered that a model writes best; None when there is none."""
    body = followed(document, said) or {}
    offered = as_object(body.get("content"))
    if not offered:
        return None
    media_type = min(offered, key=_rank)
    media = as_object(offered[media_type])
    accepts = schemas.convert(media.get("schema", {}))
    if "*" in media_type:
        media_type = ANY if accepts in ({}, True) or _has_bytes(accepts) else "application/json"
    parts: dict[str, Part] = {}
    if kind(media_type) in {FORM, MULTIPART}:
        parts = _parts(accepts, schemas.definitions, media.get("encoding"), media_type)
    elif is_text(media_type) and not is_json(media_type):
        accepts = _kept(accepts, {"type": "string"})
    elif not is_json(media_type):
        accepts = _kept(accepts, BYTES)
    is_required = body.get("required") is True
    return Content(media_type=media_type, is_required=is_required, accepts=accepts, parts=parts)


def _rank(media_type: str) -> int:
    plain = kind(media_type)
    liked = [plain == "application/json", is_json(plain), plain == FORM, plain == MULTIPART, is_text(plain)]
    return liked.index(True) if True in liked else len(liked)


def _kept(accepts: Schema, shape: dict[str, Any]) -> dict[str, Any]:
    """A text's or bytes' own schema, with no more of the described one than its words."""
    described = accepts.get("description") if isinstance(accepts, dict) else None
    return {**shape, "description": described} if described else dict(shape)


def _has_bytes(schema: Schema) -> bool:
    return isinstance(schema, dict) and schema.get("contentEncoding") == "base64"


def _parts(
    accepts: Schema, definitions: dict[str, Schema], encoding: Any, media_type: str
) -> dict[str, Part]:
    said = as_object(encoding)
    parts: dict[str, Part] = {}
    for name, schema in properties(accepts, definitions).items():
        how = as_object(said.get(name))
        wanted = how.get("contentType")
        style = how.get("style")
        explodes = how.get("explode")
        parts[name] = Part(
            media_type=wanted.partition(",")[0].strip()
            if isinstance(wanted, str) and "*" not in wanted
            else "",
            style=style if style in FORM_STYLES else "form",
            explodes=explodes if isinstance(explodes, bool) else True,
            is_file=kind(media_type) == MULTIPART and _is_file(schema, definitions),
        )
    return parts


def _is_file(schema: Schema, definitions: dict[str, Schema]) -> bool:
    found = behind(schema, definitions)
    return _has_bytes(found) or _has_bytes(behind(found.get("items", {}), definitions))


def properties(schema: Schema, definitions: dict[str, Schema], depth: int = 0) -> dict[str, Schema]:
    """The properties of an object's schema, those of its parts included.

    >>> properties({"allOf": [{"$ref": "#/$defs/A"}]}, {"A": {"properties": {"x": True}}})
    {'x': True}
    """
    found = behind(schema, definitions)
    merged: dict[str, Schema] = {}
    if depth < 5:  # noqa: PLR2004 - what refers to itself has no end
        for part in [*found.get("allOf", []), *found.get("oneOf", []), *found.get("anyOf", [])][:50]:
            merged |= properties(part, definitions, depth + 1)
    return {**merged, **found.get("properties", {})}


def behind(schema: Schema, definitions: dict[str, Schema]) -> dict[str, Any]:
    """A schema behind its reference.

    >>> behind({"$ref": "#/$defs/A"}, {"A": {"type": "string"}})
    {'type': 'string'}
    """
    for _ in range(20):
        if not isinstance(schema, dict):
            return {}
        if "$ref" not in schema:
            return schema
        schema = definitions.get(schema["$ref"].removeprefix("#/$defs/"), {})
    return {}
