"""The composer: a prompt, the model and the mode it goes to, send and stop."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable
from typing import Any

import reflex as rx

from app.shown import Choice
from app.words import (
    FALLBACKS,
    FALLBACKS_HINT,
    MODE,
    MODE_HINTS,
    MODEL,
    MODES,
    PICK_A_MODEL,
    PROMPT_HINT,
    PROMPT_LABEL,
    QUEUE,
    QUEUE_MEANS,
    SEND,
    STOP,
)
from app.words.commanding import SUGGESTIONS
from app.words.composing import (
    ATTACH,
    ATTACHMENTS,
    EDITING,
    LEAVE,
    MODEL_SEARCH,
    NOT_ATTACHED,
    OF_WINDOW,
    PASTED,
    REMOVE,
    TOKENS,
    TOO_HEAVY,
    USE_MODEL,
    WITHOUT_IMAGES,
    WITHOUT_PDF,
)


def composer(
    session_id: rx.Var[str], on_send: Any, on_stop: Any, is_working: rx.Var[bool], *chips: rx.Component
) -> rx.Component:
    """The form at the foot of the chat; Enter sends, Shift+Enter breaks the line, Mod+Enter steers.

    The chips stand outside of the form: sending empties the form, and must leave them as they are.
    """
    return rx.el.div(
        rx.el.ul(id="mentions", role="listbox", aria_label=SUGGESTIONS, hidden=True),
        editing(),
        attachments(),
        rx.el.form(
            rx.el.textarea(
                id="composer",
                name="prompt",
                placeholder=PROMPT_HINT,
                aria_label=PROMPT_LABEL,
                rows="1",
                auto_focus=True,
                auto_height=True,
                enter_key_submit=True,
            ),
            rx.el.input(type="checkbox", name="steers", hidden=True),
            rx.el.input(type="hidden", name="session_id"),
            rx.el.input(type="hidden", name="attachments"),
            rx.el.input(type="hidden", name="edits"),
            on_submit=on_send,
            reset_on_submit=True,
            id="prompt",
            custom_attrs={"data-session": session_id},
        ),
        rx.el.div(
            rx.el.button("＋", type="button", id="attach", title=ATTACH, aria_label=ATTACH),
            rx.el.input(type="file", id="files", multiple=True, hidden=True, aria_label=ATTACH),
            *chips,
            rx.el.span(class_name="spacer"),
            rx.cond(is_working, rx.el.button(STOP, type="button", id="stop", on_click=on_stop)),
            rx.el.button(
                rx.cond(is_working, QUEUE, SEND),
                type="submit",
                form="prompt",
                id="send",
                title=rx.cond(is_working, QUEUE_MEANS, ""),
                class_name="primary",
            ),
            class_name="chips",
        ),
        class_name="composer",
    )


def editing() -> rx.Component:
    """Says that an earlier prompt is being changed; the page's script shows it meanwhile."""
    return rx.el.div(
        rx.el.p(EDITING),
        rx.el.button(LEAVE, type="button"),
        id="editing",
        hidden=True,
        role="status",
    )


def attachments() -> rx.Component:
    """The files that go with the prompt; the browser draws them, as it alone knows how far each is."""
    return rx.el.ul(
        id="attachments",
        hidden=True,
        aria_label=ATTACHMENTS,
        aria_live="polite",
        custom_attrs={
            "data-remove": REMOVE,
            "data-heavy": TOO_HEAVY,
            "data-failed": NOT_ATTACHED,
            "data-pasted": PASTED,
        },
    )


def refusals(has_no_images: rx.Var[bool], has_no_pdf: rx.Var[bool]) -> rx.Component:
    """What the model does not take; to be seen while such a file is attached."""
    return rx.el.div(
        rx.cond(
            has_no_images, rx.el.p(WITHOUT_IMAGES, class_name="refusal", custom_attrs={"data-of": "image"})
        ),
        rx.cond(has_no_pdf, rx.el.p(WITHOUT_PDF, class_name="refusal", custom_attrs={"data-of": "pdf"})),
        role="status",
    )


def ring(used: rx.Var[int], window: rx.Var[int]) -> rx.Component:
    """How full the model's window is; nothing while one of both is not known."""
    words = f"{used.to_string()} {OF_WINDOW} {window.to_string()} {TOKENS}"
    return rx.cond(
        (used > 0) & (window > 0),
        rx.el.span(
            title=words,
            aria_label=words,
            role="img",
            class_name="ring",
            style={"--full": (used * 100 / window).to_string() + "%"},
        ),
    )


def mode_chip(mode: rx.Var[str], on_change: Any) -> rx.Component:
    """How much is asked."""
    return rx.el.select(
        *(rx.el.option(name, value=mode, title=MODE_HINTS[mode]) for mode, name in MODES.items()),
        value=mode,
        on_change=on_change,
        id="mode",
        aria_label=MODE,
    )


def model_chip(
    model: rx.Var[str], on_pick: Callable[..., Any], on_open: Any, *choosing: rx.Component
) -> rx.Component:
    """Which model answers: typed, or picked from what opens over it."""
    return rx.el.div(
        rx.el.input(
            id="model",
            key=model,
            default_value=model,
            on_blur=on_pick,
            aria_label=MODEL,
            spell_check=False,
            auto_complete="off",
            custom_attrs={"enterkeyhint": "done"},
        ),
        rx.el.button(
            "▾",
            type="button",
            aria_label=PICK_A_MODEL,
            on_click=on_open,
            custom_attrs={"popovertarget": "models"},
        ),
        rx.el.div(
            *choosing,
            id="models",
            custom_attrs={"popover": "auto"},
        ),
        class_name="model",
    )


def model_search(on_name: Any) -> rx.Component:
    """Filters the list, as the page's script does it; what is typed may be the id of a model it lacks."""
    return rx.el.form(
        rx.el.input(
            id="model-search",
            name="model",
            type="text",
            placeholder=MODEL_SEARCH,
            aria_label=MODEL_SEARCH,
            spell_check=False,
            auto_complete="off",
            max_length=200,
            custom_attrs={"enterkeyhint": "done"},
        ),
        rx.el.button(USE_MODEL, rx.el.code(), type="submit", id="use-model", hidden=True),
        on_submit=on_name,
        id="model-form",
    )


def offered(models: rx.Var[list[Choice]], on_pick: Callable[..., Any]) -> rx.Component:
    """The models there are, to pick one."""
    return rx.el.div(rx.foreach(models, lambda one: _choice(one, on_pick)), class_name="offered")


def _choice(one: rx.Var[Choice], on_pick: Callable[..., Any]) -> rx.Component:
    return rx.el.button(
        rx.el.span(one.id),
        rx.cond(one.note != "", rx.el.small(one.note)),
        type="button",
        on_click=on_pick(one.id),
        custom_attrs={
            "popovertarget": "models",
            "popovertargetaction": "hide",
            "data-down": one.is_down,
        },
    )


def fallback_chain(chain: rx.Var[str], on_change: Any) -> rx.Component:
    """Who is asked when the model does not answer: ids in their order."""
    return rx.el.label(
        FALLBACKS,
        rx.el.input(
            id="fallbacks",
            key=chain,
            default_value=chain,
            placeholder=FALLBACKS_HINT,
            on_blur=on_change,
            spell_check=False,
            auto_complete="off",
            custom_attrs={"enterkeyhint": "done"},
        ),
        class_name="chain",
    )
