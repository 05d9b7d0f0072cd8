"""The chat: `/` begins a session, `/s/ID` shows one."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs, and a State's fields stand for
# values of the browser in its components: their types say little.

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from app import follow, jobs
from app.always import AlwaysState
from app.chatting import ChatState
from app.commanding import CommandingState
from app.components import (
    commands,
    composer,
    docks,
    drawer,
    keys,
    palette,
    queue,
    sidebar,
    skips,
    transcript,
)
from app.components.header import header, named
from app.components.naming import naming
from app.components.welcome import beginnings, welcome
from app.composing import ComposingState
from app.listing import SessionsState
from app.pace import marker
from app.state import FlashState
from app.words import INSTRUCTIONS, NAME, RECONNECTING, SHOW_EARLIER, TRANSCRIPT


def page() -> rx.Component:
    """The chat page."""
    return rx.el.div(
        skips.to_places(follow.RunState.asking.length() > 0),
        sidebar.sidebar(SessionsState.entries, ChatState.session_id, SessionsState.way_out),
        rx.el.main(
            heading(),
            talk(),
            transcript.new_output(),
            transcript.jump(ChatState.session_id, ChatState.jump),
            transcript.forking(ChatState.fork),
            transcript.trying_again(ChatState.again),
            foot(),
        ),
        drawer.drawer(ChatState.session_id),
        marker(),
        naming(rx.cond(ChatState.name == "", NAME, ChatState.name), SessionsState.asking),
        skips.spoken(
            rx.cond(has_connection_errors, RECONNECTING, follow.RunState.said), follow.RunState.alarm
        ),
        palette.palette(
            ChatState.session_id, palette.files(), palette.models(ChatState.models, ChatState.choose_model)
        ),
        keys.shortcuts(),
        class_name="page",
    )


def talk() -> rx.Component:
    """What was said and done, and what waits to be said; nothing of the session that was here before."""
    return rx.el.div(
        rx.el.div(
            rx.cond(
                ChatState.session_id == "",
                welcome(
                    ComposingState.is_demo,
                    ComposingState.can_add_key,
                    ComposingState.starters,
                    SessionsState.entries,
                ),
            ),
            rx.cond(ChatState.at == ChatState.session_id, said()),
            class_name="column",
        ),
        id="transcript",
        role="region",
        tab_index=0,
        aria_label=TRANSCRIPT,
    )


def said() -> rx.Component:
    """The rows of the session, the answer that is being said, and the prompts that wait."""
    live = follow.LiveState
    return rx.fragment(
        rx.cond(
            follow.HistoryState.has_earlier,
            rx.el.button(SHOW_EARLIER, type="button", id="earlier", on_click=ChatState.show_earlier),
        ),
        rx.cond(
            (ChatState.session_id != "")
            & (follow.HistoryState.rows.length() + follow.TurnState.rows.length() == 0)
            & (ComposingState.starters.length() > 0),
            rx.el.section(beginnings(ComposingState.starters), class_name="welcome"),
        ),
        transcript.rows(follow.HistoryState.rows),
        transcript.rows(follow.TurnState.rows),
        transcript.live_output(live.output),
        transcript.live_thinking(live.thought_head + live.thought_middle + live.thought_tail),
        transcript.live_answer(
            live.has_answer,
            (live.settled, live.settled_inks),
            (live.finished, live.finished_inks),
            transcript.growing(live.shape, live.head + live.middle, live.tail),
            transcript.End(live.ended_row, live.ended, live.ended_at, live.spent),
        ),
        queue.queue(follow.QueueState.rows, ChatState.edit, ChatState.steer, ChatState.drop),
    )


def foot() -> rx.Component:
    """What waits for the person, and the composer."""
    return rx.el.div(
        docks.flash(FlashState.sentence, FlashState.close),
        rx.cond(~ComposingState.can_add_key, rx.el.span(class_name="without-keys", hidden=True)),
        commands.guide(CommandingState.helps, CommandingState.close),
        docks.todos(follow.RunState.todos, follow.RunState.progress),
        docks.jobs(jobs.JobsState.jobs, lambda number: jobs.JobsState.stop(ChatState.session_id, number)),
        docks.approvals(
            follow.RunState.asking,
            ChatState.answer,
            ChatState.reply,
            ChatState.decline,
            docks.Weighing(
                AlwaysState.approval_id,
                AlwaysState.rule,
                AlwaysState.preview,
                lambda approval_id, changed: AlwaysState.weigh(ChatState.session_id, approval_id, changed),
            ),
            docks.Place(ChatState.folder, ChatState.workspace),
        ),
        commands.table(ChatState.models),
        commands.handed(CommandingState.text, CommandingState.handed),
        composer.refusals(
            ComposingState.without_images.contains(ChatState.model),
            ComposingState.without_pdf.contains(ChatState.model),
        ),
        composer.composer(
            ChatState.session_id,
            ChatState.send,
            ChatState.stop(follow.RunState.turn_id),
            follow.RunState.is_working,
            composer.mode_chip(ChatState.mode, ChatState.choose_mode),
            composer.model_chip(
                ChatState.model,
                ChatState.choose_model,
                ChatState.offer,
                composer.model_search(ChatState.name_model),
                composer.offered(ChatState.models, ChatState.choose_model),
                composer.fallback_chain(ChatState.fallbacks, ChatState.choose_fallbacks),
            ),
            composer.ring(ComposingState.used, ComposingState.windows.get(ChatState.model, 0)),
        ),
        class_name="column foot",
    )


def heading() -> rx.Component:
    """The session's name and what it is doing."""
    return header(
        rx.cond(ChatState.name == "", rx.el.h1(NAME), named(ChatState.name, ChatState.rename)),
        rx.cond(
            follow.RunState.spent != "",
            rx.el.span(
                follow.RunState.spent, id="spent", class_name="meta", title=follow.RunState.spent_means
            ),
        ),
        rx.el.code(ChatState.folder, class_name="workspace", title=ChatState.workspace),
        rx.cond(
            ChatState.instructions.length() > 0,
            rx.fragment(
                rx.el.button(
                    INSTRUCTIONS,
                    type="button",
                    class_name="quiet",
                    custom_attrs={"popovertarget": "instructions"},
                ),
                rx.el.ul(
                    rx.foreach(ChatState.instructions, rx.el.li),
                    id="instructions",
                    custom_attrs={"popover": "auto"},
                ),
            ),
        ),
        rx.el.span(
            rx.cond(has_connection_errors, RECONNECTING, follow.RunState.label),
            id="run-state",
            custom_attrs={
                "data-working": follow.RunState.is_working,
                "data-asking": follow.RunState.asking.length() > 0,
                "data-since": follow.RunState.since,
            },
        ),
        rx.cond(ChatState.session_id != "", drawer.toggle(ChatState.session_id)),
    )
