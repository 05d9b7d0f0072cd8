"""Each attempt, confined by each backend: it is refused, and nothing outside is as it was not before."""

from importlib import import_module

import pytest

from tests.escapes.attempts import ATTEMPTS, THEMES, Attempt
from tests.escapes.field import Field
from tests.escapes.trying import CONFINED, RAW, tried

for theme in THEMES:
    import_module(f"tests.escapes.{theme}")

pytestmark = pytest.mark.unprivileged
EVERY = [pytest.param(attempt, id=name) for name, attempt in ATTEMPTS.items()]
REAL = [pytest.param(attempt, id=name) for name, attempt in ATTEMPTS.items() if not attempt.unreal]


@pytest.mark.parametrize("backend", CONFINED)
@pytest.mark.parametrize("attempt", EVERY)
async def test_s31_an_attempt_is_blocked(attempt: Attempt, backend: str, field: Field) -> None:
    found = await tried(attempt, field, backend)
    assert not found.is_broken, found.output
    if attempt.escapes(backend):
        assert found.escape, "it is blocked now: no longer a residual"
        return
    assert not found.escape, f"{attempt.severity}: {found.escape}\n{found.output}"
    assert not attempt.reasons or found.reason in attempt.reasons, found.output


@pytest.mark.parametrize("attempt", REAL)
async def test_an_attempt_succeeds_where_nothing_confines_it(attempt: Attempt, field: Field) -> None:
    found = await tried(attempt, field, RAW)
    assert found.escape, f"it proves nothing: {found.output}"


def test_there_are_enough_attempts_that_prove_something() -> None:
    assert len(REAL) >= 100
    assert {attempt.theme for attempt in ATTEMPTS.values()} == set(THEMES)


def test_what_landlock_leaves_is_known() -> None:
    left = {attempt.severity for attempt in ATTEMPTS.values() if attempt.residual}
    assert left <= {"low", "medium"}
    assert {attempt.residual for attempt in ATTEMPTS.values()} <= {"", "landlock"}
