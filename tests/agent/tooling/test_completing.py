from pathlib import Path

from agent.tooling.completing import MOST_FOUND, best, completions
from agent.tooling.workspace import Workspace

PATHS = ["src/app.py", "src/words/app_words.py", "tests/test_app.py", "docs/a map.md", "happy/README.md"]


def test_a_name_that_begins_so_comes_first_then_one_that_holds_it_then_the_rest() -> None:
    assert best(PATHS, "app") == [
        "src/app.py",
        "src/words/app_words.py",
        "happy/",
        "tests/test_app.py",
        "happy/README.md",
    ]


def test_letters_may_leave_others_out_and_case_does_not_matter() -> None:
    assert best(PATHS, "TAP") == ["tests/test_app.py"]
    assert best(PATHS, "zebra") == []


def test_no_more_are_offered_than_one_can_look_at() -> None:
    assert len(best([f"a{number}" for number in range(100)], "a")) == MOST_FOUND


def test_a_path_that_could_not_be_written_is_not_offered() -> None:
    assert best(["a\nb", 'a"b', "ab"], "a") == ["ab"]


async def test_what_is_ignored_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    for name in (".gitignore", "app.py", "dist/app.js"):
        (tmp_path / name).write_text("dist/\n")
    async with Workspace(tmp_path) as files:
        assert await completions(files, "app") == ["app.py"]
