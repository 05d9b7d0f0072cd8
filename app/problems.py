"""What a program is told went wrong: problem JSON with a stable code and a sentence."""

from starlette.responses import JSONResponse

from agent.core.errors import MaestroError
from app.words import error_sentence


def problem(status: int, error: MaestroError) -> JSONResponse:
    """An answer that says what went wrong.

    >>> problem(404, MaestroError("session")).status_code
    404
    """
    body = {"code": error.code, "detail": error_sentence(error), "status": status}
    return JSONResponse(body, status, media_type="application/problem+json")
