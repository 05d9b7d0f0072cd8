"""A request written from an operation and its arguments, by the styles of OpenAPI.

Source: https://spec.openapis.org/oas/v3.1.1.html#style-values
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, unquote

from agent.core.errors import ToolFailed
from agent.tooling.openapi._bodies import FORM, MULTIPART, is_json, is_text, kind
from agent.tooling.openapi._parameters import GAP
from agent.tooling.openapi.description import WHOLE_BODY, Content, Operation, Parameter, Part, Style

RESERVED = ":/?#[]@!$&'()*+,;="
DELIMITERS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Written:
    """What goes to the server, still without credentials."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: dict[str, str]
    cookies: tuple[str, ...]
    """Each as `name=value`."""
    content: bytes | None


def write(operation: Operation, arguments: Mapping[str, Any]) -> Written:
    """The request that an operation's arguments mean; they have been checked.

    Raises:
        ToolFailed: a value cannot be written where it belongs.
    """
    path, query, cookies = operation.path, list[str](), list[str]()
    headers = {"Accept": "application/json, text/*;q=0.9, */*;q=0.5"}
    gaps: dict[str, str] = {}
    for parameter in operation.parameters:
        value = arguments.get(parameter.argument)
        if value is None:
            continue
        match parameter.place:
            case "path":
                gaps[parameter.name] = _in_path(parameter, value)
            case "query":
                query += [f"{name}={text}" if text or name else "" for name, text in _pairs(parameter, value)]
            case "header":
                headers[parameter.name] = _in_header(parameter, value)
            case "cookie":
                cookies += [f"{name}={text}" for name, text in _pairs(parameter, value)]
    path = GAP.sub(lambda gap: gaps.get(gap[1], gap[0]), path)
    if _leads_away(path):  # what a value alone does not do, two beside each other may
        raise ToolFailed(f"What goes into the path would lead away from {operation.path}.")
    content = None
    if operation.body is not None and (value := arguments.get(WHOLE_BODY)) is not None:
        media_type, content = body(operation.body, value)
        headers["Content-Type"] = media_type
    target = _encoded(path) + (f"?{'&'.join(query)}" if query else "")
    return Written(operation.method.upper(), target, headers, tuple(cookies), content)


def _in_path(parameter: Parameter, value: Any) -> str:
    name = quote(parameter.name, safe="")
    if parameter.media_type:
        written = _quoted(_document(parameter.media_type, value))
    else:
        texts = {"simple": ("", ","), "label": (".", "."), "matrix": (f";{name}=", ",")}
        start, between = texts[parameter.style]
        if parameter.style == "matrix" and parameter.explodes and isinstance(value, dict | list):
            start, between = ";", ";"
        exploded = parameter.explodes and parameter.style != "simple"
        parts = _parts(parameter, value)
        if parameter.style == "matrix" and exploded and isinstance(value, list):
            parts = [f"{name}={part}" for part in parts]
        written = start + (between if exploded else ",").join(parts)
    if not written or _leads_away(written):
        raise ToolFailed(f"`{parameter.argument}` goes into the path: it may not be empty, nor hold `..`.")
    return written


def _leads_away(path: str) -> bool:
    """Whether a step of it means another place; a server may take an encoded slash for a slash.

    >>> _leads_away("/a/%2E%2e/b"), _leads_away("a%2F.."), _leads_away("/a/..b")
    (True, True, False)
    """
    return any(step in {".", ".."} for step in re.split(r"[/\\]", unquote(path)))


def _in_header(parameter: Parameter, value: Any) -> str:
    if parameter.media_type:
        text = _document(parameter.media_type, value)
    else:
        text = ",".join(_texts(value, "=" if parameter.explodes else ","))
    if _UNSENDABLE.search(text) or not text.isascii():
        raise ToolFailed(f"`{parameter.argument}` goes into a header: one line of plain letters and signs.")
    return text


def _pairs(parameter: Parameter, value: Any) -> Pairs:
    """A query's or cookie's parts, encoded."""
    name = _quoted(parameter.name)
    if parameter.media_type:
        return [(name, _quoted(_document(parameter.media_type, value)))]
    safe = RESERVED.translate(str.maketrans("", "", "&#+[]")) if parameter.keeps_reserved else ""
    return [
        (_quoted(key), text)
        for key, text in _styled(parameter.name, value, parameter.style, safe, parameter.explodes)
    ]


def _styled(name: str, value: Any, style: Style, safe: str, explodes: bool) -> Pairs:  # noqa: FBT001 - the field
    """Names as they are, and encoded values.

    >>> _styled("tag", ["a", "b c"], "form", "", True)
    [('tag', 'a'), ('tag', 'b%20c')]
    >>> _styled("tag", ["a", "b"], "pipeDelimited", "", False)
    [('tag', 'a%7Cb')]
    >>> _styled("at", {"x": 1, "y": [2, 3]}, "deepObject", "", True)
    [('at[x]', '1'), ('at[y]', '2'), ('at[y]', '3')]
    """
    if style == "deepObject":
        return _deep(name, value, safe)
    if explodes and isinstance(value, list):
        return [(name, _quoted(_text(each), safe)) for each in cast("list[Any]", value)]
    if explodes and isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return [(key, _quoted(_text(each), safe)) for key, each in named.items() if each is not None]
    texts = [_quoted(text, safe) for text in _texts(value, None)]
    return [(name, DELIMITERS.get(style, ",").join(texts))]


def _deep(name: str, value: Any, safe: str) -> Pairs:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value).items()
        return [pair for key, each in named for pair in _deep(f"{name}[{key}]", each, safe)]
    if isinstance(value, list):
        return [pair for each in cast("list[Any]", value) for pair in _deep(name, each, safe)]
    return [] if value is None else [(name, _quoted(_text(value), safe))]


def _parts(parameter: Parameter, value: Any) -> list[str]:
    return [
        "=".join(_quoted(piece) for piece in text) if isinstance(text, tuple) else _quoted(text)
        for text in (_pieces(value) if parameter.explodes else _texts(value, None))
    ]


def _pieces(value: Any) -> list[str | tuple[str, str]]:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return [(key, _text(each)) for key, each in named.items() if each is not None]
    return [*_texts(value, None)]


def _texts(value: Any, between: str | None) -> list[str]:
    """A list's items, an object's names and values in turn (or joined), or the one text.

    >>> _texts({"R": 100, "G": 200}, None), _texts({"R": 100}, "=")
    (['R', '100', 'G', '200'], ['R=100'])
    """
    if isinstance(value, dict):
        pairs = [
            (key, _text(each)) for key, each in cast("dict[str, Any]", value).items() if each is not None
        ]
        if between is not None:
            return [f"{key}{between}{text}" for key, text in pairs]
        return [text for pair in pairs for text in pair]
    return [_text(each) for each in (cast("list[Any]", value) if isinstance(value, list) else [value])]


def _text(value: Any) -> str:
    """How a single value is written outside of JSON.

    >>> _text(True), _text(1.0), _text(None), _text({"a": [1]})
    ('true', '1', '', '{"a":[1]}')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - exact in a float
        return str(int(value))
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _quoted(text: str, safe: str = "") -> str:
    try:
        return quote(text, safe=safe)
    except UnicodeEncodeError:
        raise ToolFailed("An argument holds half a character, which cannot be sent.") from None


def _encoded(path: str) -> str:
    """A path whose written gaps stay as they are."""
    return quote(path, safe="%/:@!$&'()*+,;=~")


def body(content: Content, value: Any) -> tuple[str, bytes]:
    """The type and the bytes of a body.

    >>> form = Content(media_type="application/x-www-form-urlencoded", is_required=True, accepts=True)
    >>> body(form, {"a": "b c", "d": [1, 2]})
    ('application/x-www-form-urlencoded', b'a=b%20c&d=1&d=2')

    Raises:
        ToolFailed: what shall be bytes is not in base64.
    """
    plain = kind(content.media_type)
    if plain == MULTIPART:
        return _multipart(content, value)
    if plain == FORM:
        return content.media_type, _form(content, value)
    if is_text(plain):
        return content.media_type, _document(content.media_type, value).encode("utf-8", "replace")
    return content.media_type, _decoded(WHOLE_BODY, value)


def _form(content: Content, value: Any) -> bytes:
    pairs: Pairs = []
    for name, each in cast("dict[str, Any]", value if isinstance(value, dict) else {}).items():
        part = content.parts.get(name, Part())
        if part.media_type:
            pairs.append((name, _quoted(_document(part.media_type, each))))
        elif isinstance(each, dict) and part.style == "form":
            pairs.append((name, _quoted(_text(each))))  # its keys alone would be taken for other fields
        elif each is not None:
            pairs += _styled(name, each, part.style, "", part.explodes)
    return "&".join(f"{_quoted(name)}={text}" for name, text in pairs).encode()


def _multipart(content: Content, value: Any) -> tuple[str, bytes]:
    import httpx2  # noqa: PLC0415 - takes a tenth of a second; whoever calls has it

    fields: list[tuple[str, Any]] = []
    for name, each in cast("dict[str, Any]", value if isinstance(value, dict) else {}).items():
        part = content.parts.get(name, Part())
        items = cast("list[Any]", each) if isinstance(each, list) else [each]
        fields += [(name, _field(name, part, item)) for item in items if item is not None]
    if not fields:
        raise ToolFailed("`body` is a form of several parts; it needs at least one.")
    request = httpx2.Request("POST", "http://localhost", files=fields)
    return request.headers["Content-Type"], request.read()


def _field(name: str, part: Part, value: Any) -> tuple[str | None, bytes | str, str]:
    """A part of a form as the HTTP client takes it: file name, content, type."""
    if part.is_file:
        return name, _decoded(name, value), part.media_type or "application/octet-stream"
    is_plain = isinstance(value, str) and not is_json(part.media_type)
    if is_plain or not isinstance(value, dict):
        return None, _text(value).encode("utf-8", "replace"), part.media_type or "text/plain"
    return None, json.dumps(value).encode(), part.media_type or "application/json"


def _document(media_type: str, value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if is_json(media_type) else _text(value)


def _decoded(name: str, value: Any) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except (binascii.Error, ValueError):
        raise ToolFailed(f"`{name}` is bytes: write them in base64.") from None
