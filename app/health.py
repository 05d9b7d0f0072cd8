"""Whether the server is up, and whether it can do its work."""

import asyncio
import time

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse

from agent.config import Settings
from agent.running import unready

KEPT = 1.0
"""Seconds an answer holds: whoever asks more often costs the database nothing."""

logger = structlog.get_logger()


async def healthz(_request: Request) -> JSONResponse:
    """Say that the server is up."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Says whether what the server stands on is there; by name alone, as strangers may ask."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = asyncio.Lock()
        self._missing: list[str] = []
        self._asked_at = -KEPT

    async def readyz(self, _request: Request) -> JSONResponse:
        """Answer 200, or 503 with what is missing."""
        missing = await self._look()
        if missing:
            return JSONResponse({"status": "not ready", "missing": missing}, 503)
        return JSONResponse({"status": "ready"})

    async def _look(self) -> list[str]:
        async with self._lock:
            if time.monotonic() >= self._asked_at + KEPT:
                found = await unready(self._settings)
                if found != self._missing:
                    logger.warning("readiness has changed", missing=found)
                self._missing, self._asked_at = found, time.monotonic()
            return self._missing
