"""The transcript: prompts, answers, thinking, tool cards, notices."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportIndexIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import NamedTuple

import reflex as rx
from reflex_components_core.react_router import link

from app.components.diff import diff
from app.components.markdown import coloured, markdown
from app.shown import Call, Link, Shown
from app.words import NAME, OUTPUT, SOURCES, THINKING_ALOUD, YOU
from app.words.composing import COPY_PROMPT, EDIT, EDIT_PROMPT
from app.words.drawer import OPEN_ALL
from app.words.transcript import (
    AGAIN_MEANS,
    ASK_AGAIN,
    BEGIN_NEW,
    CALLED_WITH,
    COPY,
    COPY_ANSWER,
    FORK_HERE,
    FORK_MEANS,
    LINK,
    LINK_MEANS,
    NEW_OUTPUT,
    OPEN_KEYS,
    PICK_MODEL,
)

Pieces = tuple[rx.Var[list[str]], rx.Var[list[str]]]
"""Pieces of Markdown, and the colours of each."""


def prompt(row: rx.Var[Shown]) -> rx.Component:
    """What a person asked for, and what can be done with it."""
    return rx.fragment(
        rx.el.article(
            rx.el.div(row.text, class_name="bubble"),
            id="row-" + row.id,
            class_name="prompt",
            custom_attrs={"data-role": "user", "aria-label": YOU},
        ),
        rx.el.div(
            rx.cond(row.at != "", rx.el.time(date_time=row.at, custom_attrs={"data-ago": ""})),
            rx.el.button(COPY, type="button", aria_label=COPY_PROMPT, custom_attrs={"data-copy": "prompt"}),
            link_to(row.id),
            rx.cond(
                row.can_be_edited,
                rx.el.button(EDIT, type="button", aria_label=EDIT_PROMPT, custom_attrs={"data-edit": row.id}),
            ),
            class_name="prompt-foot",
        ),
    )


def link_to(row_id: rx.Var[str]) -> rx.Component:
    """A button that copies the address of a row."""
    attributes = {"data-copy": "link", "data-row": row_id}
    return rx.el.button(LINK, type="button", aria_label=LINK_MEANS, title=LINK_MEANS, custom_attrs=attributes)


def answer(row: rx.Var[Shown]) -> rx.Component:
    """What the model answered, in chunks that are drawn once, and what its turn used."""
    return rx.fragment(
        rx.el.article(
            pieces((row.chunks, row.inks)),
            rx.cond(row.sources.length() > 0, sources(row.sources)),
            id="row-" + row.id,
            class_name="answer",
            custom_attrs={"data-role": "assistant", "aria-label": NAME},
        ),
        rx.cond(row.at != "", foot(End(row.id, row.turn_id, row.at, row.spent))),
    )


def pieces(all_pieces: Pieces) -> rx.Component:
    """Markdown that is finished, piece by piece."""
    texts, inks = all_pieces
    return rx.foreach(texts, lambda text, at: coloured(text=text, inks=inks[at]))


class End(NamedTuple):
    """How a turn ended."""

    row_id: rx.Var[str]
    """Of its last words."""
    turn_id: rx.Var[str]
    at: rx.Var[str]
    spent: rx.Var[str]


def foot(end: End) -> rx.Component:
    """What stands under a turn's last words: what can be done with them, when it ended, what it used."""
    return rx.el.div(
        rx.el.button(COPY, type="button", aria_label=COPY_ANSWER, custom_attrs={"data-copy": "answer"}),
        rx.el.button(
            FORK_HERE,
            type="button",
            title=FORK_MEANS,
            aria_label=FORK_MEANS,
            custom_attrs={"data-fork": end.turn_id},
        ),
        link_to(end.row_id),
        rx.el.time(date_time=end.at, custom_attrs={"data-ago": ""}),
        rx.el.span(end.spent),
        class_name="answer-foot",
    )


def forking(forked: rx.EventHandler) -> rx.Component:
    """Asks for a copy of the session up to a turn; the page's script says up to which."""
    return rx.el.form(rx.el.input(name="turn_id", type="hidden"), id="fork", hidden=True, on_submit=forked)


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


def thinking(row: rx.Var[Shown]) -> rx.Component:
    """Reasoning, folded away."""
    return rx.el.details(
        rx.el.summary(row.title),
        rx.el.div(row.text, class_name="thought-text"),
        id="row-" + row.id,
        class_name="thought",
    )


def tool(row: rx.Var[Call]) -> rx.Component:
    """A tool call: one line, opened for what it was asked for and what it gave back."""
    return rx.el.details(
        rx.el.summary(
            rx.el.span(class_name="glyph", aria_hidden="true"),
            rx.el.span(row.title, class_name="verb"),
            rx.el.code(row.subject, class_name="subject", title=row.subject),
            rx.cond(row.fault != "", rx.el.span(row.fault, class_name="fault")),
            rx.cond(row.meta != "", rx.el.span(row.meta, class_name="came-to")),
            rx.el.span(row.label, class_name="label", custom_attrs={"data-since": row.since}),
        ),
        rx.cond(row.detail != "", rx.el.pre(row.detail, class_name="arguments", tab_index=0)),
        rx.cond(row.diff != "", diff(row.diff, row.marks)),
        rx.cond(row.text != "", rx.el.pre(row.text, class_name="result", tab_index=0)),
        rx.cond(row.raw != "", under(row)),
        id="row-" + row.id,
        class_name="tool",
        open=row.is_open,
        custom_attrs={"data-call": row.call_id, "data-state": row.status},
    )


def under(row: rx.Var[Call]) -> rx.Component:
    """The foot of an opened card: the call as it was written, and a button that copies what came of it."""
    return rx.el.div(
        rx.el.details(
            rx.el.summary(CALLED_WITH), rx.el.pre(row.raw, class_name="raw", tab_index=0), class_name="called"
        ),
        rx.cond(row.allowed != "", rx.el.p(row.allowed, class_name="meta")),
        rx.cond(
            row.is_cut,
            rx.el.button(
                OPEN_ALL, type="button", class_name="open-all", custom_attrs={"data-open-all": row.call_id}
            ),
        ),
        rx.el.button(COPY, type="button", custom_attrs={"data-copy": "card"}),
        class_name="card-foot",
    )


def group(row: rx.Var[Shown]) -> rx.Component:
    """Calls that only looked at something, in one line until somebody opens it."""
    return rx.el.details(
        rx.el.summary(
            rx.el.span(class_name="glyph", aria_hidden="true"), rx.el.span(row.title, class_name="verb")
        ),
        rx.foreach(row.looked, lambda one: rx.fragment(tool(one), key=one.id)),
        class_name="tool group",
        custom_attrs={"data-state": row.status},
    )


def notice(row: rx.Var[Shown]) -> rx.Component:
    """A sentence about the turn itself, and what can be done about it while it is the last."""
    words = rx.el.p(row.text)
    return rx.el.div(
        words,
        rx.cond(
            row.acts.length() > 0,
            rx.el.div(rx.foreach(row.acts, lambda act: _act(act, row)), class_name="ways"),
        ),
        id="row-" + row.id,
        class_name="notice",
    )


def _act(act: rx.Var[str], row: rx.Var[Shown]) -> rx.Component:
    again = {"data-again": row.turn_id}
    drawn = rx.match(
        act,
        ("keys", link(OPEN_KEYS, to="/settings#keys", class_name="small-button")),
        ("models", rx.el.button(PICK_MODEL, type="button", custom_attrs={"data-does": "models"})),
        ("again", rx.el.button(ASK_AGAIN, type="button", title=AGAIN_MEANS, custom_attrs=again)),
        link(BEGIN_NEW, to="/", class_name="small-button"),
    )
    return rx.fragment(drawn, key=act)


def trying_again(tried: rx.EventHandler) -> rx.Component:
    """Asks once more what a turn was asked for; the page's script says which turn."""
    return rx.el.form(rx.el.input(name="turn_id", type="hidden"), id="again", hidden=True, on_submit=tried)


@rx.memo
def shown_row(row: rx.Var[Shown]) -> rx.Component:
    """One row, drawn again only when it changes."""
    drawn = rx.match(
        row.kind,
        ("user", prompt(row)),
        ("text", answer(row)),
        ("thinking", thinking(row)),
        ("tool", tool(row)),
        ("group", group(row)),
        notice(row),
    )
    return rx.fragment(drawn)


def rows(all_rows: rx.Var[list[Shown]]) -> rx.Component:
    """Rows of one tier."""
    return rx.foreach(all_rows, lambda row: rx.fragment(shown_row(row=row), key=row.id))


def live_answer(
    has_answer: rx.Var[bool],
    settled: Pieces,
    finished: Pieces,
    open_block: rx.Component,
    end: End,
) -> rx.Component:
    """The answer being given: finished blocks are drawn once, only the open one is drawn again."""
    return rx.cond(
        has_answer,
        rx.fragment(
            rx.el.article(
                pieces(settled),
                pieces(finished),
                open_block,
                class_name="answer live",
                custom_attrs={"data-role": "assistant", "aria-label": NAME},
            ),
            rx.cond(end.at != "", foot(end)),
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


def new_output() -> rx.Component:
    """Leads to the end, where something has come that is out of sight; assets/following.js shows it."""
    return rx.el.button(NEW_OUTPUT, type="button", id="new-output", hidden=True)


def jump(session_id: rx.Var[str], jumped: rx.EventHandler) -> rx.Component:
    """Asks for a row that is not shown yet; assets/following.js fills it in."""
    return rx.el.form(
        rx.el.input(name="row", type="hidden"),
        id="jump",
        hidden=True,
        on_submit=jumped,
        custom_attrs={"data-session": session_id},
    )


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
