"""The recordings of other projects, which lie outside the repository, and what their exchanges are to us."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

from tests.replay import endpoint, exchanges

Entry = dict[str, Any]
Row = dict[str, Any]

ROOT = Path(os.environ.get("MAESTRO_ACCEPTANCE_DATA", ""), "recordings")
INDEX = ROOT / "INDEX.jsonl"
ENTRIES: list[Entry] = (
    [json.loads(line) for line in INDEX.read_text("utf-8").splitlines()] if INDEX.is_file() else []
)
NOWHERE = "MAESTRO_ACCEPTANCE_DATA names no folder with recordings"

OF_WIRE = {
    "anthropic-messages": "anthropic",
    "openai-responses": "openai",
    "openai-chat": "compatible",
    "gemini": "gemini",
    "vertex": "vertex",
}
GENERATIONS = {"messages", "responses", "completions", "generateContent", "streamGenerateContent"}
OTHERS = {
    "count_tokens": "we do not count before we ask",
    "countTokens": "the same",
    "input_tokens": "the same",
    "compact": "we shorten a history ourselves",
    "batchEmbedContents": "we ask for no embeddings",
    "stored": "nothing is stored there, so nothing is fetched from there",
}
"""Endpoints that we do not ask, with the reason."""
ENDS_IN_ERROR = {
    ("gemini-cli-context-compress-interactive-compress", 0): ("cut", "the model made a malformed call"),
    ("pai-test-tool-use-failed-error-streaming", 0): ("cut", "the server refused the model's own call"),
    ("pai-test-background-mode-reasoning-vcr", 0): ("cut", "it goes on in the background"),
    ("pai-test-google-model-safety-settings", 0): ("safety", "Google's filter"),
    ("pai-test-google-model-armor-response-template-real-block", 0): ("safety", "Google's filter"),
    ("pai-test-multimodal-tool-return-matrix-tool-return-content-url-image-google-vertex", 0): (
        "cut",
        "the model called a tool that was not offered",
    ),
}
"""Answers (recording, exchange) that end in an error, its kind and the reason."""


@cache
def rows(file: str) -> list[Row]:
    """The exchanges of a recording, each with what it is to us."""
    return [{**row, "sort": sort(Path(file).stem, row)} for row in exchanges(ROOT / file)]


def sort(name: str, row: Row) -> str:
    """An answer, one that ends in an error, a refusal, or an endpoint that we do not ask."""
    at = endpoint(row["request"]["path"])
    if row["response"]["status"] >= 400:
        return "refusal"
    if at not in GENERATIONS:
        return "stored" if at.startswith("resp_") else at
    return "broken answer" if (name, row["n"]) in ENDS_IN_ERROR else "answer"
