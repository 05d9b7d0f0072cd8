import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import Invalid, ProviderError, Unavailable
from agent.core.events import (
    ApprovalGiven,
    Event,
    StepFinished,
    StepStop,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.history import messages
from agent.core.messages import Message, Text, ToolCall, ToolResult
from agent.core.policy import Answer, Decision, Judgement
from agent.core.tools import Effect
from agent.loop import Ports, run_turn

STARTED = TurnStarted(turn_id="t", prompt=(Text(text="Go"),), model="demo:m", mode="ask")
Act = StepFinished | Exception


def call(call_id: str, name: str = "pure_allow") -> ToolCall:
    return ToolCall(id=call_id, name=name, arguments={})


def step(*calls: ToolCall, stop: StepStop = "tool_use", text: str = "Look") -> StepFinished:
    words = (Text(text=text),) if text else ()
    return StepFinished(message=Message(role="assistant", parts=(*words, *calls)), stop=stop)


LAST = step(stop="end_turn", text="Done")


@dataclass
class World:
    """What the loop finds outside: steps to play, tools whose name says their effect and decision."""

    acts: Sequence[Act]
    answer: Answer | None = "allow_once"
    note: str = ""
    stop_after: int = 10**6
    """The person interrupts after this many calls of a port."""
    tool: Callable[[ToolCall], ToolResult] | None = None
    recorded: list[Event] = field(default_factory=list)
    histories: list[list[Message]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    ticks: int = 0

    def is_stopped(self) -> bool:
        self.ticks += 1
        return self.ticks > self.stop_after

    async def model_step(self, number: int, history: Sequence[Message]) -> StepFinished:
        self.histories.append(list(history))
        await asyncio.sleep(0)
        if self.is_stopped():
            return step(stop="cancelled", text="Loo")
        act = self.acts[number] if number < len(self.acts) else LAST
        if isinstance(act, Exception):
            raise act
        return act

    async def tool_step(self, call: ToolCall) -> ToolResult:
        self.ran.append(call.id)
        await asyncio.sleep(0)
        if self.is_stopped():
            return ToolResult(call_id=call.id, outcome="cancelled", text="")
        if self.tool:
            return self.tool(call)
        outcome = "failed" if call.malformed else "ok"
        return ToolResult(call_id=call.id, outcome=outcome, text=call.malformed)

    async def question(self, call: ToolCall, reason: str) -> ApprovalGiven | None:
        self.asked.append((call.id, reason))
        await asyncio.sleep(0)
        if self.answer is None or self.is_stopped():
            return None
        return ApprovalGiven(turn_id="t", approval_id="a", answer=self.answer, by="me", note=self.note)

    def judge(self, call: ToolCall) -> Judgement:
        decision: Decision = next(word for word in ("allow", "ask", "deny") if call.name.endswith(word))
        return Judgement(decision=decision, reason="no_rule")

    def effect(self, name: str) -> Effect:
        return "pure" if name.startswith("pure") else "once"

    async def record(self, event: Event) -> None:
        await asyncio.sleep(0)
        self.recorded.append(event)

    @property
    def ports(self) -> Ports:
        return Ports(self.model_step, self.tool_step, self.question, self.judge, self.effect, self.record)

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
    scripted_steps | st.sampled_from([ProviderError("rate"), ProviderError("cut"), Invalid("key_missing")]),
    max_size=5,
)
answers = st.sampled_from(["allow_once", "allow_always", "reject_once", "reject_always", None])


@given(scripts, answers, st.integers(0, 20), st.integers(0, 4))
async def test_before_each_model_request_every_call_has_exactly_one_result(
    acts: list[Act], answer: Answer | None, stop_after: int, max_steps: int
) -> None:
    log: list[Event] = []
    for _ in range(3):
        world = World(acts, answer=answer, stop_after=stop_after)
        await world.turn(messages(log), max_steps)
        log += world.recorded
        for history in world.histories:
            assert_calls_have_one_result(history)
    assert_calls_have_one_result(messages(log))


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
    ports = Ports(world.model_step, tool_step, world.question, world.judge, world.effect, world.record)
    finished = await run_turn(STARTED, (), ports)
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


@pytest.mark.parametrize("stop", ["end_turn", "max_tokens", "refusal", "error"])
async def test_a_step_without_calls_ends_the_turn_for_its_reason(stop: StepStop) -> None:
    assert (await World([step(stop=stop)]).turn()).reason == stop


async def test_a_step_that_wants_tools_and_names_none_ends_the_turn() -> None:
    assert (await World([step(stop="tool_use")]).turn()).reason == "end_turn"


async def test_a_paused_step_is_sent_back_as_it_is() -> None:
    world = World([step(stop="pause"), LAST])
    assert (await world.turn()).reason == "end_turn"
    assert world.histories[1][-1] == step().message


async def test_a_step_without_words_is_not_recorded() -> None:
    world = World([step(text="", stop="end_turn")])
    await world.turn()
    assert [event.type for event in world.recorded] == ["TurnStarted", "TurnFinished"]


async def test_a_provider_that_fails_ends_the_turn_with_its_words() -> None:
    finished = await World([ProviderError("rate", "slow down", retry_after=22)]).turn()
    assert (finished.reason, finished.error) == ("error", "rate")
    assert finished.values == {"model": "demo:m", "retry_after": 22, "message": "slow down"}


async def test_a_missing_key_ends_the_turn_with_its_code() -> None:
    finished = await World([Invalid("key_missing", provider="demo")]).turn()
    assert (finished.error, finished.values) == ("key_missing", {"model": "demo:m", "provider": "demo"})


async def test_ids_that_were_used_before_are_renamed() -> None:
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


async def test_a_log_that_fails_ends_the_turn_when_nothing_runs_any_more() -> None:
    world = World([step(call("a"), call("b"))])
    left = asyncio.Event()

    async def record(event: Event) -> None:
        if isinstance(event, ToolCallStarted) and event.call.id == "a":
            raise Unavailable("database")
        if isinstance(event, ToolCallFinished):
            left.set()
        await world.record(event)

    ports = Ports(world.model_step, world.tool_step, world.question, world.judge, world.effect, record)
    with pytest.raises(Unavailable):
        await run_turn(STARTED, (), ports)
    assert left.is_set()
    assert world.ran == ["b"]
