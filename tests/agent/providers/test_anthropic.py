"""Anthropic's Messages API: what a request says, what is kept of an answer, and what a list tells."""

from typing import Any

import pytest

from agent.config import Settings
from agent.core.events import Noticed, StepFinished
from agent.core.messages import File, Message, Source, Text, Thinking, ToolCall, ToolResult, Unknown
from agent.core.provider import Abilities, Credential, ModelEntry, Request
from agent.providers import _http
from agent.providers._bearer import bearer
from agent.providers._catalogue import newest
from agent.providers._connection import trust
from agent.providers.anthropic import (
    ALIASES,
    BLIND,
    READING,
    THINKING,
    AnthropicProvider,
    credential,
    describe,
)
from tests.agent.providers.environment import MARK, marked
from tests.agent.providers.wires import KEY, PROVIDERS, TOOL, after, connected, finish, key, prompt, reached
from tests.replay import Replay

CONNECT = PROVIDERS["anthropic"]
PNG = File(media_type="image/png", data="iVBORw0KGgo=", name="a.png")
PDF = File(media_type="application/pdf", data="JVBERi0=", name="a.pdf")
ELSEWHERE = File(media_type="image/png", path="shots/a.png")
EPHEMERAL = {"type": "ephemeral"}


async def sent(replay: Replay, request: Request) -> dict[str, Any]:
    """The request that arrives: headers and body."""
    url = replay.url("anthropic/text")
    served = replay.last
    await reached(CONNECT, url, request)
    return served.requests[0]


def person(*parts: Any) -> Message:
    return Message(
        role="user", parts=tuple(Text(text=part) if isinstance(part, str) else part for part in parts)
    )


def model(*parts: Any) -> Message:
    return Message(role="assistant", parts=parts)


# What is asked.

SHOWN = {"type": "adaptive", "display": "summarized"}
BOUND = {**SHOWN, "block_binding": {"prefix_mismatch_behavior": "drop_block"}}


@pytest.mark.parametrize(
    ("name", "effort", "thinking", "level"),
    [
        ("claude-3-5-haiku-latest", "high", None, None),
        ("claude-3-7-sonnet-latest", "low", {"type": "enabled", "budget_tokens": 2048}, None),
        ("claude-opus-4-1-20250805", "medium", {"type": "enabled", "budget_tokens": 8192}, None),
        ("claude-haiku-4-5", None, None, None),
        ("claude-haiku-4-5", "none", None, None),
        ("claude-opus-4-8", None, None, None),
        ("claude-opus-4-8", "none", None, None),
        ("claude-sonnet-4-6", "high", SHOWN, "high"),
        ("claude-mythos-preview", "medium", SHOWN, "medium"),
        ("claude-opus-5", None, SHOWN, None),
        ("claude-opus-5", "none", {"type": "disabled"}, None),
        ("claude-opus-5-5", None, BOUND, None),
        ("claude-opus-5-5", "none", BOUND, "low"),
        ("claude-opus-5-5", "high", BOUND, "high"),
        ("claude-sonnet-5-5", "none", {"type": "between_tools"}, None),
        ("claude-haiku-5-5", "none", {"type": "disabled"}, None),
        ("claude-fable-5-2", "low", BOUND, "low"),
        ("of-my-gateway", None, None, None),
    ],
)
@pytest.mark.filterwarnings("ignore:(?s).*is deprecated and will reach end-of-life:DeprecationWarning")
async def test_every_generation_is_asked_to_think_in_its_own_words(
    name: str, effort: str | None, thinking: Any, level: str | None, replay: Replay
) -> None:
    request = await sent(replay, prompt(model=name, effort=effort))
    assert request["body"].get("thinking") == thinking
    assert request["body"].get("output_config") == (level and {"effort": level})
    is_bound = bool(thinking) and "block_binding" in thinking
    assert ("anthropic-beta" in request["headers"]) == is_bound


async def test_a_budget_leaves_room_for_the_answer(replay: Replay) -> None:
    request = await sent(replay, prompt(model="claude-haiku-4-5", effort="high", max_tokens=5000))
    assert request["body"]["thinking"]["budget_tokens"] == 2500
    request = await sent(replay, prompt(model="claude-haiku-4-5", effort="high", max_tokens=1500))
    assert "thinking" not in request["body"]


async def test_prefixes_are_marked_where_they_are_found_again(replay: Replay) -> None:
    call = ToolCall(id="toolu_1", name="read_file", arguments={})
    result = ToolResult(call_id="toolu_1", outcome="ok", text="It says.")
    other = TOOL.model_copy(update={"name": "grep"})
    messages = (
        person("Look:", "here"),
        model(call),
        person(result),
        model(Text(text="Yes.")),
        person("Go on."),
    )
    asked = Request(model="m", messages=messages, system="Be brief.", tools=(TOOL, other))
    body = (await sent(replay, asked))["body"]
    assert body["cache_control"] == EPHEMERAL
    assert [tool.get("cache_control") for tool in body["tools"]] == [None, EPHEMERAL]
    assert body["system"] == [{"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL}]
    marks = [[block.get("cache_control") for block in turn["content"]] for turn in body["messages"]]
    assert marks == [[None, None], [None], [EPHEMERAL], [None], [None]]
    assert str(body).count("cache_control") == 4


async def test_what_fits_goes_unchanged_and_what_another_model_made_up_is_made_to_fit(replay: Replay) -> None:
    strange, long = "functions.read_file:0", "call_" + "x" * 80
    calls = [
        ToolCall(id="toolu_01A-b", name="read_file", arguments={}),
        ToolCall(id=strange, name="functions.read_file", arguments={}),
        ToolCall(id=long, name="n" * 128, arguments={}),
    ]
    results = [ToolResult(call_id=call.id, outcome="ok", text="It says.") for call in calls]
    request = Request(model="m", messages=(person("Hi"), model(*calls), person(*results)))
    body = (await sent(replay, request))["body"]
    used = body["messages"][1]["content"]
    assert (used[0]["id"], used[0]["name"], used[2]["name"]) == ("toolu_01A-b", "read_file", "n" * 128)
    assert used[1]["name"].startswith("functions_read_file")
    assert all(len(block["id"]) <= 64 and block["id"].replace("-", "_").isidentifier() for block in used)
    assert [block["tool_use_id"] for block in body["messages"][2]["content"]] == [
        block["id"] for block in used
    ]


async def test_files_are_shown_in_results_and_the_rest_is_told(replay: Replay) -> None:
    call = ToolCall(id="c", name="read_file", arguments={})
    result = ToolResult(call_id="c", outcome="ok", text="", files=(PNG, PDF, ELSEWHERE))
    body = (await sent(replay, Request(model="m", messages=(person("Hi"), model(call), person(result)))))[
        "body"
    ]
    (block,) = body["messages"][2]["content"]
    words, image, document, note = block["content"]
    assert words["text"] == "(ok, no output)"
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": PNG.data}
    assert (document["type"], document["source"]["data"]) == ("document", PDF.data)
    assert note == {"type": "text", "text": "[file shots/a.png, image/png, not shown]"}


@pytest.mark.parametrize(("files", "mark"), [((), [True]), ((ELSEWHERE,), [True]), ((PNG,), [])])
async def test_a_failure_with_an_image_is_told_in_words_alone(
    files: tuple[File, ...], mark: list[bool], replay: Replay
) -> None:
    call = ToolCall(id="c", name="read_file", arguments={})
    result = ToolResult(call_id="c", outcome="failed", text="It broke.", files=files)
    body = (await sent(replay, Request(model="m", messages=(person("Hi"), model(call), person(result)))))[
        "body"
    ]
    (block,) = body["messages"][2]["content"]
    assert [block[key] for key in block if key == "is_error"] == mark


async def test_blank_text_is_left_out_as_the_api_refuses_it(replay: Replay) -> None:
    messages = (person("Hi"), model(Text(text="\n\n")), person("Go on.", " "))
    body = (await sent(replay, Request(model="m", messages=messages)))["body"]
    assert [[block["text"] for block in turn["content"]] for turn in body["messages"]] == [["Hi"], ["Go on."]]


# What is heard, and sent back.


async def test_cited_pages_are_named_once_and_sent_back_as_they_came(replay: Replay) -> None:
    url = replay.url("anthropic/search")
    served = replay.last
    async with connected(CONNECT, url) as provider:
        step = await finish(provider, prompt())
        stored = StepFinished.model_validate_json(step.finished.model_dump_json())
        await finish(provider, after(stored))
    cited, plain = (part for part in stored.message.parts if isinstance(part, Text))
    assert cited.sources == (
        Source(url="https://a.example/water", title="Water"),
        Source(url="https://b.example/heat", title=""),
    )
    assert (plain.sources, plain.opaque) == ((), {})
    used, found, words, _, unknown = served.requests[1]["body"]["messages"][1]["content"]
    assert used["input"] == {"query": "water"}
    assert found["content"][0]["page_age"] is None
    assert [citation["cited_text"] for citation in words["citations"]] == [
        "boils",
        "at 100 °C",
        "at sea level",
    ]
    assert unknown == {"type": "something_new", "content": None, "depth": {"at": 1, "of": [2, None]}}


async def test_why_a_model_refuses_is_told_before_its_end(replay: Replay) -> None:
    async with connected(CONNECT, replay.url("anthropic/refused")) as provider:
        said = [said async for said in provider.stream_completion(prompt(model="claude-opus-5-5"))]
    told, finished = said
    assert isinstance(told, Noticed)
    values = {"model": "claude-opus-5-5", "category": "cyber", "why": "It could help an attack."}
    assert (told.code, told.values) == ("refused", values)
    assert isinstance(finished, StepFinished)
    assert (finished.stop, finished.message.parts) == ("refusal", ())


async def test_nothing_is_told_of_a_refusal_that_says_no_more(replay: Replay) -> None:
    async with connected(CONNECT, replay.url("anthropic/refusal")) as provider:
        said = [said async for said in provider.stream_completion(prompt())]
    assert not any(isinstance(one, Noticed) for one in said)


# What is known of the models.


async def test_the_list_says_what_its_models_can(replay: Replay) -> None:
    async with connected(CONNECT, replay.url("anthropic/abilities")) as provider:
        opus, haiku, bare = await provider.models()
    nothing = Abilities(tools=True, images=False, pdf=False, thinking=False, search=True)
    assert opus == ModelEntry(
        id="anthropic:claude-opus-5-5",
        name="Claude Opus 5.5",
        context_window=1_000_000,
        max_output=128_000,
        abilities=THINKING,
    )
    assert (haiku.context_window, haiku.max_output, haiku.abilities) == (5000, 700, nothing)
    assert (bare.name, bare.max_output, bare.abilities) == ("claude-haiku-4-5", 64_000, THINKING)


async def test_an_answer_may_be_as_long_as_the_list_says(replay: Replay) -> None:
    url = replay.url("anthropic/abilities")
    served = replay.last
    async with connected(CONNECT, url) as provider:
        await finish(provider, prompt(model="claude-opus-5-5"))
        await provider.models()
        await finish(provider, prompt(model="claude-opus-5-5"))
        await finish(provider, prompt(model="claude-opus-5-5", max_tokens=9))
        await finish(provider, prompt(model="claude-3-haiku-20240307"))
    asked = [request["body"]["max_tokens"] for request in served.requests if request["body"]]
    assert asked == [32_000, 128_000, 9, 4096]


@pytest.mark.parametrize(
    ("name", "output", "abilities"),
    [
        ("claude-opus-5-5", 128_000, THINKING),
        ("claude-opus-4-1-20250805", 32_000, THINKING),
        ("claude-opus-4-20250514", 32_000, THINKING),
        ("claude-opus-4-5-20251101", 64_000, THINKING),
        ("claude-sonnet-4-20250514", 64_000, THINKING),
        ("claude-3-7-sonnet-latest", 64_000, THINKING),
        ("claude-3-5-sonnet-latest", 8192, READING),
        ("claude-3-haiku-20240307", 4096, BLIND),
        ("of-my-gateway", None, Abilities()),
    ],
)
def test_a_model_is_known_by_its_name(name: str, output: int | None, abilities: Abilities) -> None:
    known = describe(name)
    assert (known.id, known.max_output, known.abilities) == (f"anthropic:{name}", output, abilities)


def test_a_family_means_its_newest_model() -> None:
    names = [
        "claude-opus-5-5",
        "claude-opus-10",
        "claude-opus-4-1-20250805",
        "claude-sonnet-5",
        "claude-opus-5",
    ]
    assert [newest(ALIASES[family], names) for family in ("opus", "sonnet", "fable")] == [
        "claude-opus-10",
        "claude-sonnet-5",
        "",
    ]


# Who asks.


def test_the_server_has_a_key_or_none() -> None:
    given = credential(Settings.model_validate({"anthropic_api_key": "k", "anthropic_base_url": "http://a"}))
    assert given is not None
    assert (given.secret.get_secret_value(), given.base_url) == ("k", "http://a")
    assert credential(Settings.model_validate({"anthropic_api_key": ""})) is None


async def test_nothing_of_the_environment_reaches_a_request(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = marked(monkeypatch, "anthropic")
    assert {"ANTHROPIC_CUSTOM_HEADERS", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"} <= names
    url = replay.url("anthropic/abilities")
    served = replay.last
    async with connected(CONNECT, url) as provider:
        await finish(provider, prompt())
        await provider.models()
    assert len(served.requests) == 2
    assert MARK not in str(served.requests)
    headers = served.requests[0]["headers"]
    assert (headers["authorization"], headers["x-api-key"]) == (f"Bearer {KEY}", KEY)


async def test_a_token_is_sent_by_the_http_client_alone(replay: Replay) -> None:
    url = replay.url("anthropic/text")
    served = replay.last
    token = Credential.model_validate(
        {**key(url).model_dump(), "auth_type": "oauth_token", "secret": "a-token"}
    )
    async with _http.client(trust(), auth=bearer(token)) as http:
        client = AnthropicProvider(token)._client(http)
        async for _ in await client.messages.create(model="m", max_tokens=5, messages=[], stream=True):
            pass
    headers = served.requests[0]["headers"]
    assert headers["authorization"] == "Bearer a-token"
    assert "x-api-key" not in headers
    assert "a-token" not in repr(vars(client))


async def test_parts_of_another_wire_are_left_out(replay: Replay) -> None:
    strange = model(Unknown(opaque={"elsewhere": {"a": 1}}), Thinking(text="Hm"), Text(text="Yes."))
    body = (await sent(replay, Request(model="m", messages=(person("Hi"), strange, person("Go on.")))))[
        "body"
    ]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "Yes."}]
