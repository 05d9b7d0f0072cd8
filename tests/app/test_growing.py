from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.growing import CHUNK, MIDDLE, TAIL, Blocks, Levels, chunks

LINES = st.sampled_from(
    [
        "",
        "   ",
        "a paragraph",
        "# heading",
        "- entry",
        "  more of the entry",
        "1. first",
        "1234567. far",
        "* other",
        "    indented",
        "> quoted",
        "```",
        "```python",
        "````",
        "~~~",
        "~~~ text",
        "``` not ` a fence",
        "| a | b |",
        "x\u2028y",
        "\f",
        "tab\there",
    ]
)
MARKDOWN = st.lists(LINES, max_size=40).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\n\n"]).map(lambda end: end.join(lines))
) | st.text(max_size=300)


def pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(places)]


def grown(parts: list[str]) -> Blocks:
    blocks = Blocks()
    for part in parts:
        blocks.add(part)
    return blocks


def boundaries(blocks: Blocks) -> list[int]:
    """Where the text is cut, without its beginning."""
    places: list[int] = []
    for block in [*blocks.settled, *blocks.finished]:
        places.append((places[-1] if places else 0) + len(block))
    return [place for place in places if place < len(blocks.text)]


@given(MARKDOWN, st.lists(st.integers(min_value=0), max_size=30))
def test_any_chunking_of_any_text_gives_the_same_blocks(text: str, cuts: list[int]) -> None:
    whole, cut = grown([text]), grown(pieces(text, cuts))
    assert cut.text == whole.text == text
    assert (cut.settled, cut.finished, cut.in_code) == (whole.settled, whole.finished, whole.in_code)


@given(MARKDOWN)
def test_a_boundary_is_at_the_beginning_of_a_line_that_is_not_indented(text: str) -> None:
    for place in boundaries(grown([text])):
        assert text[place - 1] == "\n"
        assert not text[place].isspace()


@given(st.lists(LINES.filter(lambda line: line != "    indented"), max_size=40).map("\n".join))
def test_a_boundary_is_never_inside_a_code_fence(text: str) -> None:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    fences = [token.map for token in MarkdownIt().parse(text) if token.type == "fence" and token.level == 0]
    for place in boundaries(grown([text])):
        line = starts.index(place)
        assert not any(first < line < end for first, end in filter(None, fences))


@given(MARKDOWN)
def test_a_finished_text_is_cut_into_chunks_that_make_it_up(text: str) -> None:
    assert "".join(chunks(text)) == text
    assert all(chunks(text))


def test_code_in_a_list_entry_does_not_end_the_list() -> None:
    text = "- entry\n\n  ```\n  code\n\n  more\n  ```\n  still the entry\n\nafter\n"
    blocks = grown(list(text))
    assert blocks.finished == [text.removesuffix("after\n")]


def test_an_open_fence_is_code_until_its_own_mark_closes_it() -> None:
    blocks = grown(["````md\n```\n\nnot the end\n```\n"])
    assert blocks.in_code
    assert not blocks.finished
    blocks.add("````\n")
    assert not blocks.in_code


def test_a_fence_without_an_end_costs_nothing_more_than_its_own_text() -> None:
    blocks = grown(["before\n\n", "```\n", "x\n" * 5000])
    assert blocks.in_code
    assert blocks.finished == ["before\n\n"]


def test_finished_blocks_settle_into_chunks_of_some_size() -> None:
    blocks = grown([f"paragraph {number}\n\n" for number in range(2000)])
    assert all(CHUNK < len(chunk) < 2 * CHUNK for chunk in blocks.settled)
    assert sum(map(len, blocks.finished)) <= CHUNK


@given(st.lists(st.text(max_size=400), max_size=60))
def test_levels_are_the_text_they_were_given(texts: list[str]) -> None:
    levels = Levels()
    for text in texts:
        levels.add(text)
    assert levels.head + levels.middle + levels.tail == "".join(texts)
    assert len(levels) == len("".join(texts))
    assert len(levels.tail) <= TAIL
    assert len(levels.middle) <= MIDDLE
    levels.clear()
    assert len(levels) == 0


def test_sending_a_long_text_piece_by_piece_costs_little_more_than_the_text() -> None:
    levels, total, sent = Levels(), 200_000, 0
    piece = "x" * 32  # what a flush brings at a thousand tokens a second
    before = ("", "", "")
    for _ in range(total // len(piece)):
        levels.add(piece)
        now = (levels.head, levels.middle, levels.tail)
        sent += sum(len(new) for new, old in zip(now, before, strict=True) if new != old)
        before = now
    assert sent < 40 * total
