import base64
import json
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import structlog

from agent.logs import configure, masked

SECRET = "mst_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE"


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    before = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:], level = before
    logging.root.setLevel(level)


def fail(secret: str) -> None:
    raise ValueError(len(secret))


def test_a_traceback_shows_no_values(capfd: pytest.CaptureFixture[str]) -> None:
    configure("text")
    try:
        fail("hunter2")
    except ValueError as error:
        structlog.get_logger().error("broken", exc_info=error, session_id="s")
    out, err = capfd.readouterr()
    assert out == ""
    assert "ValueError: 7" in err
    assert "session_id=s" in err
    assert "hunter2" not in err.replace('fail("hunter2")', "")


def test_json_is_one_object_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")
    try:
        fail("hunter2")
    except ValueError as error:
        structlog.get_logger().error("broken", exc_info=error)
    [line] = capfd.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["event"], record["level"]) == ("broken", "error")
    assert "hunter2" not in line


def test_credentials_in_the_log_of_a_library_are_masked(capfd: pytest.CaptureFixture[str]) -> None:
    configure("text")
    logging.getLogger("reflex").error("headers: %s", {"cookie": f"maestro={SECRET}"})
    line = capfd.readouterr().err
    assert "headers: {'cookie': 'maestro=mst_…'}" in line
    assert SECRET not in line


def test_other_words_are_left_alone() -> None:
    assert (
        masked("mst_short and comst_0123456789abcdefghijklmnop")
        == "mst_short and comst_0123456789abcdefghijklmnop"
    )


KEYS = {
    "a cookie": "mss_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE",
    "a device code": "msd_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE",
    "a state": "msa_0123456789abcdefghijklmnopqrstuvwxyz-_ABCDE",
    "openai": "sk-proj-0123456789abcdefghijklmnop",
    "anthropic": "sk-ant-api03-0123456789abcdefghijklmnop",
    "google": "AIzaSy0123456789abcdefghijklmnopqrstuv",
    "google's tokens": "ya29.a0ARrdaM-0123456789abcdefghijklmnop",
    "github": "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
    "github's newer": "github_pat_0123456789abcdefghijklmnopqrstuvwxyz",
    "slack": "xoxb-0123456789-abcdefghijklmnop",
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("around", ["{}", "key={}&x=1", '{{"key": "{}"}}', "'{}'", "a {} b", "/path/{}/end"])
def test_what_looks_like_a_key_is_masked(key: str, around: str) -> None:
    line = masked(around.format(key))
    assert key[-16:] not in line
    assert "…" in line
    assert line.endswith(around.partition("{}")[2].replace("}}", "}"))


def test_a_key_is_masked_in_a_url_and_in_base64_too() -> None:
    assert SECRET[8:] not in masked(f"next=%2Fx%3Ftoken%3D{SECRET.replace('_', '%5F')}")
    for before in ("", "a", "ab", "owner:"):
        encoded = base64.b64encode(f"{before}{SECRET}".encode()).decode()
        assert encoded[12:] not in masked(f"sent {encoded} away")


@pytest.mark.parametrize(
    "line",
    [
        "Authorization: Bearer abc.def",
        "{'authorization': 'Bearer abc.def'}",
        '{"Authorization":"Basic abc.def"}',
        "(b'authorization', b'Bearer abc.def')",
        "authorization=abc.def",
    ],
)
def test_an_authorization_is_masked_whatever_it_holds(line: str) -> None:
    assert "abc.def" not in masked(line)
    assert "…" in masked(line)


def test_a_private_key_is_masked_whole() -> None:
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
    assert masked(f"before {pem} after") == "before … after"
    assert "MIIEow" not in masked(json.dumps({"key": pem}))
    assert "MIIEow" not in masked(pem[:50])


def test_a_settings_secret_is_written_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    word = 'an odd "password" & more'
    configure("json", [word, "short"])
    logger = structlog.get_logger()
    logger.error("plain", word=word, kept="short")
    logger.error("in a url", word=quote(word, safe=""))
    for before in (b"", b"a", b"ab"):
        logger.error("in base64", word=base64.b64encode(before + word.encode()).decode())
    logging.getLogger("a library").error("failed with %s", word)
    lines = capfd.readouterr().err
    assert "odd" not in lines
    assert base64.b64encode(word.encode()).decode()[4:-4] not in lines
    assert "short" in lines
    assert all(json.loads(line) for line in lines.splitlines())


def test_a_line_says_to_what_it_belongs(capfd: pytest.CaptureFixture[str]) -> None:
    configure("json")
    with structlog.contextvars.bound_contextvars(request_id="r", user="u", session_id="s", turn_id="t"):
        structlog.get_logger().info("ours")
        logging.getLogger("a library").warning("theirs")
    for line in capfd.readouterr().err.splitlines():
        record = json.loads(line)
        assert [record[name] for name in ("request_id", "user", "session_id", "turn_id")] == [
            "r",
            "u",
            "s",
            "t",
        ]
