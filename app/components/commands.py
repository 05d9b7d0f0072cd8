"""The commands of the composer: the table its list is drawn from, and the guide that names them all."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx

from app.commanding import COMMANDS
from app.shown import Choice
from app.words import CLOSE, MODE_HINTS
from app.words import commanding as words


def table(models: rx.Var[list[Choice]]) -> rx.Component:
    """What the page's script offers for a slash, with the values that an argument may have."""
    values: dict[str, Any] = {
        "model": rx.foreach(models, lambda one: _value(one.id, one.note)),
        "mode": rx.fragment(*(_value(mode, hint) for mode, hint in MODE_HINTS.items())),
        "export": rx.fragment(*(_value(form, note) for form, note in words.FORMS.items())),
    }
    commands = (
        rx.el.li(
            rx.el.ul(values.get(name)),
            custom_attrs={
                "data-name": name,
                "data-takes": words.TAKES.get(name, ""),
                "data-what": words.WHAT[name],
            },
        )
        for name in COMMANDS
    )
    return rx.el.ul(*commands, id="commands", hidden=True)


def _value(value: Any, note: Any) -> rx.Component:
    return rx.el.li(custom_attrs={"data-value": value, "data-note": note})


def handed(text: rx.Var[str], handed_id: rx.Var[str]) -> rx.Component:
    """A text that was not taken; the page's script puts it back."""
    return rx.el.div(id="handed", hidden=True, custom_attrs={"data-text": text, "data-handed": handed_id})


def guide(is_open: rx.Var[bool], on_close: Any) -> rx.Component:
    """All commands, and the signs that mean something to the composer."""
    named = {f"/{name} {words.TAKES.get(name, '')}".strip(): words.WHAT[name] for name in COMMANDS}
    return rx.cond(
        is_open,
        rx.el.section(
            rx.el.h2(words.COMMANDS),
            rx.el.dl(
                *(
                    rx.el.div(rx.el.dt(rx.el.code(sign)), rx.el.dd(what))
                    for sign, what in {**named, **words.SIGNS}.items()
                )
            ),
            rx.el.div(
                rx.el.button(words.ALL_SHORTCUTS, type="button", custom_attrs={"data-does": "shortcuts"}),
                rx.el.button(CLOSE, type="button", class_name="primary", on_click=on_close),
                class_name="answers",
            ),
            class_name="dock guide",
            aria_label=words.COMMANDS,
        ),
    )
