"""Docks above the composer: questions that wait for a person, and what went wrong."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import reflex as rx

from app.components.markdown import markdown
from app.shown import Doing, Question, Shown
from app.words import (
    ALWAYS_MEANS,
    ANSWERS,
    CLOSE,
    KEEP_PLANNING,
    OWN_WORDS,
    PLAN,
    PLAN_ANSWERS,
    QUESTION,
    REPLY,
    SKIP,
    TODO,
    WHAT_ELSE,
)


def approval(row: rx.Var[Shown], on_answer: Callable[[Any, str], Any]) -> rx.Component:
    """One question about a call: what it would do, why it is asked, four answers."""
    return rx.el.section(
        rx.el.h2(row.title, " ", rx.el.code(row.subject)),
        rx.el.pre(row.detail, tab_index=0),
        rx.el.p(row.reason, " ", ALWAYS_MEANS, class_name="meta"),
        rx.el.div(
            *_buttons(row, ANSWERS, on_answer),
            class_name="answers",
        ),
        class_name="dock approval",
        role="alert",
        custom_attrs={"data-approval": row.approval_id},
    )


def _buttons(
    row: rx.Var[Shown], answers: Mapping[str, str], on_answer: Callable[[Any, str], Any]
) -> Iterable[rx.Component]:
    """A button for each answer to a call; the first one is what most people mean."""
    return (
        rx.el.button(
            words,
            type="button",
            class_name="primary" if answer == "allow_once" else "",
            on_click=on_answer(row.approval_id, answer),
            custom_attrs={"data-answer": answer},
        )
        for answer, words in answers.items()
    )


def question(row: rx.Var[Shown], on_answer: Callable[[Any, str], Any], on_reply: Any) -> rx.Component:
    """Questions of the agent, each with options and room for own words."""
    return rx.el.form(
        rx.el.h2(QUESTION),
        rx.el.input(type="hidden", name="approval_id", value=row.approval_id),
        rx.el.input(type="hidden", name="count", value=row.questions.length().to_string()),
        rx.foreach(row.questions, _asked),
        rx.el.div(
            rx.el.button(
                REPLY, type="submit", class_name="primary", custom_attrs={"data-answer": "allow_once"}
            ),
            rx.el.button(
                SKIP,
                type="button",
                on_click=on_answer(row.approval_id, "reject_once"),
                custom_attrs={"data-answer": "reject_once"},
            ),
            class_name="answers",
        ),
        on_submit=on_reply,
        class_name="dock question",
        role="group",
        custom_attrs={"data-approval": row.approval_id, "aria-label": QUESTION},
    )


def _asked(asked: rx.Var[Question]) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(asked.text),
        rx.foreach(
            asked.options,
            lambda option: rx.el.label(
                rx.el.input(
                    type=rx.cond(asked.is_multiple, "checkbox", "radio"), name=option.name, value=option.label
                ),
                rx.el.span(option.label, rx.cond(option.description != "", rx.el.small(option.description))),
            ),
        ),
        rx.el.input(
            type="text",
            name=asked.name + ".own",
            placeholder=OWN_WORDS,
            aria_label=OWN_WORDS,
            max_length=4000,
            auto_complete="off",
        ),
    )


def plan(row: rx.Var[Shown], on_answer: Callable[[Any, str], Any], on_decline: Any) -> rx.Component:
    """A plan to agree to, or to send back with a word about it."""
    return rx.el.form(
        rx.el.h2(PLAN),
        rx.el.div(
            rx.foreach(row.chunks, lambda chunk: markdown(text=chunk)), class_name="answer", tab_index=0
        ),
        rx.el.input(type="hidden", name="approval_id", value=row.approval_id),
        rx.el.input(
            type="text",
            name="note",
            placeholder=WHAT_ELSE,
            aria_label=WHAT_ELSE,
            max_length=4000,
            auto_complete="off",
        ),
        rx.el.div(
            *_buttons(row, PLAN_ANSWERS, on_answer),
            rx.el.button(KEEP_PLANNING, type="submit", custom_attrs={"data-answer": "reject_once"}),
            class_name="answers",
        ),
        on_submit=on_decline,
        class_name="dock plan",
        role="group",
        custom_attrs={"data-approval": row.approval_id, "aria-label": PLAN},
    )


def approvals(
    asking: rx.Var[list[Shown]], on_answer: Callable[[Any, str], Any], on_reply: Any, on_decline: Any
) -> rx.Component:
    """All that waits for the person."""
    return rx.foreach(
        asking,
        lambda row: rx.match(
            row.asks,
            ("question", question(row, on_answer, on_reply)),
            ("plan", plan(row, on_answer, on_decline)),
            approval(row, on_answer),
        ),
    )


def todos(items: rx.Var[list[Doing]], progress: rx.Var[str]) -> rx.Component:
    """What the agent has to do, folded to one line."""
    return rx.cond(
        items.length() > 0,
        rx.el.details(
            rx.el.summary(TODO, rx.el.span(progress, class_name="meta")),
            rx.el.ol(
                rx.foreach(items, lambda one: rx.el.li(one.text, custom_attrs={"data-status": one.status}))
            ),
            class_name="dock todos",
        ),
    )


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
