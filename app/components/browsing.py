"""The page of all sessions: search, filters, the list with what was found, and what can be done."""

# pyright: basic, reportAttributeAccessIssue=false, reportOperatorIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs; their types say little.

from collections.abc import Mapping
from typing import Any

import reflex as rx
from reflex_components_core.react_router import link

from app.browsed import HitShown, Piece, SessionShown
from app.browsing import BrowsingState
from app.words import CANCEL, SAVE
from app.words.browsing import (
    ACTIONS,
    ACTIONS_OF,
    AGES,
    ANY_MODEL,
    ANY_WORKSPACE,
    ARCHIVE,
    ARCHIVED,
    CHOOSE,
    CHOOSE_ALL,
    CHOSEN,
    CLEAR,
    CLEAR_CHOICE,
    CLEAR_MEANS,
    DELETE,
    EVERYWHERE,
    EXPORT_JSON,
    EXPORT_MARKDOWN,
    FORK,
    HAS_CHANGES,
    LOOKING,
    MODEL,
    MORE,
    NAME,
    NEW_NAME,
    NOTHING_FOUND,
    NOTHING_MEANS,
    NOTHING_YET,
    ONLY,
    PIN,
    PINNED,
    RENAME,
    SEARCH,
    SEARCH_HINT,
    SEARCH_SHORT,
    STATE,
    STATES,
    UNARCHIVE,
    UNDO,
    UNPIN,
    USED,
    WITHIN,
    WORKSPACE,
)

State = BrowsingState


def search_box() -> rx.Component:
    """What is looked for, and in which sessions."""
    return rx.el.div(
        rx.el.input(
            type="search",
            id="search",
            default_value=State.q,
            key=State.opened,
            on_change=State.type,
            placeholder=SEARCH_SHORT,
            aria_label=SEARCH,
            aria_describedby="search-hint",
            auto_complete="off",
            max_length=200,
            auto_focus=True,
        ),
        rx.el.p(SEARCH_HINT, id="search-hint", class_name="meta"),
        rx.el.div(
            _select(STATE, State.how, State.choose_how, STATES),
            _open_select(MODEL, State.model, State.choose_model, ANY_MODEL, State.models),
            _open_select(WORKSPACE, State.workspace, State.choose_workspace, ANY_WORKSPACE, State.workspaces),
            _select(USED, State.age, State.choose_age, AGES),
            rx.el.label(
                rx.el.input(type="checkbox", checked=State.has_changes, on_change=State.choose_changes),
                HAS_CHANGES,
            ),
            rx.cond(
                State.only != "",
                rx.el.button(
                    WITHIN.partition("{name}")[0],
                    State.only_name,
                    WITHIN.partition("{name}")[2],
                    " ✕",
                    type="button",
                    on_click=State.narrow(""),
                    title=EVERYWHERE,
                ),
            ),
            rx.cond(
                State.is_narrowed,
                rx.el.button(
                    CLEAR,
                    type="button",
                    on_click=State.clear,
                    title=CLEAR_MEANS,
                    class_name="quiet",
                    custom_attrs={"data-clears": ""},
                ),
            ),
            class_name="filters",
        ),
        role="search",
    )


def _select(label: str, value: Any, on_change: Any, options: Mapping[str, str]) -> rx.Component:
    choices = (rx.el.option(words, value=name) for name, words in options.items())
    return rx.el.select(*choices, value=value, on_change=on_change, aria_label=label)


def _open_select(label: str, value: Any, on_change: Any, none: str, options: Any) -> rx.Component:
    return rx.el.select(
        rx.el.option(none, value=""),
        rx.foreach(options, lambda option: rx.el.option(option, value=option)),
        value=value,
        on_change=on_change,
        aria_label=label,
    )


def acts() -> rx.Component:
    """What can be done with all chosen sessions, and what was just done."""
    exports = "/api/v1/export?format="
    return rx.el.div(
        rx.cond(
            State.chosen.length() > 0,
            rx.el.div(
                rx.el.span(
                    CHOSEN.partition("{count}")[0], State.chosen.length(), CHOSEN.partition("{count}")[2]
                ),
                _act(PIN, "pin"),
                rx.cond(State.how == "archived", _act(UNARCHIVE, "unarchive"), _act(ARCHIVE, "archive")),
                _file(_short(EXPORT_MARKDOWN), f"{exports}markdown&ids=" + State.chosen.join(",")),
                _file(_short(EXPORT_JSON), f"{exports}json&ids=" + State.chosen.join(",")),
                _act(DELETE, "delete", "danger"),
                rx.el.button(CLEAR_CHOICE, type="button", on_click=State.choose_none, class_name="quiet"),
                role="toolbar",
                aria_label=ACTIONS,
                class_name="bar",
            ),
        ),
        rx.cond(
            State.deleted.length() > 0,
            rx.el.div(
                rx.el.span(State.said),
                rx.el.button(UNDO, type="button", on_click=State.undo, auto_focus=True, class_name="primary"),
                class_name="bar",
            ),
        ),
        rx.el.p(State.said, role="status", class_name="unseen"),
        class_name="doing",
    )


def _short(words: str) -> rx.Component:
    """An export of which a phone shows the format alone."""
    before, _, form = words.rpartition(" ")
    return rx.fragment(rx.el.span(before + " ", class_name="format"), form)


def _act(words: str, action: str, kind: str = "") -> rx.Component:
    return rx.el.button(words, type="button", on_click=State.do(action), class_name=kind)


def sessions() -> rx.Component:
    """The sessions, each with what was found in it."""
    return rx.fragment(
        rx.cond(
            State.rows.length() > 0,
            rx.el.table(
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(
                            rx.el.input(
                                type="checkbox",
                                checked=State.chosen.length() == State.rows.length(),
                                on_change=lambda _: State.choose_all(),
                                aria_label=CHOOSE_ALL,
                            )
                        ),
                        *(rx.el.th(words, scope="col") for words in (NAME, STATE, MODEL, WORKSPACE, USED)),
                        rx.el.th(rx.el.span(ACTIONS, class_name="unseen")),
                    )
                ),
                rx.foreach(State.rows, _session),
                class_name="sessions",
                aria_busy=State.is_looking,
            ),
            rx.cond(State.is_looking, rx.el.p(LOOKING, class_name="late meta"), _nothing()),
        ),
        rx.cond(State.cursor != "", rx.el.button(MORE, type="button", on_click=State.show_more)),
    )


def _nothing() -> rx.Component:
    return rx.cond(
        State.has_none,
        rx.el.p(NOTHING_YET, class_name="nothing"),
        rx.el.p(f"{NOTHING_FOUND} {NOTHING_MEANS}", class_name="nothing"),
    )


def _session(row: rx.Var[SessionShown]) -> rx.Component:
    return rx.el.tbody(
        rx.el.tr(
            rx.el.td(
                rx.el.input(
                    type="checkbox",
                    checked=State.chosen.contains(row.id),
                    on_change=lambda _: State.choose(row.id),
                    aria_label=CHOOSE.partition("{name}")[0] + row.name + CHOOSE.partition("{name}")[2],
                ),
                class_name="choose",
            ),
            rx.el.th(
                rx.cond(State.renaming == row.id, _rename(row), _name(row)), scope="row", class_name="name"
            ),
            rx.el.td(rx.el.span(row.label, custom_attrs={"data-how": row.state}), class_name="how"),
            rx.el.td(row.model, title=row.model, class_name="of-model"),
            rx.el.td(row.workspace, title=row.path, class_name="of-workspace"),
            rx.el.td(row.when, title=row.at, class_name="when"),
            rx.el.td(_actions(row), class_name="acts-of"),
        ),
        rx.cond(row.hits.length() > 0, rx.el.tr(rx.el.td(_hits(row), col_span=7), class_name="found")),
        key=row.id,
        custom_attrs={"data-session": row.id},
    )


def _name(row: rx.Var[SessionShown]) -> rx.Component:
    return rx.fragment(
        link(rx.foreach(row.pieces, piece), to=row.href, title=row.name),
        rx.cond(row.is_pinned, rx.el.span(PINNED, class_name="mark")),
        rx.cond(row.is_archived, rx.el.span(ARCHIVED, class_name="mark")),
        rx.cond(row.has_changes, rx.el.span(HAS_CHANGES, class_name="mark")),
    )


def _rename(row: rx.Var[SessionShown]) -> rx.Component:
    return rx.el.form(
        rx.el.input(
            name="name",
            default_value=row.name,
            required=True,
            max_length=200,
            aria_label=NEW_NAME,
            auto_focus=True,
            auto_complete="off",
        ),
        rx.el.button(SAVE, type="submit", class_name="primary"),
        rx.el.button(CANCEL, type="reset", on_click=State.begin_rename("")),
        on_submit=State.rename,
        reset_on_submit=False,
        class_name="rename",
    )


def _actions(row: rx.Var[SessionShown]) -> rx.Component:
    menu = "actions-" + row.id
    exports = "/api/v1/sessions/" + row.id + "/export?format="

    def act(words: Any, on_click: Any, kind: str = "") -> rx.Component:
        hides = {"popovertarget": menu, "popovertargetaction": "hide"}
        return rx.el.button(words, type="button", on_click=on_click, class_name=kind, custom_attrs=hides)

    return rx.fragment(
        rx.el.button(
            "⋯",
            type="button",
            aria_label=ACTIONS_OF.partition("{name}")[0] + row.name + ACTIONS_OF.partition("{name}")[2],
            class_name="quiet",
            custom_attrs={"popovertarget": menu},
        ),
        rx.el.div(
            act(RENAME, State.begin_rename(row.id)),
            act(
                rx.cond(row.is_pinned, UNPIN, PIN),
                State.do_one(row.id, rx.cond(row.is_pinned, "unpin", "pin")),
            ),
            act(
                rx.cond(row.is_archived, UNARCHIVE, ARCHIVE),
                State.do_one(row.id, rx.cond(row.is_archived, "unarchive", "archive")),
            ),
            act(FORK, State.fork(row.id)),
            _file(EXPORT_MARKDOWN, exports + "markdown"),
            _file(EXPORT_JSON, exports + "json"),
            act(DELETE, State.do_one(row.id, "delete"), "danger"),
            id=menu,
            class_name="actions",
            custom_attrs={"popover": "auto"},
        ),
    )


def _file(words: str | rx.Component, href: rx.Var[str]) -> rx.Component:
    """A link that the browser follows itself; else the page's router would look for such a page."""
    return rx.el.a(words, href=href, download=True, custom_attrs={"reloadDocument": True})


def _hits(row: rx.Var[SessionShown]) -> rx.Component:
    return rx.el.ul(
        rx.foreach(row.hits, _hit),
        rx.cond(
            row.has_more & (State.only == ""),
            rx.el.li(rx.el.button(ONLY, type="button", on_click=State.narrow(row.id), class_name="quiet")),
        ),
        class_name="hits",
    )


def _hit(hit: rx.Var[HitShown]) -> rx.Component:
    return rx.el.li(
        link(
            rx.el.span(hit.kind, class_name="kind"),
            rx.el.span(rx.foreach(hit.pieces, piece), class_name="snippet"),
            to=hit.href,
        )
    )


def piece(of: rx.Var[Piece]) -> rx.Component:
    """A piece of a text in which something was found."""
    return rx.cond(of.is_mark, rx.el.mark(of.text), rx.fragment(of.text))
