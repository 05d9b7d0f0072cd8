"""The API as an application of its own: its routes, its document, and errors as problem JSON."""

from functools import cache
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from agent.core.errors import Invalid, MaestroError
from app.api import (
    attaching,
    audit,
    browsing,
    calls,
    credentials,
    devices,
    files,
    permissions,
    services,
    tokens,
    users,
)
from app.api.document import complete
from app.api.heads import Heads
from app.api.keys import Idempotency
from app.api.limits import BodyLimit
from app.api.routes import router
from app.api.scopes import ScopeCheck
from app.problems import problem, told
from app.words import NAME

CODES = {400: "unreadable", 404: "no_such_address", 405: "wrong_method"}
"""What went wrong before a route was reached."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
WRONG_METHOD = 405

logger = structlog.get_logger()


def application() -> FastAPI:
    """Make the API."""
    api = FastAPI(title=NAME, version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    api.include_router(router)
    api.include_router(browsing.router)
    api.include_router(attaching.router)
    api.include_router(files.router)
    api.include_router(calls.router)
    api.include_router(services.router)
    api.include_router(permissions.router)
    api.include_router(audit.router)
    api.include_router(users.router)
    api.include_router(tokens.router)
    api.include_router(credentials.router)
    api.include_router(devices.router)
    # The last of these stands in front.
    for each in (Idempotency, BodyLimit, Heads, ScopeCheck):
        api.add_middleware(each)
    api.add_exception_handler(MaestroError, _told)
    api.add_exception_handler(RequestValidationError, _malformed)
    api.add_exception_handler(HTTPException, _unreached)
    api.add_exception_handler(Exception, _broken)
    written = api.openapi
    document = cache(lambda: complete(written()))
    api.openapi = document
    return api


async def _told(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MaestroError):
        raise error
    return told(error)


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, Invalid("bad_arguments", what=f"{where}: {first['msg']}"))


async def _unreached(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    answer = problem(error.status_code, MaestroError(CODES.get(error.status_code, "unreadable")))
    if error.status_code == WRONG_METHOD:
        answer.headers["allow"] = ", ".join(allowed(request))
    return answer


def allowed(request: Request) -> list[str]:
    """The methods that the address of a request takes."""
    scope, routes = request.scope, request.app.routes
    known = [
        method
        for method in METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
    return [*known, *(["HEAD"] if "GET" in known else [])]


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    reference = uuid4().hex[:8]
    logger.error("request failed", reference=reference, exc_info=error)
    return problem(500, MaestroError("internal", reference=reference))
