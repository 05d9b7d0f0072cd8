import pytest

from agent.tooling.openapi.answering import told


def body(content: bytes, media_type: str = "") -> str:
    headers = {"content-type": media_type} if media_type else {}
    return told(200, headers, content, is_all=True).partition("\n\n")[2]


def test_json_is_laid_out_and_what_only_says_so_is_shown_as_it_is() -> None:
    assert body(b'{"a":["\xc3\xbc"]}', "application/problem+json") == '{\n "a": [\n  "ü"\n ]\n}'
    assert body(b"{", "application/json") == "{"
    assert body(b"[" * 100_000, "application/json").startswith("[[[")


@pytest.mark.parametrize(
    ("content", "media_type", "shown"),
    [
        (b"a,b", "text/csv", "a,b"),
        (b"<a/>", "application/xml", "<a/>"),
        (b"\xfc", "text/plain; charset=latin-1", "ü"),
        (b"\xfc", "text/plain; charset=klingon", "\ufffd"),
        (b"plain", "", "plain"),
        (b"a\0b", "", "[3 bytes of an unknown type, which are no text.]"),
        (b"\x89PNG", "image/png", "[4 bytes of image/png, which are no text.]"),
        (b"", "application/json", "[The answer has no body.]"),
    ],
)
def test_a_body_is_text_or_described(content: bytes, media_type: str, shown: str) -> None:
    assert body(content, media_type) == shown


def test_the_headers_that_matter_and_a_cut_are_told() -> None:
    headers = {"link": "<x>; rel=next", "set-cookie": "s=1", "retry-after": "3"}
    answer = told(599, headers, b"x", is_all=False)
    assert answer.splitlines()[:3] == ["599", "link: <x>; rel=next", "retry-after: 3"]
    assert "[Only the first 1 bytes of the answer were read.]" in answer
    assert "set-cookie" not in answer
