"""OpenAI's Responses API: what a request says, what is kept of an answer, and what we know of its models."""

from typing import Any

import pytest

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.messages import File, Message, Source, Text, ToolCall, ToolResult
from agent.core.provider import Abilities, Credential, Request
from agent.providers import _http
from agent.providers._bearer import bearer
from agent.providers._catalogue import newest
from agent.providers._connection import trust
from agent.providers._openai_client import openai_client
from agent.providers.openai import ALIASES, READING, SEEING, THINKING, OpenAIProvider, credential, describe
from tests.agent.providers.environment import MARK, marked
from tests.agent.providers.wires import KEY, PROVIDERS, after, connected, finish, key, prompt, reached
from tests.replay import Replay

CONNECT = PROVIDERS["openai"]
PNG = File(media_type="image/png", data="iVBORw0KGgo=", name="a.png")
PDF = File(media_type="application/pdf", data="JVBERi0=")
ELSEWHERE = File(media_type="image/png", path="shots/a.png")


async def sent(replay: Replay, request: Request) -> dict[str, Any]:
    """The body that arrives."""
    url = replay.url("openai/text")
    served = replay.last
    await reached(CONNECT, url, request)
    return served.requests[0]["body"]


def after_calls(*calls: ToolCall, files: tuple[File, ...] = ()) -> Request:
    """A request with calls and their results."""
    results = (ToolResult(call_id=call.id, outcome="ok", text="It says.", files=files) for call in calls)
    hello = Message(role="user", parts=(Text(text="Hi"),))
    said = (hello, Message(role="assistant", parts=calls), Message(role="user", parts=tuple(results)))
    return Request(model="m", messages=said)


# What is asked.


@pytest.mark.parametrize(
    ("name", "effort", "asked"),
    [
        ("gpt-6.1-sol", None, None),
        ("gpt-6.1-sol", "none", "none"),
        ("gpt-6.1-sol", "high", "high"),
        ("gpt-6-astra", "none", "low"),
        ("gpt-5.5", "none", "none"),
        ("gpt-5.4-mini", "none", "none"),
        ("gpt-5-mini", "none", "minimal"),
        ("gpt-5-2025-08-07", "none", "minimal"),
        ("gpt-5.1-codex", "none", "low"),
        ("gpt-5.2-pro", "low", "medium"),
        ("gpt-5-pro", "medium", "high"),
        ("o3", "none", "low"),
        ("o4-mini", "medium", "medium"),
    ],
)
async def test_a_model_is_asked_for_an_effort_that_it_knows(
    name: str, effort: str | None, asked: str | None, replay: Replay
) -> None:
    body = await sent(replay, prompt(model=name, effort=effort))
    assert body["include"] == ["reasoning.encrypted_content"]
    assert body["reasoning"] == {"summary": "auto", **({"effort": asked} if asked else {})}


@pytest.mark.parametrize("name", ["gpt-4o", "gpt-5-chat-latest", "ft:gpt-4.1:us::1"])
async def test_a_model_that_does_not_reason_is_not_asked_to(name: str, replay: Replay) -> None:
    body = await sent(replay, prompt(model=name, effort="high"))
    assert "reasoning" not in body
    assert "include" not in body


async def test_an_organisation_without_summaries_is_asked_for_none(replay: Replay) -> None:
    url = replay.url("openai/unverified")
    served = replay.last
    async with connected(CONNECT, url) as provider:
        first = await finish(provider, prompt(model="gpt-6.1-sol"))
        await finish(provider, prompt(model="gpt-6.1-sol", effort="low"))
    assert first.finished.message.text == "Grüße, Welt 🌍."
    asked = [request["body"].get("reasoning") for request in served.requests]
    assert asked == [{"summary": "auto"}, None, {"effort": "low"}]


async def test_another_refusal_is_not_asked_again(replay: Replay) -> None:
    url = replay.url("openai/too-long")
    served = replay.last
    with pytest.raises(ProviderError):
        await reached(CONNECT, url, prompt())
    assert len(served.requests) == 1


async def test_requests_that_begin_alike_share_a_key_of_the_cache(replay: Replay) -> None:
    assert (await sent(replay, prompt(cache_key="session-1")))["prompt_cache_key"] == "session-1"
    assert len((await sent(replay, prompt(cache_key="s" * 80)))["prompt_cache_key"]) == 64
    assert "prompt_cache_key" not in await sent(replay, prompt())


async def test_what_fits_goes_unchanged_and_what_another_model_made_up_is_made_to_fit(replay: Replay) -> None:
    fine = ToolCall(id="call_01A-b", name="read_file", arguments={})
    strange = ToolCall(id="functions.read_file:0", name="functions.read_file", arguments={})
    long = ToolCall(id="c" * 80, name="n" * 80, arguments={})
    items = (await sent(replay, after_calls(fine, strange, long)))["input"]
    calls = [item for item in items if item.get("type") == "function_call"]
    results = [item for item in items if item.get("type") == "function_call_output"]
    assert (calls[0]["call_id"], calls[0]["name"]) == ("call_01A-b", "read_file")
    assert calls[1]["name"].startswith("functions_read_file")
    assert [len(calls[2][field]) for field in ("call_id", "name")] == [64, 64]
    assert [item["call_id"] for item in results] == [item["call_id"] for item in calls]


async def test_files_are_shown_in_results_and_the_rest_is_told(replay: Replay) -> None:
    call = ToolCall(id="c", name="read_file", arguments={})
    body = await sent(replay, after_calls(call, files=(PNG, PDF, ELSEWHERE)))
    words, image, document, note = body["input"][-1]["output"]
    assert words == {"type": "input_text", "text": "It says."}
    assert image["image_url"] == f"data:image/png;base64,{PNG.data}"
    assert (document["filename"], document["file_data"]) == (
        "file.pdf",
        f"data:application/pdf;base64,{PDF.data}",
    )
    assert note == {"type": "input_text", "text": "[file shots/a.png, image/png, not shown]"}


# What is heard, and sent back.


async def continued(case: str, replay: Replay) -> tuple[StepFinished, list[Any]]:
    """A step as it is stored, and the items of the request that follows it."""
    url = replay.url(f"openai/{case}")
    served = replay.last
    async with connected(CONNECT, url) as provider:
        step = await finish(provider, prompt())
        stored = StepFinished.model_validate_json(step.finished.model_dump_json())
        await finish(provider, after(stored))
    return stored, served.requests[1]["body"]["input"]


async def test_cited_pages_are_named_once_and_sent_back_as_they_came(replay: Replay) -> None:
    step, (_, search, unknown, message, _) = await continued("search", replay)
    (said,) = (part for part in step.message.parts if isinstance(part, Text))
    assert said.sources == (
        Source(url="https://a.example/water", title="Water"),
        Source(url="https://b.example/heat", title="Heat"),
    )
    (content,) = message["content"]
    kinds = [annotation["type"] for annotation in content["annotations"]]
    assert (content["text"], kinds) == (said.text, [*["url_citation"] * 3, "file_citation"])
    assert (message["phase"], "status" in message) == ("final_answer", False)
    assert search["action"] == {"type": "search", "query": "water", "sources": None}
    assert unknown == {
        "id": "sn_1",
        "type": "something_new",
        "status": "completed",
        "content": None,
        "depth": {"at": 1, "of": [2, None]},
    }


async def test_a_refusal_is_sent_back_as_one(replay: Replay) -> None:
    step, (_, message, _) = await continued("refusal", replay)
    assert (step.stop, step.message.text) == ("refusal", "I cannot.")
    assert message["content"] == [{"type": "refusal", "refusal": "I cannot."}]


# What is known of the models.


@pytest.mark.parametrize(
    ("name", "output", "abilities"),
    [
        ("gpt-6.1-sol", 128_000, THINKING),
        ("gpt-5.1-codex", 128_000, THINKING),
        ("gpt-5-pro", 272_000, THINKING),
        ("gpt-5-chat-latest", 16_384, SEEING),
        ("gpt-4.1-mini", 32_768, SEEING),
        ("gpt-4o-mini", 16_384, SEEING),
        ("gpt-4o-2024-05-13", 4096, SEEING),
        ("ft:gpt-4o-mini:us::1", 16_384, SEEING),
        ("gpt-4-0613", 8192, READING),
        ("gpt-4-1106-preview", 4096, READING),
        ("o3-mini", 100_000, READING.model_copy(update={"thinking": True})),
        ("o4-mini", 100_000, THINKING),
        ("of-my-gateway", None, Abilities()),
    ],
)
def test_a_model_is_known_by_its_name(name: str, output: int | None, abilities: Abilities) -> None:
    known = describe(name)
    assert (known.id, known.name, known.max_output) == (f"openai:{name}", name, output)
    assert known.abilities == abilities


def test_a_family_means_its_newest_model() -> None:
    names = ["gpt-6-sol", "gpt-6.1-sol", "gpt-5.6-sol", "gpt-6-luna", "gpt-5.5"]
    assert [newest(ALIASES[family], names) for family in ("sol", "luna", "astra")] == [
        "gpt-6.1-sol",
        "gpt-6-luna",
        "",
    ]


async def test_the_list_is_described_by_its_names(replay: Replay) -> None:
    async with connected(CONNECT, replay.url("openai/models")) as provider:
        found = await provider.models()
    assert found == [describe("gpt-5.5"), describe("gpt-4o")]
    assert (found[0].context_window, found[0].max_output) == (1_000_000, 128_000)


# Who asks.


def test_the_server_has_a_key_or_none() -> None:
    given = credential(Settings.model_validate({"openai_api_key": "k", "openai_base_url": "http://a/v1"}))
    assert given is not None
    assert (given.secret.get_secret_value(), given.base_url) == ("k", "http://a/v1")
    assert credential(Settings.model_validate({"openai_api_key": ""})) is None


async def test_nothing_of_the_environment_reaches_a_request(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = marked(monkeypatch, "openai")
    assert {"OPENAI_CUSTOM_HEADERS", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY"} <= names
    url = replay.serve([])
    served = replay.last
    async with connected(CONNECT, url) as provider:
        for asking in (finish(provider, prompt()), provider.models()):
            with pytest.raises(ProviderError):
                await asking
    assert len(served.requests) == 2
    assert MARK not in str(served.requests)
    headers = served.requests[0]["headers"]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert not {"openai-organization", "openai-project"} & headers.keys()


async def test_a_project_is_named_where_there_is_one(replay: Replay) -> None:
    url = replay.url("openai/text")
    served = replay.last
    given = key(f"{url}/v1").model_copy(update={"project": "proj_1"})
    await reached(lambda _: OpenAIProvider(given, idle=5), url, prompt())
    assert served.requests[0]["headers"]["openai-project"] == "proj_1"


async def test_a_token_is_sent_by_the_http_client_alone(replay: Replay) -> None:
    url = replay.url("openai/text")
    served = replay.last
    token = Credential.model_validate(
        {"base_url": f"{url}/v1", "auth_type": "oauth_token", "secret": "a-token"}
    )
    async with _http.client(trust(), auth=bearer(token)) as http:
        client = OpenAIProvider(token)._client(http)
        async for _ in await client.responses.create(model="m", input="Hi", stream=True):
            pass
    assert served.requests[0]["headers"]["authorization"] == "Bearer a-token"
    assert client.api_key == openai_client(http, "", url).api_key
