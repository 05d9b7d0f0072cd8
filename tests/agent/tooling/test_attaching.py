import base64

import pytest

from agent.core.errors import Invalid, LimitReached, MaestroError
from agent.tooling.attaching import MOST_IMAGE, MOST_TEXT, attachment

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("a.txt", PNG + b"rest", "image/png"),
        ("a.png", b"just words", "text/plain"),
        ("a.svg", b"<svg onload='x()'/>", "text/plain"),
        ("a.html", b"<script>x()</script>", "text/plain"),
        ("a.docx", b"%PDF-1.7 rest", "application/pdf"),
    ],
)
def test_the_content_says_what_a_file_is_and_the_name_does_not(name: str, raw: bytes, kind: str) -> None:
    file = attachment(name, raw)
    assert (file.media_type, file.name, base64.b64decode(file.data)) == (kind, name, raw)


def test_a_text_of_another_machine_comes_in_utf_8() -> None:
    assert base64.b64decode(attachment("a", "Grüße".encode("utf-16")).data) == "Grüße".encode()


@pytest.mark.parametrize(
    ("name", "called"),
    [("C:\\x\\a.txt", "a.txt"), ("../../a", "a"), ("a\nb", "a\\nb"), ("", "file"), ("x" * 300, "x" * 100)],
)
def test_a_name_is_one_short_line_without_a_folder(name: str, called: str) -> None:
    assert attachment(name, b"x").name == called


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", Invalid("attachment_empty")),
        (b"\0\1\2" * 99, Invalid("attachment_type")),
        (PNG + b"x" * MOST_IMAGE, LimitReached("attachment_image")),
        (b"x" * (MOST_TEXT + 1), LimitReached("attachment_text")),
    ],
)
def test_what_no_model_could_read_is_refused(raw: bytes, error: MaestroError) -> None:
    with pytest.raises(type(error), match=error.code):
        attachment("a", raw)
