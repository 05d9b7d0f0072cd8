"""A server's list of models, in all the forms it has where Chat Completions are spoken."""

import re
from typing import Any, cast

from agent.core.provider import Abilities, ModelEntry
from agent.providers._wires.chat_stream import Payload, fields, items, words

SILENT = re.compile(r"embed|whisper|rerank|moderation|transcribe|(^|[-_/])(tts|ocr)([-_:]|$)", re.IGNORECASE)
"""Names of models that answer no prompt, where the list itself does not say what a model is for."""
OTHER_TYPES = frozenset({"embedding", "embeddings", "image", "audio", "moderation", "rerank", "transcribe"})


def listed(answer: object) -> list[Payload]:
    """The models in an answer, which may be bare or under `data`.

    >>> listed({"data": [{"id": "a"}, {"object": "model"}]}), listed([{"id": "a"}])
    ([{'id': 'a'}], [{'id': 'a'}])
    """
    found = items(answer) or items(fields(answer).get("data"))
    return [model for model in map(fields, found) if words(model.get("id"))]


def described(model: Payload, known: ModelEntry) -> ModelEntry:
    """What is known of a model by its name, and better by a list.

    Args:
        model: its fields, as OpenRouter, Mistral, Groq, vLLM, llama.cpp, LM Studio or Ollama give them.
        known: by its name alone.

    >>> described({"id": "m", "max_model_len": 32768}, ModelEntry(id="compatible:m", name="m")).context_window
    32768
    """
    best, meta = fields(model.get("top_provider")), fields(model.get("meta"))
    window = first(
        *(
            model.get(key)
            for key in ("context_length", "max_context_length", "context_window", "max_model_len")
        ),
        best.get("context_length"),
        meta.get("n_ctx"),
        meta.get("n_ctx_train"),
    )
    longest = first(best.get("max_completion_tokens"), model.get("max_completion_tokens"))
    told = {
        "context_window": window,
        "max_output": longest,
        "abilities": _sum(abilities(model), known.abilities),
    }
    return known.model_copy(update={name: value for name, value in told.items() if value is not None})


def _sum(listed: Abilities, known: Abilities) -> Abilities:
    return known.model_copy(update=listed.model_dump(exclude_none=True))


def answers(model: Payload) -> bool:
    """Whether a model answers prompts with words, as far as its list or its name tells.

    >>> answers({"id": "mistral-ocr-2512"}), answers({"id": "m", "capabilities": {"completion_chat": False}})
    (False, False)
    >>> answers({"id": "flux", "architecture": {"output_modalities": ["image"]}}), answers({"id": "gpt-oss"})
    (False, True)
    """
    spoken = items(fields(model.get("architecture")).get("output_modalities"))
    if model.get("active") is False or model.get("type") in OTHER_TYPES or (spoken and "text" not in spoken):
        return False
    chats = says(model.get("capabilities"), "completion_chat", "completion", "chat")
    return chats is not False and not SILENT.search(words(model["id"]))


def abilities(model: Payload) -> Abilities:
    """What a list says that a model takes and does.

    >>> abilities({"supported_parameters": ["tools"], "architecture": {"input_modalities": ["text"]}})
    Abilities(tools=True, images=False, pdf=None, thinking=False, search=None)
    """
    asked, able = model.get("supported_parameters"), model.get("capabilities")
    taken = fields(model.get("architecture")).get("input_modalities")
    # OpenRouter reads a PDF to every model, so that only a yes tells something.
    return Abilities(
        tools=either(says(asked, "tools"), says(able, "function_calling", "tools", "tool_use")),
        images=either(says(taken, "image"), says(able, "vision"), says(model.get("modalities"), "vision")),
        pdf=says(taken, "file") or None,
        thinking=either(says(asked, "reasoning"), says(able, "reasoning", "thinking")),
    )


def shown(answer: Payload) -> dict[str, Any]:
    """What Ollama's own API says of a model, in the fields of a list.

    The window is the one it is run with where its file sets one, else the longest it was made for.

    Source: https://docs.ollama.com/api-reference/show-model-details

    >>> shown({"capabilities": ["completion"], "model_info": {"qwen3.context_length": 40960}})
    {'capabilities': ['completion'], 'context_length': 40960}
    """
    written = re.search(r"^num_ctx\s+(\d+)", words(answer.get("parameters")), re.MULTILINE)
    sizes = (
        size for key, size in fields(answer.get("model_info")).items() if key.endswith(".context_length")
    )
    window = int(written[1]) if written else next(sizes, None)
    told = {"capabilities": answer.get("capabilities"), "context_length": window}
    return {key: value for key, value in told.items() if value is not None}


def says(told: object, *names: str) -> bool | None:
    """What a list or an object of abilities says of the first of these; None where it is silent.

    >>> says(["tools"], "vision"), says({"vision": True}, "vision"), says({}, "vision"), says(None, "vision")
    (False, True, None, None)
    """
    if isinstance(told, list):
        return any(name in cast("list[object]", told) for name in names)
    known = [value for name in names if isinstance(value := fields(told).get(name), bool)]
    return known[0] if known else None


def either(*told: bool | None) -> bool | None:
    """The first that is no silence.

    >>> either(None, False), either(None, None) is None
    (False, True)
    """
    return next((one for one in told if one is not None), None)


def first(*told: object) -> int | None:
    """The first that is a count.

    >>> first(None, 0, 8192)
    8192
    """
    return next((one for one in told if isinstance(one, int) and one > 0), None)
