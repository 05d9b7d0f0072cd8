"""Which tab of the drawer is open; nothing is read while it is closed."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated, Any, Literal

import reflex as rx
from pydantic import Field

from agent.core.errors import MaestroError
from agent.core.identity import User
from app.drawer import changes, context, files, jobs, output, trace
from app.drawer.changes import ChangesState
from app.drawer.context import ContextState
from app.drawer.files import FilesState, Path
from app.drawer.jobs import AllJobsState
from app.drawer.output import OutputState
from app.drawer.trace import TraceState
from app.state import asked, bring_up

Tab = Literal["changes", "files", "jobs", "trace", "context"]
Id = Annotated[str, Field(min_length=1, max_length=200)]
PANELS: dict[str, tuple[type[Any], Callable[..., Awaitable[None]]]] = {
    "changes": (ChangesState, changes.look),
    "files": (FilesState, files.look),
    "jobs": (AllJobsState, jobs.look),
    "trace": (TraceState, trace.look),
    "context": (ContextState, context.look),
}
"""Each tab's State, and what reads into it."""


class DrawerState(rx.State):
    """What is open."""

    tab: str = ""
    """Empty while the drawer is closed."""
    about: str = ""
    """The session that it shows."""
    has_output: bool = False
    """Whether a call's output has a tab of its own."""
    _last: str = "changes"
    """The tab it is opened at."""

    @rx.event
    @asked
    async def show(self, user: User, session_id: Id, tab: Tab) -> None:
        """Open the drawer at a tab, and read what is there."""
        self._open(tab)
        await look(self, user, session_id)

    @rx.event
    @asked
    async def toggle(self, user: User, session_id: Id) -> None:
        """Open the drawer where it was closed, or close it."""
        if self.tab:
            await self._shut()
            return
        self._open(self._last)
        await look(self, user, session_id)

    @rx.event
    @asked
    async def close(self, _user: User) -> None:
        """Close the drawer."""
        await self._shut()

    @rx.event
    @asked
    async def show_file(self, user: User, session_id: Id, path: Path) -> None:
        """Open a file of the workspace, whichever tab is shown."""
        await turn_to(self, session_id)
        await files.show(await self.get_state(FilesState), user, session_id, path)
        self._open("files")

    @rx.event
    @asked
    async def show_output(self, user: User, form: dict[str, Any]) -> None:
        """Open all that a call gave back."""
        session_id, call_id = (str(form.get(name, ""))[:200] for name in ("session_id", "call_id"))
        await turn_to(self, session_id)
        await output.read(await self.get_state(OutputState), user, session_id, call_id)
        self.tab, self.has_output = "output", True

    @rx.event
    @asked
    async def turn_to_output(self, _user: User) -> None:
        """Show the output again that was opened."""
        if self.has_output:
            self.tab = "output"

    def _open(self, tab: str) -> None:
        self.tab = self._last = tab

    async def _shut(self) -> None:
        """Nothing of what was shown stays in the tab."""
        self.tab = ""
        await turn_to(self, "")


async def turn_to(state: DrawerState, session_id: str) -> None:
    """Forget what was shown of another session."""
    if state.about == session_id:
        return
    state.about, state.has_output = session_id, False
    if state.tab == "output":
        state.tab = "changes"
    for panel in (*(panel for panel, _ in PANELS.values()), OutputState):
        (await state.get_state(panel)).reset()


async def look(state: rx.State, user: User, session_id: str) -> None:
    """Bring what an open drawer shows up to what has happened."""
    drawer = await state.get_state(DrawerState)
    if not (drawer.tab and session_id):
        return
    await turn_to(drawer, session_id)
    if drawer.tab in PANELS:
        panel, read = PANELS[drawer.tab]
        await read(await state.get_state(panel), user, session_id)


class Drawer:
    """Keeps the drawer of a tab up to its session."""

    def __init__(self, tab: rx.State, user: User, session_id: str) -> None:
        self._tab, self._user, self._session_id = tab, user, session_id

    async def look(self) -> None:
        """Show what has changed; the tab draws on while changes are compared."""
        with suppress(MaestroError):  # it is told when somebody asks for it
            async with self._tab:
                if await self._shown() != "changes":
                    await look(self._tab, self._user, self._session_id)
                    return
                state = await self._tab.get_state(ChangesState)
                await turn_to(await self._tab.get_state(DrawerState), self._session_id)
                scope = state.scope
            found = await changes.found(self._user, self._session_id, scope)
            async with self._tab:
                state = await self._tab.get_state(ChangesState)
                if await self._shown() == "changes" and state.scope == scope:
                    bring_up(state, **found)

    async def look_at_jobs(self) -> None:
        """Show how the jobs go on, while somebody looks at them."""
        with suppress(MaestroError):
            async with self._tab:
                if await self._shown() == "jobs":
                    await look(self._tab, self._user, self._session_id)

    async def _shown(self) -> str:
        """The tab that is open; none where there is no session to show."""
        return (await self._tab.get_state(DrawerState)).tab if self._session_id else ""
