"""What stands around a page that is no chat: sidebar, heading, what went wrong, palette and shortcuts."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs: their types say little.

import reflex as rx

from app.components import docks, keys, palette, sidebar, skips
from app.components.header import header
from app.listing import SessionsState
from app.state import FlashState


def framed(title: str, here: str, *content: rx.Component) -> rx.Component:
    """A page of this title, at this address."""
    return rx.el.div(
        skips.to_main(),
        sidebar.sidebar(SessionsState.entries, "", SessionsState.way_out, here),
        rx.el.main(
            header(rx.el.h1(title)),
            *content,
            rx.el.div(docks.flash(FlashState.sentence, FlashState.close), class_name="column"),
        ),
        palette.palette(""),
        keys.shortcuts(),
        class_name="page",
    )
