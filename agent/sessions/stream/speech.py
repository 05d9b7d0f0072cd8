"""What is being said right now: numbered, heard by the followers, kept until the step is finished."""

import time
from collections.abc import Iterable
from typing import Literal

from agent.core.events import Delta, DeltaKind, Snapshot, StepFinished, joined
from agent.core.messages import Message, Text
from agent.core.transcript import MOST_OUTPUT
from agent.sessions.stream.bus import bus

OUTPUT_PIECES = 100
"""Pieces of output after which only the end of it is kept for those who come late."""


class Speech:
    """One step's live stream."""

    def __init__(self, session_id: str, turn_id: str, step: int, attempt: int = 0) -> None:
        self.session_id = session_id
        self.turn_id = turn_id
        self.step = step
        self.attempt = attempt
        self._said: list[Delta] = []
        self._count = 0
        self._thought_since: float | None = None
        self.thought_for: float | None = None
        """Seconds from the first thought to the first word or call that followed."""

    def say(self, delta: Delta) -> None:
        """Number a delta and let the followers hear it."""
        numbered = Delta(
            kind=delta.kind,
            text=delta.text,
            call_id=delta.call_id,
            turn_id=self.turn_id,
            step=self.step,
            attempt=self.attempt,
            index=self._count,
        )
        self._said.append(numbered)
        self._clock(delta.kind)
        self._count += 1
        if numbered.kind == "output" and self._count % OUTPUT_PIECES == 0:
            self._said = _shortened(self._said)
        bus.publish(self.session_id, None, numbered)

    def _clock(self, kind: DeltaKind) -> None:
        if kind == "thinking":
            self._thought_since = self._thought_since or time.monotonic()
        elif self._thought_since and self.thought_for is None:
            self.thought_for = time.monotonic() - self._thought_since

    @property
    def has_begun(self) -> bool:
        """Whether anything was heard of it."""
        return bool(self._said)

    def forget(self, call_id: str) -> None:
        """Tell those who come from now on nothing of a call's output: its result is stored."""
        self._said = [said for said in self._said if said.kind != "output" or said.call_id != call_id]

    def snapshot(self) -> Snapshot:
        """All that was said so far."""
        return Snapshot(
            turn_id=self.turn_id,
            step=self.step,
            attempt=self.attempt,
            index=self._count - 1,
            said=joined(self._said),
        )

    def broken_off(self, stop: Literal["cancelled", "error", "loop"]) -> StepFinished:
        """The step as it stands when it was cut short: the words that were shown, and nothing half made."""
        text = "".join(delta.text for delta in self._said if delta.kind == "text")
        parts = (Text(text=text),) if text.strip() else ()
        return StepFinished(message=Message(role="assistant", parts=parts), stop=stop)


def _shortened(said: Iterable[Delta]) -> list[Delta]:
    """What was said, with no more of a call's output than is shown."""
    runs = [Delta(kind=run.kind, text=run.text, call_id=run.call_id) for run in joined(list(said))]
    return [
        run.model_copy(update={"text": run.text[-MOST_OUTPUT:]}) if run.kind == "output" else run
        for run in runs
    ]
