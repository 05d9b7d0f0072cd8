"""What becomes of a step whose model did not come to its end: another model, or the turn's end."""

import asyncio
from collections.abc import Awaitable, Callable

from pydantic import JsonValue

from agent.core.errors import Invalid, ProviderError, Resting
from agent.core.events import Event, Noticed
from agent.core.identity import Session
from agent.loop import StepFailed
from agent.sessions.stream.speech import Speech

OF_THE_REQUEST = frozenset({"safety", "bad_request"})
"""Kinds that tell of the request: a fallback would hide what is wrong with it."""

Failure = ProviderError | Invalid


def why(failure: Failure) -> str:
    """The code of what went wrong.

    >>> why(ProviderError("overloaded")), why(Invalid("key_missing"))
    ('overloaded', 'key_missing')
    """
    if isinstance(failure, Resting):
        return "resting"
    return failure.kind if isinstance(failure, ProviderError) else failure.code


def past(notice: Noticed) -> Noticed:
    """A notice without what held only while it was news.

    >>> past(Noticed(code="retry", values={"kind": "rate", "seconds": 4})).values
    {'kind': 'rate'}
    """
    values = {key: value for key, value in notice.values.items() if key not in {"seconds", "most"}}
    return notice.model_copy(update={"values": values})


class Asides:
    """What a person should know while a model is asked: stored as it comes, whoever stops the asking."""

    def __init__(self, turn_id: str, record: Callable[[Event], Awaitable[object]]) -> None:
        self._turn_id = turn_id
        self._record = record
        self._stored: asyncio.Task[None] | None = None
        self._waiting: Noticed | None = None

    def add(self, notice: Noticed) -> None:
        """Store one, after those before it."""
        told = notice.model_copy(update={"turn_id": self._turn_id})
        self._waiting = told if told.code == "retry" else self._waiting
        self._stored = asyncio.create_task(self._store(told, self._stored))

    async def end(self) -> None:
        """Wait until all is stored; who was waited for is no news any longer."""
        if self._waiting is not None:
            self.add(past(self._waiting))
        if self._stored is not None:
            await self._stored

    async def _store(self, notice: Noticed, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await before
        await self._record(notice)


def next_model(session: Session, failure: Failure) -> str:
    """The model to ask instead; empty when nobody is left, or when the request itself is at fault.

    The session's model is the one that failed: the first of the chain follows on one that is not in it.
    """
    if why(failure) in OF_THE_REQUEST:
        return ""
    chain = list(dict.fromkeys(session.fallbacks))
    place = chain.index(session.model) + 1 if session.model in chain else 0
    return chain[place] if place < len(chain) else ""


def failed(speech: Speech, failure: Failure, model: str) -> StepFailed:
    """What was heard until then, and why there is no more."""
    said = speech.broken_off("error").model_copy(update={"turn_id": speech.turn_id})
    if isinstance(failure, Invalid):
        return StepFailed(said=said, code=failure.code, values={"model": model, **failure.values})
    values: dict[str, JsonValue] = {
        "model": model,
        "retry_after": failure.retry_after,
        "message": failure.message,
    }
    return StepFailed(said=said, code=why(failure), values=values)
