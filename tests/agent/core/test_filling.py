from agent.core.filling import characters, has_pictures, tokens
from agent.core.messages import File, Message, Text, Thinking, ToolCall, ToolResult

CALL = ToolCall(id="c", name="grep", arguments={"q": "x"})
SAID = (
    Message(role="user", parts=(Text(text="Look"), File(media_type="text/plain", data="YWJj"))),
    Message(role="assistant", parts=(Thinking(text="Hm"), Text(text="Well"), CALL)),
    Message(role="user", parts=(ToolResult(call_id="c", outcome="ok", text="found"),)),
)


def test_each_part_counts_for_where_it_comes_from() -> None:
    assert characters(SAID) == {
        "prompts": 4,
        "files": 3,
        "thinking": 2,
        "answers": 4,
        "calls": 14,
        "results": 5,
    }
    assert not has_pictures(SAID)


def test_an_image_has_no_characters() -> None:
    seen = Message(role="user", parts=(File(media_type="image/png", data="YWJj"),))
    assert not characters([seen])
    assert has_pictures([seen])


def test_what_was_counted_is_shared_out_and_what_was_not_is_estimated() -> None:
    assert tokens({"prompts": 100, "tools": 0, "results": 300}, 40) == {"results": 30, "prompts": 10}
    assert tokens({"prompts": 100}, 0) == {"prompts": 25}
    assert tokens({}, 40) == {}
