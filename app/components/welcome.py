"""The empty page: what this is, how to give it a model, where to go on, and what to begin with."""

# pyright: basic, reportAttributeAccessIssue=false, reportIndexIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx
from reflex_components_core.react_router import link

from app.shown import Entry
from app.words import WELCOME, WELCOME_WHAT
from app.words.composing import ADD_A_KEY, DEMO, RECENT, STARTERS

MOST_RECENT = 5


def welcome(
    is_demo: rx.Var[bool],
    can_add_key: rx.Var[bool],
    starters: rx.Var[list[str]],
    recent: rx.Var[list[Entry]],
) -> rx.Component:
    """What an empty page says and offers."""
    return rx.el.section(
        rx.el.h2(WELCOME),
        rx.el.p(WELCOME_WHAT),
        rx.cond(is_demo, first_key(can_add_key)),
        rx.cond(starters.length() > 0, beginnings(starters)),
        rx.cond(recent.length() > 0, last_used(recent)),
        class_name="welcome",
    )


def first_key(can_add_key: rx.Var[bool]) -> rx.Component:
    """Who answers without a key, and the way to add one."""
    return rx.el.div(
        rx.el.p(DEMO, class_name="meta"),
        rx.cond(can_add_key, link(ADD_A_KEY, to="/settings#keys", class_name="button primary")),
        class_name="first-key",
    )


def beginnings(starters: rx.Var[list[str]]) -> rx.Component:
    """Prompts to put into the composer."""
    return rx.fragment(
        rx.el.h3(STARTERS),
        rx.el.ul(
            rx.foreach(
                starters,
                lambda text: rx.el.li(
                    rx.el.button(text, type="button", custom_attrs={"data-starter": text}), key=text
                ),
            ),
            class_name="starters",
        ),
    )


def last_used(recent: rx.Var[list[Entry]]) -> rx.Component:
    """The sessions that were used last."""
    return rx.fragment(
        rx.el.h3(RECENT),
        rx.el.ul(
            rx.foreach(
                recent[:MOST_RECENT],
                lambda entry: rx.el.li(link(entry.name, to=entry.href), key=entry.id),
            ),
            class_name="recent",
        ),
    )
