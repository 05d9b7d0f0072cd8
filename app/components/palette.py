"""The palette: one field from which everything is reached; the page's script filters what is drawn here."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Callable
from typing import Any

import reflex as rx
from reflex_components_core.react_router import link

from app.components.browsing import piece
from app.listing import SessionsState
from app.palette import Found, PaletteState
from app.shown import Choice, Entry
from app.words import keys as words
from app.words.settings import SECTIONS

DIRECT = {
    "new_session": "",
    "composer": "#composer",
    "mode": "#mode",
    "models": "[popovertarget=models]",
    "sidebar": "",
    "drawer": "#open-drawer",
    "changes": "#open-changes",
    "copy_answer": ".answer",
    "shortcuts": "",
}
"""Actions that are offered by name, and what must be on the page for each."""
SHOWN = {*DIRECT, "needs_me", "palette", "steer"}
"""Shortcuts that stand among the actions, have been used to come here, or mean what is in the composer."""
OPTION: dict[str, Any] = {"role": "option", "tab_index": -1, "class_name": "option"}


def palette(session_id: rx.Var[str] | str, *more: rx.Component) -> rx.Component:
    """The dialog, with the groups of the page it stands on; it looks for files where a session is open."""
    return rx.el.dialog(
        rx.el.input(
            type="text",
            id="palette-field",
            role="combobox",
            aria_label=words.PALETTE_HINT,
            aria_controls="palette-list",
            aria_expanded=True,
            auto_complete="off",
            spell_check=False,
            max_length=200,
            placeholder=words.PALETTE_HINT,
            on_change=lambda q: PaletteState.look(q, session_id).debounce(150),
            custom_attrs={"aria-autocomplete": "list"},
        ),
        rx.el.div(
            _group(words.SESSIONS, "#", rx.foreach(SessionsState.entries, _session)),
            _group(words.ACTIONS, ">", *(_action(name) for name in DIRECT), _needs_me(), _all_sessions()),
            *more,
            _group(words.SETTINGS, ">", *(_setting(name) for name in SECTIONS if name != "people")),
            _group(words.FOUND, "#", rx.foreach(PaletteState.found, _found)),
            _group(
                words.HELP, "?", _commands(), *(_help(name) for name in words.SHORTCUTS if name not in SHOWN)
            ),
            id="palette-list",
            role="listbox",
            aria_label=words.PALETTE,
        ),
        rx.el.p(words.NOTHING, role="status", class_name="nothing-here", hidden=True),
        rx.el.p(words.PALETTE_PREFIXES, class_name="meta", aria_hidden=True),
        id="palette",
        class_name="over",
        aria_label=words.PALETTE,
    )


def models(offered: rx.Var[list[Choice]], on_pick: Callable[[Any], Any]) -> rx.Component:
    """The models of the chat, to pick one."""

    def one(model: rx.Var[Choice]) -> rx.Component:
        return rx.el.button(
            rx.el.span(model.id), rx.el.small(model.note), type="button", on_click=on_pick(model.id), **OPTION
        )

    return _group(words.MODELS, "", rx.foreach(offered, one))


def files() -> rx.Component:
    """The files of the open session that fit; one that is chosen is mentioned in the composer."""
    return _group(words.FILES, "@", rx.foreach(PaletteState.files, _file))


def _file(path: rx.Var[str]) -> rx.Component:
    attributes = {"data-found-by": PaletteState.files_by, "data-mention": path}
    return rx.el.button(rx.el.span(path), type="button", key=path, custom_attrs=attributes, **OPTION)


def _help(name: str) -> rx.Component:
    one = words.SHORTCUTS[name]
    return rx.el.button(
        rx.el.span(one.what),
        rx.el.kbd(one.keys, custom_attrs={"data-keys-of": name}),
        type="button",
        custom_attrs={"data-help": name, "data-needs": "#composer"},
        **OPTION,
    )


def _commands() -> rx.Component:
    """Leads to the list of the commands that are typed."""
    attributes = {"data-commands": "", "data-needs": "#composer"}
    return rx.el.button(rx.el.span(words.COMMANDS), type="button", custom_attrs=attributes, **OPTION)


def _group(title: str, prefix: str, *options: Any) -> rx.Component:
    heading = rx.el.span(title, class_name="group", aria_hidden=True)
    attributes = {"data-prefix": prefix}
    return rx.el.div(heading, *options, role="group", aria_label=title, custom_attrs=attributes)


def _action(name: str) -> rx.Component:
    one = words.SHORTCUTS[name]
    keys = rx.el.kbd(one.keys, custom_attrs={"data-keys-of": name})
    return rx.el.button(
        rx.el.span(one.what),
        keys,
        type="button",
        custom_attrs={"data-does": name, "data-needs": DIRECT[name], "data-also": "?"},
        **OPTION,
    )


def _needs_me() -> rx.Component:
    return link(
        rx.el.span(words.SHORTCUTS["needs_me"].what),
        rx.el.kbd(words.SHORTCUTS["needs_me"].keys, custom_attrs={"data-keys-of": "needs_me"}),
        to="/sessions?state=needs_me",
        id="needs-me",
        custom_attrs={"data-also": "?"},
        **OPTION,
    )


def _all_sessions() -> rx.Component:
    return link(rx.el.span(words.SEARCH_ALL), to="/sessions", **OPTION)


def _setting(name: str) -> rx.Component:
    title = f"{words.SETTINGS}: {SECTIONS[name]}"
    return link(rx.el.span(title), to=f"/settings#{name}", **OPTION)


def _session(entry: rx.Var[Entry]) -> rx.Component:
    return link(rx.el.span(entry.name), to=entry.href, key=entry.id, **OPTION)


def _found(hit: rx.Var[Found]) -> rx.Component:
    """Shown while the field holds the words it was found by."""
    return link(
        rx.el.span(hit.name),
        rx.el.small(rx.foreach(hit.pieces, piece)),
        to=hit.href,
        key=hit.href,
        custom_attrs={"data-found-by": hit.q},
        **OPTION,
    )
