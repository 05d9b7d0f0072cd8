"""The API as an application of its own: its routes, its document, and errors as problem JSON."""

from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent.core.errors import (
    Conflict,
    Invalid,
    LimitReached,
    MaestroError,
    NotAllowed,
    NotFound,
    Unavailable,
)
from app.api import audit, calls, permissions, services
from app.api.limits import BodyLimit
from app.api.routes import router
from app.problems import problem
from app.words import NAME

STATUS: dict[type[MaestroError], int] = {
    NotFound: 404,
    NotAllowed: 401,
    Conflict: 409,
    Invalid: 422,
    LimitReached: 429,
    Unavailable: 503,
}
CODES = {400: "unreadable", 404: "no_such_address", 405: "wrong_method", 413: "too_large"}
"""What went wrong before a route was reached."""

logger = structlog.get_logger()


def application() -> FastAPI:
    """Make the API."""
    api = FastAPI(title=NAME, version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    api.include_router(router)
    api.include_router(calls.router)
    api.include_router(services.router)
    api.include_router(permissions.router)
    api.include_router(audit.router)
    api.add_middleware(BodyLimit)
    api.add_exception_handler(MaestroError, _told)
    api.add_exception_handler(RequestValidationError, _malformed)
    api.add_exception_handler(HTTPException, _unreached)
    api.add_exception_handler(Exception, _broken)
    return api


async def _told(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MaestroError):
        raise error
    return problem(STATUS.get(type(error), 500), error)


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem(422, Invalid("bad_arguments", what=f"{where}: {first['msg']}"))


async def _unreached(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    return problem(error.status_code, MaestroError(CODES.get(error.status_code, "unreadable")))


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    reference = uuid4().hex[:8]
    logger.error("request failed", reference=reference, exc_info=error)
    return problem(500, MaestroError("internal", reference=reference))
