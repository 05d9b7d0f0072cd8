import pytest
from pydantic import ValidationError

from agent.core.commands import (
    COMMAND,
    LONGEST_LINE,
    Answer,
    Command,
    DropPrompt,
    EditPrompt,
    Interrupt,
    Prompt,
    Shell,
)
from agent.core.messages import File, Text


def test_a_prompt_may_be_written_as_plain_text() -> None:
    assert COMMAND.validate_python({"type": "Prompt", "text": "Hi"}) == Prompt(parts=(Text(text="Hi"),))


def test_a_prompt_may_have_parts_of_its_own() -> None:
    written = {
        "type": "prompt",
        "parts": [{"type": "text", "text": "a"}, {"type": "FILE", "media_type": "b"}],
    }
    assert COMMAND.validate_python(written) == Prompt(parts=(Text(text="a"), File(media_type="b")))


@pytest.mark.parametrize(
    ("written", "command"),
    [
        (
            {"type": "answer", "approval_id": "a", "answer": "allow_once"},
            Answer(approval_id="a", answer="allow_once"),
        ),
        ({"type": "INTERRUPT"}, Interrupt()),
        ({"type": "interrupt", "turn_id": "t"}, Interrupt(turn_id="t")),
        ({"type": "drop_prompt", "prompt_id": "p"}, DropPrompt(prompt_id="p")),
        (
            {"type": "edit_prompt", "prompt_id": "p", "text": "Hi", "steers": True},
            EditPrompt(prompt_id="p", parts=(Text(text="Hi"),), steers=True),
        ),
        ({"type": "prompt", "text": "Hi", "steers": True}, Prompt(parts=(Text(text="Hi"),), steers=True)),
    ],
    ids=["answer", "interrupt", "interrupt one", "drop", "edit", "steer"],
)
def test_a_type_may_be_written_in_any_case(written: dict[str, object], command: object) -> None:
    assert COMMAND.validate_python(written) == command


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"type": 1},
        {"type": "Shutdown"},
        {"type": "Prompt"},
        {"type": "Prompt", "parts": []},
        {"type": "Prompt", "text": 3},
        {"type": "Prompt", "parts": [{"type": "ToolCall", "id": "1", "name": "edit", "arguments": {}}]},
        *(
            {"type": "Prompt", "parts": [{"type": "File", "media_type": "image/png", **file}]}
            for file in (
                {"data": "!!!"},
                {"data": "YQ"},
                {"path": "/etc/passwd"},
                {"path": "a/../../b"},
                {"path": "\0"},
            )
        ),
        {
            "type": "EditPrompt",
            "prompt_id": "p",
            "parts": [{"type": "File", "media_type": "text/plain", "path": "../a"}],
        },
        {"type": "Prompt", "text": "Hi", "mode": "auto"},
        {"type": "Prompt", "text": "Hi", "steers": "perhaps"},
        {"type": "EditPrompt", "text": "Hi"},
        {"type": "EditPrompt", "prompt_id": "p", "parts": []},
        {"type": "Interrupt", "turn_id": None},
        {"type": "Shell", "line": ""},
        {"type": "Shell", "line": "x" * (LONGEST_LINE + 1)},
        {"type": "Answer", "approval_id": "a", "answer": "maybe"},
        "Interrupt",
        None,
    ],
    ids=repr,
)
def test_what_is_no_command_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        COMMAND.validate_python(written)


@pytest.mark.parametrize(
    "command",
    [
        Prompt(parts=(Text(text="Hi"),), steers=True),
        Answer(approval_id="a", answer="reject_once", note="No"),
        Interrupt(turn_id="t"),
        Shell(line="pytest -q"),
        EditPrompt(prompt_id="p", parts=(Text(text="Hi"),)),
        EditPrompt(prompt_id="p", parts=(File(media_type="image/png", data="YQ=="), Text(text="Hi"))),
        Prompt(parts=(File(media_type="image/png", path="a/b.png"),)),
        DropPrompt(prompt_id="p"),
    ],
    ids=repr,
)
def test_every_command_survives_json(command: Command) -> None:
    assert COMMAND.validate_json(COMMAND.dump_json(command)) == command
