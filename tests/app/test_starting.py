from app.starting import MOST, starters
from app.words.composing import OF_DEMO, OF_NOTHING


def test_a_demo_offers_what_it_understands_and_an_empty_folder_what_fits_any() -> None:
    assert starters(["README.md"], is_demo=True) == list(OF_DEMO)
    assert starters([]) == list(OF_NOTHING)


def test_what_lies_there_says_what_is_offered() -> None:
    offered = starters(["readme.rst", "tests/", ".git/", "src/", "setup.py"])
    assert len(offered) == MOST
    assert "readme.rst" in offered[0]
    assert starters(["a.csv"]) == ["Look through these files, and say what is here."]
