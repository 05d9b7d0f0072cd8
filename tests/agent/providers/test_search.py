"""The providers' own web search: what is asked for it, who can, and that its sources come back."""

from typing import Any

import pytest

from agent.core.messages import Source, Text
from agent.core.provider import Request
from agent.providers import anthropic, gemini, openai, plug_ins, vertex
from agent.providers._dialects import DIALECTS, OPENROUTER, Dialect
from agent.providers.compatible import CompatibleProvider
from tests.agent.providers.wires import PROVIDERS, TOOL, Connect, Step, key, prompt, reached
from tests.replay import Replay

ANTHROPIC = {
    "type": "web_search_20250305",
    "name": "web_search",
    "max_uses": 8,
    "cache_control": {"type": "ephemeral"},
}
CITED = (Source(url="https://a.example/water", title="Water"), Source(url="https://b.example/heat"))


def dialect(spoken: Dialect) -> Connect:
    return lambda address: CompatibleProvider(key(f"{address}/v1"), spoken, idle=5)


async def asked(replay: Replay, connect: Connect, case: str, **more: Any) -> tuple[dict[str, Any], Step]:
    """What a search sends, and what comes of it."""
    url = replay.url(case)
    served = replay.last
    request: Request = prompt(**{"search": True, "tools": (), **more})
    step = await reached(connect, url, request)
    return served.requests[0]["body"], step


def sources(step: Step) -> list[Source]:
    parts = step.finished.message.parts
    return [source for part in parts if isinstance(part, Text) for source in part.sources]


async def test_claude_searches_by_the_apis_own_tool(replay: Replay) -> None:
    body, step = await asked(replay, PROVIDERS["anthropic"], "anthropic/search")
    assert body["tools"] == [ANTHROPIC]
    assert sources(step) == [*CITED]
    body, _ = await asked(replay, PROVIDERS["anthropic"], "anthropic/search", tools=(TOOL,))
    assert [tool["name"] for tool in body["tools"]] == ["read_file", "web_search"]
    assert str(body["tools"]).count("cache_control") == 1


async def test_gpt_searches_by_the_apis_own_tool(replay: Replay) -> None:
    body, step = await asked(replay, PROVIDERS["openai"], "openai/search")
    assert body["tools"] == [{"type": "web_search"}]
    assert [source.url for source in sources(step)] == [source.url for source in CITED]


@pytest.mark.parametrize(("search", "effort"), [(True, "low"), (False, "minimal")])
async def test_gpt_5_reasons_enough_to_search(search: bool, effort: str, replay: Replay) -> None:  # noqa: FBT001 - a case
    body, _ = await asked(
        replay, PROVIDERS["openai"], "openai/text", model="gpt-5", effort="none", search=search
    )
    assert body["reasoning"]["effort"] == effort


@pytest.mark.parametrize("name", ["gemini", "vertex"])
async def test_gemini_searches_by_google(name: str, replay: Replay) -> None:
    body, step = await asked(replay, PROVIDERS[name], "gemini/grounded")
    assert body["tools"] == [{"googleSearch": {}}]
    assert "https://example.org/rain" in [source.url for source in sources(step)]


async def test_openrouter_searches_for_any_model(replay: Replay) -> None:
    body, step = await asked(replay, dialect(OPENROUTER), "compatible/annotations")
    assert body["tools"] == [{"type": "openrouter:web_search"}]
    assert [source.url for source in sources(step)] == [
        "https://example.org/water",
        "https://example.org/steam",
    ]


@pytest.mark.parametrize(
    "spoken", [one for one in DIALECTS if one is not OPENROUTER], ids=lambda one: one.name
)
async def test_servers_without_a_search_are_not_asked_for_one(spoken: Dialect, replay: Replay) -> None:
    body, _ = await asked(replay, dialect(spoken), "compatible/text")
    assert "tools" not in body
    assert spoken.abilities("m").search is False


@pytest.mark.parametrize("name", PROVIDERS)
async def test_nothing_is_searched_unasked(name: str, replay: Replay) -> None:
    wire = "gemini" if name == "vertex" else name
    body, _ = await asked(replay, PROVIDERS[name], f"{wire}/text", search=False)
    assert "tools" not in body


@pytest.mark.parametrize(
    ("model", "can"),
    [
        ("anthropic:claude-opus-5-5", True),
        ("anthropic:claude-3-5-haiku-latest", True),
        ("anthropic:claude-3-haiku-20240307", False),
        ("anthropic:of-my-gateway", None),
        ("openai:gpt-6.1-sol", True),
        ("openai:gpt-4o-mini", True),
        ("openai:o4-mini", True),
        ("openai:gpt-4.1-nano", False),
        ("openai:gpt-4-turbo", False),
        ("openai:o1", False),
        ("openai:o3-mini", False),
        ("openai:of-my-gateway", None),
        ("gemini:gemini-3.8-flash", True),
        ("gemini:gemini-2.0-flash", True),
        ("gemini:gemini-2.0-flash-lite", False),
        ("gemini:gemini-1.5-pro", False),
        ("gemini:gemma-3-27b-it", False),
        ("vertex:gemini-2.5-pro", True),
        ("openrouter:deepseek/deepseek-chat", True),
        ("mistral:mistral-large-latest", False),
        ("groq:openai/gpt-oss-120b", False),
        ("compatible:qwen3:8b", False),
    ],
)
def test_who_can_search_is_known_by_the_model(model: str, can: bool | None) -> None:  # noqa: FBT001 - a case
    prefix, _, name = model.partition(":")
    assert plug_ins()[prefix].describe(name).abilities.search is can


@pytest.mark.parametrize("module", [anthropic, gemini, openai, vertex])
def test_every_model_that_is_offered_first_can_search(module: Any) -> None:
    assert all(module.describe(name).abilities.search for name in module.KNOWN)
