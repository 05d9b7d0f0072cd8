import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.showing.changes import units
from app.showing.colours import LONGEST, PORTION, Inks, fenced, runs

LANGUAGES = st.sampled_from(["python", "bash", "html", "javascript", "diff", "json", "sql"])


def lengths(found: str) -> list[int]:
    return [int(re.sub(r"\D", "", run)) for run in found.split(",") if run]


def learnt(inks: Inks, text: str) -> str:
    inks.of(text)
    while inks.wants:
        inks.learn()
    return inks.of(text)


@given(LANGUAGES, st.text(max_size=200))
def test_colours_cover_the_code_and_nothing_else(language: str, code: str) -> None:
    found = runs(language, code)
    assert not found or sum(lengths(found)) == units(code.replace("\r\n", "\n").replace("\r", "\n"))
    assert re.fullmatch(r"(?:[a-z]?\d+(?:,[a-z]?\d+)*)?", found)


@given(st.text(st.sampled_from("`~\n >-1. \tpython<&é"), max_size=200))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert all(language and code for _, language, code in fenced(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("```python\nx\n```", [(1, "python", "x\n")]),
        ("1. Run:\n\n   ```sh\n   ls\n     -l\n   ```\n", [(3, "sh", "ls\n  -l\n")]),
        ("> ```js\n> f()\n> ```", [(1, "js", "f()\n")]),
        ("- ~~~~ Python title\n  ```\n  ~~~~", [(1, "python", "```\n")]),
        ("```\nno language\n```", []),
        ("```python\nnot closed", []),
        ("no code", []),
    ],
)
def test_blocks_are_found_with_their_lines(text: str, found: list[tuple[int, str, str]]) -> None:
    assert list(fenced(text)) == found


def test_colours_come_once_they_are_learnt() -> None:
    inks, text = Inks(), "Look:\n\n```python\nreturn 1\n```\n"
    assert inks.of(text) == ""
    assert inks.wants
    inks.learn()
    assert not inks.wants
    assert inks.of(text) == "3:k7,n2"


def test_what_one_tab_has_learnt_another_has_at_once() -> None:
    text = "```python\nreturn 'seen before'\n```\n"
    found, inks = learnt(Inks(), text), Inks()
    assert inks.of(text) == found != ""
    assert not inks.wants


def test_much_code_is_learnt_in_portions_the_newest_first() -> None:
    inks = Inks()
    texts = [f"```python\nreturn {n}  # {'x' * (LONGEST - 100)}\n```" for n in range(4)]
    for text in texts:
        inks.of(text)
    inks.learn()
    assert inks.wants
    assert not inks.of(texts[0])
    assert inks.of(texts[-1])
    assert PORTION < 4 * LONGEST
    assert all(learnt(inks, text) for text in texts)


def test_colours_of_texts_that_are_gone_are_forgotten() -> None:
    inks = Inks()
    gone, stays = (f"```python\nreturn {number}\n```" for number in (71, 72))
    found = [learnt(inks, text) for text in (gone, stays)]
    inks.keep([stays])
    assert [inks._found.get(text) for text in (gone, stays)] == [None, found[1]]
    assert not inks._learnt


def test_what_is_too_long_or_in_no_known_language_stays_plain() -> None:
    inks = Inks()
    assert learnt(inks, f"```python\n{'x = 1 ' * LONGEST}\n```") == ""
    assert learnt(inks, "```<script>\nx\n```") == ""
