"""The people of the matrix, and everything that one of them has."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2

from agent.accounts.tokens import hashed, new_token
from agent.core.identity import SCOPES
from tests.app.api.streams import Sent, following, until
from tests.app.serving import PATIENCE, Server
from tests.servers import NO_TLS

SETTINGS = {
    "MAESTRO_AUTH": "anonymous",
    "MAESTRO_SECRET_KEY": secrets.token_hex(32),
    "MAESTRO_LIMITS": "off",
    "MAESTRO_DEFAULT_MODEL": "demo:scripted",
    "OIDC_ISSUER": "http://127.0.0.1:9",
    "OIDC_CLIENT_ID": "maestro",
    "OIDC_CLIENT_SECRET": secrets.token_hex(20),
}
"""Of a server with people and guests, whose requests nobody counts."""
LONG = timedelta(days=30)
WORKS = {"model": "demo:scripted", "mode": "ask"}
SERVICE = """
openapi: 3.0.3
info: {{ title: "{word}", version: "1" }}
servers: [{{ url: "https://example.org/v1" }}]
paths: {{ /pets: {{ get: {{ operationId: list }} }} }}
components: {{ securitySchemes: {{ key: {{ type: apiKey, in: header, name: X-Key }} }} }}
"""


def at(moment: datetime) -> str:
    """A time as SQLite keeps it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def later(by: timedelta = LONG) -> str:
    return at(datetime.now(UTC) + by)


@dataclass
class Person:
    """Somebody the server knows, with both ways in."""

    server: Server
    id: str
    word: str
    """Stands in everything that is theirs and nowhere else."""
    token: str
    cookie: str
    owns: dict[str, str] = field(default_factory=dict)
    """Their things by the name of the parameter that names them in an address."""

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """The API with their token; a guest has only a cookie."""
        way = {"token": self.token} if self.token else {"cookie": self.cookie}
        with face(self.server, **way) as client:
            yield client


@contextmanager
def face(server: Server, *, token: str = "", cookie: str = "") -> Iterator[httpx2.Client]:
    """The API with somebody's token or cookie, or nobody's."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    headers |= {"cookie": cookie, "origin": server.url} if cookie else {}
    url = f"{server.url}/api/v1/"
    with httpx2.Client(base_url=url, headers=headers, timeout=PATIENCE, verify=NO_TLS) as client:
        yield client


def person(server: Server, *, is_admin: bool = False) -> Person:
    """Make somebody with nothing yet."""
    user, word = uuid4(), f"heron{secrets.token_hex(6)}"
    with server.database() as database:
        database.execute(
            "INSERT INTO users (id, email, name, provider, provider_uid, is_admin, created_at)"
            " VALUES (?, ?, ?, 'test', ?, ?, ?)",
            [user.hex, f"{word}@example.org", word, user.hex, is_admin, later(-LONG)],
        )
    token, cookie = token_of(server, user.hex, word), cookie_of(server, user_id=user.hex, browser=word)
    return Person(server, str(user), word, token, cookie)


def token_of(
    server: Server,
    user_id: str,
    name: str = "test",
    scopes: tuple[str, ...] = SCOPES,
    expires: timedelta = LONG,
) -> str:
    """A token for a program of theirs."""
    token = new_token("mst")
    kept = {
        "id": uuid4().hex,
        "user_id": user_id.replace("-", ""),
        "name": name,
        "token_hash": hashed(token),
        "hint": token[:8],
        "source": "person",
        "scopes": "[" + ", ".join(f'"{scope}"' for scope in scopes) + "]",
        "created_at": later(-LONG),
        "expires_at": later(expires),
    }
    insert(server, "api_tokens", kept)
    return token


def cookie_of(server: Server, *, expires: timedelta = LONG, browser: str = "", **owner: str) -> str:
    """A cookie for a browser of theirs (`user_id`), or of nobody's (`anonymous_session_id`)."""
    token = new_token("mss")
    kept = {
        "id": uuid4().hex,
        "token_hash": hashed(token),
        "browser": browser,
        "created_at": later(-LONG),
        "expires_at": later(expires),
        **owner,
    }
    insert(server, "login_sessions", kept)
    return f"maestro-{server.port}={token}"


def insert(server: Server, table: str, *rows: dict[str, Any]) -> None:
    """Write rows as another process would; columns that are not given take their defaults."""
    with server.database() as database:
        known = database.execute(f"PRAGMA table_info({table})").fetchall()
        empty = {
            name: "" if "CHAR" in kind or kind == "TEXT" else 0
            for _, name, kind, is_needed, default, _ in known
            if is_needed and default is None
        }
        filled = [{**empty, **row} for row in rows]
        names, marks = ", ".join(filled[0]), ", ".join(f":{name}" for name in filled[0])
        database.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", filled)  # noqa: S608


def furnish(somebody: Person) -> Person:
    """Give a person one of everything there is."""
    word, owns = somebody.word, somebody.owns
    with somebody.client() as client:
        work(somebody, client)
        rule = {"tool": "shell", "decision": "deny", "commands": [word], "session_id": owns["session_id"]}
        made(client, "sessions", {"name": word, "model": f"compatible:{word}"})
        gone = made(client, "sessions", {**WORKS, "name": word})["id"]
        client.delete(f"sessions/{gone}").raise_for_status()
        owns["deleted_session_id"] = gone
        owns["rule_id"] = made(client, "rules", rule)["id"]
        service = {"name": word, "text": SERVICE.format(word=word), "credentials": {"key": word}}
        owns["service_id"] = made(client, "openapi-services", service)["id"]
        client.put("permissions/grep", json={"is_enabled": False}).raise_for_status()
        client.put("credentials/compatible", json={"secret": f"sk-{word}"}).raise_for_status()
    owns["sign_in_id"] = _id_of(somebody, "login_sessions")
    owns["token_id"] = _id_of(somebody, "api_tokens")
    owns["user_id"] = somebody.id
    owns["device_sign_in_id"] = _on_the_way(somebody)
    return somebody


def work(somebody: Person, client: httpx2.Client) -> None:
    """Give them a session with one of everything that is within."""
    word, owns = somebody.word, somebody.owns
    owns["word"] = word
    session = made(client, "sessions", {**WORKS, "name": word})
    owns["session_id"] = session["id"]
    Path(session["workspace"], "kept.json").write_text(json.dumps({"word": word}))
    asked = asked_for(client, owns["session_id"], word)
    owns["approval_id"], owns["turn_id"] = asked["approval_id"], asked["turn_id"]
    path = f"sessions/{owns['session_id']}"
    waiting = client.post(f"{path}/commands", json={"type": "prompt", "text": f"search for {word}"})
    owns["prompt_id"] = waiting.json()["turn_id"]
    owns["checkpoint_id"] = made(client, f"{path}/checkpoints", {"name": word})["id"]
    owns["number"] = _job(somebody)
    sent = client.post(f"{path}/attachments", params={"name": f"{word}.txt"}, content=word)
    owns["attachment_id"] = sent.raise_for_status().json()["id"]
    client.put(f"{path}/draft", json={"text": word}).raise_for_status()


def made(client: httpx2.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def asked_for(client: httpx2.Client, session_id: str, word: str) -> dict[str, str]:
    """Have a file written; the question that comes before it, empty when none comes."""
    prompt = {"type": "prompt", "text": f"write {word}.txt with {word}"}
    sent = client.post(f"sessions/{session_id}/commands", json=prompt)
    sent.raise_for_status()
    over = {"ApprovalRequested", "TurnFinished"}

    def is_over(event: Sent) -> bool:
        return event.event in over and event.data["turn_id"] == sent.json()["turn_id"]

    with following(client, f"{session_id}?after={sent.json()['seq']}") as events:
        last = until(events, is_over)[-1]
    return last.data if last.event == "ApprovalRequested" else {}


def _job(somebody: Person) -> str:
    """A program beside the work, as the table knows it; none really runs."""
    number = str(1 + secrets.randbelow(10**8))
    kept = {
        "id": uuid4().hex,
        "session_id": UUID(somebody.owns["session_id"]).hex,
        "number": number,
        "command": somebody.word,
        "started_at": later(-LONG),
        "seen_at": later(),
    }
    insert(somebody.server, "jobs", kept)
    return number


def _on_the_way(somebody: Person) -> str:
    """A sign-in at a provider that has begun; what is sealed in it nobody can open."""
    state = secrets.token_urlsafe(32)
    kept = {"state_hash": hashed(state), "purpose": "device", "owner": somebody.id, "sealed": b"?"}
    insert(somebody.server, "sign_ins", {**kept, "expires_at": later()})
    return state


def guest(server: Server, place: str = "") -> Person:
    """A browser nobody signed in with, and its session."""
    visitor, word = str(uuid4()), f"heron{secrets.token_hex(6)}"
    cookie = cookie_of(server, anonymous_session_id=visitor, browser=word, place=place or word)
    somebody = Person(server, visitor, word, "", cookie)
    with somebody.client() as client:
        work(somebody, client)
    return somebody


def _id_of(somebody: Person, table: str) -> str:
    with somebody.server.database() as database:
        user = UUID(somebody.id).hex
        found = database.execute(f"SELECT id FROM {table} WHERE user_id = ?", [user]).fetchone()  # noqa: S608
    return str(UUID(found[0]))


def forget_settings(somebody: Person) -> None:
    """Take away what they settled, so that nobody else could ever stumble over it."""
    with somebody.server.database() as database:
        for table in ("rules", "tool_permissions"):
            database.execute(f"DELETE FROM {table} WHERE user_id = ?", [UUID(somebody.id).hex])  # noqa: S608


MOMENTARY = {"last_used_at", "seen_at"}
"""Columns that change by looking."""


def stored(somebody: Person) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that are a person's, or their session's."""
    ids = [UUID(somebody.id).hex, somebody.id]
    if session := somebody.owns.get("session_id"):
        ids += [UUID(session).hex, session]
    found: dict[str, list[tuple[Any, ...]]] = {}
    with somebody.server.database() as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
            keys = [name for name in ("user_id", "session_id", "owner") if name in columns]
            keys += ["id"] if table in {"users", "sessions"} else []
            if keys:
                shown = ", ".join(name for name in columns if name not in MOMENTARY)
                marks = ", ".join("?" for _ in ids)
                where = " OR ".join(f"{key} IN ({marks})" for key in keys)
                query = f"SELECT {shown} FROM {table} WHERE {where}"  # noqa: S608
                found[table] = sorted(map(tuple, database.execute(query, ids * len(keys))), key=repr)
    return found
