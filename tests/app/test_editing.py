from agent.core.commands import Prompt
from agent.core.messages import File, PromptPart, Text
from agent.core.transcript import prompt_text
from app.editing import edited, said_anew

ONE, OTHER = File(media_type="image/png", name="a.png"), File(media_type="text/plain", path="b.txt")
PARTS: tuple[PromptPart, ...] = (Text(text="Compare "), ONE, Text(text=" with "), OTHER)


def test_words_alone_are_replaced() -> None:
    assert edited([Text(text="old")], "new") == (Text(text="new"),)


def test_a_file_stays_while_the_words_name_it() -> None:
    assert edited(PARTS, "Compare [a.png]") == (Text(text="Compare "), ONE)
    assert edited(PARTS, prompt_text(PARTS)) == (Text(text="Compare  with "), ONE, OTHER)
    assert edited(PARTS, "[b.txt]") == (OTHER,)


def test_a_prompt_without_words_and_files_is_left_for_the_door_to_refuse() -> None:
    assert edited(PARTS, "") == (Text(text=""),)


def test_a_prompt_said_anew_keeps_the_files_its_words_name() -> None:
    picture = File(media_type="image/png", name="a.png")
    before = (Text(text="Look: "), picture)
    wanted = Prompt(parts=(Text(text="See [a.png] again"),))
    anew = said_anew(before, wanted)
    assert isinstance(anew, Prompt)
    assert anew.parts == (Text(text="See  again"), picture)
    assert said_anew(before, Prompt(parts=(Text(text="See"),))) == Prompt(parts=(Text(text="See"),))
