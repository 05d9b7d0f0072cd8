import re
from pathlib import Path

from app import scripts
from app.scripts import ASSETS, FIRST, LATER, LOADED, address, joined

IMPORTED = {"markdown", "bounds", "links", "math", "formula", "diff", "naming", "separator"}
"""Those that Reflex's build takes in by itself."""


def test_each_script_is_loaded_once() -> None:
    loaded = [*FIRST, *LATER]
    assert len(loaded) == len(set(loaded))
    assert {*loaded, *IMPORTED} == {file.stem for file in ASSETS.glob("*.js")}
    assert not {*loaded} & IMPORTED


def test_what_others_build_on_comes_before_them() -> None:
    made = re.compile(r"window\.(maestro\w+) = |\(window\.(maestro\w+) = ")
    known: set[str] = set()
    for name in (*FIRST, *LATER):
        text = joined((name,))
        known |= {one or other for one, other in made.findall(text)}
        assert set(re.findall(r"window\.(maestro\w+)", text)) <= known, name


def test_they_are_written_into_the_built_page(tmp_path: Path) -> None:
    scripts.write(tmp_path)
    for file, names in LOADED.items():
        text = (tmp_path / file).read_text()
        assert [text.count((ASSETS / f"{name}.js").read_text()) for name in names] == [1] * len(names)


def test_another_text_has_another_address() -> None:
    assert len({address(file) for file in LOADED}) == len(LOADED)
    assert address("first.js") == address("first.js")
