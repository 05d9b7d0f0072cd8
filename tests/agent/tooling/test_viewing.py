# ruff: noqa: ASYNC240 (a test may wait for its own disk)
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent import tooling
from agent.core.errors import LimitReached, NotFound
from agent.core.identity import Session, User
from agent.tooling import viewing
from agent.tooling._outputs import save
from agent.tooling.declaration import shortened
from agent.tooling.viewing import MOST_TEXT, listing, seen, taken
from agent.tooling.workspace import MAX_READ, Workspace

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
OUTSIDE = ("../secret.txt", "a/../../secret.txt", "/etc/passwd", "link.txt", "%2e%2e/secret.txt", "a\0b", "")


ADA = User(id="1", email="ada@example.org", name="Ada", provider="test")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def session(root: Path) -> Session:
    return Session(
        id="s",
        user_id=ADA.id,
        name="",
        model="demo:scripted",
        mode="ask",
        workspace=str(root),
        last_seq=0,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.fixture
def secret(root: Path) -> Path:
    """A file beside the workspace, and a link within that leads there."""
    file = root.parent / "secret.txt"
    file.write_text("secret")
    (root / "link.txt").symlink_to(file)
    return file


async def test_a_folder_lists_folders_first_and_leaves_out_what_is_ignored(
    files: Workspace, root: Path
) -> None:
    (root / "src").mkdir()
    (root / "dist").mkdir()
    (root / ".gitignore").write_text("dist/\n")
    (root / "a.txt").write_text("four")
    found = await listing(files, ".")
    assert [(one.path, one.kind, one.size) for one in found.items if one.kind != "folder"] == [
        (".gitignore", "file", 6),
        ("a.txt", "file", 4),
    ]
    assert [one.name for one in found.items] == ["src", ".gitignore", "a.txt"]
    assert (found.entries, found.ignored) == (3, 1)


async def test_of_very_many_entries_the_first_are_given(
    files: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, "MOST_ENTRIES", 2)
    for name in "abc":
        (root / name).touch()
    found = await listing(files, ".")
    assert ([one.name for one in found.items], found.entries) == (["a", "b"], 3)


async def test_a_name_that_is_no_text_is_left_out(files: Workspace, root: Path) -> None:
    Path(os.fsdecode(os.fsencode(root) + b"/\xff")).touch()
    (root / "a\nb").touch()
    assert (await listing(files, ".")).items == ()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("path", OUTSIDE)
async def test_nothing_outside_of_the_workspace_is_seen(files: Workspace, path: str) -> None:
    for look in (seen, taken):
        with pytest.raises(NotFound, match="file"):
            await look(files, path)
    if path:
        with pytest.raises(NotFound, match="folder"):
            await listing(files, path)


async def test_a_text_is_shown_up_to_a_length(files: Workspace, root: Path) -> None:
    (root / "a.txt").write_bytes("Grüße\0".encode("utf-16"))
    found = await seen(files, "./a.txt")
    assert (found.path, found.kind, found.text, found.is_whole) == ("a.txt", "text", "Grüße\ufffd", True)
    (root / "b.txt").write_text("x" * (MOST_TEXT + 1))
    found = await seen(files, "b.txt")
    assert (len(found.text), found.size, found.is_whole) == (MOST_TEXT, MOST_TEXT + 1, False)


async def test_what_a_file_is_its_first_bytes_say_and_not_its_name(files: Workspace, root: Path) -> None:
    for name, raw in (
        ("a.txt", PNG),
        ("b.png", b"<svg onload='x'/>"),
        ("c.txt", b"\0\1"),
        ("d", b"%PDF-1.7"),
    ):
        (root / name).write_bytes(raw)
    kinds = [(await seen(files, name)).kind for name in ("a.txt", "b.png", "c.txt", "d")]
    assert kinds == ["image", "text", "other", "other"]
    types = [(await taken(files, name)).media_type for name in ("a.txt", "b.png", "c.txt", "d")]
    assert types == ["image/png", "", "", ""]


async def test_a_file_that_is_too_large_is_not_taken(files: Workspace, root: Path) -> None:
    with (root / "large").open("wb") as file:
        file.truncate(MAX_READ + 1)
    with pytest.raises(LimitReached, match="file_too_large"):
        await taken(files, "large")


async def test_all_of_an_output_is_found_while_it_is_kept(
    files: Workspace, root: Path, session: Session
) -> None:
    text = "word " * 20_000
    path = await save(files, "shell", text)
    told = shortened(text, 1000, path)
    assert await tooling.whole_output(ADA, session, told) == (text, path)
    (root / path).unlink()
    assert await tooling.whole_output(ADA, session, told) == (told, "")
    assert await tooling.whole_output(ADA, session, "short") == ("short", "")


@pytest.mark.usefixtures("secret")
async def test_words_that_only_look_like_our_note_open_no_other_file(session: Session) -> None:
    for path in ("../secret.txt", ".agent/outputs/../../link.txt", "link.txt"):
        told = shortened("word " * 20_000, 1000, path)
        assert await tooling.whole_output(ADA, session, told) == (told, "")


async def test_a_workspace_that_is_gone_is_told(session: Session, root: Path) -> None:
    gone = session.model_copy(update={"workspace": str(root / "gone")})
    for asked in (
        tooling.look_into_folder(ADA, gone, "."),
        tooling.look_at_file(ADA, gone, "a"),
        tooling.take_file(ADA, gone, "a"),
    ):
        with pytest.raises(NotFound, match="workspace_gone"):
            await asked
