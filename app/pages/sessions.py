"""All sessions: `/sessions`, to look through and search."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

import reflex as rx

from app.components import browsing, docks, keys, palette, sidebar, skips
from app.listing import SessionsState
from app.state import FlashState
from app.words import SESSIONS
from app.words.browsing import ALL_SESSIONS


def page() -> rx.Component:
    """The page of all sessions."""
    return rx.el.div(
        skips.to_main(),
        sidebar.sidebar(SessionsState.entries, "", SessionsState.way_out),
        rx.el.main(
            rx.el.header(
                rx.el.button(
                    "☰",
                    type="button",
                    class_name="menu",
                    aria_label=SESSIONS,
                    custom_attrs={"popovertarget": "sidebar"},
                ),
                rx.el.h1(ALL_SESSIONS),
            ),
            rx.el.div(
                rx.el.div(browsing.search_box(), browsing.acts(), browsing.sessions(), class_name="column"),
                id="browsing",
            ),
            rx.el.div(docks.flash(FlashState.sentence, FlashState.close), class_name="column"),
        ),
        palette.palette(),
        keys.shortcuts(),
        class_name="page",
    )
