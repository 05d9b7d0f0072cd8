"""The queue: prompts that wait for the running turn, each to be edited, steered or dropped."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable
from typing import Any

import reflex as rx

from app.shown import Shown
from app.words import (
    CANCEL,
    DROP,
    DROP_MEANS,
    EDIT,
    EDIT_LABEL,
    EDIT_MEANS,
    SAVE,
    STEER,
    STEER_MEANS,
    WAITING_PROMPT,
)


def queue(
    waiting: rx.Var[list[Shown]],
    on_edit: Any,
    on_steer: Callable[[Any], Any],
    on_drop: Callable[[Any], Any],
) -> rx.Component:
    """All prompts that wait, in their order."""
    return rx.foreach(waiting, lambda row: prompt(row, on_edit, on_steer, on_drop))


def prompt(
    row: rx.Var[Shown], on_edit: Any, on_steer: Callable[[Any], Any], on_drop: Callable[[Any], Any]
) -> rx.Component:
    """One prompt that waits, and what can be done with it."""
    return rx.el.article(
        rx.el.div(row.text, class_name="bubble"),
        rx.el.div(
            rx.el.span(row.label, class_name="meta"),
            editor(row, on_edit),
            rx.cond(row.status == "queued", button(STEER, STEER_MEANS, on_steer(row.id))),
            button(DROP, DROP_MEANS, on_drop(row.id)),
            class_name="choices",
        ),
        key=row.id,
        class_name="prompt waiting",
        custom_attrs={"data-role": "user", "data-state": row.status, "aria-label": WAITING_PROMPT},
    )


def button(words: str, meaning: str, on_click: Any) -> rx.Component:
    """One choice; its name for a screen reader says of what."""
    return rx.el.button(words, type="button", title=meaning, aria_label=meaning, on_click=on_click)


def editor(row: rx.Var[Shown], on_edit: Any) -> rx.Component:
    """The prompt's words to be changed in place; made anew when they have changed, and then closed."""
    return rx.el.details(
        rx.el.summary(EDIT, title=EDIT_MEANS, aria_label=EDIT_MEANS, role="button"),
        rx.el.form(
            rx.el.textarea(
                name="prompt",
                default_value=row.text,
                aria_label=EDIT_LABEL,
                auto_height=True,
                enter_key_submit=True,
            ),
            rx.el.input(type="hidden", name="prompt_id", default_value=row.id),
            rx.el.div(
                rx.el.button(CANCEL, type="reset"),
                rx.el.button(SAVE, type="submit", class_name="primary"),
                class_name="choices",
            ),
            on_submit=on_edit,
        ),
        key=row.text,
        class_name="edit",
    )
