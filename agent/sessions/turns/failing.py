"""What becomes of a step whose model did not come to its end: another model, or the turn's end."""

from pydantic import JsonValue

from agent.core.errors import Invalid, ProviderError, Resting
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


def past(values: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The values of a notice without what held only while it was news.

    >>> past({"kind": "rate", "seconds": 4})
    {'kind': 'rate'}
    """
    return {key: value for key, value in values.items() if key not in {"seconds", "most"}}


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
