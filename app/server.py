"""The whole server on one port: page, socket and API behind the guard."""

import gc
import os
import secrets
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.config import Settings
from agent.running import running
from app import connecting, signing
from app.api.application import application as api_application
from app.build import BUILT
from app.building import ANY_SESSION
from app.connections import watching
from app.guard import Guard, own_origins
from app.health import Readiness, healthz

SWITCH = 0.0005
"""Seconds a thread waits for its turn while another computes; Python's own 0.005 are felt at each prompt."""
REFLEX = {
    "REFLEX_ENV_MODE": "prod",
    "REFLEX_STATE_MANAGER_MODE": "memory",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_CHECK_LATEST_VERSION": "false",
    "REFLEX_WEB_WORKDIR": str(BUILT.parent.parent),
    "__REFLEX_SKIP_COMPILE": "true",
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
}
"""Serve the page as it was built: no compiling, no node, no bun. The last two are inner names of Reflex."""
REFLEX_ON_MANY = {"REFLEX_STATE_MANAGER_MODE": "redis", "REFLEX_OPLOCK_ENABLED": "true"}
"""A tab may come back to another process. With the opportunistic lock a State stays in the memory of the one
it speaks with, instead of being written and read at each flush."""


def page_application(settings: Settings) -> Starlette:
    """Reflex's application, serving the built page."""
    os.environ.update(REFLEX)
    if settings.redis_url:
        os.environ.update(REFLEX_ON_MANY, REFLEX_REDIS_URL=settings.redis_url)
    os.environ["REFLEX_CORS_ALLOWED_ORIGINS"] = ",".join(sorted(own_origins(settings)))
    from app.app import app  # noqa: PLC0415  Reflex reads its settings when it is imported

    page = app()
    if not isinstance(page, Starlette):
        raise TypeError("Reflex gives another kind of application than this code knows.")
    return page


class SessionPage:
    """Serves the one page that was built for all sessions, whichever is asked for."""

    def __init__(self, page: ASGIApp) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as if the page had been asked for by the name of its file."""
        path = f"{ANY_SESSION}.html"
        await self._page({**scope, "path": path, "raw_path": path.encode()}, receive, send)


def application(settings: Settings, local_key: str) -> ASGIApp:
    """The server as an ASGI application."""
    page = page_application(settings)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None, None]:
        async with running(settings) as owner, watching(), page.router.lifespan_context(page):
            guard.visits.owner = owner
            yield

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", Readiness(settings).readyz),
        *signing.routes(settings),
        *connecting.routes(),
        Mount("/api/v1", api_application()),
        Route("/s/{session_id}", SessionPage(page)),
        Mount("/", page),
    ]
    guard = Guard(Starlette(routes=routes, lifespan=lifespan), settings, BUILT, local_key)
    return guard


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until stopped."""
    sys.setswitchinterval(SWITCH)
    local_key = secrets.token_urlsafe(16)
    visit = f"{settings.origin}/" + (f"?key={local_key}" if settings.maestro_local_key else "")
    config = uvicorn.Config(
        application(settings, local_key),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=1_000_000,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    gc.freeze()  # and never look through it again: that would be felt as a pause
    gc.enable()
    print(f"Maestro is at {visit}", flush=True)  # noqa: T201  what a person waits for
    uvicorn.Server(config).run([listener])
