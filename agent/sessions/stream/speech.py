"""What the model is saying right now: numbered, heard by the followers, kept until the step is finished."""

from typing import Literal

from agent.core.events import Delta, Snapshot, StepFinished, joined
from agent.core.messages import Message, Text
from agent.sessions.stream.bus import bus


class Speech:
    """One step's live stream."""

    def __init__(self, session_id: str, turn_id: str, step: int, attempt: int = 0) -> None:
        self.session_id = session_id
        self.turn_id = turn_id
        self.step = step
        self.attempt = attempt
        self._said: list[Delta] = []

    def say(self, delta: Delta) -> None:
        """Number a delta and let the followers hear it."""
        numbered = Delta(
            kind=delta.kind,
            text=delta.text,
            call_id=delta.call_id,
            turn_id=self.turn_id,
            step=self.step,
            attempt=self.attempt,
            index=len(self._said),
        )
        self._said.append(numbered)
        bus.publish(self.session_id, None, numbered)

    @property
    def has_begun(self) -> bool:
        """Whether anything was heard of it."""
        return bool(self._said)

    def snapshot(self) -> Snapshot:
        """All that was said so far."""
        return Snapshot(
            turn_id=self.turn_id,
            step=self.step,
            attempt=self.attempt,
            index=len(self._said) - 1,
            said=joined(self._said),
        )

    def broken_off(self, stop: Literal["cancelled", "error"]) -> StepFinished:
        """The step as it stands when it was cut short: the words that were shown, and nothing half made."""
        text = "".join(delta.text for delta in self._said if delta.kind == "text")
        parts = (Text(text=text),) if text.strip() else ()
        return StepFinished(message=Message(role="assistant", parts=parts), stop=stop)
