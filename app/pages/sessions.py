"""All sessions: `/sessions`, to look through and search."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

import reflex as rx

from app.components import browsing
from app.pages.framing import framed
from app.words.browsing import ALL_SESSIONS


def page() -> rx.Component:
    """The page of all sessions."""
    column = rx.el.div(browsing.search_box(), browsing.acts(), browsing.sessions(), class_name="column")
    return framed(ALL_SESSIONS, "/sessions", rx.el.div(column, id="browsing"))
