"""What a command must be able to do, in each backend; a sandbox that refuses everything is easily made."""

import pytest

from agent.tooling import sandbox
from tests.escapes.field import Field
from tests.escapes.trying import CONFINED, PATIENCE
from tests.escapes.uses import USES, Use

pytestmark = pytest.mark.unprivileged
HERE = [pytest.param(use, id=name) for name, use in USES.items() if use.is_at_hand]
QUICK = sandbox.Limits(wall=PATIENCE)


async def last_word(line: str, field: Field, backend: str) -> str:
    confinement = sandbox.Confinement(workspace=field.workspace, limits=QUICK)
    output, _ = await sandbox.run(line, confinement, backend=backend)
    return (output.decode().splitlines() or [""])[-1].strip()


@pytest.mark.parametrize("backend", CONFINED)
@pytest.mark.parametrize("use", HERE)
async def test_a_command_can(use: Use, backend: str, field: Field) -> None:
    said = await last_word(use.line, field, backend)
    assert (said == use.says) is (backend != use.limited), said
    assert field.changes() == []


@pytest.mark.parametrize("use", HERE)
async def test_a_command_that_is_bypassed_can(use: Use, field: Field) -> None:
    assert await last_word(use.line, field, "bypassed") == use.says


@pytest.mark.parametrize("backend", CONFINED)
async def test_git_knows_who_commits(backend: str, field: Field) -> None:
    said = await last_word("git commit --allow-empty -qm Mine && git log -1 --format=%an", field, backend)
    assert said == "Maestro"
