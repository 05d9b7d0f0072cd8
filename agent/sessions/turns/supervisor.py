"""Keeps the turns going: begins them, and goes on with those whose process died or whose engine lost them."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine as Database
from sqlmodel import Session as Store

from agent.config import Settings
from agent.core.commands import Answer, Command
from agent.core.errors import MaestroError, Unavailable
from agent.core.events import Noticed
from agent.sessions import log
from agent.sessions.stream.bus import bus
from agent.sessions.sweeping import sweep, sweep_unused
from agent.sessions.turns import executors, open_turns, registry
from agent.sessions.turns.engine import Ended, Engine, Recorder, Run
from agent.sessions.turns.executors import Executor
from agent.sessions.turns.moves import Stored
from agent.store.engine import is_sqlite, threaded
from agent.store.sessions import SessionRow

if TYPE_CHECKING:
    from agent.sessions.turns.durable import DurableEngine

GLANCE = 2.0
"""Seconds between two glances at whether the other processes live."""
ROUND = 10.0
"""Seconds between two rounds through all turns that are open."""
TIDYING = 3600.0

logger = structlog.get_logger()


class Supervisor:
    """The turns of this process, and its part in looking after everybody's."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database
        self.works = settings.maestro_role != "web"
        """Whether turns run in this process."""
        self._lease = settings.maestro_lease
        self._shares = not is_sqlite(url)
        """Whether other processes may work on the same database."""
        self._executor = Executor(url, self._lease)
        self._url = url if self._shares else f"sqlite:///{settings.data_dir / 'engine.db'}"
        self._is_alone = settings.maestro_role == "all"
        self._durable: DurableEngine | None = None
        self._is_closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_round = self._next_tidying = 0.0

    @property
    def engine(self) -> Engine:
        """What runs the turns.

        Raises:
            Unavailable: it is not open.
        """
        if self._durable is None:
            raise Unavailable("asleep")
        return self._durable

    async def open(self) -> None:
        """Begin: what was left open by the dead is gone on with."""
        if self.works:
            await self._executor.join()
        durable = await asyncio.to_thread(self._make_engine)
        await durable.open()
        self._durable = durable
        if self.works:
            await self._round()
            self.own(self._watch)

    def _make_engine(self) -> "DurableEngine":
        from agent.sessions.turns.durable import DurableEngine  # noqa: PLC0415  it imports DBOS

        return DurableEngine(
            self._url, self._executor.id, self._execute, works=self.works, is_alone=self._is_alone
        )

    async def close(self) -> None:
        """End: what runs here stops as in a crash, and is free for others at once."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await registry.close()
        if self._durable:
            await self._durable.close()
        if self.works:
            await self._executor.leave()

    async def begin(self, run: Run, command: Command, *, is_continued: bool) -> None:
        """Run a turn, or go on with a parked one because of a command; if it fails, a later round does it."""
        begin = self.engine.submit
        if is_continued:
            begin = self.engine.approve if isinstance(command, Answer) else self.engine.cancel
        # Whoever asked may go away meanwhile: a turn that is half begun would be lost until the next start.
        await asyncio.wait({self.own(partial(begin, run))})

    def own(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Do work beside everything else, until it is done or we close, outside of its caller's workflow."""
        task = asyncio.create_task(_guarded(work), context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _execute(self, run: Run, recorder: Recorder) -> Ended:
        """Run a turn for the engine; the turn that began when it was over begins to run."""
        if self._is_closing:
            raise asyncio.CancelledError  # as if it had begun a moment ago, and was stopped like the others
        ended, following = await registry.run(run, recorder, self._executor.id)
        if following:
            self.own(partial(self.engine.submit, following))
        return await self.engine.park(run) if ended == "parked" else ended

    async def _watch(self) -> None:
        """Look after the turns of the dead, and of those who lost them, for as long as we live."""
        is_well = True
        while True:
            await asyncio.sleep(GLANCE if self._shares else ROUND)
            try:
                await self._look()
                is_well = True
            except Exception as error:  # noqa: BLE001  the database may be gone for a while
                if is_well:
                    logger.warning("turns are not looked after", reason=repr(error))
                is_well = False

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._next_round or await self._executor.sees_dead():
            await self._round()  # the dead may have begun what they never handed over
        if self._durable and now >= self._next_tidying:
            self._next_tidying = now + TIDYING
            await self._durable.tidy()
            await _guarded(_swept)

    async def _round(self) -> None:
        """Go through all turns that are open, whoever should be working on them."""
        self._next_round = asyncio.get_running_loop().time() + ROUND
        await self._adopt()
        for run in await open_turns.open_runs():
            await _guarded(partial(self._revive, run))
        for session_id in await open_turns.idle_with_prompts():
            await _guarded(partial(self._begin_waiting, session_id))

    async def _revive(self, run: Run) -> None:
        """Run an open turn that the engine does not know, or believes to be over."""
        if registry.is_running(run):
            return
        status = await self.engine.status(run)
        if status is None:
            await self.engine.submit(run)
        elif status not in {"waiting", "running"} and (following := await open_turns.next_part(run)):
            await self.engine.submit(following)

    async def _begin_waiting(self, session_id: str) -> None:
        if begun := await open_turns.begin_waiting(session_id):
            await self.engine.submit(begun)

    async def _adopt(self) -> None:
        """Go on with the turns of dead executors; one process at a time does it."""
        for session_id, stored in await threaded(self._take_over):
            for seq, event in stored:
                bus.publish(session_id, seq, event)

    def _take_over(self, database: Database) -> list[tuple[str, Stored]]:
        durable = self._durable
        if durable is None:
            return []
        with executors.adopting(database) as is_ours:
            if not is_ours:
                return []
            with Store(database.execution_options(writing=True)) as store:
                # First what runs, then who lives: who came in between has begun nothing yet.
                running, known = durable.running(), executors.known(store)
                living = {self._executor.id}
                if self._shares:
                    living |= executors.alive(store, self._lease)
                orphans = [(run, dead) for run, dead in running if dead not in living]
                executors.bury(store, known - living)
                told = [(run.session_id, _restarted(store, run, dead)) for run, dead in orphans]
                store.commit()
            if orphans:
                durable.resume([run for run, _ in orphans])
            return told


async def _swept() -> None:
    if swept := await sweep():
        logger.info("guests were swept away", sessions=swept)
    if unused := await sweep_unused():
        logger.info("sessions never used were swept away", sessions=unused)


async def _guarded(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except Exception:
        logger.exception("looking after turns failed")


def _restarted(store: Store, run: Run, dead: str) -> Stored:
    """Say in the log that a turn was cut off; once, however often it is tried to go on with it."""
    row = store.get(SessionRow, run.session_id)
    if row is None or row.turn_id != run.turn_id:
        return []  # it is over, and only the engine has not noted it
    notice = Noticed(turn_id=run.turn_id, code="restart")
    try:
        return [log.write(store, run.session_id, notice, f"{run.session_id}/{run.id}/restart/{dead}")[:2]]
    except MaestroError:
        return []  # the session is gone; its turn will find out
