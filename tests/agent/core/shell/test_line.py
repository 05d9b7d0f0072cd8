from agent.core.shell import Command


def test_the_name_of_a_program_is_without_its_folder() -> None:
    assert Command(words=("/usr/bin/npm", "test")).name == "npm"
    assert Command(words=("$x",), unknown=(0,)).name == ""
    assert Command().name == ""


def test_words_are_certain_up_to_the_first_that_is_not() -> None:
    assert Command(words=("a", "$b", "c"), unknown=(1,)).certain == 1
    assert Command(words=("a", "b")).certain == 2
