"""The API as an application of its own: its routes, its document, and errors as problem JSON."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from agent.core.errors import (
    Conflict,
    Invalid,
    LimitReached,
    MaestroError,
    NotAllowed,
    NotFound,
    Unavailable,
)
from app.api.routes import router
from app.words import NAME, error_sentence

STATUS: dict[type[MaestroError], int] = {
    NotFound: 404,
    NotAllowed: 401,
    Conflict: 409,
    Invalid: 422,
    LimitReached: 429,
    Unavailable: 503,
}


def application() -> FastAPI:
    """Make the API."""
    api = FastAPI(title=NAME, version="1", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    api.include_router(router)
    api.add_exception_handler(MaestroError, _told)
    api.add_exception_handler(RequestValidationError, _malformed)
    api.add_exception_handler(ValidationError, _malformed)
    return api


async def _told(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MaestroError):
        raise error
    status = STATUS.get(type(error), 500)
    return _problem(status, error.code, error_sentence(error))


async def _malformed(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError | ValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _problem(422, "invalid", f"{where}: {first['msg']}")


def _problem(status: int, code: str, detail: str) -> JSONResponse:
    body = {"code": code, "detail": detail, "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")
