"""The section of appearance: it stays in this browser, and the server hears nothing of it."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex.style import color_mode, set_color_mode

from app.components.settings import section
from app.words.settings import (
    APPEARANCE_WHAT,
    CONTRAST,
    CONTRASTS,
    DENSITIES,
    DENSITY,
    SECTIONS,
    THEME,
    THEMES,
)


def appearance() -> rx.Component:
    """Theme, contrast and density."""
    return section(
        "appearance",
        SECTIONS["appearance"],
        APPEARANCE_WHAT,
        _choice(THEME, "theme", THEMES, _theme),
        _choice(CONTRAST, "contrast", CONTRASTS, _kept),
        _choice(DENSITY, "density", DENSITIES, _kept),
    )


def _choice(title: str, name: str, choices: Mapping[str, str], attributes: Any) -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(title),
        *(
            rx.el.label(rx.el.input(type="radio", name=name, value=value, **attributes(value)), words)
            for value, words in choices.items()
        ),
        class_name="choice",
    )


def _theme(value: str) -> dict[str, Any]:
    """Reflex keeps the theme itself, and sets it before the first paint."""
    return {"checked": color_mode == value, "on_change": set_color_mode(value)}


def _kept(value: str) -> dict[str, Any]:
    """The page's script keeps it."""
    return {"custom_attrs": {"data-kept": value}}
