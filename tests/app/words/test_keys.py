from itertools import chain

from app.words.keys import LETTERS, SHORTCUTS, TAKEN


def test_no_keys_do_two_things() -> None:
    keys = [one.keys for one in chain(SHORTCUTS.values(), LETTERS.values())]
    assert len(keys) == len({*keys})


def test_nothing_is_taken_from_the_browser() -> None:
    assert not {one.keys for one in SHORTCUTS.values()} & {*TAKEN.split()}


def test_a_letter_alone_is_for_questions_only() -> None:
    assert all(len(one.keys) == 1 for one in LETTERS.values())
    assert all(len(one.keys) > 1 for one in SHORTCUTS.values())
