"""The routes of the device login (RFC 8628), where a program without a browser asks to be let in.

They speak OAuth: errors are `{"error": …}` as its clients know them, bodies are JSON or forms, and fields
that nobody knows are passed over.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, cast
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from agent import accounts
from agent.config import settings
from agent.core.identity import SCOPES, Scope

router = APIRouter(prefix="/cli/auth")

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
KNOWN = ("client_name", "client_id", "scope", "device_code", "grant_type", "token")
MOST_FIELDS = 50
NOT_KEPT = {"cache-control": "no-store", "pragma": "no-cache"}
PRODUCT = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
SCOPE_WORD = f"({'|'.join(SCOPES)})"


class Codes(BaseModel):
    """What a program goes on with."""

    device_code: str
    """The code the program polls with."""
    user_code: str
    """The code to show to the person."""
    verification_uri: str
    """Where the person types it."""
    expires_in: int
    """Seconds until the codes expire."""
    interval: int
    """Seconds to leave between two polls."""


class Token(BaseModel):
    """What a program speaks with from here on."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  no password
    expires_in: int


class Refused(BaseModel):
    """Why there are no codes."""

    error: Literal["invalid_request", "invalid_scope"]


class NotYet(BaseModel):
    """Why there is no token, or not yet."""

    error: accounts.Waiting


def _body(required: list[str], **fields: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": fields} | ({"required": required} if required else {})
    content = {kind: {"schema": schema} for kind in (JSON, FORM)}
    return {"requestBody": {"required": bool(required), "content": content}}


INITIATE = _body(
    [],
    client_name={"type": "string", "description": "What the person is told who asks."},
    scope={"type": "string", "pattern": f"^({SCOPE_WORD}( {SCOPE_WORD})*)?$"},
)
POLL = _body(
    ["device_code"],
    device_code={"type": "string", "description": "As `initiate` gave it."},
    grant_type={"type": "string", "enum": [GRANT]},
)
REVOKE = _body(["token"], token={"type": "string", "description": "The access token."})


@router.post(
    "/initiate",
    operation_id="initiateCliAuth",
    summary="Initiate CLI Device Auth",
    response_model=Codes,
    responses={400: {"model": Refused}},
    openapi_extra=INITIATE,
)
async def initiate(request: Request) -> JSONResponse:
    """Begin the login of a program; the person types the code it shows at `verification_uri`."""
    try:
        fields = await _fields(request)
    except ValueError:
        return _answer(400, Refused(error="invalid_request"))
    scopes = scopes_of(fields.get("scope", ""))
    if scopes is None:
        return _answer(400, Refused(error="invalid_scope"))
    codes = await accounts.begin_device(_client(request, fields), request.scope["place"], scopes)
    told = Codes(
        device_code=codes.device_code.get_secret_value(),
        user_code=codes.user_code.get_secret_value(),
        verification_uri=f"{settings().origin}/device",
        expires_in=codes.expires_in,
        interval=codes.interval,
    )
    return _answer(200, told)


@router.post(
    "/token",
    operation_id="pollForCliToken",
    summary="Poll for CLI Auth Token",
    response_model=Token,
    responses={400: {"model": NotYet}},
    openapi_extra=POLL,
)
async def token(request: Request) -> JSONResponse:
    """Ask whether the person has let the program in; the token is given once."""
    try:
        fields = await _fields(request)
    except ValueError:
        fields = {}
    code = fields.get("device_code", "") if fields.get("grant_type", GRANT) == GRANT else ""
    found = await accounts.redeem_device(code)
    if isinstance(found, str):
        return _answer(400, NotYet(error=found))
    seconds = int(accounts.DEVICE_TOKEN_LASTS.total_seconds())
    return _answer(200, Token(access_token=found.token.get_secret_value(), expires_in=seconds))


@router.post(
    "/revoke",
    operation_id="revokeCliToken",
    summary="Revoke CLI Token",
    response_class=Response,
    responses={400: {"model": Refused}},
    openapi_extra=REVOKE,
)
async def revoke(request: Request) -> Response:
    """Give a token back that is needed no longer (RFC 7009); one that nobody knows is given back already."""
    try:
        token = (await _fields(request))["token"]
    except (KeyError, ValueError):
        return _answer(400, Refused(error="invalid_request"))
    await accounts.give_back_token(token)
    return Response(headers=NOT_KEPT)


def scopes_of(text: str) -> tuple[Scope, ...] | None:
    """The scopes that a text names; None when it names one that is none.

    >>> scopes_of("sessions:read settings:read"), scopes_of(""), scopes_of("admin")
    (('sessions:read', 'settings:read'), (), None)
    """
    words = text.split(" ") if text else []
    return tuple(scope for scope in SCOPES if scope in words) if set(words) <= set(SCOPES) else None


def fields_of(kind: str, body: bytes) -> dict[str, str]:
    """The fields of a body that we know, each a text and given once.

    Raises:
        ValueError: it cannot be read, or a field is something else.

    >>> fields_of("application/json", b'{"scope": "", "x": 1}'), fields_of(FORM, b"device_code=msd_x")
    ({'scope': ''}, {'device_code': 'msd_x'})
    """
    given = _parsed(kind, body) if body else {}
    fields = {name: given[name] for name in KNOWN if name in given}
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("a field is no text")
    return fields


def _parsed(kind: str, body: bytes) -> dict[str, Any]:
    if kind == FORM:
        given = parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        return {name: values[0] if len(values) == 1 else values for name, values in given.items()}
    if kind != JSON:
        raise ValueError("neither JSON nor a form")
    try:
        found: object = json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004  a fault of who asks
    return cast("dict[str, Any]", found)


def _client(request: Request, fields: Mapping[str, str]) -> str:
    """What a program calls itself: here, as OAuth's clients do, or as it does everywhere."""
    product = PRODUCT.match(request.headers.get("user-agent", ""))
    return fields.get("client_name") or fields.get("client_id") or (product[0] if product else "")


async def _fields(request: Request) -> dict[str, str]:
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    return fields_of(kind, await request.body())


def _answer(status: int, told: BaseModel) -> JSONResponse:
    return JSONResponse(told.model_dump(), status, NOT_KEPT)
