"""The demo model: it calls tools and answers from what they say."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.core.provider import Request
from agent.core.tools import ToolDefinition
from agent.providers.scripted import ScriptedProvider, answer
from tests.agent.providers.wires import finish

NAMES = ("list_directory", "read_file", "grep", "glob", "write_file", "edit")
TOOLS = tuple(
    ToolDefinition(name=name, description=name, parameters={"type": "object"}, kind="read", effect="pure")
    for name in NAMES
)


def list_directory(folder: Path, path: str = ".") -> str:
    return "\n".join(sorted(file.name for file in (folder / path).iterdir()))


def read_file(folder: Path, path: str) -> str:
    text = (folder / path).read_text("utf-8")
    lines = text.splitlines()
    if len(lines) > 9:
        return "[Lines 1-9 of many; read on with offset=10.]\n" + "\n".join(lines[:9])
    return text or f"[{path} is empty.]"


def grep(folder: Path, pattern: str, path: str = ".") -> str:
    found = [
        f"{file.name}:{number}:{line}"
        for file in sorted((folder / path).iterdir())
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if pattern in line
    ]
    return "\n".join(found) or "[No line matches.]"


def glob(folder: Path, pattern: str) -> str:
    return "\n".join(sorted(file.name for file in folder.glob(pattern)))


def write_file(folder: Path, path: str, content: str) -> str:
    (folder / path).write_text(content, "utf-8")
    return f"Wrote {path}."


def edit(folder: Path, path: str, old_string: str, new_string: str) -> str:
    text = (folder / path).read_text("utf-8")
    if text.count(old_string) != 1:
        raise ValueError(f"{text.count(old_string)} places match.")
    (folder / path).write_text(text.replace(old_string, new_string), "utf-8")
    return f"Edited {path}."


REAL: dict[str, Callable[..., str]] = {
    tool.__name__: tool for tool in (list_directory, read_file, grep, glob, write_file, edit)
}


def called(folder: Path, call: ToolCall) -> ToolResult:
    try:
        text = REAL[call.name](folder, **call.arguments)
    except (OSError, ValueError) as error:
        return ToolResult(call_id=call.id, outcome="failed", text=str(error))
    return ToolResult(call_id=call.id, outcome="ok", text=text)


def user(text: str) -> Message:
    return Message(role="user", parts=(Text(text=text),))


async def turn(
    folder: Path, text: str, earlier: tuple[Message, ...] = ()
) -> tuple[tuple[Message, ...], list[str]]:
    """A whole turn: its messages, and the tools that were called."""
    provider, messages, names = ScriptedProvider(pace=0), (*earlier, user(text)), list[str]()
    for _ in range(9):
        step = await finish(provider, Request(model="scripted", messages=messages, tools=TOOLS))
        messages = (*messages, step.finished.message)
        calls = step.finished.message.calls
        if not calls:
            assert step.finished.stop == "end_turn"
            return messages, names
        assert step.finished.stop == "tool_use"
        names += [call.name for call in calls]
        messages = (*messages, Message(role="user", parts=tuple(called(folder, call) for call in calls)))
    raise AssertionError(names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "place"
    place.mkdir()
    (place / "notes.txt").write_text("Buy milk.\nCall Ada.\nBuy bread.\n", "utf-8")
    (place / "todo.md").write_text("# To do\n\nNothing.\n", "utf-8")
    (place / "empty.txt").touch()
    (place / "long.txt").write_text("again\n" * 20, "utf-8")
    return place


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        ("Please list files", ["list_directory"], "- notes.txt"),
        ("list the files in .", ["list_directory"], "4 things"),
        ("look around", ["list_directory", "read_file"], "`empty.txt` has 0 lines with words."),
        ("read notes.txt", ["read_file"], "`notes.txt` has 3 lines with words."),
        ("Read `notes.txt`, todo.md", ["read_file", "read_file"], "`todo.md` has 2 lines"),
        ("read notes.txt and tell me about it", ["read_file"], "> Call Ada."),
        ("search for Buy", ["grep"], "2 matching lines"),
        ("grep Ada in .", ["grep"], "1 matching line:"),
        ("search for nobody", ["grep"], "Nothing matches “nobody”."),
        ("find files *.md", ["glob"], "- todo.md"),
        ("write new.txt with some words", ["write_file", "read_file"], "> some words"),
        ("append to notes.txt Rest.", ["read_file", "edit", "read_file"], "> Rest."),
        ("append to empty.txt First.", ["read_file", "write_file", "read_file"], "> First."),
        ("append to long.txt Rest.", ["read_file"], "I did not change the file"),
        ("replace milk with tea in notes.txt", ["edit", "read_file"], "> Buy tea."),
        ("replace Buy with Sell in notes.txt", ["edit"], "`edit` did not work (failed): 2 places match."),
        ("read nothing.txt", ["read_file"], "`read_file` did not work (failed)"),
        ("how are you?", [], "I understand a few plain sentences"),
        ("count to 3", [], "w1 w2 w3"),
    ],
)
async def test_a_prompt_leads_to_calls_and_to_an_answer(
    text: str, names: list[str], told: str, folder: Path
) -> None:
    messages, used = await turn(folder, text)
    assert used == names
    assert told in messages[-1].text
    assert "demo model" in "".join(message.text for message in messages[1:2]), "it says at once what it is"
    assert all("demo model" not in message.text for message in messages[2:]), "and only once"


async def test_a_changed_file_changes_the_next_answer(folder: Path) -> None:
    first, _ = await turn(folder, "read notes.txt")
    (folder / "notes.txt").write_text("Sold out.\n", "utf-8")
    second, _ = await turn(folder, "read notes.txt", first)
    assert "Buy milk." in first[-1].text
    assert "Sold out." in second[-1].text
    assert "Buy milk." not in second[-1].text


async def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    messages, used = await turn(tmp_path / "place", "look around")
    assert used == ["list_directory"]
    assert "empty" in messages[-1].text
    (tmp_path / "place" / "picture.png").write_bytes(b"\x89PNG")
    messages, used = await turn(tmp_path / "place", "look around")
    assert used == ["list_directory"]
    assert "no text file" in messages[-1].text


def asked(outcome: Any) -> Request:
    call = ToolCall(id="c", name="write_file", arguments={})
    result = ToolResult(call_id="c", outcome=outcome, text="Not now.")
    first = (user("write a.txt with b"), Message(role="assistant", parts=(call,)))
    return Request(model="scripted", messages=(*first, Message(role="user", parts=(result,))), tools=TOOLS)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("rejected", "You did not let me use `write_file`"),
        ("cancelled", "(cancelled)"),
        ("unknown", "(unknown)"),
    ],
)
def test_it_reacts_to_a_result_that_is_not_ok(outcome: str, told: str) -> None:
    text = answer(asked(outcome))[-1]
    assert isinstance(text, Text)
    assert told in text.text
    assert "Not now." in text.text


def test_it_calls_only_what_is_offered() -> None:
    (*_, text) = answer(Request(model="scripted", messages=(user("read a.txt"),)))
    assert isinstance(text, Text)
    assert "does not offer" in text.text


async def test_what_is_heard_is_what_is_said() -> None:
    step = await finish(
        ScriptedProvider(pace=0), Request(model="scripted", messages=(user("count to 20000"),))
    )
    assert step.heard("text") == step.finished.message.text
    assert step.heard("text").endswith(" w20000")
    assert step.heard("thinking")


async def test_it_can_be_slow_so_that_one_can_watch() -> None:
    started = time.monotonic()
    await finish(ScriptedProvider(), Request(model="scripted", messages=(user("count to 2 slowly"),)))
    assert time.monotonic() - started > 0.3
