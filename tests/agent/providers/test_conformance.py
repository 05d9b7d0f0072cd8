"""Each provider against small streams of our own, through its real SDK over real HTTP."""

import asyncio
from itertools import permutations
from typing import Any

import pytest

from agent.core.errors import ProviderError
from agent.core.events import StepFinished
from agent.core.messages import File, Message, Text, Thinking, ToolCall, ToolResult, Unknown
from agent.core.provider import Request
from tests.agent.providers.wires import PROVIDERS, TOOL, after, connected, finish, prompt, reached, turn_sent
from tests.replay import Replay

ALL = ["anthropic", "openai", "compatible", "gemini"]
GEMINI_TOO = [*ALL, "vertex"]
PNG = File(media_type="image/png", data="iVBORw0KGgo=", name="a.png")
PDF = File(media_type="application/pdf", data="JVBERi0=", name="a.pdf")
SOUND = File(media_type="audio/x-odd", path="a.odd", name="a.odd")


def fixture(name: str, case: str) -> str:
    return f"{'gemini' if name == 'vertex' else name}/{case}"


def thoughts(message: Message) -> str:
    return "".join(part.text for part in message.parts if isinstance(part, Thinking))


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_text_is_heard_piece_by_piece(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "text")), prompt())
    assert step.finished.message.text == "Grüße, Welt 🌍."
    assert [delta.text for delta in step.deltas] == ["Grüße, ", "Welt ", "🌍."]
    assert step.finished.stop == "end_turn"
    usage = step.finished.usage
    assert (usage.input, usage.cached, usage.output) == (100, 50, 12)


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_thinking_is_heard_and_counted(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "thinking")), prompt())
    message = step.finished.message
    assert thoughts(message).startswith("First the files.")
    assert thoughts(message) == step.heard("thinking")
    assert message.text == step.heard("text") == "Two files."
    assert (step.finished.usage.output, step.finished.usage.reasoning) == (40, 25)


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_two_calls_in_one_step(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "calls")), prompt())
    message = step.finished.message
    assert [(call.name, call.arguments) for call in message.calls] == [
        ("read_file", {"path": "a.txt"}),
        ("read_file", {"path": "b.txt"}),
    ]
    assert len({call.id for call in message.calls}) == 2
    assert step.heard("arguments", message.calls[0].id) == '{"path": "a.txt"}'
    assert (message.text, step.finished.stop) == ("I read both.", "tool_use")


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_a_call_without_arguments(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "no-arguments")), prompt())
    (call,) = step.finished.message.calls
    assert (call.arguments, call.malformed) == ({}, "")


@pytest.mark.parametrize("name", ["anthropic", "openai", "compatible"])
async def test_arguments_that_are_no_json_are_kept_as_they_came(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "malformed")), prompt())
    (call,) = step.finished.message.calls
    assert (call.arguments, call.malformed) == ({}, '{"path": "a')


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_an_answer_cut_short_by_its_limit(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "max-tokens")), prompt(max_tokens=2))
    assert (step.finished.message.text, step.finished.stop) == ("Once upon", "max_tokens")


@pytest.mark.parametrize("name", ["anthropic", "openai", "compatible"])
async def test_a_model_that_refuses_is_heard(name: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(fixture(name, "refusal")), prompt())
    assert (step.finished.message.text, step.finished.stop) == ("I cannot.", "refusal")
    assert step.heard("text") == "I cannot."


@pytest.mark.parametrize(
    ("name", "case", "kind"),
    [
        *((name, "cut", "cut") for name in GEMINI_TOO),
        *((name, "json", "cut") for name in GEMINI_TOO),
        *((name, "garbage", "cut") for name in GEMINI_TOO),
        *((name, "empty", "cut") for name in GEMINI_TOO),
        *((name, "error", "overloaded") for name in GEMINI_TOO),
        *((name, "safety", "safety") for name in ("openai", "compatible", "gemini")),
        *((name, "too-long", "context") for name in ALL),
        *((name, "quota", "quota") for name in ("anthropic", "openai", "compatible")),
        ("openai", "error-nested", "overloaded"),
        ("openai", "failed", "rate"),
        ("openai", "bad-key", "auth"),
        ("gemini", "bad-key", "auth"),
        ("gemini", "prompt-blocked", "safety"),
        ("gemini", "stumbled", "cut"),
        ("gemini", "wait", "rate"),
    ],
)
async def test_a_step_that_does_not_come_to_its_end(name: str, case: str, kind: str, replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await reached(PROVIDERS[name], replay.url(fixture(name, case)), prompt())
    assert caught.value.kind == kind
    assert "a-key-of-the-tests" not in caught.value.message


async def test_google_says_how_long_to_wait(replay: Replay) -> None:
    with pytest.raises(ProviderError) as caught:
        await reached(PROVIDERS["gemini"], replay.url("gemini/wait"), prompt())
    assert caught.value.retry_after == 34.4


@pytest.mark.parametrize(
    ("case", "text", "thinking", "calls"),
    [
        ("openrouter", "Two files.", "First the files.", []),
        ("mistral", "Two files.", "First the files.", []),
        ("without-index", "", "", ["a.txt", "b.txt"]),
        ("same-index", "", "", ["a.txt", "b.txt"]),
        ("gemini-signature", "", "", ["a.txt"]),
        ("usage-in-choice", "Hi.", "", []),
        ("without-finish-reason", "Hi.", "", []),
    ],
)
async def test_dialects_of_chat_completions(
    case: str, text: str, thinking: str, calls: list[str], replay: Replay
) -> None:
    step = await reached(PROVIDERS["compatible"], replay.url(f"compatible/{case}"), prompt())
    message = step.finished.message
    assert (message.text, thoughts(message)) == (text, thinking)
    assert [call.arguments["path"] for call in message.calls] == calls
    assert step.finished.usage.input == 100


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_a_step_can_be_asked_for_whole_and_with_tools(name: str, replay: Replay) -> None:
    without = prompt(tools=())
    url = replay.url(fixture(name, "calls"))
    served = replay.last
    async with connected(PROVIDERS[name], url) as provider:
        streamed = (await finish(provider, without)).finished
        whole = await provider.completion(without)
        called = await provider.tool_completion(without, [TOOL])
    for step in (whole, called):
        assert (step.message.text, step.usage, step.stop) == (
            streamed.message.text,
            streamed.usage,
            streamed.stop,
        )
        assert [call.arguments["path"] for call in step.message.calls] == ["a.txt", "b.txt"]
    assert [TOOL.name in str(asked["body"].get("tools")) for asked in served.requests] == [False, False, True]


@pytest.mark.parametrize("name", GEMINI_TOO)
async def test_two_steps_at_once_do_not_mix(name: str, replay: Replay) -> None:
    async with connected(PROVIDERS[name], replay.url(fixture(name, "text"), chunk=20)) as provider:
        steps = await asyncio.gather(*(finish(provider, prompt()) for _ in range(5)))
    assert {step.heard("text") for step in steps} == {"Grüße, Welt 🌍."}


# What is sent next.

EXPECTED_TURNS: dict[tuple[str, str], Any] = {
    ("anthropic", "calls"): [
        {"type": "thinking", "thinking": "First the files.", "signature": "c2lnbmVk"},
        {"type": "text", "text": "I read both."},
        {"type": "tool_use", "id": "toolu_1", "name": "read_file", "input": {"path": "a.txt"}},
        {"type": "tool_use", "id": "toolu_2", "name": "read_file", "input": {"path": "b.txt"}},
    ],
    ("anthropic", "thinking"): [
        {"type": "thinking", "thinking": "First the files.", "signature": "c2lnbmVk"},
        {"type": "redacted_thinking", "data": "cmVkYWN0ZWQ="},
        {"type": "text", "text": "Two files."},
    ],
    ("anthropic", "pause"): [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    ],
    ("anthropic", "citations"): [
        {
            "type": "text",
            "text": "Water boils.",
            "citations": [
                {
                    "type": "char_location",
                    "cited_text": "boils",
                    "document_index": 0,
                    "document_title": "W",
                    "start_char_index": 0,
                    "end_char_index": 5,
                }
            ],
        },
    ],
    ("openai", "calls"): [
        {
            "type": "reasoning",
            "id": "rs_0",
            "summary": [{"type": "summary_text", "text": "First the files."}],
            "encrypted_content": "ZW5jcnlwdGVk",
        },
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "content": [{"type": "output_text", "text": "I read both.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_2",
            "call_id": "call_1",
            "name": "read_file",
            "arguments": '{"path": "a.txt"}',
        },
        {
            "type": "function_call",
            "id": "fc_3",
            "call_id": "call_2",
            "name": "read_file",
            "arguments": '{"path": "b.txt"}',
        },
    ],
    ("openai", "server-tool"): [
        {
            "id": "ws_1",
            "type": "web_search_call",
            "status": "completed",
            "action": {"type": "search", "query": "x"},
        },
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "content": [{"type": "output_text", "text": "Found.", "annotations": []}],
        },
    ],
    ("compatible", "calls"): {
        "role": "assistant",
        "content": "I read both.",
        "reasoning_content": "First the files.",
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "read_file", "arguments": '{"path": "a.txt"}'},
            },
            {
                "id": "call_2",
                "type": "function",
                "function": {"name": "read_file", "arguments": '{"path": "b.txt"}'},
            },
        ],
    },
    ("compatible", "openrouter"): {
        "role": "assistant",
        "content": "Two files.",
        "reasoning_details": [{"type": "reasoning.encrypted", "data": "c2lnbmVk"}],
    },
    ("compatible", "gemini-signature"): {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "read_file", "arguments": '{"path": "a.txt"}'},
                "extra_content": {"google": {"thought_signature": "c2lnbmVk"}},
            }
        ],
    },
    ("gemini", "calls"): [
        {"text": "I read both."},
        {"functionCall": {"name": "read_file", "args": {"path": "a.txt"}}, "thoughtSignature": "c2lnbmVk"},
        {"functionCall": {"name": "read_file", "args": {"path": "b.txt"}}},
    ],
    ("gemini", "call-ids"): [
        {
            "functionCall": {"id": "fc-1", "name": "read_file", "args": {"path": "a.txt"}},
            "thoughtSignature": "c2lnbmVk",
        },
    ],
    ("gemini", "thinking"): [{"text": "Two files."}, {"text": "", "thoughtSignature": "c2lnbmVk"}],
    ("gemini", "code"): [
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"text": "One."},
    ],
    ("gemini", "image"): [
        {"inlineData": {"mime_type": "image/png", "data": "iVBORw0KGgo="}, "thoughtSignature": "c2lnbmVk"}
    ],
}


@pytest.mark.parametrize(("name", "case"), EXPECTED_TURNS)
async def test_what_a_provider_said_is_sent_back_as_it_wants_it(name: str, case: str, replay: Replay) -> None:
    url = replay.url(f"{name}/{case}")
    served = replay.last
    async with connected(PROVIDERS[name], url) as provider:
        step = await finish(provider, prompt())
        stored = StepFinished.model_validate_json(step.finished.model_dump_json())
        await finish(provider, after(stored))
    assert turn_sent(name, served.requests[1]["body"]) == EXPECTED_TURNS[name, case]


async def sent(name: str, request: Request, replay: Replay) -> dict[str, Any]:
    """The body that a provider sends for a request."""
    url = replay.url(fixture(name, "text"))
    served = replay.last
    await reached(PROVIDERS[name], url, request)
    return served.requests[0]["body"]


@pytest.mark.parametrize(("name", "other"), [*permutations(ALL, 2), ("vertex", "anthropic")])
async def test_a_history_made_by_another_provider_is_understood(
    name: str, other: str, replay: Replay
) -> None:
    step = await reached(PROVIDERS[other], replay.url(f"{other}/calls"), prompt())
    body = await sent(name, after(step.finished), replay)
    turn = str(turn_sent(name, body))
    assert "First the files." not in turn
    assert "c2lnbmVk" not in turn
    assert "ZW5jcnlwdGVk" not in turn
    assert "I read both." in turn
    assert "b.txt" in turn


async def test_calls_of_other_models_are_excused_to_google(replay: Replay) -> None:
    step = await reached(PROVIDERS["openai"], replay.url("openai/calls"), prompt())
    body = await sent("gemini", after(step.finished), replay)
    signatures = [part.get("thoughtSignature") for part in body["contents"][1]["parts"]]
    assert signatures == [None, "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=", None]


@pytest.mark.parametrize("name", ALL)
async def test_parts_that_only_another_provider_understands_are_left_out(name: str, replay: Replay) -> None:
    strange = Message(role="assistant", parts=(Unknown(opaque={"elsewhere": {"a": 1}}), Thinking(text="Hm")))
    first = prompt()
    again = Message(role="user", parts=(Text(text="Go on."),))
    request = first.model_copy(update={"messages": (*first.messages, strange, again)})
    body = str(await sent(name, request, replay))
    assert "elsewhere" not in body
    assert "Hm" not in body
    assert "Go on." in body


FAILED: dict[str, Any] = {
    "anthropic": lambda body: body["messages"][2]["content"][0]["is_error"],
    "gemini": lambda body: "error" in body["contents"][2]["parts"][0]["functionResponse"]["response"],
}


@pytest.mark.parametrize("name", FAILED)
@pytest.mark.parametrize("outcome", ["failed", "rejected", "cancelled", "unknown"])
async def test_a_result_that_is_not_ok_is_marked(name: str, outcome: str, replay: Replay) -> None:
    step = await reached(PROVIDERS[name], replay.url(f"{name}/calls"), prompt())
    assert FAILED[name](await sent(name, after(step.finished, outcome), replay))


@pytest.mark.parametrize("name", ALL)
async def test_images_and_documents_reach_the_model(name: str, replay: Replay) -> None:
    call = ToolCall(id="c", name="read_file", arguments={"path": "b.png"})
    shown = ToolResult(call_id="c", outcome="ok", text="", files=(PNG,))
    messages = (
        Message(role="user", parts=(Text(text="Look:"), PNG, PDF, SOUND)),
        Message(role="assistant", parts=(call,)),
        Message(role="user", parts=(shown, Text(text="And now?"))),
    )
    body = str(await sent(name, Request(model="m", messages=messages, system="Be brief."), replay))
    assert body.count(PNG.data) == 2
    assert body.count(PDF.data) == 1
    assert "[file a.odd, audio/x-odd, not shown]" in body
    assert "Be brief." in body
    assert "And now?" in body


@pytest.mark.parametrize("name", ALL)
async def test_tools_limit_and_effort_are_asked_for(name: str, replay: Replay) -> None:
    body = str(await sent(name, prompt(model="gemini-3.8-flash", max_tokens=4321, effort="low"), replay))
    assert TOOL.name in body
    assert "4321" in body
    assert "low" in body.lower()


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("anthropic", ["anthropic:claude-opus-5-5"]),
        ("openai", ["openai:gpt-5.5", "openai:gpt-4o"]),
        ("compatible", ["compatible:qwen3:8b"]),
        ("gemini", ["gemini:gemini-3.8-flash"]),
    ],
)
async def test_the_models_a_provider_lists(name: str, ids: list[str], replay: Replay) -> None:
    async with connected(PROVIDERS[name], replay.url(f"{name}/models")) as provider:
        assert [entry.id for entry in await provider.models()] == ids
