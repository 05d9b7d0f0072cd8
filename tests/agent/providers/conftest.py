"""What all tests of providers stand on: a server that replays recorded exchanges."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.replay import Replay, replaying

FIXTURES = Path(__file__).parents[2] / "fixtures" / "wire"


@pytest.fixture(scope="session")
def replay() -> Iterator[Replay]:
    with replaying(FIXTURES) as served:
        yield served
