"""The examples of the styles are those of the specification, encoded as URLs are."""

from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.openapi.description import Content
from agent.tooling.openapi.writing import Written, body, write
from tests.agent.tooling.openapi.conftest import Describe

LIST, OBJECT = ["blue", "black"], {"R": 100, "G": 200}


@pytest.mark.parametrize(
    ("style", "explode", "value", "written"),
    [
        ("simple", False, "blue", "blue"),
        ("simple", False, LIST, "blue,black"),
        ("simple", True, LIST, "blue,black"),
        ("simple", False, OBJECT, "R,100,G,200"),
        ("simple", True, OBJECT, "R=100,G=200"),
        ("label", False, "blue", ".blue"),
        ("label", False, LIST, ".blue,black"),
        ("label", True, LIST, ".blue.black"),
        ("label", False, OBJECT, ".R,100,G,200"),
        ("label", True, OBJECT, ".R=100.G=200"),
        ("matrix", False, "blue", ";c=blue"),
        ("matrix", False, LIST, ";c=blue,black"),
        ("matrix", True, LIST, ";c=blue;c=black"),
        ("matrix", False, OBJECT, ";c=R,100,G,200"),
        ("matrix", True, OBJECT, ";R=100;G=200"),
        ("simple", False, "a/b c%ü", "a%2Fb%20c%25%C3%BC"),
        ("simple", False, 3, "3"),
        ("simple", False, True, "true"),
    ],
)
def test_a_path_is_written_in_its_style(
    operation: Describe,
    style: str,
    explode: bool,  # noqa: FBT001 - the specification's name
    value: Any,
    written: str,
) -> None:
    said = [{"name": "c", "in": "path", "style": style, "explode": explode}]
    assert write(operation("/x/{c}/y", parameters=said), {"c": value}).target == f"/x/{written}/y"


@pytest.mark.parametrize(
    ("style", "explode", "value", "written"),
    [
        ("form", True, "blue", "c=blue"),
        ("form", True, "", "c="),
        ("form", True, LIST, "c=blue&c=black"),
        ("form", False, LIST, "c=blue,black"),
        ("form", True, OBJECT, "R=100&G=200"),
        ("form", False, OBJECT, "c=R,100,G,200"),
        ("spaceDelimited", False, LIST, "c=blue%20black"),
        ("spaceDelimited", True, LIST, "c=blue&c=black"),
        ("pipeDelimited", False, LIST, "c=blue%7Cblack"),
        ("deepObject", True, OBJECT, "c%5BR%5D=100&c%5BG%5D=200"),
        ("deepObject", True, {"a": {"b": [1, 2]}}, "c%5Ba%5D%5Bb%5D=1&c%5Ba%5D%5Bb%5D=2"),
        ("form", True, ["a&b=c", "ü"], "c=a%26b%3Dc&c=%C3%BC"),
        ("form", True, [], ""),
        ("form", True, 1.0, "c=1"),
        ("form", True, [True, None], "c=true&c="),
    ],
)
def test_a_query_is_written_in_its_style(
    operation: Describe,
    style: str,
    explode: bool,  # noqa: FBT001 - the specification's name
    value: Any,
    written: str,
) -> None:
    said = [{"name": "c", "in": "query", "style": style, "explode": explode}]
    target = write(operation("/x", parameters=said), {"c": value}).target
    assert target == ("/x?" + written if written else "/x")


def test_reserved_signs_stay_where_they_may(operation: Describe) -> None:
    said = [{"name": "c", "in": "query", "allowReserved": True}]
    assert write(operation(parameters=said), {"c": "a/b?c:d&e#f=g"}).target == "/a?c=a/b?c:d%26e%23f=g"


def test_a_parameter_may_be_a_document(operation: Describe) -> None:
    content = {"content": {"application/json": {"schema": {"type": "object"}}}}
    said = [
        {"name": name, "in": place, **content}
        for name, place in (("q", "query"), ("h", "header"), ("p", "path"))
    ]
    found = write(operation("/{p}", parameters=said), {"q": {"a": 1}, "h": {"b": [2]}, "p": {"c": 3}})
    assert found.target == "/%7B%22c%22%3A%203%7D?q=%7B%22a%22%3A%201%7D"
    assert found.headers["h"] == '{"b": [2]}'


def test_headers_and_cookies_are_written(operation: Describe) -> None:
    said = [
        {"name": "X-A", "in": "header"},
        {"name": "X-B", "in": "header", "explode": True},
        {"name": "c", "in": "cookie"},
    ]
    found = write(operation(parameters=said), {"X-A": [1, 2], "X-B": {"a": 1, "b": True}, "c": "x; y=ü"})
    assert (found.headers["X-A"], found.headers["X-B"]) == ("1,2", "a=1,b=true")
    assert found.cookies == ("c=x%3B%20y%3D%C3%BC",)


@pytest.mark.parametrize("value", ["..", ".", "a/../b", "..\\a", "", "a/.."])
def test_a_path_leads_nowhere_else(operation: Describe, value: str) -> None:
    with pytest.raises(ToolFailed, match=r"`c` goes into the path"):
        write(operation("/x/{c}"), {"c": value})


@pytest.mark.parametrize(
    ("path", "said", "value"),
    [
        ("/x/{c}/y", {"schema": {"type": "array"}}, [".."]),
        ("/x/{c}/y", {"schema": {"type": "array"}}, ["a/../..", "b"]),
        ("/x/{c}", {"style": "label", "explode": True, "schema": {"type": "array"}}, ["", ""]),
        ("/x/{c}", {"schema": {"type": "object"}}, {"a": "/../"}),
        ("/x/{c}", {"content": {"application/json": {}}}, "/../"),
        ("/x/..{c}", {}, "/y"),
    ],
)
def test_no_form_of_a_value_leads_a_path_elsewhere(
    operation: Describe, path: str, said: dict[str, Any], value: Any
) -> None:
    with pytest.raises(ToolFailed, match="path"):
        write(operation(path, parameters=[{"name": "c", "in": "path", **said}]), {"c": value})


def test_dots_within_a_step_of_a_path_stay(operation: Describe) -> None:
    assert write(operation("/x/{c}"), {"c": "a..b/...c"}).target == "/x/a..b%2F...c"


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb", "a\0", "ü", "\ud800"])
def test_a_header_is_one_plain_line(operation: Describe, value: str) -> None:
    with pytest.raises(ToolFailed, match=r"`X-A` goes into a header"):
        write(operation(parameters=[{"name": "X-A", "in": "header"}]), {"X-A": value})


def test_half_a_character_is_refused(operation: Describe) -> None:
    with pytest.raises(ToolFailed, match="half a character"):
        write(operation(parameters=[{"name": "q", "in": "query"}]), {"q": "\ud800"})


def test_what_is_left_out_or_null_is_not_sent(operation: Describe) -> None:
    said = [{"name": name, "in": "query"} for name in "ab"]
    assert write(operation(parameters=said), {"a": None}).target == "/a"


def test_braces_in_a_value_are_no_gaps(operation: Describe) -> None:
    assert write(operation("/{a}/{b}"), {"a": "{b}", "b": "x"}).target == "/%7Bb%7D/x"


def sent(operation: Describe, media_type: str, schema: Any, value: Any, **encoding: Any) -> Written:
    content = {media_type: {"schema": schema, "encoding": encoding}}
    return write(operation("/a", "post", requestBody={"content": content}), {"body": value})


def test_json_is_sent_as_the_type_says(operation: Describe) -> None:
    found = sent(operation, "application/vnd.x+json; charset=utf-8", {}, {"a": "ü"})
    assert (found.headers["Content-Type"], found.content) == (
        "application/vnd.x+json; charset=utf-8",
        '{"a": "ü"}'.encode(),
    )


def test_a_form_is_sent(operation: Describe) -> None:
    schema = {"type": "object", "properties": {"o": {}, "j": {}, "d": {}, "s": {}}}
    encoding = {
        "j": {"contentType": "application/json"},
        "d": {"style": "deepObject"},
        "s": {"style": "spaceDelimited", "explode": False},
    }
    value = {"a b": "x&y", "o": {"k": 1}, "j": [1], "d": {"k": 2}, "s": ["p", "q"], "n": None}
    found = sent(operation, "application/x-www-form-urlencoded", schema, value, **encoding)
    assert found.content == b"a%20b=x%26y&o=%7B%22k%22%3A1%7D&j=%5B1%5D&d%5Bk%5D=2&s=p%20q"


def test_a_form_of_parts_is_sent(operation: Describe) -> None:
    properties = {
        "title": {"type": "string"},
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "about": {"type": "object"},
        "picture": {"type": "string", "format": "binary"},
    }
    value = {"title": "ü", "files": ["aGk=", "AAE="], "about": {"x": 1}, "picture": "aGk=", "n": None}
    encoding = {"picture": {"contentType": "image/png, image/jpeg"}}
    found = sent(operation, "multipart/form-data", {"properties": properties}, value, **encoding)
    assert found.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert found.content is not None
    boundary = found.headers["Content-Type"].partition("boundary=")[2].encode()
    parts = [part.strip(b"\r\n-") for part in found.content.split(b"--" + boundary)][1:-1]
    start, kind = b'Content-Disposition: form-data; name="', b"\r\nContent-Type: "
    assert parts == [
        start + b'title"' + kind + b"text/plain\r\n\r\n\xc3\xbc",
        start + b'files"; filename="files"' + kind + b"application/octet-stream\r\n\r\nhi",
        start + b'files"; filename="files"' + kind + b"application/octet-stream\r\n\r\n\x00\x01",
        start + b'about"' + kind + b'application/json\r\n\r\n{"x": 1}',
        start + b'picture"; filename="picture"' + kind + b"image/png\r\n\r\nhi",
    ]


def test_an_empty_form_of_parts_is_refused(operation: Describe) -> None:
    with pytest.raises(ToolFailed, match="at least one"):
        sent(operation, "multipart/form-data", {}, {})


def test_text_and_bytes_are_sent_as_they_are(operation: Describe) -> None:
    assert sent(operation, "text/plain", {}, "ü\n").content == "ü\n".encode()
    assert sent(operation, "application/xml", {"type": "object"}, "<a/>").content == b"<a/>"
    assert sent(operation, "image/png", {}, "AAEC").content == b"\0\1\2"
    with pytest.raises(ToolFailed, match="base64"):
        body(Content(media_type="image/png", is_required=True, accepts=True), "not base64!")
