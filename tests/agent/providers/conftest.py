"""What all tests of providers stand on: a server that replays recorded exchanges."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.agent.providers.wires import PROVIDERS, Reached, connected
from tests.replay import Replay, replaying

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wire"


@pytest.fixture(scope="session")
def replay() -> Iterator[Replay]:
    with replaying(FIXTURES) as served:
        yield served


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reach(replay: Replay) -> AsyncIterator[dict[str, Reached]]:
    """Every provider, connected once to an address whose exchanges are replaced test by test."""
    async with AsyncExitStack() as stack:
        addresses = {name: replay.serve([]) for name in PROVIDERS}
        yield {
            name: Reached(replay, url, await stack.enter_async_context(connected(PROVIDERS[name], url)))
            for name, url in addresses.items()
        }
