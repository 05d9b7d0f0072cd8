from collections.abc import Callable
from typing import Any

import pytest

from agent.core.errors import ToolFailed
from agent.tooling.web.urls import checked, raw, same

Rows = Callable[[str], list[dict[str, Any]]]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "is no address"),
        ("example.org/page", "write it out"),
        ("example.org:80/page", "write it out"),
        ("(https://example.org)", "is no address"),
        ("//example.org/a", "write it out"),
        ("ftp://example.org", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("javascript:alert(1)", "write it out"),
        ("https://", "names no host"),
        ("https:///a", "names no host"),
        ("https://me@example.org/", "user name or password"),
        ("https://me:word@example.org/", "user name or password"),
        ("https://@example.org/", "user name or password"),
        ("https://example.org:abc/", "is no address"),
        ("https://example.org:99999/", "is no address"),
        ("https://[::1/", "is no address"),
        ("https://example.org/a b", "a space or control sign"),
        ("https://example.org/a\nb", "a space or control sign"),
        ("https://example.org\\@127.0.0.1/", "a space or control sign"),
        ("https://example.org/\0", "a space or control sign"),
        ("https://example.org/" + "x" * 8000, "too long"),
    ],
)
def test_what_is_no_whole_address_is_refused_in_words(url: str, why: str) -> None:
    with pytest.raises(ToolFailed, match=why) as caught:
        checked(url)
    assert len(str(caught.value)) < 400


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ToolFailed) as caught:
        checked("https://me:word@example.org/")
    assert "word@" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("https://EXAMPLE.org:443/a/?q=1#x", "https://example.org/a?q=1"),
        ("http://example.org:8080/", "http://example.org:8080/"),
        ("http://[2606:4700::1111]:80/a", "http://[2606:4700::1111]/a"),
        ("https://example.org/A", "https://example.org/A"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_of_one_page_are_the_same(url: str, meant: str) -> None:
    assert same(url) == meant


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("https://github.com/a/b/blob/main/c/d.md", "https://raw.githubusercontent.com/a/b/main/c/d.md"),
        ("https://github.com/a/b/tree/main/c", "https://github.com/a/b/tree/main/c"),
        ("https://github.com/a/blob/blob", "https://github.com/a/blob/blob"),
        ("https://github.com/a/b/blob/main/c?raw=1#L3", "https://raw.githubusercontent.com/a/b/main/c?raw=1"),
        ("https://gist.github.com/a/b/blob/main/c", "https://gist.github.com/a/b/blob/main/c"),
        ("https://github.com.example.org/a/b/blob/main/c", "https://github.com.example.org/a/b/blob/main/c"),
    ],
)
def test_a_file_on_github_is_read_itself(url: str, file: str) -> None:
    assert raw(url) == file


def found(text: str) -> tuple[list[str], list[str]]:
    """Every word with `://` in it that is an address, and the errors of the others."""
    urls: list[str] = []
    errors: list[str] = []
    for word in text.split():
        if "://" in word:
            try:
                urls.append(same(checked(word)))
            except ToolFailed as error:
                errors.append(str(error))
    return urls, errors


def test_the_cases_of_others_about_the_form_of_addresses(cases: Rows) -> None:
    rows = [row for row in cases("web_url.jsonl") if row["op"] in {"extract", "normalize", "github_raw"}]
    assert len(rows) == 9
    for row in rows:
        match row["op"]:
            case "normalize":
                assert same(row["input"]) == row["url"], row["id"]
            case "github_raw":
                assert raw(row["input"]) == row["url"], row["id"]
            case _:
                urls, errors = found(row["input"])
                assert urls == row["urls"], row["id"]
                assert len(errors) == row["error_count"], row["id"]
                assert all(word in " ".join(errors) for word in row["errors_mention"]), row["id"]
                kinds = [
                    "is no address" if kind == "malformed" else "only http" for kind in row["error_kinds"]
                ]
                assert all(kind in " ".join(errors) for kind in kinds), row["id"]
