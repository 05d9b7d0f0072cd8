"""Two people beside each other: whatever one does, the other sees and may what they saw and might before."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zipfile import ZipFile

import httpx2

from agent.accounts.api_tokens import MOST_TOKENS
from agent.accounts.request_keys import MOST_KEPT
from agent.store.rules import MOST_RULES
from agent.tooling.openapi.keeping import MOST_SERVICES
from tests.app.api.streams import following, is_, until
from tests.app.serving import Server
from tests.isolation.matrix import ask
from tests.isolation.people import (
    SERVICE,
    WORKS,
    Person,
    asked_for,
    furnish,
    guest,
    insert,
    later,
    made,
    person,
    stored,
    token_of,
)
from tests.isolation.routes import ROUTES

SEEN = [
    route for route in ROUTES if route.startswith("GET") and "events" not in route and "/cli" not in route
]
PAST = timedelta(days=-1)
CREATED = 201
MANY = 12
"""Sign-ins at providers that somebody has begun: more than one may have."""


def interferences(quiet: Person, busy: Person) -> Iterator[str]:
    """What changes for somebody by what another does."""
    before = seen(quiet)
    keep_busy(busy, quiet)
    after = seen(quiet)
    yield from (f"{route} shows something else" for route in SEEN if before[route] != after[route])
    with quiet.client() as client:
        if switched(client, "read_file") == switched(client, "read_file"):
            yield "a switch does not hold"
        if not asked_for(client, made(client, "sessions", WORKS)["id"], quiet.word):
            yield "a call is judged by another's rules"
        yield from refusals(client)
    if not same_key(quiet, busy):
        yield "another's answer is given for one's own request"
    with quiet.client() as client:
        fill_keys(busy)
        header = {"idempotency-key": f"key-{quiet.word}"}
        if client.post("sessions", json=WORKS, headers=header).status_code != CREATED:
            yield "another's keys leave no room"
    fill_up(quiet)
    theirs = stored(busy)
    with quiet.client() as client:
        client.post("rules", json={"tool": "shell", "decision": "ask"})
        client.post("credentials/openrouter/sign-in")
    if stored(busy) != theirs:
        yield "tidying up takes away what is another's"
    yield from leaving(quiet, busy)


def leaving(*staying: Person) -> Iterator[str]:
    """What somebody takes along who goes."""
    leaver = furnish(person(staying[0].server))
    before = [stored(each) for each in staying]
    with leaver.client() as client:
        client.delete(f"users/{leaver.id}").raise_for_status()
    if [stored(each) for each in staying] != before:
        yield "who leaves takes others' things along"


def crowding(server: Server) -> Iterator[str]:
    """What a guest uses up of another's."""
    place = uuid4().hex
    busy = guest(server, place)
    with busy.client() as client:
        while client.post("sessions", json=WORKS).status_code == CREATED:
            pass
    try:
        guest(server, place)
    except AssertionError as refused:
        yield f"a guest may no longer: {refused}"


def switched(client: httpx2.Client, tool: str) -> bool:
    """Put a tool's switch to what it is not; gives what it was."""
    was = client.get(f"permissions/{tool}").json()["is_enabled"]
    client.put(f"permissions/{tool}", json={"is_enabled": not was}).raise_for_status()
    return was


def seen(somebody: Person) -> dict[str, Any]:
    """Everything that somebody can look at, of their own."""
    with somebody.client() as client:
        return {route: without_times(body(ask(client, route, somebody.owns))) for route in SEEN}


def body(answer: httpx2.Response) -> Any:
    """What an answer says; of an archive, what its files say."""
    if answer.headers["content-type"] != "application/zip":
        return answer.json()
    with ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def without_times(found: Any) -> Any:
    if isinstance(found, dict):
        return {
            name: without_times(value)
            for name, value in found.items()
            if not name.endswith(("_at", "request_id"))
        }
    return [without_times(value) for value in found] if isinstance(found, list) else found


def keep_busy(busy: Person, quiet: Person) -> None:
    """Use up what can be used up, and settle what can be settled, otherwise than the other has."""
    with quiet.client() as client:
        is_on = client.get("permissions/list_directory").json()["is_enabled"]
    with busy.client() as client:
        write_and_allow(client, busy.owns["session_id"], quiet.word)
        client.post("rules", json={"tool": "write_file", "decision": "deny"}).raise_for_status()
        client.put("permissions/list_directory", json={"is_enabled": not is_on}).raise_for_status()
        client.put("permissions/read_file", json={"is_enabled": False}).raise_for_status()
    fill_up(busy)
    row = {"user_id": UUID(busy.id).hex, "outline": "{}", "created_at": later(), "fetched_at": later()}
    rows = ({**row, "id": uuid4().hex, "name": f"s{number}"} for number in range(MOST_SERVICES))
    insert(busy.server, "openapi_services", *rows)
    for _ in range(MOST_TOKENS):
        token_of(busy.server, busy.id)
    on_the_way = {"purpose": "provider", "owner": busy.id, "sealed": b"?", "expires_at": later()}
    states = ({**on_the_way, "state_hash": uuid4().hex} for _ in range(MANY))
    insert(busy.server, "sign_ins", *states)


def same_key(quiet: Person, busy: Person) -> bool:
    """Whether two people who happen on the same key for a request have nothing to do with each other."""
    header, body = {"idempotency-key": f"key-{busy.word}"}, {"name": busy.word}
    made_by = []
    for each in (busy, quiet):
        with each.client() as client:
            answer = client.post("sessions", json=body, headers=header)
        made_by.append(answer.json().get("user_id"))
    return made_by == [busy.id, quiet.id]


def fill_keys(somebody: Person) -> None:
    """As many requests with a key as one may have."""
    row = {"user_id": somebody.id, "created_at": later()}
    rows = ({**row, "id": uuid4().hex, "key_hash": uuid4().hex} for _ in range(MOST_KEPT))
    insert(somebody.server, "request_keys", *rows)


def fill_up(somebody: Person) -> None:
    """As many rules as one may have, all of them ended."""
    rule = {"user_id": UUID(somebody.id).hex, "tool": "glob", "decision": "ask", "source": "person"}
    ended = {"created_at": later(PAST), "expires_at": later(PAST), "commands": "[]", "paths": "[]"}
    insert(somebody.server, "rules", *({**rule, **ended, "id": uuid4().hex} for _ in range(MOST_RULES)))


def write_and_allow(client: httpx2.Client, session_id: str, word: str) -> None:
    """Stop what waits, and allow what the other is just asked."""
    path = f"sessions/{session_id}/commands"
    with following(client, session_id) as events:
        client.post(path, json={"type": "interrupt"}).raise_for_status()
        until(events, is_("TurnFinished"))
    if asked := asked_for(client, session_id, word):
        answer = {"type": "answer", "approval_id": asked["approval_id"], "answer": "allow_once"}
        client.post(path, json=answer).raise_for_status()


def refusals(client: httpx2.Client) -> Iterator[str]:
    """What one may no longer add because another has so much."""
    for route, body in {
        "rules": {"tool": "shell", "decision": "ask"},
        "openapi-services": {"name": "mine", "text": SERVICE.format(word="Mine")},
        "tokens": {"name": "mine", "scopes": ["sessions:read"], "expires_in_days": 1},
    }.items():
        answer = client.post(route, json=body)
        if answer.status_code != CREATED:
            yield f"POST {route}: {answer.text}"
