from pathlib import Path

import pytest

from agent.tooling import _plain_search


async def test_lines_are_printed_as_ripgrep_does(
    root: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    (root / "a.py").write_text("x\nHit\n")
    (root / "b.txt").write_text("hit")
    (root / "c.py").write_bytes(b"\0hit")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert await _plain_search.main("i", "hit", ".", "*.py") == 0
        assert await _plain_search.main("-", "hit", "b.txt", "") == 0
    assert capfdbinary.readouterr().out == b"a.py\x002:\nb.txt\x001:\n"


async def test_too_many_files_are_refused_before_half_of_them_are_searched(
    root: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (root / str(number)).write_text("hit")
    monkeypatch.setattr(_plain_search, "_MAX_FILES", 3)
    monkeypatch.chdir(root)
    assert await _plain_search.main("-", "hit", ".", "") == 2
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "There are too many files; search a folder further down.")


async def test_a_wrong_pattern_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert await _plain_search.main("-", "(", ".", "") == 2
    assert "regex parse error" in capfd.readouterr().err
