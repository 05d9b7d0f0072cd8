"""The real server, once for all tests of a worker that do not end it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.app.serving import Server, serving


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def api(server: Server) -> Iterator[httpx2.Client]:
    """The API with the owner's token."""
    with server.client() as client:
        yield client


@pytest.fixture
def stranger(server: Server) -> Iterator[httpx2.Client]:
    """Somebody nobody knows."""
    with server.stranger() as client:
        yield client


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"
