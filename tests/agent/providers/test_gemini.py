"""What only Google does: arguments in pieces, sources, continuation, files inside results."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.messages import File, Message, Source, Text, ToolCall, ToolResult
from agent.core.provider import Credential, Request
from agent.providers import gemini, vertex
from agent.providers._catalogue import newest
from agent.providers._wires.gemini_arguments import Arguments, Path, path
from agent.providers._wires.gemini_request import contents
from agent.providers.gemini import GeminiProvider
from tests.agent.providers.wires import KEY, PROVIDERS, connected, finish, prompt, reached
from tests.replay import Replay

BOTH = ["gemini", "vertex"]
NEW, OLD = "gemini-3.8-flash", "gemini-2.5-flash"


async def said(case: str, replay: Replay, name: str = "gemini") -> StepFinished:
    return (await reached(PROVIDERS[name], replay.url(f"gemini/{case}"), prompt())).finished


async def sent(request: Request, replay: Replay, name: str = "gemini") -> dict[str, Any]:
    url = replay.url("gemini/text")
    await reached(PROVIDERS[name], url, request)
    return replay.last.requests[0]["body"]


# Arguments in pieces.


@pytest.mark.parametrize("name", BOTH)
async def test_arguments_in_pieces_come_to_whole_calls(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url("gemini/pieces"), prompt())
    first, second, third = step.finished.message.calls
    assert first.arguments == {
        "path": "a.txt",
        "content": 'Grüße,\n"Welt" 🌍',
        "marks": [{"line": 3, "at": 0.5}, {"line": 4}],
        "in words": True,
        "mode": None,
    }
    assert (second.arguments, third.arguments) == ({"path": "b.txt"}, {"path": "."})
    assert [call.name for call in step.finished.message.calls] == [
        "write_file",
        "write_file",
        "list_directory",
    ]
    assert (step.finished.message.text, step.finished.stop) == ("I write both.", "tool_use")
    assert first.opaque == {"gemini": {"thought_signature": "c2lnbmVk"}}
    for call in (first, second, third):
        assert step.heard("arguments", call.id) == json.dumps(call.arguments), "it reads as growing JSON"
    assert len(step.deltas) > 6


async def test_a_call_that_was_cut_short_is_malformed(replay: Replay) -> None:
    step = await said("pieces-cut", replay)
    (call,) = step.message.calls
    assert (call.arguments, call.malformed) == ({}, '{"path": "a.txt", "content": "Once upon')


async def test_calls_that_nobody_ended_end_with_the_answer(replay: Replay) -> None:
    step = await reached(PROVIDERS["gemini"], replay.url("gemini/pieces-unended"), prompt())
    calls = step.finished.message.calls
    assert [(call.id, call.arguments, call.malformed) for call in calls] == [
        ("fc-1", {"path": "a.txt"}, ""),
        ("fc-2", {}, ""),
    ]
    assert step.heard("arguments", "fc-1") == '{"path": "a.txt"}'
    assert step.heard("arguments", "fc-2") == "{}"


@pytest.mark.parametrize(
    ("name", "model", "asks"),
    [("vertex", NEW, [True]), ("vertex", OLD, []), ("gemini", NEW, [])],
)
async def test_pieces_are_asked_for_where_they_can_be_had(
    name: str,
    model: str,
    asks: list[bool],
    replay: Replay,
) -> None:
    body = await sent(prompt(model=model), replay, name)
    assert [*body.get("toolConfig", {}).get("functionCallingConfig", {}).values()] == asks
    assert "toolConfig" not in await sent(prompt(model=model, tools=()), replay, name)


LEAF = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
TREES = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, min_size=1, max_size=4) | st.dictionaries(st.text(), inner, min_size=1),
    max_leaves=12,
)


def leaves(tree: JsonValue, at: Path = ()) -> Iterator[tuple[Path, JsonValue]]:
    match tree:
        case dict():
            for key, value in tree.items():
                yield from leaves(value, (*at, key))
        case list():
            for index, value in enumerate(tree):
                yield from leaves(value, (*at, index))
        case _:
            yield at, tree


@given(st.dictionaries(st.text(), TREES), st.integers(1, 5))
def test_any_arguments_survive_their_pieces(arguments: dict[str, JsonValue], size: int) -> None:
    growing, heard = Arguments(), ""
    for at, value in leaves(arguments):
        pieces = [value]
        if isinstance(value, str) and value:
            pieces = [value[start : start + size] for start in range(0, len(value), size)]
        for piece in pieces:
            heard += growing.add(at, piece)
    heard += growing.end()
    assert growing.value == arguments
    assert heard == json.dumps(arguments)


def test_pieces_out_of_order_come_to_their_places() -> None:
    growing = Arguments()
    for at, value in [(("a", "b"), 1), (("c",), 2), (("a", "d"), 3), (("l", 1), "y"), (("l", 0), "x")]:
        growing.add(at, value)
    growing.end()
    assert growing.value == {"a": {"b": 1, "d": 3}, "c": 2, "l": ["x", "y"]}


def test_an_index_out_of_all_bounds_costs_no_memory() -> None:
    growing = Arguments()
    growing.add(("a", 10**12), 1)
    growing.end()
    assert growing.value == {"a": [1]}


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ("$.a", ("a",)),
        ("$.a[0][1].b-c", ("a", 0, 1, "b-c")),
        ("$['it\\'s \"so\"'].b", ('it\'s "so"', "b")),
        ('$["a\\u00e4\\"b"]', ('aä"b',)),
    ],
)
def test_a_json_path_is_read(written: str, steps: Path) -> None:
    assert path(written) == steps


@pytest.mark.parametrize("written", ["", "$", "a.b", "$..a", "$.a[*]", "$.*", "$.a[-1]", "$.a[0", "$['\\x']"])
def test_a_path_that_means_no_single_value_is_refused(written: str) -> None:
    with pytest.raises(ProviderError) as caught:
        path(written)
    assert caught.value.kind == "cut"


# Ends.


@pytest.mark.parametrize(
    ("case", "kind"), [("nothing", "cut"), ("unsigned", "bad_request"), ("pieces-garbled", "cut")]
)
async def test_an_answer_that_is_none(case: str, kind: str, replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await said(case, replay)
    assert caught.value.kind == kind


@pytest.mark.parametrize(("case", "text"), [("thought-too-long", ""), ("limit", "Once upon")])
async def test_an_answer_that_reached_its_limit_unfinished(case: str, text: str, replay: Replay) -> None:
    step = await said(case, replay)
    assert (step.message.text, step.stop) == (text, "max_tokens")


async def test_a_paused_answer_goes_on_with_the_next_request(replay: Replay) -> None:
    url = replay.url("gemini/continuation")
    served = replay.last
    async with connected(PROVIDERS["gemini"], url) as provider:
        asked = prompt()
        first = (await finish(provider, asked)).finished
        assert (first.message.text, first.stop) == ("Once upon", "pause")
        assert len(served.requests) == 1, "the SDK does not go on by itself"
        stored = StepFinished.model_validate_json(first.model_dump_json())
        going_on = asked.model_copy(update={"messages": (*asked.messages, stored.message)})
        second = (await finish(provider, going_on)).finished
        assert (second.message.text, second.stop) == (" a time.", "end_turn")
        again = Message(role="user", parts=(Text(text="Go on."),))
        later = going_on.model_copy(update={"messages": (*going_on.messages, second.message, again)})
        await finish(provider, later)
    before, resumed, after = (request["body"] for request in served.requests)
    assert resumed["contents"] == before["contents"]
    assert "dG9rZW4=" in json.dumps(resumed)
    assert "dG9rZW4=" not in json.dumps(after)
    assert [turn["parts"] for turn in after["contents"][1:]] == [
        [{"text": "Once upon"}, {"text": " a time."}],
        [{"text": "Go on."}],
    ]


async def test_sources_stand_with_the_text_they_support(replay: Replay) -> None:
    step = await said("grounded", replay)
    texts = [part for part in step.message.parts if isinstance(part, Text)]
    assert [(text.text, text.sources) for text in texts] == [
        ("It rains. ", (Source(url="https://example.org/rain", title="Rain"),)),
        ("Tomorrow it snows.", (Source(url="https://example.org/snow", title="Snow"),)),
        ("", ()),
    ]


# What is sent.


def test_strange_names_of_calls_become_names_that_google_takes() -> None:
    call = ToolCall(id="c", name="größe", arguments={})
    own = ToolCall(id="d", name="default_api.read_file", arguments={}, opaque={"gemini": {}})
    results = [ToolResult(call_id=id_, outcome="ok", text="1") for id_ in ("c", "d")]
    model, user = contents(
        [Message(role="assistant", parts=(call, own)), Message(role="user", parts=tuple(results))]
    )
    called = [part["function_call"]["name"] for part in model["parts"]]
    answered = [part["function_response"]["name"] for part in user["parts"]]
    assert called == answered == ["gr__e_d353a267", "default_api.read_file"]


PNG = File(media_type="image/png", data="iVBORw0KGgo=", name="a.png")
SOUND = File(media_type="audio/ogg", data="T2dnUw==", name="a.ogg")
ABSENT = File(media_type="image/png", path="b.png")


@pytest.mark.parametrize(
    ("model", "inside", "beside"),
    [(NEW, ["image/png"], ["audio/ogg"]), (OLD, [], ["image/png", "audio/ogg"])],
)
@pytest.mark.parametrize("name", BOTH)
async def test_files_of_a_result_stand_where_the_model_takes_them(
    name: str, model: str, inside: list[str], beside: list[str], replay: Replay
) -> None:
    call = ToolCall(id="c", name="read_file", arguments={"path": "a.png"})
    result = ToolResult(call_id="c", outcome="ok", text="Two files.", files=(PNG, SOUND, ABSENT))
    first = prompt(model=model)
    turns = (Message(role="assistant", parts=(call,)), Message(role="user", parts=(result,)))
    request = first.model_copy(update={"messages": (*first.messages, *turns)})
    answer, *files = (await sent(request, replay, name))["contents"][2]["parts"]
    response = answer["functionResponse"]
    assert response["response"] == {"output": "Two files."}
    assert [media_type(part) for part in response.get("parts", [])] == inside
    assert [media_type(part) for part in files if "inlineData" in part] == beside
    assert files[-1] == {"text": "[file b.png, image/png, not shown]"}


def media_type(part: dict[str, Any]) -> str:
    blob = part.get("inlineData") or part["inline_data"]
    return blob.get("mimeType") or blob["mime_type"]


async def test_a_token_goes_without_a_key_and_names_its_project(replay: Replay) -> None:
    credential = Credential.model_validate(
        {
            "auth_type": "oauth_token",
            "secret": KEY,
            "base_url": replay.url("gemini/text"),
            "project": "mine",
        }
    )
    async with connected(lambda _: GeminiProvider(credential, idle=5), "") as provider:
        await finish(provider, prompt())
    headers = replay.last.requests[0]["headers"]
    assert headers["x-goog-user-project"] == "mine"
    assert KEY not in headers.get("x-goog-api-key", "")


ENVIRONMENT = (
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_GENAI_USE_ENTERPRISE",
    "GOOGLE_GENAI_API_VERSION",
    "GOOGLE_GENAI_CLIENT_MODE",
    "GOOGLE_GENAI_REPLAYS_DIRECTORY",
    "GOOGLE_GENAI_REPLAY_ID",
    "GOOGLE_GEMINI_BASE_URL",
    "GOOGLE_VERTEX_BASE_URL",
    "GOOGLE_CLOUD_PROJECT",
    "GOOGLE_CLOUD_LOCATION",
    "GOOGLE_CLOUD_QUOTA_PROJECT",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
"""What google-genai and google-auth read."""


@pytest.mark.parametrize("value", ["http://127.0.0.1:9/of-somebody-else", "true", "replay"])
@pytest.mark.parametrize("name", BOTH)
async def test_nothing_of_the_environment_reaches_a_request(
    name: str, value: str, replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sent(prompt(), replay, name)
    before = replay.last.requests[0]
    for variable in ENVIRONMENT:
        monkeypatch.setenv(variable, value)
    await sent(prompt(), replay, name)
    after = replay.last.requests[0]
    assert after["path"] == before["path"]
    assert after["headers"] | {"host": ""} == before["headers"] | {"host": ""}
    assert after["body"] == before["body"]


# Models.


async def test_a_list_tells_limits_and_abilities(replay: Replay) -> None:
    async with connected(PROVIDERS["gemini"], replay.url("gemini/models")) as provider:
        (listed,) = await provider.models()
    assert (listed.context_window, listed.max_output) == (1_048_576, 65_536)
    assert listed.name == "Gemini 3.8 Flash"
    assert set(listed.abilities.model_dump().values()) == {True}


async def test_vertex_lists_what_can_answer(replay: Replay) -> None:
    async with connected(PROVIDERS["vertex"], replay.url("vertex/models")) as provider:
        (listed,) = await provider.models()
    assert (listed.id, listed.name) == ("vertex:gemini-2.5-pro", "gemini-2.5-pro")
    assert (listed.max_output, listed.abilities.thinking) == (65_536, True)


@pytest.mark.parametrize("name", [*gemini.KNOWN, *vertex.KNOWN])
def test_a_model_we_offer_unasked_is_described(name: str) -> None:
    assert gemini.describe(name).abilities.tools
    assert vertex.describe(name).id == f"vertex:{name}"


@pytest.mark.parametrize(
    ("alias", "model"),
    [
        ("pro", "gemini-3.1-pro-preview"),
        ("flash", "gemini-3.10-flash"),
        ("flash-lite", "gemini-3.5-flash-lite"),
        ("argon", "gemini-4-argon"),
    ],
)
def test_an_alias_means_the_newest(alias: str, model: str) -> None:
    names = [
        "gemini-2.5-pro",
        "gemini-3.1-pro-preview",
        "gemini-3.8-flash",
        "gemini-3.10-flash",
        "gemini-9-flash-image",
        "gemini-3.5-flash-lite",
        "gemini-9-flash-preview-09-2029",
        "gemini-4-argon",
    ]
    assert newest(gemini.ALIASES[alias], names) == model
