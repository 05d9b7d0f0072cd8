from enum import StrEnum
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

from agent.core.errors import ToolFailed
from agent.core.messages import File
from agent.tooling.declaration import MAX_TEXT, ToolOutput, bounded, schema, tool
from agent.tooling.workspace import Workspace


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Point(BaseModel):
    """A place."""

    title: str
    x: int = 0


@tool("other", effect="pure")
async def paint(
    files: Workspace, colour: Colour, at: list[Point], times: Annotated[int, Field(ge=1)] = 1
) -> str:
    """Paint something.

    As often as you like.

    Args:
        colour: The colour, which may be
            red or blue.
        at: Where.
        times: How often.
    """
    return f"{files.root} {colour} {len(at)} {times}"


FILES = Workspace("/nowhere")


async def failure(**arguments: Any) -> str:
    with pytest.raises(ToolFailed) as caught:
        await paint.run(arguments, files=FILES)
    return str(caught.value)


def test_signature_and_docstring_become_the_declaration() -> None:
    definition = paint.definition
    assert (definition.name, definition.kind, definition.effect) == ("paint", "other", "pure")
    assert definition.description == "Paint something.\n\nAs often as you like."
    properties: Any = definition.parameters["properties"]
    assert list(properties) == ["colour", "at", "times"]
    assert properties["colour"]["description"] == "The colour, which may be red or blue."
    assert properties["times"] == {"type": "integer", "default": 1, "minimum": 1, "description": "How often."}
    assert definition.parameters["required"] == ["colour", "at"]
    assert definition.parameters["additionalProperties"] is False


def test_definitions_stand_in_place_and_titles_are_gone() -> None:
    properties: Any = paint.definition.parameters["properties"]
    assert "$defs" not in paint.definition.parameters
    assert properties["colour"]["enum"] == ["red", "blue"]
    assert properties["at"]["items"]["properties"] == {
        "title": {"type": "string"},
        "x": {"type": "integer", "default": 0},
    }


async def test_what_means_the_argument_is_taken() -> None:
    output = await paint.run({"colour": "red", "at": [], "times": "5"}, files=FILES)
    assert output == ToolOutput(text="/nowhere red 0 5")


async def test_null_leaves_an_argument_to_us() -> None:
    assert (await paint.run({"colour": "red", "at": [], "times": None}, files=FILES)).text.endswith("1")
    assert "`colour` should be" in await failure(colour=None, at=[])


async def test_a_wrong_argument_is_named() -> None:
    assert await failure(colour="red") == "paint: the argument `at` is missing."
    assert "there is no argument `size`, only `colour`, `at`, `times`" in await failure(
        colour="red", at=[], size=1
    )
    assert "`times` should be greater than or equal to 1; it was 0." in await failure(
        colour="red", at=[], times=0
    )
    assert "`at.0.x` should be a valid integer" in await failure(colour="red", at=[{"title": "a", "x": "b"}])


def test_a_tool_without_a_description_cannot_be_declared() -> None:
    async def silent() -> str:
        return ""

    with pytest.raises(TypeError, match="no docstring"):
        tool("other", effect="pure")(silent)


def test_an_argument_without_a_description_cannot_be_declared() -> None:
    async def secretive(what: str) -> str:
        """Do something."""
        return what

    with pytest.raises(TypeError, match="`what`"):
        tool("other", effect="pure")(secretive)


def test_a_tool_without_arguments_is_an_object_still() -> None:
    async def rest() -> str:
        """Do nothing."""
        return ""

    assert tool("think", effect="pure")(rest).definition.parameters == {
        "type": "object",
        "properties": {},
        "additionalProperties": False,
    }


class Tree(BaseModel):
    inner: list["Tree"]


class Forest(BaseModel):
    trees: list[Tree]


def test_arguments_that_contain_themselves_are_refused() -> None:
    with pytest.raises(TypeError, match="Tree contains itself"):
        schema(Forest)


def test_a_long_result_keeps_its_head_and_more_of_its_tail() -> None:
    file = File(media_type="image/png", data="eA==")
    text = "".join(f"{number}\n" for number in range(20_000))
    cut = bounded(ToolOutput(text=text, files=(file,)))
    head, note, tail = cut.text.split("\n\n")
    assert len(cut.text) <= MAX_TEXT
    assert text.startswith(head)
    assert text.endswith(tail)
    assert 3.9 < len(tail) / len(head) < 4.1
    assert "were left out here, from line " in note
    assert cut.files == (file,)
    assert bounded(ToolOutput(text="short")).text == "short"


def test_a_cut_result_says_where_the_whole_is() -> None:
    cut = bounded(ToolOutput(text="word\n" * 10_000), ".agent/outputs/x.txt").text
    assert "All of it is in .agent/outputs/x.txt: use read_file with offset=1589, or grep.]" in cut
    assert len(cut) <= MAX_TEXT
