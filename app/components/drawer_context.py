"""The tab of what fills the model's window."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.drawer.context import ContextState, Share
from app.words.drawer import FILLING_COLUMNS, FILLING_MEANS


def context() -> rx.Component:
    """A line that fills, and below it what fills it."""
    return rx.fragment(
        rx.el.div(rx.el.span(ContextState.title, role="status"), class_name="drawer-bar"),
        rx.el.div(rx.foreach(ContextState.shares, _stretch), class_name="filling", aria_hidden="true"),
        rx.el.div(
            rx.el.table(
                rx.el.caption(FILLING_MEANS, class_name="unseen"),
                rx.el.thead(rx.el.tr(*(rx.el.th(said, scope="col") for said in FILLING_COLUMNS))),
                rx.el.tbody(rx.foreach(ContextState.shares, _row)),
            ),
            class_name="spans",
        ),
        rx.foreach(ContextState.notes, lambda note: rx.el.p(note, class_name="meta remark")),
        rx.el.p(FILLING_MEANS, class_name="meta remark"),
    )


def _stretch(share: rx.Var[Share]) -> rx.Component:
    return rx.el.span(
        style={"width": share.percent.to_string() + "%"},
        key=share.source,
        custom_attrs={"data-source": share.source},
    )


def _row(share: rx.Var[Share]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(rx.el.span(class_name="swatch", aria_hidden="true"), share.what, scope="row"),
        rx.el.td(share.tokens),
        rx.el.td(share.said),
        key=share.source,
        custom_attrs={"data-source": share.source},
    )
