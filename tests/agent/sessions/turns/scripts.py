"""Turns of every kind."""

from collections.abc import Sequence

from agent.core.commands import Answer, Command, Interrupt, Prompt
from agent.core.errors import ProviderError
from agent.core.events import ApprovalRequested, Event, ToolCallStarted
from agent.core.messages import Text, ToolCall
from agent.core.policy import Answer as Word
from tests.agent.sessions.turns.world import Person, Script, call, says

DONE = says("Done")


def answers(word: Word, *before: Command) -> Person:
    """A person who says something when asked, then answers."""

    def acts(event: Event) -> Sequence[Command]:
        if isinstance(event, ApprovalRequested):
            return (*before, Answer(approval_id=event.approval_id, answer=word))
        return ()

    return acts


def replies(event: Event) -> Sequence[Command]:
    """A person who replies to a question and agrees to a plan."""
    if isinstance(event, ApprovalRequested):
        said = (("Blue",),) if event.reason == "question" else ()
        return (Answer(approval_id=event.approval_id, answer="allow_once", replies=said),)
    return ()


def stops(event: Event) -> Sequence[Command]:
    """A person who stops what would take for ever."""
    is_long = isinstance(event, ToolCallStarted) and str(event.call.arguments["what"]).startswith("forever")
    return (Interrupt(turn_id=event.turn_id),) if is_long else ()


ASK = ToolCall(
    id="ask",
    name="ask_user",
    arguments={
        "questions": [{"question": "Which colour?", "options": [{"label": "Blue"}, {"label": "Green"}]}]
    },
)
STEERS = Prompt(parts=(Text(text="And be quick"),), steers=True)
WRITE = says("I write", call("write", "letter"))

SCRIPTS = {
    "plain_answer": Script((DONE,)),
    "calls_side_by_side_and_one_once": Script(
        (
            says("I look", call("look", "here"), call("look", "there"), call("send", "parcel")),
            DONE,
        )
    ),
    "approval_given": Script((WRITE, DONE), answers("allow_once")),
    "approval_rejected": Script((WRITE, DONE), answers("reject_once")),
    "steering": Script(
        (WRITE, says("I hurry", call("turn_on", "lamp")), DONE), answers("allow_once", STEERS)
    ),
    "cancel": Script((says(call("send", "forever"), call("look", "after")),), stops),
    "provider_error": Script((says("I look", call("look", "here")), ProviderError("quota", "No more."))),
    "question": Script((says("I ask", ASK), says("I look", call("look", "here")), DONE), replies),
    "plan": Script(
        (
            says("I plan", ToolCall(id="enter", name="enter_plan_mode", arguments={})),
            says("My plan", ToolCall(id="exit", name="exit_plan_mode", arguments={"plan": "1. Write"})),
            WRITE,
            DONE,
        ),
        replies,
        mode="edit",
    ),
    "fallback": Script((says("I look", call("look", "here")), DONE), deputy="deputy"),
    "refused_by_mode": Script((WRITE, DONE), mode="plan"),
}

LONG = Script(
    (
        says("I look", call("look", "here"), call("look", "there"), call("send", "parcel")),
        says("I write", call("write", "letter"), call("write", "book")),
        says("I turn on", call("turn_on", "lamp"), call("send", "card")),
        DONE,
    ),
    answers("allow_once", STEERS),
)
"""Everything in one turn: tools of each effect, two questions, and two prompts that steer."""
