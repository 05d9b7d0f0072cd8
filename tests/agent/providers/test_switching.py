"""Another model in mid-session: every wire takes the whole history, whoever spoke in it."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent import providers, sessions
from agent.core.errors import ProviderError
from agent.core.events import ModelSwitched
from agent.core.identity import User
from agent.core.messages import File, Message, Thinking, ToolCall, ToolResult
from agent.core.provider import Request
from agent.core.transcript import fold
from agent.providers._dialects import DEEPSEEK, GROQ, MISTRAL, OLLAMA, OPENAI, OPENROUTER, PLAIN
from agent.providers._wires import anthropic_request, chat_request, gemini_request, responses_request
from agent.providers._wires.parts import file_note
from tests.agent.providers.conftest import FIXTURES
from tests.agent.providers.framing import streamed
from tests.agent.providers.history import PIECES, whole
from tests.agent.providers.recordings import ENTRIES, NOWHERE, OF_WIRE, Row, rows
from tests.agent.providers.shapes import leaves, problems
from tests.agent.providers.walks import WIRES, Step, history, in_turn, steps
from tests.agent.providers.wires import TOOL, Reached, finish, prompt
from tests.agent.sessions.puppet import Puppet, says_done
from tests.agent.sessions.talk import events, sqlite_only, turn
from tests.replay import exchanges

SYSTEM = "Be brief."


@dataclass(frozen=True)
class Target:
    """A model that shall go on with the history of others."""

    wire: str
    model: str
    payload: Callable[[Request], Any]
    dialect: str = ""

    def request(self, messages: tuple[Message, ...]) -> Request:
        """The next step, asked of it."""
        more = {"system": SYSTEM, "tools": (TOOL,), "effort": "low", "cache_key": "s"}
        return Request.model_validate({"model": self.model, "messages": messages, **more})

    def asked(self, messages: tuple[Message, ...]) -> Any:
        """What it would be sent."""
        return self.payload(self.request(messages))


OF_CHAT = (
    (PLAIN, "qwen3:8b"),
    (PLAIN, "Devstral-Small-2-24B"),
    (MISTRAL, "mistral-large-latest"),
    (DEEPSEEK, "deepseek-flash"),
    (OPENROUTER, "anthropic/claude-opus-5.5"),
    (OPENROUTER, "google/gemini-3.8-flash"),
    (GROQ, "openai/gpt-oss-120b"),
    (OLLAMA, "qwen3:8b"),
    (OPENAI, "gpt-6-luna"),
)
TARGETS = (
    Target("anthropic", "claude-opus-5-5", anthropic_request.payload),
    Target("anthropic", "claude-haiku-4-5", anthropic_request.payload),
    Target("openai-responses", "gpt-6.1-sol", responses_request.payload),
    Target("openai-responses", "gpt-4o", responses_request.payload),
    *(
        Target("openai-chat", model, partial(chat_request.payload, dialect=dialect), dialect.name)
        for dialect, model in OF_CHAT
    ),
    Target("gemini", "gemini-3.8-flash", gemini_request.payload),
    Target("gemini", "gemini-2.5-flash", gemini_request.payload),
    Target("gemini", "gemini-3.8-pro", partial(gemini_request.payload, in_pieces=True), "vertex"),
)
ASKED = {
    "anthropic": TARGETS[0],
    "openai": TARGETS[2],
    "compatible": TARGETS[4],
    "gemini": TARGETS[-3],
    "vertex": TARGETS[-1],
}
"""Whom our providers ask over HTTP."""
SAYS = {"messages", "input", "contents"}
"""Where a request holds the history."""
READERS = {"anthropic": PIECES["anthropic-messages"], **PIECES}
FITS = re.compile("[A-Za-z][A-Za-z0-9_-]{0,63}")
"""A name that every wire takes; what the others become, the laws of the wire check."""
NOTE = re.compile(r"\[file [^\]]*, not shown\]")
LONG = 20
"""Characters from which on a text cannot be found by chance."""


def takes(target: Target, messages: tuple[Message, ...]) -> None:
    """Check that a target is sent what it takes, all that was said, and nothing that is another's."""
    body = target.asked(messages)
    assert problems(target.wire, body, target.dialect) == []
    (said, names), (wanted, given_names) = told(target, body), meant(target, messages)
    assert said == wanted
    fitting = [(name, given) for name, given in zip(names, given_names, strict=True) if FITS.fullmatch(given)]
    assert [name for name, _ in fitting] == [given for _, given in fitting]
    sent = "\n".join(leaves([body[name] for name in SAYS & body.keys()]))
    lost = [file for file in files_of(messages) if not (file.data and file.data in sent)]
    assert [file for file in lost if file_note(file) not in sent] == []
    assert [text for text in others(target, messages) if text in sent] == []


def told(target: Target, body: Any) -> tuple[dict[str, Any], list[str]]:
    """What a request says by sort, words without space, arguments as values; and the names of its calls."""
    pieces = list(READERS[target.wire](readable(body)))

    def words(sort: str) -> str:
        texts = [piece[1] for piece in pieces if piece[0] == sort and piece[1] != SYSTEM]
        return squeezed(NOTE.sub("", "".join(texts)).replace(chat_request.BRIDGE, ""))

    at = 1 if target.wire == "gemini" else 2
    calls = [piece[at : at + 2] for piece in pieces if piece[0] == "call"]
    said = {
        "user": words("user"),
        "assistant": words("text"),
        "arguments": [arguments for _, arguments in calls],
        "results": [squeezed(NOTE.sub("", piece[2])) for piece in pieces if piece[0] == "result"],
    }
    return said, [name for name, _ in calls]


def readable(value: Any) -> Any:
    """A request whose refusals are texts."""
    if isinstance(value, dict):
        is_refusal = value.get("type") == "refusal"
        return (
            {"text": value["refusal"]} if is_refusal else {key: readable(one) for key, one in value.items()}
        )
    return [readable(one) for one in value] if isinstance(value, list) else value


def meant(target: Target, messages: tuple[Message, ...]) -> tuple[dict[str, Any], list[str]]:
    """What was said, in the form of `told`."""
    calls = [call for message in messages for call in message.calls]
    results = [part for message in messages for part in message.parts if isinstance(part, ToolResult)]
    said = {
        role: squeezed("".join(message.text for message in messages if message.role == role))
        for role in ("user", "assistant")
    }
    more = {
        "arguments": [arguments(target, call) for call in calls],
        "results": [squeezed(result.text or f"({result.outcome}, no output)") for result in results],
    }
    return {**said, **more}, [call.name for call in calls]


def arguments(target: Target, call: ToolCall) -> str:
    """Arguments as text; only OpenAI takes back what is none."""
    is_raw = call.malformed and target.wire == "openai-responses"
    return call.malformed if is_raw else json.dumps(call.arguments, sort_keys=True)


def squeezed(text: str) -> str:
    return "".join(text.split())


def files_of(messages: tuple[Message, ...]) -> list[File]:
    parts = [part for message in messages for part in message.parts]
    given = [file for part in parts if isinstance(part, ToolResult) for file in part.files]
    return [*given, *(part for part in parts if isinstance(part, File))]


def others(target: Target, messages: tuple[Message, ...]) -> set[str]:
    """Long texts that other wires want echoed, and nobody said."""
    parts = [part for message in messages for part in message.parts]
    shown = [part.model_dump(exclude={"opaque"}) for part in parts if not isinstance(part, Thinking)]
    said = "\n".join([*leaves(shown), "".join(message.text for message in messages)])
    opaque = [getattr(part, "opaque", {}) for part in parts]
    kept = [value for own in opaque for wire, value in own.items() if wire != target.wire]
    return {text for text in leaves(kept, with_names=False) if len(text) > LONG and text not in said}


async def heard(reached: Reached, row: Row) -> list[Message]:
    """What our adapter heard of an exchange; nothing where it is no answer."""
    reached.told(row)
    try:
        return [(await finish(reached.provider, prompt())).finished.message]
    except ProviderError:
        return []


Heard = dict[str, list[list[Message]]]
"""What our adapters heard, by provider and recording."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def own(reach: dict[str, Reached]) -> Heard:
    """Our own exchanges."""
    folders = {name: FIXTURES / ("gemini" if name == "vertex" else name) for name in reach}
    return {
        name: [
            [message for row in exchanges(file) for message in await heard(reach[name], row)]
            for file in sorted(folder.glob("*.jsonl"))
        ]
        for name, folder in folders.items()
    }


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def recorded(reach: dict[str, Reached]) -> Heard:
    """The recordings of other projects."""
    said: Heard = {name: [] for name in reach}
    for entry in ENTRIES:
        wire, name = entry["wire"], OF_WIRE[entry["wire"]]
        found = [row for row in rows(entry["file"]) if row["sort"] == "answer"]
        streams = [row if row["response"]["stream"] else streamed(wire, row) for row in found]
        said[name].append([message for row in streams for message in await heard(reach[name], row)])
    return said


@pytest.fixture(scope="session")
def answered(own: Heard, recorded: Heard) -> list[Message]:
    """All that was heard, the providers in turn."""
    by_provider = [[message for said in (*own[name], *recorded[name]) for message in said] for name in ASKED]
    return [message for one in zip_longest(*by_provider) for message in one if message]


@pytest.mark.parametrize("name", ASKED)
def test_every_wire_takes_what_our_own_exchanges_say(name: str, own: Heard) -> None:
    each = [step for said in own[name] for step in in_turn(said)]
    together = in_turn(message for said in own[name] for message in said)
    assert len(each) >= 9
    for walk in (together, *([step] for step in each)):
        for target in TARGETS:
            takes(target, history(walk))


@pytest.mark.skipif(not ENTRIES, reason=NOWHERE)
@pytest.mark.parametrize("name", ASKED)
def test_every_wire_takes_what_others_recorded(name: str, recorded: Heard) -> None:
    assert len(recorded[name]) == sum(OF_WIRE[entry["wire"]] == name for entry in ENTRIES)
    for said in recorded[name]:
        for target in TARGETS:
            takes(target, history(in_turn(said)))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=50)
@given(
    walk=st.lists(
        st.tuples(st.sampled_from(WIRES).flatmap(steps), st.none() | st.integers(0, 999)), max_size=6
    )
)
def test_every_wire_takes_what_several_others_said(
    walk: list[tuple[Step, int | None]], answered: list[Message]
) -> None:
    walked = [
        step if place is None else replace(step, said=answered[place % len(answered)]) for step, place in walk
    ]
    for target in TARGETS:
        takes(target, history(walked))


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("name", ASKED)
async def test_what_is_built_goes_through_the_sdk_as_it_is(
    name: str, own: Heard, reach: dict[str, Reached]
) -> None:
    folder = "gemini" if name == "vertex" else name
    for said in own.values():
        asked = ASKED[name].request(history(in_turn(message for one in said for message in one)))
        recording = reach[name].told(*exchanges(FIXTURES / folder / "text.jsonl"))
        await finish(reach[name].provider, asked)
        (sent,) = recording.requests
        assert on_the_wire(sent["body"]) == on_the_wire(ASKED[name].payload(asked))


def on_the_wire(body: Any) -> Any:
    """What is said and offered in a request, in one writing and one of base64's alphabets."""
    flat = {**body, **body.get("config", {})}
    kept = {name: flat[name] for name in ("system", "instructions", "tools", *SAYS) if name in flat}
    return json.loads(json.dumps(whole(kept)).translate(str.maketrans("-_", "+/")))


@pytest.fixture
def puppet(monkeypatch: pytest.MonkeyPatch) -> Puppet:
    """A provider of the test's own."""
    puppet = Puppet()
    monkeypatch.setitem(providers.plug_ins(), "puppet", puppet)
    return puppet


@sqlite_only
async def test_a_chosen_model_is_marked_once_and_reads_all_that_was_said(owner: User, puppet: Puppet) -> None:
    puppet.plays = {"a": says_done, "b": says_done}
    session = await sessions.create(owner, model="puppet:a")
    await turn(owner, session, "Hi")
    for _ in range(2):
        await sessions.change(owner, session.id, model="puppet:b")
    await turn(owner, session, "Hi again")
    happened = await events(session)
    switched = [event for event in happened if isinstance(event, ModelSwitched)]
    assert [(event.before, event.after, event.why) for event in switched] == [
        ("puppet:a", "puppet:b", "chosen")
    ]
    assert [row.kind for row in fold(happened).rows] == ["user", "text", "notice", "user", "text"]
    assert [request.model for request in puppet.requests] == ["a", "b"]
    assert [message.text for message in puppet.requests[-1].messages] == ["Hi", "Done", "Hi again"]


@sqlite_only
async def test_a_model_chosen_before_anything_was_said_is_no_switch(owner: User, puppet: Puppet) -> None:
    puppet.plays = {"b": says_done}
    session = await sessions.create(owner, model="puppet:a")
    await sessions.change(owner, session.id, model="puppet:b")
    happened = await turn(owner, session, "Hi")
    assert await events(session) == happened
    assert [row.kind for row in fold(happened).rows] == ["user", "text"]


@sqlite_only
@pytest.mark.parametrize(("last", "markers"), [("puppet:c", [("puppet:a", "puppet:c")]), ("puppet:a", [])])
async def test_however_often_one_chooses_there_is_one_marker(
    last: str, markers: list[tuple[str, str]], owner: User, puppet: Puppet
) -> None:
    puppet.plays = dict.fromkeys("abc", says_done)
    session = await sessions.create(owner, model="puppet:a")
    await turn(owner, session, "Hi")
    for model in ("puppet:b", last):
        await sessions.change(owner, session.id, model=model)
    await turn(owner, session, "Hi again")
    told = [row.values for row in fold(await events(session)).rows if row.title == "model_switched"]
    assert [(values["before"], values["after"]) for values in told] == markers
