"""The engine over DBOS: each turn a workflow, each port of the loop a recorded step.

To import this module takes some tenths of a second, for DBOS: it is done where turns begin, nowhere else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    WorkflowStatus,
)
from dbos import error as trouble
from pydantic import JsonValue
from sqlalchemy import Engine as Database
from sqlalchemy import create_engine, event
from sqlalchemy.engine import ExceptionContext

from agent.sessions.log import Fenced
from agent.sessions.turns.engine import Ended, Execute, Run, Status
from agent.store.engine import is_sqlite

NAME = "maestro"
VERSION = "maestro-1"
"""Pinned: a version of its own for each change of the code would leave waiting turns behind for ever."""
TURN = "turn"
QUEUE = "turns"
THREADS = 16
CONNECTIONS = 10
POLL_HERE = 1.0
"""Seconds between two looks at the queue where turns begin in the process that accepted them."""
POLL = 0.1
KEPT = timedelta(days=1)
"""How long the engine's rows of an ended turn are kept: they are of use for finding faults alone."""
AT_ONCE = 500

STATUS: dict[str, Status] = {"ENQUEUED": "waiting", "DELAYED": "waiting", "PENDING": "running"}


class DurableEngine:
    """Runs turns as workflows of DBOS."""

    def __init__(self, url: str, executor_id: str, execute: Execute, *, works: bool, is_alone: bool) -> None:
        self._url = url
        self._executor_id = executor_id
        self._execute = execute
        self._works = works
        """Whether turns run in this process."""
        self._poll = POLL_HERE if is_alone else POLL
        self._client: DBOSClient | None = None
        self._database: Database | None = None

    async def open(self) -> None:
        """Launch it, in the running event loop: the turns run there."""
        if self._works and _executing:
            raise RuntimeError("Turns run in this process already: DBOS knows one engine.")
        if is_sqlite(self._url):
            self._database = _quick_sqlite(self._url)
        if self._works:
            try:
                await self._launch()
            except BaseException:
                await self.close()
                raise
        else:
            self._client = await asyncio.to_thread(self._connect)

    async def close(self) -> None:
        """Stop taking turns; those that run here must have been stopped before."""
        # DBOS has made its own threads those of the whole loop, and takes them with it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())
        if self._works:
            _executing.clear()
            await asyncio.to_thread(DBOS.destroy)
        elif self._client:
            await asyncio.to_thread(self._client.destroy)
        if self._database:
            self._database.dispose()

    async def submit(self, run: Run) -> None:
        """Run a turn: at once where turns run in this process, else on a worker. Twice is once."""
        if self._client:
            options: Any = {
                "workflow_name": TURN,
                "queue_name": QUEUE,
                "workflow_id": run.id,
                "app_version": VERSION,
            }
            await self._client.enqueue_async(options, run.session_id, run.turn_id, run.part)
            return
        with SetWorkflowID(run.id):
            await DBOS.start_workflow_async(_workflows[TURN], run.session_id, run.turn_id, run.part)

    async def approve(self, run: Run) -> None:
        """Go on with a parked turn, whose answer is in the log."""
        await self.submit(run)

    async def cancel(self, run: Run) -> None:
        """Go on with a parked turn whose log says that it shall stop.

        DBOS's own cancel frees a workflow while its step still runs; ours is a word in the log that the
        step itself obeys.
        """
        await self.submit(run)

    async def fork(self, run: Run) -> None:
        """Go on with a turn whose log was copied from another's."""
        await self.submit(run)

    async def park(self, run: Run) -> Ended:
        """What an execution gives that waits for a person no longer; nothing of it stays in memory."""
        del run
        return "parked"

    async def status(self, run: Run) -> Status | None:
        """How it stands; None when the engine does not know it."""
        found = await asyncio.to_thread(self._found, workflow_ids=[run.id], load_output=True)
        return _status(found[0]) if found else None

    async def list(self) -> Sequence[Run]:
        """What has begun and not ended."""
        return [run for run, _ in await asyncio.to_thread(self.running)]

    def running(self) -> Sequence[tuple[Run, str]]:
        """What has begun and not ended, each with its executor; asks the database."""
        found = self._found(status="PENDING", load_input=True)
        return [(_run(workflow), workflow.executor_id or "") for workflow in found]

    def resume(self, runs: Sequence[Run]) -> None:
        """Let whoever is free go on with these, whose executors are dead; asks the database."""
        DBOS.resume_workflows([run.id for run in runs], queue_name=QUEUE)

    async def tidy(self) -> None:
        """Delete the rows of turns that ended long ago."""
        before = (datetime.now(UTC) - KEPT).isoformat()
        ended = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        while old := await asyncio.to_thread(
            self._found, status=ended, completed_before=before, limit=AT_ONCE
        ):
            await DBOS.delete_workflows_async([workflow.workflow_id for workflow in old])

    def _found(self, **wanted: Any) -> Sequence[WorkflowStatus]:
        wanted = {"load_input": False, "load_output": False, **wanted}
        return (self._client or DBOS).list_workflows(name=TURN, **wanted)

    async def _launch(self) -> None:
        config = DBOSConfig(
            name=NAME,
            system_database_url=self._url,
            system_database_engine=self._database,
            sys_db_pool_size=CONNECTIONS,
            executor_id=self._executor_id,
            application_version=VERSION,
            serializer=DBOSPortableJSONSerializer(),
            max_executor_threads=THREADS,
            notification_listener_polling_interval_sec=0.1,  # asks nobody while nobody waits
            scheduler_polling_interval_sec=3600.0,
            log_level="ERROR",
            run_migrations=True,
        )
        DBOS(config=config)
        _executing.append(self._execute)
        _workflow()
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, polling_interval_sec=self._poll, on_conflict="always_update")

    def _connect(self) -> DBOSClient:

        return DBOSClient(
            system_database_url=self._url,
            system_database_engine=self._database,
            serializer=DBOSPortableJSONSerializer(),
            application_name=NAME,
        )


class DurableRecorder:
    """The steps of one workflow."""

    async def step(self, name: str, work: Callable[[], Awaitable[JsonValue]]) -> JsonValue:
        """Do the work, or give what it gave when it was done before."""

        async def done() -> JsonValue:
            return await work()

        try:
            return await DBOS.run_step_async({"name": name}, done)
        except (trouble.DBOSWorkflowCancelledError, trouble.DBOSWorkflowConflictIDError) as error:
            raise Fenced from error

    async def patched(self, name: str) -> bool:
        """Whether this execution knows a change of the turn's code; one that began before it does not."""
        return await DBOS.patch_async(name)


_executing: list[Execute] = []
"""Who runs turns in this process: DBOS knows functions of the whole process, not of one engine."""
_workflows: dict[str, Any] = {}


def _workflow() -> None:
    """Make the workflow known to DBOS, once in a process."""
    if TURN in _workflows:
        return

    async def turn(session_id: str, turn_id: str, part: int) -> str:
        # Where it may not run, it ends as if we were killed: what becomes of it is another's to say.
        if not _executing:
            raise asyncio.CancelledError
        try:
            return await _executing[-1](Run(session_id, turn_id, part), DurableRecorder())
        except Fenced:
            raise asyncio.CancelledError from None

    _workflows[TURN] = DBOS.workflow(name=TURN, max_recovery_attempts=None)(turn)


def _run(workflow: WorkflowStatus) -> Run:
    arguments = (workflow.input or {"args": ()})["args"]
    return Run(*arguments)


def _status(workflow: WorkflowStatus) -> Status:
    if workflow.status == "SUCCESS":
        return "parked" if workflow.output == "parked" else "finished"
    return STATUS.get(workflow.status, "failed")


@event.listens_for(Database, "handle_error")
def _know_what_is_lost(context: ExceptionContext) -> None:
    """Let DBOS wait for every server it cannot reach: of one whose name is gone it would not know.

    A stopped container has no name, and what DBOS then fails to write would be the failure of a turn.
    """
    error = context.original_exception
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        context.is_disconnect = True  # said by the driver, not by a server


def _quick_sqlite(url: str) -> Database:
    """An engine that writes as quickly as our own: DBOS's own waits for the disk at each commit."""
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
