"""For those who do not see the page: links that skip to a place, and what is said when something happens."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx

from app.words.spoken import SKIP_LINKS, TO_ANSWER, TO_APPROVAL, TO_COMPOSER, TO_MAIN


def to_places(is_asked: Any) -> rx.Component:
    """The links of the chat; they are seen when they have the focus."""
    return _links(
        _link(TO_COMPOSER, "composer"),
        _link(TO_ANSWER, "last_answer"),
        rx.cond(is_asked, _link(TO_APPROVAL, "approval")),
    )


def to_main() -> rx.Component:
    """The link of a page with a list of sessions beside it."""
    return _links(_link(TO_MAIN, "main"))


def _links(*links: rx.Component) -> rx.Component:
    return rx.el.section(*links, aria_label=SKIP_LINKS, class_name="skips")


def _link(words: str, action: str) -> rx.Component:
    return rx.el.button(words, type="button", custom_attrs={"data-does": action})


def spoken(said: Any, alarm: Any) -> rx.Component:
    """Two regions that only the page's script writes to: in time, and at once."""
    return rx.fragment(
        rx.el.span(hidden=True, custom_attrs={"data-said": said, "data-alarm": alarm}),
        rx.el.p(id="said", role="status", class_name="unseen"),
        rx.el.p(id="alarm", class_name="unseen", custom_attrs={"aria-live": "assertive"}),
    )
