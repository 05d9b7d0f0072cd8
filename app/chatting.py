"""The session in a tab: it is followed, and whatever a person asks of it goes through here."""

# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# Reflex makes its components and the attributes of its values when it runs, and a State's fields stand for
# values of the browser in its components: their types say little.

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import reflex as rx
from pydantic import Field

from agent import providers, sessions, tooling
from agent.core.commands import Answer, DropPrompt, EditPrompt, Interrupt, Prompt
from agent.core.errors import Conflict, MaestroError, ToolFailed
from agent.core.events import PromptQueued
from agent.core.identity import Session, User
from agent.core.messages import PromptPart, Text
from agent.core.policy import Answer as ApprovalAnswer
from agent.core.policy import Mode
from app import commanding, composing, follow, jobs
from app.always import AlwaysState, choice_of
from app.auth import who
from app.browsed import folder_of
from app.commanding import Asked, CommandingState, choose_model
from app.composing import Measured, in_order, session_of
from app.drawer.opening import Drawer
from app.editing import edited, said_anew
from app.listing import Listing, list_anew
from app.pace import Pace, PaceState, begun, pace_of
from app.replying import replied
from app.shown import Choice, choices
from app.state import asked, flash
from app.view import EVENTS, TURN_ROWS, WINDOW, View
from app.words import instruction_note
from app.words.transcript import GO_ON

LONGEST_ID = 200
"""Characters of a model's id."""
DONE = ("text", "tool")
"""Rows of a turn that has come to something."""
LONGEST_NAME = 200
"""Characters of a name."""
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
    folder: str = ""
    """The workspace as a person calls it."""
    models: list[Choice] = []
    fallbacks: str = ""
    instructions: list[str] = []
    """The files the model is told beside the prompts, with their sizes."""

    @rx.var
    def at(self) -> str:
        """The session of the page's address, which a person means; what is shown may lag behind it."""
        return session_of(self.router.url.path)

    @rx.event(background=True, supersedes=True)
    async def arrive(self) -> Any:
        """Show the session of the page's address, and follow it for as long as the tab is there."""
        pace, tiers = pace_of(self.router.session.client_token), follow.Tiers()
        session_id, shown = self.at, self.session_id
        try:
            user = await who(self)
            async with self:
                limit, past = await self._show(user, session_id)
                if shown not in ("", session_id):  # its rows are gone before this one has a name
                    await tiers.push(self, View())
            if past and shown != session_id:  # else what is shown stays until there is more to show
                await self._show_newest(await follow.newest(user, session_id), tiers, pace)
            view = await self._past(user, session_id, limit) if past else Measured(limit)
            view.past = past

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

            if not past:
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
        listing = Listing(self, user)

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
            await listing.beat()

        return follow.Flushing(flushed, beat)

    async def _show(self, user: User, session_id: str) -> tuple[int, int]:
        """Take the session's settings over; gives how many rows may be shown, and the last event's number."""
        history = await self.get_state(follow.HistoryState)
        if session_id != self.session_id:
            history.limit = WINDOW
        self.session_id = self.name = self.workspace = self.folder = self.fallbacks = ""
        self.instructions = []
        await list_anew(self, user)
        if session_id:
            session = await sessions.get(user, session_id)
            self.session_id, self.name, self.workspace = session.id, session.name, session.workspace
            self.folder = folder_of(session)
            self.model, self.mode = session.model, session.mode
            self.fallbacks = ", ".join(session.fallbacks)
            return history.limit, session.last_seq
        if not self.model:
            self.model = await providers.default_model(user)
        return history.limit, 0

    async def _past(self, user: User, session_id: str, limit: int) -> Measured:
        """What the rows that may be shown will be drawn from."""
        events = EVENTS * (limit + TURN_ROWS)
        return Measured(limit, await sessions.cut(user, session_id, events))

    async def _show_newest(self, view: View, tiers: follow.Tiers, pace: Pace) -> None:
        """Show the newest rows, and wait until they are drawn."""
        pace.want()
        async with self:
            await tiers.push(self, view)
            (await self.get_state(PaceState)).mark = pace.count()
        await pace.drawn()
        pace.begun.set()

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
            return await self._follow_up(user, await commanding.do(user, self.at, text))
        if not text and not files:
            return None
        wanted = commanding.asked_for(text, steers=bool(form.get("steers")), attachments=files)
        if edits := str(form.get("edits", "")):
            before = await sessions.take_back(user, self.at, edits)
            wanted = said_anew(before, wanted)
        if self.at:
            await sessions.submit(user, self.at, wanted)
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
            self.name = (await sessions.get(user, self.at)).name
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
            if session_id := self.at:
                await begun(self.router.session.client_token)
                found = await tooling.read_instructions(user, await sessions.get(user, session_id))
                async with self:
                    self.instructions = [instruction_note(file) for file in found.files]
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
                await composing.offer_starters(self, user, self.at)
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
        opened = await sessions.open(user, self.at)
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
        copy = await sessions.fork_after(user, self.at, str(form.get("turn_id", "")))
        return rx.redirect(f"/s/{copy.id}")

    @rx.event
    @asked
    async def rename(self, user: User, form: dict[str, Any]) -> None:
        """Give the session another name."""
        if name := str(form.get("name", "")).strip()[:LONGEST_NAME]:
            self.name = (await sessions.change(user, self.at, name=name)).name
            await list_anew(self, user)

    @rx.event
    @asked
    async def again(self, user: User, form: dict[str, Any]) -> None:
        """Ask once more what a turn was asked for; one that had come to something goes on from there."""
        turn_id = str(form.get("turn_id", ""))
        opened = await sessions.open(user, self.at)
        had_come_to = any(row.turn_id == turn_id and row.kind in DONE for row in opened.transcript.told)
        if had_come_to:
            parts: tuple[PromptPart, ...] = (Text(text=GO_ON),)
        else:
            parts = await sessions.take_back(user, self.at, turn_id)
        await sessions.submit(user, self.at, Prompt(parts=parts))

    @rx.event
    @asked
    async def stop(self, user: User, turn_id: Id) -> None:
        """Stop the turn the tab shows; a later one goes on."""
        await sessions.submit(user, self.at, Interrupt(turn_id=turn_id))

    @rx.event
    @asked
    async def edit(self, user: User, form: dict[str, Any]) -> None:
        """Change the words of a prompt that waits."""
        prompt_id = str(form.get("prompt_id", ""))
        waits = await self._waiting(user, prompt_id)
        parts = edited(waits.prompt, str(form.get("prompt", "")))
        command = EditPrompt(prompt_id=prompt_id, parts=parts, steers=waits.steers)
        await sessions.submit(user, self.at, command)

    @rx.event
    @asked
    async def steer(self, user: User, prompt_id: Id) -> None:
        """Tell a prompt that waits to the running turn."""
        waits = await self._waiting(user, prompt_id)
        command = EditPrompt(prompt_id=prompt_id, parts=waits.prompt, steers=True)
        await sessions.submit(user, self.at, command)

    @rx.event
    @asked
    async def drop(self, user: User, prompt_id: Id) -> None:
        """Take a prompt back that waits."""
        await sessions.submit(user, self.at, DropPrompt(prompt_id=prompt_id))

    async def _waiting(self, user: User, prompt_id: str) -> PromptQueued:
        opened = await sessions.open(user, self.at)
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
        await sessions.submit(user, self.at, command)

    @rx.event
    @asked
    async def reply(self, user: User, form: dict[str, Any]) -> None:
        """Reply to the agent's questions."""
        approval_id, replies = str(form.get("approval_id", "")), replied(form)
        command = Answer(approval_id=approval_id, answer="allow_once", replies=replies)
        await sessions.submit(user, self.at, command)

    @rx.event
    @asked
    async def decline(self, user: User, form: dict[str, Any]) -> None:
        """Say no to a call or a plan, with a word about what should be different."""
        approval_id, note = str(form.get("approval_id", "")), str(form.get("note", ""))[:4000]
        await sessions.submit(user, self.at, Answer(approval_id=approval_id, answer="reject_once", note=note))

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
        self.model = (await choose_model(Asked(user, self.at, chosen))).model

    @rx.event
    @asked
    async def choose_fallbacks(self, user: User, chain: Annotated[str, Field(max_length=2000)]) -> None:
        """Say who is asked when the model does not answer."""
        wanted = in_order(chain)
        if ", ".join(wanted) == self.fallbacks:
            return
        for model in wanted:
            providers.require(model)
        if self.at:
            wanted = (await sessions.change(user, self.at, fallbacks=wanted)).fallbacks
        self.fallbacks = ", ".join(wanted)

    @rx.event
    @asked
    async def choose_mode(self, user: User, mode: Mode) -> None:
        """Let another mode hold from the next turn on."""
        self.mode = mode
        if self.at:
            await sessions.change(user, self.at, mode=mode)
