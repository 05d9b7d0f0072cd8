from pathlib import Path

import pytest

from app import build


@pytest.fixture(autouse=True)
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small tree in the form of ours."""
    for name in (
        *build.SOURCES,
        "app/words/__init__.py",
        "app/pages/chat.py",
        "app/api/routes.py",
        "assets/maestro.css",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"# {name}\n")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILT", tmp_path / ".web" / "build" / "client")
    monkeypatch.setattr(build, "STAMP", tmp_path / ".web" / "built-from")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    ["app/words/__init__.py", "app/pages/chat.py", "assets/maestro.css", "rxconfig.py", "package-lock.json"],
)
def test_a_changed_page_source_changes_the_digest(tree: Path, name: str) -> None:
    before = build.digest()
    (tree / name).write_text("changed")
    assert build.digest() != before


@pytest.mark.parametrize("name", ["app/api/routes.py", "app/server.py", "app/cli.py", "app/guard.py"])
def test_what_no_page_is_made_of_leaves_it_alone(tree: Path, name: str) -> None:
    before = build.digest()
    (tree / name).write_text("changed")
    (tree / "assets" / "external").mkdir(exist_ok=True)
    (tree / "assets" / "external" / "linked.js").write_text("changed")
    assert build.digest() == before


def test_a_renamed_and_a_deleted_source_are_noticed(tree: Path) -> None:
    before = build.digest()
    (tree / "app" / "words" / "__init__.py").rename(tree / "app" / "words" / "sentences.py")
    renamed = build.digest()
    (tree / "app" / "words" / "sentences.py").unlink()
    assert len({before, renamed, build.digest()}) == 3


def test_a_page_is_built_when_it_is_there_and_of_these_sources(tree: Path) -> None:
    assert not build.is_built()
    build.BUILT.mkdir(parents=True)
    assert not build.is_built()
    build.STAMP.write_text(build.digest())
    assert build.is_built()
    (tree / "app" / "words" / "__init__.py").write_text("changed")
    assert not build.is_built()


def test_our_own_tree_has_all_its_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "ROOT", Path(build.__file__).parent.parent)
    names = {file.relative_to(build.ROOT).as_posix() for file in build.sources()}
    assert {"rxconfig.py", "app/app.py", "app/pages/chat.py", "app/view.py"} <= names
    assert not {"app/api/routes.py", "app/guard.py", "app/server.py", "app/cli.py"} & names
