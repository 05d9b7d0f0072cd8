"""The route of a workspace's files: raster images are shown, everything else is only taken away."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Response

from agent import sessions, tooling
from app.api.routes import Asking

router = APIRouter(prefix="/sessions/{session_id}")

ALONE = "default-src 'none'; sandbox"
"""Whatever a browser takes a file for: nothing in it runs, and it asks for nothing."""
ANY = "application/octet-stream"
FILE: dict[str, Any] = {
    "description": "The file; an image as such, anything else to be taken away.",
    "content": {
        kind: {"schema": {"type": "string", "format": "binary"}}
        for kind in ("image/png", "image/jpeg", "image/gif", "image/webp", ANY)
    },
}
"""The answer, for the document."""


@router.get("/files/{path:path}", response_class=Response, responses={200: FILE})
async def file(user: Asking, session_id: str, path: str) -> Response:
    """A file of the workspace; what kind it is, its first bytes say and never its name."""
    found = await tooling.take_file(user, await sessions.get(user, session_id), path)
    headers = {
        "content-disposition": disposition(found.name, shows=bool(found.media_type)),
        "content-security-policy": ALONE,
        "x-content-type-options": "nosniff",
    }
    return Response(found.raw, media_type=found.media_type or ANY, headers=headers)


def disposition(name: str, *, shows: bool) -> str:
    """Whether a file is shown in its place or taken away, and under which name.

    >>> disposition("a b.html", shows=False)
    "attachment; filename*=UTF-8''a%20b.html"

    Source: RFC 6266, RFC 8187.
    """
    way = "inline" if shows else "attachment"
    return f"{way}; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
