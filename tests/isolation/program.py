"""The real `maestro serve`, told to count its statements and to lose one ownership check at a time.

`python -m tests.isolation.program serve`. Addresses under `/-/` are the tests' own, outside of the gate.
"""

import hashlib
import logging
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

import structlog
from sqlalchemy import Engine, event
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.store import engine
from app import cli, server
from tests.isolation.weakening import heal, weaken

STATEMENTS = "x-statements"
"""The header with which an answer says how many statements it took, and a digest of them."""
OWN = "/-/"

_of_request: ContextVar[list[str] | None] = ContextVar("_of_request", default=None)
_of_thread = threading.local()


def watch_statements() -> None:
    """Note every statement with the request it is made for."""
    threaded: Callable[..., Any] = engine._threaded  # pyright: ignore[reportPrivateUsage]

    async def noted(threads: Any, way: Any, work: Callable[[Any], Any]) -> Any:
        told = _of_request.get()

        def told_of(store: Any) -> Any:
            _of_thread.told = told
            try:
                return work(store)
            finally:
                _of_thread.told = None

        return await threaded(threads, way, told_of)

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        told = getattr(_of_thread, "told", None)
        if told is not None:
            told.append(statement)

    engine._threaded = noted  # pyright: ignore[reportPrivateUsage]
    event.listen(Engine, "before_cursor_execute", note)


class Counted:
    """The server behind the gate; its answers say which statements they took."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count from here on: whether the gate asked or remembered says nothing of what was asked for."""
        told: list[str] = []
        _of_request.set(told)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                digest = hashlib.sha256("\n".join(told).encode()).hexdigest()[:12]
                message["headers"].append((STATEMENTS.encode(), f"{len(told)} {digest}".encode()))
            await send(message)

        await self.app(scope, receive, sending)


class Instrumented:
    """The gate behind the tests' own addresses."""

    def __init__(self, gate: Any) -> None:
        self.gate = gate
        self.app = gate.app
        gate.app = Counted(gate.app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is ours, pass on the rest."""
        if scope["type"] != "http" or not scope["path"].startswith(OWN):
            await self.gate(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode()).get("of", [])
        answer = ANSWERS[scope["path"].removeprefix(OWN)](self.app, *asked)
        await JSONResponse(answer)(scope, receive, send)


def listing(app: Any, *_: str) -> dict[str, list[list[str]]]:
    """Every route of the server outside of the API, and every event a page can send."""
    from reflex_base.registry import RegistrationContext  # noqa: PLC0415  only when the page is there

    while not hasattr(app, "routes"):
        app = app.app
    found = RegistrationContext.get().base_states.values()
    events = [
        [state.__module__, state.__name__, name]
        for state in found
        for name in state.event_handlers
        if name in vars(state).get("event_handlers", {})
    ]
    return {"routes": [list(route) for each in app.routes for route in plain(each)], "events": events}


def plain(route: BaseRoute) -> list[tuple[str, str]]:
    """The methods and addresses of a route; what is mounted is listed by its own tests."""
    if isinstance(route, Mount):
        return [("MOUNT", route.path)]
    assert isinstance(route, Route), route
    return [(method, route.path) for method in sorted(route.methods or ()) if method != "HEAD"]


def weakened(_app: ASGIApp, name: str) -> str:
    """Take one ownership check away."""
    weaken(name)
    return name


def healed(_app: ASGIApp) -> str:
    """Put all ownership checks back."""
    heal()
    return ""


ANSWERS: dict[str, Callable[..., Any]] = {"listing": listing, "weaken": weakened, "heal": healed}


def instrument() -> None:
    """Have the server made with our instruments around it, and log all it can."""
    watch_statements()
    made, form = server.application, cli.logs.configure

    def application(*given: Any) -> ASGIApp:
        return Instrumented(made(*given))

    def configure(*given: Any) -> None:
        form(*given)
        logging.getLogger().setLevel(logging.DEBUG)
        structlog.configure(wrapper_class=structlog.stdlib.BoundLogger)

    server.application = application
    cli.logs.configure = configure


if __name__ == "__main__":
    instrument()
    cli.main()
