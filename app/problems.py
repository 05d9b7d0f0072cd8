"""What a program is told went wrong: problem JSON with a stable code and a sentence."""

import structlog
from starlette.responses import JSONResponse

from agent.core.errors import (
    Conflict,
    Invalid,
    LimitReached,
    MaestroError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Unavailable,
)
from app.words import error_sentence

STATUS: dict[type[MaestroError], int] = {
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    Invalid: 422,
    LimitReached: 429,
    Unavailable: 503,
}
MEDIA_TYPE = "application/problem+json"


def status_of(error: MaestroError) -> int:
    """The status that an error is answered with.

    >>> status_of(NotSignedIn()), status_of(NotAllowed("wrong_scope"))
    (401, 403)
    """
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem(status: int, error: MaestroError) -> JSONResponse:
    """An answer that says what went wrong.

    >>> problem(404, MaestroError("session")).status_code
    404
    """
    request_id: str = structlog.contextvars.get_contextvars().get("request_id", "")
    told = {"code": error.code, "detail": error_sentence(error), "status": status, "request_id": request_id}
    headers: dict[str, str] = {}
    if status == STATUS[NotSignedIn]:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, LimitReached) and "seconds" in error.values:
        headers["retry-after"] = str(error.values["seconds"])
    return JSONResponse(told, status, headers, MEDIA_TYPE)


def told(error: MaestroError) -> JSONResponse:
    """An answer that says what went wrong, with the status that belongs to it.

    >>> told(NotFound("session")).status_code
    404
    """
    return problem(status_of(error), error)
