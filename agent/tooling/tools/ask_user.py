"""Asks the person who follows the session, and waits for what they reply."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from agent.core.errors import ToolFailed
from agent.core.policy import Replies
from agent.tooling.declaration import tool


class Option(BaseModel):
    """A reply to choose."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(min_length=1, max_length=80, description="The reply in a few words.")
    description: str = Field(default="", max_length=300, description="What follows from it.")


class Question(BaseModel):
    """One question with its options."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=500, description="The whole question, ending in “?”.")
    options: Annotated[list[Option], Field(min_length=2, max_length=4)] = Field(
        description="Two to four different replies, the best first. The person may always use own words."
    )
    multiple: bool = Field(default=False, description="Whether several options may be chosen.")


@tool("think", effect="pure", asks="question")
async def ask_user(  # noqa: D417 (the model does not see replies)
    replies: Replies, questions: Annotated[list[Question], Field(min_length=1, max_length=4)]
) -> str:
    """Ask the person one to four questions and wait for their replies.

    Use it when the work could go in ways that differ, and neither the prompt nor the files tell which is
    meant. Do not ask what you can find out yourself, and do not ask for permission: a tool that needs it
    asks by itself. Ask everything you need at once.

    Args:
        questions: What you want to know.
    """
    if len(replies) != len(questions):
        raise ToolFailed("Nobody has replied to these questions.")
    return "\n\n".join(
        f"{asked.question}\n→ {'; '.join(reply)}" for asked, reply in zip(questions, replies, strict=True)
    )
