"""Docks above the composer: questions that wait for a person, and what went wrong."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import reflex as rx

from app.components.markdown import markdown
from app.shown import Beside, Doing, Question, Shown
from app.words import (
    ALWAYS,
    ANSWERS,
    CLOSE,
    IN,
    JOBS,
    KEEP_PLANNING,
    LASTING,
    LASTS,
    NOTE,
    OWN_WORDS,
    PLAN,
    PLAN_ANSWERS,
    QUESTION,
    REPLY,
    SCOPE,
    SCOPES,
    SHAPE,
    SKIP,
    STOP,
    TODO,
    WHAT_ELSE,
    WILL_RUN,
)
from app.words.transcript import CALLED_WITH


class Weighing(NamedTuple):
    """What is known of the rule that an answer for always would set up."""

    approval_id: Any
    """Of the question somebody looks at."""
    rule: Any
    preview: Any
    on_weigh: Callable[[Any, Any], Any]
    """Called with a question, and the field that was picked with its value."""


class Place(NamedTuple):
    """Where a call would run."""

    folder: Any
    """As a person calls it."""
    path: Any


def approval(
    row: rx.Var[Shown],
    on_answer: Callable[[Any, str], Any],
    on_decline: Any,
    weighing: Weighing,
    place: Place,
) -> rx.Component:
    """One question about a call: what it would do and where, why it is asked, the answers."""
    return rx.el.form(
        rx.el.h2(row.title, " ", rx.el.code(row.subject), " ", _where(place)),
        rx.cond(
            row.steps.length() > 0,
            rx.el.ol(rx.foreach(row.steps, lambda step: rx.el.li(rx.el.code(step))), aria_label=WILL_RUN),
        ),
        rx.cond(row.detail != "", rx.el.pre(row.detail, tab_index=0)),
        rx.el.p(row.reason, class_name="meta"),
        rx.cond(
            row.raw != "",
            rx.el.details(
                rx.el.summary(CALLED_WITH),
                rx.el.pre(row.raw, class_name="raw", tab_index=0),
                class_name="always called",
            ),
        ),
        rx.cond(row.always != "", _always(row, weighing)),
        rx.el.input(type="hidden", name="approval_id", value=row.approval_id),
        rx.el.input(
            type="text",
            name="note",
            placeholder=NOTE,
            aria_label=NOTE,
            max_length=4000,
            auto_complete="off",
            class_name="note",
        ),
        rx.el.div(
            rx.el.button(ANSWERS["reject_once"], type="submit", custom_attrs={"data-answer": "reject_once"}),
            rx.cond(
                row.always != "",
                rx.fragment(*_buttons(row, {"reject_always": ANSWERS["reject_always"]}, on_answer)),
            ),
            rx.el.span(class_name="spacer"),
            rx.cond(
                row.always != "",
                rx.fragment(*_buttons(row, {"allow_always": ANSWERS["allow_always"]}, on_answer)),
            ),
            *_buttons(row, {"allow_once": ANSWERS["allow_once"]}, on_answer),
            class_name="answers",
        ),
        on_submit=on_decline,
        class_name="dock approval",
        custom_attrs={"data-approval": row.approval_id, "aria-label": row.title + " " + row.subject},
    )


def _where(place: Place) -> rx.Component:
    return rx.el.span(IN, " ", rx.el.b(place.folder), class_name="place", title=place.path)


def _always(row: rx.Var[Shown], weighing: Weighing) -> rx.Component:
    """What “always” and “never” would mean, and another meaning to pick."""
    is_weighed = weighing.approval_id == row.approval_id

    def pick(name: str, label: str, choices: Any) -> rx.Component:
        return rx.el.label(
            label,
            rx.el.select(
                choices, on_change=lambda value: weighing.on_weigh(row.approval_id, {name: value}), name=name
            ),
        )

    return rx.el.details(
        rx.el.summary(
            ALWAYS,
            " ",
            rx.cond(is_weighed & (weighing.rule != ""), weighing.rule, row.always),
            on_click=weighing.on_weigh(row.approval_id, {}),
        ),
        rx.el.div(
            pick("shape", SHAPE, rx.foreach(row.shapes, lambda one: rx.el.option(one.label, value=one.id))),
            pick("scope", SCOPE, [rx.el.option(label, value=name) for name, label in SCOPES.items()]),
            pick("lasts", LASTS, [rx.el.option(label, value=name) for name, label in LASTING.items()]),
            class_name="picks",
        ),
        rx.cond(is_weighed, rx.el.ul(rx.foreach(weighing.preview, rx.el.li), aria_live="polite")),
        class_name="always",
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
        custom_attrs={"data-approval": row.approval_id, "aria-label": PLAN},
    )


def approvals(
    asking: rx.Var[list[Shown]],
    on_answer: Callable[[Any, str], Any],
    on_reply: Any,
    on_decline: Any,
    weighing: Weighing,
    place: Place,
) -> rx.Component:
    """All that waits for the person."""
    return rx.foreach(
        asking,
        lambda row: rx.match(
            row.asks,
            ("question", question(row, on_answer, on_reply)),
            ("plan", plan(row, on_answer, on_decline)),
            approval(row, on_answer, on_decline, weighing, place),
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


def jobs(running: rx.Var[list[Beside]], on_stop: Callable[[Any], Any]) -> rx.Component:
    """What runs beside the work."""
    return rx.cond(
        running.length() > 0,
        rx.el.details(
            rx.el.summary(JOBS, rx.el.span(running.length(), class_name="meta")),
            rx.el.ul(rx.foreach(running, lambda job: _job(job, on_stop))),
            class_name="dock jobs",
        ),
    )


def _job(job: rx.Var[Beside], on_stop: Callable[[Any], Any]) -> rx.Component:
    return rx.el.li(
        rx.el.code(job.command, title=job.command),
        rx.el.span(job.label, class_name="label"),
        rx.cond(
            job.is_running,
            rx.el.button(
                STOP, type="button", on_click=on_stop(job.number), aria_label=STOP + " " + job.command
            ),
        ),
        rx.cond(job.tail != "", rx.el.pre(job.tail, tab_index=0)),
        custom_attrs={"data-job": job.number, "data-state": rx.cond(job.is_running, "running", "ended")},
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
