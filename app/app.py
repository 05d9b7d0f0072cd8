"""The page as Reflex knows it."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx
import structlog

from app import tabs
from app.browsing import BrowsingState
from app.pages import chat, device, sessions, settings
from app.scripts import address
from app.words import NAME
from app.words.browsing import ALL_SESSIONS
from app.words.device import TITLE as DEVICE
from app.words.settings import SETTINGS

logger = structlog.get_logger()


def log_error(exception: Exception) -> None:
    """Log what an event raised that nobody foresaw; nothing of it reaches the page."""
    logger.error("event failed", exc_info=exception)


app = rx.App(
    stylesheets=["/maestro.css"],
    head_components=[
        rx.el.link(rel="icon", href="/icon.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
        rx.el.script(src=address("first.js")),
        rx.el.script(src=address("later.js"), defer=True),
    ],
    html_lang="en",
    toaster=None,
    app_wraps={},
    backend_exception_handler=log_error,
)
for route in ("/", "/s/[id]"):
    app.add_page(
        chat.page,
        route=route,
        title=NAME,
        on_load=[chat.ChatState.arrive, chat.ChatState.get_ready],
    )
app.add_page(
    settings.page,
    route="/settings",
    title=f"{SETTINGS} · {NAME}",
    on_load=settings.SettingsState.arrive,
)
app.add_page(
    device.page,
    route="/device",
    title=f"{DEVICE} · {NAME}",
    on_load=device.DeviceState.arrive,
)
app.add_page(
    sessions.page,
    route="/sessions",
    title=f"{ALL_SESSIONS} · {NAME}",
    on_load=BrowsingState.arrive,
)
tabs.know(app)
