"""The section of tools and permissions."""

# pyright: basic, reportAttributeAccessIssue=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.components.settings import opening, section, sure, switch
from app.settings.tools import ToolShown, ToolsState
from app.words.settings import (
    INSIDE,
    MAY_RUN,
    ONLY_LOOKING,
    OUTSIDE,
    OUTSIDE_NOW,
    OUTSIDE_SURE,
    OUTSIDE_WARNING,
    SECTIONS,
    TOOLS_WHAT,
)


def tools() -> rx.Component:
    """Each tool with its switch."""
    return section(
        "tools",
        SECTIONS["tools"],
        TOOLS_WHAT,
        rx.el.ul(rx.foreach(ToolsState.acting, _tool), class_name="things"),
        opening(ONLY_LOOKING, rx.el.ul(rx.foreach(ToolsState.looking, _tool), class_name="things")),
        on_reload=ToolsState.look,
    )


def _tool(tool: rx.Var[ToolShown]) -> rx.Component:
    before, after = MAY_RUN.split("{tool}")
    return rx.el.li(
        switch(
            tool.what,
            tool.is_enabled,
            lambda on: ToolsState.switch(tool.name, on),
            before + tool.what + after,
            rx.el.code(tool.name),
        ),
        rx.cond(tool.may_leave, _sandbox(tool)),
        key=tool.name,
        custom_attrs={"data-tool": tool.name},
    )


def _sandbox(tool: rx.Var[ToolShown]) -> rx.Component:
    return rx.cond(
        tool.is_outside,
        rx.el.div(
            rx.el.p(OUTSIDE_NOW),
            rx.el.button(INSIDE, type="button", on_click=ToolsState.confine(tool.name)),
            class_name="warning",
        ),
        opening(
            OUTSIDE,
            rx.el.div(
                rx.el.p(OUTSIDE_WARNING),
                sure(OUTSIDE_SURE, OUTSIDE_SURE, ToolsState.let_out(tool.name)),
                class_name="warning",
            ),
        ),
    )
