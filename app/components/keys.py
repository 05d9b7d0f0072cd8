"""The list of shortcuts, where each can be changed; what keys do is done by the page's script."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Mapping

import reflex as rx

from app.components.settings import section
from app.words import CLOSE
from app.words import keys as words
from app.words.settings import SECTIONS

SAID = {
    "data-press": words.PRESS,
    "data-none": words.NONE,
    "data-clash": words.CLASH,
    "data-browsers": words.IS_TAKEN,
    "data-bare": words.IS_LETTER,
    "data-changed": words.CHANGED,
    "data-was-reset": words.IS_RESET,
    "data-taken": words.TAKEN,
}
"""What the script says, and the keys it leaves alone."""


def shortcuts() -> rx.Component:
    """The list, as a dialog of every page."""
    return rx.el.dialog(
        rx.el.h2(words.TITLE, id="shortcuts-title"),
        rx.el.label(
            rx.el.input(type="checkbox", role="switch", id="keys-on", default_checked=True),
            words.SWITCHED,
        ),
        rx.el.div(
            _list(words.SHORTCUTS, letter=False),
            rx.el.h3(words.IN_QUESTIONS),
            _list(words.LETTERS, letter=True),
            rx.el.p(words.FIXED, class_name="meta"),
            class_name="lists",
        ),
        rx.el.div(
            rx.el.output(role="status"),
            rx.el.button(words.RESET, type="button", id="reset-keys"),
            rx.el.button(CLOSE, type="button", class_name="primary", custom_attrs={"data-does": "shortcuts"}),
            class_name="answers",
        ),
        id="shortcuts",
        class_name="over",
        aria_labelledby="shortcuts-title",
        custom_attrs=SAID,
    )


def _list(those: Mapping[str, words.Shortcut], *, letter: bool) -> rx.Component:
    return rx.el.ul(*(_shortcut(action, one, letter=letter) for action, one in those.items()))


def _shortcut(action: str, one: words.Shortcut, *, letter: bool) -> rx.Component:
    attributes = {"data-action": action, "data-keys": one.keys, "data-what": one.what}
    means = words.CHANGE.format(what=one.what)
    return rx.el.li(
        rx.el.span(one.what),
        rx.el.button(
            one.keys,
            type="button",
            title=means,
            aria_describedby=f"means-{action}",
            custom_attrs={**attributes, **({"data-letter": ""} if letter else {})},
        ),
        rx.el.span(means, id=f"means-{action}", hidden=True),
    )


def keyboard() -> rx.Component:
    """The section of the settings that leads to the list."""
    return section(
        "keyboard",
        SECTIONS["keyboard"],
        words.KEYBOARD_WHAT,
        rx.el.button(
            words.OPEN_LIST, type="button", class_name="opens", custom_attrs={"data-does": "shortcuts"}
        ),
    )
