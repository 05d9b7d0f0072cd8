"""Lists, reads and stops what runs beside the work."""

from typing import Literal

from agent.core.errors import ToolFailed
from agent.tooling.background import Job
from agent.tooling.declaration import tool
from agent.tooling.programs import Programs


@tool("read", effect="idempotent")
async def shell_jobs(  # noqa: D417 (the model does not see programs)
    programs: Programs, action: Literal["list", "tail", "stop"] = "list", job: int = 0
) -> str:
    """Look after the background jobs of this session: what `shell` began with `background`.

    A job runs on between turns, until it ends, is stopped, or the server stops. Stop what is not needed any
    more.

    Args:
        action: `list` all of them, read the end of the output of one (`tail`), or `stop` one.
        job: The number of the job to read or stop.
    """
    if action == "stop":
        await programs.stop(job)
        return f"Job {job} is told to stop."
    found = await programs.jobs()
    if action == "list":
        return "\n".join(_line(each) for each in found) or "[No jobs.]"
    wanted = next((each for each in found if each.number == job), None)
    if wanted is None:
        raise ToolFailed(f"There is no job {job}.")
    return f"{_line(wanted)}\n\n{wanted.tail or '[It has written nothing.]'}"


def _line(job: Job) -> str:
    return f"{job.number}. {_state(job)}: {job.command}"


def _state(job: Job) -> str:
    if job.state == "running":
        return "running"
    if job.state == "lost":
        return "ended with the server it ran on"
    return f"ended with exit code {job.exit_code}" if job.reason == "exit" else f"ended ({job.reason})"
