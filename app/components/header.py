"""The line at the top of a page."""

# pyright: basic
# Reflex makes its components when it runs; their types say little.

from typing import Any

import reflex as rx

from app.words import SESSIONS
from app.words.keys import SHORTCUTS


def header(*inside: Any) -> rx.Component:
    """What a page says of itself, between the ways to the sessions and to the palette without keys."""
    finds = SHORTCUTS["palette"].what
    return rx.el.header(
        rx.el.button(
            "☰",
            type="button",
            class_name="menu",
            aria_label=SESSIONS,
            custom_attrs={"popovertarget": "sidebar"},
        ),
        *inside,
        rx.el.button(
            "⌕",
            type="button",
            class_name="finds",
            title=finds,
            aria_label=finds,
            custom_attrs={"data-does": "palette"},
        ),
    )
