"""Following a session in a tab: events folded into three tiers, each a State of its own, flushed when due."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import reflex as rx
from reflex_base.event.context import EventContext

from agent import sessions
from agent.core.events import CheckpointRestored, Delta, Event, Live, Snapshot
from agent.core.history import still_counting
from agent.core.identity import User
from app import tabs
from app.auth import who
from app.pace import Pace
from app.shown import Doing, Shown, progress
from app.speaking import alarm, said
from app.view import EVENTS, FIRST, WINDOW, View
from app.words import IDLE

SHORTEST = 0.008
"""Seconds between two flushes when nothing else is going on."""
LONGEST = 0.06
SHARE = 4
"""A flush may take up a quarter of the time: under load the pause grows with its cost."""
PER_EVENT = 0.0005
"""Seconds of pause for each event of a flush: a stream at full speed comes in fewer, larger pieces."""
LONG = 2000
"""Characters of an open block that are too many to be parsed at each flush."""
HEARTBEAT = 1.0
"""Seconds after which it is asked whether a tab is still there; its socket ends with its user's right."""


class HistoryState(rx.State):
    """What was said before the running turn; changes once a turn."""

    rows: list[Shown] = []
    has_earlier: bool = False
    limit: int = WINDOW
    """Rows that may be shown; grows when a person asks for earlier ones."""


class TurnState(rx.State):
    """What is finished of the running turn (or the last one)."""

    rows: list[Shown] = []


class QueueState(rx.State):
    """Prompts that wait for the turn."""

    rows: list[Shown] = []


class LiveState(rx.State):
    """What is being said right now."""

    settled: list[str] = []
    finished: list[str] = []
    settled_inks: list[str] = []
    """The colours of the code in each of them."""
    finished_inks: list[str] = []
    spent: str = ""
    """What the turn has used, once it is over."""
    ended_at: str = ""
    ended: str = ""
    """The turn that the live answer belongs to, once it is over."""
    ended_row: str = ""
    """The row that the live answer is, once its turn is over."""
    head: str = ""
    middle: str = ""
    tail: str = ""
    shape: str = ""
    """How the open block is drawn: `code`, `long`, or like any other."""
    thought_head: str = ""
    thought_middle: str = ""
    thought_tail: str = ""
    has_answer: bool = False
    output: str = ""
    """The end of what a running tool has written."""


class RunState(rx.State):
    """Whether a turn runs, what it does, and what it asks."""

    is_working: bool = False
    turn_id: str = ""
    """The turn that runs."""
    label: str = IDLE
    since: str = ""
    """Since when it does that, in ISO's form; empty where nobody counts."""
    said: str = ""
    """What a screen reader says of it, when there is time."""
    alarm: str = ""
    """What it says at once."""
    asking: list[Shown] = []
    todos: list[Doing] = []
    progress: str = ""
    """How many of them are done, in words."""
    spent: str = ""
    """What the session has used so far."""
    spent_means: str = ""


Changes = dict[type[rx.State], dict[str, object]]


class Tiers:
    """What a tab was sent last, so that only what differs is sent again."""

    def __init__(self) -> None:
        self._sent: Changes = {}

    async def push(self, state: rx.State, view: View) -> None:
        """Bring a tab's States up to its view."""
        for tier, values in self._changes(tiers(view)).items():
            target = await state.get_state(tier)
            for name, value in values.items():
                setattr(target, name, value)

    def _changes(self, now: Changes) -> Changes:
        changes: Changes = {}
        for tier, values in now.items():
            before = self._sent.setdefault(tier, {})
            changed = {name: value for name, value in values.items() if before.get(name, self) != value}
            before.update(changed)
            if changed:
                changes[tier] = changed
        return changes


def tiers(view: View) -> Changes:
    """A view's values, by the State that holds them."""
    answer, thinking = view.answer, view.thinking
    changes: Changes = {
        LiveState: {
            "settled": list(answer.settled),
            "finished": list(answer.finished),
            "settled_inks": view.drawing.inks_of(answer.settled),
            "finished_inks": view.drawing.inks_of(answer.finished),
            "spent": view.answer_end.spent,
            "ended_at": view.answer_end.at,
            "ended": view.answer_end.turn_id,
            "ended_row": view.answer_end.id,
            "head": answer.open.head,
            "middle": answer.open.middle,
            "tail": answer.tail,
            "shape": "code" if answer.in_code else "long" if len(answer.open) > LONG else "",
            "has_answer": view.has_answer,
            "thought_head": thinking.head,
            "thought_middle": thinking.middle,
            "thought_tail": thinking.tail,
            "output": view.output,
        },
        RunState: {
            "is_working": view.is_working,
            "turn_id": view.turn_id,
            "label": view.run_state,
            "since": view.since,
            "said": said(view),
            "alarm": alarm(view),
            "asking": view.asking,
            "todos": [Doing(one.content, one.status) for one in view.todos],
            "progress": progress(view.todos),
            "spent": view.spent,
            "spent_means": view.spent_means,
        },
    }
    if view.take_change():
        changes[HistoryState] = {"rows": view.drawing.rows(view.history), "has_earlier": view.has_earlier}
        changes[TurnState] = {"rows": view.drawing.rows(view.turn)}
        changes[QueueState] = {"rows": view.drawing.rows(view.queued)}
    return changes


@dataclass(frozen=True)
class Flushing:
    """What a tab does with what it hears."""

    flush: Callable[[], Awaitable[None]]
    """Sends the view."""
    beat: Callable[[], Awaitable[None]]
    """Called now and then while there is nothing new."""


async def stream(tab: rx.State, session_id: str, view: View, pace: Pace, to: Flushing) -> bool:
    """Follow a session until the tab is gone.

    Returns:
        Whether the session went back to a checkpoint, so that it must be followed from its beginning.

    Raises:
        NotAllowed: the tab's user is signed out.
        NotFound: there is no such session, or it is another's.
    """
    user = await who(tab)
    async with await sessions.follow(user, session_id, view.cut.seq) as following:
        first = view.past > 0
        if not first:
            pace.begun.set()
        while heard := await _heard(following, to.beat):
            if not first and any(isinstance(event, CheckpointRestored) for _, event in heard):
                return True
            for event in counting(heard):
                view.apply(event)
            if first:
                first = False
                if max(seq or 0 for seq, _ in heard) <= view.past:
                    view.forget_news()
                pace.begun.set()
                if view.cut.seq:
                    view.know(await sessions.before(user, session_id, view.cut.seq))
            began = time.perf_counter()
            await to.flush()
            took = time.perf_counter() - began
            due = max(SHORTEST, SHARE * took, PER_EVENT * len(heard))
            pause = asyncio.sleep(max(0.0, min(LONGEST, due) - took))
            await asyncio.gather(pause, who(tab))  # a tab hears no more than its user may
            while await view.learn_colours():
                await to.flush()
            await pace.room()
    return False


async def newest(user: User, session_id: str) -> View:
    """The newest rows of a session by themselves, which are known long before all that is to be shown.

    Raises:
        NotFound: there is no such session, or it is another's.
    """
    view = View(FIRST, await sessions.cut(user, session_id, EVENTS * FIRST))
    view.is_opening = True
    async with await sessions.follow(user, session_id, view.cut.seq) as following:
        for event in counting(await following.batch()):
            view.apply(event)
    return view


def counting(heard: list[sessions.Heard]) -> list[Event | Live]:
    """What was heard, without what the session went back before.

    >>> back = CheckpointRestored(id="a", seq=0)
    >>> [event.type for event in counting([(1, back), (2, back)]) if not isinstance(event, Delta | Snapshot)]
    ['CheckpointRestored']
    """
    stored = [(seq, event) for seq, event in heard if seq and not isinstance(event, Delta | Snapshot)]
    kept = {seq for seq, _ in still_counting(stored)}
    return [event for seq, event in heard if seq is None or seq in kept]


async def _heard(following: sessions.Following, beat: Callable[[], Awaitable[None]]) -> list[sessions.Heard]:
    """Wait for news and give all there is; nothing when the tab is gone."""
    batch = asyncio.ensure_future(following.batch())
    try:
        while not (await asyncio.wait({batch}, timeout=HEARTBEAT))[0]:
            if not await tabs.is_open(EventContext.get().token):
                return []
            await beat()
    finally:
        if not batch.done():
            batch.cancel()
    return batch.result()
