import json
import time
from typing import Any

import pytest

from agent.core.errors import Invalid, LimitReached
from agent.tooling.openapi import reading
from agent.tooling.openapi.reading import is_old, read


def yaml(text: str) -> Any:
    """What a YAML text holds under `a`."""
    return read(f'openapi: "3.1.0"\na: {text}\n')["a"]


def refusal(text: str) -> str:
    with pytest.raises(Invalid) as told:
        read(text)
    assert told.value.code == "service_unreadable"
    return str(told.value.values["what"])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            (word, word)
            for word in ("no", "on", "yes", "off", "y", "12:30", "1_000", "2026-01-02", "0b1", ".nan")
        ),
        *(("true", True), ("False", False), ("null", None), ("~", None), ("", None)),
        *(("12", 12), ("-0", 0), ("012", 12), ("0o14", 12), ("0x1f", 31), ("+3", 3)),
        *(("1.5", 1.5), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0), ("1e999", "1e999")),
        *(('"no"', "no"), ("'12'", "12"), ("!!str 12", "12"), ('!!int "3"', 3)),
        *(("[a, {b: c}]", ["a", {"b": "c"}]), ("{200: ok, no: yes}", {"200": "ok", "no": "yes"})),
        *(("|\n  x\n  y", "x\ny\n"), (">-\n  x\n  y", "x y"), ('"\\0x"', "x"), ("9" * 400, "9" * 400)),
    ],
)
def test_yaml_is_read_as_version_1_2(text: str, value: object) -> None:
    assert (yaml(text), type(yaml(text))) == (value, type(value))


def test_aliases_and_merges_are_followed() -> None:
    text = 'openapi: "3.1.0"\nx: &x {a: 1, b: 2}\ny: &y {b: 3}\nz: {<<: [*x, *y], c: *x}\n"<<": plain\n'
    document = read(text)
    assert document["z"] == {"a": 1, "b": 2, "c": {"a": 1, "b": 2}}
    assert document["<<"] == "plain"


def test_a_billion_laughs_are_refused_in_time() -> None:
    lines = ['a0: &a0 ["lol"]'] + [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.monotonic()
    assert "more than 2,000,000 values in line" in refusal('openapi: "3.1.0"\n' + "\n".join(lines))
    merges = ["a0: &a0 {k: v}"] + [
        f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12)
    ]
    assert "more than" in refusal('openapi: "3.1.0"\n' + "\n".join(merges))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a: &a [*a]", "names nothing, or itself"),
        ("a: *b", "names nothing"),
        ("a: !!python/object:os.system x", "has no meaning here in line 1"),
        ("a: !custom x", "has no meaning"),
        ("a: !!binary aGk=", "has no meaning"),
        ("a: 1\na: 2", "'a' stands there twice in line 2"),
        ("a: {<<: 3}", "only mappings"),
        ("? [a]\n: b", "a key is no text"),
        ("--- 1\n--- 2", "several documents"),
        ("a: [", "in line"),
        ("a: b: c", "not allowed in this context in line 1"),
        ("[" * 5000, "Expecting|nested"),
        ("a: " + "[" * 5000, "nested too deeply"),
        ("\x07", "control characters"),
        ('a: "\ud800"', "surrogates"),
        ("", "no OpenAPI document"),
        ("- 1", "no OpenAPI document"),
        ("<!doctype html><title>x</title>", "no OpenAPI document"),
        ("[]", "no OpenAPI document"),
        ("{", "Expecting"),
        ('{"openapi": NaN}', "NaN is no number"),
        ('{"openapi": "3.0.0", "a": ' + "[" * 100_000, "nested too deeply"),
        ('{"openapi": ' + "9" * 5000 + "}", "digits"),
        ('{"swagger": "2.0"}', "Swagger 2.0"),
        ('{"openapi": "4.0"}', "3.0 and 3.1 are understood"),
        ("{}", "None"),
    ],
)
def test_what_is_no_description_is_refused_in_words(text: str, what: str) -> None:
    assert any(each in refusal(text) for each in what.split("|"))


def test_fifty_megabytes_are_refused_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(LimitReached) as told:
        read("x" * 50_000_000)
    assert told.value.values == {"most": "20 MB"}
    assert time.monotonic() - began < 1


def test_large_yaml_is_read_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    item = "  /p{n}:\n    get:\n      summary: 'No. {n}'\n      responses: {{ 200: {{ description: ok }} }}\n"
    text = "openapi: 3.0.3\npaths:\n" + "".join(item.format(n=number) for number in range(5_000))
    began = time.monotonic()
    assert len(read(text)["paths"]) == 5_000
    assert time.monotonic() - began < 10
    monkeypatch.setattr(reading, "MOST", 1000)
    with pytest.raises(LimitReached):
        read(text)


def test_versions_are_told_apart_and_an_unquoted_one_is_taken() -> None:
    assert read("\ufeffopenapi: 3.1")["openapi"] == "3.1"
    assert is_old(read('{"openapi": "3.0.3"}'))
    assert not is_old(read("openapi: 3.1.1"))


def test_what_no_database_keeps_and_nobody_can_send_is_mended() -> None:
    text = json.dumps({"openapi": "3.1.0", "a\0": ["x\0y", "\ud800", "\U0001f600", "\\u0000", 1]})
    assert read(text)["a"] == ["xy", "?", "\U0001f600", "\\u0000", 1]
