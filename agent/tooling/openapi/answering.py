"""What a service answered, as the model reads it."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from agent.tooling.openapi._bodies import is_json, is_text, kind

TOLD = ("location", "link", "retry-after", "etag")
"""Headers that say how to go on."""
LONGEST_PRETTY = 1_000_000
"""Bytes of JSON that is laid out for reading."""


def told(status: int, headers: Mapping[str, str], content: bytes, *, is_all: bool) -> str:
    """An answer in words: its status, the headers that matter, and its body as text.

    >>> print(told(200, {"content-type": "application/json"}, b'{"a":[1]}', is_all=True))
    200 OK, application/json
    <BLANKLINE>
    {
     "a": [
      1
     ]
    }
    """
    media_type = kind(headers.get("content-type", ""))
    lines = [", ".join(part for part in (f"{status} {_phrase(status)}".strip(), media_type) if part)]
    lines += [f"{name}: {headers[name][:500]}" for name in TOLD if name in headers]
    if not is_all:
        lines.append(f"[Only the first {len(content):,} bytes of the answer were read.]")
    return "\n".join(lines) + "\n\n" + _body(headers.get("content-type", ""), content)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _body(media_type: str, content: bytes) -> str:
    if not content:
        return "[The answer has no body.]"
    if is_json(media_type) and len(content) <= LONGEST_PRETTY:
        try:
            return json.dumps(json.loads(content), indent=1, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    if is_text(media_type) or (not media_type and b"\0" not in content[:8192]):
        return _decoded(media_type, content)
    return f"[{len(content):,} bytes of {kind(media_type) or 'an unknown type'}, which are no text.]"


def _decoded(media_type: str, content: bytes) -> str:
    charset = media_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        return content.decode(charset or "utf-8", "replace")
    except LookupError:
        return content.decode("utf-8", "replace")
