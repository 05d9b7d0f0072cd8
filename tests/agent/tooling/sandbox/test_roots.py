"""What of the machine a command may read."""

import os
from pathlib import Path

import pytest

from agent.tooling.sandbox import roots


def test_a_home_is_never_among_the_folders_with_programs() -> None:
    home = Path.home()
    assert not any(home.is_relative_to(folder) for folder in roots.programs() if folder != Path("/"))


def test_the_path_leads_to_folders_that_may_be_read() -> None:
    for folder in roots.path().split(os.pathsep)[3:]:
        assert any(Path(folder).is_relative_to(root) for root in roots.programs())


@pytest.mark.parametrize("prefix", ["/", "/opt", "/home", "/home/ada", "/home/ada/.local", "/home/ada/a/b"])
def test_what_holds_more_than_an_interpreter_stays_closed(prefix: str) -> None:
    assert not roots.is_apart(Path(prefix), Path("/home/ada"))
