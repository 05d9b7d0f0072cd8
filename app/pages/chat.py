"""The chat: `/` begins a session, `/s/ID` shows one."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs, and a State's fields stand for
# values of the browser in its components: their types say little.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import reflex as rx
from pydantic import Field
from reflex_components_core.core.banner import has_connection_errors

from agent import providers, sessions, tooling
from agent.core.commands import Answer, DropPrompt, EditPrompt, Interrupt
from agent.core.errors import Conflict, MaestroError, ToolFailed
from agent.core.events import PromptQueued
from agent.core.identity import Session, User
from agent.core.policy import Answer as ApprovalAnswer
from agent.core.policy import Mode
from app import commanding, composing, follow, jobs
from app.always import AlwaysState, choice_of
from app.auth import who
from app.commanding import Asked, CommandingState, choose_model
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
from app.components.header import header
from app.components.welcome import beginnings, welcome
from app.composing import ComposingState, Measured, in_order, session_of
from app.drawer.opening import Drawer
from app.editing import edited, said_anew
from app.listing import SessionsState, list_anew
from app.pace import PaceState, begun, marker, pace_of
from app.replying import replied
from app.shown import Choice, choices
from app.state import FlashState, asked, flash
from app.view import EVENTS, TURN_ROWS, WINDOW, View
from app.words import (
    INSTRUCTIONS,
    NAME,
    RECONNECTING,
    SHOW_EARLIER,
    TRANSCRIPT,
    instruction_note,
)

LONGEST_ID = 200
"""Characters of a model's id."""
BEFORE = 8
"""Rows that are shown before the one a person jumps to."""
Id = Annotated[str, Field(min_length=1, max_length=200)]


class ChatState(rx.State):
    """The session in this tab, and what a person asks of it."""

    session_id: str = ""
    name: str = ""
    model: str = ""
    mode: str = "ask"
    workspace: str = ""
    models: list[Choice] = []
    fallbacks: str = ""
    instructions: list[str] = []
    """The files the model is told beside the prompts, with their sizes."""

    @rx.event(background=True, supersedes=True)
    async def arrive(self) -> Any:
        """Show the session of the page's address, and follow it for as long as the tab is there."""
        session_id = session_of(self.router.url.path)
        pace = pace_of(self.router.session.client_token)
        try:
            user = await who(self)
            async with self:
                is_shown = session_id == self.session_id
                had_other = self.session_id not in ("", session_id)
                view = await self._show(user, session_id)
            view.is_opening = not is_shown
            tiers = follow.Tiers()

            async def flush() -> None:
                async with self:
                    await tiers.push(self, view)
                    await composing.measure(self, view)
                    (await self.get_state(PaceState)).mark = pace.count()
                    if view.take_start():
                        await list_anew(self, user)
                        self.name = (await sessions.get(user, session_id)).name
                    if view.take_mode():
                        self.mode = (await sessions.get(user, session_id)).mode

            if not session_id or had_other:  # else what is shown stays until there is more to show
                await flush()
            to = self._keeping(user, session_id, view, flush)
            if session_id and await follow.stream(self, session_id, view, pace, to):
                return ChatState.arrive
        except MaestroError as error:
            async with self:
                await flash(self, error)
        return None

    def _keeping(
        self, user: User, session_id: str, view: View, flush: Callable[[], Awaitable[None]]
    ) -> follow.Flushing:
        """What is done beside each flush: jobs, and the drawer, are kept up to what has happened."""
        watching, beside = jobs.Watching(self, user, session_id), Drawer(self, user, session_id)

        async def flushed() -> None:
            await flush()
            if view.take_jobs():
                await watching.look()
            await look_beside()

        async def look_beside() -> None:
            if view.take_news():
                await beside.look()

        async def beat() -> None:
            await watching.look_if_running()
            await look_beside()
            await beside.look_at_jobs()

        return follow.Flushing(flushed, beat)

    async def _show(self, user: User, session_id: str) -> Measured:
        """Take the session's settings over; gives the view it will be drawn from."""
        history = await self.get_state(follow.HistoryState)
        if session_id != self.session_id:
            history.limit = WINDOW
        self.session_id = self.name = self.workspace = self.fallbacks = ""
        self.instructions = []
        await list_anew(self, user)
        if session_id:
            session = await sessions.get(user, session_id)
            self.session_id, self.name, self.workspace = session.id, session.name, session.workspace
            self.model, self.mode = session.model, session.mode
            self.fallbacks = ", ".join(session.fallbacks)
            events = EVENTS * (history.limit + TURN_ROWS)
            return Measured(history.limit, await sessions.cut(user, session_id, events))
        if not self.model:
            self.model = await providers.default_model(user)
        return Measured(history.limit)

    @rx.event
    @asked
    async def send(self, user: User, form: dict[str, Any]) -> Any:
        """Ask for work, or steer the work that goes on; on a new page the session is made first."""
        text = str(form.get("prompt", "")).strip()
        try:
            return await self._send(user, text, form)
        except MaestroError:
            await commanding.hand_back(self, text)
            raise

    async def _send(self, user: User, text: str, form: dict[str, Any]) -> Any:
        """Do what the text asks for; what begins with a slash is for the page, all else for the model."""
        files = composing.attached(form)
        if commanding.is_command(text):
            return await self._follow_up(user, await commanding.do(user, self.session_id, text))
        if not text and not files:
            return None
        wanted = commanding.asked_for(text, steers=bool(form.get("steers")), attachments=files)
        if edits := str(form.get("edits", "")):
            before = await sessions.take_back(user, self.session_id, edits)
            wanted = said_anew(before, wanted)
        if self.session_id:
            await sessions.submit(user, self.session_id, wanted)
            return None
        session = await self._begin(user, str(form.get("session_id", "")))
        if chain := in_order(self.fallbacks):
            await sessions.change(user, session.id, fallbacks=chain)
        await sessions.submit(user, session.id, wanted)
        return rx.redirect(f"/s/{session.id}")

    async def _follow_up(self, user: User, done: commanding.Done) -> Any:
        """Show what a command has changed."""
        self.model, self.mode = done.model or self.model, done.mode or self.mode
        if done.helps:
            (await self.get_state(CommandingState)).helps = True
        if done.is_renamed:
            await list_anew(self, user)
            self.name = (await sessions.get(user, self.session_id)).name
        if done.takes_away:
            return rx.download(done.takes_away)
        return rx.redirect(done.goes_to) if done.goes_to else None

    async def _begin(self, user: User, session_id: str) -> Session:
        """The session of a new page: one that was made for its files, or a new one."""
        mode = commanding.MODES.get(self.mode, "ask")
        if session_id:
            return await sessions.change(user, session_id, model=self.model, mode=mode)
        return await sessions.create(user, model=self.model, mode=mode)

    @rx.event(background=True)
    async def get_ready(self) -> Any:
        """Do what the first prompt need not wait for, nor the rows: read the log, offer the models."""
        try:
            user = await who(self)
            if session_id := session_of(self.router.url.path):
                found = await tooling.read_instructions(user, await sessions.get(user, session_id))
                async with self:
                    self.instructions = [instruction_note(file) for file in found.files]
                await begun(self.router.session.client_token)
                await sessions.prepare(user, session_id)
        except (MaestroError, ToolFailed):
            return None  # `arrive` has said it, or each tool will
        return ChatState.offer

    @rx.event(background=True)
    async def offer(self) -> None:
        """Offer the models there are right now."""
        try:
            user = await who(self)
            for patiently in (False, True):
                known = await providers.models(user, patiently=patiently)
                offered = choices(known, await providers.health(user))
                async with self:
                    await composing.know_models(self, user, known)
                    if self.models != offered:
                        self.models = offered
                await composing.offer_starters(self, user, session_of(self.router.url.path))
        except MaestroError:
            return

    @rx.event
    @asked
    async def show_earlier(self, _user: User) -> Any:
        """Show more of the history; the follower begins anew with more of it."""
        (await self.get_state(follow.HistoryState)).limit += WINDOW
        return ChatState.arrive

    @rx.event
    @asked
    async def jump(self, user: User, form: dict[str, Any]) -> Any:
        """Show as much of the history as it takes to see a row."""
        opened = await sessions.open(user, self.session_id)
        rows = [row.id for row in opened.transcript.told]
        wanted = str(form.get("row", ""))
        if wanted not in rows:
            return None
        history = await self.get_state(follow.HistoryState)
        history.limit = max(history.limit, len(rows) - rows.index(wanted) + BEFORE)
        return ChatState.arrive

    @rx.event
    @asked
    async def fork(self, user: User, form: dict[str, Any]) -> Any:
        """Go on from the end of a turn in a copy of the session."""
        copy = await sessions.fork_after(user, self.session_id, str(form.get("turn_id", "")))
        return rx.redirect(f"/s/{copy.id}")

    @rx.event
    @asked
    async def stop(self, user: User, turn_id: Id) -> None:
        """Stop the turn the tab shows; a later one goes on."""
        await sessions.submit(user, self.session_id, Interrupt(turn_id=turn_id))

    @rx.event
    @asked
    async def edit(self, user: User, form: dict[str, Any]) -> None:
        """Change the words of a prompt that waits."""
        prompt_id = str(form.get("prompt_id", ""))
        waits = await self._waiting(user, prompt_id)
        parts = edited(waits.prompt, str(form.get("prompt", "")))
        command = EditPrompt(prompt_id=prompt_id, parts=parts, steers=waits.steers)
        await sessions.submit(user, self.session_id, command)

    @rx.event
    @asked
    async def steer(self, user: User, prompt_id: Id) -> None:
        """Tell a prompt that waits to the running turn."""
        waits = await self._waiting(user, prompt_id)
        command = EditPrompt(prompt_id=prompt_id, parts=waits.prompt, steers=True)
        await sessions.submit(user, self.session_id, command)

    @rx.event
    @asked
    async def drop(self, user: User, prompt_id: Id) -> None:
        """Take a prompt back that waits."""
        await sessions.submit(user, self.session_id, DropPrompt(prompt_id=prompt_id))

    async def _waiting(self, user: User, prompt_id: str) -> PromptQueued:
        opened = await sessions.open(user, self.session_id)
        if prompt_id not in opened.transcript.queue:
            raise Conflict("prompt_started")
        return opened.transcript.queue[prompt_id]

    @rx.event
    @asked
    async def answer(self, user: User, approval_id: Id, answer: ApprovalAnswer) -> None:
        """Answer an approval."""
        is_for_ever = answer.endswith("always")
        rule = choice_of(await self.get_state(AlwaysState), approval_id) if is_for_ever else None
        command = Answer(approval_id=approval_id, answer=answer, rule=rule)
        await sessions.submit(user, self.session_id, command)

    @rx.event
    @asked
    async def reply(self, user: User, form: dict[str, Any]) -> None:
        """Reply to the agent's questions."""
        approval_id, replies = str(form.get("approval_id", "")), replied(form)
        command = Answer(approval_id=approval_id, answer="allow_once", replies=replies)
        await sessions.submit(user, self.session_id, command)

    @rx.event
    @asked
    async def decline(self, user: User, form: dict[str, Any]) -> None:
        """Say no to a call or a plan, with a word about what should be different."""
        approval_id, note = str(form.get("approval_id", "")), str(form.get("note", ""))[:4000]
        await sessions.submit(
            user, self.session_id, Answer(approval_id=approval_id, answer="reject_once", note=note)
        )

    @rx.event
    @asked
    async def choose_model(self, user: User, model: Annotated[str, Field(max_length=LONGEST_ID)]) -> None:
        """Let another model answer from the next turn on."""
        await self._take_model(user, model)

    @rx.event
    @asked
    async def name_model(self, user: User, form: dict[str, Any]) -> None:
        """Let the model answer whose id was typed over the list."""
        await self._take_model(user, str(form.get("model", ""))[:LONGEST_ID])

    async def _take_model(self, user: User, model: str) -> None:
        chosen = model.strip()
        if not chosen or chosen == self.model:
            return
        self.model = (await choose_model(Asked(user, self.session_id, chosen))).model

    @rx.event
    @asked
    async def choose_fallbacks(self, user: User, chain: Annotated[str, Field(max_length=2000)]) -> None:
        """Say who is asked when the model does not answer."""
        wanted = in_order(chain)
        if ", ".join(wanted) == self.fallbacks:
            return
        for model in wanted:
            providers.require(model)
        if self.session_id:
            wanted = (await sessions.change(user, self.session_id, fallbacks=wanted)).fallbacks
        self.fallbacks = ", ".join(wanted)

    @rx.event
    @asked
    async def choose_mode(self, user: User, mode: Mode) -> None:
        """Let another mode hold from the next turn on."""
        self.mode = mode
        if self.session_id:
            await sessions.change(user, self.session_id, mode=mode)


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
            foot(),
        ),
        drawer.drawer(ChatState.session_id),
        marker(),
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
    """What was said and done, and what waits to be said."""
    live = follow.LiveState
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
            rx.cond(
                follow.HistoryState.has_earlier,
                rx.el.button(SHOW_EARLIER, type="button", on_click=ChatState.show_earlier),
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
                transcript.End(live.ended, live.ended_at, live.spent),
            ),
            queue.queue(follow.QueueState.rows, ChatState.edit, ChatState.steer, ChatState.drop),
            class_name="column",
        ),
        id="transcript",
        tab_index=0,
        aria_label=TRANSCRIPT,
    )


def foot() -> rx.Component:
    """What waits for the person, and the composer."""
    return rx.el.div(
        docks.flash(FlashState.sentence, FlashState.close),
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
        rx.el.h1(rx.cond(ChatState.name == "", NAME, ChatState.name)),
        rx.cond(
            follow.RunState.spent != "",
            rx.el.span(
                follow.RunState.spent, id="spent", class_name="meta", title=follow.RunState.spent_means
            ),
        ),
        rx.el.code(ChatState.workspace, class_name="workspace", title=ChatState.workspace),
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
            },
        ),
        rx.cond(ChatState.session_id != "", drawer.toggle(ChatState.session_id)),
    )
