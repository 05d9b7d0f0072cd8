import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session as Store

from agent.core.identity import User
from agent.core.rules import Rule
from agent.store.engine import reading, writing
from agent.store.exact import Exact, canonical, is_exact, tolerant
from agent.store.rules import RuleRow, add_in

ODD = {
    "nul": "a\0b",
    "lines": "a\nb\r\u2028",
    "large": 10**300,
    "float": 1e300,
    "whole float": 1.0,
    "minus nothing": -0.0,
    "truth": True,
    "one": 1,
    "deep": [[{"a": [None]}]],
    "": "",
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())), inner),
)


async def test_what_is_kept_comes_back_to_the_letter(owner: User) -> None:
    rule = Rule(tool="edit", decision="allow", arguments=ODD)

    def work(store: Store) -> str:
        return add_in(store, owner.id, rule, "person").id

    rule_id = await writing(work)
    kept = await reading(lambda store: store.get_one(RuleRow, rule_id).arguments)
    assert repr(kept) == repr({name: ODD[name] for name in sorted(ODD)})


def test_nothing_is_no_null() -> None:
    column: Any = Exact()
    assert column.process_bind_param(None, None) is None
    assert column.process_result_value(None, None) is None


@given(ANYTHING)
def test_whatever_it_is_it_is_written_on_one_line_of_ascii(value: Any) -> None:
    written = tolerant(value)
    assert written.isascii()
    assert written.isprintable()
    assert tolerant(json.loads(written)) == written
    if is_exact(value):
        assert written == canonical(value)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), "\ud800", {"\udfff": 1}, [[["\ud800"]]]])
def test_what_not_everybody_could_read_is_not_exact(value: Any) -> None:
    assert not is_exact(value)


def test_what_is_too_deep_is_not_exact() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert not is_exact(deep)
    while deep:  # by itself it is freed so deep that the interpreter may fall
        deep = deep[0]


def test_what_is_no_number_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))
