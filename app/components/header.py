"""The line at the top of a page."""

# pyright: basic
# Reflex makes its components when it runs; their types say little.

from typing import Any

import reflex as rx

from app.words import SAVE, SESSIONS
from app.words.browsing import NEW_NAME, RENAME
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


def named(name: rx.Var[str], renamed: Any) -> rx.Component:
    """The session's name; pressed, it can be changed. Renamed, what opened is made anew, and so closed."""
    return rx.fragment(
        rx.el.h1(rx.el.button(name, type="button", title=RENAME, custom_attrs={"popovertarget": "renaming"})),
        rx.el.form(
            rx.el.input(
                name="name",
                default_value=name,
                aria_label=NEW_NAME,
                max_length=200,
                auto_complete="off",
                custom_attrs={"autofocus": ""},
            ),
            rx.el.button(SAVE, type="submit", class_name="primary"),
            on_submit=renamed,
            id="renaming",
            key=name,
            custom_attrs={"popover": "auto"},
        ),
    )
