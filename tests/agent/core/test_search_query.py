from hypothesis import given
from hypothesis import strategies as st

from agent.core.search_query import LONGEST_WORD, MOST_TERMS, folded, folded_words, parse, words

LETTERS = st.text(alphabet=st.characters(categories=("L", "N")), min_size=1)


def wanted(asked: str) -> list[str]:
    return [" ".join(term.words) + "*" * term.is_prefix for term in parse(asked).wanted]


def unwanted(asked: str) -> list[str]:
    return [" ".join(term.words) for term in parse(asked).unwanted]


def test_words_phrases_and_unwanted_words_are_told_apart() -> None:
    assert wanted('buy "fresh milk" mon') == ["buy", "fresh milk", "mon*"]
    assert unwanted('buy -beer -"dark rum"') == ["beer", "dark rum"]
    assert wanted('buy -beer -"dark rum"') == ["buy"]


def test_only_the_last_word_may_go_on_and_no_phrase_that_is_shut() -> None:
    assert wanted('"fresh milk"') == ["fresh milk"]
    assert wanted('"fresh mil') == ["fresh mil*"]
    assert wanted("milk -beer") == ["milk"]
    assert wanted("mil  ") == ["mil*"]


def test_what_stands_within_a_word_makes_a_phrase_of_it() -> None:
    assert wanted("src/app.py well-known") == ["src app py", "well known*"]
    assert wanted("read_file()") == ["read file*"]
    assert unwanted("well-known") == []


def test_what_says_nothing_is_no_error() -> None:
    for asked in ("", "  ", '"', '""', "-", '-"', "- -", "* ( ) : ^ ' \\ \0", "-“”", "🙂", "NEAR("):
        assert wanted(asked) in ([], ["near*"])


def test_case_accents_and_forms_do_not_matter() -> None:
    assert folded("Çelik") == folded("CELIK") == "celik"
    assert [word.text for word in words("e\u0301tude Ⅳ ½ ß")] == ["etude", "iv", "12", "ss"]


def test_each_letter_counts_where_nobody_leaves_gaps() -> None:
    assert [word.text for word in words("東京へ行くPython3")] == ["東", "京", "へ", "行", "く", "python3"]
    assert wanted("京へ") == ["京 へ*"]


def test_long_words_and_long_questions_are_cut() -> None:
    assert [len(word.text) for word in words("x" * 5000)] == [LONGEST_WORD]
    assert len(parse("word " * 500).wanted) == MOST_TERMS


@given(text=st.text())
def test_words_stand_where_they_say_and_hold_letters_alone(text: str) -> None:
    found = list(words(text))
    assert all(word.text.isalnum() and word.text == folded(text[word.start : word.end]) for word in found)
    assert [word.end for word in found[:-1]] <= [word.start for word in found[1:]]


@given(text=st.text() | st.text(st.characters(max_codepoint=127)))
def test_words_are_the_same_without_their_places(text: str) -> None:
    assert folded_words(text) == [word.text for word in words(text)]


@given(asked=st.text())
def test_anything_can_be_asked(asked: str) -> None:
    query = parse(asked)
    assert all(term.words and all(term.words) for term in (*query.wanted, *query.unwanted))


@given(word=LETTERS)
def test_a_word_is_found_by_itself(word: str) -> None:
    said = [found.text for found in words(word)]
    assert [text for term in parse(word).wanted for text in term.words] == said
