"""Sessions to speak with."""

import pytest

from agent import providers, sessions
from agent.core.identity import Session, User
from tests.agent.sessions.puppet import Puppet


@pytest.fixture
async def session(owner: User) -> Session:
    """A session with the demo model."""
    return await sessions.create(owner, model="demo:scripted")


@pytest.fixture
def puppet(monkeypatch: pytest.MonkeyPatch) -> Puppet:
    """A provider of the test's own."""
    puppet = Puppet()
    monkeypatch.setitem(providers.plug_ins(), "puppet", puppet)
    return puppet
