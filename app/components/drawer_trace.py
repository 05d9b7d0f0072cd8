"""The tab of how a turn went."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

import reflex as rx

from app.drawer.trace import SpanShown, TraceState
from app.words.drawer import COLUMNS, EARLIER, LATER, NO_TURNS, RAW, STEPS_OF_TURN, TOKENS_MEAN

ALL = len(COLUMNS)


def trace(session_id: rx.Var[str]) -> rx.Component:
    """One turn as a table, and the way to those before and after it."""
    return rx.fragment(
        rx.cond(
            TraceState.title == "",
            rx.el.p(NO_TURNS, class_name="nothing-here"),
            rx.el.div(
                rx.el.span(TraceState.title, class_name="meta", role="status"),
                rx.el.span(class_name="spacer"),
                _turn("‹", EARLIER, TraceState.earlier, session_id),
                _turn("›", LATER, TraceState.later, session_id),
                class_name="drawer-bar",
            ),
        ),
        rx.cond(TraceState.spans.length() > 0, _table(session_id)),
    )


def _turn(sign: str, means: str, turn_id: rx.Var[str], session_id: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        sign,
        type="button",
        class_name="small",
        aria_label=means,
        title=means,
        disabled=turn_id == "",
        on_click=TraceState.choose(session_id, turn_id),
    )


def _table(session_id: rx.Var[str]) -> rx.Component:
    titles = {"tokens": TOKENS_MEAN}
    heads = (rx.el.th(said, scope="col", title=titles.get(name, "")) for name, said in COLUMNS.items())
    return rx.el.div(
        rx.el.table(
            rx.el.caption(STEPS_OF_TURN, class_name="unseen"),
            rx.el.thead(rx.el.tr(*heads)),
            rx.foreach(TraceState.spans, lambda span: _span(span, session_id)),
        ),
        class_name="spans",
        tab_index=0,
        role="region",
        aria_label=STEPS_OF_TURN,
    )


def _span(span: rx.Var[SpanShown], session_id: rx.Var[str]) -> rx.Component:
    is_open = TraceState.opened == span.number
    what = rx.el.th(
        rx.el.button(
            span.what,
            type="button",
            aria_expanded=is_open,
            on_click=TraceState.unfold(session_id, span.number),
        ),
        rx.cond(span.outcome != "", rx.el.span(span.outcome, class_name="fault")),
        scope="row",
    )
    tokens = rx.el.td(
        span.tokens, rx.cond(span.cached != "", rx.el.span(span.cached, class_name="cached meta"))
    )
    raw = rx.el.pre(TraceState.raw, tab_index=0, role="group", aria_label=RAW)
    return rx.el.tbody(
        rx.el.tr(what, rx.el.td(span.after), rx.el.td(span.took), tokens, rx.el.td(span.cost)),
        rx.foreach(span.asides, lambda said: rx.el.tr(rx.el.td(said, col_span=ALL, class_name="aside"))),
        rx.cond(is_open, rx.el.tr(rx.el.td(raw, col_span=ALL))),
        key=span.number.to_string(),
        custom_attrs={"data-kind": span.kind},
    )
