"""How much a folder has grown."""

from pathlib import Path

import pytest

from agent.tooling.sandbox.inside import measuring
from agent.tooling.sandbox.inside.measuring import Gauge, sizes


def test_what_lay_there_before_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"x" * (1 << 20))
    gauge = Gauge(str(tmp_path), 1 << 19, 10)
    gauge.measure()
    assert (gauge.is_full, gauge.is_nearly_full, gauge.is_due) == (False, False, False)
    (tmp_path / "new").write_bytes(b"x" * (3 << 17))
    gauge.measure(at_once=True)
    assert (gauge.is_full, gauge.is_nearly_full) == (False, True)
    (tmp_path / "more").write_bytes(b"x" * (1 << 18))
    gauge.measure(at_once=True)
    assert gauge.is_full


def test_many_small_files_fill_a_folder_too(tmp_path: Path) -> None:
    gauge = Gauge(str(tmp_path), 1 << 30, 10)
    gauge.measure()
    for number in range(11):
        (tmp_path / str(number)).touch()
    gauge.measure(at_once=True)
    assert gauge.is_full


def test_a_large_folder_is_measured_in_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "file").touch()
    gauge = Gauge(str(tmp_path), 1 << 30, 1)
    monkeypatch.setattr(measuring, "_SLICE", -1.0)
    gauge.measure()
    assert gauge.is_due
    gauge.measure(at_once=True)
    assert not gauge.is_due


def test_links_lead_nowhere_and_closed_folders_hold_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    (tmp_path / "closed").mkdir(mode=0)
    *_, last = sizes(str(tmp_path))
    assert last.entries == 2
    assert [size.entries for size in sizes(str(tmp_path / "nothing"))] == [0]
    (tmp_path / "closed").chmod(0o700)
