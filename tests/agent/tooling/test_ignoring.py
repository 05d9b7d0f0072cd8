import random
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.tooling.ignoring import IGNORE_FILES, MAX_RULES, Ignored, Rules, matcher

SET_ASIDE = dict.fromkeys(
    ("igno-c39b51d05c", "igno-56f87385b2", "igno-f4a403fe25", "igno-55ea251f45"),
    "patterns are used as patterns; nothing here needs a list of the extensions they speak of",
)
ATOMS = ("a", "b", "*", "**", "?", "[ab]", "[!a]", "/", "a*", "\\a", "\\*", " ", "#", "!", "[[:alpha:]]")
NAMES = ("a", "b", "ab", "ba", "*", "a ", "#a", "!b", "]")


def test_a_nested_file_speaks_for_its_folder() -> None:
    texts = {".gitignore": "*.log\nbuild", "logs/.gitignore": "!keep.log"}
    ignored = Ignored(texts.get)
    assert ignored.has("a.log", is_folder=False)
    assert not ignored.has("logs/keep.log", is_folder=False)
    assert ignored.has("logs/other.log", is_folder=False)
    assert ignored.has("x/build/deep/file.txt", is_folder=False)


def test_the_ignore_file_wins_over_gits_own_exclusions() -> None:
    ignored = Ignored({".git/info/exclude": "*.tmp", ".gitignore": "!keep.tmp"}.get)
    assert ignored.has("a.tmp", is_folder=False)
    assert not ignored.has("keep.tmp", is_folder=False)


def test_rules_for_searches_win_over_gits_and_ours_over_all() -> None:
    texts = {".ignore": "*.lock\n!dist/", "sub/.gitignore": "!a.lock", ".gitignore": "dist/"}
    ignored = Ignored(texts.get, extra=["!b.lock", "/own/"])
    assert ignored.has("sub/a.lock", is_folder=False)
    assert not ignored.has("sub/b.lock", is_folder=False)
    assert not ignored.has("dist/a", is_folder=False)
    assert ignored.has("own/a", is_folder=False)
    assert not ignored.has("sub/own/a", is_folder=False)


def test_a_line_that_is_no_pattern_does_not_spoil_the_others() -> None:
    ignored = Ignored({".gitignore": "# note\n!\n///\n[a\nb\\\n[[:nothing:]]\n*.log\r\n"}.get)
    assert ignored.has("a.log", is_folder=False)
    assert not ignored.has("# note", is_folder=False)


def test_gits_folder_is_left_out_at_any_depth() -> None:
    ignored = Ignored({}.get)
    assert ignored.has("vendor/.git/config", is_folder=False)
    assert not ignored.has(".github/x.yml", is_folder=False)


def test_a_file_of_countless_rules_is_read_to_a_bound() -> None:
    rules = Rules(f"{number}.*" for number in range(MAX_RULES + 1))
    assert rules.verdict(f"{MAX_RULES - 1}.a", is_folder=False)
    assert rules.verdict(f"{MAX_RULES}.a", is_folder=False) is None


def test_a_very_deep_path_has_an_answer() -> None:
    ignored = Ignored({".gitignore": "deep"}.get)
    before = time.process_time()
    assert not ignored.has("a/" * 2000 + "b", is_folder=False)
    assert ignored.has("a/" * 2000 + "deep/b", is_folder=False)
    assert time.process_time() - before < 3


def test_a_pattern_without_a_slash_matches_at_any_depth() -> None:
    assert matcher("*.py")("a/b/c.py")
    assert not matcher("*.py")("a/b/c.pyc")
    assert not matcher("src/*.py")("a/src/c.py")
    assert matcher("./src/*.py")("src/c.py")


@pytest.mark.parametrize("pattern", ["", "/", "!", "!a", "[", "a\\", "a//b", "a" * 1001])
def test_what_is_no_pattern_raises_value_errors(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        matcher(pattern)


def put(root: Path, path: str, text: str) -> None:
    try:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
    except OSError:
        return  # something else of that name is there


def test_git_leaves_out_the_same(tmp_path: Path, rng: random.Random) -> None:
    if not shutil.which("git"):
        pytest.skip("git is not installed")

    def line() -> str:
        end = rng.choice(["", "", "/", "/**", " ", "\r"])
        pattern = "".join(rng.choices(ATOMS, k=rng.randint(1, 4)))
        # Of more stars behind something git makes what its manual does not say.
        return rng.choice(["", "", "!", "/"]) + re.sub(r"(?<=[^/*])\*{2,}|\*{3,}", "*", pattern) + end

    for number in range(15):
        root = tmp_path / str(number)
        subprocess.run(["git", "init", "--quiet", root], check=True)
        for _ in range(30):
            put(root, "/".join(rng.choices(NAMES, k=rng.randint(1, 4))), "")
        for path in (".gitignore", "a/.gitignore", ".git/info/exclude"):
            put(root, path, "\n".join(line() for _ in range(rng.randint(1, 3))))
        command = ["git", "-C", root, "ls-files", "-z", "--others", "--exclude-standard"]
        kept = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
        ignored = Ignored(lambda path, root=root: text(root / path))
        found = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
        ours = [str(path) for path in found if not ignored.has(str(path), is_folder=False)]
        assert sorted(ours) == sorted(kept), {
            path: text(root / path) for path in (".gitignore", "a/.gitignore")
        }


def text(file: Path) -> str:
    return file.read_bytes().decode() if file.is_file() else ""


def test_what_others_ignore_is_ignored(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    for row in cases("ignore.jsonl"):
        if row["id"] in SET_ASIDE:
            continue
        names = dict(zip(row.get("ignore_file_names", ()), IGNORE_FILES, strict=False))
        texts = {names.get(path, path): text for path, text in row["files"].items()}
        ignored = Ignored(texts.get, row["extra_patterns"])
        assert ignored.has(row["path"], is_folder=row["is_dir"]) == row["ignored"], (row["id"], row["title"])


def test_what_is_set_aside_is_there(cases: Callable[[str], list[dict[str, Any]]]) -> None:
    assert {row["id"] for row in cases("ignore.jsonl") if row["mode"] == "extensions"} == SET_ASIDE.keys()
