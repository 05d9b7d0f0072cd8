"""Markdown drawn safely: no raw HTML, no images from elsewhere, links that leave in a tab of their own."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.words.spoken import DONE, UNDONE
from app.words.transcript import COPY

SAID = {"copy": COPY, "done": DONE, "undone": UNDONE}
"""The words on it that are not the text's own."""


class Markdown(rx.Component):
    """The component of assets/markdown.js; it never lets raw HTML or unsafe addresses through."""

    library = "$/public/markdown.js"
    tag = "Markdown"
    lib_dependencies: list[str] = ["react-markdown@10.1.0", "remark-gfm@4.0.1", "temml@0.13.5"]

    text: rx.Var[str]
    inks: rx.Var[str]
    copy: rx.Var[str]
    done: rx.Var[str]
    undone: rx.Var[str]
    """What stands for a ticked box, and for one that is not."""


@rx.memo
def markdown(text: rx.Var[str]) -> rx.Component:
    """A piece of Markdown, drawn again only when its text changes."""
    return Markdown.create(text=text, inks="", **SAID)


@rx.memo
def coloured(text: rx.Var[str], inks: rx.Var[str]) -> rx.Component:
    """A finished piece of Markdown with the colours of its code."""
    return Markdown.create(text=text, inks=inks, **SAID)
