import asyncio
import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from agent.core.errors import Invalid
from app.api.limits import MOST_BYTES, MOST_DIGITS, MOST_LEVELS, MOST_VALUES, BodyLimit, judge
from tests.app.api.test_application import is_problem

JSON = {"content-type": "application/json"}


async def handed_on(sizes: list[int]) -> tuple[int, int]:
    """What is read of a body that comes in pieces of these sizes, and the status when that is refused."""
    read, status = 0, 0
    coming = iter([*sizes, 0])

    async def receive() -> Message:
        size = next(coming)
        return {"type": "http.request", "body": b" " * size, "more_body": size > 0}

    async def reading(_scope: Scope, receive: Receive, _send: Send) -> None:
        nonlocal read
        read = len((await receive())["body"])

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {"type": "http", "path": "/cli/auth/token", "headers": []}
    await BodyLimit(reading)(scope, receive, send)
    return read, status


async def test_a_body_may_weigh_its_limit() -> None:
    assert await handed_on([MOST_BYTES // 2, MOST_BYTES // 2]) == (MOST_BYTES, 0)


async def test_a_heavier_body_is_not_handed_on() -> None:
    assert await handed_on([MOST_BYTES, 1]) == (0, 413)


async def test_half_a_request_is_none() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def never(*_: object) -> None:
        raise AssertionError

    await BodyLimit(never)({"type": "http", "path": "/", "headers": []}, receive, never)


async def test_a_body_that_drips_is_waited_for_only_so_long() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def never(*_: object) -> None:
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/sessions", "headers": [], "request_id": "r"}
    await BodyLimit(never, patience=0.1)(scope, receive, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "too_slow"


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


BAD = {
    "one level too deep": (nested(MOST_LEVELS + 1), "too_deep"),
    "far too deep": (b"[" * 40_000, "too_deep"),
    "too many values": (b"[" + b"1," * MOST_VALUES + b"1]", "too_many_values"),
    "too many objects": (b"[" + b"{}," * MOST_VALUES + b"{}]", "too_many_values"),
    "a number too long": (b"1" * (MOST_DIGITS + 1), "number"),
    "10**5000": (b"1" + b"0" * 5000, "number"),
    "too large": (b'{"seq": 1e400}', "number"),
    "far below nothing": (b'{"seq": -1e999999}', "number"),
    "no number": (b'{"seq": NaN}', "number"),
    "infinity": (b"[-Infinity]", "number"),
    "a name twice": (b'{"seq": 1, "a": 2, "seq": 3}', "name_twice"),
    "a name twice inside": (b'[{"a": {"b": 1, "b": 1}}]', "name_twice"),
}


@pytest.mark.parametrize(("body", "code"), BAD.values(), ids=BAD)
def test_a_body_that_goes_too_far_is_refused_before_it_is_read(body: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        judge(body)
    assert refused.value.code == code


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a": "\xed\xa0\x80"}', b'"\\', b'"a"a"', b"\x00", b"nul"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        judge(body)


@pytest.mark.parametrize(
    "body",
    [
        nested(MOST_LEVELS),
        b"1" * MOST_DIGITS,
        json.dumps({"text": "[{" * MOST_VALUES + '\\"' + "9" * 5000}).encode(),
        b'{"a": {"b": 1}, "b": [1, 1.5, null, true, "\\u0000"]}',
        b"null",
    ],
    ids=range(5),
)
def test_what_stands_in_a_text_does_not_count(body: bytes) -> None:
    judge(body)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_whatever_is_json_may_be_sent(value: object, is_plain: bool) -> None:  # noqa: FBT001
    text = json.dumps(value, ensure_ascii=is_plain)
    judge(text.encode("utf-8", "replace"))


@given(st.binary())
def test_whatever_is_none_is_told(body: bytes) -> None:
    try:
        judge(body)
    except (ValueError, Invalid):
        return
    json.loads(body)


@pytest.mark.parametrize(("body", "code"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("path", ["sessions", "rules", "openapi-services", "tokens"])
def test_the_api_tells_what_is_wrong_with_a_body(
    api: httpx2.Client, path: str, body: bytes, code: str
) -> None:
    answer = api.post(path, content=body, headers=JSON)
    assert is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/xml", "x"]
)
def test_a_body_that_is_not_json_by_its_type_is_told_so(api: httpx2.Client, kind: str) -> None:
    answer = api.post("sessions", content=b"{}", headers={"content-type": kind})
    assert is_problem(answer)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_type")
