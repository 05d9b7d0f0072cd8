"""How servers of Chat Completions differ from each other: an entry for each, plain speech for the rest."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import JsonValue

from agent.core.provider import Abilities, Effort

Fields = dict[str, JsonValue]

MISTRAL_MODEL = re.compile(r"(mi(s|x|nis)tral|magistral|devstral|codestral|pixtral|voxtral)", re.IGNORECASE)
"""Models whose form of a history is strict, whoever serves them."""


def plain_effort(model: str, effort: Effort) -> Fields:  # noqa: ARG001 - every entry has this form
    """OpenAI's form, which Ollama, vLLM and llama.cpp have taken over, `none` too.

    >>> plain_effort("qwen3", "none")
    {'reasoning_effort': 'none'}
    """
    return {"reasoning_effort": effort}


def openrouter_effort(model: str, effort: Effort) -> Fields:  # noqa: ARG001 - every entry has this form
    """OpenRouter's form, the same for every model behind it.

    Source: https://openrouter.ai/docs/use-cases/reasoning-tokens

    >>> openrouter_effort("anthropic/claude-opus-5", "low")
    {'reasoning': {'effort': 'low'}}
    """
    return {"reasoning": {"effort": effort}}


def deepseek_effort(model: str, effort: Effort) -> Fields:  # noqa: ARG001 - every entry has this form
    """A switch, which is on by default, and an effort of `low` or `high`.

    Source: https://api-docs.deepseek.com/guides/thinking_mode

    >>> deepseek_effort("deepseek-flash", "none")
    {'thinking': {'type': 'disabled'}}
    """
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": "low" if effort == "low" else "high"}


def mistral_effort(model: str, effort: Effort) -> Fields:
    """Only some models take one, most of these only `none` and `high`; the others answer 422.

    Source: https://docs.mistral.ai/inference/conversations/reasoning

    >>> mistral_effort("mistral-small-latest", "low"), mistral_effort("devstral-2512", "low")
    ({'reasoning_effort': 'high'}, {})
    """
    if re.match(r"mistral-large-4", model):
        return {"reasoning_effort": effort}
    if re.match(r"mistral-(small-(latest|2603|4)|medium-(latest|3[-.]5))", model):
        return {"reasoning_effort": "none" if effort == "none" else "high"}
    return {}


def groq_effort(model: str, effort: Effort) -> Fields:
    """GPT-OSS takes three efforts and always reasons, Qwen only a switch, the others nothing.

    Source: https://console.groq.com/docs/reasoning

    >>> groq_effort("openai/gpt-oss-120b", "none"), groq_effort("qwen/qwen3-32b", "low")
    ({'reasoning_effort': 'low'}, {'reasoning_effort': 'default'})
    >>> groq_effort("llama-3.3-70b-versatile", "high")
    {}
    """
    if "gpt-oss" in model:
        return {"reasoning_effort": "low" if effort == "none" else effort}
    if "qwen3" in model:
        return {"reasoning_effort": "none" if effort == "none" else "default"}
    return {}


def qwen_effort(model: str, effort: Effort) -> Fields:  # noqa: ARG001 - every entry has this form
    """Alibaba's Model Studio has a switch.

    Source: https://help.aliyun.com/en/model-studio/deep-thinking

    >>> qwen_effort("qwen3.8-max", "high")
    {'enable_thinking': True}
    """
    return {"enable_thinking": effort != "none"}


@dataclass(frozen=True, eq=False)
class Dialect:
    """What a server of Chat Completions wants otherwise than others."""

    name: str
    """Also the prefix of its models' ids, where it is a provider of its own."""
    setting: str = ""
    """The setting that holds its key, or its address; empty where it is none of its own."""
    address: str = ""
    """Empty where the setting or the credential says it."""
    host: str = ""
    """The end of the host by which a typed address is known to be such a server."""
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """How the longest answer is asked."""
    effort: Callable[[str, Effort], Fields] = plain_effort
    """What is added to a request for this model and effort."""
    echo: Literal["turn", "always", "blocks", "never"] = "turn"
    """Reasoning goes back under its own name within a turn, or always; as blocks of the content; or never."""
    has_extras: bool = True
    """Whether `stream_options`, which only some know, is no error."""
    pdf: Literal["file", "document_url", ""] = "file"
    """The type of a part that holds a PDF; empty where it takes none."""
    cache: Literal["", "key", "marks"] = ""
    """How prompt caching is asked: by a key, by marks (for Anthropic's models), or not at all."""
    search: str = ""
    """The type of the tool by which the server searches the web for a model; empty where it has none."""
    prices: str = ""
    """Whose prices count, by genai-prices; empty to go by the address."""
    known: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    able: Mapping[str, Abilities] = field(default_factory=dict[str, Abilities])
    """What models are able to, by a part of their names, where the server's list does not say it."""

    def abilities(self, model: str) -> Abilities:
        """What is known of a model's abilities by its name.

        >>> DEEPSEEK.abilities("deepseek-flash")
        Abilities(tools=True, images=True, pdf=False, thinking=True, search=False)
        """
        found = next((able for part, able in self.able.items() if part in model), Abilities())
        told = {"search": bool(self.search)} if self.pdf else {"search": bool(self.search), "pdf": False}
        return found.model_copy(update=told)

    def is_strict_about(self, model: str) -> bool:
        """Whether calls have ids of nine letters and digits, and no prompt follows a result at once.

        Source: the API's own errors, "must be a-z, A-Z, 0-9, with a length of 9" and "Unexpected role
        'user' after role 'tool'". The models' templates say the same wherever they are served.

        >>> PLAIN.is_strict_about("Devstral-Small-2-24B"), PLAIN.is_strict_about("qwen3:8b")
        (True, False)
        """
        return self.name == "mistral" or bool(MISTRAL_MODEL.search(model))


PLAIN = Dialect("compatible", "OPENAI_COMPATIBLE_BASE_URL")

OPENROUTER = Dialect(
    "openrouter",
    "OPENROUTER_API_KEY",
    "https://openrouter.ai/api/v1",
    host="openrouter.ai",
    effort=openrouter_effort,
    cache="marks",
    search="openrouter:web_search",
    prices="openrouter",
    known=("anthropic/claude-opus-5.5", "openai/gpt-6.1-sol", "google/gemini-3.8-flash"),
    aliases={
        "opus": r"anthropic/claude-opus-(\d+)(?:\.(\d+))?",
        "sonnet": r"anthropic/claude-sonnet-(\d+)(?:\.(\d+))?",
        "haiku": r"anthropic/claude-haiku-(\d+)(?:\.(\d+))?",
        "gemini-flash": r"google/gemini-(\d+)(?:\.(\d+))?-flash(?:-preview)?",
        "gemini-pro": r"google/gemini-(\d+)(?:\.(\d+))?-pro(?:-preview)?",
        "gpt": r"openai/gpt-(\d+)(?:\.(\d+))?(?:-sol)?",
    },
)
"""Source: https://openrouter.ai/docs (reasoning tokens, prompt caching, multimodal, models, server tools)."""

MISTRAL = Dialect(
    "mistral",
    "MISTRAL_API_KEY",
    "https://api.mistral.ai/v1",
    host="mistral.ai",
    effort=mistral_effort,
    echo="blocks",
    has_extras=False,
    pdf="document_url",
    cache="key",
    prices="mistral",
    known=("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest"),
    aliases={
        "large": "mistral-large-latest",
        "medium": "mistral-medium-latest",
        "small": "mistral-small-latest",
        "devstral": "devstral-latest",
    },
)
"""Every unknown field is an error 422 there; usage comes unasked.

Source: https://docs.mistral.ai (API, reasoning, document question answering, prompt caching).
"""

DEEPSEEK = Dialect(
    "deepseek",
    "DEEPSEEK_API_KEY",
    "https://api.deepseek.com",
    host="deepseek.com",
    effort=deepseek_effort,
    echo="always",
    pdf="",
    prices="deepseek",
    known=("deepseek-flash", "deepseek-v4-pro"),
    aliases={"flash": "deepseek-flash", "pro": r"deepseek-v(\d+)(?:\.(\d+))?-pro"},
    able={
        "flash": Abilities(tools=True, images=True, thinking=True),
        "-pro": Abilities(tools=True, thinking=True),
    },
)
"""Reasoning that led to calls must come back in every later request; other reasoning is ignored there.

Source: https://api-docs.deepseek.com (thinking mode, vision, pricing).
"""

GROQ = Dialect(
    "groq",
    "GROQ_API_KEY",
    "https://api.groq.com/openai/v1",
    host="groq.com",
    limit="max_completion_tokens",
    effort=groq_effort,
    echo="never",
    has_extras=False,
    pdf="",
    prices="groq",
    known=("openai/gpt-oss-120b", "openai/gpt-oss-20b"),
    aliases={"gpt-oss": r"openai/gpt-oss-(\d+)b", "qwen": r"qwen/qwen(\d+)(?:\.(\d+))?-\d+b"},
    able={
        "gpt-oss": Abilities(tools=True, images=False, thinking=True),
        "qwen3": Abilities(tools=True, thinking=True),
    },
)
"""An unknown field of a message is an error 400 there; usage comes unasked, in `x_groq`.

Source: https://console.groq.com/docs (API reference, reasoning, vision).
"""

OLLAMA = Dialect("ollama", "OLLAMA_BASE_URL", pdf="")
"""Source: https://docs.ollama.com/api/openai-compatibility."""

QWEN = Dialect("qwen", host="aliyuncs.com", effort=qwen_effort, pdf="")
OPENAI = Dialect("openai", host="api.openai.com", limit="max_completion_tokens", echo="never")

ENTRIES = (OPENROUTER, MISTRAL, DEEPSEEK, GROQ, OLLAMA, PLAIN)
"""The providers that people can name."""
DIALECTS = (*ENTRIES, QWEN, OPENAI)
OLLAMA_PORT = ":11434"


def dialect_at(address: str) -> Dialect:
    """What the server at an address speaks; plain where nobody knows it.

    >>> dialect_at("https://api.mistral.ai/v1").name, dialect_at("http://127.0.0.1:11434/v1").name
    ('mistral', 'ollama')
    >>> dialect_at("https://mistral.ai.example.org/v1").name
    'compatible'
    """
    if urlsplit(address).netloc.endswith(OLLAMA_PORT):
        return OLLAMA
    host = f".{urlsplit(address).hostname}"
    return next((one for one in DIALECTS if one.host and host.endswith(f".{one.host}")), PLAIN)
