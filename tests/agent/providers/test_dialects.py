"""What is sent to each server of Chat Completions: its own words for the same request."""

from typing import Any

import pytest

from agent.core.messages import File, Message, Text, ToolCall, ToolResult
from agent.core.provider import Effort, Request
from agent.providers._dialects import (
    DEEPSEEK,
    ENTRIES,
    GROQ,
    MISTRAL,
    OLLAMA,
    OPENAI,
    OPENROUTER,
    PLAIN,
    QWEN,
    Dialect,
    dialect_at,
)
from agent.providers.compatible import CompatibleProvider
from tests.agent.providers.wires import TOOL, key, prompt, reached
from tests.replay import Replay

PNG = File(media_type="image/png", data="iVBORw0KGgo=", name="a.png")
PDF = File(media_type="application/pdf", data="JVBERi0=", name="a.pdf")
STRANGE = "functions.read_file:0"
CALL = ToolCall(id="call_of_another_model", name="read_file", arguments={"path": "a.png"})


async def sent(request: Request, dialect: Dialect, replay: Replay) -> dict[str, Any]:
    """The body that such a server receives."""
    url = replay.url("compatible/text")
    served = replay.last
    await reached(lambda address: CompatibleProvider(key(f"{address}/v1"), dialect, idle=5), url, request)
    return served.requests[0]["body"]


def history(*said: Any) -> Request:
    """A call of another model, its result, and what a person says then."""
    result = ToolResult(call_id=CALL.id, outcome="ok", text="Done.", files=(PNG,) if PNG in said else ())
    rest = tuple(part for part in said if part is not PNG)
    messages = (
        Message(role="user", parts=(Text(text="Read it."),)),
        Message(role="assistant", parts=(CALL,)),
        Message(role="user", parts=(result, *rest)),
    )
    return Request(model="m", system="Be brief.", messages=messages)


@pytest.mark.parametrize(
    ("dialect", "model", "effort", "asked"),
    [
        (PLAIN, "qwen3", "low", {"reasoning_effort": "low"}),
        (OLLAMA, "qwen3:8b", "none", {"reasoning_effort": "none"}),
        (OPENROUTER, "openai/gpt-6.1-sol", "high", {"reasoning": {"effort": "high"}}),
        (DEEPSEEK, "deepseek-flash", "medium", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
        (DEEPSEEK, "deepseek-flash", "none", {"thinking": {"type": "disabled"}}),
        (MISTRAL, "mistral-medium-3-5", "low", {"reasoning_effort": "high"}),
        (MISTRAL, "mistral-large-4-0", "low", {"reasoning_effort": "low"}),
        (MISTRAL, "codestral-latest", "high", {}),
        (GROQ, "openai/gpt-oss-20b", "medium", {"reasoning_effort": "medium"}),
        (GROQ, "qwen/qwen3-32b", "none", {"reasoning_effort": "none"}),
        (GROQ, "llama-3.3-70b-versatile", "high", {}),
        (QWEN, "qwen3.8-max", "none", {"enable_thinking": False}),
    ],
)
async def test_effort_is_asked_in_the_servers_own_words(
    dialect: Dialect, model: str, effort: Effort, asked: dict[str, Any], replay: Replay
) -> None:
    plain = await sent(prompt(model=model), dialect, replay)
    body = await sent(prompt(model=model, effort=effort), dialect, replay)
    assert {name: value for name, value in body.items() if name not in plain} == asked


@pytest.mark.parametrize("dialect", [*ENTRIES, QWEN, OPENAI], ids=lambda dialect: dialect.name)
async def test_the_longest_answer_is_asked_in_the_servers_own_words(dialect: Dialect, replay: Replay) -> None:
    body = await sent(prompt(max_tokens=4321), dialect, replay)
    names = {name for name, value in body.items() if value == 4321}
    assert names == {"max_completion_tokens" if dialect in {GROQ, OPENAI} else "max_tokens"}


async def test_strict_servers_are_sent_nothing_they_do_not_know(replay: Replay) -> None:
    known = {"model", "messages", "stream", "tools"}
    assert (await sent(prompt(), MISTRAL, replay)).keys() == known
    assert (await sent(prompt(), GROQ, replay)).keys() == known
    assert (await sent(prompt(), PLAIN, replay)).keys() == {*known, "stream_options"}


@pytest.mark.parametrize(
    ("dialect", "model", "is_strict"),
    [
        (MISTRAL, "any", True),
        (OPENROUTER, "mistralai/devstral-2512", True),
        (PLAIN, "Ministral-8B", True),
        (PLAIN, "qwen3:8b", False),
        (DEEPSEEK, "deepseek-flash", False),
    ],
)
async def test_ids_of_calls_are_as_the_model_wants_them_and_the_same_in_the_result(
    dialect: Dialect,
    model: str,
    is_strict: bool,  # noqa: FBT001 - a case
    replay: Replay,
) -> None:
    body = await sent(history().model_copy(update={"model": model}), dialect, replay)
    (call,) = body["messages"][2]["tool_calls"]
    assert call["id"] == body["messages"][3]["tool_call_id"]
    if is_strict:
        assert len(call["id"]) == 9
        assert call["id"].isalnum()
    else:
        assert call["id"] == CALL.id


async def test_names_and_ids_that_a_model_invented_are_made_to_fit(replay: Replay) -> None:
    request = Request(
        model="m",
        messages=(
            Message(role="assistant", parts=(ToolCall(id=STRANGE, name=STRANGE, arguments={}),)),
            Message(
                role="user", parts=(ToolResult(call_id=STRANGE, outcome="failed", text="Unknown tool."),)
            ),
        ),
    )
    turn, result = (await sent(request, PLAIN, replay))["messages"]
    (call,) = turn["tool_calls"]
    assert (
        call["function"]["name"] == call["id"] == result["tool_call_id"] == "functions_read_file_0_f9cc2c78"
    )


@pytest.mark.parametrize("said", [(PNG,), (Text(text="And now?"),)], ids=["files of a result", "a prompt"])
async def test_no_prompt_follows_a_result_at_once_where_that_is_refused(said: Any, replay: Replay) -> None:
    strict = await sent(history(*said), MISTRAL, replay)
    roles = ["system", "user", "assistant", "tool"]
    assert [message["role"] for message in strict["messages"]] == [*roles, "assistant", "user"]
    assert strict["messages"][4]["content"]
    plain = await sent(history(*said), PLAIN, replay)
    assert [message["role"] for message in plain["messages"]] == [*roles, "user"]


async def test_deepseek_misses_no_reasoning_in_the_calls_of_other_models(replay: Replay) -> None:
    assert (await sent(history(), DEEPSEEK, replay))["messages"][2]["reasoning_content"] == ""
    assert "reasoning_content" not in (await sent(history(), PLAIN, replay))["messages"][2]


@pytest.mark.parametrize(
    ("dialect", "shown"),
    [
        (
            PLAIN,
            {
                "type": "file",
                "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            },
        ),
        (MISTRAL, {"type": "document_url", "document_url": "data:application/pdf;base64,JVBERi0="}),
        (OLLAMA, {"type": "text", "text": "[file a.pdf, application/pdf, not shown]"}),
    ],
)
async def test_a_document_is_shown_as_the_server_takes_it(
    dialect: Dialect, shown: dict[str, Any], replay: Replay
) -> None:
    message = Message(role="user", parts=(Text(text="Look:"), PNG, PDF))
    body = await sent(Request(model="m", messages=(message,)), dialect, replay)
    words, image, document = body["messages"][0]["content"]
    assert words == {"type": "text", "text": "Look:"}
    assert image == {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    assert document == shown


async def test_openrouter_is_told_what_of_claudes_prompt_to_cache(replay: Replay) -> None:
    request = history().model_copy(update={"model": "anthropic/claude-opus-5.5"})
    body = await sent(request, OPENROUTER, replay)
    marks = [message["content"] for message in body["messages"] if "cache_control" in str(message)]
    mark = {"type": "ephemeral"}
    assert marks == [
        [{"type": "text", "text": "Be brief.", "cache_control": mark}],
        [{"type": "text", "text": "Done.", "cache_control": mark}],
    ]
    assert "cache_control" not in str(await sent(history(), OPENROUTER, replay))


async def test_mistral_is_told_which_requests_begin_alike(replay: Replay) -> None:
    assert (await sent(prompt(cache_key="s-1"), MISTRAL, replay))["prompt_cache_key"] == "s-1"
    assert "prompt_cache_key" not in await sent(prompt(cache_key="s-1"), PLAIN, replay)


async def test_tools_are_offered_as_functions(replay: Replay) -> None:
    (tool,) = (await sent(prompt(), GROQ, replay))["tools"]
    assert tool["function"] == {
        "name": TOOL.name,
        "description": TOOL.description,
        "parameters": TOOL.parameters,
    }


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.address], ids=lambda entry: entry.name)
def test_an_entry_is_known_by_its_own_address(entry: Dialect) -> None:
    assert dialect_at(entry.address) is entry


@pytest.mark.parametrize(
    ("address", "dialect"),
    [
        ("https://eu.api.mistral.ai/v1", MISTRAL),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", QWEN),
        ("https://api.openai.com/v1", OPENAI),
        ("http://box.local:11434/v1", OLLAMA),
        ("http://127.0.0.1:8000/v1", PLAIN),
        ("https://notgroq.com/v1", PLAIN),
        ("nonsense", PLAIN),
    ],
)
def test_a_typed_address_tells_the_dialect(address: str, dialect: Dialect) -> None:
    assert dialect_at(address) is dialect
