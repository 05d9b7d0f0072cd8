"""What the sections of the settings page share: frame, switches, what is asked twice, forms to the API."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx

from app.words.settings import COPIED, COPY, NO, NO_ANSWER, READ_ANEW, SENDING, YES


def section(name: str, title: str, what: Any, *children: Any, on_reload: Any = None) -> rx.Component:
    """One section: its heading, a sentence about it, and what it holds.

    Args:
        name: its anchor.
        title: its heading.
        what: what it is for.
        children: what it holds.
        on_reload: reads it anew, when a form has changed something past its State.
    """
    reload = rx.el.button(READ_ANEW, type="button", hidden=True, on_click=on_reload, class_name="reload")
    return rx.el.section(
        rx.el.h2(title, tab_index=-1),
        rx.el.p(what, class_name="meta"),
        *children,
        reload if on_reload is not None else rx.fragment(),
        id=name,
        aria_label=title,
    )


def switch(label: Any, is_on: Any, on_change: Any, name: Any, *notes: Any) -> rx.Component:
    """Something that is on or off.

    Args:
        label: what it says.
        is_on: whether it is on.
        on_change: called with what it shall be.
        name: what a screen reader says.
        notes: what stands beside.
    """
    return rx.el.label(
        rx.el.span(label, *notes),
        rx.el.input(type="checkbox", role="switch", checked=is_on, on_change=on_change, aria_label=name),
        class_name="switch",
    )


def sure(words: str, name: Any, on_yes: Any = None) -> rx.Component:
    """A choice that is asked about once more, in its place; without an event it sends its form."""
    way: dict[str, Any] = {"type": "submit"} if on_yes is None else {"type": "button", "on_click": on_yes}
    return rx.el.details(
        rx.el.summary(words, role="button", aria_label=name),
        rx.el.button(YES, aria_label=YES + ": " + name, class_name="danger", **way),
        rx.el.button(NO, type="button", class_name="no"),
        class_name="sure",
    )


def sent(request: Any, done: str, *children: Any, **more: str) -> rx.Component:
    """A form that the page's script sends to the API, past all States: it carries a secret.

    Args:
        request: method and address.
        done: what is said when it went well.
        children: its fields and buttons.
        more: what the script does with a field of the answer: it `shows` one once, or `goes` to it.
    """
    attributes = {
        "data-api": request,
        "data-done": done,
        "data-sending": SENDING,
        "data-silent": NO_ANSWER,
        "data-copy": COPY,
        "data-copied": COPIED,
        **{f"data-{name}": value for name, value in more.items()},
    }
    return rx.el.form(*children, rx.el.output(role="status"), custom_attrs=attributes, class_name="sent")


def field(label: str, control: rx.Component, hint: str = "") -> rx.Component:
    """A labelled field, with a word about how it is written."""
    return rx.el.label(label, *([" ", rx.el.small(hint)] if hint else []), control, class_name="field")


def secret(name: Any, **more: Any) -> rx.Component:
    """A field whose words are not shown, and that no password manager takes for a sign-in."""
    return rx.el.input(
        type="password", name=name, auto_complete="off", spell_check=False, max_length=10_000, **more
    )


def opening(words: Any, *children: Any, name: Any = None) -> rx.Component:
    """Something that opens in its place."""
    named: dict[str, Any] = {} if name is None else {"aria_label": name}
    return rx.el.details(rx.el.summary(words, role="button", **named), *children, class_name="opening")
