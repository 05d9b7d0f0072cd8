"""Where people come back to from a provider they have signed in at."""

from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from agent import providers
from agent.core.errors import Invalid, MaestroError
from app.signing import PRIVATE, person

LONGEST = 4096
"""Characters of what comes back."""

logger = structlog.get_logger()


def routes() -> list[Route]:
    """The address of coming back."""
    return [Route("/auth/connected", come_back)]


async def come_back(request: Request) -> RedirectResponse:
    """Take in who comes back, and show the settings: connected with a provider, or why not."""
    try:
        words = {"connected": await _connected(request)}
    except MaestroError as error:
        logger.info("no credential came back", code=error.code)
        provider = error.values.get("provider")
        words = {"failed": error.code} | ({"provider": provider} if isinstance(provider, str) else {})
    return RedirectResponse(f"/settings?{urlencode(words)}", 303, PRIVATE)


async def _connected(request: Request) -> str:
    """The provider that somebody is connected with now.

    Raises:
        Invalid: it is not who went there, what came back is none of ours, or the provider refused it.
        Unavailable: the provider does not answer.
    """
    user, given = person(request), request.query_params
    state, code = (given.getlist(name) for name in ("state", "code"))
    if user is None or len(state) != 1 or len(code) > 1 or max(map(len, [*state, *code])) > LONGEST:
        raise Invalid("sign_in_state")
    # What comes with an error is no code: whoever said no has taken nothing along.
    return await providers.finish_sign_in(user, state[0], "" if "error" in given else "".join(code))
