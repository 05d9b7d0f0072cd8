from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    CheckpointSaved,
    Delta,
    Event,
    Live,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    Snapshot,
    StepFinished,
    StepStop,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
    TurnStop,
    joined,
)
from agent.core.messages import Message, Part, Text, Thinking, ToolCall, ToolResult, Usage
from agent.core.todos import Todo
from agent.core.transcript import MOST_OUTPUT, Cut, Row, fold
from agent.sessions import Before
from app import words
from app.view import TURN_ROWS, WINDOW, View

PROSE = st.sampled_from(["Hello", " world.\n\n", "```\ncode\n", "```\n", "- entry\n", "  more\n", "\n"])
PROMPT = (Text(text="Do it"),)


@dataclass
class Script:
    """Writes a session as a person's and a model's doings would leave it."""

    draw: st.DrawFn
    events: list[Event | Live] = field(default_factory=list)
    speaking: list[bool] = field(default_factory=list)
    """For each event, whether a step speaks after it."""
    queued: list[str] = field(default_factory=list)
    made: int = 0
    running: str = ""

    def name(self, kind: str) -> str:
        self.made += 1
        return f"{kind}-{self.made}"

    def tell(self, event: Event | Live, *, speaking: bool = False) -> None:
        self.events.append(event)
        self.speaking.append(speaking)
        if self.draw(st.integers(0, 9)) == 0:
            self.meanwhile(speaking=speaking)

    def meanwhile(self, *, speaking: bool) -> None:
        """Something that may happen at any time."""
        event: Event
        kinds = ["queue", "edit", "drop", "notice", "switch", "stop", "save"]
        match self.draw(st.sampled_from(kinds)):
            case "queue":
                self.queued.append(turn := self.name("turn"))
                event = PromptQueued(turn_id=turn, prompt_id=turn, prompt=PROMPT)
            case "edit" if self.queued:
                turn = self.draw(st.sampled_from(self.queued))
                event = PromptQueued(
                    turn_id=turn, prompt_id=turn, prompt=PROMPT, steers=self.draw(st.booleans())
                )
            case "stop":
                event = Noticed(turn_id=self.running, code="stopping")
            case "save":
                event = CheckpointSaved(id="c")
            case "drop" if self.queued:
                turn = self.queued.pop(self.draw(st.integers(0, len(self.queued) - 1)))
                event = PromptDropped(turn_id=turn, prompt_id=turn)
            case "switch":
                event = ModelSwitched(before="a:b", after="c:d", why="chosen")
            case _:
                event = Noticed(code="storage_waiting")
        self.events.append(event)
        self.speaking.append(speaking)

    def turn(self) -> None:
        self.running = turn = self.queued.pop(0) if self.queued else self.name("turn")
        self.tell(TurnStarted(turn_id=turn, prompt=PROMPT, model="demo:scripted", mode="ask"))
        for step in range(self.draw(st.integers(0, 3))):
            self.step(turn, step)
        if self.draw(st.booleans()):  # cut off in mid-answer
            self.say(turn, 9, 0, (Text(text=self.prose()),))
        reason: TurnStop = self.draw(st.sampled_from(["end_turn", "error", "cancelled", "max_tokens"]))
        self.tell(TurnFinished(turn_id=turn, reason=reason, error="cut" if reason == "error" else ""))
        if self.draw(st.integers(0, 9)) == 0 and not self.queued:
            self.tell(CheckpointRestored(id="c", seq=len(self.events)))

    def step(self, turn: str, step: int) -> None:
        if self.queued and self.draw(st.booleans()):
            self.tell(PromptSteered(turn_id=turn, prompt_id=self.queued.pop(), prompt=PROMPT))
        parts = self.draw(st.lists(st.sampled_from(["text", "thinking", "call"]), max_size=4).map(self.parts))
        for attempt in range(self.draw(st.integers(1, 2))):
            if attempt and self.draw(st.booleans()):
                self.tell(Noticed(turn_id=turn, code="restart"))
            self.say(turn, step, attempt, parts)
        stop: StepStop = "tool_use" if any(isinstance(part, ToolCall) for part in parts) else "end_turn"
        self.tell(StepFinished(turn_id=turn, message=Message(role="assistant", parts=parts), stop=stop))
        for part in parts:
            if isinstance(part, ToolCall):
                self.call(turn, part)

    def parts(self, kinds: list[str]) -> tuple[Part, ...]:
        made: dict[str, type[Text | Thinking]] = {"text": Text, "thinking": Thinking}
        return tuple(
            made[kind](text=self.prose())
            if kind in made
            else ToolCall(id=self.name("call"), name="grep", arguments={})
            for kind in kinds
        )

    def prose(self) -> str:
        return "".join(self.draw(st.lists(PROSE, max_size=6)))

    def say(self, turn: str, step: int, attempt: int, parts: tuple[Part, ...]) -> None:
        index = 0
        for part in parts:
            if not isinstance(part, Text | Thinking):
                continue
            kind = "text" if isinstance(part, Text) else "thinking"
            size = self.draw(st.integers(1, 9))
            for at in range(0, len(part.text), size):
                text = part.text[at : at + size]
                delta = Delta(kind=kind, text=text, turn_id=turn, step=step, attempt=attempt, index=index)
                self.tell(delta, speaking=True)
                index += 1

    def call(self, turn: str, call: ToolCall) -> None:
        if self.draw(st.booleans()):
            asked = self.name("approval")
            self.tell(
                ApprovalRequested(turn_id=turn, approval_id=asked, call=call, call_hash="", reason="no_rule")
            )
            self.tell(ApprovalGiven(turn_id=turn, approval_id=asked, answer="allow_once", by="You"))
        self.tell(ToolCallStarted(turn_id=turn, call=call, effect="pure"))
        self.tell(
            ToolCallFinished(turn_id=turn, result=ToolResult(call_id=call.id, outcome="ok", text="found"))
        )


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    script = Script(draw)
    for _ in range(draw(st.integers(1, 4))):
        script.turn()
    return script


def durable(events: list[Event | Live]) -> list[Event]:
    return [event for event in events if not isinstance(event, Delta | Snapshot)]


def seen(view: View) -> list[tuple[str, str]]:
    """What a person sees, from top to bottom."""
    rows = [(row.kind, row.title or row.text) for row in [*view.history, *view.turn]]
    return [*rows, *([("text", view.answer.text)] if view.answer.text else [])]


def viewed(events: list[Event | Live] | list[Event]) -> View:
    view = View(limit=10_000)
    for event in events:
        view.apply(event)
    return view


@given(scripts())
def test_each_row_stands_in_exactly_one_tier_at_any_time(script: Script) -> None:
    view = View(limit=10_000)
    for event in script.events:
        view.apply(event)
        rows: list[Row] = view.transcript.told
        tiers = [row.id for row in [*view.history, *view.turn]]
        if len(tiers) < len(rows):
            assert view.answer.text == rows[-1].text
            tiers.append(rows[-1].id)
        assert tiers == [row.id for row in rows]
        everything = [row.id for row in view.transcript.rows]
        assert everything == [*tiers, *(row.id for row in view.queued)]


@given(scripts())
def test_who_hears_every_word_sees_what_others_see_once_a_step_is_over(script: Script) -> None:
    view = View(limit=10_000)
    for number, (event, speaking) in enumerate(zip(script.events, script.speaking, strict=True)):
        view.apply(event)
        if not speaking:
            assert seen(view) == seen(viewed(durable(script.events[: number + 1])))
            assert not len(view.thinking)
    assert [row.id for row in view.transcript.rows] == [row.id for row in fold(script.events).rows]


@given(scripts(), st.integers(min_value=0))
def test_who_comes_late_sees_what_those_see_who_were_there(script: Script, when: int) -> None:
    at = when % (len(script.events) + 1)
    so_far = script.events[:at]
    speech = spoken(so_far)
    snapshot = (
        Snapshot(
            said=joined(speech), **speech[-1].model_dump(include={"turn_id", "step", "attempt", "index"})
        )
        if speech
        else None
    )
    late = viewed([*durable(so_far), *([snapshot] if snapshot else [])])
    present = viewed(so_far)
    assert seen(late) == seen(present)
    for event in script.events[at:]:
        late.apply(event)
        present.apply(event)
        assert seen(late) == seen(present)


def spoken(events: list[Event | Live]) -> list[Delta]:
    """The deltas of the attempt that speaks at the end."""
    speech: list[Delta] = []
    for event in events:
        if isinstance(event, Delta):
            speech = [*(speech if event.index else []), event]
        elif isinstance(event, StepFinished | TurnFinished) or is_restart(event):
            speech = []
    return speech


def is_restart(event: Event | Live) -> bool:
    return isinstance(event, Noticed) and event.code == "restart"


def finished(text: str, *calls: ToolCall, turn: str = "t") -> StepFinished:
    parts: tuple[Part, ...] = (Text(text=text), *calls)
    return StepFinished(turn_id=turn, message=Message(role="assistant", parts=parts), stop="end_turn")


@pytest.fixture
def view() -> View:
    view = View()
    view.apply(TurnStarted(turn_id="t", prompt=PROMPT, model="demo:scripted", mode="ask"))
    return view


def test_the_answer_stays_where_it_was_drawn_until_something_follows(view: View) -> None:
    for index, text in enumerate(("Hello", " world")):
        view.apply(Delta(kind="text", text=text, turn_id="t", index=index))
    drawn = view.answer
    view.apply(finished("Hello world"))
    view.apply(TurnFinished(turn_id="t", reason="end_turn"))
    assert view.answer is drawn
    assert [row.kind for row in view.turn] == ["user"]
    view.apply(TurnStarted(turn_id="u", prompt=PROMPT, model="demo:scripted", mode="ask"))
    assert not view.answer.text
    assert [row.kind for row in view.history] == ["user", "text"]
    assert [row.id for row in view.turn] == ["u"]


def test_an_answer_before_a_call_moves_to_its_place_above_the_call(view: View) -> None:
    view.apply(Delta(kind="text", text="Let me look.", turn_id="t"))
    view.apply(finished("Let me look.", ToolCall(id="c", name="grep", arguments={})))
    assert not view.answer.text
    assert [row.kind for row in view.turn] == ["user", "text", "tool"]


def test_a_new_attempt_drops_what_the_old_one_said(view: View) -> None:
    view.apply(Delta(kind="text", text="Hello wor", turn_id="t"))
    view.apply(Delta(kind="text", text="Hi", turn_id="t", attempt=1))
    assert view.answer.text == "Hi"


def test_what_is_older_never_replaces_what_is_newer(view: View) -> None:
    view.apply(Delta(kind="text", text="Hello", turn_id="t", attempt=1))
    view.apply(Delta(kind="text", text="Hel", turn_id="t"))
    assert view.answer.text == "Hello"
    view.apply(Snapshot(turn_id="t", attempt=1, index=3, said=joined([Delta(kind="text", text="Hello you")])))
    assert view.answer.text == "Hello you"
    view.apply(finished("Hello you"))
    view.apply(Delta(kind="text", text=" late", turn_id="t", attempt=1, index=4))
    assert view.answer.text == "Hello you"


def test_a_restart_is_told_and_drops_what_was_half_said(view: View) -> None:
    view.apply(Delta(kind="text", text="Hel", turn_id="t"))
    view.apply(Noticed(turn_id="t", code="restart"))
    assert [row.title for row in view.turn] == ["", "restart"]
    assert not view.answer.text
    assert view.is_working


def test_a_turn_that_shall_stop_says_so_until_it_has(view: View) -> None:
    view.apply(Noticed(turn_id="t", code="stopping"))
    assert (view.run_state, view.turn_id) == ("Stopping …", "t")
    view.apply(TurnFinished(turn_id="t", reason="cancelled"))
    assert (view.run_state, view.turn_id) == ("Idle", "")


def test_a_waiting_prompt_moves_into_the_turn_it_is_told_to(view: View) -> None:
    queued = PromptQueued(turn_id="u", prompt_id="u", prompt=PROMPT, steers=True)
    view.apply(queued)
    assert [(row.id, row.status) for row in view.queued] == [("u", "steering")]
    view.apply(finished("Look", ToolCall(id="c", name="grep", arguments={})))
    view.apply(PromptSteered(turn_id="t", prompt_id="u", prompt=PROMPT))
    assert view.queued == []
    assert [row.kind for row in view.turn] == ["user", "text", "tool", "user"]


def test_a_prompt_that_waits_leaves_the_answer_where_it_was_drawn(view: View) -> None:
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    drawn = view.answer
    view.apply(PromptQueued(turn_id="u", prompt_id="u", prompt=PROMPT))
    view.apply(finished("Hello"))
    view.apply(Noticed(turn_id="t", code="stopping"))
    assert view.answer is drawn


def test_a_turn_that_ends_in_mid_answer_leaves_nothing_half_said(view: View) -> None:
    view.apply(Delta(kind="thinking", text="Hm", turn_id="t"))
    view.apply(Delta(kind="text", text="Hello wor", turn_id="t"))
    view.apply(TurnFinished(turn_id="t", reason="error", error="cut"))
    assert not view.answer.text
    assert not len(view.thinking)
    assert [row.kind for row in view.turn] == ["user", "notice"]


def test_a_question_can_be_answered_however_many_calls_stand_beside_it(view: View) -> None:
    calls = [ToolCall(id=f"c{number}", name="write_file", arguments={}) for number in range(TURN_ROWS * 2)]
    view.apply(finished("", *calls))
    asked = ApprovalRequested(turn_id="t", approval_id="a", call=calls[0], call_hash="", reason="no_rule")
    view.apply(asked)
    assert [row.approval_id for row in view.asking] == ["a"]
    assert view.run_state == words.NEEDS_YOU
    view.apply(ApprovalGiven(turn_id="t", approval_id="a", answer="reject_once", by="You"))
    assert view.asking == []


def test_the_old_rows_of_a_long_turn_become_history(view: View) -> None:
    for number in range(TURN_ROWS * 3):
        call = ToolCall(id=f"c{number}", name="grep", arguments={})
        view.apply(finished("", call))
        view.apply(ToolCallFinished(result=ToolResult(call_id=call.id, outcome="ok", text="")))
    assert len(view.turn) <= TURN_ROWS + 1
    assert len(view.history) == WINDOW
    assert view.has_earlier


def test_the_run_state_says_what_is_going_on(view: View) -> None:
    assert view.is_working
    said = [view.run_state]
    for event in (
        Delta(kind="thinking", text="Hm", turn_id="t"),
        Delta(kind="text", text="Look", turn_id="t"),
        finished("Look", call := ToolCall(id="c", name="grep", arguments={})),
        ToolCallStarted(turn_id="t", call=call, effect="pure"),
        ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="ok", text="")),
        TurnFinished(turn_id="t", reason="end_turn"),
    ):
        view.apply(event)
        said.append(view.run_state)
    assert said == ["Thinking", "Thinking", "Answering", "Thinking", "Searching", "Thinking", "Idle"]
    assert not view.is_working


def test_the_run_state_names_a_provider_that_asked_for_a_pause_until_it_is_heard(view: View) -> None:
    retry = Noticed(turn_id="t", code="retry", values={"provider": "openai", "seconds": 8})
    view.apply(retry)
    assert view.run_state == "Waiting for OpenAI"
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    assert view.run_state == "Answering"


def test_what_goes_on_counts_from_its_beginning_and_a_question_counts_nothing(view: View) -> None:
    assert view.since == view.transcript.began.isoformat() if view.transcript.began else ""
    call = ToolCall(id="c", name="grep", arguments={})
    started = ToolCallStarted(turn_id="t", call=call, effect="pure")
    view.apply(started)
    assert view.since == started.at.isoformat()
    asked = ApprovalRequested(turn_id="t", approval_id="a", call=call, call_hash="", reason="no_rule")
    view.apply(asked)
    assert view.since == ""
    view.apply(TurnFinished(turn_id="t", reason="end_turn"))
    assert view.since == ""


def test_a_start_and_a_change_are_told_once(view: View) -> None:
    assert view.take_start()
    assert not view.take_start()
    view.apply(ApprovalGiven(turn_id="t", approval_id="a", answer="reject_once", by="You"))
    assert view.take_start(), "the session asks no longer"
    assert view.take_change()
    assert not view.take_change()
    view.apply(Delta(kind="text", text="Hi", turn_id="t"))
    assert not view.take_change()
    view.apply(finished("Hi"))
    assert view.take_change()


def test_an_answer_with_something_after_it_moves_even_when_the_last_part_is_empty(view: View) -> None:
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    parts: tuple[Part, ...] = (Text(text="Hello"), Thinking(text="Hm"), Text(text=""))
    view.apply(StepFinished(turn_id="t", message=Message(role="assistant", parts=parts), stop="end_turn"))
    assert [row.kind for row in view.turn] == ["user", "text", "thinking"]
    assert not view.answer.text


def test_what_a_running_call_writes_is_shown_beside_the_answer(view: View) -> None:
    said = {"turn_id": "t", "step": 1}
    view.apply(Delta(kind="output", text="first\n", call_id="c", **said))
    view.apply(Delta(kind="output", text="second\n", call_id="c", index=1, **said))
    assert view.output == "first\nsecond\n"
    view.apply(Delta(kind="output", text="other", call_id="d", index=2, **said))
    assert view.output == "other", "the newest call's alone"
    view.apply(ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="ok", text="")))
    assert view.output == "other"
    view.apply(ToolCallFinished(turn_id="t", result=ToolResult(call_id="d", outcome="ok", text="")))
    assert view.output == ""


def test_output_is_gone_when_the_model_speaks_or_the_turn_ends(view: View) -> None:
    for step, after in (
        (1, Delta(kind="text", text="Hi", turn_id="t", step=1, attempt=1)),
        (2, TurnFinished(turn_id="t", reason="cancelled")),
    ):
        view.apply(Delta(kind="output", text="x" * 9000, call_id="c", turn_id="t", step=step))
        assert len(view.output) == MOST_OUTPUT
        view.apply(after)
        assert view.output == ""


def test_that_jobs_may_have_changed_is_told_once(view: View) -> None:
    assert view.take_jobs()
    assert not view.take_jobs()
    view.apply(ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="ok", text="")))
    assert view.take_jobs()


async def test_colours_are_learnt_after_the_words_are_shown(view: View) -> None:
    view.apply(finished("```python\nreturn 7\n```", ToolCall(id="c", name="grep", arguments={})))
    assert [row.inks for row in view.drawing.rows(view.turn)][1] == [""]
    view.take_change()
    assert await view.learn_colours()
    assert view.take_change()
    assert [row.inks for row in view.drawing.rows(view.turn)][1] == ["1:k7,n2"]
    assert not await view.learn_colours()


def test_an_answer_that_stays_where_it_was_drawn_says_what_it_used(view: View) -> None:
    view.apply(Delta(kind="text", text="Hello", turn_id="t"))
    view.apply(finished("Hello").model_copy(update={"usage": Usage(input=3, output=2, cost=0.5)}))
    assert view.answer_end.spent == ""
    view.apply(TurnFinished(turn_id="t", reason="end_turn"))
    assert view.answer_end.spent.endswith("3 tokens read · 2 written · $0.50")
    assert view.spent == "$0.50"


def test_a_tab_that_is_open_for_long_remembers_no_more_than_it_shows() -> None:
    view = View()
    for number in range(WINDOW * 4):
        view.apply(TurnStarted(turn_id=f"{number}", prompt=PROMPT, model="demo:scripted", mode="ask"))
        view.apply(finished(f"```python\nreturn {number}\n```", turn=f"{number}"))
        view.drawing.rows([*view.history, *view.turn])
    shown = {row.id for row in [*view.history, *view.turn]}
    assert view.drawing._made.keys() <= shown
    assert len(view.drawing.inks._wanted) <= len(shown)


def test_what_is_left_out_is_known_by_what_it_comes_to() -> None:
    view = View(cut=Cut(seq=9))
    view.apply(finished("Hello"))
    view.know(Before(usage=Usage(input=5, cost=0.0), todos=(Todo(content="Test it", status="pending"),)))
    assert view.transcript.usage.input == 5
    assert [todo.content for todo in view.todos] == ["Test it"]
    assert view.has_earlier


def test_a_list_that_was_emptied_stays_empty() -> None:
    view = View(cut=Cut(seq=9))
    call = ToolCall(id="c", name="todo", arguments={"items": []})
    view.apply(ToolCallStarted(turn_id="t", call=call, effect="idempotent"))
    view.apply(ToolCallFinished(turn_id="t", result=ToolResult(call_id="c", outcome="ok", text="")))
    view.know(Before(usage=Usage(cost=0.0), todos=(Todo(content="Test it", status="pending"),)))
    assert view.todos == ()
