"""The transcript: prompts, answers, thinking, tool cards, notices."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.markdown import markdown
from app.shown import Link, Shown
from app.words import NAME, OUTPUT, SOURCES, THINKING_ALOUD, THOUGHT, YOU


def prompt(row: rx.Var[Shown]) -> rx.Component:
    """What a person asked for."""
    return rx.el.article(
        rx.el.div(row.text, class_name="bubble"),
        class_name="prompt",
        custom_attrs={"data-role": "user", "aria-label": YOU},
    )


def answer(row: rx.Var[Shown]) -> rx.Component:
    """What the model answered, in chunks that are drawn once."""
    return rx.el.article(
        rx.foreach(row.chunks, lambda chunk: markdown(text=chunk)),
        rx.cond(row.sources.length() > 0, sources(row.sources)),
        class_name="answer",
        custom_attrs={"data-role": "assistant", "aria-label": NAME},
    )


def sources(links: rx.Var[list[Link]]) -> rx.Component:
    """Where an answer comes from, as the provider's own search says."""
    return rx.el.details(
        rx.el.summary(SOURCES, " (", links.length(), ")"),
        rx.el.ol(
            rx.foreach(
                links,
                lambda link: rx.el.li(
                    rx.el.a(link.title, href=link.url, target="_blank", rel="noopener noreferrer")
                ),
            )
        ),
        class_name="sources",
    )


def thinking(text: rx.Var[str]) -> rx.Component:
    """Reasoning, folded away."""
    return rx.el.details(
        rx.el.summary(THOUGHT), rx.el.div(text, class_name="thought-text"), class_name="thought"
    )


def tool(row: rx.Var[Shown]) -> rx.Component:
    """A tool call: one line, opened for its arguments and its result."""
    return rx.el.details(
        rx.el.summary(
            rx.el.span(class_name="glyph", aria_hidden="true"),
            rx.el.span(row.title, class_name="verb"),
            rx.el.code(row.subject, class_name="subject", title=row.subject),
            rx.el.span(row.label, class_name="label"),
        ),
        rx.cond(row.detail != "", rx.el.pre(row.detail, class_name="arguments", tab_index=0)),
        rx.cond(row.text != "", rx.el.pre(row.text, class_name="result", tab_index=0)),
        class_name="tool",
        open=row.status == "unknown",
        custom_attrs={"data-call": row.call_id, "data-state": row.status},
    )


def notice(row: rx.Var[Shown]) -> rx.Component:
    """A sentence about the turn itself."""
    return rx.el.p(row.text, class_name="notice", role="status")


@rx.memo
def shown_row(row: rx.Var[Shown]) -> rx.Component:
    """One row, drawn again only when it changes."""
    drawn = rx.match(
        row.kind,
        ("user", prompt(row)),
        ("text", answer(row)),
        ("thinking", thinking(row.text)),
        ("tool", tool(row)),
        notice(row),
    )
    return rx.fragment(drawn)


def rows(all_rows: rx.Var[list[Shown]]) -> rx.Component:
    """Rows of one tier."""
    return rx.foreach(all_rows, lambda row: rx.fragment(shown_row(row=row), key=row.id))


def live_answer(
    has_answer: rx.Var[bool],
    settled: rx.Var[list[str]],
    finished: rx.Var[list[str]],
    open_block: rx.Component,
) -> rx.Component:
    """The answer being given: finished blocks are drawn once, only the open one is drawn again."""
    return rx.cond(
        has_answer,
        rx.el.article(
            rx.foreach(settled, lambda chunk: markdown(text=chunk)),
            rx.foreach(finished, lambda block: markdown(text=block)),
            open_block,
            class_name="answer live",
            custom_attrs={"data-role": "assistant", "aria-label": NAME},
        ),
    )


def growing(shape: rx.Var[str], head: rx.Var[str], tail: rx.Var[str]) -> rx.Component:
    """The open block; code is not parsed while it grows, a long text only now and then."""
    drawn = rx.match(
        shape,
        ("code", rx.el.pre(rx.el.code(head + tail), class_name="open-code")),
        ("long", rx.el.div(markdown(text=head), rx.el.span(tail), class_name="open-long")),
        markdown(text=head + tail),
    )
    return rx.fragment(drawn)


def live_output(text: rx.Var[str]) -> rx.Component:
    """The end of what a running tool has written."""
    return rx.cond(
        text != "", rx.el.pre(text, class_name="live-output", aria_label=OUTPUT, tab_index=0, id="output")
    )


def live_thinking(text: rx.Var[str]) -> rx.Component:
    """Reasoning while it goes on."""
    return rx.cond(
        text != "",
        rx.el.details(
            rx.el.summary(THINKING_ALOUD),
            rx.el.div(text, class_name="thought-text"),
            class_name="thought live",
        ),
    )
