import base64
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.tooling.declaration import MAX_TEXT
from agent.tooling.registry import registry
from agent.tooling.tools import read_many_files as module
from agent.tooling.workspace import Workspace
from tests.agent.tooling.conftest import Fails, Run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def put(root: Path, files: dict[str, str | bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content if isinstance(content, bytes) else content.encode())


async def test_each_file_stands_under_its_path(root: Path, run: Run) -> None:
    put(root, {"b.py": "two\nlines\n", "src/a.py": "one\r\n", "empty": ""})
    assert (await run("read_many_files", paths=["b.py", "src/a.py", "empty"])).text == (
        "==> b.py <==\ntwo\nlines\n\n==> src/a.py <==\none\n\n==> empty (empty) <==\n"
    )


async def test_folders_and_patterns_find_files(root: Path, run: Run) -> None:
    put(root, {"src/a.py": "1", "src/a_test.py": "2", "docs/x.md": "3", "y.md": "4", "z.txt": "5"})
    text = (await run("read_many_files", paths=["y.md", "src"], include=["*.md"], exclude=["*_test.py"])).text
    assert text == "==> y.md <==\n4\n\n==> src/a.py <==\n1\n\n==> docs/x.md <==\n3"


async def test_ignored_files_are_read_only_by_their_path(root: Path, run: Run, fails: Fails) -> None:
    put(root, {".gitignore": "*.log\n", "a.log": "one", "b.txt": "two"})
    assert "one" not in (await run("read_many_files", include=["*"])).text
    assert (await run("read_many_files", paths=["a.log"])).text == "==> a.log <==\none"
    assert "No file matches" in await fails("read_many_files", include=["*.log"])


async def test_what_cannot_be_read_is_listed_with_the_reason(root: Path, run: Run, fails: Fails) -> None:
    put(root, {"a": "text", "b.bin": b"\0\1"})
    os.mkfifo(root / "pipe")
    (root / "door").symlink_to("../outside/secret.txt")
    paths = ["b.bin", "gone", "pipe", "door", "../up", "a\0"]
    text = (await run("read_many_files", paths=["a", *paths])).text
    assert text.startswith("==> a <==\ntext\n\n[gone does not exist.\n")
    for words in (
        "b.bin is a binary file of 2 bytes",
        "pipe is not a regular file",
        "door is outside",
        "../up is outside",
        "a\\x00 cannot be a path",
    ):
        assert words in text
    assert "SECRET" not in text
    assert "b.bin is a binary file" in await fails("read_many_files", paths=paths)


async def test_wrong_patterns_and_nothing_at_all_are_told(fails: Fails) -> None:
    assert "[ is not a glob pattern" in await fails("read_many_files", include=["["])
    assert "! is not a glob pattern" in await fails("read_many_files", paths=["a"], exclude=["!"])
    assert "No file matches" in await fails("read_many_files")
    assert "at most 200" in await fails("read_many_files", paths=["a"] * 201)
    assert "at most 50" in await fails("read_many_files", include=["a"] * 51)


async def test_images_are_attached_as_long_as_there_are_few(root: Path, run: Run) -> None:
    put(root, {f"{number}.png": PNG for number in range(7)} | {"a.txt": "text", "big.pdf": b"%PDF-"})
    with (root / "big.pdf").open("r+b") as file:
        file.truncate(20_000_000)
    output = await run("read_many_files", paths=["."])
    assert [file.name for file in output.files] == [f"{number}.png" for number in range(5)]
    assert base64.b64decode(output.files[0].data) == PNG
    assert "[0.png (image/png) is attached.]" in output.text
    assert "5.png is not attached" in output.text
    assert "big.pdf is not attached" in output.text
    assert (await run("read_many_files", paths=["a.txt", "big.pdf"])).text.endswith("use read_file.]")


async def test_small_files_are_whole_beside_a_large_one(root: Path, run: Run) -> None:
    put(root, {"big": "".join(f"{number}\n" for number in range(20_000)), "small": "x\n" * 50})
    text = (await run("read_many_files", paths=["big", "small"])).text
    assert len(text) <= MAX_TEXT
    assert len(text) > MAX_TEXT * 0.95
    title = text.partition("\n")[0]
    assert title.startswith("==> big (lines 1-")
    assert title.endswith(" of 20000) <==")
    assert text.endswith("==> small <==\n" + "x\n" * 49 + "x")


async def test_of_a_huge_file_only_the_beginning_is_read(root: Path, run: Run) -> None:
    put(root, {"huge": "line\n" * 100_000, "a": "x"})
    with (root / "huge").open("r+b") as file:
        file.truncate(1 << 40)
    text = (await run("read_many_files", paths=["huge", "a"])).text
    assert " of many) <==" in text.partition("\n")[0]
    assert len(text) <= MAX_TEXT


async def test_many_files_are_cut(root: Path, run: Run) -> None:
    put(root, {f"{number:03}": "x" * 5000 for number in range(205)})
    text = (await run("read_many_files", paths=["."])).text
    assert text.count("==> ") > 150
    assert "205 files match; only 200 of them were read." in text
    assert len(text) <= MAX_TEXT


async def test_long_names_and_many_failures_keep_the_bound(root: Path, run: Run) -> None:
    deep = "/".join(["d" * 200] * 15)
    put(root, {f"{deep}/{number:03}": "x" * 1000 for number in range(40)})
    paths = [deep, *(f"{deep}/gone{number}" for number in range(150))]
    text = (await run("read_many_files", paths=paths)).text
    assert len(text) <= MAX_TEXT
    assert "more could not be read, or not shown" in text


async def test_a_walk_that_is_too_long_is_told(root: Path) -> None:
    put(root, {str(number): "x" for number in range(5)})
    async with Workspace(root) as files:
        original = files.files

        async def some(path: str, limit: int | None = None) -> object:
            return await original(path, limit or 3)

        files.files = some  # type: ignore[method-assign]
        text = (await registry()["read_many_files"].run({"paths": ["."]}, files=files)).text
    assert "There are too many files in . to look at all of them." in text


NAMES = st.text("ab/é\n", min_size=1, max_size=8).filter(lambda name: not name.startswith("/"))
CONTENTS = st.one_of(st.binary(max_size=30), st.integers(1, 90_000).map(lambda size: b"word " * (size // 5)))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, CONTENTS, max_size=8), st.integers(0, 3000))
async def test_whatever_is_read_the_result_is_bounded(contents: dict[str, bytes], width: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, content in contents.items():
            path = root / ("f" + name.replace("/", "_"))
            path.write_bytes(content.replace(b"word ", b"w" * width + b"\n") if width % 2 else content)
        (root / "always").write_text("here")
        async with Workspace(root) as files:
            output = await registry()["read_many_files"].run({"paths": ["."]}, files=files)
    assert len(output.text) <= MAX_TEXT
    assert "==> always <==\nhere" in output.text


@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(0, 5000))
def test_shares_fill_the_room_and_never_more(sizes: list[int], room: int) -> None:
    most = module.share(sizes, room)
    used = sum(min(size, most) for size in sizes)
    assert used <= room
    assert used == sum(sizes) or used > room - len(sizes)
