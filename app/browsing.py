"""The page of all sessions: what is looked for, what was found, and what is done with it."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from agent import sessions
from agent.core.errors import Invalid, MaestroError
from agent.core.identity import User
from agent.sessions import Filters, Listed
from app.auth import who
from app.browsed import SessionShown, between, counted, outcome, session_shown, with_hits
from app.listing import list_anew
from app.state import asked, flash
from app.words.browsing import DONE

Id = Annotated[str, Field(min_length=1, max_length=36)]
Words = Annotated[str, Field(max_length=200)]
Place = Annotated[str, Field(max_length=4096)]
How = Literal["", "running", "needs_me", "idle", "archived"]
Age = Literal["", "day", "week", "month", "older"]
Action = Literal["pin", "unpin", "archive", "unarchive", "delete"]
PAUSE = 0.15
"""Seconds without a further letter after which is searched."""


class BrowsingState(rx.State):
    """The sessions a person looks through."""

    q: str = ""
    how: str = ""
    model: str = ""
    workspace: str = ""
    age: str = ""
    has_changes: bool = False
    only: str = ""
    """The session that alone is searched."""
    only_name: str = ""
    models: list[str] = []
    workspaces: list[str] = []
    rows: list[SessionShown] = []
    cursor: str = ""
    chosen: list[str] = []
    renaming: str = ""
    """The session whose name is being changed."""
    deleted: list[str] = []
    """What was deleted last, and can be brought back."""
    said: str = ""
    """What was done last."""
    is_looking: bool = True
    is_narrowed: bool = False
    """Whether anything is looked for, or filtered by."""
    opened: int = 0
    """Counts how often the box began with other words than it held."""
    _pause: float = 0.0
    """Seconds to wait before the next search."""
    _has_arrived: bool = False
    """Whether the page was visited before; what is typed on the way to the first visit is kept."""
    has_none: bool = False
    """Whether there is no session at all."""

    @rx.event
    @asked
    async def arrive(self, user: User) -> Any:
        """Begin with what the page's address says (`?q=…&state=…`)."""
        wanted = self.router.url.query_parameters
        self._begin(str(wanted.get("q", "" if self._has_arrived else self.q))[:200])
        how = str(wanted.get("state", ""))
        self._forget(how if how in How.__args__ else "")
        self.models, self.workspaces = await sessions.places(user)
        await list_anew(self, user)
        return BrowsingState.find

    def _begin(self, q: str) -> None:
        """Look for these words; a box that holds others is drawn anew."""
        self.opened += q != self.q
        self.q, self._has_arrived = q, True

    def _forget(self, how: str = "") -> None:
        self.how, self.model, self.workspace, self.age = how, "", "", ""
        self.has_changes, self.only, self.only_name = False, "", ""
        self.chosen, self.renaming, self.deleted, self.said = [], "", [], ""

    @rx.event
    @asked
    async def type(self, _user: User, q: Words) -> Any:
        """Look for other words, when no more come."""
        self.q, self.is_looking, self._pause = q, True, PAUSE
        return BrowsingState.find

    @rx.event
    @asked
    async def clear(self, _user: User) -> Any:
        """Look for nothing, everywhere."""
        self.q, self.opened = "", self.opened + 1
        self._forget()
        return BrowsingState.find

    @rx.event
    @asked
    async def choose_how(self, _user: User, how: How) -> Any:
        """Show sessions in a state."""
        self.how = how
        return BrowsingState.find

    @rx.event
    @asked
    async def choose_model(self, _user: User, model: Words) -> Any:
        """Show the sessions of a model."""
        self.model = model
        return BrowsingState.find

    @rx.event
    @asked
    async def choose_workspace(self, _user: User, workspace: Place) -> Any:
        """Show the sessions in a folder."""
        self.workspace = workspace
        return BrowsingState.find

    @rx.event
    @asked
    async def choose_age(self, _user: User, age: Age) -> Any:
        """Show sessions that were used at some time."""
        self.age = age
        return BrowsingState.find

    @rx.event
    @asked
    async def choose_changes(self, _user: User, has_changes: bool) -> Any:  # noqa: FBT001  a page sends it so
        """Show sessions that changed files."""
        self.has_changes = has_changes
        return BrowsingState.find

    @rx.event
    @asked
    async def narrow(self, user: User, session_id: Annotated[str, Field(max_length=36)]) -> Any:
        """Search in one session alone; empty for everywhere again."""
        self.only_name = (await sessions.get(user, session_id)).name if session_id else ""
        self.only = session_id
        return BrowsingState.find

    @rx.event(background=True, supersedes=True)
    async def find(self) -> None:
        """Show the first page of what is meant now; a later wish takes the place of this one."""
        try:
            user = await who(self)
            async with self:
                self.is_looking, pause, self._pause = True, self._pause, 0.0
            await asyncio.sleep(pause)
            await self._find(user)
        except MaestroError as error:
            async with self:
                self.is_looking = False
                await flash(self, error)

    async def _find(self, user: User) -> None:
        async with self:
            q, meant = self.q.strip(), self._filters()
        rows, cursor = await _page(user, q, meant, "", [])
        is_empty = not rows and not q and meant == Filters()
        has_none = is_empty and not (await sessions.browse(user, filters=Filters(state="archived")))[0]
        async with self:
            self.rows, self.cursor = rows, cursor
            self.chosen = [one for one in self.chosen if one in {row.id for row in rows}]
            self.has_none = has_none
            self.is_narrowed = bool(q) or meant != Filters()
            self.is_looking = False
            self.said = outcome(len(rows), is_all=not cursor) if q and not self.deleted else self.said

    @rx.event
    @asked
    async def show_more(self, user: User) -> None:
        """Show the next page too."""
        if self.cursor:
            self.rows, self.cursor = await _page(
                user, self.q.strip(), self._filters(), self.cursor, self.rows
            )

    def _filters(self) -> Filters:
        since, until = between(self.age, datetime.now(UTC))
        wanted = {"state": self.how or None, "model": self.model, "workspace": self.workspace}
        has_changes = True if self.has_changes else None
        return Filters.model_validate(
            {**wanted, "since": since, "until": until, "has_changes": has_changes, "session_id": self.only}
        )

    @rx.event
    @asked
    async def choose(self, _user: User, session_id: Id) -> None:
        """Choose a session, or choose it no more."""
        if session_id in self.chosen:
            self.chosen = [one for one in self.chosen if one != session_id]
        elif session_id in {row.id for row in self.rows}:
            self.chosen = [*self.chosen, session_id][: sessions.MOST_AT_ONCE]

    @rx.event
    @asked
    async def choose_all(self, _user: User) -> None:
        """Choose all that are shown, or none when they are."""
        ids = [row.id for row in self.rows][: sessions.MOST_AT_ONCE]
        self.chosen = [] if len(self.chosen) == len(ids) else ids

    @rx.event
    @asked
    async def choose_none(self, _user: User) -> None:
        """Choose no session."""
        self.chosen = []

    @rx.event
    @asked
    async def do(self, user: User, action: Action) -> Any:
        """Do something with all chosen sessions."""
        return await self._do(user, self.chosen, action)

    @rx.event
    @asked
    async def do_one(self, user: User, session_id: Id, action: Action) -> Any:
        """Do something with one session."""
        return await self._do(user, [session_id], action)

    async def _do(self, user: User, ids: list[str], action: Action) -> Any:
        self.deleted = []
        if not ids:
            return None
        if action == "delete":
            self.deleted = await sessions.delete_all(user, ids)
        else:
            await sessions.mark(user, ids, action)
        self.chosen = [one for one in self.chosen if one not in ids]
        return await self._done(user, action, len(ids))

    async def _done(self, user: User, what: str, count: int) -> Any:
        self.said = DONE[what].format(what=counted(count))
        await list_anew(self, user)
        return BrowsingState.find

    @rx.event
    @asked
    async def undo(self, user: User) -> Any:
        """Bring back what was deleted last."""
        back, self.deleted = self.deleted, []
        for session_id in back:
            await sessions.undelete(user, session_id)
        return await self._done(user, "undelete", len(back)) if back else None

    @rx.event
    @asked
    async def begin_rename(self, _user: User, session_id: Annotated[str, Field(max_length=36)]) -> None:
        """Change a session's name in its place; empty for none."""
        self.renaming = session_id

    @rx.event
    @asked
    async def rename(self, user: User, form: dict[str, Any]) -> Any:
        """Give the session its new name."""
        session_id, self.renaming = self.renaming, ""
        name = str(form.get("name", "")).strip()
        if session_id and name:
            await sessions.change(user, session_id, name=name)
            await list_anew(self, user)
        return BrowsingState.find

    @rx.event
    @asked
    async def fork(self, user: User, session_id: Id) -> Any:
        """Go on from a session's end in a new one."""
        source = await sessions.get(user, session_id)
        if not source.last_seq:
            raise Invalid("nothing_to_fork")
        return rx.redirect(f"/s/{(await sessions.fork(user, session_id, source.last_seq)).id}")


async def _page(
    user: User, q: str, meant: Filters, cursor: str, before: list[SessionShown]
) -> tuple[list[SessionShown], str]:
    """A page more of sessions: with hits where words are looked for."""
    now = datetime.now(UTC)
    if q:
        hits, later = await sessions.search(user, q, meant, cursor)
        return with_hits(before, hits, now), later
    listed, later = await sessions.browse(user, "", meant, cursor)
    known = {one.id for one in before}
    return [*before, *_shown([one for one in listed if one.session.id not in known], now)], later


def _shown(listed: list[Listed], now: datetime) -> list[SessionShown]:
    return [session_shown(one.session, one.state, now) for one in listed]
