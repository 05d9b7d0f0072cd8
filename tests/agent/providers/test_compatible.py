"""Chat Completions as each server speaks it: what is heard, what is sent back, and what is listed."""

from typing import Any

import pytest

from agent.config import Settings
from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.messages import Message, Source, Text, Thinking
from agent.core.provider import Abilities, Credential, ModelEntry, Provider
from agent.providers._dialects import DEEPSEEK, GROQ, MISTRAL, OLLAMA, OPENROUTER, PLAIN, Dialect
from agent.providers.compatible import PLUG_INS, CompatibleProvider
from tests.agent.providers.wires import Step, after, connected, finish, key, prompt, reached
from tests.replay import Replay

READ = {"name": "read_file", "arguments": '{"path": "a.txt"}'}


def at(address: str, dialect: Dialect = PLAIN) -> Provider:
    return CompatibleProvider(key(f"{address}/v1"), dialect, idle=5)


async def heard(case: str, replay: Replay, dialect: Dialect = PLAIN, **options: int) -> Step:
    url = replay.url(f"compatible/{case}", **options)
    return await reached(lambda address: at(address, dialect), url, prompt())


async def continued(case: str, replay: Replay, dialect: Dialect) -> tuple[StepFinished, list[Any]]:
    """A step, and the messages of the request that follows it."""
    url = replay.url(f"compatible/{case}")
    served = replay.last
    async with connected(lambda address: at(address, dialect), url) as provider:
        step = await finish(provider, prompt())
        await finish(provider, after(step.finished))
    return step.finished, served.requests[1]["body"]["messages"]


async def models(case: str, replay: Replay, dialect: Dialect = PLAIN) -> list[ModelEntry]:
    async with connected(lambda address: at(address, dialect), replay.url(f"compatible/{case}")) as provider:
        return await provider.models()


def thoughts(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, Thinking))


# What is heard, and sent back.


async def test_openrouter_wants_its_details_back_whole(replay: Replay) -> None:
    step, (_, turn, result) = await continued("openrouter-turn", replay, OPENROUTER)
    assert thoughts(step.message) == "First the files."
    assert turn == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "toolu_1", "type": "function", "function": READ}],
        "reasoning_details": [
            {
                "type": "reasoning.text",
                "text": "First the files.",
                "signature": "c2lnbmVk",
                "index": 0,
                "format": "anthropic-claude-v1",
            }
        ],
    }
    assert result["tool_call_id"] == "toolu_1"


async def test_openrouter_says_itself_what_a_step_cost(replay: Replay) -> None:
    usage = (await heard("openrouter-turn", replay, OPENROUTER)).finished.usage
    assert (usage.input, usage.cached, usage.cache_written, usage.output) == (100, 50, 20, 12)
    assert usage.cost == 0.0125
    assert (await heard("openrouter-turn", replay)).finished.usage.cost is None, (
        "whose money others mean is not known"
    )


async def test_mistral_wants_its_reasoning_back_as_blocks(replay: Replay) -> None:
    step, (_, turn, result) = await continued("mistral-turn", replay, MISTRAL)
    assert thoughts(step.message) == "First the files."
    assert turn["content"] == [
        {"type": "thinking", "thinking": [{"type": "text", "text": "First the files."}]},
        {"type": "text", "text": "Wait."},
    ]
    assert turn["tool_calls"][0]["id"] == result["tool_call_id"] == "D681PevKs"
    assert turn.keys() == {"role", "content", "tool_calls"}
    (text,) = [part for part in step.message.parts if isinstance(part, Text)]
    assert text.sources == (Source(url="https://example.org/files", title="Files"),)


async def test_deepseek_wants_the_reasoning_of_calls_back_in_every_turn(replay: Replay) -> None:
    step, (_, turn, _) = await continued("deepseek-turn", replay, DEEPSEEK)
    assert turn["reasoning_content"] == "First the files."
    assert (step.usage.cached, step.usage.reasoning) == (64, 7)


async def test_groq_wants_no_reasoning_back_and_counts_in_its_own_place(replay: Replay) -> None:
    step, (_, turn, _) = await continued("groq-turn", replay, GROQ)
    assert thoughts(step.message) == "First the files."
    assert turn.keys() == {"role", "content", "tool_calls"}
    assert (step.usage.input, step.usage.output) == (100, 12)


async def test_what_one_server_wants_echoed_does_not_reach_a_strict_one(replay: Replay) -> None:
    for case in ("openrouter-turn", "gemini-signature", "deepseek-turn"):
        step = await heard(case, replay)
        for strict in (MISTRAL, GROQ):
            url = replay.url("compatible/text")
            served = replay.last
            await reached(lambda address, to=strict: at(address, to), url, after(step.finished))
            turn = served.requests[0]["body"]["messages"][1]
            assert turn.keys() == {"role", "content", "tool_calls"}
            assert turn["tool_calls"][0].keys() == {"id", "type", "function"}


async def test_citations_are_kept_once_and_only_pages(replay: Replay) -> None:
    step = await heard("annotations", replay)
    (text,) = step.finished.message.parts
    assert isinstance(text, Text)
    assert text.sources == (
        Source(url="https://example.org/water", title="Water"),
        Source(url="https://example.org/steam"),
    )


async def test_search_results_beside_the_answer_are_citations_too(replay: Replay) -> None:
    (text,) = (await heard("search-results", replay)).finished.message.parts
    assert isinstance(text, Text)
    assert text.sources == (Source(url="https://example.org/water", title="Water"),)


@pytest.mark.parametrize("case", ["legacy-call", "arguments-as-object"])
async def test_calls_in_old_and_odd_forms_are_calls(case: str, replay: Replay) -> None:
    step = await heard(case, replay)
    (call,) = step.finished.message.calls
    assert (call.name, call.arguments, step.finished.stop) == ("read_file", {"path": "a.txt"}, "tool_use")
    other = await heard(case, replay)
    assert other.finished.message.calls[0].id != call.id, "an id that we make is never made again"


# How a stream ends.


@pytest.mark.parametrize("options", [{}, {"chunk": 1}, {"chunk": 5}], ids=str)
@pytest.mark.parametrize(
    ("case", "text"),
    [("no-last-line", "Hi."), ("windows-lines", "Hi\u2028there."), ("nulls", "Hi.")],
)
async def test_a_whole_stream_of_an_odd_form_is_an_answer(
    case: str, text: str, options: dict[str, int], replay: Replay
) -> None:
    step = await heard(case, replay, **options)
    assert (step.finished.message.text, step.finished.stop) == (text, "end_turn")


async def test_usage_alone_does_not_make_an_answer_whole(replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await heard("never-done", replay)
    assert caught.value.kind == "cut"


@pytest.mark.parametrize(
    ("case", "kind", "words"),
    [
        ("error-status", "rate", "Slow down."),
        ("error-plain", "overloaded", "The engine is dead."),
        ("error-text", "overloaded", "It broke."),
        ("error-reason", "overloaded", "error"),
    ],
)
async def test_an_error_inside_a_stream_is_raised_in_whatever_form_it_comes(
    case: str, kind: str, words: str, replay: Replay
) -> None:
    with pytest.raises(ProviderError) as caught:
        await heard(case, replay)
    assert caught.value.kind == kind
    assert words in caught.value.message


async def test_a_server_that_keeps_the_line_open_after_its_last_word_is_not_waited_for(
    replay: Replay,
) -> None:
    body = 'data: {"choices": [{"delta": {"content": "Hi."}}]}\n\ndata: [DONE]\n\n'
    row = {
        "n": 0,
        "request": {"method": "POST", "path": "/v1/chat/completions"},
        "response": {
            "status": 200,
            "headers": {"content-type": "text/event-stream"},
            "stream": True,
            "body": body,
        },
    }
    step = await reached(at, replay.serve([row], delay=2000), prompt())
    assert step.finished.message.text == "Hi."
    assert replay.last.closed.wait(2)


# What is listed.


async def test_openrouters_list(replay: Replay) -> None:
    assert await models("models-openrouter", replay, OPENROUTER) == [
        ModelEntry(
            id="openrouter:anthropic/claude-opus-5.5",
            name="anthropic/claude-opus-5.5",
            context_window=1_000_000,
            max_output=128_000,
            abilities=Abilities(tools=True, images=True, pdf=True, thinking=True, search=True),
        ),
        ModelEntry(
            id="openrouter:some/talker",
            name="some/talker",
            context_window=8192,
            abilities=Abilities(tools=False, images=False, thinking=False, search=True),
        ),
    ]


async def test_mistrals_list(replay: Replay) -> None:
    (entry,) = await models("models-mistral", replay, MISTRAL)
    assert (entry.id, entry.context_window) == ("mistral:mistral-small-latest", 262_144)
    assert entry.abilities == Abilities(tools=True, images=True, thinking=True, search=False)


async def test_groqs_list(replay: Replay) -> None:
    (entry,) = await models("models-groq", replay, GROQ)
    assert (entry.id, entry.context_window, entry.max_output) == ("groq:openai/gpt-oss-120b", 131_072, 65_536)
    assert entry.abilities == Abilities(tools=True, images=False, pdf=False, thinking=True, search=False)


@pytest.mark.parametrize(
    ("case", "name", "window"),
    [
        ("models-vllm", "compatible:Qwen/Qwen3-8B", 40_960),
        ("models-llamacpp", "compatible:tiny", 32_768),
        ("models-bare", "compatible:chatter", 32_768),
    ],
)
async def test_lists_of_other_servers(case: str, name: str, window: int, replay: Replay) -> None:
    (entry,) = await models(case, replay)
    assert (entry.id, entry.context_window) == (name, window)


async def test_a_server_without_a_list_says_so(replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await models("text", replay)
    assert caught.value.kind == "bad_request"


async def test_ollama_is_asked_about_each_model(replay: Replay) -> None:
    (entry,) = await models("models-ollama", replay, OLLAMA)
    assert (entry.id, entry.context_window) == ("ollama:qwen3:8b", 16_384)
    assert entry.abilities == Abilities(tools=True, images=False, pdf=False, thinking=True, search=False)
    assert replay.last.requests[-1]["path"] == "/api/show"
    assert replay.last.requests[-1]["body"] == {"model": "qwen3:8b"}


async def test_an_ollama_that_does_not_tell_more_still_lists_its_models(replay: Replay) -> None:
    (entry,) = await models("models", replay, OLLAMA)
    assert (entry.id, entry.context_window, entry.abilities) == (
        "ollama:qwen3:8b",
        None,
        Abilities(pdf=False, search=False),
    )


# The plug-ins.


def test_every_entry_finds_its_own_setting() -> None:
    settings = Settings(
        openrouter_api_key="or-key",
        mistral_api_key="mi-key",
        ollama_base_url="http://127.0.0.1:11434/v1",
        openai_compatible_base_url="http://127.0.0.1:8000/v1",
        openai_compatible_api_key="our-key",
    )
    found = {plug_in.NAME: plug_in.credential(settings) for plug_in in PLUG_INS}
    assert {name for name, credential in found.items() if credential} == {
        "openrouter",
        "mistral",
        "ollama",
        "compatible",
    }
    opened = {
        name: (one.auth_type, one.secret.get_secret_value(), one.base_url)
        for name, one in found.items()
        if one
    }
    assert opened["mistral"] == ("api_key", "mi-key", "")
    assert opened["ollama"] == ("none", "", "http://127.0.0.1:11434/v1")
    assert opened["compatible"] == ("api_key", "our-key", "http://127.0.0.1:8000/v1")


def test_an_entry_describes_a_model_by_its_name_alone() -> None:
    plug_ins = {plug_in.NAME: plug_in for plug_in in PLUG_INS}
    known = plug_ins["groq"].describe("openai/gpt-oss-120b")
    assert (known.id, known.context_window) == ("groq:openai/gpt-oss-120b", 131_072)
    assert plug_ins["compatible"].describe("home-made") == ModelEntry(
        id="compatible:home-made", name="home-made", abilities=Abilities(search=False)
    )


async def test_a_typed_address_is_spoken_to_in_its_dialect() -> None:
    (plain,) = [plug_in for plug_in in PLUG_INS if plug_in.NAME == "compatible"]
    provider = plain.connect(Credential(base_url="https://api.mistral.ai/v1"))
    assert provider._dialect is MISTRAL
    assert provider.name == "compatible"
    await provider.close()
