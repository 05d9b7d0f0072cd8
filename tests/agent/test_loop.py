import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from agent.core.errors import Unavailable
from agent.core.events import (
    ApprovalGiven,
    Event,
    Noticed,
    PromptSteered,
    StepFinished,
    StepStop,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages, with_own_ids
from agent.core.messages import Message, PromptPart, Text, ToolCall, ToolResult
from agent.core.policy import Answer, Decision, Judgement
from agent.core.tools import Effect
from agent.loop import LOOPING, NOT_RUN, Ports, StepFailed, run_turn

STARTED = TurnStarted(turn_id="t", prompt=(Text(text="Go"),), model="demo:m", mode="ask")
Act = StepFinished | StepFailed


def call(call_id: str, name: str = "pure_allow") -> ToolCall:
    return ToolCall(id=call_id, name=name, arguments={})


def step(*calls: ToolCall, stop: StepStop = "tool_use", text: str = "Look") -> StepFinished:
    words = (Text(text=text),) if text else ()
    return StepFinished(message=Message(role="assistant", parts=(*words, *calls)), stop=stop)


def failed(code: str, *, said: str = "", **values: JsonValue) -> StepFailed:
    broken = step(stop="error", text=said).model_copy(update={"turn_id": "t"})
    return StepFailed(said=broken, code=code, values=values)


LAST = step(stop="end_turn", text="Done")


@dataclass
class World:
    """What the loop finds outside: steps to play, tools whose name says their effect and decision.

    Its ports record what a turn's ports must: the model step its words, the tool step its begin and result.
    """

    acts: Sequence[Act]
    answer: Answer | None = "allow_once"
    note: str = ""
    stop_after: int = 10**6
    """The person interrupts after this many calls of a port."""
    steers: Mapping[int, Sequence[PromptPart]] = field(default_factory=dict[int, Sequence[PromptPart]])
    """What people say before the step of a number."""
    recorded: list[Event] = field(default_factory=list)
    histories: list[list[Message]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    ticks: int = 0

    def is_stopped(self) -> bool:
        self.ticks += 1
        return self.ticks > self.stop_after

    async def model_step(self, number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        self.histories.append(list(history))
        await asyncio.sleep(0)
        act = self.acts[number] if number < len(self.acts) else LAST
        if self.is_stopped():
            act = step(stop="cancelled", text="Loo")
        if isinstance(act, StepFailed):
            return act
        said = with_own_ids(act.model_copy(update={"turn_id": "t"}), history)
        await self.record(said)
        return said

    async def tool_step(self, call: ToolCall) -> ToolResult:
        self.ran.append(call.id)
        await self.record(ToolCallStarted(turn_id="t", call=call, effect=self.effect(call.name)))
        await asyncio.sleep(0)
        outcome = "cancelled" if self.is_stopped() else "failed" if call.malformed else "ok"
        result = ToolResult(call_id=call.id, outcome=outcome, text=call.malformed)
        await self.record(ToolCallFinished(turn_id="t", result=result))
        return result

    async def steering(self, number: int) -> Sequence[PromptPart]:
        said = self.steers.get(number, ())
        if said:
            await self.record(PromptSteered(turn_id="t", prompt_id=f"p{number}", prompt=tuple(said)))
        return said

    async def question(self, call: ToolCall, reason: str) -> ApprovalGiven | None:
        self.asked.append((call.id, reason))
        await asyncio.sleep(0)
        if self.answer is None or self.is_stopped():
            return None
        return ApprovalGiven(turn_id="t", approval_id="a", answer=self.answer, by="me", note=self.note)

    async def judge(self, call: ToolCall) -> Judgement:
        decision: Decision = next(word for word in ("allow", "ask", "deny") if call.name.endswith(word))
        return Judgement(decision=decision, reason="no_rule")

    def effect(self, name: str) -> Effect:
        return "pure" if name.startswith("pure") else "once"

    async def record(self, event: Event) -> Event:
        await asyncio.sleep(0)
        self.recorded.append(event)
        return event

    @property
    def ports(self) -> Ports:
        return Ports(
            model_step=self.model_step,
            tool_step=self.tool_step,
            question=self.question,
            steering=self.steering,
            judge=self.judge,
            effect=self.effect,
            record=self.record,
        )

    @property
    def results(self) -> list[ToolResult]:
        return [event.result for event in self.recorded if isinstance(event, ToolCallFinished)]

    async def turn(self, history: Sequence[Message] = (), max_steps: int = 100) -> TurnFinished:
        return await run_turn(STARTED, history, self.ports, max_steps)


def assert_calls_have_one_result(history: Sequence[Message]) -> None:
    """Right after the message that makes them, as providers demand it."""
    for place, message in enumerate(history):
        wanted = Counter(made.id for made in message.calls)
        if wanted:
            answers = history[place + 1].parts if place + 1 < len(history) else ()
            assert Counter(part.call_id for part in answers if isinstance(part, ToolResult)) == wanted
    made = Counter(made.id for message in history for made in message.calls)
    assert set(made.values()) <= {1}
    given = sum(isinstance(part, ToolResult) for message in history for part in message.parts)
    assert given == made.total()


# Few ids, so that they clash, within a step and over steps.
scripted_calls = st.builds(
    ToolCall,
    id=st.sampled_from(["0", "1", "0-2", ""]),
    name=st.sampled_from(
        [f"{effect}_{decision}" for effect in ("pure", "once") for decision in ("allow", "ask", "deny")]
    ),
    arguments=st.just({}),
    malformed=st.sampled_from(["", "{"]),
)
scripted_steps = st.builds(
    lambda calls, stop, text: step(*calls, stop=stop, text=text),
    st.lists(scripted_calls, max_size=4),
    st.sampled_from(["end_turn", "tool_use", "pause", "max_tokens", "refusal", "cancelled", "error"]),
    st.sampled_from(["", "words"]),
)
scripts = st.lists(
    scripted_steps | st.sampled_from([failed("rate"), failed("cut", said="Loo"), failed("key_missing")]),
    max_size=5,
)
steerings = st.dictionaries(st.integers(0, 4), st.just((Text(text="No, this"),)), max_size=3)
answers = st.sampled_from(["allow_once", "allow_always", "reject_once", "reject_always", None])


@given(scripts, answers, st.integers(0, 20), st.integers(0, 4), steerings)
async def test_before_each_model_request_every_call_has_exactly_one_result(
    acts: list[Act],
    answer: Answer | None,
    stop_after: int,
    max_steps: int,
    steers: dict[int, tuple[PromptPart, ...]],
) -> None:
    log: list[Event] = []
    for _ in range(3):
        world = World(acts, answer=answer, stop_after=stop_after, steers=steers)
        await world.turn(messages(log), max_steps)
        log += world.recorded
        for history in world.histories:
            assert_calls_have_one_result(history)
    assert_calls_have_one_result(messages(log))


@given(scripts, answers, st.integers(0, 20), steerings)
async def test_what_the_model_is_sent_stands_in_the_log(
    acts: list[Act], answer: Answer | None, stop_after: int, steers: dict[int, tuple[PromptPart, ...]]
) -> None:
    """So that a turn which goes on after a crash asks the model the same."""
    world = World(acts, answer=answer, stop_after=stop_after, steers=steers)
    seen: list[tuple[Message, ...]] = []
    model_step = world.model_step

    async def looking(number: int, history: Sequence[Message]) -> StepFinished | StepFailed:
        seen.append(messages(world.recorded))
        return await model_step(number, history)

    await run_turn(STARTED, (), replace(world.ports, model_step=looking))
    assert [tuple(history) for history in world.histories] == seen


@given(scripts, answers, st.integers(0, 20), st.integers(0, 4))
async def test_a_turn_begins_once_and_ends_once(
    acts: list[Act], answer: Answer | None, stop_after: int, max_steps: int
) -> None:
    world = World(acts, answer=answer, stop_after=stop_after)
    finished = await world.turn(max_steps=max_steps)
    kinds = Counter(type(event) for event in world.recorded)
    assert (kinds[TurnStarted], kinds[TurnFinished]) == (1, 1)
    assert (world.recorded[0], world.recorded[-1]) == (STARTED, finished)
    assert {event.turn_id for event in world.recorded} == {"t"}


async def test_pure_calls_run_side_by_side() -> None:
    calls = [call(str(number)) for number in range(3)]
    together = asyncio.Barrier(len(calls))

    async def tool_step(call: ToolCall) -> ToolResult:
        async with asyncio.timeout(5):
            await together.wait()
        return ToolResult(call_id=call.id, outcome="ok", text="")

    world = World([step(*calls)])
    finished = await run_turn(STARTED, (), replace(world.ports, tool_step=tool_step))
    assert finished.reason == "end_turn"
    assert [part.call_id for part in world.histories[1][-1].parts if isinstance(part, ToolResult)] == [
        "0",
        "1",
        "2",
    ]


async def test_other_calls_run_in_order_one_after_the_other() -> None:
    names = ["once_allow", "pure_allow", "pure_allow", "once_allow", "once_allow"]
    world = World([step(*(call(str(number), name) for number, name in enumerate(names)))])
    await world.turn()
    kinds = [
        (type(event), event.call.id if isinstance(event, ToolCallStarted) else event.result.call_id)
        for event in world.recorded
        if isinstance(event, ToolCallStarted | ToolCallFinished)
    ]
    begun, done = ToolCallStarted, ToolCallFinished
    assert kinds[:2] == [(begun, "0"), (done, "0")]
    assert {kind for kind, _ in kinds[2:4]} == {begun}
    assert kinds[6:] == [(begun, "3"), (done, "3"), (begun, "4"), (done, "4")]


async def test_a_refused_call_is_told_to_the_model_and_does_not_run() -> None:
    world = World([step(call("a", "once_deny"))])
    assert (await world.turn()).reason == "end_turn"
    assert world.ran == []
    assert world.results[0].outcome == "rejected"
    assert "no_rule" in world.results[0].text
    assert world.histories[1][-1].parts == tuple(world.results)


async def test_what_a_person_says_with_a_rejection_is_told_to_the_model() -> None:
    world = World([step(call("a", "once_ask"))], answer="reject_once", note="Use the other file.")
    await world.turn()
    assert world.asked == [("a", "no_rule")]
    assert world.ran == []
    assert "Use the other file." in world.results[0].text


async def test_a_call_that_is_allowed_runs() -> None:
    world = World([step(call("a", "once_ask"))])
    await world.turn()
    assert world.ran == ["a"]


async def test_an_interrupted_question_ends_the_turn_and_leaves_the_rest_undone() -> None:
    world = World([step(call("a", "once_ask"), call("b", "once_allow"))], answer=None)
    assert (await world.turn()).reason == "cancelled"
    assert [result.outcome for result in world.results] == ["cancelled", "cancelled"]
    assert world.ran == []


async def test_an_interrupted_tool_ends_the_turn() -> None:
    world = World([step(call("a"), call("b", "once_allow"))], stop_after=1)
    assert (await world.turn()).reason == "cancelled"
    assert world.ran == ["a"]


async def test_an_interrupted_answer_keeps_what_was_said() -> None:
    world = World([], stop_after=0)
    assert (await world.turn()).reason == "cancelled"
    said = [event.message.text for event in world.recorded if isinstance(event, StepFinished)]
    assert said == ["Loo"]


async def test_a_turn_takes_so_many_steps_and_no_more() -> None:
    world = World([step(call(str(number))) for number in range(9)])
    assert (await world.turn(max_steps=4)).reason == "max_steps"
    assert len(world.histories) == 4
    assert len(world.results) == 4


def again(number: int) -> StepFinished:
    return step(call(str(number), "pure_allow"))


async def test_a_model_that_goes_in_circles_is_told_once_and_then_stopped() -> None:
    world = World([again(number) for number in range(20)])
    assert (await world.turn()).reason == "loop"
    assert world.ran == ["0", "1", "2", "3", "4"]
    assert [result.outcome for result in world.results] == ["ok"] * 5 + ["cancelled"]
    told = [part for part in world.histories[5][-1].parts if isinstance(part, Text)]
    assert [text.text for text in told] == [LOOPING.format(tools="pure_allow")]
    noticed = [event for event in world.recorded if isinstance(event, Noticed)]
    assert [(event.code, event.values) for event in noticed] == [("looping", {"tools": "pure_allow"})]


async def test_a_model_that_was_told_and_goes_another_way_is_not_stopped() -> None:
    world = World([*(again(number) for number in range(5)), LAST])
    assert (await world.turn()).reason == "end_turn"


async def test_who_stopped_a_loop_is_said_to_have_stopped_it() -> None:
    world = World([again(number) for number in range(20)], stop_after=3)
    assert (await world.turn()).reason == "cancelled"


@pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "refusal", "error", "loop"])
async def test_a_step_without_calls_ends_the_turn_for_its_reason(stop: StepStop) -> None:
    assert (await World([step(stop=stop)]).turn()).reason == stop


async def test_a_step_that_wants_tools_and_names_none_ends_the_turn() -> None:
    assert (await World([step(stop="tool_use")]).turn()).reason == "end_turn"


async def test_a_paused_step_is_sent_back_as_it_is() -> None:
    world = World([step(stop="pause"), LAST])
    assert (await world.turn()).reason == "end_turn"
    assert world.histories[1][-1] == step().message


async def test_a_step_without_words_is_no_message() -> None:
    world = World([step(text="", stop="pause"), LAST])
    await world.turn()
    assert [len(history) for history in world.histories] == [1, 1]


async def test_a_step_that_failed_ends_the_turn_with_its_code_and_values() -> None:
    finished = await World([failed("rate", retry_after=22, message="slow down")]).turn()
    assert (finished.reason, finished.error) == ("error", "rate")
    assert finished.values == {"model": "demo:m", "retry_after": 22, "message": "slow down"}


async def test_what_was_said_before_a_failure_is_kept() -> None:
    world = World([failed("cut", said="The beginning")])
    finished = await world.turn()
    said = [event.message.text for event in world.recorded if isinstance(event, StepFinished)]
    assert said == ["The beginning"]
    assert (finished.error, finished.values) == ("cut", {"model": "demo:m"})


async def test_a_failure_without_a_word_leaves_nothing_but_its_end() -> None:
    world = World([failed("key_missing", provider="demo")])
    await world.turn()
    assert [event.type for event in world.recorded] == ["TurnStarted", "TurnFinished"]


def test_a_step_that_failed_survives_being_written_down() -> None:
    fault = failed("rate", said="Loo", retry_after=2.5)
    assert StepFailed.model_validate_json(fault.model_dump_json()) == fault


async def test_what_people_say_to_a_running_turn_is_told_with_the_next_request() -> None:
    world = World([step(call("a")), step(call("b"))], steers={1: (Text(text="No, this"),)})
    await world.turn()
    heard = [
        [part.text for part in history[-1].parts if isinstance(part, Text)] for history in world.histories
    ]
    assert heard == [["Go"], ["No, this"], []]
    assert world.histories[1][-1].parts[0] == world.results[0]


async def test_what_is_said_before_the_first_request_joins_the_prompt() -> None:
    world = World([LAST], steers={0: (Text(text="!"),)})
    await world.turn()
    assert [message.text for message in world.histories[0]] == ["Go!"]


async def test_what_is_said_after_a_paused_step_is_a_message_of_its_own() -> None:
    world = World([step(stop="pause"), LAST], steers={1: (Text(text="Hurry"),)})
    await world.turn()
    assert [message.role for message in world.histories[1]] == ["user", "assistant", "user"]


async def test_a_turn_that_takes_no_further_step_is_told_nothing_more() -> None:
    world = World([LAST], steers={1: (Text(text="Too late"),)})
    await world.turn()
    assert not any(isinstance(event, PromptSteered) for event in world.recorded)


async def test_calls_with_ids_that_were_used_before_are_kept_apart() -> None:
    log: list[Event] = []
    for _ in range(3):
        world = World([step(call("0"), call("0")), step(call("0"))])
        await world.turn(messages(log))
        log += world.recorded
    made = [made.id for message in messages(log) for made in message.calls]
    assert len(set(made)) == len(made) == 9
    assert made[0] == "0"


async def test_malformed_arguments_come_back_as_a_failed_result() -> None:
    bad = call("a").model_copy(update={"malformed": "{"})
    world = World([step(bad)])
    await world.turn()
    assert world.results[0].outcome == "failed"


async def test_a_tool_step_that_breaks_ends_the_turn_when_nothing_runs_any_more() -> None:
    world = World([step(call("a"), call("b"))])
    tool_step = world.tool_step

    async def breaking(call: ToolCall) -> ToolResult:
        if call.id == "a":
            raise Unavailable("database")
        return await tool_step(call)

    with pytest.raises(Unavailable):
        await run_turn(STARTED, (), replace(world.ports, tool_step=breaking))
    assert [result.call_id for result in world.results] == ["b"]


async def test_a_log_that_fails_at_the_end_is_not_taken_for_an_end() -> None:
    world = World([LAST])

    async def record(event: Event) -> None:
        if isinstance(event, TurnFinished):
            raise Unavailable("database")
        await world.record(event)

    with pytest.raises(Unavailable):
        await run_turn(STARTED, (), replace(world.ports, record=record))


@pytest.mark.parametrize(
    ("name", "answer", "outcome", "text", "reason"),
    [
        ("once_allow", None, "ok", "", "end_turn"),
        ("once_ask", "allow_once", "ok", "", "end_turn"),
        ("once_ask", "reject_once", "rejected", "Not run: it was not allowed.", "end_turn"),
        ("once_ask", None, "cancelled", NOT_RUN, "cancelled"),
        ("once_deny", None, "rejected", "Not allowed here: no_rule.", "end_turn"),
    ],
)
async def test_a_persons_own_call_goes_through_the_same_judge_and_asks_no_model(
    name: str, answer: Answer | None, outcome: str, text: str, reason: str
) -> None:
    world = World([LAST], answer=answer)
    started = STARTED.model_copy(update={"call": call("own", name)})
    finished = await run_turn(started, (), world.ports)
    [result] = world.results
    assert (result.outcome, result.text, finished.reason) == (outcome, text, reason)
    assert world.histories == []
    assert world.ran == (["own"] if outcome == "ok" else [])
