"""One server for the folder, which counts its statements and can lose a check; and the people on it."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.app.serving import PATIENCE, Server, serving
from tests.isolation.models import Told, model_server
from tests.isolation.people import SETTINGS, Person, furnish, person
from tests.servers import NO_TLS


@pytest.fixture(scope="session")
def models() -> Iterator[Told]:
    with model_server() as told:
        yield told


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, models: Told) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("isolation") / "data"
    settings = {**SETTINGS, "OPENAI_COMPATIBLE_BASE_URL": models.url}
    with serving(data, program="tests.isolation.program", **settings) as running:
        yield running


@pytest.fixture
def own(server: Server) -> Iterator[httpx2.Client]:
    """The tests' own addresses of the server."""
    with httpx2.Client(base_url=f"{server.url}/-/", timeout=PATIENCE, verify=NO_TLS) as client:
        yield client


@pytest.fixture(scope="session")
def listing(server: Server) -> dict[str, Any]:
    """The routes outside of the API, and the events of the pages."""
    return httpx2.get(f"{server.url}/-/listing", timeout=PATIENCE, verify=NO_TLS).json()


@pytest.fixture(scope="session")
def alice(server: Server) -> Person:
    """Who has one of everything."""
    return furnish(person(server))


@pytest.fixture(scope="session")
def bob(server: Server) -> Person:
    """Who has one of everything, too."""
    return furnish(person(server))
