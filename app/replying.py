"""What a person replied to an agent's questions, read from the form they filled in."""

from collections.abc import Mapping
from typing import Any

from agent.core.errors import Invalid
from agent.core.policy import Replies

MOST_QUESTIONS, MOST_OPTIONS = 4, 4


def replied(form: Mapping[str, Any]) -> Replies:
    """The replies in the order of the questions: what was chosen, then words of one's own.

    Args:
        form: `count` questions; `q0` the option chosen of the first one, or `q0.1` its second of several;
            `q0.own` words instead (with one choice) or in addition (with several).

    Raises:
        Invalid: a question has no reply.

    >>> replied({"count": "2", "q0": "Blue", "q1.0": "A", "q1.2": "C", "q1.own": "and D"})
    (('Blue',), ('A', 'C', 'and D'))
    """
    count = str(form.get("count", ""))
    if not count.isdecimal() or not 1 <= int(count) <= MOST_QUESTIONS:
        raise Invalid("replies_missing")
    return tuple(_reply(form, number) for number in range(int(count)))


def _reply(form: Mapping[str, Any], number: int) -> tuple[str, ...]:
    own = str(form.get(f"q{number}.own") or "").strip()
    single = str(form.get(f"q{number}") or "")
    several = [str(form.get(f"q{number}.{option}") or "") for option in range(MOST_OPTIONS)]
    chosen = [*([] if own else [single]), *several, own]
    reply = tuple(text for text in chosen if text)
    if not reply:
        raise Invalid("replies_missing")
    return reply
