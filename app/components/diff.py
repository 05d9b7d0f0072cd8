"""A change of a file, drawn line by line."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.words.transcript import DIFF


class Diff(rx.Component):
    """The component of assets/diff.js."""

    library = "$/public/diff.js"
    tag = "Diff"

    text: rx.Var[str]
    marks: rx.Var[str]
    said: rx.Var[dict[str, str]]


def diff(text: rx.Var[str], marks: rx.Var[str]) -> rx.Component:
    """A unified diff, with the words that differ marked."""
    return Diff.create(text=text, marks=marks, said=DIFF)
