"""The API's document: what every operation may answer beside its own, who may ask, and what they may add."""

from typing import Any

from pydantic import BaseModel

from app.api.keys import HEADER, SECRETS
from app.api.scopes import needed
from app.problems import MEDIA_TYPE

Document = dict[str, Any]

READING = {
    400: "The request cannot be read.",
    401: "Nobody known asks.",
    403: "Known, and not allowed; or it comes from another site's page.",
    404: "There is no such thing, or it is another's.",
    409: "It does not fit the present state.",
    422: "What was asked for cannot be.",
    429: "Too often or too much; Retry-After says when it may be again.",
    503: "Something the server stands on does not answer.",
}
CHANGING = {
    408: "The body took too long to come in.",
    413: "The body is too large.",
    415: "The body is no JSON.",
}
FASTAPIS = ("HTTPValidationError", "ValidationError")
"""Schemas of answers that we do not give."""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    code: str
    """Stable; what a program goes by."""
    detail: str
    """A sentence for a person."""
    status: int
    request_id: str
    """Stands in the answer's X-Request-ID and in each line of the server's log."""


def complete(document: Document) -> Document:
    """Say in a document what holds for all operations."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = Problem.model_json_schema()
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API token (mst_…)."},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "maestro-PORT"},
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _complete(path, method.upper(), operation)
    for name in FASTAPIS:
        schemas.pop(name, None)
    return document


def _complete(path: str, method: str, operation: Document) -> None:
    responses = operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    may_answer = READING if method in ("GET", "HEAD") else READING | CHANGING
    for status, description in may_answer.items():
        responses.setdefault(str(status), _problem(description))
    scope = needed(method, path)
    operation["security"] = [{"bearer": [scope] if scope else []}, {"cookie": []}]
    if path.startswith("/cli/"):
        operation["security"] = []
    elif method == "POST" and not SECRETS.match(path):
        operation.setdefault("parameters", []).append(_key())


def _problem(description: str) -> Document:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


def _key() -> Document:
    return {
        "name": HEADER,
        "in": "header",
        "required": False,
        "description": "The same request sent twice under one key is done once; kept for 24 hours.",
        "schema": {"type": "string", "pattern": "^[!-~]{8,200}$"},
    }
