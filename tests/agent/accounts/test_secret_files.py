from pathlib import Path

import pytest

from agent.accounts.secret_files import read, write


def test_a_secret_is_read_as_it_was_written(tmp_path: Path) -> None:
    write(tmp_path / "new" / "secret", "sesame")
    assert read(tmp_path / "new" / "secret") == "sesame"
    assert (tmp_path / "new" / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644, 0o601])
def test_a_secret_others_could_read_is_none(tmp_path: Path, mode: int) -> None:
    write(tmp_path / "secret", "sesame")
    (tmp_path / "secret").chmod(mode)
    assert read(tmp_path / "secret") == ""


def test_no_file_is_no_secret(tmp_path: Path) -> None:
    assert read(tmp_path / "secret") == ""


def test_a_link_laid_in_wait_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("untouched")
    (tmp_path / "secret").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "secret", "sesame")
    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert not (tmp_path / "secret").is_symlink()
