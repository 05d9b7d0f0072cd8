"""The agent without its engine."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
from sqlalchemy import QueuePool

from agent import accounts, providers
from agent.config import Settings
from agent.core.identity import User
from agent.store.engine import connect, disconnect


@pytest.fixture
async def quiet(settings: Settings) -> AsyncIterator[User]:
    """The owner, where nothing runs by itself."""
    database = connect(settings.database)
    yield await accounts.local_owner()
    await providers.close()
    async with asyncio.timeout(10):
        while cast("QueuePool", database.pool).checkedout():  # noqa: ASYNC110  what was cancelled still reads
            await asyncio.sleep(0.01)
    await disconnect()
