"""The tab of what was changed, file by file."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.diff import diff
from app.drawer.changes import ChangesState, FileChanged
from app.drawer.opening import DrawerState
from app.words.drawer import (
    CHANGES_KEYS,
    COMMANDS_TOO,
    COPY_PATCH,
    NO_CHANGES,
    SCOPE,
    SCOPES,
    SEE_FILE,
    VIEWED,
)


def changes(session_id: rx.Var[str]) -> rx.Component:
    """All changed files, of the last turn or of the whole session."""
    return rx.fragment(
        rx.el.div(
            rx.el.select(
                *(rx.el.option(label, value=name) for name, label in SCOPES.items()),
                value=ChangesState.scope,
                on_change=lambda scope: ChangesState.choose(session_id, scope),
                id="scope",
                aria_label=SCOPE,
            ),
            rx.el.span(ChangesState.summary, class_name="meta", role="status"),
            class_name="drawer-bar",
        ),
        rx.cond(
            ChangesState.files.length() == 0,
            rx.el.p(rx.match(ChangesState.scope, *NO_CHANGES.items(), ""), class_name="nothing-here"),
            rx.el.p(CHANGES_KEYS, class_name="meta with-keys"),
        ),
        rx.foreach(
            ChangesState.files,
            lambda one: rx.el.div(_file(one, session_id), key=ChangesState.scope + one.path),
        ),
        rx.cond(ChangesState.note != "", rx.el.p(ChangesState.note, class_name="meta remark")),
        rx.el.p(COMMANDS_TOO, class_name="meta remark"),
    )


def _file(one: rx.Var[FileChanged], session_id: rx.Var[str]) -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            rx.el.span(
                rx.el.span(one.folder, class_name="folder"), one.name, class_name="path", title=one.path
            ),
            rx.el.span(one.counts, class_name="came-to"),
        ),
        rx.cond(one.note != "", rx.el.p(one.note, class_name="meta")),
        rx.foreach(one.pieces, lambda piece: diff(piece.text, piece.marks)),
        rx.cond(one.patch != "", rx.el.pre(one.patch, class_name="patch", hidden=True)),
        rx.el.div(
            rx.el.button(
                SEE_FILE,
                type="button",
                class_name="small",
                aria_label=SEE_FILE + " " + one.path,
                on_click=DrawerState.show_file(session_id, one.path),
            ),
            rx.cond(
                one.patch != "",
                rx.el.button(
                    COPY_PATCH, type="button", class_name="small", custom_attrs={"data-copy": "patch"}
                ),
            ),
            rx.el.label(
                # What is changed again has not been viewed.
                rx.el.input(type="checkbox", key=one.counts, custom_attrs={"data-viewed": one.path}),
                VIEWED,
            ),
            class_name="card-foot",
        ),
        class_name="changed",
        open=one.is_open,
    )
