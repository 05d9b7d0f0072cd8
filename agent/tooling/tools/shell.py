"""Runs a command line in the session's sandbox."""

from typing import Annotated

from pydantic import Field

from agent.tooling.declaration import tool
from agent.tooling.programs import Programs

LONGEST = 32_000
"""Characters of a command line."""


@tool("execute", effect="once")
async def shell(  # noqa: D417 (the model does not see programs)
    programs: Programs,
    command: Annotated[str, Field(min_length=1, max_length=LONGEST)],
    *,
    background: bool = False,
) -> str:
    """Run a command line with bash in the workspace, and return what it writes.

    Each call is a shell of its own: a `cd` or a variable does not reach the next call. It runs in a sandbox:
    it can change the workspace, /tmp and its own home, sees no other files of the person, and normally
    reaches no network. In plan mode it cannot change the workspace. It has no terminal and no input, so use
    options that ask nothing (`-y`, `--no-pager`). A command that writes nothing for 300 seconds is stopped.
    Prefer the tools for files and searches to cat, sed, find and grep.

    Args:
        command: The command line.
        background: Run it beside the work, for servers and watchers; `shell_jobs` lists, reads and stops it.
    """
    if background:
        job = await programs.begin(command)
        return f"Job {job.number} runs. `shell_jobs` tells how it is, and stops it."
    return await programs.run(command) or "[It wrote nothing.]"
