"""The drawer beside the transcript: its frame, its tabs, and what each of them shows."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from typing import Any

import reflex as rx

from app.components import docks, drawer_changes, drawer_context, drawer_files, drawer_jobs, drawer_trace
from app.components.separator import separator
from app.drawer.opening import PANELS, DrawerState
from app.state import FlashState
from app.words import keys
from app.words.drawer import CLOSE_DRAWER, DRAWER, OPEN, TABS


def toggle(session_id: rx.Var[str]) -> rx.Component:
    """The button of the header."""
    return rx.el.button(
        rx.el.span(class_name="panel-icon", aria_hidden="true"),
        type="button",
        id="open-drawer",
        title=f"{OPEN}: {DRAWER}",
        aria_label=DRAWER,
        aria_expanded=DrawerState.tab != "",
        on_click=DrawerState.toggle(session_id),
    )


def drawer(session_id: rx.Var[str]) -> rx.Component:
    """All of it; nothing of it is drawn while it is closed."""
    return rx.fragment(
        rx.el.button(
            keys.SHORTCUTS["changes"].what,
            type="button",
            id="open-changes",
            hidden=True,
            on_click=DrawerState.show(session_id, "changes"),
        ),
        rx.el.form(
            rx.el.input(name="session_id", type="hidden", value=session_id, read_only=True),
            rx.el.input(name="call_id", type="hidden"),
            id="open-output",
            hidden=True,
            on_submit=DrawerState.show_output,
        ),
        rx.cond(
            (DrawerState.tab != "") & (session_id != ""),
            rx.fragment(
                rx.el.div(class_name="scrim", aria_hidden="true", on_click=DrawerState.close),
                _frame(session_id),
            ),
        ),
    )


def _frame(session_id: rx.Var[str]) -> rx.Component:
    return rx.el.aside(
        separator("drawer", usual=440, least=360, grows="left"),
        rx.el.div(
            rx.el.div(
                *(_tab(name, DrawerState.show(session_id, name)) for name in PANELS),
                rx.cond(DrawerState.has_output, _tab("output", DrawerState.turn_to_output)),
                role="tablist",
                aria_label=DRAWER,
            ),
            rx.el.button(
                "✕",
                type="button",
                id="close-drawer",
                title=CLOSE_DRAWER,
                aria_label=CLOSE_DRAWER,
                on_click=DrawerState.close,
            ),
            class_name="drawer-head",
        ),
        rx.el.div(docks.flash(FlashState.sentence, FlashState.close), class_name="drawer-flash"),
        rx.el.div(
            rx.match(
                DrawerState.tab,
                ("changes", drawer_changes.changes(session_id)),
                ("files", drawer_files.files(session_id)),
                ("jobs", drawer_jobs.jobs(session_id)),
                ("trace", drawer_trace.trace(session_id)),
                ("context", drawer_context.context()),
                drawer_files.output(session_id),
            ),
            role="tabpanel",
            id="drawer-panel",
            aria_labelledby="tab-" + DrawerState.tab,
            tab_index=0,
        ),
        id="drawer",
        aria_label=DRAWER,
    )


def _tab(name: str, on_click: Any) -> rx.Component:
    is_shown = DrawerState.tab == name
    return rx.el.button(
        TABS[name],
        type="button",
        role="tab",
        id=f"tab-{name}",
        aria_selected=is_shown,
        aria_controls="drawer-panel",
        tab_index=rx.cond(is_shown, 0, -1),
        on_click=on_click,
    )
