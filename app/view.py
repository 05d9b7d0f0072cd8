"""What one tab shows of a session, folded from its events into three tiers: history, turn and live."""

import asyncio
from collections.abc import Sequence

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    Delta,
    Event,
    Live,
    Noticed,
    Snapshot,
    StepFinished,
    ToolCallFinished,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import Text
from agent.core.todos import TOOL, Todo, latest
from agent.core.transcript import MOST_OUTPUT, NOWHERE, OPEN, Cut, Row, Transcript
from agent.sessions import Before
from app.drawing import Drawing
from app.growing import Blocks, Levels
from app.shown import Shown
from app.words import ANSWERING, IDLE, NEEDS_YOU, PROVIDERS, STOPPING, THINKING, WAITING_FOR, run_state
from app.words.transcript import SPENT_BY_SESSION, spent, spent_in_short

WINDOW = 40
"""Rows of history on the page."""
TURN_ROWS = 48
"""Rows of the running turn before the older ones become history."""
FIRST = 6
"""Rows that are drawn first when a session is opened: about what is in sight."""
EVENTS = 4
"""Events that are read for each row that is to be shown; of those that are left over, few become rows."""

NEWS = (TurnStarted, StepFinished, ToolCallFinished, TurnFinished)
"""What changes what is known of a turn, beside its rows."""
STANDING = (TurnStarted, TurnFinished, ApprovalRequested, ApprovalGiven)
"""What changes how a session is listed."""


class View:
    """A tab's fold. The live answer stays where it was drawn until something must be drawn after it."""

    def __init__(self, limit: int = WINDOW, cut: Cut = NOWHERE) -> None:
        self.transcript = Transcript(cut)
        self.cut = cut
        """Where the session is cut: what was before is not folded."""
        self.drawing = Drawing()
        self.answer = Blocks()
        self.thinking = Levels()
        self.todos: Sequence[Todo] = ()
        self.output = ""
        """The end of what the running call has written."""
        self._output_of = ""
        self._boundary = 0
        """Rows before it are history."""
        self._kept = ""
        """The id of the row that is still shown as the live answer."""
        self._started = self._has_new_mode = self._has_todos = False
        self._has_jobs = self._has_news = True
        self._changed = True
        """Whether rows differ from those handed out last."""
        self.limit = limit
        """Rows of history that may be shown."""
        self.past = 0
        """The number of the last event when it was opened: what had happened comes first, and is no news."""
        self.is_opening = False
        """Whether only the very newest rows are shown."""

    def apply(self, event: Event | Live) -> None:
        """Fold one event in."""
        match event:
            case Delta() | Snapshot():
                self._hear(event)
                return
            case StepFinished():
                self._finish_step(event)
            case TurnStarted() | Noticed(code="restart"):
                self._forget_live()
            case ToolCallFinished(result=result) if result.call_id == self._output_of:
                self._forget_output()
            case _:
                pass
        self.transcript.apply(event)
        self._has_new_mode = self._has_new_mode or self._may_change_mode(event)
        self._has_jobs = self._has_jobs or isinstance(event, ToolCallFinished)
        self._has_news = self._has_news or isinstance(event, NEWS)
        self._started = self._started or isinstance(event, STANDING)
        if isinstance(event, TurnStarted):
            self._boundary = len(self.transcript.told) - 1
        self._settle(event)
        if isinstance(event, TurnStarted | StepFinished):
            self.drawing.keep(self.transcript.told[max(0, self._boundary - self.limit) :])

    def _hear(self, heard: Live) -> None:
        how = self.transcript.voice.hears(heard)
        if how == "late":
            return
        said_now = [heard] if isinstance(heard, Delta) else heard.said
        if how == "anew" or (self._kept and any(said.kind in ("text", "thinking") for said in said_now)):
            self._forget_live()
        for said in said_now:
            match said.kind:
                case "output":
                    self._hear_output(said.call_id or "", said.text)
                case "text":
                    self.answer.add(said.text)
                case "thinking":
                    self.thinking.add(said.text)
                case _:
                    pass

    def _hear_output(self, call_id: str, text: str) -> None:
        before = self.output if call_id == self._output_of else ""
        self.output, self._output_of = (before + text)[-MOST_OUTPUT:], call_id

    def _forget_output(self) -> None:
        self.output = self._output_of = ""

    def _finish_step(self, event: StepFinished) -> None:
        """Keep the answer where it is drawn, when it is the step's only words and its last part."""
        self.thinking.clear()
        texts = [part.text for part in event.message.parts if isinstance(part, Text) and part.text]
        last = event.message.parts[-1] if event.message.parts else None
        is_alone = isinstance(last, Text) and not last.sources and texts == [last.text]
        if is_alone and self.answer.text == texts[0]:
            self._kept = "next"
            self.answer.end()
        else:
            self._forget_live()

    def _settle(self, event: Event) -> None:
        rows = self.transcript.told
        self._changed = True
        if isinstance(event, StepFinished) and self._kept:
            self._kept = rows[-1].id
        elif (self._kept and rows[-1].id != self._kept) or (
            not self._kept and isinstance(event, TurnFinished | CheckpointRestored)
        ):
            self._forget_live()
        while self._boundary < len(rows) - TURN_ROWS and rows[self._boundary].status not in OPEN:
            self._boundary += 1
        if isinstance(event, CheckpointRestored) or (self._finished(event, TOOL) and _went_well(event)):
            self.todos, self._has_todos = latest(rows), True

    def _forget_live(self) -> None:
        self._changed = self._changed or bool(self._kept)
        self.answer = Blocks()
        self.thinking.clear()
        self._kept = ""
        self._forget_output()

    def forget_news(self) -> None:
        """Know that nobody need be told of how the session stood or may be changed up to here."""
        self._started = self._has_new_mode = False

    def take_start(self) -> bool:
        """Whether the session stands otherwise than when this was asked last: works, rests, or asks."""
        started, self._started = self._started, False
        return started

    def _may_change_mode(self, event: Event) -> bool:
        return isinstance(event, TurnFinished) or self._finished(event, "plan_mode")

    def _finished(self, event: Event, tool: str) -> bool:
        """Whether a call of a tool whose name ends so is over."""
        if not isinstance(event, ToolCallFinished):
            return False
        call_id, rows = event.result.call_id, reversed(self.transcript.told)
        row = next((row for row in rows if row.call_id == call_id), None)
        return row is not None and row.title.endswith(tool)

    def know(self, before: Before) -> None:
        """Learn what the events come to that are not folded."""
        self.transcript.usage = before.usage + self.transcript.usage
        self.todos = self.todos if self._has_todos else before.todos

    def take_mode(self) -> bool:
        """Whether the session may be in another mode than when this was asked last."""
        has_new_mode, self._has_new_mode = self._has_new_mode, False
        return has_new_mode

    def take_jobs(self) -> bool:
        """Whether other jobs may run than when this was asked last."""
        has_jobs, self._has_jobs = self._has_jobs, False
        return has_jobs

    def take_news(self) -> bool:
        """Whether something was begun or done since this was asked last."""
        has_news, self._has_news = self._has_news, False
        return has_news

    def take_change(self) -> bool:
        """Whether rows have changed since this was asked last."""
        changed, self._changed = self._changed, False
        return changed

    async def learn_colours(self) -> bool:
        """Colour a portion of the code that is shown without; whether there was any."""
        inks = self.drawing.inks
        if not inks.wants:
            return False
        await asyncio.to_thread(inks.learn)
        self._changed = True
        return True

    @property
    def asking(self) -> list[Shown]:
        """The calls that wait for an answer."""
        rows = self.transcript.told[self._boundary :]
        return [self.drawing.row(row) for row in rows if row.status == "asking"]

    @property
    def spent(self) -> str:
        """What the session has used so far."""
        return spent_in_short(self.transcript.usage)

    @property
    def spent_means(self) -> str:
        """The same at length."""
        return SPENT_BY_SESSION.format(spent=spent(self.transcript.usage))

    @property
    def answer_end(self) -> Shown:
        """The foot of the turn whose last words are still shown as the live answer."""
        rows = self.transcript.told
        return self.drawing.row(rows[-1]) if self._kept and rows and rows[-1].id == self._kept else Shown()

    @property
    def history(self) -> list[Row]:
        """The newest rows before the turn."""
        told, most = self.transcript.told, self.limit
        if self.is_opening:
            most = max(0, min(most, FIRST - len(told) + self._boundary))
        return told[max(0, self._boundary - most) : self._boundary]

    @property
    def queued(self) -> list[Row]:
        """The prompts that wait; shown after all else."""
        return self.transcript.waiting

    @property
    def has_earlier(self) -> bool:
        """Whether there are rows before the history that is shown."""
        return self._boundary > self.limit or self.cut.seq > 0

    @property
    def turn(self) -> list[Row]:
        """The turn's rows, without the one still shown as the live answer."""
        rows = [row for row in self.transcript.told[self._boundary :] if row.id != self._kept]
        return rows[-FIRST:] if self.is_opening else rows

    @property
    def has_answer(self) -> bool:
        """Whether there is an answer to draw live."""
        answer = self.answer
        return bool(answer.settled or answer.finished or len(answer.open) or answer.tail)

    @property
    def turn_id(self) -> str:
        """The turn that runs; empty when none does."""
        return self.transcript.turn_id

    @property
    def is_working(self) -> bool:
        """Whether a turn runs."""
        return bool(self.turn_id)

    @property
    def run_state(self) -> str:
        """What is going on, in a word or two."""
        if not self.is_working:
            return IDLE
        if self.transcript.is_stopping:
            return STOPPING
        if self.asking:
            return NEEDS_YOU
        if running := self._running:
            return run_state(running.title)
        if self._waits_for:
            return WAITING_FOR.format(provider=self._waits_for)
        return ANSWERING if self.has_answer else THINKING

    @property
    def since(self) -> str:
        """Since when it goes on, in ISO's form; empty at rest, and while a person is asked."""
        running = self._running
        began = running.at if running else self.transcript.began
        return began.isoformat() if began and not self.asking else ""

    @property
    def _running(self) -> Row | None:
        """The call that runs, the last one begun."""
        rows = reversed(self.transcript.told[self._boundary :])
        return next((row for row in rows if row.status == "running"), None)

    @property
    def _waits_for(self) -> str:
        """The provider that asked for a pause, until something is heard of it."""
        last = self.transcript.told[-1] if self.transcript.told else None
        if last is None or last.title != "retry" or self.has_answer or len(self.thinking):
            return ""
        provider = str(last.values.get("provider", ""))
        return PROVIDERS.get(provider, provider)


def _went_well(event: Event) -> bool:
    return isinstance(event, ToolCallFinished) and event.result.outcome == "ok"
