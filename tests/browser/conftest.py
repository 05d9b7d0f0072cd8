"""Real Chromium before a real server; each test in a browser context of its own."""

import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from app.build import ROOT, is_built
from tests.app.serving import Server, serving
from tests.browser.chat import Chat
from tests.browser.chromium import chromium
from tests.browser.model_server import model_server
from tests.conftest import IN_CI

PATIENCE = 20_000
"""Milliseconds a page may take on a busy machine."""
SOON = 5_000
"""Milliseconds for what takes no time."""
expect.set_options(timeout=PATIENCE)

Opening = Callable[..., Awaitable[Chat]]


@pytest.fixture(scope="session")
def built() -> None:
    """The page, built once, whoever comes first."""
    with (ROOT / "node_modules" / ".page-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_built():
            subprocess.run([sys.executable, "-m", "app.build"], cwd=ROOT, check=True, capture_output=True)


@pytest.fixture(scope="session")
def server(
    built: None,  # noqa: ARG001  the page comes first
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server without a key: the demo answers."""
    with serving(tmp_path_factory.mktemp("demo")) as found:
        yield found


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """A model server that does as it is told."""
    with model_server() as url:
        yield url


@pytest.fixture(scope="session")
def keyed_server(
    built: None,  # noqa: ARG001  the page comes first
    model_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server whose models are our model server's."""
    settings = {"OPENAI_COMPATIBLE_BASE_URL": model_url, "MAESTRO_DEFAULT_MODEL": "compatible:x"}
    with serving(tmp_path_factory.mktemp("keyed"), **settings) as found:
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once."""
    async with chromium() as found:
        if found is None:
            reason = "Chromium is not installed: apt-get install chromium, or playwright install chromium"
            pytest.fail(reason) if IN_CI else pytest.skip(reason)
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser profile nobody has used before."""
    async with await browser.new_context(viewport={"width": 1280, "height": 800}) as found:
        found.set_default_timeout(PATIENCE)
        yield found


@pytest_asyncio.fixture(loop_scope="session")
async def tab(context: BrowserContext) -> AsyncIterator[Opening]:
    """Opens tabs, all of one person; at the end none of them may have shown a fault."""
    chats: list[Chat] = []

    async def opened(server: Server, path: str = "/") -> Chat:
        chats.append(Chat(await context.new_page(), server))
        await chats[-1].open(path)
        return chats[-1]

    yield opened
    assert [fault for chat in chats for fault in chat.faults.seen] == []


@pytest_asyncio.fixture(loop_scope="session")
async def chat(tab: Opening, server: Server) -> Chat:
    """A new session of the demo."""
    return await tab(server)
