from app.drawer.output import MOST_PAGES, PAGE, paged


def test_pages_come_one_after_the_other_and_make_up_the_text() -> None:
    text = "".join(f"{number:09}\n" for number in range(PAGE // 5))
    assert [len(paged(text, pages).pages) for pages in (1, 2, 3)] == [1, 2, 2]
    assert (paged(text, 1).has_more, paged(text, 2).has_more) == (True, False)
    assert "".join(paged(text, 2).pages) == text


def test_there_is_an_end_to_what_is_shown() -> None:
    found = paged("x" * PAGE * (MOST_PAGES + 1), MOST_PAGES + 5)
    assert (len(found.pages), found.has_more, found.is_cut) == (MOST_PAGES, False, True)
    assert not paged("x" * PAGE * MOST_PAGES, MOST_PAGES).is_cut
