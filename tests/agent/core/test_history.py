from agent.core.events import Noticed, PromptQueued, StepFinished, ToolCallFinished, TurnFinished, TurnStarted
from agent.core.history import messages
from agent.core.messages import Message, Text, ToolCall, ToolResult

PROMPT = TurnStarted(prompt=(Text(text="Go"),), model="m", mode="ask")


def test_prompt_step_results_and_words_become_messages_in_turns() -> None:
    calls = (ToolCall(id="a", name="x", arguments={}), ToolCall(id="b", name="y", arguments={}))
    results = [ToolResult(call_id=call.id, outcome="ok", text="fine") for call in calls]
    asked = Message(role="assistant", parts=(Text(text="Look"), *calls))
    said = Message(role="assistant", parts=(Text(text="Done"),))
    history = messages(
        [
            PROMPT,
            StepFinished(message=asked, stop="tool_use"),
            *(ToolCallFinished(result=result) for result in results),
            StepFinished(message=said, stop="end_turn"),
            TurnFinished(reason="end_turn"),
        ]
    )
    assert [message.role for message in history] == ["user", "assistant", "user", "assistant"]
    assert history[2].parts == tuple(results)
    assert history[1] == asked


def test_results_stand_in_the_order_of_their_calls() -> None:
    calls = tuple(ToolCall(id=name, name="x", arguments={}) for name in "abc")
    results = {name: ToolResult(call_id=name, outcome="ok", text="") for name in "abc"}
    history = messages(
        [
            StepFinished(message=Message(role="assistant", parts=calls), stop="tool_use"),
            *(ToolCallFinished(result=results[name]) for name in "cab"),
            PROMPT,
        ]
    )
    assert history[1].parts == (*results.values(), *PROMPT.prompt)


def test_prompts_without_an_answer_between_them_become_one_message() -> None:
    history = messages([PROMPT, TurnFinished(reason="error"), PROMPT])
    assert [message.text for message in history] == ["GoGo"]


def test_what_the_model_never_heard_is_no_message() -> None:
    empty = StepFinished(message=Message(role="assistant", parts=()), stop="cancelled")
    queued = PromptQueued(prompt_id="p", prompt=(Text(text="Later"),))
    assert messages([empty, queued, Noticed(code="restart")]) == ()
