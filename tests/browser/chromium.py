"""Chromium: where it is, how it is started, and the marks of tests that need it."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first draws the same pages with half the work: it is the same engine without the windows around it."""
ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def marks(group: str) -> list[pytest.MarkDecorator]:
    """One browser and one server to a group, on one event loop."""
    return [
        pytest.mark.browser,
        pytest.mark.xdist_group(f"browser-{group}"),
        pytest.mark.asyncio(loop_scope="session"),
    ]


def executable(playwright: Playwright) -> str:
    """The machine's own Chromium, else Playwright's; empty when there is none."""
    own = playwright.chromium.executable_path
    found = (path for name in NAMES if (path := shutil.which(name)))
    return next(found, own if os.path.exists(own) else "")  # noqa: PTH110  a look, once, before all tests


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser | None]:
    """Run Chromium until the end of the block; None when there is none."""
    async with async_playwright() as playwright:
        path = executable(playwright)
        if not path:
            yield None
            return
        # As root Chromium has no sandbox to go into.
        arguments = [*ARGUMENTS, *(["--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else [])]
        browser = await playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        await browser.close()
