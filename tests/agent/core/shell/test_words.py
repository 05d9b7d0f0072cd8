import pytest

from agent.core.shell.words import NotUnderstood, Word, check_expansion, computes, read, read_document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a'b c'\"d e\"f\\ g", "ab cd ef g"),
        ('"a\\"b\\$c\\`d\\\\e\\f"', 'a"b$c`d\\e\\f'),
        ("'a\\'", "a\\"),
        ("a\\\nb", "ab"),
        ('"a\\\nb"', "ab"),
        ("$'a'", "a"),
        ("a~b", "a~b"),
        ("a{b}", "a{b}"),
        ("$", "$"),
        ('"$"', "$"),
        ("a#b", "a#b"),
        ("''", ""),
    ],
)
def test_quotes_are_read_as_bash_reads_them(text: str, value: str) -> None:
    assert read(text, {}) == Word(value, is_certain=True)


@pytest.mark.parametrize("text", ["a*", "?", "[a]", "~", "a:~", "{a,b}", "{1..2}", "$'\\n'"])
def test_what_the_shell_makes_something_else_of_is_not_certain(text: str) -> None:
    assert read(text, {}) == Word(text, is_certain=False)


@pytest.mark.parametrize(
    "text",
    [
        "a b",
        "a;b",
        "a|b",
        "a&b",
        "a>b",
        "a\nb",
        "(a",
        "#a",
        "'a",
        '"a',
        '$"a"',
        "a\\",
        "$x",
        "`a`",
        '"$(a)"',
        "<(a)",
    ],
)
def test_more_than_a_word_or_code_nobody_saw_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(text, {})


def test_code_the_grammar_saw_elsewhere_is_refused() -> None:
    assert not read("a$x", {1: 3}).is_certain
    with pytest.raises(NotUnderstood):
        read("a$x", {1: 3, 2: 3})
    with pytest.raises(NotUnderstood):
        read("'$x'", {1: 3})


def test_a_document_hides_no_code() -> None:
    read_document("it's \\$x \\`a\\` $y $ \"", {15: 17})
    with pytest.raises(NotUnderstood):
        read_document("`a`", {})


@pytest.mark.parametrize(
    "text", ["${x}", "${#x}", "${x:-a b}", "${x##*.}", "${x%%/*}", "${x//a/b}", "${@}", "${1}"]
)
def test_an_expansion_may_read_a_variable(text: str) -> None:
    check_expansion(text, {})


@pytest.mark.parametrize(
    "text",
    [
        "${x@P}",
        "${!x}",
        "${x:=a}",
        "${x=a}",
        "${x[1]}",
        "${x:1}",
        "${x:-`a`}",
        "${x:-$(a)}",
        "${x:-'}",
        "${}",
    ],
)
def test_an_expansion_may_not_do_more(text: str) -> None:
    with pytest.raises(NotUnderstood):
        check_expansion(text, {})


def test_arithmetic_with_variables_computes() -> None:
    assert not computes("$((1 + (2 << 3)))")
    assert computes("$((x))")
    assert computes("$((1 + $x))")
    for text in ("$((a) | (b))", "$((a[1]))", "$((`a`))", "$((a);b)"):
        with pytest.raises(NotUnderstood):
            computes(text)
