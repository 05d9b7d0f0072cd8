"""Schemathesis over the OpenAPI document: no answer that it does not declare, and none that breaks."""

import random
from copy import deepcopy
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.app.documented import document
from tests.app.serving import Server
from tests.isolation.people import Person, furnish, person
from tests.isolation.routes import NAMES

DOCUMENT = schemathesis.openapi.from_dict(deepcopy(document()))
STREAM = "GET /sessions/{session_id}/events"
"""Never ends; what it answers has tests of its own."""
READ: list[Any] = [*DOCUMENT.get_all_operations()]
OPERATIONS = {found.ok().label: found.ok() for found in READ if found.ok().label != STREAM}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12


@pytest.fixture(scope="module")
def somebody(server: Server) -> Person:
    return furnish(person(server))


@pytest.mark.parametrize("label", OPERATIONS)
def test_what_is_answered_is_what_the_document_says(somebody: Person, label: str, rng: random.Random) -> None:
    session = requests.Session()
    session.headers["authorization"] = f"Bearer {somebody.token}"
    base = f"{somebody.server.url}/api/v1"

    @hypothesis.seed(rng.randrange(2**32))
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(OPERATIONS[label].as_strategy(), booleans())
    def sent(case: Any, is_real: bool) -> None:  # noqa: FBT001  as it is drawn
        if is_real:
            known = {**somebody.owns, **NAMES}
            meant = {name: known[name] for name in case.path_parameters or {} if name in known}
            case.path_parameters.update(meant)
        case.call_and_validate(base_url=base, session=session, checks=CHECKS)

    with session:
        sent()
