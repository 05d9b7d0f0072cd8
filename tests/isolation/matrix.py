"""One request, judged: what somebody gets who has no right to it."""

from typing import Any

import httpx2

from tests.isolation.people import Person
from tests.isolation.program import STATEMENTS
from tests.isolation.routes import ROUTES, address, filled, is_about, named, nowhere

REFUSED, BROKEN = {403, 404, 422}, 500


def ask(client: httpx2.Client, route: str, owns: dict[str, str]) -> httpx2.Response:
    """Send what a route takes, about the things of somebody; of a stream, only its beginning."""
    request = client.build_request(
        route.split(maxsplit=1)[0], address(route, owns), json=filled(ROUTES[route].json, owns)
    )
    answer = client.send(request, stream=True)
    try:
        if not is_stream(answer):
            answer.read()
    finally:
        answer.close()
    return answer


def is_stream(answer: httpx2.Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/event-stream")


def shown(answer: httpx2.Response) -> str:
    """What was read of an answer; of a stream nothing, that it began is enough."""
    return "" if is_stream(answer) else answer.text


def told(answer: httpx2.Response) -> tuple[Any, ...]:
    """What an answer lets one know: status, body, headers and how much work it took."""
    if is_stream(answer):
        return (answer.status_code, "a stream")
    body = answer.json() if answer.content else None
    if isinstance(body, dict):
        body.pop("request_id", None)
    return (answer.status_code, body, sorted(answer.headers.keys()), answer.headers.get(STATEMENTS))


def fault(client: httpx2.Client, route: str, victim: Person, own: dict[str, str]) -> str:
    """What a stranger with a face learns or does on a route; empty when that is nothing.

    Args:
        client: the stranger's.
        route: which.
        victim: whose things are named.
        own: what the stranger has.
    """
    theirs = {**nowhere(owns={}), **victim.owns}
    answer = ask(client, route, theirs if is_about(route) else {**theirs, **own})
    if victim.word in shown(answer):
        return f"{route}: shows {victim.word}"
    if not is_about(route):
        return "" if answer.status_code < BROKEN else f"{route}: {answer.status_code}"
    expected = told(ask(client, route, nowhere(owns={})))
    ids = named(route)
    if told(answer) != expected or (ids and expected[0] not in REFUSED):
        return f"{route}: {told(answer)} and not {expected}"
    return foreign_child(client, route, theirs, own) if len(ids) > 1 and ids[0] in own else ""


def foreign_child(client: httpx2.Client, route: str, theirs: dict[str, str], own: dict[str, str]) -> str:
    """The same for a thing of somebody else under one's own."""
    parent, *_ = named(route)
    answer = ask(client, route, {**theirs, parent: own[parent]})
    expected = told(ask(client, route, nowhere(parent, owns=own)))
    same = told(answer) == expected and answer.status_code in {*REFUSED, 409}
    return "" if same else f"{route}: own {parent}, {told(answer)} and not {expected}"
