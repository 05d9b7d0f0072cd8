import re
import time

import pytest

from agent.core.globs import MAX_PATTERN, alternatives, expression


def matches(pattern: str, path: str) -> bool:
    return re.fullmatch(expression(pattern), path, re.DOTALL) is not None


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("*.py", "a/b/c.py"),
        ("/*.py", "c.py"),
        ("a/**", "a/b/c"),
        ("a/**/c", "a/c"),
        ("a/**/c", "a/x/y/c"),
        ("**/b/*.c", "b/x.c"),
        ("**/b/**/c/d", "a/b/c/c/d"),
        ("**", "a/b"),
        ("**/**/a", "a"),
        ("a**b", "axxb"),
        ("x*y*z", "xyz"),
        ("?", "é"),
        ("*", "a\nb"),
        ("[]a]", "]"),
        ("[!]a]", "b"),
        ("[^a-c]", "d"),
        ("[[:digit:][:upper:]-]x", "-x"),
        (r"[\]]", "]"),
        ("[a-]", "-"),
        (r"\*", "*"),
        ("{a}", "{a}"),
        (".*", ".git"),
    ],
)
def test_a_pattern_matches(pattern: str, path: str) -> None:
    assert matches(pattern, path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/*.py", "a/c.py"),
        ("src/*.py", "a/src/c.py"),
        ("src/*.py", "src/a/c.py"),
        ("a/**", "a"),
        ("a/**/c", "ac"),
        ("a**/b", "a/x/b"),
        ("a?b", "a/b"),
        ("a[!x]b", "a/b"),
        ("[b-a]", "b"),
        ("*a", "ab"),
        ("x*yy*z", "xyz"),
        (r"\*", "a"),
    ],
)
def test_a_pattern_does_not_match(pattern: str, path: str) -> None:
    assert not matches(pattern, path)


@pytest.mark.parametrize("pattern", ["", "a//b", "a[b", "a\\", "[[:vowel:]]", "x" * (MAX_PATTERN + 1)])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        expression(pattern)


def test_no_pattern_takes_long() -> None:
    before = time.process_time()
    for pattern, path in (
        ("*a" * 400 + "b", "a" * 255),
        ("a*" * 400 + "b", "a" * 4000),
        ("*?" * 400 + "b", "a" * 4000),
        ("**/a/" * 150 + "b", "a/" * 2000 + "c"),
        ("**/*a*a*a/" * 90 + "b", "aaaa/" * 800 + "c"),
        ("*[!b]*" * 100 + "b", "a" * 4000),
    ):
        assert not matches(pattern, path)
    assert time.process_time() - before < 3


def test_braces_are_written_out() -> None:
    assert sorted(alternatives("{a,b}.{c,d}")) == ["a.c", "a.d", "b.c", "b.d"]
    assert sorted(alternatives("{a,{b,c}}")) == ["a", "a", "b", "c"]
    assert alternatives("{a}") == ["{a}"]
    assert len(alternatives("{a,b}" * 30)) < 200


def test_no_braces_take_long() -> None:
    before = time.process_time()
    alternatives("{" + "," * 100_000)
    alternatives("{" * 100_000 + ",")
    assert time.process_time() - before < 3
