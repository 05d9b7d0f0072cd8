"""Docks above the composer: questions that wait for a person, and what went wrong."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable
from typing import Any

import reflex as rx

from app.shown import Shown
from app.words import ALWAYS_MEANS, ANSWERS, CLOSE


def approval(row: rx.Var[Shown], on_answer: Callable[[Any, str], Any]) -> rx.Component:
    """One question about a call: what it would do, why it is asked, four answers."""
    return rx.el.section(
        rx.el.h2(row.title, " ", rx.el.code(row.subject)),
        rx.el.pre(row.detail, tab_index=0),
        rx.el.p(row.reason, " ", ALWAYS_MEANS, class_name="meta"),
        rx.el.div(
            *(
                rx.el.button(
                    words,
                    type="button",
                    class_name="primary" if answer == "allow_once" else "",
                    on_click=on_answer(row.approval_id, answer),
                    custom_attrs={"data-answer": answer},
                )
                for answer, words in ANSWERS.items()
            ),
            class_name="answers",
        ),
        class_name="dock approval",
        role="alert",
        custom_attrs={"data-approval": row.approval_id},
    )


def approvals(asking: rx.Var[list[Shown]], on_answer: Callable[[Any, str], Any]) -> rx.Component:
    """All questions that wait."""
    return rx.foreach(asking, lambda row: approval(row, on_answer))


def flash(sentence: rx.Var[str], on_close: Any) -> rx.Component:
    """A sentence about what went wrong."""
    return rx.cond(
        sentence != "",
        rx.el.div(
            rx.el.p(sentence),
            rx.el.button(CLOSE, type="button", on_click=on_close),
            class_name="dock flash",
            role="alert",
        ),
    )
