"""Something that is stored."""

import pytest

from agent import sessions
from agent.core.identity import Session, User


@pytest.fixture
async def session(owner: User) -> Session:
    """A session."""
    return await sessions.create(owner, model="demo:scripted")
