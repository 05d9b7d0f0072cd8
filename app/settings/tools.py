"""The section of tools: which may run, and whether commands stay in the sandbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import reflex as rx
from pydantic import Field

from agent import tooling
from agent.core.identity import User
from agent.core.tools import Kind
from app.state import asked
from app.words.settings import TOOLS

LOOKING: tuple[Kind, ...] = ("read", "think")

Name = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass
class ToolShown:
    """A tool, and what it may."""

    name: str = ""
    what: str = ""
    """What it does, in words."""
    is_enabled: bool = True
    may_leave: bool = False
    """Whether its programs may be let out of the sandbox."""
    is_outside: bool = False
    """Whether its programs run outside of the sandbox."""


class ToolsState(rx.State):
    """What the person lets each tool do."""

    acting: list[ToolShown] = []
    """Those that change something, or reach beyond the workspace."""
    looking: list[ToolShown] = []
    """Those that only read and plan."""

    @rx.event
    @asked
    async def look(self, user: User) -> None:
        """Read them anew."""
        await self._look(user)

    @rx.event
    @asked
    async def switch(self, user: User, tool: Name, on: bool) -> None:  # noqa: FBT001  as the page sends it
        """Let a tool run, or not."""
        await tooling.change_permission(user, tool, tooling.PermissionChanges(is_enabled=on))
        await self._look(user)

    @rx.event
    @asked
    async def confine(self, user: User, tool: Name) -> None:
        """Let a tool's programs run inside of the sandbox again."""
        await tooling.change_permission(user, tool, tooling.PermissionChanges(sandbox_bypassed=False))
        await self._look(user)

    @rx.event
    @asked
    async def let_out(self, user: User, tool: Name) -> None:
        """Let a tool's programs run outside of the sandbox."""
        await tooling.change_permission(user, tool, tooling.PermissionChanges(sandbox_bypassed=True))
        await self._look(user)

    async def _look(self, user: User) -> None:
        kinds, shown = (
            tooling.kinds(),
            tools_shown(await tooling.permissions(user), tooling.kinds(), is_admin=user.is_admin),
        )
        self.acting = [tool for tool in shown if kinds[tool.name] not in LOOKING]
        self.looking = [tool for tool in shown if kinds[tool.name] in LOOKING]


def tools_shown(
    permissions: Iterable[tooling.Permission], kinds: Mapping[str, Kind], *, is_admin: bool = False
) -> list[ToolShown]:
    """The tools as the page shows them: those that run programs first, for they can do most.

    >>> [tool.what for tool in tools_shown([tooling.Permission(tool="grep")], {"grep": "read"})]
    ['Search in files']
    """
    return [
        ToolShown(
            name=one.tool,
            what=TOOLS.get(one.tool, one.tool),
            is_enabled=one.is_enabled,
            may_leave=is_admin and kinds[one.tool] == "execute",
            is_outside=one.sandbox_bypassed,
        )
        for one in sorted(permissions, key=lambda one: kinds[one.tool] != "execute")
    ]
