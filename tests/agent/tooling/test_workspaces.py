from pathlib import Path

import pytest

from agent.core.errors import Invalid
from agent.tooling.workspaces import choose, discard, is_empty


def test_a_new_folder_is_private_and_found_again(tmp_path: Path) -> None:
    folder = choose(tmp_path, (), "s1", None)
    assert folder == tmp_path / "workspaces" / "s1"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert choose(tmp_path, (), "s1", "") == folder


def test_a_folder_under_a_root_may_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "code" / "site").mkdir(parents=True)
    (tmp_path / "code" / "x").mkdir()
    wanted = str(tmp_path / "code" / "x" / ".." / "site")
    assert choose(tmp_path / "data", (tmp_path / "code",), "s1", wanted) == tmp_path / "code" / "site"


@pytest.mark.parametrize(
    "wanted", ["{tmp}", "/etc", "{tmp}/code/link", "{tmp}/code/../other", "\0", "~nobody-here/x"]
)
def test_a_folder_outside_the_roots_is_refused(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "link").symlink_to("/etc")
    with pytest.raises(Invalid) as caught:
        choose(tmp_path / "data", (tmp_path / "code",), "s1", wanted.format(tmp=tmp_path))
    assert caught.value.code == "workspace_outside_roots"


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid) as caught:
        choose(tmp_path / "data", (tmp_path,), "s1", str(tmp_path / name))
    assert caught.value.code == "no_such_workspace"


def test_a_folder_of_its_own_is_discarded_and_a_chosen_one_stays(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    own = choose(tmp_path, (), "s1", None)
    (own / "closed").mkdir(mode=0)
    (own / "out").symlink_to(tmp_path / "code")
    assert choose(tmp_path, (tmp_path,), "s2", str(tmp_path / "code"))
    for session_id in ("s1", "s2", "s3"):
        discard(tmp_path, session_id)
    assert not own.exists()
    assert (tmp_path / "code").is_dir()


def test_a_workspace_is_empty_until_something_lies_in_it(tmp_path: Path) -> None:
    assert is_empty(tmp_path, "s")
    folder = choose(tmp_path, [], "s", None)
    assert is_empty(tmp_path, "s")
    (folder / "a.txt").touch()
    assert not is_empty(tmp_path, "s")
