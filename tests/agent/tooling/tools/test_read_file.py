import base64
from pathlib import Path

import pytest

from agent.tooling.declaration import MAX_TEXT
from tests.agent.tooling.conftest import Fails, Run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


async def test_a_text_comes_back_as_it_is(root: Path, run: Run) -> None:
    (root / "a.py").write_text("def f():\n\treturn 1\n")
    assert (await run("read_file", path="a.py")).text == "def f():\n\treturn 1\n"


async def test_a_long_file_is_read_page_by_page(root: Path, run: Run) -> None:
    (root / "a").write_text("".join(f"{number}\n" for number in range(1, 4501)))
    first = (await run("read_file", path="a")).text.split("\n")
    assert first[0] == "[Lines 1-2000 of 4500; read on with offset=2001.]"
    assert first[1:] == [str(number) for number in range(1, 2001)]
    last = (await run("read_file", path="a", offset=4499)).text
    assert last == "[Lines 4499-4500 of 4500.]\n4499\n4500"
    assert (await run("read_file", path="a", offset=3, limit=1)).text.endswith("offset=4.]\n3")


async def test_a_page_never_needs_to_be_cut(root: Path, run: Run) -> None:
    (root / "a").write_text(f"{'x' * 99}\n" * 1000)
    text = (await run("read_file", path="a")).text
    assert text.startswith("[Lines 1-390 of 1000; read on with offset=391.]")
    assert len(text) < MAX_TEXT


async def test_a_wide_line_is_cut(root: Path, run: Run) -> None:
    (root / "a").write_text("x" * 5000)
    text = (await run("read_file", path="a")).text
    assert text == "x" * 2000 + "… [3,000 more characters, from column=2001 on]"


async def test_an_offset_behind_the_end_is_told(root: Path, fails: Fails) -> None:
    (root / "a").write_text("one\ntwo")
    assert "has only 2 lines" in await fails("read_file", path="a", offset=3)
    assert "`offset`" in await fails("read_file", path="a", offset=0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
async def test_every_unicode_encoding_is_read(root: Path, run: Run, encoding: str) -> None:
    (root / "a").write_bytes("Grüße\r\n".encode(encoding))
    assert (await run("read_file", path="a")).text == "Grüße\n"


async def test_bytes_that_are_no_text_are_shown_as_such(root: Path, run: Run) -> None:
    (root / "a").write_bytes(b"caf\xe9\n")
    assert (await run("read_file", path="a")).text == "caf�\n"


async def test_an_empty_file_is_said_to_be(root: Path, run: Run) -> None:
    (root / "a").touch()
    assert (await run("read_file", path="a")).text == "[a is empty.]"


async def test_a_binary_file_is_refused_in_words(root: Path, fails: Fails) -> None:
    (root / "a.bin").write_bytes(b"\x7fELF\0\0")
    assert await fails("read_file", path="a.bin") == "a.bin is a binary file of 6 bytes, not text."


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
    ],
)
async def test_images_and_documents_are_attached(root: Path, run: Run, head: bytes, media_type: str) -> None:
    (root / "a").write_bytes(head)
    output = await run("read_file", path="a")
    assert media_type in output.text
    assert output.files[0].media_type == media_type
    assert base64.b64decode(output.files[0].data) == head
    assert output.files[0].name == "a"


async def test_a_large_image_is_refused(root: Path, fails: Fails) -> None:
    (root / "a.png").write_bytes(PNG + bytes(3_750_000))
    assert "too large to attach" in await fails("read_file", path="a.png")


async def test_a_huge_file_is_read_as_far_as_it_goes(root: Path, run: Run) -> None:
    with (root / "a").open("wb") as file:
        file.write(b"line\n" * 4_000_000)
    text = (await run("read_file", path="a", limit=1)).text
    assert text.startswith("[Lines 1-1 of 3355444; read on with offset=2; the file goes on")
