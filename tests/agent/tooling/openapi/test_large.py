"""Catalogues of over a thousand operations: one that is made here, and GitHub's own where it is installed."""

import gc
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.core.identity import User
from agent.tooling.openapi import Services
from agent.tooling.openapi.checking import takes
from agent.tooling.openapi.describing import describe
from agent.tooling.openapi.description import Description
from agent.tooling.openapi.finding import Index
from agent.tooling.openapi.keeping import NewService, add_service
from agent.tooling.openapi.reading import read

GITHUB = (
    Path(__file__).parents[4] / ".tools/octokit/node_modules/@octokit/openapi/generated/api.github.com.json"
)


def thousand() -> str:
    """A document of 1,200 operations with schemas that contain each other, and much that only explains."""
    looks, beasts = ("red", "blue", "green", "old", "new", "big"), ("Cat", "Dog", "Hen", "Cow", "Pig")
    nouns = [f"{look}{beast}" for look in looks for beast in beasts]
    schemas: dict[str, Any] = {
        noun: {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "nullable": True, "description": f"What the {noun} is called"},
                "age": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "friend": {"$ref": f"#/components/schemas/{nouns[number ^ 1]}"},
            },
        }
        for number, noun in enumerate(nouns)
    }
    paths: dict[str, Any] = {}
    for noun in nouns:
        body = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{noun}"}}}}
        answer = {"200": {"description": "x" * 2000, **body}}
        for part in range(8):
            for method in ("get", "post", "put", "patch", "delete"):
                said = {
                    "operationId": f"{noun}/{method}{part}",
                    "summary": f"{method} part {part} of a {noun}",
                }
                said |= {"requestBody": body} if method in {"post", "put", "patch"} else {}
                paths.setdefault(f"/{noun}/{{id}}/{part}", {})[method] = {**said, "responses": answer}
    return json.dumps({"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}})


def timed(text: str) -> tuple[Description, float]:
    """A description, and the seconds of one processor it took, with the heap at rest as in a server."""
    gc.collect()
    gc.freeze()
    try:
        began = [time.process_time()]
        for _ in range(3):
            described = describe(read(text))
            began.append(time.process_time())
    finally:
        gc.unfreeze()
    return described, min(after - before for before, after in pairwise(began))


def valid(described: Description) -> None:
    for operation in described.operations:
        schema = takes(described, operation)
        assert schema["type"] == "object"
        Draft202012Validator.check_schema(schema)


def test_a_thousand_operations_are_loaded_at_once_and_all_valid() -> None:
    described, seconds = timed(thousand())
    assert seconds < 0.5
    assert (len(described.operations), described.left_out) == (1200, ())
    valid(described)


async def test_a_thousand_operations_are_kept_searched_and_not_told_whole(owner: User) -> None:
    new = NewService(name="zoo", text=thousand(), server="https://example.org")
    assert (await add_service(owner, new)).operations == 1200
    told = await Services(owner).find("delete part 3 of a green hen")
    assert told.startswith("zoo:greenHen/delete3  DELETE /greenHen/{id}/3")
    assert len(told) < 40_000


ASKED = {
    "create an issue": "issues/create",
    "merge a pull request": "pulls/merge",
    "add labels to an issue": "issues/add-labels",
    "list workflow runs": "actions/list-workflow-runs",
    "search code": "search/code",
    "create a release": "repos/create-release",
    "repository contents": "repos/get-content",
    "delete a file": "repos/delete-file",
    "the authenticated user": "users/get-authenticated",
    "rerun failed jobs": "actions/re-run-workflow-failed-jobs",
}


def test_githubs_own_description_is_loaded_in_half_a_second_and_all_valid() -> None:
    if not GITHUB.exists():
        pytest.skip("`tools/install-github-api` installs it (385 MB)")
    described, seconds = timed(GITHUB.read_text("utf-8"))
    assert seconds < 0.5
    assert (len(described.operations) > 1200, described.left_out) == (True, ())
    index = Index(described.operations)
    found = {prompt: [operation.name for _, operation in index.find(prompt)[:5]] for prompt in ASKED}
    assert [prompt for prompt, name in ASKED.items() if name not in found[prompt]] == []
    valid(described)
