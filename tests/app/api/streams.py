"""Server-sent events as a client reads them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True)
class Sent:
    """One event as it was sent; a delta has no id."""

    id: str
    event: str
    data: dict[str, Any]


@contextmanager
def following(client: httpx2.Client, session: str, **headers: str) -> Iterator[Iterator[Sent]]:
    """Follow a session; `session` may carry a query."""
    path, _, query = session.partition("?")
    with client.stream("GET", f"sessions/{path}/events?{query}", headers=headers) as answer:
        answer.raise_for_status()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield sent(answer.iter_lines())


def sent(lines: Iterator[str]) -> Iterator[Sent]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if line and name:
            fields[name] = value.strip()
        elif "data" in fields:
            yield Sent(fields.get("id", ""), fields.get("event", ""), json.loads(fields["data"]))
            fields = {}


def until(events: Iterator[Sent], is_last: Callable[[Sent], bool]) -> list[Sent]:
    """The events up to one, which is the last of them."""
    heard: list[Sent] = []
    for event in events:
        heard.append(event)
        if is_last(event):
            return heard
    raise AssertionError(f"The stream ended after {heard[-3:]}")


def is_(kind: str) -> Callable[[Sent], bool]:
    """Whether an event is of a kind."""
    return lambda event: event.event == kind


def turn(client: httpx2.Client, session: str, text: str, **fields: object) -> list[Sent]:
    """Ask for work and hear it to its end."""
    asked = client.post(f"sessions/{session}/commands", json={"type": "prompt", "text": text, **fields})
    assert asked.status_code == 202, asked.text
    with following(client, f"{session}?after={asked.json()['seq'] - 1}") as events:
        return until(events, is_("TurnFinished"))
