"""Values of every kind, made by hypothesis."""

import math
from typing import Any

from hypothesis import strategies as st

from agent.core.events import (
    ApprovalGiven,
    ApprovalRequested,
    CheckpointRestored,
    CheckpointSaved,
    Compacted,
    Delta,
    Event,
    ModelSwitched,
    Noticed,
    PromptDropped,
    PromptQueued,
    PromptSteered,
    StepFinished,
    ToolCallFinished,
    ToolCallStarted,
    TurnFinished,
    TurnStarted,
)
from agent.core.messages import File, Message, Part, Text, Thinking, ToolCall, ToolResult, Unknown, Usage
from agent.core.policy import Rule

# Half characters are no JSON; the store replaces them, and has a test of it.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
name = st.text("abcdefghij_", min_size=1, max_size=8)
number = st.integers() | st.integers(-(10**40), 10**40)
# PostgreSQL keeps a number in full, so that a larger float comes back as a whole number of many digits.
fraction = st.floats(-(2.0**50), 2.0**50).filter(math.isfinite)
scalar = st.none() | st.booleans() | number | fraction | text


def _nested(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(children, max_size=3) | st.dictionaries(text, children, max_size=3)


json = st.recursive(scalar, _nested, max_leaves=8)
arguments = st.dictionaries(text, json, max_size=3)
count = st.integers(0, 2**53)

calls = st.builds(ToolCall, id=name, name=name, arguments=arguments, opaque=arguments, malformed=text)
files = st.builds(File, media_type=text, data=text, path=text, name=text)
texts = st.builds(Text, text=text, opaque=arguments)
results = st.builds(
    ToolResult,
    call_id=name,
    outcome=st.sampled_from(["ok", "failed", "rejected", "cancelled", "unknown"]),
    text=text,
    files=st.lists(files, max_size=1).map(tuple),
)
parts: st.SearchStrategy[Part] = (
    texts
    | st.builds(Thinking, text=text, opaque=arguments)
    | files
    | calls
    | results
    | st.builds(Unknown, opaque=arguments)
)
messages = st.builds(
    Message, role=st.sampled_from(["user", "assistant"]), parts=st.lists(parts, max_size=3).map(tuple)
)
usages = st.builds(
    Usage,
    input=count,
    cached=count,
    cache_written=count,
    output=count,
    reasoning=count,
    cost=st.none() | st.floats(0, 1e6),
)
rules = st.builds(
    Rule,
    tool=name,
    decision=st.sampled_from(["allow", "ask", "deny"]),
    arguments=st.none() | arguments,
)
prompts = st.lists(texts | files, min_size=1, max_size=3).map(tuple)
modes = st.sampled_from(["plan", "ask", "edit", "auto"])
answers = st.sampled_from(["allow_once", "allow_always", "reject_once", "reject_always"])

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(TurnStarted, turn_id=name, prompt=prompts, model=text, mode=modes),
    st.builds(
        StepFinished,
        turn_id=name,
        message=messages,
        usage=usages,
        stop=st.sampled_from(
            ["end_turn", "tool_use", "pause", "max_tokens", "refusal", "cancelled", "error"]
        ),
    ),
    st.builds(
        ToolCallStarted, turn_id=name, call=calls, effect=st.sampled_from(["pure", "idempotent", "once"])
    ),
    st.builds(ToolCallFinished, turn_id=name, result=results),
    st.builds(ApprovalRequested, turn_id=name, approval_id=name, call=calls, call_hash=text, reason=text),
    st.builds(
        ApprovalGiven,
        turn_id=name,
        approval_id=name,
        answer=answers,
        by=text,
        note=text,
        rule=st.none() | rules,
    ),
    st.builds(PromptQueued, turn_id=name, prompt_id=name, prompt=prompts, steers=st.booleans()),
    st.builds(PromptSteered, turn_id=name, prompt_id=name, prompt=prompts),
    st.builds(PromptDropped, turn_id=name, prompt_id=name),
    st.builds(ModelSwitched, turn_id=name, before=text, after=text, why=text),
    st.builds(Noticed, turn_id=name, code=text, values=arguments),
    st.builds(CheckpointSaved, turn_id=name, id=text),
    st.builds(CheckpointRestored, turn_id=name, id=text, seq=count),
    st.builds(Compacted, turn_id=name, before=count, after=count),
    st.builds(
        TurnFinished,
        turn_id=name,
        reason=st.sampled_from(
            ["end_turn", "max_tokens", "max_steps", "refusal", "loop", "cancelled", "error"]
        ),
        error=text,
        values=arguments,
    ),
)
deltas = st.builds(
    Delta,
    kind=st.sampled_from(["text", "thinking", "arguments", "output"]),
    text=text,
    call_id=st.none() | name,
)
"""As a provider yields them, without numbers."""
