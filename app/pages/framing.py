"""What stands around a page that is no chat: sidebar, heading, what went wrong, palette and shortcuts."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

import reflex as rx

from app.components import docks, keys, palette, sidebar, skips
from app.listing import SessionsState
from app.state import FlashState
from app.words import SESSIONS


def framed(title: str, here: str, *content: rx.Component) -> rx.Component:
    """A page of this title, at this address."""
    return rx.el.div(
        skips.to_main(),
        sidebar.sidebar(SessionsState.entries, "", SessionsState.way_out, here),
        rx.el.main(
            rx.el.header(menu(), rx.el.h1(title)),
            *content,
            rx.el.div(docks.flash(FlashState.sentence, FlashState.close), class_name="column"),
        ),
        palette.palette(),
        keys.shortcuts(),
        class_name="page",
    )


def menu() -> rx.Component:
    """What opens the sidebar where it has no room."""
    return rx.el.button(
        "☰",
        type="button",
        class_name="menu",
        aria_label=SESSIONS,
        custom_attrs={"popovertarget": "sidebar"},
    )
