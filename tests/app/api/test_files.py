"""Files of a workspace over HTTP: what is shown, what is only taken away, and what is not there."""

from pathlib import Path

import httpx2
import pytest

from app.api.files import disposition
from tests.app.serving import Server

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
HOSTILE = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%252e%252e/secret.txt",
    "a/../../secret.txt",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "//evil.example/x.png",
    "data:image/png;base64,xx",
    "javascript:alert(1)",
    "link.txt",
    "folder",
    "nowhere.txt",
    "..%5csecret.txt",
    "%ff",
    "x" * 5000,
    "",
]


@pytest.fixture
def workspace(api: httpx2.Client, session: str) -> Path:
    found = Path(api.get(f"sessions/{session}").json()["workspace"])
    (found.parent / "secret.txt").write_text("secret")
    (found / "folder").mkdir()
    (found / "link.txt").symlink_to(found.parent / "secret.txt")
    return found


@pytest.mark.parametrize(
    ("name", "raw", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("b.txt", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("c", b"GIF89a", "image/gif"),
        ("d.webp", b"RIFF\0\0\0\0WEBP", "image/webp"),
    ],
)
def test_a_raster_image_is_shown_whatever_it_is_called(
    api: httpx2.Client, session: str, workspace: Path, name: str, raw: bytes, kind: str
) -> None:
    (workspace / name).write_bytes(raw)
    answer = api.get(f"sessions/{session}/files/{name}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, raw, kind)
    assert answer.headers["content-disposition"].startswith("inline;")


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.svg", SVG),
        ("b.png", SVG),
        ("c.html", b"<script>alert(1)</script>"),
        ("d.pdf", b"%PDF-1.7"),
        ("e", b""),
    ],
)
def test_anything_else_is_only_taken_away(
    api: httpx2.Client, session: str, workspace: Path, name: str, raw: bytes
) -> None:
    (workspace / name).write_bytes(raw)
    answer = api.get(f"sessions/{session}/files/{name}")
    assert (answer.status_code, answer.content) == (200, raw)
    headers = answer.headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == f"attachment; filename*=UTF-8''{name}"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cache-control"] == "no-store"


def test_a_name_cannot_break_out_of_its_header(api: httpx2.Client, session: str, workspace: Path) -> None:
    (workspace / "a\";x=ü'.txt").write_text("x")
    answer = api.get(f"sessions/{session}/files/a%22;x=%C3%BC'.txt")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%22%3Bx%3D%C3%BC%27.txt"
    assert "\n" not in disposition("a\r\nSet-Cookie: x", shows=True)


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_outside_of_the_workspace_is_given(server: Server, session: str, path: str) -> None:
    from http.client import HTTPConnection  # noqa: PLC0415  unlike other clients it sends a path as it is

    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    bearer = {"authorization": f"Bearer {server.token}"}
    connection.request("GET", f"/api/v1/sessions/{session}/files/{path}", headers=bearer)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status in {404, 405}, body
    assert b"root:" not in body
    assert body != b"secret"


def test_a_browser_is_known_by_its_cookie_and_a_stranger_gets_nothing(
    server: Server, session: str, workspace: Path
) -> None:
    (workspace / "a.png").write_bytes(PNG)
    path = f"/api/v1/sessions/{session}/files/a.png"
    with server.stranger() as browser:
        assert browser.get(path).status_code == 401
        assert browser.get(path, headers={"cookie": server.cookie()}).content == PNG
    token, _ = server.neighbour()
    with server.stranger() as neighbour:
        answer = neighbour.get(path, headers={"authorization": f"Bearer {token}"})
        assert answer.json()["code"] == "session"


def test_the_head_of_a_file_has_no_body(api: httpx2.Client, session: str, workspace: Path) -> None:
    (workspace / "a.png").write_bytes(PNG)
    answer = api.head(f"sessions/{session}/files/a.png")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "image/png")


def test_a_file_that_is_too_large_is_told(api: httpx2.Client, session: str, workspace: Path) -> None:
    with (workspace / "large").open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert api.get(f"sessions/{session}/files/large").json()["code"] == "file_too_large"
