"""The sidebar: a new session, and the earlier ones."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx
from reflex_components_core.react_router import link

from app.shown import Entry
from app.words import SESSIONS, UNNAMED


def sidebar(entries: rx.Var[list[Entry]], current: rx.Var[str]) -> rx.Component:
    """Beside the page on a wide screen; on a phone it slides in."""
    return rx.el.nav(
        link(UNNAMED, to="/", class_name="new", id="new-session"),
        rx.el.ul(
            rx.foreach(
                entries,
                lambda entry: rx.el.li(
                    link(
                        entry.name,
                        to=entry.href,
                        title=entry.name,
                        class_name=rx.cond(entry.id == current, "current", ""),
                    ),
                    key=entry.id,
                ),
            ),
        ),
        id="sidebar",
        aria_label=SESSIONS,
        custom_attrs={"popover": "auto"},
    )
