from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.tooling.registry import registry
from agent.tooling.workspace import Workspace
from tests.agent.tooling.conftest import Fails, Run


async def test_a_new_file_is_made_with_its_folders(root: Path, run: Run) -> None:
    assert (
        await run("write_file", path="a/b.txt", content="one\ntwo\n")
    ).text == "Created a/b.txt (2 lines)."
    assert (root / "a/b.txt").read_text() == "one\ntwo\n"


async def test_what_changed_is_shown(root: Path, run: Run) -> None:
    (root / "a").write_text("one\ntwo\n")
    assert (await run("write_file", path="a", content="one\n2\n")).text == (
        "Replaced a.\n--- a\n+++ a\n@@ -1,2 +1,2 @@\n one\n-two\n+2"
    )
    assert "already held" in (await run("write_file", path="a", content="one\n2\n")).text


async def test_encoding_line_ends_and_mode_are_kept(root: Path, run: Run) -> None:
    (root / "a").write_bytes("one\r\ntwo\r\n".encode("utf-16"))
    (root / "a").chmod(0o750)
    text = (await run("write_file", path="a", content="one\nthree\n")).text
    assert (root / "a").read_bytes() == "one\r\nthree\r\n".encode("utf-16")
    assert (root / "a").stat().st_mode & 0o777 == 0o750
    assert "-two\n+three" in text


async def test_line_ends_of_a_file_without_any_are_ours(root: Path, run: Run) -> None:
    (root / "a").write_text("one")
    await run("write_file", path="a", content="one\r\ntwo")
    assert (root / "a").read_bytes() == b"one\r\ntwo"


async def test_a_binary_file_may_become_text(root: Path, run: Run) -> None:
    (root / "a").write_bytes(b"\0\1")
    assert (await run("write_file", path="a", content="x")).text == "Replaced a."
    assert (root / "a").read_bytes() == b"x"


async def test_code_left_out_is_refused(root: Path, fails: Fails) -> None:
    told = await fails("write_file", path="a.py", content="x = 1\n# ... rest of the code ...\n")
    assert 'leaves code out ("rest of the code ...")' in told
    assert not (root / "a.py").exists()


async def test_half_a_character_is_refused(fails: Fails) -> None:
    assert "half a character" in await fails("write_file", path="a", content="\ud800")


async def test_places_that_cannot_be_written_are_told(root: Path, fails: Fails) -> None:
    (root / "folder").mkdir()
    (root / "link").symlink_to("folder")
    (root / "loose").symlink_to("nowhere")
    assert "is a folder" in await fails("write_file", path="folder", content="x")
    assert "protected" in await fails("write_file", path=".git/hooks/pre-commit", content="x")
    assert "is a link" in await fails("write_file", path="loose", content="x")
    assert await fails("write_file", path="link/a", content="x")
    assert not list((root / "folder").iterdir())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")))
async def test_what_is_written_is_read(place: Path, text: str) -> None:
    (place / "a").unlink(missing_ok=True)
    async with Workspace(place) as files:
        await registry()["write_file"].run({"path": "a", "content": text}, files=files)
        read = (await registry()["read_file"].run({"path": "a"}, files=files)).text
    assert (place / "a").read_bytes() == text.encode()
    # A mark at the beginning says how the text is written and is no part of it.
    assert read == (text.removeprefix("\ufeff") or "[a is empty.]")
