import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.addresses import address_fault, clean, is_key, is_private, mended


@pytest.mark.parametrize(
    "address",
    [
        "https://api.openai.com/v1",
        "http://127.0.0.1:11434/v1/",
        "http://[::1]:8000",
        "http://ollama:11434",
        "HTTPS://models.example.org/completions/v1",
        "https://models.example.org/a%20b",
    ],
)
def test_an_address_that_can_be_asked_has_no_fault(address: str) -> None:
    assert address_fault(address) is None


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "no_url"),
        ("api.openai.com/v1", "no_url"),
        ("localhost:11434", "no_url"),
        ("/v1", "no_url"),
        ("//example.org/v1", "no_url"),
        ("https:///v1", "no_url"),
        ("https:example.org", "no_url"),
        ("file:///etc/passwd", "no_url"),
        ("javascript:alert(1)", "no_url"),
        ("http://example.org:port", "no_url"),
        ("http://example.org:99999", "no_url"),
        ("http://example.org:0", "no_url"),
        ("http://[::1", "no_url"),
        ("http://example.org/v1 ", "no_url"),
        ("http://exa\nmple.org", "no_url"),
        ("http://example.org\\@evil.example", "no_url"),
        ("http://me@example.org", "user"),
        ("http://me:pass@example.org", "user"),
        ("http://@example.org", "user"),
        ("http://example.org?", "query"),
        ("http://example.org/v1?key=1", "query"),
        ("http://example.org/v1#here", "query"),
        ("https://api.openai.com/v1/chat/completions", "endpoint"),
        ("https://api.openai.com/v1/chat/completions/", "endpoint"),
        ("https://api.openai.com/v1/responses", "endpoint"),
        ("https://api.anthropic.com/v1/messages", "endpoint"),
    ],
)
def test_a_fault_is_named(address: str, fault: str) -> None:
    assert address_fault(address) == fault


@given(st.text())
def test_what_is_mended_has_no_fault_and_no_text_breaks_it(text: str) -> None:
    for address in (text, f"https://{text}", f"http://h/{text}"):
        fault, meant = address_fault(address), mended(address)
        assert bool(meant) == (fault != "no_url")
        assert not meant or address_fault(meant) in {None, "endpoint"}


@pytest.mark.parametrize("key", ["sk-1", "AIza_-", "a" * 5000, "!~"])
def test_a_key_is_one_word(key: str) -> None:
    assert is_key(clean(f" \t{key}\r\n"))


@pytest.mark.parametrize(
    "key", ["", "a b", "a\nb", "a\tb", "a\x00", "a\x7f", "sk–1", "ключ", "a\u00a0b", "a\u200bb"]
)
def test_what_cannot_be_sent_is_no_key(key: str) -> None:
    assert not is_key(key)


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://example.org", True),
        ("http://localhost:3000/callback", True),
        ("http://[::1]/", True),
        ("http://127.0.0.1.example.org/", False),
        ("http://192.168.0.2/", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_what_is_sent_elsewhere_is_sent_over_https(address: str, is_safe: bool) -> None:  # noqa: FBT001
    assert is_private(address) == is_safe
