"""The sidebar: a new session, and the earlier ones."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router import link

from app.components.separator import separator
from app.shown import Entry
from app.words import SESSIONS, UNNAMED
from app.words.browsing import ALL_SESSIONS
from app.words.settings import SETTINGS
from app.words.signing import SIGN_IN, SIGN_OUT


class PlainForm(BaseHTML):
    """A form that the browser sends by itself; Reflex's own never leaves the page."""

    tag = "form"


def sidebar(
    entries: rx.Var[list[Entry]], current: rx.Var[str] | str, way_out: rx.Var[str], here: str = ""
) -> rx.Component:
    """Beside the page on a wide screen; on a phone it slides in.

    Args:
        entries: the sessions.
        current: the id of the one that is shown.
        way_out: what can be done about being signed in.
        here: the address of the page, where that is another one.
    """
    return rx.el.nav(
        link(UNNAMED, to="/", class_name="new", id="new-session"),
        rx.el.ul(
            rx.foreach(
                entries,
                lambda entry: rx.el.li(
                    rx.cond(entry.heading != "", rx.el.span(entry.heading, class_name="group")),
                    link(
                        rx.cond(
                            entry.how != "",
                            rx.el.span(
                                rx.el.span(entry.label, class_name="unseen"),
                                class_name="standing",
                                title=entry.label,
                                custom_attrs={"data-how": entry.how},
                            ),
                        ),
                        rx.el.span(entry.name, class_name="name"),
                        rx.el.time(date_time=entry.at, custom_attrs={"data-ago": "short"}),
                        to=entry.href,
                        title=entry.name,
                        aria_current=rx.cond(entry.id == current, "page", "false"),
                    ),
                    key=entry.id,
                ),
            ),
        ),
        _place(ALL_SESSIONS, "/sessions", here, class_name="all"),
        rx.el.div(_place(SETTINGS, "/settings", here), _leaving(way_out), class_name="account"),
        separator("sidebar", usual=272, least=220, most=360),
        id="sidebar",
        aria_label=SESSIONS,
        custom_attrs={"popover": "auto"},
    )


def _place(name: str, to: str, here: str, **rest: Any) -> rx.Component:
    """A page that is always one step away."""
    return link(name, to=to, aria_current="page" if to == here else "false", **rest)


def _leaving(way_out: rx.Var[str]) -> rx.Component:
    """Plain links and forms: who signs in or out leaves the page."""
    out = PlainForm.create(
        rx.el.button(SIGN_OUT, type="submit"), custom_attrs={"action": "/auth/logout", "method": "post"}
    )
    return rx.fragment(
        rx.cond(way_out == "sign_out", out),
        rx.cond(
            way_out == "sign_in",
            # To Reflex every address of ours is a page of its own; this one is not.
            rx.el.a(SIGN_IN, href="/login", custom_attrs={"reloadDocument": True}),
        ),
    )
