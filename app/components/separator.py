"""The edge between two parts of the page, which can be moved."""

# pyright: basic
# Reflex makes its components when it runs; their types say little.

from typing import Literal

import reflex as rx

from app.words import WIDTH

HALF = 4000
"""As wide as it may be: half of the page is less on every screen."""


class Separator(rx.Component):
    """The component of assets/separator.js."""

    library = "$/public/separator.js"
    tag = "Separator"

    of: rx.Var[str]
    usual: rx.Var[int]
    least: rx.Var[int]
    most: rx.Var[int]
    grows: rx.Var[str]
    label: rx.Var[str]


def separator(
    of: str, usual: int, least: int, most: int = HALF, grows: Literal["left", "right"] = "right"
) -> rx.Component:
    """The edge of a part, by its id; its width is `--width-ID` in the style sheet.

    Args:
        of: the id of the part.
        usual: its width in pixels before anybody moves it, and after a double click.
        least: its smallest width.
        most: its largest width; never more than half of the page.
        grows: to which side.
    """
    return Separator.create(of=of, usual=usual, least=least, most=most, grows=grows, label=WIDTH[of])
