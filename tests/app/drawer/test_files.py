"""The tree and the files in a tab."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from agent.tooling import Item, Listing
from app.drawer.files import MOST_LINES, block, left_out, tree
from tests.app.serving import Server
from tests.app.tabs import STATE, Tab, opened

DRAWER = f"{STATE}.app___drawer___opening____drawer_state"
FILES = f"{STATE}.app___drawer___files____files_state"


def item(path: str, kind: Any = "file") -> Item:
    return Item(path, path.rpartition("/")[2], kind, 2000)


def test_an_open_folder_has_its_lines_below_it() -> None:
    folders = {
        ".": Listing((item("src", "folder"), item("a.md"), item("up", "link")), 3, 0),
        "src": Listing((item("src/b.py"),), 1, 2),
    }
    assert [(line.name, line.depth, line.size, line.is_open) for line in tree(folders)] == [
        ("src", 0, "", True),
        ("b.py", 1, "2 kB", False),
        ("2 entries are ignored", 1, "", False),
        ("a.md", 0, "2 kB", False),
        ("up", 0, "link", False),
    ]


def test_what_is_left_out_is_said() -> None:
    assert left_out(Listing((item("a"),), 2000, 1)) == "1 of 2,000 entries are shown. 1 entry is ignored"


@pytest.mark.parametrize("text", ["a\n```\nb\n", "`````", "", "~~~\n"])
def test_a_block_holds_any_text(text: str) -> None:
    first, *lines, last = block(text, "").split("\n")
    assert first == last
    assert first not in text
    assert "\n".join(lines) == text.removesuffix("\n")


@pytest.fixture
def session(api: httpx2.Client) -> dict[str, Any]:
    session = api.post("sessions", json={"model": "demo:scripted"}).json()
    workspace = Path(session["workspace"])
    (workspace / "src").mkdir()
    (workspace / "src" / "app.py").write_text("x = 1\r\n")
    (workspace / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (workspace / ".gitignore").write_text("*.log\n")
    (workspace / "a.log").touch()
    return session


def names(tab: Tab) -> list[str]:
    return [line["name"] for line in tab.of(FILES, "lines") or []]


async def test_folders_are_read_when_they_are_opened(server: Server, session: dict[str, Any]) -> None:
    about = {"session_id": session["id"]}
    async with opened(server, f"/s/{session['id']}") as tab:
        await tab.send(f"{DRAWER}.show", {**about, "tab": "files"})
        await tab.until(lambda: names(tab) == ["src", ".gitignore", "a.png", "1 entry is ignored"])
        await tab.send(f"{FILES}.unfold", {**about, "path": "src"})
        await tab.until(lambda: names(tab)[:2] == ["src", "app.py"])
        await tab.send(f"{FILES}.unfold", {**about, "path": "src"})
        await tab.until(lambda: names(tab)[:2] == ["src", ".gitignore"])


async def test_a_file_is_shown_with_its_colours(server: Server, session: dict[str, Any]) -> None:
    about = {"session_id": session["id"]}
    async with opened(server, f"/s/{session['id']}") as tab:
        await tab.send(f"{FILES}.open", {**about, "path": "src/app.py"})
        await tab.until(lambda: tab.of(FILES, "text"))
        assert (tab.of(FILES, "text"), tab.of(FILES, "inks")) == ("```python\nx = 1\n```", "1:4,n2")
        await tab.send(f"{FILES}.open", {**about, "path": "a.png"})
        await tab.until(lambda: tab.of(FILES, "kind") == "image")
        assert tab.of(FILES, "text") == ""
        assert tab.of(FILES, "url") == f"/api/v1/sessions/{session['id']}/files/a.png"
        await tab.send(f"{FILES}.leave", about)
        await tab.until(lambda: tab.of(FILES, "path") == "")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "src", "nowhere", "a\0b"])
async def test_what_is_no_file_of_the_workspace_is_told(
    server: Server, session: dict[str, Any], path: str
) -> None:
    async with opened(server, f"/s/{session['id']}") as tab:
        await tab.send(f"{FILES}.open", {"session_id": session["id"], "path": path})
        await tab.until(lambda: tab.sentence)
        assert tab.sentence == "There is no such file in the workspace."
        await tab.send(f"{FILES}.unfold", {"session_id": session["id"], "path": "../x"})
        await tab.until(lambda: "folder" in tab.sentence)
        assert not tab.of(FILES, "text")


async def test_a_tree_is_bounded(server: Server, session: dict[str, Any]) -> None:
    workspace = Path(session["workspace"])
    for folder in "abcd":
        (workspace / folder).mkdir()
        for number in range(999):
            (workspace / folder / f"{number}").touch()
    async with opened(server, f"/s/{session['id']}") as tab:
        for folder in "abcd":
            await tab.send(f"{FILES}.unfold", {"session_id": session["id"], "path": folder})
        await tab.until(lambda: len(names(tab)) == MOST_LINES + 1)
        assert names(tab)[-1].startswith("Close a folder")
