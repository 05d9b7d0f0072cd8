"""The tab of the workspace's files, and that of a call's whole output."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.markdown import coloured
from app.drawer.files import FilesState, Line
from app.drawer.opening import DrawerState
from app.drawer.output import OutputState
from app.words.drawer import DOWNLOAD, MORE, READ_ANEW, REST, TO_FILES


def files(session_id: rx.Var[str]) -> rx.Component:
    """The tree, or the file that was opened from it."""
    return rx.cond(FilesState.path == "", _tree(session_id), _file(session_id))


def _tree(session_id: rx.Var[str]) -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.span(class_name="spacer"),
            rx.el.button(
                READ_ANEW, type="button", class_name="small", on_click=DrawerState.show(session_id, "files")
            ),
            class_name="drawer-bar",
        ),
        rx.el.ul(
            rx.foreach(FilesState.lines, lambda line, at: _line(line, at, session_id)), class_name="tree"
        ),
    )


def _line(line: rx.Var[Line], at: rx.Var[int], session_id: rx.Var[str]) -> rx.Component:
    drawn = rx.match(
        line.kind,
        (
            "folder",
            rx.el.button(
                line.name + "/",
                type="button",
                class_name="folder-line",
                aria_expanded=line.is_open,
                on_click=FilesState.unfold(session_id, line.path),
            ),
        ),
        (
            "file",
            rx.el.button(
                rx.el.span(line.name, class_name="path"),
                rx.el.span(line.size, class_name="meta"),
                type="button",
                on_click=FilesState.open(session_id, line.path),
            ),
        ),
        ("note", rx.el.span(line.name, class_name="meta")),
        rx.el.span(line.name, " ", rx.el.span(line.size, class_name="meta")),
    )
    key = rx.cond(line.path == "", at.to_string(), line.path)
    return rx.el.li(drawn, key=key, style={"--depth": line.depth.to_string()})


def _file(session_id: rx.Var[str]) -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.button(
                TO_FILES, type="button", class_name="small back", on_click=FilesState.leave(session_id)
            ),
            rx.el.span(class_name="spacer"),
            _download(FilesState.url),
            class_name="drawer-bar",
        ),
        rx.el.h2(FilesState.path, class_name="path"),
        rx.el.p(FilesState.note, class_name="meta"),
        rx.cond(
            FilesState.kind == "image",
            rx.el.img(src=FilesState.url, alt=FilesState.path, class_name="shown-image"),
        ),
        rx.cond(
            FilesState.text != "",
            rx.el.div(coloured(text=FilesState.text, inks=FilesState.inks), class_name="answer"),
        ),
    )


def _download(url: rx.Var[str]) -> rx.Component:
    """A link that the browser follows by itself: to Reflex every address of ours is a page."""
    return rx.el.a(
        DOWNLOAD, href=url, download=True, class_name="small", custom_attrs={"reloadDocument": True}
    )


def output(session_id: rx.Var[str]) -> rx.Component:
    """All that a call gave back, page by page."""
    return rx.fragment(
        rx.el.div(
            rx.el.span(OutputState.note, class_name="meta", role="status"),
            rx.el.span(class_name="spacer"),
            rx.cond(OutputState.url != "", _download(OutputState.url)),
            class_name="drawer-bar",
        ),
        rx.el.pre(
            rx.foreach(OutputState.pages, lambda page, at: rx.el.span(page, key=at.to_string())),
            class_name="whole-output",
            tab_index=0,
        ),
        rx.cond(
            OutputState.has_more, rx.el.button(MORE, type="button", on_click=OutputState.more(session_id))
        ),
        rx.cond(OutputState.is_cut, rx.el.p(REST, class_name="meta remark")),
    )
