from typing import get_args

import pytest

from agent.core.identity import Session
from agent.core.policy import Mode
from agent.sessions.turns.prompting import MODES, system_prompt
from agent.store.columns import now


@pytest.mark.parametrize("mode", get_args(Mode))
def test_the_model_is_told_where_it_works_and_what_holds(mode: Mode) -> None:
    session = Session(
        id="s",
        user_id="u",
        name="",
        model="m",
        mode=mode,
        workspace="/srv/here",
        last_seq=0,
        created_at=now(),
        updated_at=now(),
    )
    told = system_prompt(session)
    assert "Workspace: /srv/here" in told
    assert MODES[mode] in told
    assert system_prompt(session) == told
